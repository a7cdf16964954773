"""What the adapters do when DynamoDB is busy, slow, or gives less than was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import ANY, Stubber
from pynamodb.exceptions import PutError, PynamoDBException, TransactWriteError, UpdateError

from chalicelib.adapters.dynamo import store as stores
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.delivery import DynamoDelivery
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.adapters.dynamo.kinds import REVISION
from chalicelib.adapters.dynamo.store import TRIES, Store
from chalicelib.domain.errors import Exists, Stale, Unavailable
from tests.fakes import samples
from tests.fakes.cloud import TABLES, noted_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.usecases.ports import Versioned


@pytest.fixture
def waits() -> list[int]:
    return []


@pytest.fixture
def busy(waits: list[int]) -> Iterator[tuple[Store, Stubber]]:
    """A store whose DynamoDB answers what a test lays out, and nothing else."""
    store = Store(TABLES, wait=waits.append)
    with Stubber(store.connection.client) as stubber:
        yield store, stubber


def cancel(stubber: Stubber, *reasons: str) -> None:
    stubber.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": reason} for reason in reasons]},
    )


def test_a_transaction_that_met_another_is_tried_again(
    busy: tuple[Store, Stubber], waits: list[int]
) -> None:
    store, stubber = busy
    cancel(stubber, "TransactionConflict", "None", "None")
    cancel(stubber, "None", "None", "ThrottlingError")
    stubber.add_response("transact_write_items", {})

    DynamoChanges(store).commit(samples.campaign(), audit=samples.audit())

    stubber.assert_no_pending_responses()
    assert waits == [0, 1]


def test_a_transaction_that_always_meets_another_is_stale(busy: tuple[Store, Stubber]) -> None:
    store, stubber = busy
    for _ in range(TRIES):
        cancel(stubber, "TransactionConflict", "None", "None")

    with pytest.raises(Stale):
        DynamoChanges(store).commit(samples.campaign(), audit=samples.audit())

    stubber.assert_no_pending_responses()


def test_a_failed_condition_counts_even_beside_a_conflict(
    busy: tuple[Store, Stubber], waits: list[int]
) -> None:
    store, stubber = busy
    cancel(stubber, "TransactionConflict", "None", "ConditionalCheckFailed", "None")

    with pytest.raises(Exists, match="sender"):
        DynamoChanges(store).commit(samples.campaign(), samples.sender(), audit=samples.audit())
    assert waits == []


def test_each_reason_is_taken_for_its_own_step(busy: tuple[Store, Stubber]) -> None:
    """DynamoDB gets puts before updates, whatever the order of the records."""
    store, stubber = busy
    changes = DynamoChanges(store)
    channel, sender = samples.channel(version=1), samples.sender()
    cancel(stubber, "None", "None", "ConditionalCheckFailed")
    cancel(stubber, "ConditionalCheckFailed", "None", "None")

    with pytest.raises(Stale):
        changes.commit(channel, sender, audit=samples.audit())
    with pytest.raises(Exists, match="sender"):
        changes.commit(channel, sender, audit=samples.audit())


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_is_always_throttled_finds_the_database_away(
    busy: tuple[Store, Stubber], waits: list[int], reason: str
) -> None:
    store, stubber = busy
    for _ in range(TRIES):
        cancel(stubber, "None", "None", reason)

    with pytest.raises(Unavailable, match=r"^The database does not"):
        DynamoChanges(store).commit(samples.campaign(), audit=samples.audit())
    assert len(waits) == TRIES - 1


def test_a_failure_that_says_nothing_of_the_records_is_told_as_it_is(
    busy: tuple[Store, Stubber], waits: list[int]
) -> None:
    store, stubber = busy
    cancel(stubber, "ValidationError", "None", "None")

    with pytest.raises(TransactWriteError):
        DynamoChanges(store).commit(samples.campaign(), audit=samples.audit())
    assert waits == []


def test_removals_come_before_what_is_written_and_have_reasons_of_their_own(
    busy: tuple[Store, Stubber],
) -> None:
    store, stubber = busy
    changes = DynamoChanges(store)
    fresh = samples.sender()
    gone: list[Versioned] = [samples.member(version=1), samples.session(version=1)]
    cancel(stubber, "None", "ConditionalCheckFailed", "None", "None")
    cancel(stubber, "None", "None", "ConditionalCheckFailed", "None")

    with pytest.raises(Stale):
        changes.commit(fresh, remove=gone, audit=samples.audit())
    with pytest.raises(Exists, match="sender"):
        changes.commit(fresh, remove=gone, audit=samples.audit())


def test_forgetting_leaves_alone_what_is_always_in_a_transaction(
    busy: tuple[Store, Stubber], waits: list[int]
) -> None:
    store, stubber = busy
    for _ in range(TRIES):
        cancel(stubber, "TransactionConflict")

    DynamoChanges(store).forget(samples.session(version=1))

    stubber.assert_no_pending_responses()
    assert len(waits) == TRIES - 1


def test_a_transaction_takes_a_hundred_steps(store: Store) -> None:
    changes = DynamoChanges(store)
    sessions = [changes.keep(samples.session(digest=f"{number:064}")) for number in range(100)]

    with pytest.raises(TransactWriteError):
        changes.commit(remove=sessions, audit=samples.audit())
    changes.commit(remove=sessions[:99], audit=samples.audit())

    assert DynamoDirectory(store).sessions("usr_a") == sessions[99:]


def test_a_call_that_is_refused_altogether_is_told_as_it_is(busy: tuple[Store, Stubber]) -> None:
    store, stubber = busy
    stubber.add_client_error("transact_write_items", "AccessDeniedException")

    with pytest.raises(TransactWriteError) as caught:
        DynamoCampaigns(store).put_window(samples.window())

    assert caught.value.cause_response_code == "AccessDeniedException"


def test_a_write_that_meets_a_transaction_is_tried_again(
    busy: tuple[Store, Stubber], waits: list[int]
) -> None:
    store, stubber = busy
    for call in ("update_item", "put_item", "delete_item"):
        stubber.add_client_error(call, "TransactionConflictException")
        stubber.add_response(call, {})
    delivery = DynamoDelivery(store)

    assert delivery.adopt(samples.chunk(), 1)
    delivery.append(samples.journal_item())
    delivery.remove_offer(samples.offer())

    stubber.assert_no_pending_responses()
    assert waits == [0, 0, 0]


def test_a_write_that_fails_otherwise_is_told_as_it_is(busy: tuple[Store, Stubber]) -> None:
    store, stubber = busy
    delivery = DynamoDelivery(store)
    stubber.add_client_error("update_item", "AccessDeniedException")
    stubber.add_client_error("put_item", "AccessDeniedException")

    with pytest.raises(UpdateError):
        delivery.adopt(samples.chunk(), 1)
    with pytest.raises(PutError):
        delivery.append(samples.journal_item())


def test_deletions_that_were_left_undone_are_done_later(
    busy: tuple[Store, Stubber], waits: list[int]
) -> None:
    store, stubber = busy
    items = [samples.journal_item(sequence=number) for number in range(30)]
    undone = {"pk": {"S": "wsp_a#JOURNAL#cmp_a#00000"}, "sk": {"S": "bridge-a.1#0000000003"}}
    stubber.add_response(
        "batch_write_item",
        {"UnprocessedItems": {"delivery": [{"DeleteRequest": {"Key": undone}}]}},
    )
    stubber.add_response(
        "batch_write_item",
        {"UnprocessedItems": {}},
        {"RequestItems": {"delivery": ANY}, "ReturnConsumedCapacity": "TOTAL"},
    )

    DynamoDelivery(store).drop(items)

    stubber.assert_no_pending_responses()
    assert waits == [0]


def test_deletions_that_are_never_done_are_told(
    busy: tuple[Store, Stubber], waits: list[int]
) -> None:
    store, stubber = busy
    undone = {"pk": {"S": "wsp_a#JOURNAL#cmp_a#00000"}, "sk": {"S": "bridge-a.1#0000000001"}}
    for _ in range(TRIES + 1):
        stubber.add_response(
            "batch_write_item",
            {"UnprocessedItems": {"delivery": [{"DeleteRequest": {"Key": undone}}]}},
        )

    with pytest.raises(PynamoDBException, match="undone"):
        DynamoDelivery(store).drop([samples.journal_item()])
    assert len(waits) == TRIES


def test_an_answer_of_several_pages_is_read_to_its_end(store: Store) -> None:
    """DynamoDB answers a megabyte at most."""
    revisions = store.of(REVISION)
    for number in range(5):
        revisions.put(samples.revision(number=number, use="x" * 300_000))

    assert len(DynamoCampaigns(store).revisions("wsp_a", "snd_a")) == 5


def test_a_repeated_call_is_known_by_its_token(store: Store) -> None:
    changes = DynamoChanges(store)
    with noted_calls(store) as sent:
        changes.commit(samples.campaign(), audit=samples.audit())
        kept = changes.keep(samples.attempts())
        changes.forget(kept)
        DynamoCampaigns(store).put_window(samples.window())

    assert {name for name, _ in sent} == {"TransactWriteItems"}
    assert len({call["ClientRequestToken"] for _, call in sent}) == 4


def test_waiting_is_bounded(store: Store) -> None:
    config: Any = store.connection.client.meta.config

    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert config.retries["total_max_attempts"] == 4
    assert config.max_pool_connections == 32


def test_pauses_grow_and_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)

    for attempt in range(TRIES):
        stores.pause(attempt)

    for attempt, seconds in enumerate(slept):
        assert 0 <= seconds <= 0.025 * 2**attempt
    assert len(set(slept)) == TRIES
