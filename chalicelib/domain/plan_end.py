"""Where a plan has to end, and the sentence for people when it cannot (SPEC 4.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.content import Mode
from chalicelib.domain.submission import AHEAD_MAX

if TYPE_CHECKING:
    from chalicelib.domain.schedule import PlanRequest

# Nothing is planned further ahead than an author may set a time.
HORIZON: Final = AHEAD_MAX
# A draft may hold any date, but the calendar ends with the year 9999.
LAST: Final = datetime(9990, 1, 1, tzinfo=UTC)


class End(NamedTuple):
    at: datetime
    # The field that says so; None: the horizon.
    field: str | None


def end_of(request: PlanRequest) -> End:
    begin = min(request.begin, LAST)
    ends = [End(begin + HORIZON, None)]
    if request.end is not None:
        ends.insert(0, End(request.end, "date_to"))
    if request.deadline is not None:
        ends.insert(0, End(request.deadline, "deadline"))
    return min(ends, key=lambda end: end.at)


def impossible(request: PlanRequest, end: End) -> str | None:
    """What no recipient and no channel can help."""
    if request.begin > LAST:
        return "Its start is too far ahead: choose an earlier one"
    if end.at <= request.begin:
        start = _shown(request, request.begin)
        return f"Its {end.field} is not after its start, {start}: choose a later {end.field}"
    if request.mode is not Mode.SPREAD:
        return None
    if request.end is None:
        return "A spread campaign has no plan without date_from and date_to: write both"
    if request.end - request.begin > HORIZON:
        return f"It takes more than {HORIZON.days} days: choose an earlier date_to"
    return None


def never_open(request: PlanRequest, end: End) -> str:
    return (
        f"The daily windows leave no time from {_shown(request, request.begin)} "
        f"to {_shown(request, end.at)}: choose other times or a wider window"
    )


def too_many(request: PlanRequest, planned: int, by_rate: int, end: End) -> str:
    """`by_rate`: how many would fit if no limit were set."""
    ways = {
        f"a later {end.field}": end.field is not None,
        "a higher daily limit": planned < by_rate,
        "a faster channel": by_rate < request.recipients,
        "a shorter list": planned > 0,
    }
    *others, last = [way for way, helps in ways.items() if helps]
    return (
        f"Only {planned:,} of {request.recipients:,} recipients fit "
        f"{f'before {_shown(request, end.at)}' if end.field else f'into {HORIZON.days} days'}: "
        f"choose {', '.join(others)}{' or ' if others else ''}{last}"
    )


def _shown(request: PlanRequest, instant: datetime) -> str:
    zone = request.campaign.hours.zone
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
