"""Outcomes on their way to the journal: many to an item, none waiting longer than a second."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from chalicelib.domain.formats.journal import MAX_OUTCOMES
from smpp_bridge.dispatch.effects import Append

if TYPE_CHECKING:
    from chalicelib.domain.ledger import Outcome
    from chalicelib.usecases.ownership import ChunkKey
    from smpp_bridge.dispatch.effects import Now

BATCH_AGE: Final = 1.0


@dataclass(slots=True)
class _Batch:
    since: float
    outcomes: list[Outcome] = field(default_factory=list)


class Batches:
    def __init__(self) -> None:
        self._waiting: dict[ChunkKey, _Batch] = {}

    def __len__(self) -> int:
        return sum(len(batch.outcomes) for batch in self._waiting.values())

    @property
    def due_at(self) -> list[float]:
        return [batch.since + BATCH_AGE for batch in self._waiting.values()]

    def add(self, key: ChunkKey, outcome: Outcome, now: Now) -> None:
        self._waiting.setdefault(key, _Batch(now.at)).outcomes.append(outcome)

    def forget(self, key: ChunkKey) -> None:
        self._waiting.pop(key, None)

    def is_due(self, now: Now) -> bool:
        return any(
            len(batch.outcomes) >= MAX_OUTCOMES or now.at - batch.since >= BATCH_AGE
            for batch in self._waiting.values()
        )

    def take(self) -> list[Append]:
        """All of them."""
        appends = [
            Append(key, tuple(batch.outcomes[start : start + MAX_OUTCOMES]))
            for key, batch in self._waiting.items()
            for start in range(0, len(batch.outcomes), MAX_OUTCOMES)
        ]
        self._waiting.clear()
        return appends
