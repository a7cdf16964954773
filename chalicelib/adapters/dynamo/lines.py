"""What lists of campaigns ask of DynamoDB (domain/campaign_listing.py).

A period of what is sorted by is a span of places; all else is a filter. The list in the order of
making is read consistently, since people look there for what they have just made.
"""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Final, TypeVar

from chalicelib.adapters.dynamo import keys
from chalicelib.adapters.dynamo.campaign_models import LineItem
from chalicelib.adapters.dynamo.pages import Search
from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.campaign_listing import Sort, moment_place
from chalicelib.domain.content import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from enum import StrEnum

    from pynamodb.attributes import Attribute
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.campaign_listing import CampaignQuery

E = TypeVar("E", bound="StrEnum")

# Sort -> index and its range key.
ORDERS: Final = {
    Sort.CREATED: (None, "sk"),
    Sort.START: (keys.BY_START, keys.START_PLACE),
    Sort.SENDER: (keys.BY_SENDER, keys.SENDER_PLACE),
}
# Places of campaigns without a start are below, those of all moments above.
_ANY_MOMENT: Final = "0"


def is_possible(query: CampaignQuery) -> bool:
    texts = (query.sender, query.author, query.search)
    return all(keys.is_text(text) for text in texts if text)


def search(workspace: str, query: CampaignQuery) -> Search:
    first, last = _span(query)
    index, place = ORDERS[query.sort]
    conditions = list(_conditions(query))
    return Search(
        keys.lines(workspace, archived=query.archived),
        first=first,
        last=last,
        wanted=reduce(and_, conditions) if conditions else None,
        ascending=query.ascending,
        index=index,
        place=place,
        consistent=index is None,
    )


def _span(query: CampaignQuery) -> tuple[str | None, str | None]:
    """A moment's own places stand above it: it is included as a beginning, not as an end."""
    begin, end = {
        Sort.CREATED: (query.created_from, query.created_to),
        Sort.START: (query.start_from, query.start_to),
        Sort.SENDER: (None, None),
    }[query.sort]
    if begin is None and end is None:
        return None, None
    return moment_place(begin) if begin else _ANY_MOMENT, moment_place(end) if end else None


def _conditions(query: CampaignQuery) -> Iterator[Condition]:
    yield from _one_of(LineItem.status, query.statuses)
    yield from _one_of(LineItem.approval, query.approvals)
    yield from _one_of(LineItem.mode, query.modes)
    if query.sender is not None:
        yield LineItem.sender == query.sender
    if query.author is not None:
        yield LineItem.author == query.author
    if query.search:
        yield LineItem.searched.contains(query.search.casefold())
    if query.sort is not Sort.CREATED:
        yield from _within(LineItem.created_at, query.created_from, query.created_to)
    if query.sort is not Sort.START:
        yield from _within(LineItem.starts_at, query.start_from, query.start_to)
    if query.missed_start:
        yield _missed_start(query.now)


def _one_of(attribute: Attribute[E], chosen: frozenset[E]) -> Iterator[Condition]:
    if chosen:
        yield attribute.is_in(*sorted(chosen))


def _within(
    moment: Attribute[datetime], begin: datetime | None, end: datetime | None
) -> Iterator[Condition]:
    """What has no such moment is in no period."""
    if begin is not None:
        yield moment >= begin
    if end is not None:
        yield moment < end


def _missed_start(now: datetime | None) -> Condition:
    """As `campaign_listing.missed_start` has it."""
    late = LineItem.missed_at.exists()
    if now is not None:
        late |= (LineItem.mode == Mode.ON_TIME) & (LineItem.starts_at < now)
    waits = (LineItem.status == Status.NEW) & (LineItem.approval == Approval.APPROVED)
    missed: Condition = waits & LineItem.archived_at.does_not_exist() & late
    return missed
