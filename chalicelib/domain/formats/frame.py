"""What the packed formats have in common: magic and version, bounded compression, columns, texts.

Columns are written as byte planes: the highest octet of every value, then the next one, and so on.
Values of one chunk share their high octets, so those planes all but vanish in compression, and
plain run-length coding suffices for that.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")

TEXT_MAX: Final = 255  # characters; the length is kept in one octet

_LEVEL: Final = 1
# Ids and numbers may hold any octet that a carrier sent, so a text may hold lone surrogates too;
# "strict" for those that may not.
_ANY: Final = "surrogatepass"


class FormatError(ValueError):
    """Bytes that are not what they should be, or a value that the format cannot hold."""


@dataclass(frozen=True, slots=True)
class Format:
    """Magic, one octet of version, then the body, compressed; a body has `limit` bytes at most."""

    name: str
    magic: bytes
    version: int
    limit: int

    def seal(self, body: bytes, *, strategy: int = zlib.Z_RLE) -> bytes:
        return self.seal_by(lambda data: _deflated(data, strategy), body)

    def seal_by(self, compress: Callable[[bytes], bytes], body: bytes) -> bytes:
        """For whoever has a quicker way to what zlib reads."""
        if len(body) > self.limit:
            raise FormatError(
                f"The {self.name} takes {len(body)} bytes: {self.limit} is the limit."
            )
        return self._head() + compress(body)

    def unseal(self, data: bytes) -> Reader:
        return Reader(self._inflate(self._packed(data)))

    def unseal_start(self, data: bytes, length: int) -> Reader:
        """The first `length` bytes of the body, as far as `data`, which may be cut, has them."""
        try:
            return Reader(zlib.decompressobj().decompress(self._packed(data), length))
        except zlib.error as error:
            raise FormatError(f"The {self.name} is damaged: {error}.") from None

    def _packed(self, data: bytes) -> bytes:
        head = self._head()
        if not data.startswith(self.magic):
            raise FormatError(f"This is no {self.name}: it does not begin with {self.magic!r}.")
        if not data.startswith(head):
            raise FormatError(f"This {self.name} is not of version {self.version}.")
        return data[len(head) :]

    def _head(self) -> bytes:
        return self.magic + bytes((self.version,))

    def _inflate(self, data: bytes) -> bytes:
        """Stops at the limit, whatever the bytes would unpack to."""
        unpacker = zlib.decompressobj()
        try:
            body = unpacker.decompress(data, self.limit + 1)
        except zlib.error as error:
            raise FormatError(f"The {self.name} is damaged: {error}.") from None
        if len(body) > self.limit:
            raise FormatError(f"The {self.name} unpacks to more than {self.limit} bytes.")
        if not unpacker.eof or unpacker.unused_data:
            raise FormatError(f"The {self.name} ends too early, or something follows its end.")
        return body


class Reader:
    """Takes a body apart from front to back, and never reads past its end."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._body):
            raise FormatError(f"It is cut short: {end - len(self._body)} bytes are missing.")
        taken = self._body[self._at : end]
        self._at = end
        return taken

    def column(self, typecode: str, count: int) -> array[int]:
        values: array[int] = array(typecode)
        width = values.itemsize
        planes = self.take(width * count)
        octets = bytearray(len(planes))
        for plane, place in enumerate(_places(width)):
            octets[place::width] = planes[plane * count : (plane + 1) * count]
        values.frombytes(octets)
        return values

    def number(self) -> int:
        return self.column("I", 1)[0]

    def octet(self) -> int:
        return self.take(1)[0]

    def texts(self, count: int, *, errors: str = _ANY) -> list[str]:
        lengths = self.take(count)
        try:
            joined = self.take(self.number()).decode("utf-8", errors)
        except UnicodeDecodeError:
            raise FormatError("A text is not UTF-8.") from None
        if len(joined) != sum(lengths):
            raise FormatError("Texts are not as long as they should be.")
        ends = accumulate(lengths)
        return [joined[end - length : end] for end, length in zip(ends, lengths, strict=True)]

    def finish(self) -> None:
        if self._at != len(self._body):
            raise FormatError(f"{len(self._body) - self._at} bytes are left over.")


def column(typecode: str, values: Iterable[int]) -> bytes:
    try:
        numbers = array(typecode, values)
    except OverflowError as error:
        raise FormatError(f"A number does not fit: {error}.") from None
    octets = numbers.tobytes()
    return b"".join([octets[place :: numbers.itemsize] for place in _places(numbers.itemsize)])


def number(value: int) -> bytes:
    return column("I", (value,))


def texts(values: Sequence[str], *, errors: str = _ANY) -> bytes:
    """Lengths in characters, then all texts as one: so they are decoded in one go."""
    lengths = [len(value) for value in values]
    if max(lengths, default=0) > TEXT_MAX:
        raise FormatError(f"A text has {max(lengths)} characters: {TEXT_MAX} is the limit.")
    try:
        joined = "".join(values).encode("utf-8", errors)
    except UnicodeEncodeError:
        raise FormatError("A text holds half a character.") from None
    return bytes(lengths) + number(len(joined)) + joined


def look_up(table: Mapping[int, T], values: Iterable[int]) -> list[T]:
    try:
        return [table[value] for value in values]
    except KeyError as error:
        raise FormatError(f"{error} stands for nothing here.") from None


def _deflated(data: bytes, strategy: int) -> bytes:
    packer = zlib.compressobj(_LEVEL, strategy=strategy)
    return packer.compress(data) + packer.flush()


def _places(width: int) -> range:
    """Where, in this machine's own order, the octets of a number stand: the highest one first."""
    return range(width) if sys.byteorder == "big" else range(width - 1, -1, -1)
