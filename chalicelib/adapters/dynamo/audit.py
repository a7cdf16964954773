"""The audit table: what is written is put if absent, and nothing is ever changed or removed
(SPEC 8.2, DESIGN 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pynamodb.expressions.operand import Path

from chalicelib.adapters.dynamo import keys
from chalicelib.adapters.dynamo.keys import Key
from chalicelib.adapters.dynamo.kinds import AUDIT, SEAL
from chalicelib.usecases.ports import Page

if TYPE_CHECKING:
    from datetime import datetime

    from pynamodb.expressions.condition import Condition

    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.seals import Seal
    from chalicelib.usecases.ports import AuditQuery

# Of one page: a rare action is looked for in several requests, each of which answers in time.
EVALUATED_MAX: Final = 1000
# A seal takes 30 KB, and who looks back needs but the newest few.
SEALS_AT_A_TIME: Final = 8

# Keys begin with digits: before them all and after them all.
_FIRST: Final = "0"
_LAST: Final = ":"


class DynamoAuditLog:
    """Where nobody shall wait for it, `store` is one with limits of its own (`store.BRISK`)."""

    def __init__(self, store: Store) -> None:
        self._records = store.of(AUDIT)
        self._seals = store.of(SEAL)

    def append(self, record: AuditRecord) -> None:
        self._records.add(record)

    def page(
        self, workspace: str, query: AuditQuery, *, after: str | None, limit: int
    ) -> Page[AuditRecord]:
        first, last = _span(query, after)
        if first > last or not Key(workspace, last).possible:
            return Page([], None)
        wanted = _wanted(query)
        found: list[dict[str, Any]] = []
        evaluated, left_at = 0, None
        while len(found) <= limit and evaluated < EVALUATED_MAX:
            # One that is only looked at, to know whether this is the end, and the cursor's own.
            enough = limit + 2 if wanted is None else EVALUATED_MAX
            with self._records.answering():
                answer = self._records.connection.query(
                    self._records.table,
                    workspace,
                    range_key_condition=Path("sk").between(first, last),
                    filter_condition=wanted,
                    scan_index_forward=False,
                    exclusive_start_key=left_at,
                    limit=min(enough, EVALUATED_MAX - evaluated),
                )
            # DynamoDB's span includes its end, which the page before has shown.
            found += [item for item in answer["Items"] if item["sk"]["S"] != after]
            evaluated += answer["ScannedCount"]
            left_at = answer.get("LastEvaluatedKey")
            if left_at is None:
                break
        shown = found[:limit]
        place = shown[-1] if len(found) > limit else left_at
        return Page(list(map(self._records.record, shown)), place["sk"]["S"] if place else None)

    def since(
        self, workspace: str, since: datetime, *, after: str | None, limit: int
    ) -> Page[AuditRecord]:
        return self._records.page(
            workspace,
            after=max(keys.since(since), after or ""),
            limit=limit,
            ascending=True,
            consistent=True,
        )

    def last_seal(self, workspace: str) -> Seal | None:
        return next(self._seals.backwards(keys.seals(workspace), at_a_time=1), None)

    def seals(self, workspace: str, *, after: int, limit: int) -> list[Seal]:
        return self._seals.first(keys.seals(workspace), limit, above=keys.seal(after))

    def seals_back_to(self, workspace: str, since: datetime) -> list[Seal]:
        found: list[Seal] = []
        for seal in self._seals.backwards(keys.seals(workspace), SEALS_AT_A_TIME):
            found.append(seal)
            if seal.at < since:
                break
        return found

    def add_seal(self, seal: Seal) -> bool:
        return self._seals.add(seal)


def _span(query: AuditQuery, after: str | None) -> tuple[str, str]:
    """Keys of the period, both included. No record stands at `keys.since`, only above it."""
    first = keys.since(query.since) if query.since else _FIRST
    last = keys.since(query.until) if query.until else _LAST
    return first, min(last, keys.place(after)) if after else last


def _wanted(query: AuditQuery) -> Condition | None:
    wanted: Condition | None = None
    for path, value in (
        ("actor.user", query.actor),
        ("action", query.action),
        ("object", query.object),
        ("author", query.author),
    ):
        if value is not None:
            same = Path(path.split(".")) == value
            wanted = same if wanted is None else wanted & same
    return wanted
