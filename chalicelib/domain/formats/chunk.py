"""A chunk: up to 10,000 recipients of a list, in the order of their tokens (DESIGN 4.1).

A token is the first 8 octets of the HMAC of a number, read as a number. Tokens, ascending, and
phone numbers; then the list's further columns by name, each with a value for every recipient (SPEC
4.9). The same recipients always give the same bytes. Who needs the numbers alone does not pay for
the rest: columns are decoded by name.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import islice
from operator import le
from typing import TYPE_CHECKING, Final

from chalicelib.domain import tokens
from chalicelib.domain.formats.frame import Format, FormatError, column, number, texts
from chalicelib.sms.columns import COLUMNS_MAX
from chalicelib.sms.merge import NAME_MAX

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Mapping, Sequence

MAX_RECIPIENTS: Final = 10_000
# Octets of all values, one more for each: so much a reader has in memory. Lists whose values are
# longer than that have smaller chunks.
MAX_VALUES: Final = 8 * 1024 * 1024

_COUNT_BYTES: Final = 4
_NUMBER_BYTES: Final = 8
_UTF8_BYTES: Final = 4
_FORMAT: Final = Format(
    name="chunk",
    magic=b"MCC",
    version=2,
    limit=_COUNT_BYTES
    + MAX_RECIPIENTS * (tokens.SHORT + _NUMBER_BYTES)
    + 1
    + (COLUMNS_MAX + 1) * _COUNT_BYTES
    + COLUMNS_MAX * (1 + NAME_MAX * _UTF8_BYTES)
    + MAX_VALUES,
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Both arrays are of type Q. Nobody changes them: they are arrays for the sake of speed."""

    tokens: array[int]
    numbers: array[int]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.tokens) != len(self.numbers):
            raise FormatError("A chunk has as many tokens as numbers.")
        if len(self.tokens) > MAX_RECIPIENTS:
            raise FormatError(f"A chunk has {MAX_RECIPIENTS} recipients at most.")
        if not all(map(le, self.tokens, islice(self.tokens, 1, None))):
            raise FormatError("A chunk's tokens stand in ascending order.")
        _check_names(list(self.columns))
        if any(len(values) != len(self.tokens) for values in self.columns.values()):
            raise FormatError("A chunk's columns have a value for each recipient.")


def encode(chunk: Chunk) -> bytes:
    names = sorted(chunk.columns)
    body = [
        number(len(chunk.tokens)),
        column("Q", chunk.tokens),
        column("Q", chunk.numbers),
        bytes((len(names),)),
    ]
    if not names:
        return _FORMAT.seal(b"".join(body))
    body.append(texts(names, errors="strict"))
    body += [texts(chunk.columns[name], errors="strict") for name in names]
    # Run lengths are enough for numbers; words want to be found again.
    return _FORMAT.seal(b"".join(body), strategy=zlib.Z_DEFAULT_STRATEGY)


def decode(data: bytes, names: Collection[str] = ()) -> Chunk:
    """Of its columns, those among `names`."""
    reader = _FORMAT.unseal(data)
    count = reader.number()
    all_tokens, numbers = reader.column("Q", count), reader.column("Q", count)
    there, columns = reader.octet(), {}
    if there:
        known = reader.texts(there, errors="strict")
        if known != sorted(set(known)):
            raise FormatError("A chunk's columns stand in the order of their names, each once.")
        _check_names(known)
        for name in known:
            if name in names:
                columns[name] = reader.texts(count, errors="strict")
            else:
                reader.skip_texts(count)
    reader.finish()
    return Chunk(all_tokens, numbers, columns)


def find(chunk: Chunk, token8: bytes) -> int | None:
    """The place of the recipient with this token (its first 8 octets)."""
    token = int.from_bytes(token8, "big")
    at = bisect_left(chunk.tokens, token)
    return at if at < len(chunk.tokens) and chunk.tokens[at] == token else None


def _check_names(names: Sequence[str]) -> None:
    if len(names) > COLUMNS_MAX:
        raise FormatError(f"A chunk has {COLUMNS_MAX} columns at most.")
    if not all(0 < len(name) <= NAME_MAX for name in names):
        raise FormatError(f"A chunk's columns have names of 1 to {NAME_MAX} characters.")
