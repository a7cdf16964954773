"""A workspace's settings, its join code, and the making of workspaces (SPEC 2.1, 2.3, 4.8, 5.6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.errors import Conflict, Forbidden, Outdated, require
from chalicelib.domain.identity import is_email, normal_email
from chalicelib.domain.invitation import join_code
from chalicelib.domain.membership import Roster
from chalicelib.domain.rights import Right, Role
from chalicelib.domain.workspace import MASTER, Workspace, check_settings, facts
from chalicelib.usecases.invitations import (
    NewInvitation,
    held_in,
    invitation_of,
    place_of,
    post,
    taken,
)
from chalicelib.usecases.partial import UNCHANGED, Unchanged, given
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.repeats import Request
from chalicelib.usecases.standing import anew, must_still

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.rights import Permissions
    from chalicelib.domain.workspace import DailyLimit, DailyWindow
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import (
        Changes,
        Clock,
        DataKeys,
        Directory,
        Errands,
        Ids,
        Page,
    )
    from chalicelib.usecases.repeats import Mark, Repeats


@dataclass(frozen=True, slots=True)
class RetentionChanges:
    audit_days: int | Unchanged = UNCHANGED
    list_days: int | Unchanged = UNCHANGED
    ledger_days: int | Unchanged = UNCHANGED
    message_days: int | Unchanged = UNCHANGED
    export_days: int | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True)
class SettingsChanges:
    name: str | Unchanged = UNCHANGED
    time_zone: str | Unchanged = UNCHANGED
    self_approval: bool | Unchanged = UNCHANGED
    daily_window: DailyWindow | Unchanged | None = UNCHANGED
    daily_limit: DailyLimit | Unchanged | None = UNCHANGED
    # All of what differs from the table of rights.
    permissions: Permissions | Unchanged = UNCHANGED
    retention: RetentionChanges = RetentionChanges()


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    name: str
    time_zone: str
    # Of its first admin.
    admin_email: str


@dataclass(frozen=True, slots=True)
class WorkspaceDesk:
    directory: Directory
    changes: Changes
    repeats: Repeats
    data_keys: DataKeys
    errands: Errands
    clock: Clock
    ids: Ids
    auditor: Auditor

    def get(self, caller: Caller) -> Workspace:
        caller.must(Right.VIEW)
        workspace = self.directory.workspace(caller.workspace)
        # Whom to give the code to is for those to say who decide on who asks.
        return workspace if caller.may(Right.ADMINISTER) else replace(workspace, join_code=None)

    def revise(
        self, caller: Caller, changes: SettingsChanges, expected_version: int | None = None
    ) -> Workspace:
        def change(workspace: Workspace) -> Workspace:
            if expected_version not in {None, workspace.version}:
                raise Outdated
            changed = _changed(workspace, changes)
            check_settings(changed)
            return changed

        return self._change(caller, change, "workspace.changed")

    def join_code(self, caller: Caller) -> str | None:
        caller.must(Right.ADMINISTER)
        return self.directory.workspace(caller.workspace).join_code

    def make_join_code(self, caller: Caller) -> Workspace:
        """A new one; the one before is no good from now on."""
        code = join_code(caller.workspace, self.ids.token())

        def change(workspace: Workspace) -> Workspace:
            if workspace.id == MASTER:
                raise Conflict("Super admins are invited: the master workspace has no join code.")
            return replace(workspace, join_code=code)

        return self._change(caller, change, "join_code.made")

    def remove_join_code(self, caller: Caller) -> Workspace:
        """Nobody can ask any more; requests that are there stay."""
        return self._change(
            caller, lambda workspace: replace(workspace, join_code=None), "join_code.removed"
        )

    def create(
        self, caller: Caller, name: str, time_zone: str, admin_email: str, key: str | None = None
    ) -> Workspace:
        """A workspace with an invitation for its first admin."""
        new = NewWorkspace(name.strip(), time_zone, normal_email(admin_email))

        def decide() -> Workspace:
            self._must_be_super(caller)
            require((is_email(admin_email), "admin_email", "give a mail address"))
            return self.repeats.once(
                Request(caller, key, new),
                read=self.directory.workspace,
                make=lambda mark: self._create(caller, new, mark),
            )

        workspace = anew(decide)
        place = place_of(self.directory, workspace.id, new.admin_email)
        invitation = held_in(self.directory, place, self.clock.now())
        if invitation is not None:
            post(self.errands, invitation)
        return workspace

    def page(self, caller: Caller, after: str | None, limit: int) -> Page[Workspace]:
        """All of the installation's."""
        self._must_be_super(caller)
        return self.directory.workspaces(after=after, limit=limit)

    def _create(self, caller: Caller, new: NewWorkspace, mark: Mark) -> Workspace:
        now = self.clock.now()
        workspace_id = self.ids.new("wsp")
        workspace = Workspace(
            id=workspace_id,
            name=new.name,
            time_zone=new.time_zone,
            self_approval=False,
            wrapped_data_key=b"",
            created_at=now,
        )
        check_settings(workspace)
        workspace = replace(workspace, wrapped_data_key=self.data_keys.create(workspace_id))
        admin = NewInvitation(new.admin_email, Role.ADMIN, is_moderator=False)
        invitation = invitation_of(admin, self.ids, workspace_id, caller.user, now)
        audit = self.auditor.record(
            workspace_id,
            caller.actor,
            "workspace.created",
            workspace_id,
            after={**facts(workspace), "admin_email": new.admin_email},
        )
        self.changes.commit(
            workspace,
            Roster(workspace_id),
            invitation,
            taken(None, invitation),
            *mark(workspace_id),
            audit=audit,
        )
        return next_version(workspace)

    def _change(
        self, caller: Caller, change: Callable[[Workspace], Workspace], action: str
    ) -> Workspace:
        def decide() -> Workspace:
            must_still(self.directory, caller, Right.ADMINISTER)
            workspace = self.directory.workspace(caller.workspace)
            changed = change(workspace)
            if changed == workspace:
                return workspace
            audit = self.auditor.record(
                workspace.id,
                caller.actor,
                action,
                workspace.id,
                before=facts(workspace),
                after=facts(next_version(changed)),
            )
            return self.changes.save(changed, audit)

        return anew(decide)

    def _must_be_super(self, caller: Caller) -> None:
        if caller.workspace != MASTER:
            raise Forbidden("Only super admins make workspaces, or see all of them.")
        must_still(self.directory, caller, Right.ADMINISTER)


def _changed(workspace: Workspace, changes: SettingsChanges) -> Workspace:
    changed = given(changes)
    if "name" in changed:
        changed["name"] = str(changed["name"]).strip()
    retention = replace(workspace.retention, **given(changes.retention))
    return replace(workspace, **{**changed, "retention": retention})
