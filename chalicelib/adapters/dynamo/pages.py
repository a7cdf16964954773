"""Pages of what is looked for among many records, in a bounded number of reads whatever is asked.

DynamoDB evaluates a filter over what it reads, a megabyte at most at a time. If what was read does
not fill the page, it is short, or empty, and names where to go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pynamodb.expressions.operand import Path

from chalicelib.adapters.dynamo import keys
from chalicelib.adapters.dynamo.keys import Key
from chalicelib.usecases.ports import Page

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition

    from chalicelib.adapters.dynamo.store import Collection

T = TypeVar("T")

# Ten thousand lines of campaigns are some seven megabytes: all of them are looked through for one
# page, and even then it takes about a second.
READS_MAX: Final = 10
ROWS_MAX: Final = 1_500
# What many records match is found in the first few rows; more of them would be read, and sent, in
# vain.
FIRST_LOOK: Final = 4


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look: a partition, between two places (both included, None: its end); for what."""

    partition: str
    first: str | None = None
    last: str | None = None
    wanted: Condition | None = None
    ascending: bool = False
    index: str | None = None
    # The range key: the table's or the index's.
    place: str = "sk"
    # No index can be read consistently.
    consistent: bool = False


def look(records: Collection[T], search: Search, *, after: str | None, limit: int) -> Page[T]:
    after = keys.place(after) if after else None
    first, last = _span(search, after)
    if (first and last and first > last) or not Key(search.partition, "-").possible:
        return Page([], None)
    span = _between(Path(search.place), first, last)
    # Beside the page: one more, to know whether this is the end, and the cursor's own.
    rows = min(ROWS_MAX, (limit + 2) * (1 if search.wanted is None else FIRST_LOOK))
    found: list[dict[str, Any]] = []
    left_at: dict[str, Any] | None = None
    for _ in range(READS_MAX):
        with records.answering():
            answer = records.connection.query(
                records.table,
                search.partition,
                range_key_condition=span,
                filter_condition=search.wanted,
                consistent_read=search.consistent,
                exclusive_start_key=left_at,
                index_name=search.index,
                limit=rows,
                scan_index_forward=search.ascending,
            )
        found += [item for item in answer["Items"] if item[search.place]["S"] != after]
        left_at = answer.get("LastEvaluatedKey")
        if left_at is None or len(found) > limit:
            break
        rows = ROWS_MAX
    shown = found[:limit]
    end = shown[-1] if len(found) > limit else left_at
    return Page([records.record(item) for item in shown], end[search.place]["S"] if end else None)


def _span(search: Search, after: str | None) -> tuple[str | None, str | None]:
    """DynamoDB's spans include both ends, and so the place that the page before ended with."""
    if after is None:
        return search.first, search.last
    if search.ascending:
        return max(after, search.first or after), search.last
    return search.first, min(after, search.last or after)


def _between(place: Path, first: str | None, last: str | None) -> Condition | None:
    if first and last:
        return place.between(first, last)
    if first:
        return place >= first
    return place <= last if last else None
