"""Signing in and out, and turning a token into a caller (SPEC 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit import Actor
from chalicelib.domain.errors import NotFound, Unauthenticated
from chalicelib.domain.identity import (
    PASSWORD_MAX,
    SESSION_PREFIX,
    Session,
    normal_email,
    open_session,
    token_digest,
)
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.auditing import Auditor, Caller

if TYPE_CHECKING:
    from chalicelib.domain.identity import User
    from chalicelib.domain.workspace import Member
    from chalicelib.usecases.ports import Changes, Clock, Directory, Ids, Passwords


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, for the audit log."""

    address: str
    agent: str
    request: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    token: str
    session: Session
    user: User
    memberships: list[Member]


@dataclass(frozen=True, slots=True)
class Identity:
    directory: Directory
    changes: Changes
    passwords: Passwords
    clock: Clock
    ids: Ids

    def sign_in(self, email: str, password: str, origin: Origin) -> SignedIn:
        user = self.directory.user_by_email(normal_email(email))
        # Runs for unknown accounts too: neither answer nor time tells whether one exists. A
        # password longer than any stored one is not worth hashing.
        matches = self.passwords.match(
            user.password_hash if user else None, password[: PASSWORD_MAX + 1]
        )
        if user is None or not matches:
            raise Unauthenticated("E-mail address or password is wrong.")
        token = SESSION_PREFIX + self.ids.token()
        session = open_session(user, token, self.clock.now())
        audit = self._auditor.record(
            MASTER, _actor(user.id, "user", origin), "session.opened", user.id
        )
        session = self.changes.save(session, audit)
        return SignedIn(token, session, user, self.directory.memberships(user.id))

    def session(self, token: str) -> Session:
        session = (
            self.directory.session(token_digest(token))
            if token.startswith(SESSION_PREFIX)
            else None
        )
        if session is None or not session.holds_at(self.clock.now()):
            raise Unauthenticated("Sign in first: there is no valid session.")
        return session

    def caller(self, token: str, workspace: str, origin: Origin) -> Caller:
        """The member behind a token; a workspace that one is no member of does not exist (SPEC
        2.1).
        """
        session = self.session(token)
        member = self.directory.member(workspace, session.user)
        if member is None:
            raise NotFound("workspace")
        return Caller(member, _actor(session.user, member.role.value, origin))

    def whoami(self, token: str) -> tuple[User, list[Member]]:
        session = self.session(token)
        return self.directory.user(session.user), self.directory.memberships(session.user)

    def sign_out(self, token: str, origin: Origin) -> None:
        session = self.session(token)
        audit = self._auditor.record(
            MASTER, _actor(session.user, "user", origin), "session.closed", session.user
        )
        self.directory.end_session(session, audit)

    @property
    def _auditor(self) -> Auditor:
        return Auditor(self.clock, self.ids)


def _actor(user: str, role: str, origin: Origin) -> Actor:
    return Actor(user, role, origin.address, origin.agent, origin.request)
