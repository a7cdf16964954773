"""What was read of a file, on disk, by parts of the token's range, until it becomes chunks.

Batches are held until they make a good write, then written part after part to one file each for
tokens and texts. So a stretch of parts is read back with one look for each write, in the file's
order, and there are two open files whatever the size.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final

import numpy as np

from functions.ingest.reading import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from functions.ingest.numbers import Numbers, Places
    from functions.ingest.reading import Batch

# Octets that are held at a time.
HELD: Final = 4 * 1024 * 1024
# Batches likewise: each takes room of its own, however few numbers of its block are new.
BATCHES: Final = 64
# Of a stretch, so that it fits memory together with what becomes of it: tokens, octets of texts.
STRETCH_TOKENS: Final = 80_000
STRETCH_TEXTS: Final = 2 * 1024 * 1024

_TOKEN: Final = 8
# That one call writes.
_PIECES: Final = 1024


@dataclass(frozen=True, slots=True)
class Stretch:
    """Parts from `first` up to `end`."""

    first: int
    end: int


class Spill:
    def __init__(self, folder: str) -> None:
        self._tokens, self._texts = _File(folder), _File(folder)
        self._batches: list[Batch] = []
        self._held = 0

    def add(self, batch: Batch) -> None:
        self._batches.append(batch)
        self._held += batch.tokens.nbytes + len(batch.text)
        if self._held >= HELD or len(self._batches) >= BATCHES:
            self.flush()

    def flush(self) -> None:
        if not self._batches:
            return
        self._tokens.write(
            [
                (batch.tokens.data.cast("B"), np.cumsum(batch.parts) * _TOKEN)
                for batch in self._batches
            ]
        )
        texts = [
            (memoryview(batch.text), batch.text_ends)
            for batch in self._batches
            if batch.text_ends is not None
        ]
        if texts:
            self._texts.write(texts)
        self._batches.clear()
        self._held = 0

    def stretches(self) -> Iterator[Stretch]:
        """All parts, as many together as fit."""
        tokens, texts = self._tokens.sizes() // _TOKEN, self._texts.sizes()
        first = 0
        for part in range(PARTS):
            end = part + 1
            full = (
                tokens[first : end + 1].sum() > STRETCH_TOKENS
                or texts[first : end + 1].sum() > STRETCH_TEXTS
            )
            if full or end == PARTS:
                yield Stretch(first, end)
                first = end

    def read(self, stretch: Stretch) -> tuple[Numbers, bytes]:
        """Tokens and, a line each, texts: of one part, as they stood in the file."""
        tokens = self._tokens.read(stretch)
        return np.frombuffer(tokens, np.uint64), self._texts.read(stretch)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tokens.close()
        self._texts.close()


class _File:
    """Writes of all parts, one after the other, and where in them the parts end."""

    def __init__(self, folder: str) -> None:
        self._file = TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - Spill's context closes
        self._end = 0
        self._writes: list[Places] = []

    def write(self, parted: list[tuple[memoryview, Places]]) -> None:
        """Each comes with where its parts end; what they have of a part goes together."""
        cuts = [[0, *ends.tolist()] for _, ends in parted]
        pieces = [
            whole[cut[part] : cut[part + 1]]
            for part in range(PARTS)
            for (whole, _), cut in zip(parted, cuts, strict=True)
        ]
        ends = np.zeros(PARTS + 1, np.int64)
        ends[1:] = np.sum([ends for _, ends in parted], axis=0)
        ends += self._end
        for first in range(0, len(pieces), _PIECES):
            self._write(pieces[first : first + _PIECES])
        self._writes.append(ends)
        self._end = int(ends[-1])

    def _write(self, pieces: list[memoryview]) -> None:
        size = sum(map(len, pieces))
        written = os.writev(self._file.fileno(), pieces)
        if written < size:
            rest = memoryview(b"".join(pieces))[written:]
            while rest:
                rest = rest[self._file.write(rest) :]

    def sizes(self) -> Places:
        """Octets of each part."""
        if not self._writes:
            return np.zeros(PARTS, np.int64)
        sizes: Places = np.asarray([np.diff(ends) for ends in self._writes]).sum(axis=0)
        return sizes

    def read(self, stretch: Stretch) -> bytes:
        found = []
        for ends in self._writes:
            begin, end = int(ends[stretch.first]), int(ends[stretch.end])
            found.append(os.pread(self._file.fileno(), end - begin, begin))
        return b"".join(found)

    def close(self) -> None:
        self._file.close()
