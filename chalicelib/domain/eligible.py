"""Eligible time: a stretch cut with daily windows, each in a time zone of its own (SPEC 4.6).

Instants decide; local wall time is what a window means. So a stretch is cut at its clock changes
first: between two of them local time is UTC and a constant, and windows are arithmetic. A wall time
that a change leaves out is never there, and one that it repeats counts both times.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from chalicelib.domain.workspace import DAY_MINUTES, DailyWindow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
SECOND: Final = timedelta(seconds=1)
# Clocks are looked at this often. In the whole tz database no two changes of a zone are less than
# 6.9 days apart, so between two looks there is one at most, and none that the next takes back.
LOOK: Final = timedelta(days=5)
WHOLE_DAY: Final = DailyWindow(0, DAY_MINUTES)


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant to before another one, in UTC; never empty."""

    begin: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Hours:
    zone: ZoneInfo
    # None: the whole day.
    window: DailyWindow | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """Spans that lie on one day of every zone that was asked for."""

    dates: tuple[date, ...]
    spans: tuple[Span, ...]


def eligible(begin: datetime, end: datetime, *all_of: Hours) -> tuple[Span, ...]:
    """The spans of [begin, end) with every window open: disjoint, ascending, never touching."""
    if begin >= end:
        return ()
    whole = Span(begin.astimezone(UTC), end.astimezone(UTC))
    spans = [whole]
    for hours in all_of:
        if hours.window is not None:
            opened = _joined(span for span, _ in _by_day(whole, hours.zone, hours.window))
            spans = [span for span, _, _ in _common(spans, opened)]
    return tuple(spans)


def slots(spans: Sequence[Span], *zones: ZoneInfo) -> list[Slot]:
    """Cut at the midnights of every zone; there is one span at least.

    A day begins when the clock first shows it. Where a change takes the clock back over midnight
    (as Newfoundland did until 2011), it does not end again.
    """
    pieces = list(spans)
    dates: list[tuple[date, ...]] = [()] * len(pieces)
    for zone in zones:
        days = _calendar(pieces, zone)
        cut = list(_common(pieces, [span for span, _ in days]))
        dates = [(*dates[piece], days[day][1]) for _, piece, day in cut]
        pieces = [span for span, _, _ in cut]
    return [
        Slot(key, tuple(span for _, span in group))
        for key, group in groupby(zip(dates, pieces, strict=True), key=itemgetter(0))
    ]


def total(spans: Iterable[Span]) -> timedelta:
    return sum((span.length for span in spans), timedelta())


def passed(spans: Iterable[Span], instant: datetime) -> timedelta:
    """How much of them lies before the instant."""
    return sum(
        (min(instant, span.end) - span.begin for span in spans if span.begin < instant),
        timedelta(),
    )


def first_of(spans: Iterable[Span], length: timedelta) -> tuple[Span, ...]:
    """Their beginning, so much of it; `length` is above nothing and at most their total."""
    kept = []
    for span in spans:
        if length > timedelta():
            kept.append(Span(span.begin, min(span.end, span.begin + length)))
            length -= span.length
    return tuple(kept)


def _calendar(spans: Sequence[Span], zone: ZoneInfo) -> list[tuple[Span, date]]:
    """The local days from the first span to the last, without a gap."""
    days: list[tuple[Span, date]] = []
    for piece, day in _by_day(Span(spans[0].begin, spans[-1].end), zone, WHOLE_DAY):
        if days and day <= days[-1][1]:
            days[-1] = Span(days[-1][0].begin, piece.end), days[-1][1]
        else:
            days.append((piece, day))
    return days


def _by_day(stretch: Span, zone: ZoneInfo, window: DailyWindow) -> Iterator[tuple[Span, date]]:
    """The window of each local day in it; in pieces where the clock changes."""
    for span, offset in _clocks(stretch, zone):
        begin, end = span.begin + offset, span.end + offset
        midnight = datetime.combine(begin, time(), UTC)
        while midnight < end:
            opens = max(midnight + window.opens * MINUTE, begin)
            closes = min(midnight + window.closes * MINUTE, end)
            if opens < closes:
                yield Span(opens - offset, closes - offset), midnight.date()
            midnight += DAY


def _clocks(stretch: Span, zone: ZoneInfo) -> Iterator[tuple[Span, timedelta]]:
    """Cut so that each piece has one distance from UTC."""
    at = stretch.begin
    while at < stretch.end:
        offset, look = _offset(at, zone), min(at + LOOK, stretch.end)
        if _offset(look, zone) != offset:
            look = _change(at, look, zone)
        yield Span(at, look), offset
        at = look


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """When the clock changes between the two: always at a whole second."""
    offset = _offset(before, zone)
    seconds = range((before - EPOCH) // SECOND + 1, (after - EPOCH) // SECOND + 1)
    place = bisect_left(
        seconds, x=True, key=lambda second: _offset(EPOCH + second * SECOND, zone) != offset
    )
    return EPOCH + seconds[place] * SECOND


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Those that touch become one."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].end == span.begin:
            joined[-1] = Span(joined[-1].begin, span.end)
        else:
            joined.append(span)
    return joined


def _common(ones: Sequence[Span], others: Sequence[Span]) -> Iterator[tuple[Span, int, int]]:
    """What lies in both, and in which of each."""
    one = other = 0
    while one < len(ones) and other < len(others):
        begin = max(ones[one].begin, others[other].begin)
        end = min(ones[one].end, others[other].end)
        if begin < end:
            yield Span(begin, end), one, other
        if ones[one].end == end:
            one += 1
        else:
            other += 1
