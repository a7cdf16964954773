"""The moderation queue and its mark (domain/moderation.py).

Items are written and removed by `Changes`, with what they stand for. The mark is one item of a
workspace, changed by updates alone and never in a transaction: submissions and decisions at once
would cancel each other over it (DESIGN 3). Each change under way is an attribute of its own, so
two of them never write the same, and the first of all finds nothing to make ready.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from pynamodb.expressions.operand import Path

from chalicelib.adapters.dynamo import keys, pages
from chalicelib.adapters.dynamo.campaign_models import WaitingItem
from chalicelib.adapters.dynamo.kinds import QUEUE_ITEM
from chalicelib.adapters.dynamo.pages import Search
from chalicelib.adapters.ids import chance
from chalicelib.domain.moderation import QueueMark

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.moderation import ItemKind, QueueItem
    from chalicelib.usecases.ports import Page

TURN: Final = "turn"
# Of the attributes that hold until when a change is believed; its token follows.
UNDER_WAY: Final = "until "


class DynamoQueue:
    def __init__(self, store: Store) -> None:
        self._items = store.of(QUEUE_ITEM)

    def waiting(
        self, workspace: str, kind: ItemKind | None, *, after: str | None, limit: int
    ) -> Page[QueueItem]:
        search = Search(
            keys.queue(workspace),
            wanted=WaitingItem.kind == kind if kind else None,
            ascending=True,
            consistent=True,
        )
        return pages.look(self._items, search, after=after, limit=limit)

    def mark(self, workspace: str) -> QueueMark:
        key = keys.queue_mark(workspace)
        with self._items.answering():
            answer = self._items.connection.get_item(
                self._items.table, key.pk, range_key=key.sk, consistent_read=True
            )
        item = answer.get("Item", {})
        under_way = {
            name.removeprefix(UNDER_WAY): datetime.fromisoformat(value["S"])
            for name, value in item.items()
            if name.startswith(UNDER_WAY)
        }
        return QueueMark(workspace, item.get(TURN, {"S": ""})["S"], under_way)

    def begin(self, workspace: str, token: str, until: datetime) -> None:
        self._turn(workspace, _change(token).set(until.isoformat()))

    def end(self, workspace: str, token: str) -> None:
        self._turn(workspace, _change(token).remove())

    def _turn(self, workspace: str, action: Action) -> None:
        key = keys.queue_mark(workspace)
        # At random and no count: records that are older again, after a crash or from a backup, must
        # not come to the turns of those that were lost once more.
        turn = Path(TURN).set(chance().hex())
        with self._items.answering():
            self._items.connection.update_item(
                self._items.table, key.pk, range_key=key.sk, actions=[turn, action]
            )


def _change(token: str) -> Path:
    return Path([f"{UNDER_WAY}{token}"])
