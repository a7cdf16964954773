"""DynamoDB that does not answer: faults beneath the SDK, so that its retries are seen too."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.session import Session
from pynamodb.exceptions import PynamoDBException

from chalicelib.adapters.dynamo.audit import DynamoAuditLog
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.adapters.dynamo.queue import DynamoQueue
from chalicelib.adapters.dynamo.store import BRISK, PATIENT, Store
from chalicelib.adapters.dynamo.suppressions import DynamoSuppressions
from chalicelib.domain.campaign_listing import CampaignQuery
from chalicelib.domain.errors import Unavailable
from chalicelib.usecases.ports import AuditQuery
from tests.fakes import samples
from tests.fakes.cloud import TABLES
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENDPOINT = "https://dynamodb.eu-west-1.amazonaws.com"


class Body:
    """As urllib3 gives it to botocore."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Iterator[bytes]:
        yield self._data


def answer(status: int, body: bytes) -> AWSResponse:
    headers = HTTPHeaders()
    headers["content-type"] = "application/x-amz-json-1.0"
    return AWSResponse(ENDPOINT, status, headers, Body(body))


def error(status: int, code: str) -> AWSResponse:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "No."}
    return answer(status, json.dumps(body).encode())


AWAY: dict[str, Callable[[], AWSResponse | Exception]] = {
    "nobody there": lambda: EndpointConnectionError(endpoint_url=ENDPOINT),
    "no connection in time": lambda: ConnectTimeoutError(endpoint_url=ENDPOINT),
    "no answer in time": lambda: ReadTimeoutError(endpoint_url=ENDPOINT),
    "cut off": lambda: ConnectionClosedError(endpoint_url=ENDPOINT),
    "no TLS": lambda: SSLError(endpoint_url=ENDPOINT, error=OSError("reset")),
    "500": lambda: error(500, "InternalServerError"),
    "503": lambda: error(503, "ServiceUnavailable"),
    "a proxy's 502": lambda: answer(502, b"<html>Bad gateway</html>"),
    "throttled": lambda: error(400, "ThrottlingException"),
    "over the limit": lambda: error(400, "RequestLimitExceeded"),
    "over the table's limit": lambda: error(400, "ProvisionedThroughputExceededException"),
    "still at it": lambda: error(400, "TransactionInProgressException"),
}
ANSWERED = {
    "denied": lambda: error(400, "AccessDeniedException"),
    "no such table": lambda: error(400, "ResourceNotFoundException"),
    "not valid": lambda: error(400, "ValidationException"),
}
READING: dict[str, Callable[[DynamoAuditLog], object]] = {
    "page": lambda log: log.page("wsp_a", AuditQuery(), after=None, limit=2),
    "since": lambda log: log.since("wsp_a", MORNING, after=None, limit=2),
    "last_seal": lambda log: log.last_seal("wsp_a"),
    "seals": lambda log: log.seals("wsp_a", after=0, limit=2),
    "seals_back_to": lambda log: log.seals_back_to("wsp_a", MORNING),
}
LOGGING: dict[str, Callable[[DynamoAuditLog], object]] = {
    **READING,
    "append": lambda log: log.append(samples.audit()),
    "add_seal": lambda log: log.add_seal(samples.seal()),
}
WRITING: dict[str, Callable[[Store], object]] = {
    "commit": lambda store: DynamoChanges(store).commit(samples.user(), audit=samples.audit()),
    "removal": lambda store: DynamoChanges(store).commit(
        remove=[samples.session(version=1)], audit=samples.audit()
    ),
    "keep": lambda store: DynamoChanges(store).keep(samples.attempts()),
    "forget": lambda store: DynamoChanges(store).forget(samples.attempts(version=1)),
    "put_window": lambda store: DynamoCampaigns(store).put_window(samples.window()),
}


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Throttled, the SDK would wait for seconds."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


@contextmanager
def trouble(
    store: Store, *outcomes: Callable[[], AWSResponse | Exception] | None
) -> Iterator[list[str]]:
    """What each request meets, the last for all that follow; None lets it through. Gives bodies."""
    sent: list[str] = []

    # What it gives is the answer, for all that the stubs say.
    def meet(request: Any, **_: object) -> Any:
        outcome = outcomes[min(len(sent), len(outcomes) - 1)]
        sent.append(request.body.decode())
        met = outcome() if outcome else None
        if isinstance(met, Exception):
            raise met
        return met

    events = store.connection.client.meta.events
    events.register_first("before-send.dynamodb", meet)
    try:
        yield sent
    finally:
        events.unregister("before-send.dynamodb", meet)


@pytest.fixture(scope="module")
def session() -> Session:
    """To load one takes longer than most tests."""
    return Session()


@pytest.fixture
def lone(session: Session) -> Store:
    """With no DynamoDB behind it; made anew, for a client's retries run out."""
    return Store(TABLES, wait=lambda _: None, session=session)


@pytest.mark.parametrize("fault", AWAY)
@pytest.mark.parametrize("call", LOGGING)
def test_an_audit_log_that_does_not_answer_is_unavailable(
    lone: Store, call: str, fault: str
) -> None:
    with trouble(lone, AWAY[fault]), pytest.raises(Unavailable, match=r"^The audit log does not"):
        LOGGING[call](DynamoAuditLog(lone))


@pytest.mark.parametrize("fault", AWAY)
@pytest.mark.parametrize("call", WRITING)
def test_a_database_that_does_not_answer_is_unavailable(lone: Store, call: str, fault: str) -> None:
    with trouble(lone, AWAY[fault]), pytest.raises(Unavailable, match=r"^The database does not"):
        WRITING[call](lone)


@pytest.mark.parametrize("fault", ANSWERED)
def test_what_dynamodb_does_answer_is_told_as_it_is(lone: Store, fault: str) -> None:
    for call in LOGGING.values():
        with trouble(lone, ANSWERED[fault]) as sent, pytest.raises(PynamoDBException):
            call(DynamoAuditLog(lone))
        assert len(sent) == 1
    for write in WRITING.values():
        with trouble(lone, ANSWERED[fault]) as sent, pytest.raises(PynamoDBException):
            write(lone)
        assert len(sent) == 1


def test_nobody_waits_long_for_the_audit_log(lone: Store) -> None:
    brisk = lone.limited(BRISK)
    config: Any = brisk.connection.client.meta.config

    assert (config.connect_timeout, config.read_timeout) == (1, 2)
    with trouble(brisk, AWAY["nobody there"]) as sent, pytest.raises(Unavailable):
        DynamoAuditLog(brisk).append(samples.audit())
    assert len(sent) == 2
    with trouble(lone, AWAY["nobody there"]) as sent, pytest.raises(Unavailable):
        DynamoChanges(lone).keep(samples.attempts())
    assert len(sent) == PATIENT.attempts == 4


def test_a_store_of_other_limits_is_of_the_same_tables_and_session(store: Store) -> None:
    brisk = store.limited(BRISK)
    record = samples.audit()

    DynamoAuditLog(brisk).append(record)

    assert list(DynamoAuditLog(store).since("wsp_a", MORNING, after=None, limit=2).items) == [
        record
    ]
    assert brisk.connection.client is not store.connection.client
    assert brisk.connection.session is store.connection.session
    assert brisk.wait is store.wait


def test_a_short_trouble_is_not_told(store: Store) -> None:
    log, changes = DynamoAuditLog(store), DynamoChanges(store)
    record = samples.audit()

    with trouble(store, AWAY["cut off"], None):
        log.append(record)
    with trouble(store, AWAY["nobody there"], AWAY["no answer in time"], None):
        user = changes.keep(samples.user())

    assert list(log.page("wsp_a", AuditQuery(), after=None, limit=2).items) == [record]
    assert DynamoDirectory(store).user("usr_a") == user


# A fault that is answered while moto does what was asked, behind its back: a lost answer.
LOST = AWAY["500"]


def test_a_record_whose_answer_was_lost_is_appended_once(store: Store) -> None:
    log = DynamoAuditLog(store)
    record = samples.audit()

    with trouble(store, LOST, None) as sent:
        log.append(record)

    assert len(sent) == 2
    assert list(log.page("wsp_a", AuditQuery(), after=None, limit=2).items) == [record]


def test_a_write_that_is_repeated_carries_the_token_of_the_first_try(lone: Store) -> None:
    for write in WRITING.values():
        with trouble(lone, AWAY["no answer in time"]) as sent, pytest.raises(Unavailable):
            write(lone)
        assert len(sent) == 4
        assert len({json.loads(body)["ClientRequestToken"] for body in sent}) == 1


def test_a_lost_session_that_was_removed_all_the_same_is_gone(store: Store) -> None:
    changes = DynamoChanges(store)
    session = changes.keep(samples.session())

    with trouble(store, LOST), pytest.raises(Unavailable):
        changes.commit(remove=[session], audit=samples.audit())

    assert DynamoDirectory(store).session(session.user, session.digest) is None


@pytest.mark.parametrize("fault", AWAY.values(), ids=AWAY)
def test_other_readings_say_that_the_database_does_not_answer(
    lone: Store, fault: Callable[[], AWSResponse | Exception]
) -> None:
    directory = DynamoDirectory(lone)
    for read in (
        lambda: directory.seat("wsp_a", "usr_a"),
        lambda: directory.user("usr_a"),
        lambda: directory.members("wsp_a", after=None, limit=2),
        lambda: DynamoCampaigns(lone).campaign("wsp_a", "cmp_a"),
        lambda: DynamoCampaigns(lone).campaigns("wsp_a", CampaignQuery(), after=None, limit=2),
        lambda: DynamoCampaigns(lone).revisions_with_address("wsp_a", "ACME"),
        lambda: DynamoQueue(lone).waiting("wsp_a", None, after=None, limit=2),
        lambda: DynamoQueue(lone).mark("wsp_a"),
        lambda: list(DynamoSuppressions(lone).numbers("wsp_a")),
        lambda: DynamoSuppressions(lone).changes("wsp_a", MORNING),
    ):
        with trouble(lone, fault), pytest.raises(Unavailable, match=r"^The database"):
            read()


@pytest.mark.parametrize("fault", AWAY.values(), ids=AWAY)
def test_a_mark_that_cannot_be_changed_is_told(
    lone: Store, fault: Callable[[], AWSResponse | Exception]
) -> None:
    queue = DynamoQueue(lone)
    with trouble(lone, fault), pytest.raises(Unavailable, match=r"^The database"):
        queue.begin("wsp_a", "chg_1", MORNING)
    with trouble(lone, fault), pytest.raises(Unavailable, match=r"^The database"):
        queue.end("wsp_a", "chg_1")


def test_a_change_of_the_mark_whose_answer_was_lost_is_made_once(store: Store) -> None:
    queue = DynamoQueue(store)
    with trouble(store, LOST, None) as sent:
        queue.begin("wsp_a", "chg_1", MORNING)
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert queue.mark("wsp_a").under_way == {"chg_1": MORNING}

    with trouble(store, LOST, None):
        queue.end("wsp_a", "chg_1")
    assert queue.mark("wsp_a").under_way == {}
