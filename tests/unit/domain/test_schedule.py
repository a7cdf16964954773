"""Outlines of campaigns of every mode (SPEC 4.2, 4.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise
from math import ceil
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.content import Content, Mode
from chalicelib.domain.eligible import Hours
from chalicelib.domain.schedule import (
    Outline,
    PlanRequest,
    Terms,
    hours_of,
    outline,
    plan_request,
)
from chalicelib.domain.workspace import DailyLimit, DailyWindow
from tests.fakes import samples
from tests.unit.domain.plans import (
    BUSINESS,
    DAY,
    FRIDAY,
    HOUR,
    KOLKATA,
    LONDON,
    MICROSECOND,
    SECOND,
    at_once,
    instants,
    limits,
    local_days,
    messages,
    per_day,
    segments,
    spread,
    windows,
)

# --- spreads --------------------------------------------------------------------------------------


def test_half_a_million_over_two_hours_is_a_flat_seventy_a_second() -> None:
    planned = outline(spread(recipients=500_000, begin=FRIDAY, end=FRIDAY + 2 * HOUR))
    due = [planned.due(FRIDAY + second * SECOND) for second in range(7_201)]
    assert {after - before for before, after in pairwise(due)} == {69, 70}
    assert (due[0], due[-1]) == (0, 500_000)
    assert planned.rate == Fraction(500_000, 7_200)


def test_ten_million_over_five_days() -> None:
    request = spread(
        recipients=10_000_003, campaign=Terms(Hours(LONDON, BUSINESS)), rate=Fraction(70)
    )
    planned = outline(request)
    assert per_day(planned) == [2_000_000, 2_000_001, 2_000_000, 2_000_001, 2_000_001]
    assert [day.date for day in planned.days] == [date(2026, 3, 27) + n * DAY for n in range(5)]
    # Sunday's clocks are an hour ahead of UTC.
    assert [day.begins_at.hour for day in planned.days] == [9, 9, 8, 8, 8]
    assert planned.finishes_at == datetime(2026, 3, 31, 17, tzinfo=UTC)


def test_days_have_what_their_length_deserves() -> None:
    # Whole local days around the change: the second of them has 23 hours.
    begin = FRIDAY + DAY
    planned = outline(spread(recipients=7_100, begin=begin, end=begin + 71 * HOUR))
    assert per_day(planned) == [2_400, 2_300, 2_400]


def test_a_day_in_several_spans_is_as_flat() -> None:
    # Mornings of Kolkata begin in London's evenings, so London's days have a gap.
    mornings = Terms(Hours(KOLKATA, DailyWindow(0, 12 * 60)))
    planned = outline(spread(recipients=2_400, end=FRIDAY + 2 * DAY, workspace=mornings))
    assert per_day(planned) == [1_200, 1_200]
    (share,) = planned.days[0].shares
    assert [span.length for span in share.spans] == [6.5 * HOUR, 5.5 * HOUR]
    hours = [planned.due(FRIDAY + n * HOUR / 2) for n in range(49)]
    steps = [after - before for before, after in pairwise(hours)]
    assert steps == [50] * 13 + [0] * 24 + [50] * 11


def test_full_days_leave_the_rest_to_the_others() -> None:
    # Half a day, two whole ones, half a day: 1 : 2 : 2 : 1 until the whole ones are full.
    request = spread(
        begin=FRIDAY - 36 * HOUR,
        end=FRIDAY + 36 * HOUR,
        campaign=Terms(Hours(LONDON), messages(300)),
    )
    assert per_day(outline(replace(request, recipients=900))) == [150, 300, 300, 150]
    assert per_day(outline(replace(request, recipients=1_001))) == [200, 300, 300, 201]
    assert per_day(outline(replace(request, recipients=1_200))) == [300] * 4
    over = outline(replace(request, recipients=1_201))
    assert (per_day(over), over.left) == ([300] * 4, 1)


def test_limits_of_two_zones_hold_in_each() -> None:
    request = spread(
        recipients=5_900,
        campaign=Terms(Hours(LONDON), messages(1_000)),
        workspace=Terms(Hours(KOLKATA), messages(1_000)),
    )
    planned = outline(request)
    assert planned.fits
    assert [len(day.shares) for day in planned.days] == [2, 2, 2, 2, 2, 1]
    # London's Friday, in which Kolkata's Saturday begins.
    assert planned.days[0].begins_at == FRIDAY
    assert planned.days[0].ends_at == FRIDAY + DAY
    for zone in (LONDON, KOLKATA):
        days = local_days(FRIDAY, FRIDAY + 5 * DAY, zone)
        counts = [planned.due(end) - planned.due(begin) for begin, end in days]
        assert sum(counts) == 5_900
        assert max(counts) == 1_000


def test_the_workspace_counts_its_own_days_only_when_it_has_a_limit() -> None:
    planned = outline(spread(workspace=Terms(Hours(KOLKATA))))
    assert [len(day.shares) for day in planned.days] == [1] * 6


def test_a_limit_of_segments_counts_the_mean_of_parts() -> None:
    limited = Terms(Hours(LONDON), segments(1_000))
    request = spread(begin=FRIDAY, end=FRIDAY + 12 * HOUR, parts=Fraction(7, 3))
    assert outline(replace(request, campaign=limited)).recipients == 428
    assert outline(replace(request, workspace=limited)).recipients == 428
    limited = Terms(Hours(LONDON), messages(1_000))
    assert outline(replace(request, workspace=limited)).recipients == 1_000


def test_what_went_out_today_counts_for_today_alone() -> None:
    request = spread(begin=FRIDAY + 12 * HOUR, end=FRIDAY + 36 * HOUR)
    used = Terms(Hours(LONDON), messages(300), used=250)
    assert per_day(outline(replace(request, campaign=used))) == [50, 300]
    assert per_day(outline(replace(request, workspace=used))) == [50, 300]
    over = Terms(Hours(LONDON), messages(300), used=301)
    assert per_day(outline(replace(request, campaign=over))) == [300]


# --- as fast as possible --------------------------------------------------------------------------


def test_at_once_is_as_fast_as_the_channel() -> None:
    planned = outline(at_once(parts=Fraction(3), rate=Fraction(100)))
    assert planned.begins_at == FRIDAY
    assert planned.finishes_at == FRIDAY + 30 * SECOND
    assert planned.rate == Fraction(100, 3)
    assert planned.due(FRIDAY + SECOND) == 34
    assert planned.due(FRIDAY + 15 * SECOND) == 500


def test_at_once_waits_for_windows_and_limits() -> None:
    request = at_once(
        recipients=1_000,
        rate=Fraction(1),
        campaign=Terms(Hours(LONDON, DailyWindow(10 * 60, 10 * 60 + 5))),
        workspace=Terms(Hours(LONDON, BUSINESS), messages(250)),
    )
    planned = outline(request)
    assert per_day(planned) == [250] * 4
    assert [day.begins_at.hour for day in planned.days] == [10, 10, 9, 9]
    assert planned.days[0].ends_at - planned.days[0].begins_at == 250 * SECOND
    assert planned.finishes_at == planned.days[3].begins_at + 250 * SECOND


@pytest.mark.parametrize("moment", [FRIDAY, FRIDAY + 2 * HOUR])
def test_a_deadline_cuts(moment: datetime) -> None:
    request = at_once(begin=moment, deadline=moment + 10 * SECOND, rate=Fraction(7))
    assert outline(request).recipients == 70
    request = spread(begin=moment, deadline=moment + 10 * SECOND, rate=Fraction(7))
    assert outline(request).recipients == 70


def test_there_is_nothing_to_plan_for_nobody() -> None:
    assert outline(spread(recipients=0)) == Outline()
    assert outline(spread(recipients=0, end=None)) == Outline()
    assert outline(spread(mode=Mode.TRIGGER)) == Outline()
    none = Outline()
    assert none.fits
    assert (none.recipients, none.rate, none.due(FRIDAY)) == (0, Fraction(0), 0)
    assert (none.begins_at, none.finishes_at, none.day_of(0)) == (None, None, None)


# --- of a campaign --------------------------------------------------------------------------------

NOW = FRIDAY + 8 * HOUR


def test_a_request_takes_what_campaign_and_workspace_say() -> None:
    workspace = samples.workspace(daily_window=BUSINESS, daily_limit=segments(500))
    content = Content(
        mode=Mode.SPREAD,
        date_from=NOW + HOUR,
        date_to=NOW + DAY,
        deadline=NOW + 2 * DAY,
        time_zone="Asia/Kolkata",
        daily_window=DailyWindow(600, 700),
        daily_limit=messages(400),
    )
    berlin = ZoneInfo("Europe/Berlin")
    assert plan_request(content, workspace, 100.0, 9, Fraction(3, 2), NOW) == PlanRequest(
        mode=Mode.SPREAD,
        begin=NOW + HOUR,
        end=NOW + DAY,
        deadline=NOW + 2 * DAY,
        recipients=9,
        parts=Fraction(3, 2),
        rate=Fraction(997, 10),
        campaign=Terms(Hours(KOLKATA, DailyWindow(600, 700)), messages(400)),
        workspace=Terms(Hours(berlin, BUSINESS), segments(500)),
    )


def test_the_past_is_over() -> None:
    workspace = samples.workspace()
    late = Content(mode=Mode.SPREAD, date_from=NOW - HOUR, date_to=NOW + HOUR)
    assert plan_request(late, workspace, 1.0, 1, Fraction(1), NOW).begin == NOW
    later = Content(mode=Mode.ON_TIME, start_at=NOW + HOUR)
    assert plan_request(later, workspace, 1.0, 1, Fraction(1), NOW).begin == NOW + HOUR
    assert plan_request(Content(), workspace, 1.0, 1, Fraction(1), NOW).begin == NOW


def test_a_draft_gets_an_outline_or_an_objection() -> None:
    workspace = samples.workspace()
    # Nothing was counted yet.
    request = plan_request(Content(), workspace, 100.0, 997, Fraction(0), NOW)
    assert outline(request).finishes_at == NOW + 10 * SECOND
    for half in (
        Content(mode=Mode.SPREAD),
        Content(mode=Mode.SPREAD, date_from=NOW),
        Content(mode=Mode.SPREAD, date_to=NOW + HOUR),
    ):
        assert not outline(plan_request(half, workspace, 1.0, 1, Fraction(1), NOW)).fits
    # What an earlier mode left there is not of this one.
    left_over = Content(mode=Mode.ON_DEMAND, date_to=NOW + HOUR)
    assert plan_request(left_over, workspace, 1.0, 1, Fraction(1), NOW).end is None


any_time = st.none() | instants | st.datetimes(timezones=st.just(UTC))


@given(st.sampled_from(list(Mode)), any_time, any_time, any_time, any_time, windows, limits)
def test_a_draft_may_hold_any_time(
    mode: Mode,
    start_at: datetime | None,
    date_from: datetime | None,
    date_to: datetime | None,
    deadline: datetime | None,
    window: DailyWindow | None,
    limit: DailyLimit | None,
) -> None:
    content = Content(
        mode=mode,
        start_at=start_at,
        date_from=date_from,
        date_to=date_to,
        deadline=deadline,
        time_zone="Pacific/Kiritimati",
        daily_window=window,
        daily_limit=limit,
    )
    workspace = samples.workspace(time_zone="Pacific/Pago_Pago", daily_limit=messages(9))
    planned = outline(plan_request(content, workspace, 1e-9, 100, Fraction(1), NOW))
    assert planned.fits == (planned.left == 0)


def test_only_an_urgent_trigger_ignores_the_workspace_s_window() -> None:
    workspace = samples.workspace(daily_window=BUSINESS)
    own = DailyWindow(600, 700)
    berlin = ZoneInfo("Europe/Berlin")
    for mode in Mode:
        for urgent in (False, True):
            content = Content(mode=mode, ignore_daily_window=urgent, daily_window=own)
            ignored = mode is Mode.TRIGGER and urgent
            assert hours_of(content, workspace) == (
                Hours(berlin, None if ignored else BUSINESS),
                Hours(berlin, own),
            )


def test_the_last_of_a_fast_plan_is_in_time() -> None:
    """The end is rounded up to the microsecond, so that all are due by then."""
    request = at_once(recipients=7, rate=Fraction(3))
    planned = outline(request)
    assert planned.finishes_at == FRIDAY + ceil(Fraction(7 * 10**6, 3)) * MICROSECOND
    assert planned.due(planned.finishes_at) == 7
