"""Keeps one channel's dispatcher told of who wants no messages (SPEC 5.4).

It asks every second while there are jobs in hand, and before it hands over new ones. What was heard
is relied on for FRESH seconds from when it was asked. So a STOP that is written holds at the wire
after that time whatever happens: while the store does not answer no job is taken and no message
begins, and both go on with the next answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from chalicelib.usecases.heeding import Heeding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.usecases.heeding import ListKey
    from chalicelib.usecases.ownership import Job
    from smpp_bridge.dispatch.dispatcher import Dispatcher
    from smpp_bridge.means import Means

EVERY: Final = 1.0
FRESH: Final = 2.0
# After a list could not be fetched.
AGAIN: Final = 5.0

log = logging.getLogger(__name__)


class Hearing:
    def __init__(
        self,
        means: Means,
        dispatcher: Dispatcher,
        take: Callable[[Job], None],
        wake: Callable[[], None],
    ) -> None:
        self._workers = means.workers
        self._dispatcher = dispatcher
        self._take = take
        self._wake = wake
        self._heeding = Heeding(means.wishes, means.clock)
        self._one_at_a_time = asyncio.Lock()
        self._fetching: asyncio.Task[None] | None = None
        # Workspaces whose lists are being fetched: no job of theirs could be taken.
        self.barred: frozenset[str] = frozenset()

    async def listen(self) -> None:
        try:
            while True:
                began = time.monotonic()
                if self._dispatcher.jobs:
                    await self.hear()
                await asyncio.sleep(max(0.0, EVERY - (time.monotonic() - began)))
        finally:
            if self._fetching is not None:
                self._fetching.cancel()

    async def hear(self, fresh: Sequence[Job] = ()) -> None:
        """Tell the dispatcher what is new, and hand it those jobs of which all is known."""
        # News are told once: who asked for them may go, and they must come through.
        await asyncio.shield(asyncio.ensure_future(self._hear(fresh)))

    async def _hear(self, fresh: Sequence[Job]) -> None:
        async with self._one_at_a_time:
            asked_at = time.monotonic()
            hear = partial(self._heeding.hear, self._dispatcher.jobs, fresh)
            _, heard = await self._workers.attempt("hear who wants no messages", hear)
            if heard is None:
                return
            for job in heard.taken:
                self._take(job)
            for key, places in heard.places.items():
                self._dispatcher.heed(key, places)
            self._dispatcher.trust(asked_at + FRESH)
            self._wake()
            if heard.missing and self._fetching is None:
                self.barred = frozenset(key.workspace for key in heard.missing)
                self._fetching = asyncio.ensure_future(self._fetch(heard.missing[0], heard.room))

    async def _fetch(self, key: ListKey, room: int) -> None:
        fetch = partial(self._heeding.fetch, key, room)
        _, numbers = await self._workers.attempt("fetch a list of who wants no messages", fetch)
        if numbers is None:
            await asyncio.sleep(AGAIN)
        else:
            async with self._one_at_a_time:
                self._heeding.load(key, numbers)
            facts = {**key._asdict(), "numbers": len(numbers)}
            log.info("a suppression list is heeded", extra=facts)
        self._fetching = None
        self.barred = frozenset()
