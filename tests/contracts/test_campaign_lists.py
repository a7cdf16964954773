"""Lists of campaigns: filters, three orders, and pages that stay right while campaigns change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.campaign_listing import CampaignQuery, Sort, line_of, place_of
from chalicelib.domain.content import Mode
from tests.fakes import campaign_lists, samples
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign
    from tests.contracts.conftest import Ports
    from tests.fakes.campaign_lists import Paging

HOUR = timedelta(hours=1)
ALL = CampaignQuery()
OLDEST_FIRST = CampaignQuery(ascending=True)


def made(ports: Ports, number: int, **changes: Any) -> Campaign:
    """Made in the order of their numbers."""
    created = MORNING + number * HOUR
    campaign = samples.campaign(id=f"cmp_{number}", created_at=created, **changes)
    return ports.changes.save(campaign, samples.audit())


def listed(ports: Ports, query: CampaignQuery, workspace: str = "wsp_a") -> list[str]:
    page = ports.campaigns.campaigns(workspace, query, after=None, limit=99)
    assert page.next is None
    return [line.id.removeprefix("cmp_") for line in page.items]


def test_a_line_tells_what_its_campaign_is_now(ports: Ports) -> None:
    campaign = made(
        ports,
        1,
        content=samples.full_content(name="Straße 👋"),
        status=Status.NEW,
        approval=Approval.APPROVED,
        recipients=7,
        missed_at=MORNING,
    )
    changed = ports.changes.save(replace(campaign, status=Status.SENDING), samples.audit())

    page = ports.campaigns.campaigns("wsp_a", ALL, after=None, limit=9)

    assert page.items == [line_of(changed)]


def test_an_unwritten_campaign_has_a_line_too(ports: Ports) -> None:
    content = samples.content(name="", sender=None, revision=None, list=None)
    campaign = made(ports, 1, content=content, address="")

    for sort in Sort:
        page = ports.campaigns.campaigns("wsp_a", CampaignQuery(sort), after=None, limit=9)
        assert page.items == [line_of(campaign)]


def test_what_is_another_workspaces_is_in_no_list(ports: Ports) -> None:
    made(ports, 1)

    for sort in Sort:
        assert listed(ports, CampaignQuery(sort), "wsp_b") == []


def test_the_newest_comes_first_page_by_page(ports: Ports) -> None:
    for number in (3, 1, 5, 2, 4):
        made(ports, number)

    pages = []
    after = None
    for _ in range(3):
        page = ports.campaigns.campaigns("wsp_a", ALL, after=after, limit=2)
        pages.append([line.id for line in page.items])
        after = page.next

    assert pages == [["cmp_5", "cmp_4"], ["cmp_3", "cmp_2"], ["cmp_1"]]
    assert after is None


def test_the_last_page_knows_that_it_is_even_when_it_is_full(ports: Ports) -> None:
    made(ports, 1)
    made(ports, 2)

    for query in (ALL, CampaignQuery(author="usr_a")):
        page = ports.campaigns.campaigns("wsp_a", query, after=None, limit=2)
        assert len(page.items) == 2
        assert page.next is None


def test_those_without_a_start_stand_before_all_others(ports: Ports) -> None:
    made(ports, 1, content=samples.content(start_at=MORNING + HOUR))
    made(ports, 2)
    made(ports, 3, content=samples.content(start_at=MORNING))
    made(ports, 4)

    assert listed(ports, CampaignQuery(Sort.START)) == ["1", "3", "4", "2"]
    assert listed(ports, CampaignQuery(Sort.START, ascending=True)) == ["2", "4", "3", "1"]


def test_a_campaign_moves_when_it_starts(ports: Ports) -> None:
    campaign = made(ports, 1)
    made(ports, 2, content=samples.content(start_at=MORNING))

    ports.changes.commit(replace(campaign, started_at=MORNING + HOUR), audit=samples.audit())

    assert listed(ports, CampaignQuery(Sort.START)) == ["1", "2"]


def test_senders_stand_by_address_whatever_its_case(ports: Ports) -> None:
    for number, address in enumerate(["beta", "ALPHA", "", "Alpha 2", "alpha"]):
        made(ports, number, address=address)

    in_order = ["2", "1", "4", "3", "0"]
    assert listed(ports, CampaignQuery(Sort.SENDER, ascending=True)) == in_order
    assert listed(ports, CampaignQuery(Sort.SENDER)) == in_order[::-1]


def test_archived_ones_are_in_a_list_of_their_own(ports: Ports) -> None:
    made(ports, 1)
    shelved = ports.changes.save(
        replace(made(ports, 2), archived_at=MORNING + HOUR), samples.audit()
    )
    for sort in Sort:
        assert listed(ports, CampaignQuery(sort)) == ["1"]
        assert listed(ports, CampaignQuery(sort, archived=True)) == ["2"]

    ports.changes.commit(replace(shelved, archived_at=None), audit=samples.audit())

    for sort in Sort:
        assert listed(ports, CampaignQuery(sort)) == ["2", "1"] or sort is not Sort.CREATED
        assert sorted(listed(ports, CampaignQuery(sort))) == ["1", "2"]
        assert listed(ports, CampaignQuery(sort, archived=True)) == []


@pytest.mark.parametrize("archived_at", [None, MORNING])
def test_a_deleted_campaign_is_in_no_list(ports: Ports, archived_at: Any) -> None:
    campaign = made(ports, 1)
    if archived_at:
        campaign = ports.changes.save(replace(campaign, archived_at=MORNING), samples.audit())

    ports.changes.commit(remove=[campaign], audit=samples.audit())

    for sort in Sort:
        for archived in (False, True):
            assert listed(ports, CampaignQuery(sort, archived=archived)) == []


def test_a_refused_change_leaves_the_line_as_it_was(ports: Ports) -> None:
    campaign = made(ports, 1)
    ahead = ports.changes.save(campaign, samples.audit())
    with pytest.raises(Exception, match="changed by someone else"):
        ports.changes.commit(replace(campaign, recipients=9), audit=samples.audit())

    page = ports.campaigns.campaigns("wsp_a", ALL, after=None, limit=9)

    assert page.items == [line_of(ahead)]


FILTERS: dict[str, tuple[CampaignQuery, list[str]]] = {
    "status": (CampaignQuery(statuses=frozenset({Status.DONE, Status.PAUSED})), ["4"]),
    "approval": (CampaignQuery(approvals=frozenset({Approval.REJECTED})), ["2"]),
    "mode": (CampaignQuery(modes=frozenset({Mode.ON_TIME})), ["3"]),
    "sender": (CampaignQuery(sender="snd_b"), ["2"]),
    "author": (CampaignQuery(author="usr_b"), ["3"]),
    "created from": (CampaignQuery(created_from=MORNING + 4 * HOUR), ["5", "4"]),
    "created to": (CampaignQuery(created_to=MORNING + 3 * HOUR), ["2", "1"]),
    "created within": (
        CampaignQuery(created_from=MORNING + 2 * HOUR, created_to=MORNING + 4 * HOUR),
        ["3", "2"],
    ),
    "created never": (
        CampaignQuery(created_from=MORNING + 4 * HOUR, created_to=MORNING + 2 * HOUR),
        [],
    ),
    "start from": (CampaignQuery(start_from=MORNING + 9 * HOUR), ["4"]),
    "start to": (CampaignQuery(start_to=MORNING + 9 * HOUR), ["3", "1"]),
    "search in a name": (CampaignQuery(search="STRASSE"), ["1"]),
    "search in an address": (CampaignQuery(search="hop"), ["2"]),
    "search in an id": (CampaignQuery(search="MP_5"), ["5"]),
    "search over two": (CampaignQuery(search="_1stra"), []),
    "empty search": (CampaignQuery(search=""), ["5", "4", "3", "2", "1"]),
    "missed": (CampaignQuery(missed_start=True), ["5"]),
    "missed by now": (CampaignQuery(missed_start=True, now=MORNING + 9 * HOUR), ["5", "3"]),
    "missed at this moment": (
        CampaignQuery(missed_start=True, now=MORNING + 8 * HOUR),
        ["5"],
    ),
    "missed and archived": (CampaignQuery(missed_start=True, archived=True), []),
    "two of them": (CampaignQuery(author="usr_a", start_from=MORNING), ["4", "1"]),
    "nobody's": (CampaignQuery(author="usr_c"), []),
    "half a character": (CampaignQuery(search="\ud800"), []),
    "half a character in an id": (CampaignQuery(sender="snd_\ud800"), []),
    "half a character in a name": (CampaignQuery(author="\udc00"), []),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("sort", Sort)
def test_a_filter_finds_what_matches_in_every_order(ports: Ports, name: str, sort: Sort) -> None:
    query, expected = FILTERS[name]
    waits = {"status": Status.NEW, "approval": Approval.APPROVED}
    spread = samples.content(name="Straße", mode=Mode.SPREAD, date_from=MORNING + 8 * HOUR)
    made(ports, 1, content=spread, **waits)
    made(
        ports,
        2,
        content=samples.content(sender="snd_b"),
        address="SHOP",
        approval=Approval.REJECTED,
    )
    on_time = samples.content(mode=Mode.ON_TIME, start_at=MORNING + 8 * HOUR)
    made(ports, 3, content=on_time, author="usr_b", **waits)
    ports.changes.commit(
        samples.campaign(
            id="cmp_3x", archived_at=MORNING, content=on_time, missed_at=MORNING, **waits
        ),
        audit=samples.audit(),
    )
    made(ports, 4, content=samples.content(start_at=MORNING + 9 * HOUR), status=Status.DONE)
    made(ports, 5, missed_at=MORNING, **waits)

    found = listed(ports, replace(query, sort=sort))

    assert sorted(found, reverse=True) == expected
    if sort is Sort.CREATED:
        assert found == expected


def test_a_page_goes_on_where_its_last_campaign_was_removed(ports: Ports) -> None:
    campaigns = [made(ports, number) for number in range(4)]
    for sort in Sort:
        page = ports.campaigns.campaigns("wsp_a", CampaignQuery(sort), after=None, limit=2)
        assert [line.id for line in page.items] == ["cmp_3", "cmp_2"]
        assert page.next is not None

    ports.changes.commit(remove=[campaigns[2]], audit=samples.audit())

    first = ports.campaigns.campaigns("wsp_a", ALL, after=None, limit=1)
    page = ports.campaigns.campaigns("wsp_a", ALL, after=first.next, limit=2)
    assert [line.id for line in page.items] == ["cmp_1", "cmp_0"]
    assert page.next is None


@pytest.mark.parametrize("sort", [Sort.CREATED, Sort.START])
@pytest.mark.parametrize("ascending", [False, True])
def test_a_period_holds_on_every_page_wherever_it_goes_on(
    ports: Ports, sort: Sort, *, ascending: bool
) -> None:
    for number in range(7):
        made(ports, number, content=samples.content(start_at=MORNING + number * HOUR))
    lines = ports.campaigns.campaigns("wsp_a", CampaignQuery(), after=None, limit=9).items
    places = [place_of(line, sort) for line in lines]
    begin, end = MORNING + 2 * HOUR, MORNING + 5 * HOUR
    query = CampaignQuery(
        sort,
        ascending=ascending,
        created_from=begin if sort is Sort.CREATED else None,
        created_to=end if sort is Sort.CREATED else None,
        start_from=begin if sort is Sort.START else None,
        start_to=end if sort is Sort.START else None,
    )
    found = {}
    for after in [None, *places]:
        page = ports.campaigns.campaigns("wsp_a", query, after=after, limit=9)
        found[after] = [line.id for line in page.items]

    inside = ["cmp_2", "cmp_3", "cmp_4"] if ascending else ["cmp_4", "cmp_3", "cmp_2"]
    in_order = [None, *(places[::-1] if ascending else places)]
    expected = [inside, inside, inside, inside[1:], inside[2:], [], [], []]
    assert [found[after] for after in in_order] == expected


@pytest.mark.parametrize("cursor", ["", "x" * 5000, "\u20ac" * 5000, "0", "~", "\ud800", "9999#"])
@pytest.mark.parametrize("sort", Sort)
def test_a_forged_cursor_is_some_place_or_none(ports: Ports, cursor: str, sort: Sort) -> None:
    made(ports, 1)

    for ascending in (False, True):
        for start_to in (None, MORNING):
            query = CampaignQuery(sort, ascending=ascending, start_to=start_to)
            page = ports.campaigns.campaigns("wsp_a", query, after=cursor, limit=2)
            assert len(page.items) <= 1
            assert page.next is None


# Each example leaves nothing behind, and moto takes its time.
FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(st.data())
def test_every_query_lists_what_matches_in_order(ports: Ports, data: st.DataObject) -> None:
    paging: Paging = data.draw(campaign_lists.pagings(changing=False))
    campaign_lists.check(ports.campaigns, ports.changes, paging)


@FEW
@given(st.data())
def test_what_stays_as_it_is_shows_once_while_others_change(
    ports: Ports, data: st.DataObject
) -> None:
    paging: Paging = data.draw(campaign_lists.pagings(changing=True))
    campaign_lists.check(ports.campaigns, ports.changes, paging)
