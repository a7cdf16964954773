"""Workspaces and who belongs to them; people and how they sign in; programs' credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chalicelib.adapters.dynamo import keys, kinds
from chalicelib.adapters.dynamo.keys import Key
from chalicelib.domain.membership import Roster
from chalicelib.usecases.ports import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.credentials import ApiKey, Client
    from chalicelib.domain.identity import Device, PasswordReset, Session, User
    from chalicelib.domain.invitation import Applicant, Invitation, JoinRequest
    from chalicelib.domain.lockout import Attempts
    from chalicelib.domain.membership import Member
    from chalicelib.domain.request import MadeOnce
    from chalicelib.domain.workspace import Workspace

# Has no account: looked for where an address has none, which then takes as long.
NOBODY: Final = "nobody"


class DynamoDirectory:
    """What has expired may still be there: DynamoDB removes it when it finds the time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._workspaces = store.of(kinds.WORKSPACE)
        self._listed = store.of(kinds.LISTED)
        self._rosters = store.of(kinds.ROSTER)
        self._members = store.of(kinds.MEMBER)
        self._users = store.of(kinds.USER)
        self._addresses = store.of(kinds.EMAIL)
        self._sessions = store.of(kinds.SESSION)
        self._devices = store.of(kinds.DEVICE)
        self._attempts = store.of(kinds.ATTEMPTS)
        self._resets = store.of(kinds.PASSWORD_RESET)
        self._invitations = store.of(kinds.INVITATION)
        self._join_requests = store.of(kinds.JOIN_REQUEST)
        self._applicants = store.of(kinds.APPLICANT)
        self._api_keys = store.of(kinds.API_KEY)
        self._clients = store.of(kinds.CLIENT)
        self._made_once = store.of(kinds.MADE_ONCE)

    # --- workspaces and members ---

    def workspace(self, workspace: str) -> Workspace:
        return self._workspaces.get(keys.workspace(workspace))

    def workspaces(self, *, after: str | None, limit: int) -> Page[Workspace]:
        # Consistently: who goes through all of them must not miss one.
        listed = self._listed.page(
            keys.WORKSPACES, after=after, limit=limit, ascending=True, consistent=True
        )
        places = [keys.workspace(entry.id) for entry in listed.items]
        found = self._workspaces.find_all(places)
        return Page([found[place] for place in places if place in found], listed.next)

    def seat(self, workspace: str, user: str) -> tuple[Workspace, Member] | None:
        place, chair = keys.workspace(workspace), keys.member(workspace, user)
        found = self._store.read(self._workspaces.table, (place, chair))
        if place not in found or chair not in found:
            return None
        return self._workspaces.record(found[place]), self._members.record(found[chair])

    def member(self, workspace: str, user: str) -> Member | None:
        return self._members.find(keys.member(workspace, user))

    def members(self, workspace: str, *, after: str | None, limit: int) -> Page[Member]:
        return self._members.page(keys.members(workspace), after=after, limit=limit, ascending=True)

    def memberships(self, user: str) -> list[Member]:
        """For showing: an index lags behind. Rights are checked by `seat`."""
        return self._members.indexed(keys.BY_MEMBER, user)

    def roster(self, workspace: str) -> Roster:
        return self._rosters.find(keys.roster(workspace)) or Roster(workspace)

    # --- people ---

    def user(self, user: str) -> User:
        return self._users.get(keys.user(user))

    def users(self, users: Sequence[str]) -> dict[str, User]:
        found = self._users.find_all(keys.user(user) for user in users)
        return {user.id: user for user in found.values()}

    def user_by_email(self, email: str) -> User | None:
        address = self._addresses.find(keys.email(email))
        return self._users.find(keys.user(address.user if address else NOBODY))

    def made_once(self, workspace: str, user: str, key: str) -> MadeOnce | None:
        return self._made_once.find(keys.made_once(workspace, user, key))

    def session(self, user: str, digest: str) -> Session | None:
        return self._sessions.find(Key(keys.sessions(user), digest))

    def sessions(self, user: str) -> list[Session]:
        return self._sessions.all(keys.sessions(user))

    def device(self, user: str, digest: str) -> Device | None:
        return self._devices.find(keys.device(user, digest))

    def attempts(self, subject: str, place: str) -> Attempts | None:
        return self._attempts.find(keys.attempts(subject, place))

    def password_reset(self, user: str) -> PasswordReset | None:
        return self._resets.find(keys.password_reset(user))

    # --- ways into a workspace ---

    def invitation(self, workspace: str, invitation: str) -> Invitation:
        return self._invitations.get(Key(keys.invitations(workspace), invitation))

    def invitations(self, workspace: str, *, after: str | None, limit: int) -> Page[Invitation]:
        return self._invitations.page(keys.invitations(workspace), after=after, limit=limit)

    def join_request(self, workspace: str, user: str) -> JoinRequest | None:
        return self._join_requests.find(Key(keys.join_requests(workspace), user))

    def join_requests(self, workspace: str, *, after: str | None, limit: int) -> Page[JoinRequest]:
        return self._join_requests.page(keys.join_requests(workspace), after=after, limit=limit)

    def applicant(self, workspace: str, email: str) -> Applicant | None:
        return self._applicants.find(keys.applicant(workspace, email))

    # --- programs ---

    def api_key(self, workspace: str, key: str) -> ApiKey:
        return self._api_keys.get(Key(keys.api_keys(workspace), key))

    def api_keys(self, workspace: str, *, after: str | None, limit: int) -> Page[ApiKey]:
        return self._api_keys.page(keys.api_keys(workspace), after=after, limit=limit)

    def client(self, workspace: str, client: str) -> Client:
        return self._clients.get(Key(keys.clients(workspace), client))

    def clients(self, workspace: str, *, after: str | None, limit: int) -> Page[Client]:
        return self._clients.page(keys.clients(workspace), after=after, limit=limit)
