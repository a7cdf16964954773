"""The simulator as a server: it listens, keeps its connections and hands them the receipts due.

`async with Simulator(options) as smsc:` and connect to `smsc.port`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Self

from localstack.smsc.carrier import Carrier
from localstack.smsc.connection import Connection
from localstack.smsc.log import LogWriter
from localstack.smsc.owed import read_owed, write_owed

if TYPE_CHECKING:
    from types import TracebackType

    from localstack.smsc.options import SimulatorOptions

_FLUSH_SECONDS: Final = 0.25
_PUMP_SECONDS: Final = 0.01  # receipts that are due within it go out in one write
_GOODBYE_SECONDS: Final = 2.0


class Simulator:
    """`silent` makes it ignore all that comes in while connections stay up, as a hung SMSC does."""

    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.carrier = Carrier(options, time.time())
        if options.owed is not None:
            self.carrier.take_back(read_owed(options.owed), time.time())
        self.silent = False
        self.port = 0
        self._connections: list[Connection] = []
        self._numbered = 0
        self._turn = 0
        self._pumping: asyncio.TimerHandle | None = None
        self._all_gone = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self.log = LogWriter(self.options.log)
        try:
            self._server = await self._loop.create_server(
                lambda: Connection(self), self.options.host, self.options.port, ssl=self.options.tls
            )
        except OSError:
            self.log.close()
            raise
        self.port = self._server.sockets[0].getsockname()[1]
        self._flushing = self._loop.call_later(_FLUSH_SECONDS, self._flush_log)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self.unbind_all()
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._until_gone()
        except TimeoutError:
            self.cut_all()
            await self._until_gone()
        if self._pumping is not None:
            self._pumping.cancel()
        self._flushing.cancel()
        self.log.close()
        if self.options.owed is not None:
            write_owed(self.options.owed, self.carrier.owed())

    @property
    def bound(self) -> int:
        return sum(connection.bound for connection in self._connections)

    def unbind_all(self) -> None:
        for connection in self._connections:
            connection.unbind()

    def cut_all(self) -> None:
        for connection in self._connections:
            connection.abort()

    def joined(self, connection: Connection) -> int:
        self._connections.append(connection)
        self._all_gone.clear()
        self._numbered += 1
        return self._numbered

    def left(self, connection: Connection) -> None:
        self._connections.remove(connection)
        if not self._connections:
            self._all_gone.set()
        self.pump()

    def pump(self) -> None:
        """See to it that the next receipt goes out when it is due, if somebody can take it."""
        due = self.carrier.next_due()
        if due is None or not self._takers():
            return
        when = self._loop.time() + max(due - time.time(), _PUMP_SECONDS)
        if self._pumping is not None:
            if self._pumping.when() <= when:
                return
            self._pumping.cancel()
        self._pumping = self._loop.call_at(when, self._send_receipts)

    def _takers(self) -> bool:
        return any(connection.takes_receipts for connection in self._connections)

    def _next_taker(self) -> Connection | None:
        """Take the connections in turn, so that a receipt often comes on another bind."""
        count = len(self._connections)
        for step in range(count):
            connection = self._connections[(self._turn + step) % count]
            if connection.takes_receipts:
                self._turn += step + 1
                return connection
        return None

    def _send_receipts(self) -> None:
        self._pumping = None
        now = time.time()
        touched = set()
        while (taker := self._next_taker()) and (receipt := self.carrier.due(now)):
            taker.deliver(receipt, now)
            touched.add(taker)
        for connection in touched:
            connection.flush()
        self.pump()

    def _flush_log(self) -> None:
        self.log.flush()
        self._flushing = self._loop.call_later(_FLUSH_SECONDS, self._flush_log)

    async def _until_gone(self) -> None:
        if self._connections:
            await self._all_gone.wait()
