"""Workspaces, members, people and their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.adapters.dynamo import keys, transactions
from chalicelib.adapters.dynamo.changes import audit_step
from chalicelib.adapters.dynamo.kinds import EMAIL, MADE_ONCE, MEMBER, SESSION, USER, WORKSPACE

if TYPE_CHECKING:
    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.identity import Session, User
    from chalicelib.domain.request import MadeOnce
    from chalicelib.domain.workspace import Member, Workspace


class DynamoDirectory:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._workspaces = store.of(WORKSPACE)
        self._members = store.of(MEMBER)
        self._users = store.of(USER)
        self._addresses = store.of(EMAIL)
        self._sessions = store.of(SESSION)
        self._made_once = store.of(MADE_ONCE)

    def workspace(self, workspace: str) -> Workspace:
        return self._workspaces.get(keys.workspace(workspace))

    def member(self, workspace: str, user: str) -> Member | None:
        return self._members.find(keys.member(workspace, user))

    def memberships(self, user: str) -> list[Member]:
        """For showing: an index lags behind. Rights are checked by `member`."""
        return self._members.indexed(keys.BY_MEMBER, user)

    def user(self, user: str) -> User:
        return self._users.get(keys.user(user))

    def user_by_email(self, email: str) -> User | None:
        address = self._addresses.find(keys.email(email))
        return self._users.find(keys.user(address.user)) if address else None

    def made_once(self, workspace: str, user: str, key: str) -> MadeOnce | None:
        return self._made_once.find(keys.made_once(workspace, user, key))

    def session(self, digest: str) -> Session | None:
        """It may have ended: DynamoDB removes expired items when it finds the time."""
        return self._sessions.find(keys.session(digest))

    def end_session(self, session: Session, audit: AuditRecord) -> None:
        transactions.write(
            self._store,
            [transactions.delete(self._sessions, session), audit_step(self._store, audit)],
        )
