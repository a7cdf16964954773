"""Telling moderators that their queue changes (domain/moderation.py, rules 1 and 2).

A change that was confirmed, or refused, is over. Of any other nobody knows: it stays under way
until it is over by time.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import MessageCenterError, Unavailable
from chalicelib.domain.moderation import CHANGE_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.usecases.ports import Clock, Ids, Queue


@dataclass(frozen=True, slots=True)
class QueueBell:
    queue: Queue
    clock: Clock
    ids: Ids

    @contextmanager
    def changing(self, workspace: str) -> Iterator[None]:
        """Around every commit that adds to the queue, or takes from it."""
        token = self.ids.new("chg")
        self.queue.begin(workspace, token, self.clock.now() + CHANGE_MAX)
        try:
            yield
        except Unavailable:
            # The database may still do what it did not confirm.
            raise
        except MessageCenterError:
            self._end(workspace, token)
            raise
        self._end(workspace, token)

    def _end(self, workspace: str, token: str) -> None:
        # What was committed stays so; that nobody said it was over is what rule 2 is for.
        with suppress(Unavailable):
            self.queue.end(workspace, token)
