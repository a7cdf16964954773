"""API keys and clients as admins handle them: make, look at, rotate, revoke (SPEC 2.5)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from chalicelib.domain import credentials as rules
from chalicelib.domain.credentials import ApiKey, Client
from chalicelib.domain.errors import Stale
from chalicelib.domain.rights import Right
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.repeats import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.credentials import Rotation
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import Changes, Clock, Directory, Ids, Page
    from chalicelib.usecases.repeats import Mark, Repeats

C = TypeVar("C", bound=ApiKey | Client)
REVOKE_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class NewKey:
    name: str
    scopes: tuple[Right, ...]
    expires_in_days: int = rules.DEFAULT_DAYS


@dataclass(frozen=True, slots=True)
class NewClient:
    name: str
    expires_in_days: int | None = None


@dataclass(frozen=True, slots=True)
class Issued(Generic[C]):
    """`secret` is what the program shows: a token, or a client's password. It is to be seen this
    once; None where a repeated request is answered.
    """

    record: C
    secret: str | None = field(repr=False)  # for no log line


@dataclass(frozen=True, slots=True)
class Credentials:
    directory: Directory
    changes: Changes
    repeats: Repeats
    clock: Clock
    ids: Ids
    auditor: Auditor

    # --- API keys ---------------------------------------------------------------------------------

    def create_key(self, caller: Caller, new: NewKey, key: str | None = None) -> Issued[ApiKey]:
        caller.must(Right.INTEGRATE)
        rules.check_key(new.name, new.scopes, new.expires_in_days, caller.scopes)
        return self.repeats.once(
            Request(caller, key, new),
            read=lambda made: Issued(self.directory.api_key(caller.workspace, made), None),
            make=lambda mark: self._create(caller, self._bare_key(caller, new), mark),
        )

    def keys(self, caller: Caller, after: str | None, limit: int) -> Page[ApiKey]:
        caller.must(Right.INTEGRATE)
        return self.directory.api_keys(caller.workspace, after=after, limit=limit)

    def key(self, caller: Caller, key_id: str) -> ApiKey:
        caller.must(Right.INTEGRATE)
        return self.directory.api_key(caller.workspace, key_id)

    def rotate_key(self, caller: Caller, key_id: str, rotation: Rotation) -> Issued[ApiKey]:
        key = self.key(caller, key_id)
        rules.check_rotator(key, caller.scopes)
        return self._rotate(caller, key, rotation)

    def revoke_key(self, caller: Caller, key_id: str) -> ApiKey:
        return self._revoke(caller, lambda: self.key(caller, key_id))

    def _bare_key(self, caller: Caller, new: NewKey) -> ApiKey:
        now = self.clock.now()
        return ApiKey(
            id=self.ids.new("key"),
            workspace=caller.workspace,
            name=new.name.strip(),
            scopes=tuple(sorted(set(new.scopes))),
            secrets=(),
            created_by=caller.user,
            created_at=now,
            expires_at=now + timedelta(days=new.expires_in_days),
        )

    # --- clients ----------------------------------------------------------------------------------

    def create_client(
        self, caller: Caller, new: NewClient, key: str | None = None
    ) -> Issued[Client]:
        caller.must(Right.INTEGRATE)
        rules.check_client(new.name, new.expires_in_days)
        return self.repeats.once(
            Request(caller, key, new),
            read=lambda made: Issued(self.directory.client(caller.workspace, made), None),
            make=lambda mark: self._create(caller, self._bare_client(caller, new), mark),
        )

    def clients(self, caller: Caller, after: str | None, limit: int) -> Page[Client]:
        caller.must(Right.INTEGRATE)
        return self.directory.clients(caller.workspace, after=after, limit=limit)

    def client(self, caller: Caller, client_id: str) -> Client:
        caller.must(Right.INTEGRATE)
        return self.directory.client(caller.workspace, client_id)

    def rotate_client(self, caller: Caller, client_id: str, rotation: Rotation) -> Issued[Client]:
        return self._rotate(caller, self.client(caller, client_id), rotation)

    def revoke_client(self, caller: Caller, client_id: str) -> Client:
        return self._revoke(caller, lambda: self.client(caller, client_id))

    def _bare_client(self, caller: Caller, new: NewClient) -> Client:
        now, days = self.clock.now(), new.expires_in_days
        return Client(
            id=self.ids.new("cli"),
            workspace=caller.workspace,
            name=new.name.strip(),
            secrets=(),
            created_by=caller.user,
            created_at=now,
            expires_at=now + timedelta(days=days) if days is not None else None,
        )

    # --- both -------------------------------------------------------------------------------------

    def _create(self, caller: Caller, bare: C, mark: Mark) -> Issued[C]:
        shown, secret = rules.issue(bare, self.ids.token(), caller.user, bare.created_at)
        made = replace(bare, secrets=(secret,))
        audit = self._audit(caller, "created", None, made)
        self.changes.commit(made, *mark(made.id), audit=audit)
        return Issued(next_version(made), shown)

    def _rotate(self, caller: Caller, credential: C, rotation: Rotation) -> Issued[C]:
        rules.check_rotation(rotation)
        now = self.clock.now()
        shown, secret = rules.issue(credential, self.ids.token(), caller.user, now)
        rotated = rules.rotate(credential, secret, rotation, now)
        audit = self._audit(caller, "rotated", credential, rotated)
        return Issued(self.changes.save(rotated, audit), shown)

    def _revoke(self, caller: Caller, read: Callable[[], C]) -> C:
        """Nobody keeps a credential alive by rotating it at the same moment."""
        for _ in range(REVOKE_TRIES - 1):
            with suppress(Stale):
                return self._revoke_once(caller, read())
        return self._revoke_once(caller, read())

    def _revoke_once(self, caller: Caller, credential: C) -> C:
        revoked = rules.revoke(credential, self.clock.now())
        return self.changes.save(revoked, self._audit(caller, "revoked", credential, revoked))

    def _audit(
        self, caller: Caller, done: str, before: ApiKey | Client | None, after: ApiKey | Client
    ) -> AuditRecord:
        return self.auditor.record(
            caller.workspace,
            caller.actor,
            f"{after.KIND}.{done}",
            after.id,
            before=rules.facts(before) if before else None,
            after=rules.facts(after),
        )
