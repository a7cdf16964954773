"""What an installation needs before anyone can sign in: workspaces, people, channels.

Only operators reach these: they run where the records' credentials are, not behind the HTTP API.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.channel import check_channel
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.identity import (
    User,
    check_email,
    check_name,
    check_password,
    digest_of,
    normal_email,
)
from chalicelib.domain.membership import Member, check_role, roster_with
from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import MASTER, Workspace, check_settings
from chalicelib.usecases.invitations import (
    NewInvitation,
    held_in,
    invitation_of,
    invitation_token,
    place_of,
    taken,
)
from chalicelib.usecases.ports import every, next_version
from chalicelib.usecases.standing import anew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.audit import Actor, AuditRecord, Facts
    from chalicelib.domain.channel import Channel
    from chalicelib.domain.invitation import Invitation
    from chalicelib.usecases.auditing import Auditor
    from chalicelib.usecases.ports import (
        Changes,
        Clock,
        DataKeys,
        Directory,
        Ids,
        Passwords,
        R,
    )


@dataclass(frozen=True, slots=True)
class Installation:
    directory: Directory
    changes: Changes
    data_keys: DataKeys
    passwords: Passwords
    clock: Clock
    ids: Ids
    auditor: Auditor
    actor: Actor

    def add_workspace(self, workspace_id: str, name: str, time_zone: str) -> Workspace:
        workspace = Workspace(
            id=workspace_id,
            name=name,
            time_zone=time_zone,
            self_approval=False,
            wrapped_data_key=self.data_keys.create(workspace_id),
            created_at=self.clock.now(),
        )
        check_settings(workspace)
        return self._add(workspace, workspace_id, "workspace.created", workspace_id, name=name)

    def invite_super_admin(self, email: str, *, recover: bool = False) -> tuple[Invitation, str]:
        """The first one, or one more where all that there are have lost their way in; with the
        token that opens the invitation. No password is made up, given, or kept.
        """
        check_email(email)
        self._ensure_master()
        if self.directory.roster(MASTER).admins and not recover:
            raise Conflict(
                "This installation has a super admin, who can invite others. If none of them can "
                "sign in any more, say --recover."
            )
        user = self.directory.user_by_email(email)
        if user is not None and self.directory.member(MASTER, user.id) is not None:
            raise Conflict("Who has this address is a super admin already: name another address.")
        now = self.clock.now()
        new = NewInvitation(normal_email(email), Role.SUPER_ADMIN, is_moderator=False)
        place = place_of(self.directory, MASTER, new.email)
        invitation = held_in(self.directory, place, now) or invitation_of(
            new, self.ids, MASTER, self.actor.user, now
        )
        token = invitation_token(invitation, self.ids.token())
        invitation = replace(invitation, digest=digest_of(token))
        audit = self._audit(MASTER, "super_admin.invited", invitation.id, recover=recover)
        self.changes.commit(invitation, taken(place, invitation), audit=audit)
        return next_version(invitation), token

    def _ensure_master(self) -> None:
        try:
            self.directory.workspace(MASTER)
        except NotFound:
            self.add_workspace(MASTER, "Installation", "UTC")

    def add_person(self, email: str, name: str, password: str) -> User:
        check_email(email)
        check_name(name)
        check_password(password, email, common=self.passwords.common(password))
        user = User(
            id=self.ids.new("usr"),
            email=normal_email(email),
            name=name,
            password_hash=self.passwords.hash(password),
            created_at=self.clock.now(),
        )
        return self._add(user, MASTER, "user.created", user.id)

    def add_member(
        self, workspace: str, user: str, role: Role, *, is_moderator: bool = False
    ) -> Member:
        check_role(workspace, role, is_moderator=is_moderator)
        member = Member(workspace, user, role, is_moderator, self.clock.now())
        roster = roster_with(self.directory.roster(workspace), user, role)
        audit = self._audit(workspace, "member.added", user, role=role.value)
        self.changes.commit(member, *filter(None, (roster,)), audit=audit)
        return next_version(member)

    def add_channel(self, channel: Channel) -> Channel:
        check_channel(channel)
        return self._add(channel, MASTER, "channel.created", channel.id, name=channel.name)

    def rewrap_data_keys(self) -> Iterator[Workspace]:
        """Of every workspace, one after the other. The keys stay what they are, and so does all
        that was made with them; what was stopped is begun anew, for twice does no harm.
        """
        for workspace in every(self.directory.workspaces):
            yield self._rewrap(workspace.id)

    def _rewrap(self, workspace_id: str) -> Workspace:
        def again() -> Workspace:
            workspace = self.directory.workspace(workspace_id)
            wrapped = self.data_keys.rewrap(workspace_id, workspace.wrapped_data_key)
            audit = self._audit(workspace_id, "data_key.rewrapped", workspace_id)
            return self.changes.save(replace(workspace, wrapped_data_key=wrapped), audit)

        return anew(again)

    def _add(self, record: R, workspace: str, action: str, target: str, **after: str) -> R:
        return self.changes.save(record, self._audit(workspace, action, target, **after))

    def _audit(self, workspace: str, action: str, target: str, **after: str | int) -> AuditRecord:
        facts: Facts = after
        return self.auditor.record(workspace, self.actor, action, target, after=facts)
