"""The further cells of records: those that are values as they stand, and those that are not.

A value is kept clean (sms/columns.py). Most cells are clean already, which shows for a whole block
at once; records with any other go through the rules one by one. The values of a record are packed
as one line, parted by an octet that no value holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from chalicelib.domain.formats.chunk import BETWEEN
from chalicelib.sms.columns import VALUE_MAX, clean
from chalicelib.sms.table import cells
from functions.ingest.fields import QUOTE

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from chalicelib.sms.table import Layout
    from functions.ingest.fields import Fields, Mask
    from functions.ingest.numbers import Octets, Places

_BETWEEN: Final = BETWEEN.encode()
_SPACE, _DELETE = ord(" "), 0x7F
# Octets that open a character of white space, or a control, by what then follows them.
_UNCLEAN: Final = ((0xC2, 0x80, 0xA0), (0xE1, 0x9A, 0x9A), (0xE2, 0x80, 0x81), (0xE3, 0x80, 0x80))
# Stands for a quote within a value until those around values are removed.
_HELD_QUOTE: Final = "\x1e"
_FREED: Final = bytes.maketrans(_HELD_QUOTE.encode(), b'"')


@dataclass(frozen=True, slots=True)
class Whole:
    """Values that are as they stand: of which records, and from where to where in `octets`.

    `spans` are begins and ends, of each run of columns that stand side by side.
    """

    octets: bytes
    good: Mask
    spans: list[tuple[Places, Places]]

    def lines(self, rows: Places) -> list[bytes]:
        """The values of these records, as if they were all good."""
        octets = self.octets
        runs = [
            [
                octets[begin:end]
                for begin, end in zip(begins[rows].tolist(), ends[rows].tolist(), strict=True)
            ]
            for begins, ends in self.spans
        ]
        return runs[0] if len(runs) == 1 else list(map(_BETWEEN.join, zip(*runs, strict=True)))


class Values:
    """Of a layout with columns."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._needed = layout.places[-1]
        self._runs = _runs(layout.places)

    def whole(self, fields: Fields, whole: bytes, *, quoted: bool) -> Whole:
        marks, firsts, lasts = fields.marks, fields.firsts, fields.lasts
        good = lasts - firsts >= self._needed
        octets = fields.octets[: int(fields.ends[-1]) + 1]
        for unclean in _unclean(octets, whole, marks, quoted=quoted):
            good[np.searchsorted(fields.ends, unclean)] = False
        long = np.flatnonzero(np.diff(marks, prepend=-1) > VALUE_MAX)
        good[np.searchsorted(lasts, long)] = False
        parted = octets.copy()
        parted[marks] = ord(BETWEEN)
        spans = [(_begins(fields, first), _ends(fields, last)) for first, last in self._runs]
        return Whole(parted.tobytes(), good, spans)

    def of(self, record: str, emptied: Counter[str], *, quoted: bool) -> bytes:
        """By the rules; counts, by column, what cannot be kept."""
        layout = self._layout
        found = cells(record, layout.delimiter, self._needed + 1)
        values = [clean(found[place]) for place in layout.places]
        if None in values:
            emptied.update(
                column
                for column, value in zip(layout.columns, values, strict=True)
                if value is None
            )
        line = BETWEEN.join(value or "" for value in values)
        return (line.replace('"', _HELD_QUOTE) if quoted else line).encode()


def joined(lines: list[bytes], *, quoted: bool) -> bytes:
    """One after the other; of a block that was `quoted`, without the quotes around values."""
    text = b"\n".join(lines) + b"\n" if lines else b""
    return text.translate(_FREED, b'"') if quoted else text


def _runs(places: tuple[int, ...]) -> list[tuple[int, int]]:
    """First and last of those that follow each other."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs


def _begins(fields: Fields, place: int) -> Places:
    return fields.starts if place == 0 else _ends(fields, place - 1) + 1


def _ends(fields: Fields, place: int) -> Places:
    return fields.marks[np.minimum(fields.firsts + place, fields.lasts)]


def _unclean(octets: Octets, whole: bytes, marks: Places, *, quoted: bool) -> Iterator[Places]:
    """Where something stands that is not kept as it is.

    There is little to look at: what is rare is looked for first, then at its neighbours.
    """
    edges = np.zeros(len(octets) + 1, np.bool_)
    edges[marks] = True
    # What stands before the first octet is an edge as well; the last octet is a line feed.
    edges[-1] = True
    low = np.flatnonzero(octets < _SPACE)
    yield low[~edges[low]]
    if quoted:
        quotes = np.flatnonzero(octets == QUOTE)
        edges[quotes] = True
        closing = quotes[1:-1:2]
        yield closing[quotes[2::2] == closing + 1]
    spaces = np.flatnonzero(octets == _SPACE)
    # The first of several ends at the next one; a lone one may begin or end a cell.
    edges[spaces] = True
    yield spaces[edges[spaces + 1]]
    edges[spaces] = False
    yield spaces[edges[spaces - 1]]
    if _DELETE in whole:
        yield np.flatnonzero(octets == _DELETE)
    if not whole.isascii():
        for opening, lowest, highest in _UNCLEAN:
            if opening in whole:
                places = np.flatnonzero(octets == opening)
                after = octets[places + 1]
                yield places[(after >= lowest) & (after <= highest)]
