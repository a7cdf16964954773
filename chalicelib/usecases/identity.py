"""Signing in and out, and one's sessions (SPEC 2.4).

Whether an account exists shows nowhere: an address that nobody has takes the same steps as a wrong
password, gets the same answer, and is locked and recorded alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from chalicelib.domain.audit import AGENT_MAX, Actor
from chalicelib.domain.errors import (
    Conflict,
    NotFound,
    SecondFactorNeeded,
    TooMany,
    Unauthenticated,
)
from chalicelib.domain.identity import (
    DEVICE_PREFIX,
    PASSWORD_MAX,
    SESSION_PREFIX,
    SESSIONS_MAX,
    USER_PREFIX,
    check_email,
    digest_of,
    email_digest,
    knows,
    normal_email,
    open_device,
    open_session,
    owner_in,
    token_of,
)
from chalicelib.domain.lockout import ELSEWHERE
from chalicelib.domain.second_factor import owner_of_seed, secret_of, take
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.attempts import TRIES, Doorkeeper, at_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.audit import Facts
    from chalicelib.domain.identity import Device, SecondFactor, Session, User
    from chalicelib.domain.membership import Member
    from chalicelib.usecases.auditing import Auditor, Recorder
    from chalicelib.usecases.ports import Changes, Clock, DataKeys, Directory, Ids, Passwords

WRONG: Final = "E-mail address, password or code is wrong."
# Role of people in the audit log who act for themselves, in no workspace.
PERSON: Final = "user"
# Nobody is known to act when a sign-in is refused.
ANYONE: Final = "anyone"
# How much of an unknown address's digest the audit log shows.
_SHOWN: Final = 16


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, for the audit log."""

    address: str
    agent: str
    request: str


@dataclass(frozen=True, slots=True)
class SignInRequest:
    email: str
    password: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    # The token that an earlier sign-in gave this device.
    device: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    token: str = field(repr=False)
    # For a device that was not known; None if it was.
    device: str | None = field(repr=False)
    session: Session
    user: User
    memberships: list[Member]


@dataclass(frozen=True, slots=True)
class Identity:
    directory: Directory
    changes: Changes
    passwords: Passwords
    data_keys: DataKeys
    clock: Clock
    ids: Ids
    auditor: Auditor
    recorder: Recorder

    def sign_in(self, request: SignInRequest, origin: Origin) -> SignedIn:
        check_email(request.email)
        user = self.directory.user_by_email(normal_email(request.email))
        try:
            device = self._known_device(user, request.device)
            proven = self._proven(user, request, device)
            return self._signed_in(proven, device, origin)
        except (TooMany, Unauthenticated) as refusal:
            target = user.id if user else f"email:{email_digest(request.email)[:_SHOWN]}"
            facts = {"reason": _reason(refusal)}
            self._note(actor_of(ANYONE, ANYONE, origin), "session.refused", target, facts)
            raise

    def session(self, token: str) -> Session:
        return find_session(self.directory, self.clock, token)

    def whoami(self, token: str) -> tuple[User, list[Member]]:
        user = find_user(self.directory, self.session(token).user)
        return user, self.directory.memberships(user.id)

    def sign_out(self, token: str, origin: Origin) -> None:
        self._end(self.session(token), origin)

    def sessions(self, token: str) -> list[Session]:
        """Those that hold, newest first."""
        return self._holding(self.directory.sessions(self.session(token).user))

    def end_session(self, token: str, digest: str, origin: Origin) -> None:
        """One of one's own, named by its digest."""
        for held in self.sessions(token):
            if held.digest == digest:
                return self._end(held, origin)
        raise NotFound("session")

    def end_other_sessions(self, token: str, origin: Origin) -> int:
        current = self.session(token)
        held = self._holding(self.directory.sessions(current.user))
        others = [session for session in held if session.digest != current.digest]
        for other in others:
            self.changes.forget(other)
        actor = actor_of(current.user, PERSON, origin)
        self._note(actor, "sessions.closed", current.user, {"sessions": len(others)})
        return len(others)

    # --- who it is ---

    def _known_device(self, user: User | None, token: str | None) -> Device | None:
        owner = owner_in(token, DEVICE_PREFIX, USER_PREFIX) if token else None
        if token is None or owner is None:
            return None
        device = self.directory.device(owner, digest_of(token))
        if user is None or device is None or not knows(user, device, self.clock.now()):
            return None
        return device

    def _proven(self, user: User | None, request: SignInRequest, device: Device | None) -> User:
        """Whose password and code these are."""
        place = device.digest if device else ELSEWHERE
        begun = self._doorkeeper.begin(email_digest(request.email), place)
        # Runs for unknown accounts too. What is longer than any password is not worth hashing.
        matches = self.passwords.match(
            user.password_hash if user else None, request.password[: PASSWORD_MAX + 1]
        )
        if user is None or not matches:
            raise Unauthenticated(WRONG)
        try:
            proven = self._with_code(user, request.code)
        except SecondFactorNeeded:
            self._doorkeeper.forgive(begun)
            raise
        self._doorkeeper.forget(begun)
        return proven

    def _with_code(self, user: User, code: str | None) -> User:
        """The user once the code is used up, if one is needed."""
        seen = user.password_hash
        for _ in range(TRIES):
            factor = user.second_factor
            if factor is None or not factor.confirmed:
                return user
            if not code:
                raise SecondFactorNeeded
            secret = unwrap_secret(self.data_keys, user.id, factor)
            taken = take(factor, secret, user.id, code, self.clock.now())
            if taken is None:
                raise Unauthenticated(WRONG)
            try:
                return self.changes.keep(replace(user, second_factor=taken))
            except Conflict:  # two at once may have shown the same code: only one of them has it
                user = find_user(self.directory, user.id)
                if user.password_hash != seen:
                    raise Unauthenticated(WRONG) from None
        raise at_once()

    # --- what they get ---

    def _signed_in(self, user: User, device: Device | None, origin: Origin) -> SignedIn:
        token = token_of(SESSION_PREFIX, user.id, self.ids.token())
        session = self._opened(user, token, device, origin)
        # A new password ends the sessions that it finds, and then looks again. This one is stored,
        # so either it is found, or the new password is seen here.
        if not self._holds_still(user):
            self._end(session, origin)
            raise Unauthenticated(WRONG)
        self._make_room(session, origin)
        return SignedIn(
            token=token,
            device=None if device else self._remembered(session),
            session=session,
            user=user,
            memberships=self.directory.memberships(user.id),
        )

    def _opened(self, user: User, token: str, device: Device | None, origin: Origin) -> Session:
        agent = origin.agent[:AGENT_MAX]
        session = open_session(user.id, token, self.clock.now(), origin.address, agent)
        factor = user.second_factor
        facts: Facts = {
            "session": session.digest,
            "known_device": device is not None,
            "second_factor": factor is not None and factor.confirmed,
            "recovery_codes": len(factor.recovery) if factor else 0,
        }
        audit = self.auditor.record(
            MASTER, actor_of(user.id, PERSON, origin), "session.opened", user.id, after=facts
        )
        # Super admins do nothing that is not recorded for sure (SPEC 8.2).
        if self.directory.member(MASTER, user.id) is not None:
            return self.changes.save(session, audit)
        session = self.changes.keep(session)
        self.recorder.note(audit)
        return session

    def _holds_still(self, user: User) -> bool:
        try:
            return self.directory.user(user.id).password_hash == user.password_hash
        except NotFound:
            return False

    def _make_room(self, newest: Session, origin: Origin) -> None:
        stored = self.directory.sessions(newest.user)
        held = self._holding(stored)
        for expired in stored:
            if expired not in held:
                self.changes.forget(expired)
        others = [session for session in held if session.digest != newest.digest]
        for oldest in others[SESSIONS_MAX - 1 :]:
            self._end(oldest, origin)

    def _remembered(self, session: Session) -> str:
        token = token_of(DEVICE_PREFIX, session.user, self.ids.token())
        self.changes.keep(open_device(session.user, token, session.created_at))
        return token

    # --- sessions and records ---

    def _holding(self, stored: Sequence[Session]) -> list[Session]:
        """Newest first."""
        now = self.clock.now()
        held = [session for session in stored if session.holds_at(now)]
        return sorted(held, key=attrgetter("created_at", "digest"), reverse=True)

    def _end(self, session: Session, origin: Origin) -> None:
        self.changes.forget(session)
        actor = actor_of(session.user, PERSON, origin)
        self._note(actor, "session.closed", session.user, {"session": session.digest})

    def _note(self, actor: Actor, action: str, target: str, after: Facts) -> None:
        self.recorder.note(self.auditor.record(MASTER, actor, action, target, after=after))

    @property
    def _doorkeeper(self) -> Doorkeeper:
        return Doorkeeper(self.directory, self.changes, self.clock)


def actor_of(user: str, role: str, origin: Origin) -> Actor:
    return Actor(user, role, origin.address, origin.agent, origin.request)


def find_session(directory: Directory, clock: Clock, token: str) -> Session:
    owner = owner_in(token, SESSION_PREFIX, USER_PREFIX)
    session = directory.session(owner, digest_of(token)) if owner else None
    if session is None or not session.holds_at(clock.now()):
        raise _no_session()
    return session


def find_user(directory: Directory, user: str) -> User:
    """The user of a session; one whose account is gone has none."""
    try:
        return directory.user(user)
    except NotFound:
        raise _no_session() from None


def unwrap_secret(data_keys: DataKeys, user: str, factor: SecondFactor) -> str:
    return secret_of(data_keys.unwrap(owner_of_seed(user), factor.wrapped_seed))


def _no_session() -> Unauthenticated:
    return Unauthenticated("Sign in first: there is no valid session.")


def _reason(refusal: TooMany | Unauthenticated) -> str:
    if isinstance(refusal, TooMany):
        return "locked"
    return "code missing" if isinstance(refusal, SecondFactorNeeded) else "wrong"
