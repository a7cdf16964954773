"""Workspaces, people, their credentials, and how they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.credentials import ApiKey, Client
    from chalicelib.domain.identity import Device, PasswordReset, Session, User
    from chalicelib.domain.invitation import Applicant, Invitation, JoinRequest
    from chalicelib.domain.lockout import Attempts
    from chalicelib.domain.membership import Member, Roster
    from chalicelib.domain.request import MadeOnce
    from chalicelib.domain.workspace import Workspace
    from chalicelib.usecases.ports.records import Page


class Directory(Protocol):
    def workspace(self, workspace: str) -> Workspace: ...

    def workspaces(self, *, after: str | None, limit: int) -> Page[Workspace]:
        """All of the installation, the master workspace included, by id."""
        ...

    def seat(self, workspace: str, user: str) -> tuple[Workspace, Member] | None:
        """A member and their workspace, in one reading; None if either is missing."""
        ...

    def member(self, workspace: str, user: str) -> Member | None: ...

    def members(self, workspace: str, *, after: str | None, limit: int) -> Page[Member]:
        """By user's id."""
        ...

    def memberships(self, user: str) -> list[Member]:
        """For showing: it may lag behind. Rights are checked by `seat`."""
        ...

    def roster(self, workspace: str) -> Roster:
        """An empty one (version 0) where none was written yet."""
        ...

    def user(self, user: str) -> User: ...

    def users(self, users: Sequence[str]) -> dict[str, User]:
        """Those that are there, by id."""
        ...

    def user_by_email(self, email: str) -> User | None:
        """Takes as many readings for an address that nobody has."""
        ...

    def made_once(self, workspace: str, user: str, key: str) -> MadeOnce | None: ...

    def session(self, user: str, digest: str) -> Session | None: ...

    def sessions(self, user: str) -> list[Session]:
        """All that are stored, also such as have expired and are not removed yet."""
        ...

    def device(self, user: str, digest: str) -> Device | None: ...

    def attempts(self, subject: str, place: str) -> Attempts | None: ...

    def password_reset(self, user: str) -> PasswordReset | None: ...

    def invitation(self, workspace: str, invitation: str) -> Invitation: ...

    def invitations(self, workspace: str, *, after: str | None, limit: int) -> Page[Invitation]:
        """Newest first."""
        ...

    def join_request(self, workspace: str, user: str) -> JoinRequest | None: ...

    def join_requests(self, workspace: str, *, after: str | None, limit: int) -> Page[JoinRequest]:
        """By user's id, newest first."""
        ...

    def applicant(self, workspace: str, email: str) -> Applicant | None: ...

    def api_key(self, workspace: str, key: str) -> ApiKey: ...

    def api_keys(self, workspace: str, *, after: str | None, limit: int) -> Page[ApiKey]:
        """Newest first."""
        ...

    def client(self, workspace: str, client: str) -> Client: ...

    def clients(self, workspace: str, *, after: str | None, limit: int) -> Page[Client]:
        """Newest first."""
        ...
