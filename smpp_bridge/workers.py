"""The synchronous adapters, called from the event loop through a few threads (DESIGN 4.7).

This is the edge where every failure of the store ends up: it is logged and the call is made again,
since what the bridge has to write must never be dropped.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

THREADS: Final = 8
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0

log = logging.getLogger(__name__)


class Workers:
    def __init__(self, chance: Callable[[], float], threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="store")
        self._chance = chance

    async def attempt(self, what: str, call: Callable[[], T]) -> tuple[bool, T | None]:
        """Whether it went well, and what it gave; why it did not is in the log."""
        try:
            return True, await asyncio.get_running_loop().run_in_executor(self._pool, call)
        except Exception:
            log.exception("a call of the store failed", extra={"call": what})
            return False, None

    async def insist(self, what: str, call: Callable[[], T]) -> T:
        """Repeat the call until it goes well, with growing pauses."""
        pause = FIRST_PAUSE
        while True:
            done, result = await self.attempt(what, call)
            if done:
                return result  # type: ignore[return-value]  # T may itself be None
            await asyncio.sleep(pause * (0.5 + self._chance()))
            pause = min(LONGEST_PAUSE, pause * 2)

    def close(self) -> None:
        """Let go of the threads; what still runs in them is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
