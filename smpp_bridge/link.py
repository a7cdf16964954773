"""A thin asyncio shell around one protocol Session: socket, TLS, timers, and one place that writes.

All calls but `open`, `drain` and `close` are synchronous, since they run for every message. What is
said within one turn of the event loop leaves in one write. `on_lost` is called exactly once for
every link that was bound, whatever ended it, and names the submits that are in doubt.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, cast

from smpp_bridge.protocol.commands import OK
from smpp_bridge.protocol.events import (
    BindRefused,
    Bound,
    Event,
    PeerBroke,
    PeerUnbound,
    UnbindAnswered,
)
from smpp_bridge.protocol.session import Session, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smpp_bridge.protocol.encode import BindOptions
    from smpp_bridge.protocol.template import SubmitTemplate


class LinkError(Exception):
    """A link that could not be opened.

    LinkError
    ├── ConnectError        no TCP or TLS connection, or it was cut before the bind was answered
    ├── BindTimeoutError    connected, but no answer to the bind
    └── BindRefusedError    the SMSC said no; `status` tells why
    """


class ConnectError(LinkError):
    pass


class BindTimeoutError(LinkError):
    pass


class BindRefusedError(LinkError):
    def __init__(self, status: int) -> None:
        super().__init__(f"the SMSC refused the bind with status {status:#x}")
        self.status = status


class LossReason(StrEnum):
    CLOSED = "closed"  # by us
    PEER_UNBOUND = "peer unbound"
    PEER_CLOSED = "peer closed"
    PEER_SILENT = "peer silent"
    PEER_BROKE = "peer broke the protocol"


@dataclass(frozen=True, slots=True)
class Lost:
    """`outstanding`: sequences of the submits without an answer, oldest first."""

    reason: LossReason
    detail: str
    outstanding: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`server_hostname` is the name in the SMSC's certificate, where it is not `host`."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_hostname: str | None = None


_ENDINGS: Final[dict[type[Event], LossReason]] = {
    UnbindAnswered: LossReason.CLOSED,
    PeerUnbound: LossReason.PEER_UNBOUND,
    PeerBroke: LossReason.PEER_BROKE,
}


def client_tls(ca: Path, cert: Path, key: Path) -> ssl.SSLContext:
    """Make the context of a mutual-TLS client; it trusts `ca` and nothing else."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context


class Link(asyncio.Protocol):
    """One connection, from `open` to `on_lost`. It is not used again: reconnect with a new one."""

    def __init__(
        self,
        *,
        on_events: Callable[[list[Event]], None],
        on_lost: Callable[[Lost], None],
        connect_timeout: float = 10.0,
        bind_timeout: float = 10.0,
        enquire_interval: float = 30.0,
        missed_limit: int = 2,
        close_timeout: float = 5.0,
    ) -> None:
        self._on_events = on_events
        self._on_lost = on_lost
        self._connect_timeout = connect_timeout
        self._bind_timeout = bind_timeout
        self._enquire_interval = enquire_interval
        self._missed_limit = missed_limit
        self._close_timeout = close_timeout
        self._loop = asyncio.get_running_loop()
        self._session = Session()
        self._transport: asyncio.Transport | None = None
        self._bound: asyncio.Future[Bound] = self._loop.create_future()
        self._over = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._flush_scheduled = False
        self._heard = False
        self._missed = 0
        self._timer: asyncio.TimerHandle | None = None
        self._ending = LossReason.PEER_CLOSED
        self._detail = ""

    @property
    def state(self) -> State:
        return self._session.state

    @property
    def in_flight(self) -> int:
        return self._session.in_flight

    async def open(self, endpoint: Endpoint, credentials: BindOptions) -> Bound:
        """Connect and bind. Events that come with the answer are reported before this returns."""
        self._session.bind(credentials)
        opened = False
        try:
            await self._connect(endpoint)
            self._flush()
            async with asyncio.timeout(self._bind_timeout):
                bound = await self._bound
            opened = True
        except TimeoutError:
            raise BindTimeoutError(
                f"no answer to the bind within {self._bind_timeout:g} s"
            ) from None
        finally:
            if not opened:
                self._abort()
        return bound

    def submit(self, template: SubmitTemplate, destination: str, message: bytes) -> int:
        sequence = self._session.submit(template, destination, message)
        self._flush_soon()
        return sequence

    def abandon(self, sequence: int) -> bool:
        return self._session.abandon(sequence)

    def acknowledge(self, sequence: int, status: int = OK) -> bool:
        """Answer a deliver_sm; False when the link is gone, and the SMSC will deliver it again."""
        if self._session.state not in (State.BOUND, State.UNBINDING):
            return False
        self._session.acknowledge(sequence, status)
        self._flush_soon()
        return True

    async def drain(self) -> None:
        """Wait while the peer reads slower than we write; call it once per batch of submits."""
        self._flush()
        await self._writable.wait()

    async def close(self) -> None:
        """Unbind, wait for the answer, disconnect; safe to call in any state and more than once."""
        if self._transport is None:
            return
        if self._session.state is State.BOUND:
            self._ending = LossReason.CLOSED
            self._session.unbind()
            self._flush()
        try:
            async with asyncio.timeout(self._close_timeout):
                await self._over.wait()
        except TimeoutError:
            self._abort()
            await self._over.wait()

    async def _connect(self, endpoint: Endpoint) -> None:
        secure = endpoint.tls is not None
        try:
            async with asyncio.timeout(self._connect_timeout):
                await self._loop.create_connection(
                    lambda: self,
                    endpoint.host,
                    endpoint.port,
                    ssl=endpoint.tls,
                    server_hostname=(endpoint.server_hostname or endpoint.host) if secure else None,
                    ssl_shutdown_timeout=self._close_timeout if secure else None,
                )
        except TimeoutError:
            raise ConnectError(
                f"{endpoint.host}:{endpoint.port}: no connection within {self._connect_timeout:g} s"
            ) from None
        except OSError as error:
            raise ConnectError(f"{endpoint.host}:{endpoint.port}: {error}") from error

    def _flush_soon(self) -> None:
        if not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_scheduled = False
        data = self._session.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)

    def _arm(self, delay: float, action: Callable[[], None]) -> None:
        """Run the link's one timer: the next enquire_link, or the limit for disconnecting."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(delay, action)

    def _tick(self) -> None:
        if self._session.state is not State.BOUND:
            return
        self._missed = 0 if self._heard else self._missed + 1
        self._heard = False
        if self._missed >= self._missed_limit:
            self._ending = LossReason.PEER_SILENT
            self._detail = f"nothing heard for {self._missed * self._enquire_interval:g} s"
            self._abort()
            return
        self._session.enquire()
        self._flush()
        self._arm(self._enquire_interval, self._tick)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        events = self._session.receive(data)
        if events and not self._bound.done():
            events = self._bind_settled(events)
        if self._session.state is State.CLOSED and events:
            self._end(events[-1])
        if events:
            self._on_events(events)
        self._flush()
        if self._session.state is State.CLOSED and self._transport is not None:
            self._transport.close()
            self._arm(self._close_timeout, self._abort)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        outstanding = self._session.outstanding
        self._session.lose()
        if self._timer is not None:
            self._timer.cancel()
        self._writable.set()
        self._over.set()
        detail = self._detail or str(exc or "")
        if not self._bound.done():
            self._bound.set_exception(
                ConnectError(f"the connection was cut before the bind was answered: {detail}")
            )
        elif not self._bound.cancelled() and self._bound.exception() is None:
            self._on_lost(Lost(self._ending, detail, outstanding))

    def _bind_settled(self, events: list[Event]) -> list[Event]:
        others: list[Event] = []
        for event in events:
            if isinstance(event, Bound):
                self._bound.set_result(event)
                self._arm(self._enquire_interval, self._tick)
            elif isinstance(event, BindRefused):
                self._bound.set_exception(BindRefusedError(event.status))
            else:
                others.append(event)
        return others

    def _end(self, event: Event) -> None:
        if self._ending is LossReason.PEER_CLOSED:
            self._ending = _ENDINGS.get(type(event), self._ending)
        if isinstance(event, PeerBroke):
            self._detail = event.reason
