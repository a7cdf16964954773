"""What the simulated carrier decides, without I/O: ids, errors, and which receipt is due when.

Times come in as arguments: seconds since the epoch. An account's receipts wait in one heap until a
bind can take them; what a lost connection did not acknowledge goes back there and comes twice.
"""

from __future__ import annotations

import heapq
from random import Random
from typing import TYPE_CHECKING, Final

from localstack.smsc import wire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localstack.smsc.options import SimulatorOptions

_RECEIPT_ALWAYS: Final = 1
_RECEIPT_ON_FAILURE: Final = 2
_RECEIPT_MASK: Final = 3
_RETRY_SECONDS: Final = 1.0


class Carrier:
    def __init__(self, options: SimulatorOptions, started: float) -> None:
        self._options = options
        # To be repeated, not to be secret.
        self._random = Random(options.seed)  # noqa: S311 # nosec B311
        # Ids differ from those of every earlier run, since that began in another millisecond.
        self._id_prefix = f"{int(started * 1000):x}"
        self._ids = 0
        self._order = 0
        self._waiting: list[tuple[float, int, wire.Receipt]] = []

    def take(self, submit: wire.Submit, now: float) -> tuple[int, bytes]:
        """Give the status of the answer and the id of the message, which is empty when refused."""
        options = self._options
        if self._happens(options.submit_error):
            return options.submit_error_status, b""
        self._ids += 1
        message_id = f"{self._id_prefix}{self._ids:08x}".encode()
        failed = self._happens(options.receipt_failure)
        wanted = submit.registered_delivery & _RECEIPT_MASK
        asked = wanted == _RECEIPT_ALWAYS or (wanted == _RECEIPT_ON_FAILURE and failed)
        if asked and not self._happens(options.receipt_loss):
            state = wire.UNDELIVERABLE if failed else wire.DELIVERED
            receipt = wire.Receipt(message_id, state, now, submit)
            self._wait(receipt, now + options.receipt_delay_ms / 1000)
        return wire.OK, message_id

    def leaves_unanswered(self) -> bool:
        return self._happens(self._options.answer_loss)

    def next_due(self) -> float | None:
        return self._waiting[0][0] if self._waiting else None

    def due(self, now: float) -> wire.Receipt | None:
        """Take the next receipt whose time has come."""
        if not self._waiting or self._waiting[0][0] > now:
            return None
        return heapq.heappop(self._waiting)[2]

    def take_back(self, receipts: Iterable[wire.Receipt], now: float) -> None:
        for receipt in receipts:
            self._wait(receipt, now)

    def owed(self) -> list[wire.Receipt]:
        """What no bind has taken yet."""
        return [receipt for _, _, receipt in sorted(self._waiting)]

    def answered(self, receipt: wire.Receipt, status: int, now: float) -> None:
        if status in wire.RETRIABLE:
            self._wait(receipt, now + _RETRY_SECONDS)

    def _wait(self, receipt: wire.Receipt, due: float) -> None:
        self._order += 1
        heapq.heappush(self._waiting, (due, self._order, receipt))

    def _happens(self, rate: float) -> bool:
        return rate > 0 and self._random.random() < rate
