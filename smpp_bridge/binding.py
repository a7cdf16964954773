"""Keeps a channel's link up: connects, binds, and does so again whenever it is lost (SPEC 6.2).

Pauses grow and are spread by chance. A refused bind waits longest, and longer each time: whoever
hammers a carrier with a wrong password is locked out for good.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from smpp_bridge.link import BindRefusedError, Endpoint, Link, LinkError
from smpp_bridge.protocol.encode import BindOptions
from smpp_bridge.protocol.session import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.channel import Channel
    from smpp_bridge.link import Lost
    from smpp_bridge.means import Means
    from smpp_bridge.protocol.events import Event

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
FIRST_PAUSE_REFUSED: Final = 5.0
LONGEST_PAUSE_REFUSED: Final = 300.0
# A link that held so long was sound: its loss does not count as one more failure.
STEADY: Final = 30.0
MOST_DOUBLINGS: Final = 10

log = logging.getLogger(__name__)


class Binding:
    def __init__(
        self,
        means: Means,
        channel: Channel,
        *,
        on_up: Callable[[], None],
        on_events: Callable[[Link, list[Event]], None],
        on_down: Callable[[], None],
    ) -> None:
        self._means = means
        self._channel = channel
        self._on_up = on_up
        self._on_events = on_events
        self._on_down = on_down
        self._link: Link | None = None
        self._up = False
        self._lost = asyncio.Event()

    @property
    def link(self) -> Link | None:
        """The link while it is bound."""
        return self._link if self._up else None

    async def keep(self) -> None:
        failures = 0
        while True:
            started = time.monotonic()
            refused = await self._one_life()
            failures = 0 if time.monotonic() - started >= STEADY else failures + 1
            await asyncio.sleep(pause_after(failures, self._means.chance(), refused=refused))

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()

    async def _one_life(self) -> bool:
        """From connecting to the loss of the link; whether it ended by a refused bind."""
        channel = self._channel
        secret = partial(self._means.secrets.get, channel.secret)
        password = await self._means.workers.insist("read the bind's password", secret)
        self._lost.clear()
        self._link = Link(on_events=self._received, on_lost=self._gone)
        endpoint = Endpoint(channel.host, channel.port, self._means.tls, channel.server_name)
        try:
            await self._link.open(endpoint, BindOptions(channel.system_id, password))
        except LinkError as error:
            log.warning("not bound", extra={"channel": channel.id, "reason": str(error)})
            return isinstance(error, BindRefusedError)
        if self._link.state is State.BOUND:
            self._up = True
            self._on_up()
            log.info("bound", extra={"channel": channel.id})
        await self._lost.wait()
        return False

    def _received(self, events: list[Event]) -> None:
        if self._link is not None:
            self._on_events(self._link, events)
            if self._link.state is not State.BOUND:
                # The peer said goodbye or broke the protocol; the socket's end may take a while.
                self._down()

    def _gone(self, lost: Lost) -> None:
        self._down()
        log.info(
            "link lost",
            extra={
                "channel": self._channel.id,
                "reason": lost.reason.value,
                "detail": lost.detail,
                "in_doubt": len(lost.outstanding),
            },
        )
        self._lost.set()

    def _down(self) -> None:
        if self._up:
            self._up = False
            self._on_down()


def pause_after(failures: int, chance: float, *, refused: bool) -> float:
    """Seconds until the next try; `chance`, 0 to 1, spreads it from a half to one and a half."""
    first, longest = (
        (FIRST_PAUSE_REFUSED, LONGEST_PAUSE_REFUSED) if refused else (FIRST_PAUSE, LONGEST_PAUSE)
    )
    doubled: float = first * 2 ** min(max(failures - 1, 0), MOST_DOUBLINGS)
    return min(longest, doubled) * (0.5 + chance)
