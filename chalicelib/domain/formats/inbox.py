"""Receipts as they came off the wire, many to an item of the channel's inbox (DESIGN 4.9).

They are resolved later, so nothing is left out that may be needed for it. Compressed, since
DynamoDB charges by the kilobyte and one receipt's text is much like the next one's.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain.formats.frame import (
    Format,
    FormatError,
    column,
    number,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_RECEIPTS: Final = 500
MAX_TEXT_BYTES: Final = 0xFFFF  # of one message_payload

_FORMAT: Final = Format(
    name="inbox item",
    magic=b"MCI",
    version=1,
    limit=2**26,
)


@dataclass(frozen=True, slots=True)
class RawReceipt:
    """`source` is the recipient's number as the carrier wrote it; `error` is 0 if it named none."""

    received_ms: int
    source: str
    destination: str
    message_id: str
    state: int
    error: int
    short_message: bytes


def encode(receipts: Sequence[RawReceipt]) -> bytes:
    if len(receipts) > MAX_RECEIPTS:
        raise FormatError(f"{len(receipts)} receipts: an item holds {MAX_RECEIPTS} at most.")
    body = (
        number(len(receipts)),
        column("Q", [receipt.received_ms for receipt in receipts]),
        column("I", [receipt.state for receipt in receipts]),
        column("I", [receipt.error for receipt in receipts]),
        column("H", [len(receipt.short_message) for receipt in receipts]),
        texts([receipt.source for receipt in receipts]),
        texts([receipt.destination for receipt in receipts]),
        texts([receipt.message_id for receipt in receipts]),
        *[receipt.short_message for receipt in receipts],
    )
    return _FORMAT.seal(b"".join(body), strategy=zlib.Z_DEFAULT_STRATEGY)


def decode(data: bytes) -> tuple[RawReceipt, ...]:
    reader = _FORMAT.unseal(data)
    count = reader.number()
    received_ms, state, error, lengths = (reader.column(typecode, count) for typecode in "QIIH")
    source, destination, message_id = (reader.texts(count) for _ in range(3))
    short_messages = [reader.take(length) for length in lengths]
    reader.finish()
    return tuple(
        map(RawReceipt, received_ms, source, destination, message_id, state, error, short_messages)
    )
