"""Two hundred changes at once, each with its audit record, while several seal: all are written, and
one unbroken chain comes of it. On the embedded stand-in, whose conditions hold under races.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from typing import TYPE_CHECKING

import boto3
import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamo.audit import DynamoAuditLog
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.store import Store
from chalicelib.adapters.ids import UlidIds
from chalicelib.domain.audit import Actor, key_of
from chalicelib.domain.audit_check import check
from chalicelib.usecases.auditing import Auditor, Retentions
from chalicelib.usecases.sealing import Keeper, Sealer
from localstack.ministack import Ministack
from localstack.places import STACK_PYTHON
from tests.fakes import exports, samples
from tests.fakes.audit_fallback import FakeCheckpoints
from tests.fakes.cloud import RESOURCES, TABLES, make_table
from tests.fakes.records import FakeDirectory, Records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.audit import AuditRecord

WRITERS, SEALERS = 200, 3
WORKSPACE = "wsp_a"
WHO = Actor("usr_a", "admin", "192.0.2.1", "test", "req-1")


@pytest.fixture
def store(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    if not STACK_PYTHON.exists():
        pytest.fail("There is no venv for ministack: run these tests with `make test`.")
    stack = Ministack(STACK_PYTHON, tmp_path_factory.mktemp("dynamodb"))
    stack.start()
    try:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)
        # One of its own: the others' goes to moto.
        client = boto3.client("dynamodb")
        for name, resource in RESOURCES.items():
            make_table(name, resource, client)
        client.close()
        store = Store(TABLES)
        yield store
        store.connection.client.close()
    finally:
        stack.stop()


@pytest.mark.enable_socket
@pytest.mark.timeout(120)
def test_two_hundred_writers_and_three_sealers_make_one_chain(store: Store) -> None:
    clock = SystemClock()
    log, changes, ids = DynamoAuditLog(store), DynamoChanges(store), UlidIds(clock)
    auditor = Auditor(clock, ids, Retentions(FakeDirectory(Records()), clock))
    keeper = Keeper(log, FakeCheckpoints(), clock)
    log.append(auditor.record(WORKSPACE, WHO, "test.first", WORKSPACE))
    keeper.seal(WORKSPACE)
    start, done = Barrier(WRITERS + SEALERS), Event()

    def write(number: int) -> AuditRecord:
        audit = auditor.record(WORKSPACE, WHO, "test.written", f"key_{number}")
        start.wait()
        changes.commit(samples.api_key(id=f"key_{number}"), audit=audit)
        return audit

    def seal(_: int) -> None:
        start.wait()
        while not done.is_set():
            Sealer(log, clock).seal(WORKSPACE)

    with ThreadPoolExecutor(WRITERS + SEALERS) as pool:
        sealing = [pool.submit(seal, number) for number in range(SEALERS)]
        written = [future.result() for future in [pool.submit(write, n) for n in range(WRITERS)]]
        done.set()
        for each in sealing:
            each.result()
    Sealer(log, clock).seal(WORKSPACE)

    records = log.since(WORKSPACE, written[0].at - timedelta(minutes=1), after=None, limit=999)
    seals = log.seals(WORKSPACE, after=0, limit=999)
    named = [item.key for each in seals for item in each.records]
    assert len(named) == len(set(named)) == WRITERS + 1
    assert {key_of(record) for record in written} <= set(named)
    now = clock.now()
    lines = exports.export(seals, records.items, now, now + timedelta(seconds=1))
    found = check(exports.reading(lines), exports.verify)
    assert found.first is None
    assert found.intact == WRITERS + 1
