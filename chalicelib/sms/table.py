"""Uploaded tables as a stream: blocks of bytes in, line number, first field and the cells of the
columns with a name out (SPEC 4.9, 5.1, 5.2).

Memory stays bounded whatever the file holds: what it unpacks to, every line and every quoted record
have a limit. A quote opens a field only where a field begins (RFC 4180), so an inch sign inside of
one does not swallow the lines after it.
"""

from __future__ import annotations

import codecs
import io
import zlib
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from chalicelib.sms.columns import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

RECORD_MAX: Final = 65_536  # characters; a spreadsheet's cell ends at 32,767

_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31  # zlib's way to say: a gzip header, any window
_PIECE: Final = (
    16_384  # packed bytes at a time: members may be tiny, and each copies what follows it
)
_BLOCK: Final = 262_144  # unpacked bytes at a time
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED: Final[dict[tuple[bool, ...], str]] = {
    (False, True): "utf-16-le",
    (True, False): "utf-16-be",
}
_DELIMITERS: Final = ",;\t"
_BLANK: Final = " " + _DELIMITERS  # spreadsheets write rows of delimiters below the last row
_NUMBER_DIGITS: Final = 5  # "phone 2" is a heading, "tel. 0207" is meant as a number
# Spreadsheets run what begins with these, also in their full width (\uff1d and so on).
_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


class BadFile(ValueError):
    """The file as a whole cannot be taken; the text is a sentence for the person who sent it."""


def unpack(blocks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The file's bytes, unpacked if they are gzip; BadFile once either form goes over `limit`."""
    head, whole = _peek(_bounded(blocks, limit), len(_GZIP))
    return _bounded(_gunzip(whole), limit) if head == _GZIP else whole


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are read as they are taken: number of the line that a record begins on, its first
    field, and its cells of the `columns`, in their order and as they stand there.
    """

    columns: tuple[str, ...]
    rows: Iterator[tuple[int, str, Sequence[str]]]


def read_table(blocks: Iterable[bytes], *, delimited: bool) -> Table:
    """Blank records and a heading are left out of the rows. Without a heading no column has a name.

    Without `delimited` every line is one field.
    """
    lines = enumerate(_lines(_text(blocks)), 1)
    if not delimited:
        return Table(
            (), _below_heading((at, line.strip(), ()) for at, line in lines if line.strip())
        )
    at, first = next(((at, line) for at, line in lines if line.strip(_BLANK)), (0, ""))
    delimiter = _delimiter(first)
    heading = _whole(at, first, lines, delimiter) if '"' in first else first
    if not _is_heading(_first(heading, delimiter)):
        return Table((), _rows(chain([(at, heading)] if at else [], lines), delimiter))
    columns = named(_cells(heading, delimiter, heading.count(delimiter) + 1))
    if not columns:
        return Table((), _rows(lines, delimiter))
    return Table(tuple(columns.values()), _rows_with(lines, delimiter, tuple(columns)))


def safe_cell(value: str) -> str:
    """A quoted CSV field which no spreadsheet takes for a formula."""
    risky = value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA)
    guarded = f"'{value}" if risky else value
    return '"' + guarded.replace('"', '""') + '"'


def _peek(blocks: Iterable[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first `size` bytes, and an iterator over everything."""
    rest = iter(blocks)
    head = b""
    for block in rest:
        head += block
        if len(head) >= size:
            break
    return head[:size], chain((head,), rest)


def _bounded(blocks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    left = limit
    for block in blocks:
        left -= len(block)
        if left < 0:
            raise BadFile(
                f"The file is larger than {limit} bytes, which holds packed and unpacked. "
                "Split it into several lists."
            )
        yield block


def _gunzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(_GZIP_WINDOW)
    pieces = (block[at : at + _PIECE] for block in blocks for at in range(0, len(block), _PIECE))
    try:
        for piece in pieces:
            rest = piece
            # Zeros may pad what follows a member.
            while rest := rest.lstrip(b"\0") if member.eof else rest:
                if member.eof:
                    member = zlib.decompressobj(_GZIP_WINDOW)
                yield member.decompress(rest, _BLOCK)
                rest = member.unused_data if member.eof else member.unconsumed_tail
    except zlib.error:
        raise BadFile("The gzip file is damaged. Pack it again and upload that.") from None
    if not member.eof:
        raise BadFile("The gzip file ends too early. Pack it again and upload that.")


def _text(blocks: Iterable[bytes]) -> Iterator[str]:
    """Decoded blocks in which every line ends in a mere line feed."""
    head, whole = _peek(blocks, 3)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), _unmarked(head))
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    try:
        for block in whole:
            yield _printable(decoder.decode(block))
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise BadFile(
            "The file is neither UTF-8 nor UTF-16 text. Save it as CSV or text in UTF-8."
        ) from None


def _unmarked(head: bytes) -> str:
    """UTF-16 without a mark shows by its empty halves: what stands first in a list is ASCII."""
    empty = tuple(octet == 0 for octet in head[:2])
    return _UNMARKED.get(empty, "utf-8")


def _printable(text: str) -> str:
    if "\0" in text:
        raise BadFile("The file is binary, not text. Save it as CSV or text in UTF-8.")
    return text


def _lines(texts: Iterable[str]) -> Iterator[str]:
    count = 0
    rest = ""
    for text in texts:
        *lines, rest = (rest + text).split("\n")
        for line in lines:
            count += 1
            yield _fitting(line, count)
        _fitting(rest, count + 1)
    if rest:
        yield rest


def _fitting(record: str, at: int) -> str:
    if len(record) > RECORD_MAX:
        raise BadFile(
            f"Line {at} is longer than {RECORD_MAX} characters. Put each recipient on a line."
        )
    return record


def _below_heading(
    rows: Iterator[tuple[int, str, Sequence[str]]],
) -> Iterator[tuple[int, str, Sequence[str]]]:
    for first in rows:
        if not _is_heading(first[1]):
            yield first
        break
    yield from rows


def _rows(
    lines: Iterable[tuple[int, str]], delimiter: str
) -> Iterator[tuple[int, str, Sequence[str]]]:
    for at, record in _records(lines, delimiter):
        yield at, _first(record, delimiter), ()


def _rows_with(
    lines: Iterable[tuple[int, str]], delimiter: str, places: Sequence[int]
) -> Iterator[tuple[int, str, Sequence[str]]]:
    needed = places[-1] + 1
    for at, record in _records(lines, delimiter):
        cells = _cells(record, delimiter, needed)
        yield at, cells[0].strip(), [cells[place] for place in places]


def _records(lines: Iterable[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, str]]:
    rest = iter(lines)
    for at, line in rest:
        if line.strip(_BLANK):
            yield at, _whole(at, line, rest, delimiter) if '"' in line else line


def _delimiter(line: str) -> str:
    """Whichever ends the first field: numbers hold none of them."""
    start = line.lstrip(" ")
    end = _closing(start, 1) if start.startswith('"') else 0
    found = ((start.find(mark, end), mark) for mark in _DELIMITERS)
    return min(((at, mark) for at, mark in found if at >= 0), default=(0, ","))[1]


def _whole(at: int, line: str, lines: Iterator[tuple[int, str]], delimiter: str) -> str:
    """The record that begins with `line`: as many lines as its quotes hold together."""
    record = [line]
    size = len(line)
    inside = _ends_inside(line, delimiter, inside=False)
    while inside:
        end, line = next(lines, (0, ""))
        size += len(line)
        if not end or size > RECORD_MAX:
            raise BadFile(
                f'Line {at} opens a quote (") that nothing closes. Close it, or remove it.'
            )
        record.append(line)
        inside = _ends_inside(line, delimiter, inside=True)
    return "\n".join(record)


def _ends_inside(line: str, delimiter: str, *, inside: bool) -> bool:
    """Whether the line's end is still inside quotes; `inside` says whether its begin is."""
    at = 0
    while True:
        if not inside:
            while line.startswith(" ", at):
                at += 1
            inside = line.startswith('"', at)
            at += inside
        if inside:
            at = _closing(line, at)
            if at < 0:
                return True
            inside = False
        at = line.find(delimiter, at)
        if at < 0:
            return False
        at += 1


def _closing(text: str, at: int) -> int:
    """Where the quotes opened before `at` close, or -1; a doubled quote stands for one."""
    while (at := text.find('"', at)) >= 0 and text.startswith('""', at):
        at += 2
    return at


def _first(record: str, delimiter: str) -> str:
    start = record.lstrip(" ")
    if not start.startswith('"'):
        return record.partition(delimiter)[0].strip()
    return _quoted(start, delimiter, 1)[0].strip()


def _cells(record: str, delimiter: str, needed: int) -> list[str]:
    """The first ones; what a record lacks is empty."""
    cells = record.split(delimiter, needed) if '"' not in record else _unquoted(record, delimiter)
    return cells + [""] * (needed - len(cells))


def _unquoted(record: str, delimiter: str) -> list[str]:
    cells = []
    at = 0
    while at <= len(record):
        start = at
        while record.startswith(" ", start):
            start += 1
        if record.startswith('"', start):
            cell, end = _quoted(record, delimiter, start + 1)
        else:
            end = _end(record, delimiter, at)
            cell = record[at:end]
        cells.append(cell)
        at = end + 1
    return cells


def _quoted(record: str, delimiter: str, at: int) -> tuple[str, int]:
    """The cell whose quotes were opened before `at`, and where it ends."""
    close = _closing(record, at)
    end = _end(record, delimiter, close)
    return record[at:close].replace('""', '"') + record[close + 1 : end], end


def _end(record: str, delimiter: str, at: int) -> int:
    end = record.find(delimiter, at)
    return len(record) if end < 0 else end


def _is_heading(field: str) -> bool:
    digits = sum(map(str.isdigit, field))
    return digits < _NUMBER_DIGITS and any(map(str.isalpha, field))
