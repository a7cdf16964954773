"""Where the records of a block and their first fields stand, all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from functions.ingest.numbers import PADDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ingest.framing import Block
    from functions.ingest.numbers import Octets, Places

    Mask = NDArray[np.bool_]

LINE_FEED: Final = ord("\n")
QUOTE: Final = ord('"')


@dataclass(frozen=True, slots=True)
class Fields:
    """Records by `starts` and `ends`, their numbers' fields, without quotes, by `begins` and
    `stops`.

    `marks` are the places of all delimiters and line feeds that part fields, `firsts` which of them
    ends a record's first field and `lasts` which ends the record.
    """

    octets: Octets
    starts: Places
    ends: Places
    begins: Places
    stops: Places
    lines: Places
    marks: Places
    firsts: Places
    lasts: Places


def lines_of(block: Block) -> Fields:
    """Each line is one field."""
    octets = padded(block.octets)
    ends = np.flatnonzero(octets == LINE_FEED)
    starts = _behind(ends)
    rows = np.arange(len(ends))
    return Fields(octets, starts, ends, starts, ends, block.line + rows, ends, rows, rows)


def records_of(block: Block, delimiter: str, number: int = 0) -> Fields:
    """`number` is the place of the numbers' field; a record that ends before has an empty one."""
    octets = padded(block.octets)
    feeds = octets == LINE_FEED
    parting = feeds | (octets == ord(delimiter))
    if block.quoted:
        parting &= ~inside_quotes(octets)
    marks = np.flatnonzero(parting)
    lasts = np.flatnonzero(feeds[marks])
    firsts = _behind(lasts)
    ends = marks[lasts]
    starts = _behind(ends)
    begins, stops = starts, marks[firsts]
    if number:
        begins = marks[np.minimum(firsts + (number - 1), lasts)] + 1
        stops = marks[np.minimum(firsts + number, lasts)]
        begins = np.minimum(begins, stops)
    lines = block.line + np.arange(len(ends))
    if block.quoted:
        lines = block.line + np.searchsorted(np.flatnonzero(feeds), starts)
        # Quotes balance: one that opens the field closes it just before its end.
        around = octets[begins] == QUOTE
        begins, stops = begins + around, stops - around
    return Fields(octets, starts, ends, begins, stops, lines, marks, firsts, lasts)


def padded(octets: bytes) -> Octets:
    return np.frombuffer(octets + PADDING, np.uint8)


def inside_quotes(octets: Octets) -> Mask:
    """Whether an octet stands between quotes, which balance; the opening one counts as inside."""
    return (np.cumsum(octets == QUOTE, dtype=np.uint8) & 1).astype(np.bool_)


def _behind(places: Places) -> Places:
    """From each place on comes what ends at the next one; the first begins at 0."""
    begins = np.empty_like(places)
    begins[:1] = 0
    begins[1:] = places[:-1] + 1
    return begins
