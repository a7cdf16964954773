"""A chunk: up to 10,000 recipients of a list, in the order of their tokens (DESIGN 4.1).

A token is the first 8 octets of the HMAC of a number, read as a number. Two columns: tokens,
ascending, and phone numbers. The same recipients always give the same bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice
from operator import le
from typing import TYPE_CHECKING, Final

from chalicelib.domain import tokens
from chalicelib.domain.formats.frame import Format, FormatError, column, number

if TYPE_CHECKING:
    from array import array

MAX_RECIPIENTS: Final = 10_000

_COUNT_BYTES: Final = 4
_NUMBER_BYTES: Final = 8
_FORMAT: Final = Format(
    name="chunk",
    magic=b"MCC",
    version=1,
    limit=_COUNT_BYTES + MAX_RECIPIENTS * (tokens.SHORT + _NUMBER_BYTES),
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Both arrays are of type Q. Nobody changes them: they are arrays for the sake of speed."""

    tokens: array[int]
    numbers: array[int]

    def __post_init__(self) -> None:
        if len(self.tokens) != len(self.numbers):
            raise FormatError("A chunk has as many tokens as numbers.")
        if len(self.tokens) > MAX_RECIPIENTS:
            raise FormatError(f"A chunk has {MAX_RECIPIENTS} recipients at most.")
        if not all(map(le, self.tokens, islice(self.tokens, 1, None))):
            raise FormatError("A chunk's tokens stand in ascending order.")


def encode(chunk: Chunk) -> bytes:
    return _FORMAT.seal(
        number(len(chunk.tokens)) + column("Q", chunk.tokens) + column("Q", chunk.numbers)
    )


def decode(data: bytes) -> Chunk:
    reader = _FORMAT.unseal(data)
    count = reader.number()
    chunk = Chunk(tokens=reader.column("Q", count), numbers=reader.column("Q", count))
    reader.finish()
    return chunk


def find(chunk: Chunk, token8: bytes) -> int | None:
    """The place of the recipient with this token (its first 8 octets)."""
    token = int.from_bytes(token8, "big")
    at = bisect_left(chunk.tokens, token)
    return at if at < len(chunk.tokens) and chunk.tokens[at] == token else None
