"""What an installation needs before anyone can sign in: workspaces, people, channels, senders.

Only operators reach these: they run where the records' credentials are, not behind the HTTP API.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.channel import check_channel
from chalicelib.domain.errors import require
from chalicelib.domain.identity import User, check_new_user, normal_email
from chalicelib.domain.sender import (
    DESTINATION,
    Revision,
    RevisionStatus,
    Sender,
    check_address,
    default_type,
)
from chalicelib.domain.workspace import MASTER, Member, Role, Workspace
from chalicelib.usecases.auditing import Auditor

if TYPE_CHECKING:
    from chalicelib.domain.audit import Actor, AuditRecord, Facts
    from chalicelib.domain.channel import Channel
    from chalicelib.usecases.ports import (
        Campaigns,
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
    campaigns: Campaigns
    changes: Changes
    data_keys: DataKeys
    passwords: Passwords
    clock: Clock
    ids: Ids
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
        return self._add(workspace, workspace_id, "workspace.created", workspace_id, name=name)

    def add_person(self, email: str, name: str, password: str) -> User:
        check_new_user(email, password)
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
        require(
            (
                not is_moderator or role is Role.AUTHOR,
                "is_moderator",
                "only an author can carry it: moderators and admins may decide anyway",
            )
        )
        member = Member(workspace, user, role, is_moderator, self.clock.now())
        return self._add(member, workspace, "member.added", user, role=role.value)

    def add_channel(self, channel: Channel) -> Channel:
        check_channel(channel)
        return self._add(channel, MASTER, "channel.created", channel.id, name=channel.name)

    def add_sender(self, workspace: str, name: str, address: str, channel: str) -> Sender:
        """A sender with its first revision, which waits for approval."""
        check_address(address)
        now = self.clock.now()
        sender = Sender(self.ids.new("snd"), workspace, name, None, now)
        revision = Revision(
            sender=sender.id,
            number=1,
            workspace=workspace,
            status=RevisionStatus.PENDING,
            address=address,
            source=default_type(address),
            destination=DESTINATION,
            channel=channel,
            author=self.actor.user,
            created_at=now,
        )
        audit = self._audit(workspace, "sender.created", sender.id, address=address)
        self.changes.commit(sender, revision, audit=audit)
        return self.campaigns.sender(workspace, sender.id)

    def approve_revision(self, workspace: str, sender_id: str, number: int, by: str) -> Sender:
        sender = self.campaigns.sender(workspace, sender_id)
        revision = self.campaigns.revision(workspace, sender_id, number)
        approved = replace(
            revision,
            status=RevisionStatus.APPROVED,
            decided_by=by,
            decided_at=self.clock.now(),
        )
        audit = self._audit(workspace, "revision.approved", sender_id, revision=number)
        self.changes.commit(approved, replace(sender, current_revision=number), audit=audit)
        return self.campaigns.sender(workspace, sender_id)

    def _add(self, record: R, workspace: str, action: str, target: str, **after: str) -> R:
        return self.changes.save(record, self._audit(workspace, action, target, **after))

    def _audit(self, workspace: str, action: str, target: str, **after: str | int) -> AuditRecord:
        facts: Facts = after
        return Auditor(self.clock, self.ids).record(
            workspace, self.actor, action, target, after=facts
        )
