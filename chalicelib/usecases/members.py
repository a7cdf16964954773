"""The members of a workspace: who they are, what they may do, until when (SPEC 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from chalicelib.domain import invitation as invitations
from chalicelib.domain import membership as rules
from chalicelib.domain.credentials import taken_from
from chalicelib.domain.errors import Conflict, NotFound, Outdated
from chalicelib.domain.identity import normal_email
from chalicelib.domain.rights import Right, scopes_of
from chalicelib.usecases.ports import Page, every, next_version
from chalicelib.usecases.standing import anew, must_still, seated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.domain.audit import Facts
    from chalicelib.domain.credentials import ApiKey, Client
    from chalicelib.domain.invitation import Invitation
    from chalicelib.domain.membership import Member
    from chalicelib.domain.rights import Role, Scopes
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import Changes, Clock, Directory


# With their records they go into one transaction, which DynamoDB limits to 100 steps.
ENDED_MAX: Final = 80


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as the caller gets to see them: addresses are for those who administer."""

    member: Member
    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Members:
    directory: Directory
    changes: Changes
    clock: Clock
    auditor: Auditor

    def page(self, caller: Caller, after: str | None, limit: int) -> Page[MemberView]:
        caller.must(Right.VIEW)
        page = self.directory.members(caller.workspace, after=after, limit=limit)
        return Page(self._views(caller, page.items), page.next)

    def get(self, caller: Caller, user: str) -> MemberView:
        caller.must(Right.VIEW)
        return self._view(caller, self._member(caller.workspace, user))

    def change_role(
        self,
        caller: Caller,
        user: str,
        role: Role,
        *,
        is_moderator: bool = False,
        expected_version: int | None = None,
    ) -> MemberView:
        def decide() -> Member:
            must_still(self.directory, caller, Right.ADMINISTER)
            member = self._member(caller.workspace, user)
            if expected_version not in {None, member.version}:
                raise Outdated
            changed = rules.change_role(member, role, is_moderator=is_moderator, by=caller.user)
            return member if changed == member else self._save(caller, member, changed)

        return self._view(caller, anew(decide))

    def remove(self, caller: Caller, user: str) -> None:
        anew(lambda: self._remove(caller, user))

    def _save(self, caller: Caller, before: Member, after: Member) -> Member:
        permissions = self.directory.workspace(after.workspace).permissions
        ended = self._ended(after, scopes_of(after.standing, permissions))
        revoked = [] if after.role in rules.ADMINS else self._ways_back(after)
        _check_size(revoked, ended)
        records = (*seated(self.directory, after), *revoked, *ended)
        audit = self.auditor.record(
            caller.workspace,
            caller.actor,
            "member.changed",
            after.user,
            before=rules.facts(before),
            after={
                **rules.facts(after),
                **_named("revoked_invitations", revoked),
                **_named("ended_secrets_of", ended),
            },
        )
        self.changes.commit(*records, audit=audit)
        return next_version(after)

    def _remove(self, caller: Caller, user: str) -> None:
        must_still(self.directory, caller, Right.ADMINISTER)
        member = self._member(caller.workspace, user)
        rules.check_other(caller.user, member)
        roster = rules.roster_without(self.directory.roster(caller.workspace), user)
        revoked = self._ways_back(member)
        ended = self._ended(member, {})
        _check_size(revoked, ended)
        audit = self.auditor.record(
            caller.workspace,
            caller.actor,
            "member.removed",
            user,
            before=rules.facts(member),
            after={
                **_named("revoked_invitations", revoked),
                **_named("ended_secrets_of", ended),
            },
        )
        changed = (*filter(None, (roster,)), *revoked, *ended)
        self.changes.commit(*changed, remove=[member], audit=audit)

    def _ended(self, member: Member, scopes: Scopes) -> list[ApiKey | Client]:
        """Keys and clients without the secrets that this member saw and may no longer hold."""
        now, held = self.clock.now(), _held(self.directory, member.workspace)
        found = [taken_from(each, member.user, scopes, now) for each in held]
        return [each for each in found if each is not None]

    def _ways_back(self, member: Member) -> list[Invitation]:
        """Open invitations that they sent, be it to another address of theirs, and that they hold
        themselves.
        """
        now = self.clock.now()
        user = self.directory.users([member.user]).get(member.user)
        theirs = normal_email(user.email) if user else None
        return [
            invitations.revoked(each, now)
            for each in every(partial(self.directory.invitations, member.workspace))
            if each.holds_at(now) and (each.invited_by == member.user or each.email == theirs)
        ]

    def _member(self, workspace: str, user: str) -> Member:
        member = self.directory.member(workspace, user)
        if member is None:
            raise NotFound("member")
        return member

    def _view(self, caller: Caller, member: Member) -> MemberView:
        (view,) = self._views(caller, [member])
        return view

    def _views(self, caller: Caller, members: Sequence[Member]) -> list[MemberView]:
        people = self.directory.users([member.user for member in members])
        with_email = caller.may(Right.ADMINISTER)
        return [
            MemberView(
                member,
                name=people[member.user].name if member.user in people else "",
                email=people[member.user].email if with_email and member.user in people else None,
            )
            for member in members
        ]


def _held(directory: Directory, workspace: str) -> Iterator[ApiKey | Client]:
    yield from every(partial(directory.api_keys, workspace))
    yield from every(partial(directory.clients, workspace))


def _check_size(*ended: Sequence[object]) -> None:
    count = sum(map(len, ended))
    if count > ENDED_MAX:
        raise Conflict(
            f"{count} keys, clients and invitations of theirs would end: revoke some of them first."
        )


def _named(what: str, ended: Sequence[ApiKey | Client | Invitation]) -> Facts:
    return {what: " ".join(each.id for each in ended)} if ended else {}
