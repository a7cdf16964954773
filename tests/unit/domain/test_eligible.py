"""Eligible time against a slow reference: the zones' clocks, minute by minute (SPEC 4.6)."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.eligible import (
    LOOK,
    Hours,
    Slot,
    Span,
    eligible,
    first_of,
    passed,
    slots,
    total,
)
from chalicelib.domain.workspace import DAY_MINUTES, DailyWindow

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
ST_JOHNS = ZoneInfo("America/St_Johns")
# Years in which clocks did what a schedule stumbles over.
CHANGES = [
    ("Europe/London", 2026),
    ("America/New_York", 2026),
    ("Australia/Lord_Howe", 2026),  # by half an hour
    ("Antarctica/Troll", 2026),  # by two hours
    ("Pacific/Chatham", 2026),  # at 02:45
    ("America/Havana", 2026),  # forward at midnight
    ("America/Sao_Paulo", 2018),  # both at midnight
    ("America/St_Johns", 2010),  # at 00:01: back into yesterday
    ("Antarctica/Casey", 2010),  # likewise, by three hours
    ("Pacific/Apia", 2011),  # no 30 December
    ("Pacific/Kwajalein", 1993),  # no 21 August
    ("Asia/Gaza", 2040),  # four changes, two of them a week apart
    ("Africa/Casablanca", 2026),
    ("Asia/Pyongyang", 2015),
]
# Not all that this host has: it may add some of its own.
ZONES = files("tzdata").joinpath("zones").read_text().split()


def is_open(instant: datetime, hours: Hours) -> bool:
    local = instant.astimezone(hours.zone)
    window = hours.window
    return window is None or window.opens <= local.hour * 60 + local.minute < window.closes


def minutes(begin: datetime, end: datetime) -> list[Span]:
    """The whole UTC minutes of a stretch; the outer ones as far as they lie in it."""
    first = EPOCH + (begin - EPOCH) // MINUTE * MINUTE
    count = -((first - end) // MINUTE)
    starts = [first + minute * MINUTE for minute in range(count)]
    return [Span(max(start, begin), min(start + MINUTE, end)) for start in starts]


def slow_eligible(begin: datetime, end: datetime, *all_of: Hours) -> tuple[Span, ...]:
    found: list[Span] = []
    for minute in minutes(begin, end):
        if all(is_open(minute.begin, hours) for hours in all_of):
            if found and found[-1].end == minute.begin:
                found[-1] = Span(found[-1].begin, minute.end)
            else:
                found.append(minute)
    return tuple(found)


def slow_days(begin: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[date, Span]]:
    """A day lasts from the first instant that shows it to the first that shows a later one."""
    shown: list[tuple[date, Span]] = []
    for minute in minutes(begin, end):
        day = minute.begin.astimezone(zone).date()
        shown.append((max(day, shown[-1][0]) if shown else day, minute))
    return [
        (day, Span(run[0][1].begin, run[-1][1].end))
        for day, run in ((day, list(group)) for day, group in groupby(shown, lambda each: each[0]))
    ]


@cache
def changes(name: str, year: int) -> tuple[datetime, ...]:
    """The hours in which a zone's clock changes."""
    zone, begin = ZoneInfo(name), datetime(year, 1, 1, tzinfo=UTC)
    hours = [begin + hour * HOUR for hour in range(366 * 24)]
    return tuple(
        before
        for before, after in pairwise(hours)
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()
    )


windows = st.none() | st.builds(
    lambda opens, length: DailyWindow(opens, min(opens + length, DAY_MINUTES)),
    st.integers(0, DAY_MINUTES - 1),
    st.integers(1, DAY_MINUTES),
)
anywhere = st.tuples(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1975, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)


@st.composite
def at_changes(draw: st.DrawFn) -> tuple[str, datetime]:
    name, year = draw(st.sampled_from(CHANGES))
    before = draw(st.timedeltas(timedelta(0), timedelta(hours=30)))
    return name, draw(st.sampled_from(changes(name, year))) - before


lengths = st.timedeltas(timedelta(0), timedelta(hours=48))


@settings(max_examples=100)
@given(at_changes() | anywhere, lengths, windows, st.sampled_from(ZONES), windows)
def test_it_is_what_the_clocks_show_minute_by_minute(
    place: tuple[str, datetime],
    length: timedelta,
    window: DailyWindow | None,
    other_zone: str,
    other: DailyWindow | None,
) -> None:
    name, begin = place
    both = Hours(ZoneInfo(name), window), Hours(ZoneInfo(other_zone), other)
    assert eligible(begin, begin + length, *both) == slow_eligible(begin, begin + length, *both)


@settings(max_examples=60)
@given(at_changes() | anywhere, lengths.filter(bool), windows, at_changes())
def test_slots_lie_on_one_day_of_each_zone(
    place: tuple[str, datetime],
    length: timedelta,
    window: DailyWindow | None,
    other: tuple[str, datetime],
) -> None:
    name, begin = place
    zones = ZoneInfo(name), ZoneInfo(other[0])
    spans = eligible(begin, begin + length, Hours(zones[0], window))
    if not spans:
        return
    cut = slots(spans, *zones)
    expected: dict[tuple[date, ...], list[Span]] = {}
    days = [slow_days(spans[0].begin, spans[-1].end, zone) for zone in zones]
    for our_day, ours in days[0]:
        for their_day, theirs in days[1]:
            for span in spans:
                first = max(span.begin, ours.begin, theirs.begin)
                last = min(span.end, ours.end, theirs.end)
                if first < last:
                    expected.setdefault((our_day, their_day), []).append(Span(first, last))
    assert cut == [Slot(dates, tuple(group)) for dates, group in expected.items()]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


NIGHT = DailyWindow(90, 150)


@pytest.mark.parametrize(
    ("zone", "window", "begin", "expected"),
    [
        # 01:00 becomes 02:00: 01:30 is not there, the window begins with the first instant after.
        (LONDON, NIGHT, utc(2026, 3, 29), [("01:00", "01:30")]),
        # 02:00 becomes 01:00: what comes twice counts both times.
        (LONDON, NIGHT, utc(2026, 10, 25), [("00:30", "01:00"), ("01:30", "02:30")]),
        (NEW_YORK, NIGHT, utc(2026, 3, 8), [("06:30", "07:00")]),
        (NEW_YORK, NIGHT, utc(2026, 11, 1), [("05:30", "06:00"), ("06:30", "07:30")]),
        # Half an hour: 02:00 becomes 02:30, so the window ends where the change begins.
        (LORD_HOWE, NIGHT, utc(2026, 10, 3), [("15:00", "15:30")]),
        # 02:00 becomes 01:30.
        (LORD_HOWE, NIGHT, utc(2026, 4, 4), [("14:30", "16:00")]),
        (LORD_HOWE, DailyWindow(121, 149), utc(2026, 10, 3), []),
    ],
)
def test_nights_of_change(
    zone: ZoneInfo, window: DailyWindow, begin: datetime, expected: list[tuple[str, str]]
) -> None:
    spans = eligible(begin, begin + timedelta(days=1), Hours(zone, window))
    assert [(f"{span.begin:%H:%M}", f"{span.end:%H:%M}") for span in spans] == expected


def test_a_day_that_a_zone_left_out() -> None:
    begin, end = utc(2011, 12, 29), utc(2012, 1, 1)
    noon = eligible(begin, end, Hours(APIA, DailyWindow(12 * 60, 13 * 60)))
    assert [span.begin for span in noon] == [utc(2011, 12, day, 22) for day in (29, 30, 31)]
    assert [slot.dates for slot in slots([Span(begin, end)], APIA)] == [
        (date(2011, 12, 28),),
        (date(2011, 12, 29),),
        (date(2011, 12, 31),),
        (date(2012, 1, 1),),
    ]


def test_a_clock_that_goes_back_over_midnight_does_not_begin_yesterday_again() -> None:
    # At 00:01 on 7 November it was 23:01 on the 6th once more.
    whole = Span(utc(2010, 11, 6, 12), utc(2010, 11, 8, 12))
    assert slots([whole], ST_JOHNS) == [
        Slot((date(2010, 11, 6),), (Span(whole.begin, utc(2010, 11, 7, 2, 30)),)),
        Slot((date(2010, 11, 7),), (Span(utc(2010, 11, 7, 2, 30), utc(2010, 11, 8, 3, 30)),)),
        Slot((date(2010, 11, 8),), (Span(utc(2010, 11, 8, 3, 30), whole.end),)),
    ]


@pytest.mark.parametrize(
    ("begin", "zones"),
    [
        (utc(2026, 2, 3), ("Europe/London", "Australia/Lord_Howe")),
        # Four changes, then a pair that is a week apart.
        (utc(2040, 1, 1, 5), ("Asia/Gaza", "Africa/Casablanca")),
    ],
)
def test_a_year_of_two_windows(begin: datetime, zones: tuple[str, str]) -> None:
    """Both begin and end at quarters of an hour, so looking at those is enough."""
    both = (
        Hours(ZoneInfo(zones[0]), DailyWindow(75, 1_155)),
        Hours(ZoneInfo(zones[1]), DailyWindow(120, 1_110)),
    )
    found: list[Span] = []
    for quarter in range(366 * 96):
        start = begin + quarter * 15 * MINUTE
        if all(is_open(start, hours) for hours in both):
            if not found or found[-1].end != start:
                found.append(Span(start, start))
            found[-1] = Span(found[-1].begin, start + 15 * MINUTE)
    assert eligible(begin, begin + timedelta(days=366), *both) == tuple(found)


@pytest.mark.parametrize("before", [1, 999_999, 1_000_000, 1_000_001])
@pytest.mark.parametrize("after", [1, 1_000_000])
def test_a_change_close_to_an_end_of_the_stretch(before: int, after: int) -> None:
    change = utc(2026, 3, 29, 1)
    begin, end = change - before * MICROSECOND, change + after * MICROSECOND
    early, late = Hours(LONDON, DailyWindow(0, 60)), Hours(LONDON, DailyWindow(120, 180))
    assert eligible(begin, end, early) == (Span(begin, change),)
    assert eligible(begin, end, late) == (Span(change, end),)
    assert eligible(begin, change, late) == ()
    assert eligible(change, end, early) == ()


def test_without_windows_it_is_all_of_it_in_utc() -> None:
    begin, end = utc(2026, 3, 1), utc(2026, 7, 1)
    spans = eligible(begin.astimezone(APIA), end.astimezone(LONDON), Hours(LONDON))
    assert spans == (Span(begin, end),)
    assert {span.begin.tzinfo for span in spans} == {UTC}
    assert eligible(begin, end, Hours(LONDON, DailyWindow(0, DAY_MINUTES))) == spans
    assert eligible(begin, end) == spans


def test_of_nothing_there_is_none() -> None:
    begin = utc(2026, 3, 1, 12)
    assert eligible(begin, begin) == ()
    assert eligible(begin, begin - HOUR, Hours(LONDON)) == ()
    assert eligible(begin, begin + HOUR, Hours(LONDON, DailyWindow(0, 60))) == ()
    never = Hours(LONDON, DailyWindow(540, 720)), Hours(LONDON, DailyWindow(720, 900))
    assert eligible(begin, begin + timedelta(days=366), *never) == ()


@given(st.lists(st.integers(1, 90), min_size=1, max_size=6), st.integers(1, 600))
def test_the_first_of_spans_is_what_has_passed_by_its_end(lengths: list[int], length: int) -> None:
    spans, at = [], utc(2026, 1, 1)
    for minutes_long in lengths:
        spans.append(Span(at, at + minutes_long * MINUTE))
        at += 2 * minutes_long * MINUTE
    asked = min(length * MINUTE, total(spans))
    kept = first_of(spans, asked)
    assert total(kept) == asked
    assert [span.begin for span in kept] == [span.begin for span in spans[: len(kept)]]
    assert passed(spans, kept[-1].end) == asked
    assert passed(spans, spans[0].begin) == timedelta(0)
    assert passed(spans, spans[-1].end + HOUR) == total(spans)


def changes_of(name: str) -> list[int]:
    """Every instant at which a zone's distance from UTC changes, as the tz database has them."""
    data = files("tzdata").joinpath("zoneinfo", name).read_bytes()
    # The same twice: with instants of 32 bits, then of 64.
    ut, std, leaps, times, types, letters = struct.unpack_from(">6l", data, 20)
    second = 44 + times * 5 + types * 6 + letters + leaps * 8 + std + ut
    *_, times, types, _ = struct.unpack_from(">6l", data, second + 20)
    at = second + 44
    instants = struct.unpack_from(f">{times}q", data, at)
    kinds = data[at + times * 8 : at + times * 9]
    table = [struct.unpack_from(">l", data, at + times * 9 + kind * 6)[0] for kind in range(types)]
    offsets = [table[0], *(table[kind] for kind in kinds)]
    return [
        instant
        for instant, (before, after) in zip(instants, pairwise(offsets), strict=True)
        if before != after
    ]


def test_no_zone_changes_its_clock_twice_between_two_looks() -> None:
    gaps = [after - before for name in ZONES for before, after in pairwise(changes_of(name))]
    assert len(gaps) > 10_000
    assert timedelta(seconds=min(gaps)) > LOOK
