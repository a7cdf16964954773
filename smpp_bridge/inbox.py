"""Receipts on their way into the channel's inbox, acknowledged once they are safe (DESIGN 4.9).

The journal goes first, so that whoever resolves a receipt finds the message id that it names.
A deliver_sm that is no receipt is a subscriber's message. It is refused for good (0x65): to say
that it is safe would be untrue, and to ask for it again would go on for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain.delivery import InboxItem
from chalicelib.domain.formats.frame import TEXT_MAX
from chalicelib.domain.formats.inbox import MAX_RECEIPTS, RawReceipt
from smpp_bridge.protocol import commands
from smpp_bridge.protocol.receipts import parse_receipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from chalicelib.usecases.ports import Clock, Delivery, Ids
    from smpp_bridge.link import Link
    from smpp_bridge.protocol.events import Delivered
    from smpp_bridge.protocol.receipts import Receipt
    from smpp_bridge.workers import Workers

OK: Final = 0
TEMPORARY: Final = 0x64
PERMANENT: Final = 0x65
TRIES: Final = 3
# A receipt's own text is shorter; more than this of each would not fit 500 times into an item.
TEXT_OCTETS: Final = 600
MAX_UINT32: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Waiting:
    link: Link
    sequence: int
    receipt: RawReceipt


class Inbox:
    def __init__(self, channel: str, delivery: Delivery, ids: Ids, clock: Clock) -> None:
        self.refused = 0
        self._channel = channel
        self._delivery = delivery
        self._ids = ids
        self._clock = clock
        self._waiting: list[_Waiting] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, link: Link, delivered: Delivered, received_ms: int) -> None:
        receipt = parse_receipt(delivered)
        if receipt is None:
            self.refused += 1
            link.acknowledge(delivered.sequence, PERMANENT)
            return
        raw = raw_receipt(delivered, receipt, received_ms)
        self._waiting.append(_Waiting(link, delivered.sequence, raw))

    async def flush(self, workers: Workers, journal_first: Callable[[], Awaitable[None]]) -> None:
        """Write what came so far, then acknowledge it, or ask for it again."""
        taken, self._waiting = self._waiting, []
        if not taken:
            return
        await journal_first()
        for start in range(0, len(taken), MAX_RECEIPTS):
            await self._write(workers, taken[start : start + MAX_RECEIPTS])

    async def _write(self, workers: Workers, taken: list[_Waiting]) -> None:
        item = self._item(taken, self._clock.now())
        status = TEMPORARY
        for _ in range(TRIES):
            done, _ = await workers.attempt("receive", lambda: self._delivery.receive(item))
            if done:
                status = OK
                break
        for one in taken:
            one.link.acknowledge(one.sequence, status)

    def _item(self, taken: list[_Waiting], now: datetime) -> InboxItem:
        return InboxItem(
            channel=self._channel,
            key=self._ids.new("inb"),
            received_at=now,
            receipts=tuple(one.receipt for one in taken),
        )


def raw_receipt(delivered: Delivered, receipt: Receipt, received_ms: int) -> RawReceipt:
    """As it came, cut to what the inbox can hold: no carrier's oddity may block all the others."""
    text = delivered.short_message or delivered.tlvs.get(commands.TLV_MESSAGE_PAYLOAD, b"")
    network = receipt.network_error.code if receipt.network_error else 0
    error = receipt.error if receipt.error is not None else network
    return RawReceipt(
        received_ms=received_ms,
        source=delivered.source[:TEXT_MAX],
        destination=delivered.destination[:TEXT_MAX],
        message_id=receipt.message_id[:TEXT_MAX],
        state=min(receipt.state, MAX_UINT32),
        error=min(error, MAX_UINT32),
        short_message=text[:TEXT_OCTETS],
    )
