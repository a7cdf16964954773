"""How much is asked of DynamoDB for what is read, and how consistently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber
from pynamodb.exceptions import PynamoDBException

from chalicelib.adapters.dynamo import keys
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.delivery import DynamoDelivery
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.adapters.dynamo.kinds import USER
from chalicelib.adapters.dynamo.queue import DynamoQueue
from chalicelib.adapters.dynamo.store import TRIES, Store
from chalicelib.adapters.dynamo.suppressions import DynamoSuppressions
from chalicelib.domain.campaign_listing import CampaignQuery, Sort
from tests.fakes import samples
from tests.fakes.cloud import TABLES, noted_calls
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.adapters.dynamo.keys import Key


@pytest.fixture
def waits() -> list[int]:
    return []


@pytest.fixture
def busy(waits: list[int]) -> Iterator[tuple[Store, Stubber]]:
    """A store whose DynamoDB answers what a test lays out, and nothing else."""
    store = Store(TABLES, wait=waits.append)
    with Stubber(store.connection.client) as stubber:
        yield store, stubber


@pytest.fixture
def sent(store: Store) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    with noted_calls(store) as calls:
        yield calls


def test_reads_are_consistent_but_for_pages_and_the_index(
    store: Store, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    delivery, campaigns, directory, queue = (
        DynamoDelivery(store),
        DynamoCampaigns(store),
        DynamoDirectory(store),
        DynamoQueue(store),
    )
    delivery.chunks("wsp_a", "cmp_a")
    delivery.inbox("chn_a", waiting=False, limit=1)
    delivery.journal("wsp_a", "cmp_a", 0)
    campaigns.live()
    directory.sessions("usr_a")
    directory.attempts("5" * 64, "elsewhere")
    directory.roster("wsp_a")
    campaigns.revisions("wsp_a", "snd_a")
    campaigns.survey("wsp_a", "cmp_a")
    queue.waiting("wsp_a", None, after=None, limit=1)
    queue.mark("wsp_a")
    suppressions = DynamoSuppressions(store)
    suppressions.changes("wsp_a", MORNING)
    suppressions.lists("wsp_a")
    assert list(suppressions.numbers("wsp_a")) == []
    # The order of making, where people look for what they have just made.
    campaigns.campaigns("wsp_a", CampaignQuery(), after=None, limit=1)
    assert all(call["ConsistentRead"] for _, call in sent)
    sent.clear()

    campaigns.campaigns("wsp_a", CampaignQuery(Sort.START), after=None, limit=1)
    campaigns.campaigns("wsp_a", CampaignQuery(Sort.SENDER), after=None, limit=1)
    campaigns.senders("wsp_a", after=None, limit=1)
    campaigns.deleted_campaigns("wsp_a", after=None, limit=1)
    directory.members("wsp_a", after=None, limit=1)
    directory.api_keys("wsp_a", after=None, limit=1)
    directory.memberships("usr_a")
    assert len(sent) == 7
    assert not any("ConsistentRead" in call for _, call in sent)


def test_an_address_tells_which_revisions_and_they_how_they_stand(
    store: Store, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    campaigns = DynamoCampaigns(store)
    DynamoChanges(store).commit(samples.revision(), audit=samples.audit())
    sent.clear()

    campaigns.revisions_with_address("wsp_a", "ACME")
    campaigns.revisions_with_address("wsp_a", "SHOP")

    (query, looking), (batch, reading), *rest = sent
    assert (query, looking["IndexName"], batch) == ("Query", "by_address", "BatchGetItem")
    (asked,) = reading["RequestItems"].values()
    assert asked["ConsistentRead"] is True
    assert [name for name, _ in rest] == ["Query"]


def test_millions_of_numbers_are_read_page_by_page_and_nothing_else_of_them(
    busy: tuple[Store, Stubber],
) -> None:
    store, stubber = busy
    asked: dict[str, Any] = {
        "TableName": "campaigns",
        "KeyConditionExpression": "#0 = :0",
        "ExpressionAttributeNames": {"#0": "pk", "#1": "number", "#2": "lifted_at"},
        "ExpressionAttributeValues": {":0": {"S": "wsp_a#SUPPRESSION"}},
        "ProjectionExpression": "#1, #2",
        "ConsistentRead": True,
        "ReturnConsumedCapacity": "TOTAL",
    }
    left = {"pk": {"S": "wsp_a#SUPPRESSION"}, "sk": {"S": "0" * 16}}
    page = {"Count": 1, "ScannedCount": 1}
    first = page | {"Items": [{"number": {"N": "1"}}], "LastEvaluatedKey": left}
    second = {"number": {"N": "2"}, "lifted_at": {"S": MORNING.isoformat()}}
    stubber.add_response("query", first, asked)
    stubber.add_response("query", page | {"Items": [second]}, asked | {"ExclusiveStartKey": left})

    assert list(DynamoSuppressions(store).numbers("wsp_a")) == [(1, None), (2, MORNING)]


def unread(*keys: Key) -> dict[str, Any]:
    return {"directory": {"Keys": [{"pk": {"S": key.pk}, "sk": {"S": key.sk}} for key in keys]}}


def test_items_that_were_left_unread_are_read_later(
    busy: tuple[Store, Stubber], waits: list[int]
) -> None:
    store, stubber = busy
    one, two = samples.user(), samples.user(id="usr_b")
    items = [
        {"pk": {"S": keys.user(user.id).pk}, "sk": {"S": "USER"}} | store.of(USER).serialized(user)
        for user in (one, two)
    ]
    stubber.add_response(
        "batch_get_item",
        {
            "Responses": {"directory": items[:1]},
            "UnprocessedKeys": unread(keys.user("usr_b"), keys.user("usr_c")),
        },
    )
    stubber.add_response(
        "batch_get_item",
        {"Responses": {"directory": items[1:]}, "UnprocessedKeys": {}},
        {
            "RequestItems": {
                "directory": unread(keys.user("usr_b"), keys.user("usr_c"))["directory"]
                | {"ConsistentRead": True}
            },
            "ReturnConsumedCapacity": "TOTAL",
        },
    )

    found = DynamoDirectory(store).users(["usr_a", "usr_b", "usr_c"])

    assert found == {"usr_a": one, "usr_b": two}
    assert waits == [0]


def test_items_that_are_never_read_are_told(busy: tuple[Store, Stubber], waits: list[int]) -> None:
    store, stubber = busy
    places = keys.workspace("wsp_a"), keys.member("wsp_a", "usr_a")
    for _ in range(TRIES + 1):
        stubber.add_response(
            "batch_get_item", {"Responses": {}, "UnprocessedKeys": unread(*places)}
        )

    with pytest.raises(PynamoDBException, match="undone"):
        DynamoDirectory(store).seat("wsp_a", "usr_a")
    assert len(waits) == TRIES


def test_a_seat_takes_one_request_whoever_asks(
    store: Store, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    changes, directory = DynamoChanges(store), DynamoDirectory(store)
    changes.commit(samples.workspace(), samples.member(), audit=samples.audit())
    sent.clear()

    assert directory.seat("wsp_a", "usr_a") is not None
    assert directory.seat("wsp_a", "usr_b") is None
    assert directory.seat("wsp_b", "usr_a") is None

    assert [name for name, _ in sent] == ["BatchGetItem"] * 3
    for _, call in sent:
        (asked,) = call["RequestItems"].values()
        assert asked["ConsistentRead"] is True
        assert len(asked["Keys"]) == 2


def test_an_address_takes_as_many_requests_whether_it_has_an_account_or_not(
    store: Store, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    DynamoChanges(store).commit(samples.user(), audit=samples.audit())
    sent.clear()

    assert DynamoDirectory(store).user_by_email("ada@example.com") is not None
    assert DynamoDirectory(store).user_by_email("bob@example.com") is None

    known, unknown = sent[: len(sent) // 2], sent[len(sent) // 2 :]
    assert [name for name, _ in known] == [name for name, _ in unknown] == ["GetItem"] * 2
    assert all(call["ConsistentRead"] for _, call in sent)


def test_workspaces_are_listed_and_read_in_two_requests(
    store: Store, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    for number in range(3):
        DynamoChanges(store).keep(samples.workspace(id=f"wsp_{number}"))
    sent.clear()

    DynamoDirectory(store).workspaces(after="wsp_0", limit=5)

    (query, listing), (batch, reading) = sent
    assert (query, batch) == ("Query", "BatchGetItem")
    (asked,) = reading["RequestItems"].values()
    assert listing["ConsistentRead"] is asked["ConsistentRead"] is True


@pytest.mark.parametrize("place", ["x" * 2049, ""])
def test_dynamodb_is_not_asked_about_keys_that_cannot_be(
    store: Store, sent: list[tuple[str, dict[str, Any]]], place: str
) -> None:
    directory = DynamoDirectory(store)

    assert directory.users([]) == {}
    assert directory.memberships(place) == []
    assert directory.attempts("5" * 64, place) is None
    assert sent == []
