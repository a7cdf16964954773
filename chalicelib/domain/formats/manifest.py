"""The manifest of a list: counts, chunks, and one digest over all of them (DESIGN 4.1).

JSON, since people read it too. Chunks stand in the order of their tokens, so the chunk of a number
is found by bisection. Whatever is written is read back first: a manifest that cannot be read would
lose the list.

The digest names what was approved, so it stays when a number is erased from a chunk (SPEC 5.6); the
entry then says as what the chunk is stored instead. It is written before the chunk and names both,
what is replaced and what replaces it, so one fits the other whoever reads them meanwhile, and where
somebody died in between. The tokens of its edges follow the chunk: by the old ones it is found.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from chalicelib.domain.formats.frame import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION: Final = 1

_Token = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
_Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class Counts(msgspec.Struct, frozen=True):
    valid: _Count
    duplicate: _Count
    invalid: dict[str, _Count]


class ChunkEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """`first_token` and `last_token` are those of its first and last recipient, in hexadecimal.
    `sha256` is that of the chunk as it was made. If numbers were erased from it, `stored` has those
    that it may have by now: what it had before the last of them, and after.
    """

    number: _Count
    key: str
    count: Annotated[int, msgspec.Meta(ge=1)]
    first_token: _Token
    last_token: _Token
    sha256: _Digest
    stored: tuple[_Digest, ...] = ()

    def holds(self, data: bytes) -> bool:
        """Whether this is the chunk that is meant."""
        return hashlib.sha256(data).hexdigest() in (self.stored or (self.sha256,))


class Manifest(msgspec.Struct, frozen=True):
    version: int
    workspace: str
    list: str
    digest: _Digest
    counts: Counts
    chunks: tuple[ChunkEntry, ...]


class _Versioned(msgspec.Struct):
    version: int


def digest_of(chunks: Iterable[ChunkEntry]) -> str:
    """SHA-256 over the chunks' SHA-256, in order."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(bytes.fromhex(chunk.sha256))
    return digest.hexdigest()


def encode(manifest: Manifest) -> bytes:
    data = msgspec.json.encode(manifest, order="deterministic")
    decode(data)
    return data


def decode(data: bytes) -> Manifest:
    try:
        version = msgspec.json.decode(data, type=_Versioned).version
        if version != VERSION:
            raise FormatError(f"This manifest is of version {version}, not {VERSION}.")
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"This is no manifest: {error}") from None
    _check(manifest)
    return manifest


def find_chunk(manifest: Manifest, token: int) -> ChunkEntry | None:
    """The chunk that holds the number with this token, if any chunk does."""
    written = f"{token:016x}"
    at = bisect_left(manifest.chunks, written, key=_last_token)
    if at == len(manifest.chunks) or manifest.chunks[at].first_token > written:
        return None
    return manifest.chunks[at]


def outside(manifest: Manifest, number: int) -> tuple[int, int]:
    """The tokens before and after a chunk's own; -1 and 2 ** 64 where there are none."""
    chunks = manifest.chunks
    before = int(chunks[number - 1].last_token, 16) if number else -1
    after = chunks[number + 1].first_token if number + 1 < len(chunks) else None
    return before, int(after, 16) if after else 1 << 64


def storing(manifest: Manifest, number: int, before: bytes, after: bytes) -> Manifest:
    """A chunk is about to be replaced: either of the two may be stored from now on."""
    stored = tuple(hashlib.sha256(data).hexdigest() for data in (before, after))
    return _with(manifest, msgspec.structs.replace(manifest.chunks[number], stored=stored))


def spanning(manifest: Manifest, number: int, first: int, last: int) -> Manifest:
    """A chunk was replaced: these are its first and last token by now."""
    entry = manifest.chunks[number]
    edges = {"first_token": f"{first:016x}", "last_token": f"{last:016x}"}
    return _with(manifest, msgspec.structs.replace(entry, **edges))


def _with(manifest: Manifest, entry: ChunkEntry) -> Manifest:
    chunks = manifest.chunks
    entries = (*chunks[: entry.number], entry, *chunks[entry.number + 1 :])
    return msgspec.structs.replace(manifest, chunks=entries)


def _last_token(entry: ChunkEntry) -> str:
    return entry.last_token


def _check(manifest: Manifest) -> None:
    chunks = manifest.chunks
    edges = [token for entry in chunks for token in (entry.first_token, entry.last_token)]
    if any(one > other for one, other in pairwise(edges)):
        raise FormatError("The manifest's chunks do not stand in the order of their tokens.")
    if [entry.number for entry in chunks] != list(range(len(chunks))):
        raise FormatError("The manifest's chunks are not numbered from 0.")
    if sum(entry.count for entry in chunks) != manifest.counts.valid:
        raise FormatError("The manifest's chunks do not add up to the valid recipients.")
    if digest_of(chunks) != manifest.digest:
        raise FormatError("The manifest's digest is not that of its chunks.")
