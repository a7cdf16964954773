"""An upload's text cut into blocks that begin and end with whole records.

Blocks are read side by side (reading.py), so this alone goes through the file in order, and does no
more than it must: it finds where records end and counts lines. A quote decides about that, so where
quotes do not balance beyond doubt the records are told one by one, by the rules of sms/table.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from chalicelib.sms.table import (
    BLANK,
    RECORD_MAX,
    Layout,
    Records,
    delimiter_of,
    is_heading,
    layout_of,
    too_long,
)
from chalicelib.sms.unpacking import NOT_UNICODE, BadFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# As long as arrays over it stay near the processor: half of it, or twice, costs a fifth more.
BLOCK: Final = 512 * 1024
NO_COLUMNS: Final = (
    "A .txt file holds one number a line and has no columns. Leave number_column out, or upload "
    "the file as .csv."
)
BINARY: Final = "The file is binary, not text. Save it as CSV or text in UTF-8."

_UTF8_MAX: Final = 4  # octets of a character
_QUOTE: Final = ord('"')
_LINE_FEED: Final = ord("\n")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, the first of them numbered `line`; or, where quotes are in doubt, records, each
    with the number of its first line.
    """

    line: int
    octets: bytes
    quoted: bool = False
    records: tuple[tuple[int, str], ...] | None = None


class Framer:
    """`layout` is there once the first block was taken; files of one number a line have none."""

    def __init__(
        self, text: Iterator[bytes], *, delimited: bool, number_column: str | None = None
    ) -> None:
        self.layout: Layout | None = None
        self._number_column = number_column
        self._text = text
        self._delimited = delimited
        self._rest = b""
        self._at = 0  # what stands before it in the rest is taken
        self._ended = False
        self._line = 1

    def begin(self) -> Block:
        """Read what stands before the records; what is in the block is the first of them, if it is
        no heading.
        """
        if self._number_column is not None and not self._delimited:
            raise BadFile(NO_COLUMNS)
        self._skip_blank_lines()
        line = self._next_line()
        while line is not None and not self._means_something(line):
            line = self._next_line()
        if line is None:
            self.layout = Layout(",") if self._delimited else None
            return _told(self._line)
        at = self._line - 1
        if not self._delimited:
            return _told(at) if is_heading(line.strip()) else _told(at, line)
        delimiter = delimiter_of(line)
        record = self._whole(at, line, delimiter)
        self.layout = layout_of(record, delimiter, self._number_column)
        if self.layout is not None:
            return _told(at)
        self.layout = Layout(delimiter)
        return _told(at, record)

    def blocks(self) -> Iterator[Block]:
        while self._fill():
            block = self._cut_block()
            self._line += block.octets.count(b"\n")
            yield block

    # --- what stands before the records

    def _skip_blank_lines(self) -> None:
        """There may be a gigabyte of them."""
        blank = (f"{BLANK}\n" if self._delimited else " \t\n").encode()
        while self._fill():
            whole = self._rest[self._at :]
            text = whole.lstrip(blank)
            end = whole.rfind(b"\n", 0, len(whole) - len(text)) + 1
            self._line += whole.count(b"\n", 0, end)
            self._at += end
            if text or not end:
                return

    def _next_line(self) -> str | None:
        if not self._fill():
            return None
        end = self._rest.find(b"\n", self._at)
        line = _decoded(self._rest[self._at : end])
        if len(line) > RECORD_MAX:
            raise too_long(self._line)
        self._at = end + 1
        self._line += 1
        return line

    def _means_something(self, line: str) -> bool:
        return bool(line.strip(BLANK) if self._delimited else line.strip())

    def _whole(self, at: int, line: str, delimiter: str) -> str:
        records = Records(delimiter)
        record = records.take(at, line)
        while record is None:
            following = self._next_line()
            if following is None:
                records.finish()
            record = records.take(self._line - 1, following or "")
        return record[1]

    # --- blocks

    def _fill(self) -> bool:
        """Have one whole line at hand at least; False if there are none."""
        if self._rest.find(b"\n", self._at) >= 0:
            return True
        pieces = [self._rest[self._at :]]
        size, self._at = len(pieces[0]), 0
        while not self._ended and size < BLOCK:
            pieces.append(self._next_piece())
            size += len(pieces[-1])
        self._rest = b"".join(pieces)
        while not self._ended and b"\n" not in self._rest:
            if len(self._rest) > _UTF8_MAX * RECORD_MAX:
                raise too_long(self._line)
            self._rest += self._next_piece()
        if self._ended and self._rest and not self._rest.endswith(b"\n"):
            self._rest += b"\n"
        return bool(self._rest)

    def _next_piece(self) -> bytes:
        piece = next(self._text, None)
        self._ended = piece is None
        return piece or b""

    def _cut_block(self) -> Block:
        octets = self._at_hand()
        if self.layout is None or b'"' not in octets:
            return self._cut(octets)
        quotes = Quotes(octets, self.layout.delimiter)
        if quotes.balanced:
            return self._cut(octets, quoted=True)
        # The last one may only have opened a field.
        octets = octets[: octets.rfind(b"\n", 0, quotes.last) + 1]
        if octets and Quotes(octets, self.layout.delimiter).balanced:
            return self._cut(octets, quoted=True)
        return self._read_records(self.layout.delimiter)

    def _at_hand(self) -> bytes:
        """Whole lines of about a block."""
        end = self._rest.rfind(b"\n", self._at, self._at + BLOCK) + 1
        return self._rest[self._at : end or self._rest.find(b"\n", self._at) + 1]

    def _cut(self, octets: bytes, *, quoted: bool = False) -> Block:
        self._at += len(octets)
        return Block(self._line, octets, quoted=quoted)

    def _read_records(self, delimiter: str) -> Block:
        """Of what is at hand, and further until no quote is open."""
        records, at = Records(delimiter), self._line
        taken: list[bytes] = []
        found: list[tuple[int, str]] = []
        while not taken or (records.is_open and self._fill()):
            taken.append(self._at_hand())
            self._at += len(taken[-1])
            for line in _decoded(taken[-1]).split("\n")[:-1]:
                if len(line) > RECORD_MAX:
                    raise too_long(at)
                record = records.take(at, line)
                if record is not None:
                    found.append(record)
                at += 1
        records.finish()
        return Block(self._line, b"".join(taken), records=tuple(found))


def _told(at: int, *records: str) -> Block:
    return Block(at, b"", records=tuple((at, record) for record in records))


class Quotes:
    """Whether every quote in whole lines, outside of quotes at first, opens a field, closes one, or
    is doubled within one. Then what is inside is told by counting.
    """

    def __init__(self, octets: bytes, delimiter: str) -> None:
        whole = np.frombuffer(b"\n" + octets, np.uint8)
        places = np.flatnonzero(whole == _QUOTE)
        self.last = int(places[-1]) - 1 if len(places) else 0
        self.balanced = len(places) % 2 == 0 and _are_plain(whole, places, ord(delimiter))


def _are_plain(whole: NDArray[np.uint8], places: NDArray[np.int64], delimiter: int) -> bool:
    opening, closing = places[::2], places[1::2]
    before, after = whole[opening - 1], whole[closing + 1]
    opens = (before == delimiter) | (before == _LINE_FEED)
    closes = (after == delimiter) | (after == _LINE_FEED)
    doubled = opening[1:] == closing[:-1] + 1
    opens[1:] |= doubled
    closes[:-1] |= doubled
    return bool(opens.all() and closes.all())


def _decoded(octets: bytes) -> str:
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        raise BadFile(NOT_UNICODE) from None
    if "\0" in text:
        raise BadFile(BINARY)
    return text
