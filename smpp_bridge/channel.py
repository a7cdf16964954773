"""Seeks the ownership of one channel, and has it, again and again, until the bridge stops."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from smpp_bridge.tenure import Tenure

if TYPE_CHECKING:
    from chalicelib.domain.channel import Channel, Lease
    from smpp_bridge.means import Means

SEEK_EVERY: Final = 2.0
AFTER_CRASH: Final = 5.0

log = logging.getLogger(__name__)


class ChannelOwner:
    def __init__(self, means: Means, channel: str) -> None:
        self._means = means
        self._channel = channel
        self._stopping = asyncio.Event()
        self._tenure: Tenure | None = None

    def stop(self) -> None:
        self._stopping.set()
        if self._tenure is not None:
            self._tenure.leave()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = await self._term()
            except Exception:  # the edge of one channel: the others must go on
                log.exception("a channel's owner crashed", extra={"channel": self._channel})
                pause = AFTER_CRASH
            await self._rest(pause)

    async def _term(self) -> float:
        """One term, if there is one to have; how long to wait before the next try."""
        taken_at = time.monotonic()
        _, taken = await self._means.workers.attempt("take the lease", self._acquire)
        if taken is None:
            return SEEK_EVERY
        channel, lease = taken
        log.info("owned", extra={"channel": channel.id, "epoch": lease.epoch})
        self._tenure = Tenure(self._means, channel, lease, taken_at)
        if self._stopping.is_set():
            self._tenure.leave()
        await self._tenure.run()
        if not self._tenure.lapsed:
            now = self._means.clock.now()
            release = partial(self._means.ownership.release, channel.id, lease, now)
            await self._means.workers.attempt("release the lease", release)
        self._tenure = None
        return 0.0

    def _acquire(self) -> tuple[Channel, Lease] | None:
        means = self._means
        channel = means.ownership.delivery.channel(self._channel)
        lease = means.ownership.acquire(channel, means.name, means.clock.now())
        return None if lease is None else (channel, lease)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
