"""The audit log while DynamoDB is away, from the request to the chain: what no transaction carries
waits on S3, comes back in order and once, and is sealed. The fault lies beneath the SDK.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.adapters.audit_fallback import S3AuditFallback
from chalicelib.adapters.dynamo.audit import DynamoAuditLog
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.adapters.dynamo.store import BRISK
from chalicelib.domain.audit import Actor, key_of
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.auditing import AWAY, Auditor, Recorder, Retentions
from chalicelib.usecases.sealing import Keeper
from chalicelib.usecases.sweeping import AuditSweep
from tests.fakes import samples
from tests.fakes.audit_fallback import FakeCheckpoints
from tests.fakes.cloud import mocked_cloud
from tests.fakes.services import FakeClock, FakeIds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.audit import AuditRecord
    from tests.fakes.cloud import Cloud

WORKSPACE = "wsp_a"
WHO = Actor("usr_a", "user", "192.0.2.1", "test", "req-1")
# As few and as small as a test can fill.
SEGMENTS, SEGMENT_BYTES = 3, 2_000


@dataclass
class Bench:
    store: Store
    brisk: Store
    clock: FakeClock
    auditor: Auditor
    recorder: Recorder
    fallback: S3AuditFallback
    sweep: AuditSweep

    def note(self, action: str, workspace: str = WORKSPACE) -> AuditRecord:
        self.clock.advance(timedelta(milliseconds=7))
        record = self.auditor.record(workspace, WHO, action, "usr_a")
        self.recorder.note(record)
        return record

    def stored(self, workspace: str = WORKSPACE) -> list[AuditRecord]:
        return list(
            self.sweep.log.since(
                workspace, self.auditor.clock.now() - timedelta(days=1), after=None, limit=1000
            ).items
        )

    @contextmanager
    def away(self) -> Iterator[Counter[str]]:
        """DynamoDB, as if its address answered nobody; S3 stands."""
        asked: Counter[str] = Counter()

        def refuse(request: Any, **_: object) -> None:
            asked["requests"] += 1
            raise EndpointConnectionError(endpoint_url=request.url)

        clients = [store.connection.client for store in (self.store, self.brisk)]
        for client in clients:
            client.meta.events.register_first("before-send.dynamodb", refuse)
        try:
            yield asked
        finally:
            for client in clients:
                client.meta.events.unregister("before-send.dynamodb", refuse)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mocked_cloud() as cloud:
        yield cloud


@pytest.fixture
def bench(cloud: Cloud) -> Bench:
    clock, ids, store = FakeClock(), FakeIds(), cloud.store
    brisk = store.limited(BRISK)
    directory = DynamoDirectory(store)
    retentions = Retentions(directory, clock)
    for workspace in (WORKSPACE, MASTER):
        DynamoChanges(store).keep(samples.workspace(id=workspace))
        retentions.of(workspace)
    fallback = S3AuditFallback(
        cloud.clients, cloud.bucket, segments=SEGMENTS, segment_bytes=SEGMENT_BYTES
    )
    log = DynamoAuditLog(store)
    return Bench(
        store=store,
        brisk=brisk,
        clock=clock,
        auditor=Auditor(clock, ids, retentions),
        recorder=Recorder(DynamoAuditLog(brisk), fallback, clock),
        fallback=fallback,
        sweep=AuditSweep(directory, log, fallback, Keeper(log, FakeCheckpoints(), clock), clock),
    )


def logged(caplog: pytest.LogCaptureFixture, sentinel: str) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.message == sentinel]


def test_nothing_is_lost_and_all_comes_back_in_order_once(bench: Bench) -> None:
    before = bench.note("before")
    with bench.away():
        kept = [bench.note(f"away.{number}") for number in range(8)]
        kept += [bench.note("away.master", MASTER)]
    after = bench.note("after.away")
    bench.clock.advance(AWAY)
    back = bench.note("back")

    touched = bench.sweep.flush()
    assert bench.fallback.size() == 0
    assert set(touched) == {WORKSPACE, MASTER}
    expected = [before, *kept[:-1], after, back]
    assert bench.stored() == expected
    assert [key_of(record) for record in expected] == sorted(map(key_of, expected))
    assert bench.stored(MASTER) == kept[-1:]

    assert bench.sweep.flush() == {}
    assert bench.stored() == expected
    for visit in bench.sweep.visits(touched):
        bench.sweep.tend(visit)
    (seal,) = bench.sweep.log.seals(WORKSPACE, after=0, limit=9)
    assert [item.key for item in seal.records] == [key_of(record) for record in expected]


def test_while_it_is_away_nobody_waits_for_it_each_time(bench: Bench) -> None:
    with bench.away() as asked:
        bench.note("first")
        tries = asked["requests"]
        bench.note("second")
        assert asked["requests"] == tries
        bench.clock.advance(AWAY)
        bench.note("third")
        assert asked["requests"] > tries


def test_beyond_the_cap_each_lost_one_is_counted(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with bench.away():
        noted = [bench.note(f"away.{number}") for number in range(40)]
        assert bench.fallback.size() <= SEGMENTS * SEGMENT_BYTES
    bench.sweep.flush()
    stored = bench.stored()
    lost = len(noted) - len(stored)
    assert lost > 0
    # What fits is kept whole, whatever comes later.
    assert stored == [record for record in noted if record in stored]
    assert len(logged(caplog, "[audit-fallback-overflow]")) == lost


def test_what_waits_is_told_without_what_it_says(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with bench.away():
        bench.note("numbers.read")
    (line,) = logged(caplog, "[audit-fallback]")
    assert (line["action"], line["workspace"]) == ("numbers.read", WORKSPACE)
    assert "192.0.2.1" not in str(line)


def test_a_flush_into_a_table_that_is_still_away_keeps_all(bench: Bench) -> None:
    with bench.away():
        kept = [bench.note(f"away.{number}") for number in range(3)]
        assert bench.sweep.flush() == {}
        assert bench.fallback.size() > 0
    bench.sweep.flush()
    assert bench.stored() == kept


def test_what_is_privileged_is_refused_and_leaves_nothing(bench: Bench) -> None:
    root = Actor("usr_root", Role.SUPER_ADMIN.value)
    with bench.away():
        record = bench.auditor.record(WORKSPACE, root, "workspace.visited", WORKSPACE)
        for refuse in (bench.recorder.must, bench.recorder.write):
            with pytest.raises(Unavailable):
                refuse(record)
    assert bench.fallback.size() == 0
    assert bench.stored() == []
