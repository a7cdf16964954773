"""A workspace with two admins who hand out credentials, and processes that check them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.audit import Actor, system
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity import SESSION_PREFIX, open_session, token_of
from chalicelib.domain.rights import Right, Role, scopes_of
from chalicelib.usecases.access import Access
from chalicelib.usecases.auditing import Auditor, Caller, Recorder, Retentions
from chalicelib.usecases.credentials import Credentials, NewClient, NewKey
from chalicelib.usecases.identity import Identity, Origin
from chalicelib.usecases.repeats import Repeats
from tests.fakes import samples
from tests.fakes.audit_fallback import FakeAuditFallback
from tests.fakes.records import FakeAuditLog, FakeChanges, FakeDirectory, Records
from tests.fakes.services import FakeClock, FakeDataKeys, FakeIds, FakePasswords

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.credentials import ApiKey, Client
    from chalicelib.usecases.credentials import Issued
    from chalicelib.usecases.ports import Versioned

HERE = "wsp_a"
ORIGIN = Origin("192.0.2.1", "test", "req-1")
NEW_KEY = NewKey("Shop", (Right.VIEW, Right.FEED), 30)
NEW_CLIENT = NewClient("Shop", 30)


class CountingDirectory(FakeDirectory):
    """Counts the readings of programs' credentials."""

    def __init__(self, records: Records) -> None:
        super().__init__(records)
        self.reads = 0

    def api_key(self, workspace: str, key: str) -> ApiKey:
        self.reads += 1
        return super().api_key(workspace, key)

    def client(self, workspace: str, client: str) -> Client:
        self.reads += 1
        return super().client(workspace, client)


class Place:
    def __init__(self) -> None:
        self.records, self.clock, self.ids = Records(), FakeClock(), FakeIds()
        self.directory = CountingDirectory(self.records)
        self.changes = FakeChanges(self.records)
        self.audit_log = FakeAuditLog(self.records)
        self.auditor = Auditor(self.clock, self.ids, Retentions(self.directory, self.clock))
        self.desk = Credentials(
            directory=self.directory,
            changes=self.changes,
            repeats=Repeats(self.directory, self.clock),
            clock=self.clock,
            ids=self.ids,
            auditor=self.auditor,
        )
        self.access = self.process()
        self.add(samples.workspace(id=HERE))
        self.admin = self.person("usr_admin", Role.ADMIN)
        self.other = self.person("usr_other", Role.ADMIN)

    def process(self) -> Access:
        """One that answers requests, and remembers for itself."""
        recorder = Recorder(self.audit_log, FakeAuditFallback(), self.clock)
        identity = Identity(
            directory=self.directory,
            changes=self.changes,
            passwords=FakePasswords(),
            data_keys=FakeDataKeys(),
            clock=self.clock,
            ids=self.ids,
            auditor=self.auditor,
            recorder=recorder,
        )
        return Access(self.directory, self.clock, identity, recorder, self.auditor)

    def add(self, record: Versioned) -> None:
        self.changes.commit(record, audit=self.audit())

    def audit(self) -> AuditRecord:
        return self.auditor.record(HERE, system("test"), "test.prepared", "place")

    def person(self, user: str, role: Role, *, is_moderator: bool = False) -> Caller:
        member = samples.member(workspace=HERE, user=user, role=role, is_moderator=is_moderator)
        self.add(member)
        return Caller(HERE, user, scopes_of(member.standing, {}), Actor(user, role.value))

    def session(self, user: str) -> str:
        token = token_of(SESSION_PREFIX, user, self.ids.token())
        self.changes.keep(open_session(user, token, self.now, "", ""))
        return token

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def recorded(self) -> list[AuditRecord]:
        return self.records.audit


class Keys:
    """The desk for API keys, under the same names as the one for clients: what holds of both is
    said once.
    """

    def __init__(self, desk: Credentials) -> None:
        self.desk = desk
        self.get, self.page = desk.key, desk.keys
        self.rotate, self.revoke = desk.rotate_key, desk.revoke_key

    def create(self, caller: Caller, name: str = "Shop", key: str | None = None) -> Issued[ApiKey]:
        return self.desk.create_key(caller, replace(NEW_KEY, name=name), key)

    def check(self, access: Access, name: str, secret: str) -> None:  # noqa: ARG002 - in the token
        access.caller(secret, HERE, ORIGIN)


class Clients:
    def __init__(self, desk: Credentials) -> None:
        self.desk = desk
        self.get, self.page = desk.client, desk.clients
        self.rotate, self.revoke = desk.rotate_client, desk.revoke_client

    def create(self, caller: Caller, name: str = "Shop", key: str | None = None) -> Issued[Client]:
        return self.desk.create_client(caller, replace(NEW_CLIENT, name=name), key)

    def check(self, access: Access, name: str, secret: str) -> None:
        access.client(f"{HERE}.{name}", secret)


Kind = Keys | Clients


def holds(kind: Kind, access: Access, name: str, secret: str | None) -> bool:
    """Whether that process takes the secret of the credential of that id."""
    assert secret, "a repeated request shows no secret"
    try:
        kind.check(access, name, secret)
    except Unauthenticated:
        return False
    return True
