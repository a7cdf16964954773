"""A list's index by `ctn_hash` (domain/formats/hash_index.py): chunks are read back and hashed side
by side, entries wait on disk by parts, and each part is sorted and stored.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final

import numpy as np

from chalicelib.domain.formats.chunk import NUMBERS_OCTETS
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.formats.hash_index import (
    CHUNKS_MAX,
    ENTRY_BYTES,
    PLACE_BITS,
    bits_for,
    part_key,
)
from functions.ingest.hashing import hashes
from functions.ingest.side_by_side import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import NDArray

    from chalicelib.domain.formats.manifest import Manifest
    from chalicelib.usecases.ports import Blobs

# Who waits for S3 takes no core.
FETCHERS: Final = 8
# Parts that are sorted or on their way; the largest take 3 MB each.
STORERS: Final = 6
# Entries that are held until they make a good write.
HELD: Final = 512 * 1024

_HASH_BITS: Final = 64
_HALF: Final = np.uint64(32)


def store_parts(
    blobs: Blobs, prefix: str, manifest: Manifest, key: bytes, folder: str | None = None
) -> list[int]:
    """`folder` is for what does not fit memory; by default the system's own."""
    chunks = manifest.chunks
    if len(chunks) > CHUNKS_MAX:
        raise FormatError(f"A list with an index has {CHUNKS_MAX} chunks at most.")
    bits = bits_for(manifest.counts.valid)
    with (
        _Parts(bits, folder) as parts,
        ThreadPoolExecutor(FETCHERS) as fetchers,
        hashes(key, len(chunks)) as (hashed, workers),
        ThreadPoolExecutor(workers) as pool,
    ):
        fetch = partial(blobs.get_range, begin=0, length=NUMBERS_OCTETS)
        found = in_order(fetchers, fetch, (entry.key for entry in chunks), ahead=FETCHERS)
        for number, octets in enumerate(in_order(pool, hashed, found, ahead=workers)):
            parts.add(number, np.frombuffer(octets, ">u8").astype(np.uint64))
        parts.flush()
        keep = partial(_keep, blobs, prefix, parts)
        return list(in_order(fetchers, keep, range(1 << bits), ahead=STORERS))


def _keep(blobs: Blobs, prefix: str, parts: _Parts, part: int) -> int:
    entries = np.sort(parts.read(part))
    blobs.put(part_key(prefix, part), entries.astype(">u8").tobytes())
    return len(entries)


class _Parts:
    """Entries on disk: writes of all parts, one after the other, and where in them they end."""

    def __init__(self, bits: int, folder: str | None) -> None:
        self._bits = bits
        self._file = TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - its own context closes
        self._end = 0
        self._writes: list[NDArray[np.int64]] = []
        self._held: list[tuple[NDArray[np.uint8], NDArray[np.uint64]]] = []
        self._count = 0

    def add(self, chunk: int, found: NDArray[np.uint64]) -> None:
        """The first 64 bits of its recipients' hashes, in order."""
        # In two steps, for a shift by all 64 bits is no shift.
        parts = (found >> np.uint64(1) >> np.uint64(_HASH_BITS - 1 - self._bits)).astype(np.uint8)
        keys = (found << np.uint64(self._bits)) >> _HALF << _HALF
        places = np.arange(len(found), dtype=np.uint64)
        self._held.append((parts, keys | np.uint64(chunk << PLACE_BITS) | places))
        self._count += len(found)
        if self._count >= HELD:
            self.flush()

    def flush(self) -> None:
        if not self._held:
            return
        parts = np.concatenate([part for part, _ in self._held])
        entries = np.concatenate([entry for _, entry in self._held])
        ends = np.zeros((1 << self._bits) + 1, np.int64)
        ends[1:] = np.cumsum(np.bincount(parts, minlength=1 << self._bits)) * ENTRY_BYTES
        whole = memoryview(entries[np.argsort(parts, kind="stable")].tobytes())
        while whole:
            whole = whole[self._file.write(whole) :]
        self._writes.append(ends + self._end)
        self._end += int(ends[-1])
        self._held.clear()
        self._count = 0

    def read(self, part: int) -> NDArray[np.uint64]:
        return np.frombuffer(b"".join(self._pieces(part)), np.uint64)

    def _pieces(self, part: int) -> Iterator[bytes]:
        for ends in self._writes:
            begin, end = int(ends[part]), int(ends[part + 1])
            yield os.pread(self._file.fileno(), end - begin, begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
