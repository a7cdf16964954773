"""What an ingest keeps of the lines that it read, until they become chunks (DESIGN 4.1).

Both kinds are packed, in 256 parts by the first octet of a token, and each part drops its
duplicates as it grows: ten million equal lines must not fill the memory. `Numbers` takes 16 bytes a
number; `Rows` 20 and its values with one octet more for each. Of lines with the same number the
first one's values stay.
"""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING, Final, Protocol

from chalicelib.domain import tokens
from chalicelib.domain.formats.chunk import MAX_RECIPIENTS, MAX_VALUES, Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COMPACT_FROM: Final = 65_536  # bytes of a part

_PARTS: Final = 256
_RECORD: Final = tokens.SHORT + 8  # token, number: both big-endian, so bytes sort as values do
_CHUNK_BYTES: Final = MAX_RECIPIENTS * _RECORD
_PLACE: Final = 4  # where a row's values begin
_ROW: Final = _RECORD + _PLACE
# No value holds either: controls are no part of any.
_BETWEEN: Final = "\x1f"
_END: Final = "\x1e"
_END_OCTET: Final = _END.encode()


class Gathered(Protocol):
    @property
    def added(self) -> int: ...

    def add(self, number: str, values: Sequence[str]) -> None: ...

    def compact(self) -> int:
        """Drop every duplicate; answer how many are left."""
        ...

    def chunks(self) -> Iterator[Chunk]:
        """Of what was compacted. Empties this while it goes."""
        ...


class Numbers:
    def __init__(self, key: bytes) -> None:
        self.added = 0
        self._hash = tokens.hasher(key)
        self._parts = [bytearray() for _ in range(_PARTS)]
        self._full = [COMPACT_FROM] * _PARTS

    def add(self, number: str, values: Sequence[str] = ()) -> None:  # noqa: ARG002 - there are none
        token = self._hash(number)
        at = token[0]
        part = self._parts[at]
        part += token[: tokens.SHORT] + int(number).to_bytes(8, "big")
        self.added += 1
        if len(part) >= self._full[at]:
            self._compact(at)

    def compact(self) -> int:
        for at in range(_PARTS):
            self._compact(at)
        return sum(map(len, self._parts)) // _RECORD

    def chunks(self) -> Iterator[Chunk]:
        waiting = bytearray()
        for part in self._parts:
            waiting += part
            part.clear()
            while len(waiting) >= _CHUNK_BYTES:
                yield Chunk(*_arrays(waiting[:_CHUNK_BYTES]))
                del waiting[:_CHUNK_BYTES]
        if waiting:
            yield Chunk(*_arrays(waiting))

    def _compact(self, at: int) -> None:
        part = bytes(self._parts[at])
        distinct = sorted({part[i : i + _RECORD] for i in range(0, len(part), _RECORD)})
        self._parts[at][:] = b"".join(distinct)
        self._full[at] = max(COMPACT_FROM, 2 * len(self._parts[at]))


class Rows:
    def __init__(self, key: bytes, columns: Sequence[str]) -> None:
        self.added = 0
        self._columns = columns
        self._hash = tokens.hasher(key)
        self._parts = [_Part() for _ in range(_PARTS)]

    def add(self, number: str, values: Sequence[str]) -> None:
        token = self._hash(number)
        self._parts[token[0]].add(
            token[: tokens.SHORT] + int(number).to_bytes(8, "big"), _BETWEEN.join(values)
        )
        self.added += 1

    def compact(self) -> int:
        for part in self._parts:
            part.compact()
        return sum(len(part.rows) for part in self._parts) // _ROW

    def chunks(self) -> Iterator[Chunk]:
        heads, size = bytearray(), 0
        values: list[bytes] = []
        for part in self._parts:
            for head, packed in part:
                if len(values) == MAX_RECIPIENTS or size + len(packed) > MAX_VALUES:
                    yield self._chunk(heads, values)
                    heads, values, size = bytearray(), [], 0
                heads += head
                values.append(packed)
                size += len(packed)
            part.clear()
        if values:
            yield self._chunk(heads, values)

    def _chunk(self, heads: bytearray, values: list[bytes]) -> Chunk:
        texts = b"".join(values).decode().split(_END)[:-1]
        columns = zip(*[text.split(_BETWEEN) for text in texts], strict=True)
        return Chunk(*_arrays(heads), dict(zip(self._columns, columns, strict=True)))


class _Part:
    """Rows of a fixed width, that tell where their values begin among those of all."""

    __slots__ = ("_full", "_values", "rows")

    def __init__(self) -> None:
        self.rows = bytearray()
        self._values = bytearray()
        self._full = COMPACT_FROM

    def add(self, head: bytes, values: str) -> None:
        self.rows += head + len(self._values).to_bytes(_PLACE, "big")
        self._values += values.encode() + _END_OCTET
        if len(self.rows) + len(self._values) >= self._full:
            self.compact()

    def compact(self) -> None:
        """What came later begins further on, and so sorts behind what it repeats."""
        rows = bytes(self.rows)
        ordered = sorted([rows[at : at + _ROW] for at in range(0, len(rows), _ROW)])
        distinct = list({row[:_RECORD]: row for row in reversed(ordered)}.values())[::-1]
        self.rows[:] = b"".join(distinct)
        if len(distinct) < len(ordered):
            kept = list(self)
            self.clear()
            for head, values in kept:
                self.rows += head + len(self._values).to_bytes(_PLACE, "big")
                self._values += values
        self._full = max(COMPACT_FROM, 2 * (len(self.rows) + len(self._values)))

    def clear(self) -> None:
        self.rows.clear()
        self._values.clear()

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Token and number, and the values with their end."""
        rows, values = bytes(self.rows), bytes(self._values)
        for at in range(0, len(rows), _ROW):
            begin = int.from_bytes(rows[at + _RECORD : at + _ROW], "big")
            end = values.index(_END_OCTET, begin) + 1
            yield rows[at : at + _RECORD], values[begin:end]


def _arrays(records: bytearray) -> tuple[array[int], array[int]]:
    values = struct.unpack(f">{len(records) // 8}Q", records)
    return array("Q", values[::2]), array("Q", values[1::2])
