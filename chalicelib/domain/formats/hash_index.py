"""The index of a list by `ctn_hash`: where the recipient with that hash stands (SPEC 5.5).

Its parts split the hashes by their first bits. A part's entries, 64 bits each, are the next 32 bits
of the hash, then chunk and place, in order. Hashes are spread evenly, so it is known nearly where
an entry stands: one ranged read of some kilobytes has it, whatever the size of the list.

An entry is a candidate. The rest of the hash is not kept, and no number is: whoever looks up reads
the number in its chunk and hashes it again; what is erased there is erased here too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import isqrt
from typing import Annotated, Final

import msgspec

from chalicelib.domain.formats.frame import FormatError

VERSION: Final = 1
ENTRY_BYTES: Final = 8
# Of a hash, from its beginning: more is not looked at.
HASH_BYTES: Final = 8
# Entries of a part, unless there would be too many parts.
PART_ENTRIES: Final = 2**15
BITS_MAX: Final = 8
PLACE_BITS: Final = 14
CHUNKS_MAX: Final = 2**18

_HASH_BITS: Final = 64
_KEY_BITS: Final = 32
_KEYS: Final = 2**_KEY_BITS
_LOW: Final = _KEYS - 1
# Half of the read, in standard deviations of where an entry may stand: two in a thousand million
# stand outside.
_SIGMAS: Final = 6
_FEW: Final = 16

_Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class Index(msgspec.Struct, frozen=True):
    """That it is complete, of what content it was made, and how many entries each part has."""

    version: int
    digest: _Digest
    parts: tuple[_Count, ...]

    @property
    def bits(self) -> int:
        return len(self.parts).bit_length() - 1


class _Versioned(msgspec.Struct):
    version: int


@dataclass(frozen=True, slots=True)
class Window:
    """Entries `begin` up to `end` of a part, among which those with this `key` are, if any are."""

    part: int
    key: int
    begin: int
    end: int
    # Of the whole part.
    entries: int

    @property
    def offset(self) -> int:
        return self.begin * ENTRY_BYTES

    @property
    def length(self) -> int:
        return (self.end - self.begin) * ENTRY_BYTES


@dataclass(frozen=True, slots=True)
class Standing:
    chunk: int
    place: int


def index_key(prefix: str) -> str:
    return f"{prefix}/hashes/index"


def part_key(prefix: str, part: int) -> str:
    return f"{prefix}/hashes/{part:02x}"


def bits_for(recipients: int) -> int:
    """So many bits of the hash say which part it is of."""
    parts = -(-recipients // PART_ENTRIES)
    return min(BITS_MAX, (parts - 1).bit_length()) if parts else 0


def encode(index: Index) -> bytes:
    data = msgspec.json.encode(index, order="deterministic")
    decode(data)
    return data


def decode(data: bytes) -> Index:
    try:
        version = msgspec.json.decode(data, type=_Versioned).version
        if version != VERSION:
            raise FormatError(f"This index of hashes is of version {version}, not {VERSION}.")
        index = msgspec.json.decode(data, type=Index)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"This is no index of hashes: {error}") from None
    if len(index.parts) not in {2**bits for bits in range(BITS_MAX + 1)}:
        raise FormatError("An index of hashes has 1, 2, 4 … 256 parts.")
    return index


def entry(chunk: int, place: int, ctn_hash: bytes, bits: int) -> tuple[int, int]:
    """Its part, and what stands there. functions/ingest/indexing.py does it to whole arrays."""
    if chunk >= CHUNKS_MAX or place >> PLACE_BITS:
        raise FormatError("An index of hashes has no such chunk or place.")
    part, key = _split(ctn_hash, bits)
    return part, key << _KEY_BITS | chunk << PLACE_BITS | place


def window(index: Index, ctn_hash: bytes) -> Window:
    part, key = _split(ctn_hash, index.bits)
    entries = index.parts[part]
    expected = key * entries // _KEYS
    margin = _SIGMAS * isqrt(entries) // 2 + _FEW
    begin, end = max(0, expected - margin), min(entries, expected + margin)
    return Window(part, key, begin, end, entries)


def whole(near: Window) -> Window:
    """All of its part: for the case that chance put entries elsewhere."""
    return Window(near.part, near.key, 0, near.entries, near.entries)


def candidates(data: bytes, near: Window) -> list[Standing] | None:
    """Where the hash may stand; None if that may be outside of this window."""
    if len(data) != near.length:
        raise FormatError(f"A part of an index has {len(data)} bytes here, not {near.length}.")
    here = range(near.end - near.begin)

    def at(place: int) -> int:
        return int.from_bytes(data[place * ENTRY_BYTES : (place + 1) * ENTRY_BYTES], "big")

    first = bisect_left(here, near.key << _KEY_BITS, key=at)
    end = bisect_right(here, near.key << _KEY_BITS | _LOW, key=at)
    if (first == 0 and near.begin > 0) or (end == len(here) and near.end < near.entries):
        return None
    return [_standing(at(place)) for place in here[first:end]]


def _standing(found: int) -> Standing:
    chunk, place = divmod(found & _LOW, 1 << PLACE_BITS)
    return Standing(chunk, place)


def _split(ctn_hash: bytes, bits: int) -> tuple[int, int]:
    value = int.from_bytes(ctn_hash[:HASH_BYTES], "big")
    part = value >> _HASH_BITS - bits
    return part, value >> _HASH_BITS - bits - _KEY_BITS & _LOW
