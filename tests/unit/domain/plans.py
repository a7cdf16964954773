"""Requests for plans: made by hand, and of every kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from chalicelib.domain.content import Mode
from chalicelib.domain.eligible import Hours
from chalicelib.domain.schedule import (
    Outline,
    PlanRequest,
    Terms,
)
from chalicelib.domain.workspace import DailyLimit, DailyWindow, LimitUnit

LONDON = ZoneInfo("Europe/London")
KOLKATA = ZoneInfo("Asia/Kolkata")
ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/London",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
        "Asia/Kolkata",
        "UTC",
    )
]
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# Two days before London's clocks go forward.
FRIDAY = datetime(2026, 3, 27, tzinfo=UTC)
ALL_DAY = Terms(Hours(LONDON))
BUSINESS = DailyWindow(9 * 60, 18 * 60)


def spread(**changes: object) -> PlanRequest:
    """Five days in London, without any bound that matters."""
    request = PlanRequest(
        mode=Mode.SPREAD,
        begin=FRIDAY,
        end=FRIDAY + 5 * DAY,
        deadline=None,
        recipients=1_000,
        parts=Fraction(1),
        rate=Fraction(20_000),
        campaign=ALL_DAY,
        workspace=ALL_DAY,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def at_once(**changes: object) -> PlanRequest:
    return replace(spread(mode=Mode.ON_DEMAND, end=None), **changes)  # type: ignore[arg-type]


def messages(count: int) -> DailyLimit:
    return DailyLimit(count, LimitUnit.MESSAGES)


def segments(count: int) -> DailyLimit:
    return DailyLimit(count, LimitUnit.SEGMENTS)


def per_day(planned: Outline) -> list[int]:
    return [day.recipients for day in planned.days]


windows = st.none() | st.builds(
    lambda opens, length: DailyWindow(opens, min(opens + length, 1440)),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
limits = st.none() | st.builds(
    DailyLimit, st.integers(1, 100) | st.integers(1, 3_000), st.sampled_from(sorted(LimitUnit))
)
whole_parts = st.integers(1, 4).map(Fraction)
parts = whole_parts | st.fractions(1, 4, max_denominator=50)
instants = st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 10), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@st.composite
def requests(draw: st.DrawFn, of_parts: st.SearchStrategy[Fraction] = parts) -> PlanRequest:
    mode = draw(st.sampled_from([Mode.SPREAD, Mode.ON_DEMAND, Mode.ON_TIME]))
    begin = draw(instants)
    lengths = st.timedeltas(2 * DAY, 6 * DAY) | st.timedeltas(MICROSECOND, 6 * DAY)
    end, deadline = begin + draw(lengths), draw(lengths)
    # As fast as possible can take a year; days enough are dealt within a week.
    bounded = mode is not Mode.SPREAD or draw(st.booleans())
    zone = draw(st.sampled_from(ZONES))
    other = draw(st.just(zone) | st.sampled_from(ZONES))
    return PlanRequest(
        mode=mode,
        begin=begin,
        end=end if mode is Mode.SPREAD else None,
        deadline=begin + deadline if bounded else None,
        recipients=draw(st.integers(1, 20_000)),
        parts=draw(of_parts),
        rate=draw(st.fractions(Fraction(1, 100), 300, max_denominator=1_000)),
        campaign=Terms(Hours(zone, draw(windows)), draw(limits)),
        workspace=Terms(Hours(other, draw(windows)), draw(limits)),
    )


def local_days(begin: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """From midnight to midnight; none of these zones changes its clock there."""
    first = begin.astimezone(zone).date()
    count = (end.astimezone(zone).date() - first).days + 2
    marks = [datetime.combine(first + n * DAY, time(), zone).astimezone(UTC) for n in range(count)]
    return list(pairwise(marks))


def is_open(instant: datetime, hours: Hours) -> bool:
    local, window = instant.astimezone(hours.zone), hours.window
    return window is None or window.opens <= local.hour * 60 + local.minute < window.closes
