"""The fallback store on S3: its cap, what S3's own trouble does to it, and races.

moto looks whether a condition holds and writes later, so races run on the embedded stand-in, which
does both in one.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.adapters import audit_fallback
from chalicelib.adapters.audit_fallback import GROUP, SEGMENT_BYTES, SEGMENTS, S3AuditFallback
from chalicelib.adapters.aws import Clients
from localstack.ministack import Ministack
from localstack.places import STACK_PYTHON
from tests.fakes import samples
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.domain.audit import AuditRecord
    from tests.fakes.cloud import Cloud

PUT = "provide-client-params.s3.PutObject"
DELETE = "provide-client-params.s3.DeleteObject"
NUMBER = "+4917012345678"


def after(seconds: int) -> AuditRecord:
    return samples.audit(at=MORNING + timedelta(seconds=seconds))


def drained(fallback: S3AuditFallback) -> list[AuditRecord]:
    taken: list[AuditRecord] = []
    fallback.drain(taken.append)
    return taken


def objects(cloud: Cloud) -> list[str]:
    answer = cloud.clients.s3().list_objects_v2(Bucket=cloud.bucket)
    return [each["Key"] for each in answer.get("Contents", ())]


# --- the cap ---


def test_all_segments_together_stay_below_200_mb() -> None:
    assert 199_000_000 < SEGMENTS * SEGMENT_BYTES <= 200_000_000


def test_a_record_larger_than_a_segment_is_not_kept(cloud: Cloud) -> None:
    fallback = S3AuditFallback(cloud.clients, cloud.bucket, segment_bytes=1_000)

    assert not fallback.keep(samples.audit(after={"text": "x" * 1_000}))
    assert objects(cloud) == []


def test_each_process_has_a_segment_while_there_are_free_ones(cloud: Cloud) -> None:
    for seconds in range(4):
        S3AuditFallback(cloud.clients, cloud.bucket, segments=4).keep(after(seconds))

    assert len(objects(cloud)) == 4


# --- trouble with S3 ---


def test_a_request_does_not_wait_long_for_s3(cloud: Cloud) -> None:
    """The API's callers are gone after 29 s, and have waited for the database before."""
    config: Any = cloud.clients.brief_s3().meta.config
    once = config.connect_timeout + config.read_timeout

    assert once * config.retries["total_max_attempts"] <= 10


@dataclass
class Trouble:
    """What happens at the next writes or deletions, before S3 sees them; the last one first."""

    then: list[Callable[[dict[str, Any]], None]] = field(default_factory=list)

    def __call__(self, params: dict[str, Any], **_: object) -> None:
        if self.then:
            self.then.pop()(params)


@pytest.fixture
def trouble(cloud: Cloud) -> Iterator[Trouble]:
    events = cloud.clients.brief_s3().meta.events
    made = Trouble()
    for event in (PUT, DELETE):
        events.register(event, made, unique_id=event)
    yield made
    for event in (PUT, DELETE):
        events.unregister(event, unique_id=event)


@pytest.mark.parametrize("already", [0, 1])
def test_a_write_whose_answer_was_lost_counts_once(
    cloud: Cloud, trouble: Trouble, already: int
) -> None:
    """The SDK tries again, and meets what its own first try wrote: at a claim as at an append."""
    fallback = S3AuditFallback(cloud.clients, cloud.bucket)
    records = [after(seconds) for seconds in range(already + 2)]
    for record in records[:already]:
        assert fallback.keep(record)
    trouble.then = [lambda params: void(cloud.clients.s3().put_object(**params))]

    for record in records[already:]:
        assert fallback.keep(record)

    assert trouble.then == []
    assert len(objects(cloud)) == 1
    assert drained(fallback) == records


def test_a_write_that_was_made_although_it_failed_is_not_lost(
    cloud: Cloud, trouble: Trouble
) -> None:
    """It timed out and was made all the same: what is kept next does not write over it."""
    fallback = S3AuditFallback(cloud.clients, cloud.bucket)
    records = [after(seconds) for seconds in range(3)]
    fallback.keep(records[0])

    def made_and_failed(params: dict[str, Any]) -> None:
        cloud.clients.s3().put_object(**params)
        raise EndpointConnectionError(endpoint_url="s3")

    trouble.then = [made_and_failed]
    assert not fallback.keep(records[1])
    assert fallback.keep(records[2])

    assert drained(fallback) == records


def test_a_number_that_others_take_first_is_left_to_them(cloud: Cloud, trouble: Trouble) -> None:
    """Seven times, so also after looking which ones are free."""
    chances = (number / 10 for number in range(10))
    fallback = S3AuditFallback(
        cloud.clients, cloud.bucket, segments=30, chance=lambda: next(chances)
    )
    records = [after(seconds) for seconds in range(8)]
    others = iter(records[:7])

    def faster(params: dict[str, Any]) -> None:
        body = audit_fallback._line(next(others))
        cloud.clients.s3().put_object(Bucket=cloud.bucket, Key=params["Key"], Body=body)

    trouble.then = [faster] * 7
    assert fallback.keep(records[7])

    assert drained(fallback) == records


def test_what_changes_at_this_very_moment_is_left_alone(cloud: Cloud, trouble: Trouble) -> None:
    """S3 does not wait for the other one to end: it answers 409."""
    busy = ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")
    fallback = S3AuditFallback(cloud.clients, cloud.bucket)
    records = [after(0), after(1)]
    trouble.then = [raiser(busy)]
    assert fallback.keep(records[0])
    trouble.then = [raiser(busy)]
    assert fallback.keep(records[1])
    trouble.then = [raiser(busy)]

    assert drained(fallback) == records
    assert len(objects(cloud)) == 1
    assert len(drained(fallback)) == 1


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="s3"),
        ClientError({"Error": {"Code": "SlowDown", "Message": "later"}}, "PutObject"),
    ],
)
def test_when_s3_is_away_too_the_record_is_told_as_lost(
    cloud: Cloud, trouble: Trouble, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    fallback = S3AuditFallback(cloud.clients, cloud.bucket)
    trouble.then = [raiser(error), raiser(error)]

    assert not fallback.keep(after(0))
    assert not fallback.keep(after(1))
    assert fallback.keep(after(2))

    assert [record.message for record in caplog.records] == [
        "[audit-fallback-overflow]",
        "[audit-fallback-overflow]",
        "[audit-fallback]",
    ]
    assert [vars(record).get("lost") for record in caplog.records] == [1, 2, None]


@pytest.mark.parametrize("room", [True, False])
def test_the_log_tells_of_a_record_but_not_what_is_in_it(
    cloud: Cloud, caplog: pytest.LogCaptureFixture, *, room: bool
) -> None:
    fallback = S3AuditFallback(cloud.clients, cloud.bucket, segment_bytes=1_000 if room else 10)
    record = samples.audit(action="recipients.read", after={"number": NUMBER})

    assert fallback.keep(record) is room

    (told,) = caplog.records
    facts = vars(told)
    assert (facts["action"], facts["workspace"]) == ("recipients.read", "wsp_a")
    assert told.message == ("[audit-fallback]" if room else "[audit-fallback-overflow]")
    assert not {NUMBER, "127.0.0.1", "usr_a"} & set(map(str, facts.values()))
    assert NUMBER not in str(facts)


def test_a_segment_that_cannot_be_read_stays_and_stops_nobody(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    fallback = S3AuditFallback(cloud.clients, cloud.bucket)
    fallback.keep(after(0))
    broken = "audit-fallback/999999.jsonl"
    for body in (b'{"id": ', b'["no record"]\n', b"\xff\n"):
        cloud.clients.s3().put_object(Bucket=cloud.bucket, Key=broken, Body=body)
        fallback.keep(after(1))

        assert drained(fallback) != []
        assert objects(cloud) == [broken]
        assert caplog.records[-1].message == "segment cannot be read"
        assert vars(caplog.records[-1])["key"] == broken


def test_a_drain_that_s3_fails_says_so(cloud: Cloud) -> None:
    fallback = S3AuditFallback(cloud.clients, "no-such-bucket")

    with pytest.raises(ClientError, match="NoSuchBucket"):
        fallback.drain(void)


# --- draining a full store ---


def test_a_drain_that_is_cut_short_again_and_again_comes_to_an_end(cloud: Cloud) -> None:
    """Each run takes no more than it has time for, and dies: what it has done must not be lost."""
    many = 3 * GROUP
    records = [after(seconds) for seconds in range(2 * many)]
    writers = [
        S3AuditFallback(cloud.clients, cloud.bucket, segments=many, chance=_at(number, many))
        for number in range(many)
    ]
    # Each writes an early and a late one: no segment is done before all others are begun.
    for number, record in enumerate(records):
        assert writers[number % many].keep(record)
    taken: Counter[str] = Counter()
    runs = 0
    while objects(cloud):
        runs += 1
        assert runs < 10
        left = iter(range(2 * GROUP + GROUP // 2))

        def take(record: AuditRecord, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            taken[record.id] += 1

        with contextlib.suppress(KeyboardInterrupt):
            writers[0].drain(take)

    assert set(taken) == {record.id for record in records}


def _at(number: int, of: int) -> Callable[[], float]:
    return lambda: (number + 0.5) / of


# --- races, on a server ---


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    if not STACK_PYTHON.exists():
        pytest.fail("There is no venv for ministack: run these tests with `make test`.")
    stack = Ministack(STACK_PYTHON, tmp_path_factory.mktemp("s3"))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
def bucket(server: Ministack, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Clients, str]]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
    clients = Clients(path_style=True)
    name = samples.audit().id.replace("_", "-")
    clients.s3().create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    clients.brief_s3()
    yield clients, name
    clients.s3().close()
    clients.brief_s3().close()


@pytest.mark.enable_socket
@pytest.mark.parametrize(("processes", "each"), [(20, 50), (1, 10)])
def test_writers_and_drains_at_once_lose_nothing(
    bucket: tuple[Clients, str], processes: int, each: int
) -> None:
    """Twenty writers, as processes of their own or as threads of one; fewer segments than them."""
    segments, segment_bytes = 12, 8 * 1024
    stores = [
        S3AuditFallback(*bucket, segments=segments, segment_bytes=segment_bytes)
        for _ in range(processes)
    ]
    records = [[after(seconds) for seconds in range(each)] for _ in range(20)]
    start = Barrier(22)
    kept: list[str] = []
    taken: list[str] = []
    largest = 0

    def write(writer: int) -> None:
        start.wait()
        store = stores[writer % processes]
        kept.extend(record.id for record in records[writer] if store.keep(record))

    def drain_until(stop: Callable[[], bool]) -> None:
        nonlocal largest
        store = S3AuditFallback(*bucket)
        start.wait()
        while not stop():
            largest = max(largest, store.size())
            store.drain(lambda record: taken.append(record.id))

    with ThreadPoolExecutor(22) as threads:
        writers = [threads.submit(write, number) for number in range(20)]
        done = lambda: all(writer.done() for writer in writers)  # noqa: E731 - a word for it
        drains = [threads.submit(drain_until, done) for _ in range(2)]
        for thread in (*writers, *drains):
            thread.result()

    last = S3AuditFallback(*bucket)
    last.drain(lambda record: taken.append(record.id))
    assert set(taken) == set(kept)
    assert len(kept) > 10 * each
    assert 0 < largest <= segments * segment_bytes
    assert last.size() == 0


@pytest.mark.enable_socket
def test_threads_of_one_process_share_its_segment(bucket: tuple[Clients, str]) -> None:
    store = S3AuditFallback(*bucket)
    start = Barrier(20)

    def write(writer: int) -> bool:
        start.wait()
        return all(store.keep(after(10 * writer + number)) for number in range(3))

    with ThreadPoolExecutor(20) as threads:
        assert all(threads.map(write, range(20)))

    clients, name = bucket
    assert len(clients.s3().list_objects_v2(Bucket=name)["Contents"]) == 1
    assert len(drained(store)) == 60


@pytest.mark.enable_socket
def test_no_room_is_wasted_and_none_is_taken_twice(bucket: tuple[Clients, str]) -> None:
    """Twenty processes fill the store to the brim, and what they were told is true."""
    cap = 12 * 4 * 1024
    start = Barrier(20)

    def fill(writer: int) -> list[str]:
        store = S3AuditFallback(*bucket, segments=12, segment_bytes=4 * 1024)
        records = [after(100 * writer + number) for number in range(20)]
        start.wait()
        return [record.id for record in records if store.keep(record)]

    with ThreadPoolExecutor(20) as threads:
        kept = [each for ids in threads.map(fill, range(20)) for each in ids]

    store = S3AuditFallback(*bucket)
    assert 0.8 * cap < store.size() <= cap
    assert sorted(kept) == sorted(record.id for record in drained(store))


def void(_: object) -> None:
    """Take it and do nothing."""


def raiser(error: Exception) -> Callable[[dict[str, Any]], None]:
    def fail(_: dict[str, Any]) -> None:
        raise error

    return fail
