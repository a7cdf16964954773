"""A chunk: up to 10,000 recipients of a list, in the order of their tokens (DESIGN 4.1).

Phone numbers, then what the list's further columns hold for each recipient (SPEC 4.9). Tokens are
not kept, since they follow from the numbers (domain/tokens.py), and nothing would take more room.
Values stand recipient by recipient, as they come out of a file, and are read back in one go. Who
needs the numbers alone does not pay for the rest.

A chunk never changes, but for one thing: a number that is erased (SPEC 5.6) leaves a hole. All
others keep their places, by which ledgers know them, and the order of tokens holds.
"""

from __future__ import annotations

import zlib
from array import array
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final

from chalicelib.domain.formats.frame import Format, FormatError, column, number, texts
from chalicelib.sms.columns import COLUMNS_MAX, VALUE_MAX
from chalicelib.sms.merge import NAME_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from chalicelib.domain.tokens import Mixer

MAX_RECIPIENTS: Final = 10_000
# Octets of all values, one more for each: so much a reader has in memory. Lists whose values are
# longer than that have smaller chunks.
MAX_VALUES: Final = 8 * 1024 * 1024
# No phone number has so many digits (E.164): what stands above is a hole.
HOLES_FROM: Final = 10**15
# What is shown in an erased number's stead.
ERASED: Final = "erased"
# Between values. No value holds it: controls are no part of any.
BETWEEN: Final = "\x1f"

_COUNT_BYTES: Final = 4
_NUMBER_BYTES: Final = 8
# So much of a chunk holds its numbers for certain: no octet takes more than 15 bits.
NUMBERS_OCTETS: Final = 160 * 1024
_UTF8_BYTES: Final = 4
_FORMAT: Final = Format(
    name="chunk",
    magic=b"MCC",
    version=3,
    limit=_COUNT_BYTES
    + MAX_RECIPIENTS * _NUMBER_BYTES
    + 1
    + (1 + COLUMNS_MAX) * _COUNT_BYTES
    + COLUMNS_MAX * (1 + NAME_MAX * _UTF8_BYTES)
    + MAX_VALUES,
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """`numbers` is of type Q; an array for the sake of speed, which nobody changes."""

    numbers: array[int]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.numbers) > MAX_RECIPIENTS:
            raise FormatError(f"A chunk has {MAX_RECIPIENTS} recipients at most.")
        _check_names(list(self.columns))
        if any(len(values) != len(self.numbers) for values in self.columns.values()):
            raise FormatError("A chunk's columns have a value for each recipient.")


def encode(chunk: Chunk) -> bytes:
    rows = zip(*chunk.columns.values(), strict=True)
    values = BETWEEN.join([value for row in rows for value in row])
    for name, known in chunk.columns.items():
        if any(len(value) > VALUE_MAX or BETWEEN in value for value in known):
            raise FormatError(f"A value of {name!r} is too long, or holds what parts values.")
    try:
        octets = values.encode()
    except UnicodeEncodeError:
        raise FormatError("A value holds half a character.") from None
    return sealed(column("Q", chunk.numbers), tuple(chunk.columns), octets)


def sealed(
    numbers: bytes,
    names: Sequence[str],
    values: bytes,
    compress: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """`numbers` as a column is packed, and all values with what parts them."""
    body = number(len(numbers) // _NUMBER_BYTES) + numbers + bytes((len(names),))
    if names:
        body += texts(names, errors="strict") + number(len(values)) + values
    if compress is not None:
        return _FORMAT.seal_by(compress, body)
    # Run lengths are enough for numbers; words want to be found again.
    return _FORMAT.seal(body, strategy=zlib.Z_DEFAULT_STRATEGY if names else zlib.Z_RLE)


def decode(data: bytes, names: Collection[str] | None = ()) -> Chunk:
    """Of its columns, those among `names`; None: all of them."""
    reader = _FORMAT.unseal(data)
    count = reader.number()
    numbers = reader.column("Q", count)
    there, columns = reader.octet(), {}
    if there:
        known = reader.texts(there, errors="strict")
        _check_names(known)
        names = known if names is None else names
        values = reader.take(reader.number())
        if any(name in names for name in known):
            columns = _columns(known, values, count)
    reader.finish()
    return Chunk(numbers, {name: columns[name] for name in columns if name in (names or ())})


def decode_numbers(data: bytes) -> Chunk:
    """Without columns, of the chunk's first NUMBERS_OCTETS: the rest need not be fetched."""
    reader = _FORMAT.unseal_start(data, _COUNT_BYTES + MAX_RECIPIENTS * _NUMBER_BYTES)
    return Chunk(reader.column("Q", reader.number()))


def find(chunk: Chunk, mixer: Mixer, wanted: int) -> int | None:
    """The place of the recipient with this number.

    Tokens are spread evenly, so their places are known nearly: some five of them are looked at.
    """
    numbers, token = chunk.numbers, mixer.token(wanted)
    low, high = 0, len(numbers) - 1
    if high < 0:
        return None
    lowest, highest = mixer.token(numbers[low]), mixer.token(numbers[high])
    while lowest < token < highest:
        guess = (token - lowest) * (high - low) // (highest - lowest)
        at = low + max(1, min(high - low - 1, guess))
        found = mixer.token(numbers[at])
        if found == token:
            return at if numbers[at] == wanted else None
        if at == high:
            return None
        if found < token:
            low, lowest = at, found
        else:
            high, highest = at, found
    at = low if token == lowest else high
    return at if numbers[at] == wanted else None


def is_hole(number: int) -> bool:
    return number >= HOLES_FROM


def holes(numbers: Sequence[int]) -> list[int]:
    """The places of numbers that were erased: nothing may be sent to them. Mostly none are."""
    if max(numbers, default=0) < HOLES_FROM:
        return []
    return [place for place, number in enumerate(numbers) if number >= HOLES_FROM]


def without_holes(chunk: Chunk) -> Chunk:
    """Those who are left, for whoever counts them and needs no places."""
    gone = frozenset(holes(chunk.numbers))
    if not gone:
        return chunk
    kept = [place for place in range(len(chunk.numbers)) if place not in gone]
    return Chunk(
        array("Q", [chunk.numbers[place] for place in kept]),
        {name: [values[place] for place in kept] for name, values in chunk.columns.items()},
    )


def erased(chunk: Chunk, mixer: Mixer, place: int, outside: tuple[int, int]) -> Chunk:
    """With a hole in this place, and none of its values. `outside` are the tokens nearest to the
    chunk's own, which stand in other chunks: -1 and 2 ** 64 where there are none.

    The hole says nothing of the number: where it lies depends on the neighbours alone.
    """
    numbers, last = chunk.numbers, len(chunk.numbers) - 1
    low = mixer.token(numbers[place - 1]) if place else outside[0]
    high = mixer.token(numbers[place + 1]) if place < last else outside[1]
    holed = array("Q", numbers)
    holed[place] = _hole(mixer, low, high)
    columns = {}
    for name, values in chunk.columns.items():
        columns[name] = [*values[:place], "", *values[place + 1 :]]
    return Chunk(holed, columns)


def _hole(mixer: Mixer, low: int, high: int) -> int:
    """Nearly every token is that of a hole, so it is the one in the middle, or one beside it."""
    middle = (low + high) // 2
    for token in chain(range(max(middle, low + 1), high), range(low + 1, middle)):
        number = mixer.number(token)
        if is_hole(number):
            return number
    raise FormatError("There is no room for a hole between a number's neighbours.")


def _columns(names: Sequence[str], values: bytes, count: int) -> dict[str, list[str]]:
    try:
        every = values.decode().split(BETWEEN) if count else []
    except UnicodeDecodeError:
        raise FormatError("A value is not UTF-8.") from None
    if len(every) != count * len(names) or (values and not count):
        raise FormatError("A chunk's columns have a value for each recipient.")
    return {name: every[place :: len(names)] for place, name in enumerate(names)}


def _check_names(names: Sequence[str]) -> None:
    if len(names) > COLUMNS_MAX:
        raise FormatError(f"A chunk has {COLUMNS_MAX} columns at most.")
    if len(set(names)) != len(names):
        raise FormatError("A chunk has each column once.")
    if not all(0 < len(name) <= NAME_MAX for name in names):
        raise FormatError(f"A chunk's columns have names of 1 to {NAME_MAX} characters.")
