"""What reads an uploaded file and makes a list's chunks of it, and the index of its hashes
(functions/ingest).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from chalicelib.domain.formats.manifest import ChunkEntry, Manifest
    from chalicelib.usecases.ports.services import Blobs


@dataclass(frozen=True, slots=True)
class Work:
    """How far it is."""

    # Of the upload, that were read.
    octets: int
    # With a recipient, or rejected.
    lines: int
    # Recipients that are stored, and how many they will be: a few less, since some come twice.
    stored: int
    recipients: int


@dataclass(frozen=True, slots=True)
class Source:
    blocks: Iterable[bytes]
    # Octets, packed and unpacked.
    limit: int
    # Whether lines have several fields.
    delimited: bool
    # The heading of the column that holds the number; None: the first one.
    number_column: str | None
    default_country: str | None
    # The workspace's data key.
    key: bytes
    # Called often; whoever is told decides what is worth writing down.
    report: Callable[[Work], None]


class Gathered(Protocol):
    """What a file holds; numbers may still be among them more than once."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def numbers(self) -> int: ...

    @property
    def invalid(self) -> Mapping[str, int]: ...

    @property
    def emptied(self) -> Mapping[str, int]: ...

    def store(self, blobs: Blobs, prefix: str) -> list[ChunkEntry]:
        """Write chunks and rejects; answer the chunks' entries in the manifest."""
        ...


class Pipeline(Protocol):
    def __call__(self, source: Source) -> AbstractContextManager[Gathered]:
        """Read all of it, or BadFile. What is kept on disk meanwhile goes with the context."""
        ...


class Hashing(Protocol):
    def __call__(self, blobs: Blobs, prefix: str, manifest: Manifest, key: bytes) -> list[int]:
        """Store the parts of the list's index (domain/formats/hash_index.py) below `prefix`; answer
        how many entries each has. `key` is the workspace's data key.
        """
        ...
