"""Lists of campaigns and the queue: how much is read for a page, whatever is asked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.adapters.dynamo import pages
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.kinds import CAMPAIGN_LINE, QUEUE_ITEM
from chalicelib.adapters.dynamo.pages import READS_MAX, ROWS_MAX
from chalicelib.adapters.dynamo.queue import DynamoQueue
from chalicelib.domain.campaign import Status
from chalicelib.domain.campaign_listing import CampaignQuery, Sort, line_of
from chalicelib.domain.moderation import ItemKind
from tests.fakes import campaign_lists, samples
from tests.fakes.cloud import noted_calls
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.campaign_listing import CampaignLine
    from tests.fakes.campaign_lists import Paging

Sent = list[tuple[str, dict[str, Any]]]
LATER = MORNING + timedelta(days=1)


@pytest.fixture
def sent(store: Store) -> Iterator[Sent]:
    with noted_calls(store) as calls:
        yield calls


def put_lines(store: Store, count: int, **changes: Any) -> list[CampaignLine]:
    """Newest first."""
    lines = [
        line_of(
            samples.campaign(
                id=f"cmp_{number:05}", created_at=MORNING + timedelta(minutes=number), **changes
            )
        )
        for number in range(count)
    ]
    for line in lines:
        store.of(CAMPAIGN_LINE).put(line)
    return lines[::-1]


def limits(sent: Sent) -> list[int]:
    assert {name for name, _ in sent} == {"Query"}
    return [call["Limit"] for _, call in sent]


# --- what one page takes ---


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("archived", [False, True])
def test_a_page_without_a_filter_is_one_query_for_little_more_than_it_shows(
    store: Store, sent: Sent, sort: Sort, *, archived: bool
) -> None:
    lines = put_lines(store, 9, archived_at=LATER if archived else None)
    sent.clear()
    campaigns = DynamoCampaigns(store)
    query = CampaignQuery(sort, archived=archived)

    first = campaigns.campaigns("wsp_a", query, after=None, limit=3)
    second = campaigns.campaigns("wsp_a", query, after=first.next, limit=3)

    assert [*first.items, *second.items] == lines[:6]
    assert limits(sent) == [5, 5]
    assert not any("FilterExpression" in call for _, call in sent)
    index = {Sort.START: "by_start", Sort.SENDER: "by_sender"}.get(sort)
    assert {call.get("IndexName") for _, call in sent} == {index}


@pytest.mark.parametrize(
    ("sort", "period"),
    [
        (Sort.CREATED, {"created_from": MORNING}),
        (Sort.CREATED, {"created_to": LATER}),
        (Sort.CREATED, {"created_from": MORNING, "created_to": LATER}),
        (Sort.START, {"start_from": MORNING}),
        (Sort.START, {"start_to": LATER}),
    ],
)
def test_a_period_of_what_is_sorted_by_is_no_filter(
    store: Store, sent: Sent, sort: Sort, period: dict[str, Any]
) -> None:
    query = CampaignQuery(sort, **period)

    DynamoCampaigns(store).campaigns("wsp_a", query, after=None, limit=3)
    DynamoCampaigns(store).campaigns("wsp_a", query, after="2026-03-02T10#cmp_a", limit=3)

    assert limits(sent) == [5, 5]
    assert not any("FilterExpression" in call for _, call in sent)


def test_what_many_match_is_found_in_the_first_few_rows(store: Store, sent: Sent) -> None:
    lines = put_lines(store, 30)
    sent.clear()

    page = DynamoCampaigns(store).campaigns(
        "wsp_a", CampaignQuery(author="usr_a"), after=None, limit=3
    )

    assert page.items == lines[:3]
    assert limits(sent) == [20]


def test_a_page_that_is_full_looks_on_to_know_whether_it_is_the_last(
    store: Store, sent: Sent
) -> None:
    put_lines(store, 30)
    last = line_of(samples.campaign(id="cmp_x", author="usr_b", created_at=LATER))
    store.of(CAMPAIGN_LINE).put(last)
    sent.clear()

    page = DynamoCampaigns(store).campaigns(
        "wsp_a", CampaignQuery(author="usr_b"), after=None, limit=1
    )

    assert (page.items, page.next) == ([last], None)
    assert limits(sent) == [12, ROWS_MAX]


def test_what_is_rare_is_looked_for_in_as_much_as_dynamodb_reads_at_once(
    store: Store, sent: Sent
) -> None:
    put_lines(store, 30)
    sent.clear()

    page = DynamoCampaigns(store).campaigns(
        "wsp_a", CampaignQuery(author="usr_b"), after=None, limit=3
    )

    assert (page.items, page.next) == ([], None)
    assert limits(sent) == [20, ROWS_MAX]


def test_a_page_that_has_looked_enough_is_short_and_names_where_to_go_on(
    store: Store, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten looks at most; the rest is for the next page."""
    monkeypatch.setattr(pages, "ROWS_MAX", 2)
    lines = put_lines(store, 45)
    rare = lines[-1]
    store.of(CAMPAIGN_LINE).put(line_of(samples.campaign(id="cmp_x", author="usr_b")))
    campaigns, query = DynamoCampaigns(store), CampaignQuery(author="usr_b")

    reads: list[int] = []
    found: list[list[str]] = []
    after = None
    while not reads or after is not None:
        sent.clear()
        page = campaigns.campaigns("wsp_a", query, after=after, limit=3)
        reads.append(len(sent))
        found.append([line.id for line in page.items])
        after = page.next

    assert found == [[], [], ["cmp_x"]]
    assert reads == [READS_MAX, READS_MAX, 4]
    assert rare.id == "cmp_00000"


def test_a_full_page_does_not_skip_what_was_read_beyond_its_end(store: Store) -> None:
    lines = put_lines(store, 20)
    campaigns, query = DynamoCampaigns(store), CampaignQuery(author="usr_a")

    first = campaigns.campaigns("wsp_a", query, after=None, limit=2)
    second = campaigns.campaigns("wsp_a", query, after=first.next, limit=2)

    assert [*first.items, *second.items] == lines[:4]


@pytest.mark.parametrize("query", [CampaignQuery(), CampaignQuery(author="usr_a")])
def test_a_page_is_more_than_one_answer_of_dynamodb(store: Store, query: CampaignQuery) -> None:
    """DynamoDB answers a megabyte at most."""
    lines = put_lines(store, 5, content=samples.content(name="x" * 140_000))

    page = DynamoCampaigns(store).campaigns("wsp_a", query, after=None, limit=5)

    assert page.items == lines
    assert page.next is None


@pytest.mark.parametrize(
    "query",
    [
        CampaignQuery(created_from=LATER, created_to=MORNING),
        CampaignQuery(Sort.START, start_from=LATER, start_to=MORNING),
        CampaignQuery(search="\ud800"),
        CampaignQuery(sender="\ud800"),
        CampaignQuery(author="\ud800"),
    ],
)
def test_dynamodb_is_not_asked_for_what_it_takes_for_a_mistake(
    store: Store, sent: Sent, query: CampaignQuery
) -> None:
    page = DynamoCampaigns(store).campaigns("wsp_a", query, after=None, limit=3)

    assert (page.items, page.next) == ([], None)
    assert sent == []


def test_several_values_of_a_filter_are_asked_for_at_once(store: Store, sent: Sent) -> None:
    query = CampaignQuery(statuses=frozenset(Status))

    DynamoCampaigns(store).campaigns("wsp_a", query, after=None, limit=3)

    ((_, call),) = sent
    values = {value["S"] for value in call["ExpressionAttributeValues"].values()}
    assert values == {"wsp_a#LINE", *Status}


# DynamoDB's own limits are far away: pages are right under any.
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.integers(1, 3), st.integers(1, 3), st.integers(0, 1))
def test_what_stays_shows_once_however_little_is_read_at_a_time(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    data: st.DataObject,
    rows: int,
    reads: int,
    look: int,
) -> None:
    paging: Paging = data.draw(campaign_lists.pagings(changing=True))
    with monkeypatch.context() as patched:
        patched.setattr(pages, "ROWS_MAX", max(rows, 2))
        patched.setattr(pages, "READS_MAX", reads)
        patched.setattr(pages, "FIRST_LOOK", 1 + look)
        campaign_lists.check(DynamoCampaigns(store), DynamoChanges(store), paging)


# --- the queue ---


def test_a_kind_that_is_rare_in_the_queue_takes_a_bounded_number_of_reads(
    store: Store, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ROWS_MAX", 2)
    for number in range(45):
        at = MORNING + timedelta(seconds=number)
        store.of(QUEUE_ITEM).put(samples.queue_item(object=f"cmp_{number}", submitted_at=at))
    sent.clear()

    page = DynamoQueue(store).waiting("wsp_a", ItemKind.REVISION, after=None, limit=3)

    assert page.items == []
    assert page.next is not None
    assert len(sent) == READS_MAX


def test_what_waits_is_one_query(store: Store, sent: Sent) -> None:
    DynamoQueue(store).waiting("wsp_a", None, after=None, limit=3)

    assert limits(sent) == [5]


def test_the_mark_is_one_item_that_is_updated_and_never_in_a_transaction(
    store: Store, sent: Sent
) -> None:
    queue = DynamoQueue(store)
    queue.begin("wsp_a", "chg_1", LATER)
    queue.mark("wsp_a")
    queue.end("wsp_a", "chg_1")

    assert [name for name, _ in sent] == ["UpdateItem", "GetItem", "UpdateItem"]
    assert all(call["Key"] == {"pk": {"S": "wsp_a#MARK"}, "sk": {"S": "QUEUE"}} for _, call in sent)
    assert not any("ConditionExpression" in call for _, call in sent)
