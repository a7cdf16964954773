"""Lists of campaigns: what a line shows, how it is filtered and sorted (SPEC 4.9).

A page goes on behind a *place*, the sort key of the last line shown, never at a count: whatever
happens to other campaigns, one that stays as it is shows exactly once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.content import Mode
from chalicelib.domain.errors import require
from chalicelib.domain.sender import NUMERIC_MAX

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign

SEARCH_MAX: Final = 100
# As long as any address is: filled up with blanks, "ACME" stands before "ACME 2".
_ADDRESS: Final = NUMERIC_MAX
_ID: Final = re.compile(r"[0-9a-z_]{1,64}")
# Sorts behind every instant, and before it when turned round: a campaign without a start.
NEVER: Final = ""


class Sort(StrEnum):
    CREATED = "created"
    START = "start"
    SENDER = "sender"


@dataclass(frozen=True, slots=True)
class CampaignLine:
    id: str
    workspace: str
    name: str
    mode: Mode
    status: Status
    approval: Approval
    author: str
    sender: str | None
    address: str
    created_at: datetime
    starts_at: datetime | None
    recipients: int
    missed_at: datetime | None
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class CampaignQuery:
    """Empty sets and None do not filter. Periods include their begin, not their end."""

    sort: Sort = Sort.CREATED
    ascending: bool = False
    archived: bool = False
    statuses: frozenset[Status] = frozenset()
    approvals: frozenset[Approval] = frozenset()
    modes: frozenset[Mode] = frozenset()
    sender: str | None = None
    author: str | None = None
    # Part of an id, of a name or of the address that recipients see; case does not count.
    search: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    start_from: datetime | None = None
    start_to: datetime | None = None
    missed_start: bool = False
    # The moment of asking: what was to start before it and did not has missed its start as well.
    now: datetime | None = None


def line_of(campaign: Campaign) -> CampaignLine:
    content = campaign.content
    return CampaignLine(
        id=campaign.id,
        workspace=campaign.workspace,
        name=content.name,
        mode=content.mode,
        status=campaign.status,
        approval=campaign.approval,
        author=campaign.author,
        sender=content.sender,
        address=campaign.address,
        created_at=campaign.created_at,
        starts_at=campaign.starts_at,
        recipients=campaign.recipients,
        missed_at=campaign.missed_at,
        archived_at=campaign.archived_at,
    )


def matches(line: CampaignLine, query: CampaignQuery) -> bool:
    return (
        (line.archived_at is not None) == query.archived
        and (not query.statuses or line.status in query.statuses)
        and (not query.approvals or line.approval in query.approvals)
        and (not query.modes or line.mode in query.modes)
        and query.sender in {None, line.sender}
        and query.author in {None, line.author}
        and (query.search is None or query.search.casefold() in searched(line))
        and _within(line.created_at, query.created_from, query.created_to)
        and _within(line.starts_at, query.start_from, query.start_to)
        and (not query.missed_start or missed_start(line, query.now))
    )


def missed_start(line: CampaignLine, now: datetime | None) -> bool:
    """As `campaign.missed_start` has it."""
    if (line.status, line.approval) != (Status.NEW, Approval.APPROVED) or line.archived_at:
        return False
    is_late = now is not None and line.starts_at is not None and line.starts_at < now
    return line.missed_at is not None or (line.mode is Mode.ON_TIME and is_late)


def searched(line: CampaignLine) -> str:
    """What a search looks through; the ends are marked, so that no match runs over them."""
    return f"{line.id}\n{line.name}\n{line.address}".casefold()


def place_of(line: CampaignLine, sort: Sort) -> str:
    """Where it stands in a list; places of one sort are never equal."""
    by = {
        Sort.CREATED: moment_place(line.created_at),
        Sort.START: moment_place(line.starts_at) if line.starts_at else NEVER,
        Sort.SENDER: line.address.casefold().ljust(_ADDRESS),
    }[sort]
    return f"{by}#{line.id}"


def check_place(after: str | None, sort: Sort) -> None:
    """Cursors are places, and come back from callers."""
    if after is None:
        return
    by, _, line = after.rpartition("#")
    fits = _is_address(by) if sort is Sort.SENDER else _is_moment(by, sort)
    require((fits and bool(_ID.fullmatch(line)), "after", "is not a cursor of this listing"))


def _is_address(by: str) -> bool:
    plain = by.isascii() and by.isprintable()
    return plain and len(by) == _ADDRESS and by == by.casefold()


def _is_moment(by: str, sort: Sort) -> bool:
    if by == NEVER:
        return sort is Sort.START
    try:
        moment = datetime.fromisoformat(by)
    except ValueError:
        return False
    return moment.utcoffset() == timedelta(0) and moment_place(moment) == by


def moment_place(moment: datetime) -> str:
    """What places of this moment begin with: they stand above it, those of earlier ones below."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _within(moment: datetime | None, begin: datetime | None, end: datetime | None) -> bool:
    if begin is None and end is None:
        return True
    if moment is None:
        return False
    return (begin is None or begin <= moment) and (end is None or moment < end)
