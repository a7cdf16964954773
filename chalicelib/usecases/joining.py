"""Asking to join a workspace with its join code, and the decision of an admin (SPEC 2.3).

Whether an address has an account is found out by the mailer, where nobody can measure it; the
answer goes to the address alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain import invitation as rules
from chalicelib.domain.errors import (
    Conflict,
    Exists,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    Stale,
)
from chalicelib.domain.identity import check_email, check_name, digest_of, normal_email, same
from chalicelib.domain.invitation import (
    APPLICANT_PREFIX,
    APPLICATION_LENGTH,
    Applicant,
    JoinRequest,
    JoinStatus,
)
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.membership import Member, check_role
from chalicelib.domain.membership import facts as member_facts
from chalicelib.domain.rights import Right
from chalicelib.usecases.identity import PERSON, actor_of
from chalicelib.usecases.newcomers import new_user
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.standing import anew, must_still, seated

if TYPE_CHECKING:
    from chalicelib.domain.audit import AuditRecord, Facts
    from chalicelib.domain.rights import Role
    from chalicelib.domain.workspace import Workspace
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
    )


@dataclass(frozen=True, slots=True)
class Joining:
    directory: Directory
    changes: Changes
    passwords: Passwords
    errands: Errands
    clock: Clock
    ids: Ids
    auditor: Auditor

    def ask_as(self, user: str, code: str, origin: Origin) -> JoinRequest:
        """While a request waits, asking again changes nothing."""
        workspace = self._named_by(code)

        def decide() -> JoinRequest:
            if self.directory.member(workspace.id, user) is not None:
                raise Conflict("You are a member of this workspace already.")
            known = self.directory.join_request(workspace.id, user)
            if known is not None and known.status is JoinStatus.PENDING:
                return known
            person = self.directory.user(user)
            request = JoinRequest(
                workspace=workspace.id,
                user=user,
                email=person.email,
                name=person.name,
                created_at=self.clock.now(),
                version=known.version if known else 0,
            )
            return self.changes.save(request, self._asked(request, origin, new_account=False))

        return anew(decide)

    def ask(self, code: str, email: str, name: str) -> None:
        """For people without an account; those who have one are told so by mail."""
        check_email(email)
        check_name(name)
        workspace = self._named_by(code)
        errand = Errand(ErrandKind.JOIN, workspace.id, email=normal_email(email), name=name.strip())
        self.errands.post(errand)

    def confirm(self, token: str, password: str, origin: Origin) -> JoinRequest:
        """Makes the account of a person who proves their address, and their request."""

        def decide() -> JoinRequest:
            applicant = self._shown(token)
            if self.directory.user_by_email(applicant.email) is not None:
                raise Conflict("Your address has an account: sign in, then use the join code.")
            user = new_user(
                self.passwords, self.clock, self.ids, applicant.email, applicant.name, password
            )
            request = JoinRequest(
                workspace=applicant.workspace,
                user=user.id,
                email=user.email,
                name=user.name,
                created_at=self.clock.now(),
            )
            audit = self._asked(request, origin, new_account=True)
            self.changes.commit(user, request, remove=[applicant], audit=audit)
            return next_version(request)

        return anew(decide)

    def page(self, caller: Caller, after: str | None, limit: int) -> Page[JoinRequest]:
        caller.must(Right.ADMINISTER)
        return self.directory.join_requests(caller.workspace, after=after, limit=limit)

    def approve(
        self, caller: Caller, user: str, role: Role, *, is_moderator: bool = False
    ) -> JoinRequest:
        def decide() -> JoinRequest:
            request = self._pending(caller, user)
            check_role(caller.workspace, role, is_moderator=is_moderator)
            approved = self._decided(caller, request, JoinStatus.APPROVED)
            if self.directory.member(caller.workspace, user) is not None:
                raise Conflict("They are a member already: change their role instead.")
            member = Member(caller.workspace, user, role, is_moderator, self.clock.now())
            self.changes.commit(
                approved,
                *seated(self.directory, member),
                audit=self._audit(caller, approved, member_facts(member)),
            )
            return next_version(approved)

        return self._told(anew(decide))

    def reject(self, caller: Caller, user: str) -> JoinRequest:
        """They may ask again."""

        def decide() -> JoinRequest:
            rejected = self._decided(caller, self._pending(caller, user), JoinStatus.REJECTED)
            return self.changes.save(rejected, self._audit(caller, rejected, {}))

        return self._told(anew(decide))

    def _named_by(self, code: str) -> Workspace:
        """Whatever is wrong with a code, the answer is one."""
        code = code.strip()
        name = rules.code_workspace(code)
        if name is not None:
            try:
                workspace = self.directory.workspace(name)
            except NotFound:
                raise NotFound("join code") from None
            if workspace.join_code is not None and same(workspace.join_code, code):
                return workspace
        raise NotFound("join code")

    def _shown(self, token: str) -> Applicant:
        """As with invitations, whatever is wrong with a token."""
        place = rules.entry_in(token, APPLICANT_PREFIX)
        email = rules.referred_email(place[1]) if place else None
        if place is not None and email is not None:
            applicant = self.directory.applicant(place[0], email)
            if applicant is not None and applicant.opens_with(token, self.clock.now()):
                return applicant
        raise Invalid(Problem("token", "is unknown, used or expired: ask to join again"))

    def _pending(self, caller: Caller, user: str) -> JoinRequest:
        must_still(self.directory, caller, Right.ADMINISTER)
        request = self.directory.join_request(caller.workspace, user)
        if request is None:
            raise NotFound("join request")
        if user == caller.user:
            raise Forbidden("Nobody decides on their own request: ask another admin.")
        return request

    def _decided(self, caller: Caller, request: JoinRequest, status: JoinStatus) -> JoinRequest:
        return rules.decided(request, status, caller.user, self.clock.now())

    def _told(self, request: JoinRequest) -> JoinRequest:
        self.errands.post(Errand(ErrandKind.DECISION, request.workspace, target=request.user))
        return request

    def _asked(self, request: JoinRequest, origin: Origin, *, new_account: bool) -> AuditRecord:
        return self.auditor.record(
            request.workspace,
            actor_of(request.user, PERSON, origin),
            "join_request.created",
            request.user,
            after={"new_account": new_account},
        )

    def _audit(self, caller: Caller, decided: JoinRequest, granted: Facts) -> AuditRecord:
        return self.auditor.record(
            caller.workspace,
            caller.actor,
            f"join_request.{decided.status.value}",
            decided.user,
            before={"status": JoinStatus.PENDING.value},
            after={"status": decided.status.value, **granted},
        )


@dataclass(frozen=True, slots=True)
class JoinMails:
    """The mailer's side of it, which makes no accounts and so needs no password hashes."""

    directory: Directory
    changes: Changes
    clock: Clock
    ids: Ids

    def write(self, workspace: str, email: str, name: str) -> tuple[Applicant, str | None] | None:
        """Who asked, and a new token for the mail, or no token for those who have an account; None
        if this address got such a mail a moment ago.
        """
        now = self.clock.now()
        known = self.directory.applicant(workspace, email)
        if known is not None and rules.mailed_lately(known.mailed_at, now):
            return None
        reference = rules.email_reference(normal_email(email))
        token = rules.entry_token(APPLICANT_PREFIX, workspace, reference, self.ids.token())
        applicant = Applicant(
            workspace=workspace,
            email=normal_email(email),
            name=name,
            digest=digest_of(token),
            created_at=now,
            expires_at=now + APPLICATION_LENGTH,
            version=known.version if known else 0,
        )
        try:
            applicant = self.changes.keep(applicant)
        except (Stale, Exists):  # another is writing to this address
            return None
        has_account = self.directory.user_by_email(email) is not None
        return applicant, None if has_account else token

    def sent(self, applicant: Applicant) -> None:
        """Their mail has left; noted only then, so that one that failed is tried again."""
        try:
            self.changes.keep(replace(applicant, mailed_at=self.clock.now()))
        except Stale:  # confirmed in this moment
            return

    def decision(self, workspace: str, user: str) -> JoinRequest | None:
        """What there is to tell the asker; None if it is not so any more."""
        request = self.directory.join_request(workspace, user)
        is_member = self.directory.member(workspace, user) is not None
        if request is None or request.status is JoinStatus.PENDING:
            return None
        return request if is_member is (request.status is JoinStatus.APPROVED) else None
