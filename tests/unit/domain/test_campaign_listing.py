from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.campaign_listing import (
    CampaignLine,
    CampaignQuery,
    Sort,
    check_place,
    line_of,
    matches,
    missed_start,
    place_of,
)
from chalicelib.domain.content import Mode
from chalicelib.domain.errors import Invalid
from tests.fakes.samples import campaign, content
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = timedelta(hours=1)
LINE = CampaignLine(
    id="cmp_a1",
    workspace="wsp_a",
    name="Spring sale",
    mode=Mode.ON_TIME,
    status=Status.NEW,
    approval=Approval.APPROVED,
    author="usr_a",
    sender="snd_a",
    address="ACME",
    created_at=MORNING,
    starts_at=MORNING + HOUR,
    recipients=5,
    missed_at=None,
    archived_at=None,
)
addresses = st.text("aB #2", max_size=11).map(str.strip) | st.text("0123", min_size=1, max_size=20)
lines = st.builds(
    replace,
    st.just(LINE),
    id=st.integers(0, 10**6).map(lambda number: f"cmp_{number:026}"),
    address=addresses,
    created_at=st.datetimes(timezones=st.just(UTC)),
    starts_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


def line(**changes: Any) -> CampaignLine:
    return replace(LINE, **changes)


def test_a_line_shows_what_the_campaign_is() -> None:
    shown = line_of(
        campaign(
            content=content(mode=Mode.ON_TIME, start_at=MORNING),
            address="OTHER",
            recipients=7,
            missed_at=MORNING,
            archived_at=MORNING + HOUR,
            started_at=MORNING + 2 * HOUR,
        )
    )
    assert shown == CampaignLine(
        id="cmp_a",
        workspace="wsp_a",
        name="Spring",
        mode=Mode.ON_TIME,
        status=Status.NEW,
        approval=Approval.DRAFT,
        author="usr_a",
        sender="snd_a",
        address="OTHER",
        created_at=MORNING,
        starts_at=MORNING,
        recipients=7,
        missed_at=MORNING,
        archived_at=MORNING + HOUR,
    )


@pytest.mark.parametrize(
    ("query", "fits", "does_not"),
    [
        ({}, {}, {"archived_at": MORNING}),
        ({"archived": True}, {"archived_at": MORNING}, {}),
        ({"statuses": frozenset({Status.NEW, Status.DONE})}, {}, {"status": Status.FAILED}),
        ({"approvals": frozenset({Approval.APPROVED})}, {}, {"approval": Approval.DRAFT}),
        ({"modes": frozenset({Mode.ON_TIME})}, {}, {"mode": Mode.SPREAD}),
        ({"sender": "snd_a"}, {}, {"sender": "snd_b"}),
        ({"sender": "snd_a"}, {}, {"sender": None}),
        ({"author": "usr_a"}, {}, {"author": "usr_b"}),
        ({"search": "A1"}, {}, {"id": "cmp_b"}),
        ({"search": "SALE"}, {}, {"name": "Spring"}),
        ({"search": "acm"}, {}, {"address": "OTHER"}),
        ({"search": "straße"}, {"name": "STRASSE"}, {}),
        ({"search": "a1spring"}, {"name": "a1spring"}, {}),
        ({"created_from": MORNING}, {}, {"created_at": MORNING - HOUR}),
        ({"created_to": MORNING}, {"created_at": MORNING - HOUR}, {}),
        ({"start_from": MORNING + HOUR}, {}, {"starts_at": MORNING}),
        ({"start_from": MORNING + HOUR}, {}, {"starts_at": None}),
        ({"start_to": MORNING + HOUR}, {"starts_at": MORNING}, {}),
        ({"start_to": MORNING + 9 * HOUR}, {}, {"starts_at": None}),
        ({"missed_start": True}, {"missed_at": MORNING}, {}),
        ({"missed_start": True, "now": MORNING + 2 * HOUR}, {}, {"mode": Mode.SPREAD}),
        ({"missed_start": True, "now": MORNING + HOUR}, {"missed_at": MORNING}, {}),
    ],
)
def test_each_filter_keeps_what_it_says(
    query: dict[str, Any], fits: dict[str, Any], does_not: dict[str, Any]
) -> None:
    asked = CampaignQuery(**query)
    assert matches(line(**fits), asked)
    assert not matches(line(**does_not), asked)


def test_all_filters_hold_at_once() -> None:
    asked = CampaignQuery(author="usr_a", sender="snd_a")
    assert matches(LINE, asked)
    assert not matches(line(author="usr_b"), asked)
    assert not matches(line(sender="snd_b"), asked)


@given(
    mode=st.sampled_from(Mode),
    status=st.sampled_from(Status),
    approval=st.sampled_from(Approval),
    hours=st.none() | st.integers(-2, 2),
    marked=st.booleans(),
    archived=st.booleans(),
)
def test_a_line_has_missed_its_start_exactly_if_its_campaign_has(
    mode: Mode, status: Status, approval: Approval, hours: int | None, marked: Any, archived: Any
) -> None:
    at = MORNING + hours * HOUR if hours is not None else None
    found = campaign(
        content=content(mode=mode, start_at=at),
        status=status,
        approval=approval,
        missed_at=MORNING if marked else None,
        archived_at=MORNING if archived else None,
    )
    assert missed_start(line_of(found), MORNING) == rules.missed_start(found, MORNING)


# --- places ---


@settings(max_examples=40)
@given(st.lists(lines, max_size=4, unique_by=lambda each: each.id), st.sampled_from(Sort))
def test_places_are_never_equal_and_are_taken_back(found: list[CampaignLine], sort: Sort) -> None:
    places = [place_of(each, sort) for each in found]
    assert len(set(places)) == len(places)
    for place in places:
        check_place(place, sort)


@settings(max_examples=60)
@given(lines, lines)
def test_places_stand_in_the_order_of_what_is_sorted_by(
    one: CampaignLine, other: CampaignLine
) -> None:
    keys: dict[Sort, Callable[[CampaignLine], Any]] = {
        Sort.CREATED: lambda each: (each.created_at, each.id),
        Sort.START: lambda each: (each.starts_at is not None, each.starts_at, each.id),
        Sort.SENDER: lambda each: (each.address.casefold(), each.id),
    }
    for sort, key in keys.items():
        if sort is Sort.START and None in {one.starts_at, other.starts_at}:
            continue
        assert (place_of(one, sort) < place_of(other, sort)) == (key(one) < key(other))


def test_without_a_start_it_stands_before_every_instant() -> None:
    early = line(starts_at=datetime(1, 1, 1, tzinfo=UTC))
    assert place_of(line(starts_at=None), Sort.START) < place_of(early, Sort.START)


def test_without_a_cursor_a_listing_begins_at_its_begin() -> None:
    check_place(None, Sort.CREATED)


@pytest.mark.parametrize(
    ("after", "sort"),
    [
        ("", Sort.CREATED),
        ("cmp_a", Sort.CREATED),
        ("#cmp_a", Sort.CREATED),
        ("2026-03-02T09:00:00.000000+00:00#", Sort.CREATED),
        ("2026-03-02T09:00:00.000000+00:00#CMP\n", Sort.CREATED),
        ("2026-03-02T09:00:00.000000+00:00#" + "a" * 65, Sort.CREATED),
        ("2026-03-02T09:00:00.000000#cmp_a", Sort.CREATED),
        ("2026-03-02T09:00:00+00:00#cmp_a", Sort.CREATED),
        ("2026-03-02T09:00:00.000000+01:00#cmp_a", Sort.CREATED),
        ("2026-03-02 09:00:00.000000+00:00#cmp_a", Sort.START),
        ("yesterday#cmp_a", Sort.START),
        (f"{'acme':20}#cmp_a", Sort.START),
        ("acme#cmp_a", Sort.SENDER),
        (f"{'ACME':20}#cmp_a", Sort.SENDER),
        (f"{'äcme':20}#cmp_a", Sort.SENDER),
        ("\x00" * 20 + "#cmp_a", Sort.SENDER),
        ("2026-03-02T09:00:00.000000+00:00#cmp_a", Sort.SENDER),
        ("#cmp_a", Sort.SENDER),
    ],
)
def test_what_is_no_place_of_a_listing_is_refused(after: str, sort: Sort) -> None:
    with pytest.raises(Invalid, match="after: is not a cursor"):
        check_place(after, sort)


@given(st.text(), st.sampled_from(Sort))
def test_any_text_is_taken_or_refused(after: str, sort: Sort) -> None:
    with suppress(Invalid):
        check_place(after, sort)
