"""The schedule of a campaign: which day each recipient's message goes out (SPEC 4.2, 4.6).

It is a plan, made in advance and shown before approval. The limits themselves are held while
sending (DESIGN 4.10); what others will take of the channel and of the workspace's limit is not
known here. A message counts with the mean of its parts. Nothing is a float: rates are fractions,
time is whole microseconds.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import accumulate, groupby
from math import ceil
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from chalicelib.domain.content import Mode
from chalicelib.domain.dealing import Pool, earliest, evenly
from chalicelib.domain.eligible import Hours, eligible, first_of, passed, slots, total
from chalicelib.domain.pacing import HEADROOM
from chalicelib.domain.plan_end import end_of, impossible, never_open, too_many
from chalicelib.domain.submission import zone_of
from chalicelib.domain.workspace import LimitUnit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from chalicelib.domain.content import Content
    from chalicelib.domain.eligible import Slot, Span
    from chalicelib.domain.workspace import DailyLimit, Workspace

TICK: Final = timedelta(microseconds=1)
TICKS: Final = timedelta(seconds=1) // TICK


@dataclass(frozen=True, slots=True)
class Terms:
    """What the campaign, or the workspace, asks of a day: each has its own zone (SPEC 4.8)."""

    hours: Hours
    limit: DailyLimit | None = None
    # What was counted against the limit already on the day in which the plan begins, in its unit.
    used: int = 0


@dataclass(frozen=True, slots=True)
class PlanRequest:
    mode: Mode
    begin: datetime
    # Of a Spread, when both its dates are written.
    end: datetime | None
    deadline: datetime | None
    recipients: int
    # PDUs of a message, in the mean over the recipients.
    parts: Fraction
    # PDUs a second.
    rate: Fraction
    campaign: Terms
    workspace: Terms


@dataclass(frozen=True, slots=True)
class Share:
    """Recipients, one at least, who are dealt over these spans second by second, at one rate."""

    spans: tuple[Span, ...]
    recipients: int
    # Messages a second.
    rate: Fraction

    def due(self, instant: datetime) -> int:
        """How many are to have gone out before the instant: the first as the spans begin."""
        ticks = passed(self.spans, instant) // TICK
        return min(self.recipients, ceil(ticks * self.rate / TICKS))


@dataclass(frozen=True, slots=True)
class Day:
    """A local day of the campaign's zone that gets recipients."""

    date: date
    shares: tuple[Share, ...]

    @property
    def recipients(self) -> int:
        return sum(share.recipients for share in self.shares)

    @property
    def begins_at(self) -> datetime:
        return self.shares[0].spans[0].begin

    @property
    def ends_at(self) -> datetime:
        """The first instant after it."""
        return self.shares[-1].spans[-1].end

    def due(self, instant: datetime) -> int:
        """As of a share."""
        return sum(share.due(instant) for share in self.shares)


@dataclass(frozen=True, slots=True)
class Outline:
    """Days ascend; their recipients and those left are all that were asked for."""

    days: tuple[Day, ...] = ()
    # Recipients that do not fit.
    left: int = 0
    # Why it does not fit and what would, in a sentence for people.
    objection: str | None = None

    @property
    def fits(self) -> bool:
        return self.objection is None

    @property
    def recipients(self) -> int:
        """Those that have a day."""
        return sum(day.recipients for day in self.days)

    @property
    def begins_at(self) -> datetime | None:
        return self.days[0].begins_at if self.days else None

    @property
    def finishes_at(self) -> datetime | None:
        """When all of them are expected to have gone out."""
        return self.days[-1].ends_at if self.days else None

    @property
    def rate(self) -> Fraction:
        """Messages a second when it is busiest; `float()` shows it."""
        return max((share.rate for day in self.days for share in day.shares), default=Fraction())

    def due(self, instant: datetime) -> int:
        """How many of all are to have gone out before the instant."""
        return sum(day.due(instant) for day in self.days)

    def day_of(self, position: int) -> Day | None:
        """The day of the recipient at this position of the list, from 0; None: it has none."""
        reached = list(accumulate(day.recipients for day in self.days))
        place = bisect_right(reached, position)
        return self.days[place] if place < len(self.days) else None


def plan_request(
    content: Content,
    workspace: Workspace,
    rate: float,
    recipients: int,
    parts: Fraction,
    now: datetime,
) -> PlanRequest:
    """Of any draft, however little of it is written. `rate` is the channel's."""
    theirs, ours = hours_of(content, workspace)
    spread = content.mode is Mode.SPREAD and content.date_from is not None
    return PlanRequest(
        mode=content.mode,
        begin=max(now, content.starts_at or now),
        end=content.date_to if spread else None,
        deadline=content.deadline,
        recipients=recipients,
        # No message has less than one, also while nothing was counted yet.
        parts=max(parts, Fraction(1)),
        # As it is paced.
        rate=Fraction(rate) * Fraction(HEADROOM).limit_denominator(TICKS),
        campaign=Terms(ours, content.daily_limit),
        workspace=Terms(theirs, workspace.daily_limit),
    )


def hours_of(content: Content, workspace: Workspace) -> tuple[Hours, Hours]:
    """The workspace's and the campaign's; messages go out while both are open (SPEC 4.7, 4.8)."""
    urgent = content.mode is Mode.TRIGGER and content.ignore_daily_window
    return (
        Hours(ZoneInfo(workspace.time_zone), None if urgent else workspace.daily_window),
        Hours(zone_of(content, workspace), content.daily_window),
    )


def outline(request: PlanRequest) -> Outline:
    """Never raises, never runs on: what cannot be planned has an objection."""
    if request.mode is Mode.TRIGGER or not request.recipients:
        return Outline()
    end = end_of(request)
    objection = impossible(request, end)
    if objection is not None:
        return Outline(left=request.recipients, objection=objection)
    spans = eligible(request.begin, end.at, request.workspace.hours, request.campaign.hours)
    if not spans:
        return Outline(left=request.recipients, objection=never_open(request, end))
    cut = slots(spans, *_zones(request))
    weights = [total(slot.spans) // TICK for slot in cut]
    by_rate = [weight // _busy(request) for weight in weights]
    pools = [Pool(range(slot, slot + 1), room) for slot, room in enumerate(by_rate)]
    pools += _limits(request, cut)
    if request.mode is Mode.SPREAD:
        quotas = evenly(request.recipients, weights, pools)
    else:
        quotas = earliest(request.recipients, len(cut), pools)
    planned = sum(quotas)
    fits = planned == request.recipients
    return Outline(
        days=tuple(_days(request, cut, quotas)),
        left=request.recipients - planned,
        objection=None if fits else too_many(request, planned, sum(by_rate), end),
    )


def _zones(request: PlanRequest) -> tuple[ZoneInfo, ...]:
    """Whose midnights matter: the workspace's, when its limit begins anew there."""
    ours, theirs = request.campaign, request.workspace
    return (ours.hours.zone, theirs.hours.zone) if theirs.limit else (ours.hours.zone,)


def _busy(request: PlanRequest) -> Fraction:
    """Ticks that a message keeps the channel busy."""
    return request.parts * TICKS / request.rate


def _limits(request: PlanRequest, cut: Sequence[Slot]) -> Iterator[Pool]:
    for terms, zone in ((request.campaign, 0), (request.workspace, -1)):
        if terms.limit is not None:
            first = request.begin.astimezone(terms.hours.zone).date()
            for day, run in groupby(range(len(cut)), key=lambda slot: cut[slot].dates[zone]):
                members = list(run)
                free = terms.limit.count - (terms.used if day == first else 0)
                parts = request.parts if terms.limit.unit is LimitUnit.SEGMENTS else 1
                yield Pool(range(members[0], members[-1] + 1), max(0, int(free // parts)))


def _days(request: PlanRequest, cut: Sequence[Slot], quotas: Sequence[int]) -> Iterator[Day]:
    dealt = [(slot, quota) for slot, quota in zip(cut, quotas, strict=True) if quota]
    for day, group in groupby(dealt, key=lambda each: each[0].dates[0]):
        yield Day(day, tuple(_share(request, slot, quota) for slot, quota in group))


def _share(request: PlanRequest, slot: Slot, quota: int) -> Share:
    if request.mode is Mode.SPREAD:
        return Share(slot.spans, quota, Fraction(quota * TICKS, total(slot.spans) // TICK))
    busy = _busy(request)
    return Share(first_of(slot.spans, ceil(quota * busy) * TICK), quota, TICKS / busy)
