"""Invitations into a workspace: made by its admins, taken by whoever holds the mail (SPEC 2.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain import invitation as rules
from chalicelib.domain.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Stale
from chalicelib.domain.identity import check_email, digest_of, email_digest, normal_email
from chalicelib.domain.invitation import (
    INVITATION_ID_PREFIX,
    INVITATION_LENGTH,
    INVITATION_PREFIX,
    Invitation,
    JoinStatus,
)
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.membership import Member, check_role
from chalicelib.domain.membership import facts as member_facts
from chalicelib.domain.request import MadeOnce
from chalicelib.domain.rights import Right
from chalicelib.usecases.identity import PERSON, actor_of
from chalicelib.usecases.newcomers import new_user
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.repeats import Request
from chalicelib.usecases.standing import anew, must_still, seated

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.rights import Role
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.identity import Origin
    from chalicelib.usecases.ports import (
        Changes,
        Clock,
        Directory,
        Errands,
        Ids,
        Page,
        Passwords,
        Versioned,
    )
    from chalicelib.usecases.repeats import Mark, Repeats

# In the place of a user: of one address, the open invitation is made once.
INVITED: Final = "invitation"


@dataclass(frozen=True, slots=True)
class NewInvitation:
    email: str
    role: Role
    is_moderator: bool


@dataclass(frozen=True, slots=True)
class Invitations:
    directory: Directory
    changes: Changes
    repeats: Repeats
    passwords: Passwords
    errands: Errands
    clock: Clock
    ids: Ids
    auditor: Auditor

    def invite(
        self,
        caller: Caller,
        email: str,
        role: Role,
        *,
        is_moderator: bool = False,
        key: str | None = None,
    ) -> Invitation:
        new = NewInvitation(normal_email(email), role, is_moderator)

        def decide() -> Invitation:
            must_still(self.directory, caller, Right.ADMINISTER)
            check_email(email)
            check_role(caller.workspace, role, is_moderator=is_moderator)
            return self.repeats.once(
                Request(caller, key, new),
                read=lambda made: self.directory.invitation(caller.workspace, made),
                make=lambda mark: self._make(caller, new, mark),
            )

        invitation = anew(decide)
        post(self.errands, invitation)
        return invitation

    def _make(self, caller: Caller, new: NewInvitation, mark: Mark) -> Invitation:
        user = self.directory.user_by_email(new.email)
        if user is not None and self.directory.member(caller.workspace, user.id) is not None:
            raise Conflict("Who has this address is a member already: change their role instead.")
        place = place_of(self.directory, caller.workspace, new.email)
        if held_in(self.directory, place, self.clock.now()) is not None:
            raise Conflict(
                "This address has an open invitation already: send that one again, or revoke it."
            )
        made = invitation_of(new, self.ids, caller.workspace, caller.user, self.clock.now())
        audit = self._audit(caller, "invitation.created", None, made)
        self.changes.commit(made, taken(place, made), *mark(made.id), audit=audit)
        return next_version(made)

    def page(self, caller: Caller, after: str | None, limit: int) -> Page[Invitation]:
        caller.must(Right.ADMINISTER)
        return self.directory.invitations(caller.workspace, after=after, limit=limit)

    def get(self, caller: Caller, invitation_id: str) -> Invitation:
        caller.must(Right.ADMINISTER)
        return self.directory.invitation(caller.workspace, invitation_id)

    def revoke(self, caller: Caller, invitation_id: str) -> Invitation:
        return self._change(caller, invitation_id, rules.revoked, "invitation.revoked")

    def resend(self, caller: Caller, invitation_id: str) -> Invitation:
        invitation = self._change(caller, invitation_id, rules.renewed, "invitation.resent")
        self.errands.post(_errand(invitation))
        return invitation

    def _change(
        self,
        caller: Caller,
        invitation_id: str,
        change: Callable[[Invitation, datetime], Invitation],
        action: str,
    ) -> Invitation:
        def decide() -> Invitation:
            must_still(self.directory, caller, Right.ADMINISTER)
            invitation = self.directory.invitation(caller.workspace, invitation_id)
            changed = change(invitation, self.clock.now())
            # It is not free before the invitation has expired.
            place = place_of(self.directory, changed.workspace, changed.email)
            audit = self._audit(caller, action, invitation, changed)
            self.changes.commit(changed, taken(place, changed), audit=audit)
            return next_version(changed)

        return anew(decide)

    def accept(self, token: str, name: str, password: str, origin: Origin) -> Member:
        """For people without an account, who get one: their address is proven by the token."""

        def decide() -> Member:
            invitation = self._shown(token)
            if self.directory.user_by_email(invitation.email) is not None:
                raise Conflict("Your address has an account: sign in, then accept the invitation.")
            user = new_user(self.passwords, self.clock, self.ids, invitation.email, name, password)
            return self._seat(invitation, user.id, origin, user)

        return anew(decide)

    def accept_as(self, user: str, token: str, origin: Origin) -> Member:
        def decide() -> Member:
            invitation = self._shown(token)
            if normal_email(self.directory.user(user).email) != invitation.email:
                raise Forbidden(
                    "This invitation is for another mail address: sign in with the account of that."
                )
            if self.directory.member(invitation.workspace, user) is not None:
                raise Conflict("You are a member of this workspace already.")
            return self._seat(invitation, user, origin)

        return anew(decide)

    def _shown(self, token: str) -> Invitation:
        """Whatever is wrong with a token, the answer is one."""
        place = rules.entry_in(token, INVITATION_PREFIX)
        if place is not None:
            workspace, reference = place
            try:
                invitation = self.directory.invitation(workspace, INVITATION_ID_PREFIX + reference)
            except NotFound:
                pass
            else:
                if invitation.opens_with(token, self.clock.now()):
                    return invitation
        raise Invalid(
            Problem("token", "is unknown, used, revoked or expired: ask for a new invitation")
        )

    def _seat(
        self, invitation: Invitation, user: str, origin: Origin, *account: Versioned
    ) -> Member:
        member = Member(
            workspace=invitation.workspace,
            user=user,
            role=invitation.role,
            is_moderator=invitation.is_moderator,
            created_at=self.clock.now(),
        )
        # Whoever asked with the join code too has got what they asked for.
        asked = self.directory.join_request(invitation.workspace, user)
        settled = [asked] if asked and asked.status is JoinStatus.PENDING else []
        audit = self.auditor.record(
            invitation.workspace,
            actor_of(user, PERSON, origin),
            "invitation.accepted",
            invitation.id,
            after={"user": user, "new_account": bool(account), **member_facts(member)},
        )
        self.changes.commit(
            *account,
            *seated(self.directory, member),
            rules.accepted(invitation, user),
            remove=settled,
            audit=audit,
        )
        return next_version(member)

    def _audit(
        self, caller: Caller, action: str, before: Invitation | None, after: Invitation
    ) -> AuditRecord:
        return self.auditor.record(
            caller.workspace,
            caller.actor,
            action,
            after.id,
            before=rules.facts(before) if before else None,
            after=rules.facts(after),
        )


@dataclass(frozen=True, slots=True)
class InvitationMails:
    """The mailer's side of it, which makes no accounts and so needs no password hashes."""

    directory: Directory
    changes: Changes
    clock: Clock
    ids: Ids

    def write(self, workspace: str, invitation_id: str) -> tuple[Invitation, str] | None:
        """The invitation and a new token for its mail; None if none is to be sent any more."""
        try:
            invitation = self.directory.invitation(workspace, invitation_id)
        except NotFound:  # removed after its time
            return None
        now = self.clock.now()
        if not invitation.holds_at(now) or rules.mailed_lately(invitation.mailed_at, now):
            return None
        token = invitation_token(invitation, self.ids.token())
        try:
            return self.changes.keep(replace(invitation, digest=digest_of(token))), token
        except Stale:  # taken, revoked, or another is writing: either way this mail is not to be
            return None

    def sent(self, invitation: Invitation) -> None:
        """Its mail has left; noted only then, so that one that failed is tried again."""
        noted = replace(invitation, mailed_at=self.clock.now())
        try:
            self.changes.keep(noted)
        except Stale:  # taken or revoked in this moment
            return


def post(errands: Errands, invitation: Invitation) -> None:
    """Also of a request that is sent again: the errand may be what the first one failed at."""
    if invitation.mailed_at is None:
        errands.post(_errand(invitation))


def _errand(invitation: Invitation) -> Errand:
    return Errand(ErrandKind.INVITATION, invitation.workspace, target=invitation.id)


def invitation_of(
    new: NewInvitation, ids: Ids, workspace: str, by: str, now: datetime
) -> Invitation:
    return Invitation(
        id=ids.new("inv"),
        workspace=workspace,
        email=new.email,
        role=new.role,
        is_moderator=new.is_moderator,
        invited_by=by,
        created_at=now,
        expires_at=now + INVITATION_LENGTH,
    )


def invitation_token(invitation: Invitation, secret: str) -> str:
    reference = rules.invitation_reference(invitation.id)
    return rules.entry_token(INVITATION_PREFIX, invitation.workspace, reference, secret)


def place_of(directory: Directory, workspace: str, email: str) -> MadeOnce | None:
    """Where a workspace keeps the one invitation of an address; None: there was none lately."""
    return directory.made_once(workspace, INVITED, email_digest(email))


def held_in(directory: Directory, place: MadeOnce | None, now: datetime) -> Invitation | None:
    """The invitation there, if it is open."""
    if place is None:
        return None
    try:
        invitation = directory.invitation(place.workspace, place.target)
    except NotFound:  # removed after its time
        return None
    return invitation if invitation.holds_at(now) else None


def taken(place: MadeOnce | None, invitation: Invitation) -> MadeOnce:
    """The place as `invitation` holds it; of two who take it at once one comes too late."""
    digest = email_digest(invitation.email)
    return MadeOnce(
        workspace=invitation.workspace,
        user=INVITED,
        key=digest,
        digest=digest,
        target=invitation.id,
        expires_at=invitation.expires_at,
        version=place.version if place else 0,
    )
