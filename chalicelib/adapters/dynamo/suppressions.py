"""Who wants no messages (domain/suppression.py), in the campaigns table."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamo import keys
from chalicelib.adapters.dynamo.kinds import SUPPRESSION, SUPPRESSION_CHANGE, SUPPRESSION_LIST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.suppression import Suppression, SuppressionChange, SuppressionList
    from chalicelib.usecases.ports import Page


class DynamoSuppressions:
    def __init__(self, store: Store) -> None:
        self._entries = store.of(SUPPRESSION)
        self._lists = store.of(SUPPRESSION_LIST)
        self._changes = store.of(SUPPRESSION_CHANGE)

    def find(self, workspace: str, tokens: Collection[int]) -> dict[int, Suppression]:
        found = self._entries.find_all(keys.suppression(workspace, token) for token in tokens)
        return {record.token: record for record in found.values()}

    def page(self, workspace: str, *, after: str | None, limit: int) -> Page[Suppression]:
        return self._entries.page(
            keys.suppressions(workspace), after=after, limit=limit, ascending=True
        )

    def numbers(self, workspace: str) -> Iterator[tuple[int, datetime | None]]:
        names = ["number", keys.LIFTED_AT]
        for item in self._entries.projected(keys.suppressions(workspace), names):
            lifted = item.get(keys.LIFTED_AT)
            lifted_at = datetime.fromisoformat(lifted["S"]) if lifted else None
            yield int(item["number"]["N"]), lifted_at

    def lists(self, workspace: str) -> list[SuppressionList]:
        return self._lists.all(keys.suppression_lists(workspace))[::-1]

    def changes(self, workspace: str, since: datetime) -> list[SuppressionChange]:
        return self._changes.above(keys.suppression_changes(workspace), keys.milliseconds(since))
