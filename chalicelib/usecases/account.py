"""One's own account: password and second factor (SPEC 2.4).

Whoever holds a session still has to know the password to change what protects the account, and is
counted like someone who signs in, at a place of the session's own.

A new password ends all other sessions, and no device is known any more.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import Conflict, Invalid, NotFound, Problem, Stale, TooMany
from chalicelib.domain.identity import (
    PASSWORD_MAX,
    RESET_PREFIX,
    SESSIONS_MAX,
    USER_PREFIX,
    SecondFactor,
    check_email,
    check_password,
    digest_of,
    email_digest,
    normal_email,
    owner_in,
    same,
)
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.lockout import ELSEWHERE
from chalicelib.domain.second_factor import (
    RECOVERY_CODES,
    owner_of_seed,
    recovery_code,
    recovery_digest,
    take,
    uri_of,
)
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.attempts import TRIES, Doorkeeper
from chalicelib.usecases.identity import (
    PERSON,
    actor_of,
    find_session,
    find_user,
    unwrap_secret,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.domain.audit import AuditRecord, Facts
    from chalicelib.domain.identity import PasswordReset, Session, User
    from chalicelib.usecases.auditing import Auditor, Recorder
    from chalicelib.usecases.identity import Origin
    from chalicelib.usecases.ports import (
        Changes,
        Clock,
        DataKeys,
        Directory,
        Errands,
        Ids,
        Passwords,
    )

_NOT_CURRENT: Final = Problem("current", "is not your password")
_NOT_YOURS: Final = Problem("password", "is not your password")
_BAD_CODE: Final = Problem("code", "is wrong or was used: take the one that your app shows now")
# Of two secrets asked for at once nobody learns which one was right.
_NEITHER: Final = (
    Problem("password", "this or the code is wrong"),
    Problem("code", "this or the password is wrong"),
)
_BAD_TOKEN: Final = Problem("token", "is unknown, used or expired: ask for a new mail")


@dataclass(frozen=True, slots=True)
class _Who:
    user: User
    session: Session
    origin: Origin


@dataclass(frozen=True, slots=True)
class Account:
    directory: Directory
    changes: Changes
    passwords: Passwords
    data_keys: DataKeys
    clock: Clock
    ids: Ids
    auditor: Auditor
    recorder: Recorder
    errands: Errands

    # --- the password ---

    def change_password(self, token: str, current: str, new: str, origin: Origin) -> None:
        who = self._who(token, origin)
        self._check_new(who.user, new, "new")
        with self._attempt(who, "password.changed"):
            if not self._is_password(who.user, current):
                raise Invalid(_NOT_CURRENT)
        hashed = self.passwords.hash(new)
        _repeated(lambda: self._change_password(who, hashed))

    def request_reset(self, email: str) -> None:
        """Looks nobody up: whether there is such an account, the mailer finds out."""
        check_email(email)
        self.errands.post(Errand(ErrandKind.PASSWORD_RESET, MASTER, email=normal_email(email)))

    def reset_password(self, token: str, new: str, origin: Origin) -> None:
        """A second factor stays: a mailbox alone does not open an account that has one."""
        _repeated(lambda: self._reset_password(token, new, origin))

    # --- the second factor ---

    def begin_second_factor(self, token: str, password: str, origin: Origin) -> tuple[str, str]:
        """The secret, and its URI for an app; sign-in asks for nothing before it is confirmed."""
        who = self._who(token, origin)
        if _confirmed(who.user) is not None:
            raise Conflict("There is a second factor already: remove it first.")
        with self._attempt(who, "second_factor.begun"):
            if not self._is_password(who.user, password):
                raise Invalid(_NOT_YOURS)
        factor = SecondFactor(self.data_keys.create(owner_of_seed(who.user.id)))
        secret = unwrap_secret(self.data_keys, who.user.id, factor)
        audit = self._audit(who.user, "second_factor.begun", origin)
        self.changes.save(replace(who.user, second_factor=factor), audit)
        return secret, uri_of(secret, who.user.email)

    def confirm_second_factor(self, token: str, code: str, origin: Origin) -> list[str]:
        """The recovery codes, which nobody can read again."""
        who = self._who(token, origin)
        factor = who.user.second_factor
        if factor is None or factor.confirmed:
            raise Conflict("No second factor waits to be confirmed: begin with one.")
        with self._attempt(who, "second_factor.confirmed"):
            taken = self._taken(who.user, factor, code)
            if taken is None:
                raise Invalid(_BAD_CODE)
        codes = [recovery_code(self.ids.token()) for _ in range(RECOVERY_CODES)]
        digests = tuple(recovery_digest(who.user.id, each) for each in codes)
        confirmed = replace(taken, confirmed=True, recovery=digests)
        audit = self._audit(
            who.user, "second_factor.confirmed", origin, {"recovery_codes": len(codes)}
        )
        self.changes.save(replace(who.user, second_factor=confirmed), audit)
        return codes

    def remove_second_factor(self, token: str, password: str, code: str, origin: Origin) -> None:
        """`code` may be a recovery code, for someone whose phone is gone."""
        who = self._who(token, origin)
        factor = _confirmed(who.user)
        if factor is None:
            raise Conflict("There is no second factor to remove.")
        with self._attempt(who, "second_factor.removed"):
            matches = self._is_password(who.user, password)
            taken = self._taken(who.user, factor, code)
            if not matches or taken is None:
                raise Invalid(*_NEITHER)
        audit = self._audit(who.user, "second_factor.removed", origin)
        self.changes.save(replace(who.user, second_factor=None), audit)

    # --- what is asked ---

    def _who(self, token: str, origin: Origin) -> _Who:
        session = find_session(self.directory, self.clock, token)
        return _Who(find_user(self.directory, session.user), session, origin)

    @contextmanager
    def _attempt(self, who: _Who, action: str) -> Iterator[None]:
        """Counts before anything is looked at; what raises `Invalid` within was a wrong guess."""
        doorkeeper = Doorkeeper(self.directory, self.changes, self.clock)
        try:
            begun = doorkeeper.begin(email_digest(who.user.email), who.session.digest)
            yield
        except (TooMany, Invalid) as refusal:
            reason = "locked" if isinstance(refusal, TooMany) else "wrong"
            facts: Facts = {"refused": action, "reason": reason}
            self.recorder.note(self._audit(who.user, "account.refused", who.origin, facts))
            raise
        doorkeeper.forget(begun)

    def _is_password(self, user: User, password: str) -> bool:
        return self.passwords.match(user.password_hash, password[: PASSWORD_MAX + 1])

    def _taken(self, user: User, factor: SecondFactor, code: str) -> SecondFactor | None:
        secret = unwrap_secret(self.data_keys, user.id, factor)
        return take(factor, secret, user.id, code, self.clock.now())

    def _check_new(self, user: User, password: str, field: str) -> None:
        common = self.passwords.common(password)
        check_password(password, user.email, common=common, field=field)

    def _open_reset(self, token: str) -> tuple[PasswordReset, User]:
        owner = owner_in(token, RESET_PREFIX, USER_PREFIX)
        reset = self.directory.password_reset(owner) if owner else None
        if reset is None or not reset.holds_at(self.clock.now()):
            raise Invalid(_BAD_TOKEN)
        if not same(reset.digest, digest_of(token)):
            raise Invalid(_BAD_TOKEN)
        try:
            return reset, self.directory.user(reset.user)
        except NotFound:
            raise Invalid(_BAD_TOKEN) from None

    # --- what is changed ---

    def _change_password(self, who: _Who, hashed: str) -> None:
        user = find_user(self.directory, who.user.id)
        if user.password_hash != who.user.password_hash:
            raise Invalid(_NOT_CURRENT)
        reset = self.directory.password_reset(user.id)
        changed = self._with_password(user, hashed)
        self._end_all(changed, reset, who.session.digest, "password.changed", who.origin)

    def _reset_password(self, token: str, new: str, origin: Origin) -> None:
        reset, user = self._open_reset(token)
        self._check_new(user, new, "password")
        changed = self._with_password(user, self.passwords.hash(new))
        self._end_all(changed, reset, None, "password.reset", origin)
        # Who forgot their password has often locked themselves out by trying.
        attempts = self.directory.attempts(email_digest(user.email), ELSEWHERE)
        if attempts is not None:
            self.changes.forget(attempts)

    def _with_password(self, user: User, hashed: str) -> User:
        return replace(user, password_hash=hashed, devices_since=self.clock.now())

    def _end_all(
        self,
        changed: User,
        reset: PasswordReset | None,
        but: str | None,
        action: str,
        origin: Origin,
    ) -> None:
        """Change the user, and with it end the sessions and the reset that the old password, or
        whoever knew it, may have opened.
        """
        now = self.clock.now()
        held = [
            session
            for session in self.directory.sessions(changed.id)
            if session.digest != but and session.holds_at(now)
        ]
        ended = held[:SESSIONS_MAX]  # a transaction has 100 steps
        resets = [reset] if reset else []
        audit = self._audit(changed, action, origin, {"sessions_ended": len(held)})
        self.changes.commit(changed, remove=[*ended, *resets], audit=audit)
        # Someone may have signed in with the old password meanwhile: see Identity.
        for session in self.directory.sessions(changed.id):
            if session.digest != but:
                self.changes.forget(session)

    def _audit(
        self, user: User, action: str, origin: Origin, after: Facts | None = None
    ) -> AuditRecord:
        actor = actor_of(user.id, PERSON, origin)
        return self.auditor.record(MASTER, actor, action, user.id, after=after)


def _confirmed(user: User) -> SecondFactor | None:
    factor = user.second_factor
    return factor if factor and factor.confirmed else None


def _repeated(change: Callable[[], None]) -> None:
    """Somebody who signs in and out all the time cannot keep a password from being changed."""
    for _ in range(TRIES - 1):
        with suppress(Stale):
            return change()
    return change()
