"""Who wants no messages, in memory."""

from __future__ import annotations

import hashlib
from array import array
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifests
from chalicelib.domain.formats.chunk import Chunk
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest
from chalicelib.domain.recipient_list import list_prefix
from chalicelib.domain.suppression import Suppression, SuppressionChange, SuppressionList
from chalicelib.domain.tokens import Mixer
from chalicelib.usecases.ports import Page

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from chalicelib.usecases.ports import Blobs
    from tests.fakes.records import Records


class FakeSuppressions:
    def __init__(self, records: Records) -> None:
        self._records = records

    def find(self, workspace: str, tokens: Collection[int]) -> dict[int, Suppression]:
        found = (self._records.find(Suppression, workspace, token) for token in tokens)
        return {entry.token: entry for entry in found if entry}

    def page(self, workspace: str, *, after: str | None, limit: int) -> Page[Suppression]:
        entries = [
            entry
            for entry in self._records.all(Suppression, workspace=workspace)
            if not after or f"{entry.token:016x}" > after
        ]
        shown = entries[:limit]
        return Page(shown, f"{shown[-1].token:016x}" if len(entries) > limit else None)

    def numbers(self, workspace: str) -> Iterator[tuple[int, datetime | None]]:
        for entry in self._records.all(Suppression, workspace=workspace):
            yield entry.number, entry.at if entry.lifted else None

    def lists(self, workspace: str) -> list[SuppressionList]:
        return self._records.all(SuppressionList, workspace=workspace)[::-1]

    def changes(self, workspace: str, since: datetime) -> list[SuppressionChange]:
        since -= timedelta(microseconds=since.microsecond % 1000)
        notes = self._records.all(SuppressionChange, workspace=workspace)
        return [note for note in notes if note.at >= since]


def stored_list(
    blobs: Blobs, workspace: str, list_id: str, numbers: Sequence[int], *, key: bytes = b"key"
) -> list[ChunkEntry]:
    """The chunks, of three numbers, and the manifest that ingest makes of a file with these."""
    mixer, prefix, per_chunk = Mixer.of(key), list_prefix(workspace, list_id), 3
    ordered = sorted(numbers, key=mixer.token)
    entries = []
    for number, start in enumerate(range(0, len(ordered), per_chunk)):
        some = ordered[start : start + per_chunk]
        data = chunk_format.encode(Chunk(array("Q", some)))
        entry = ChunkEntry(
            number=number,
            key=f"{prefix}/chunk-{number:05}",
            count=len(some),
            first_token=f"{mixer.token(some[0]):016x}",
            last_token=f"{mixer.token(some[-1]):016x}",
            sha256=hashlib.sha256(data).hexdigest(),
        )
        blobs.put(entry.key, data)
        entries.append(entry)
    manifest = Manifest(
        version=manifests.VERSION,
        workspace=workspace,
        list=list_id,
        digest=manifests.digest_of(entries),
        counts=Counts(len(ordered), 0, {}),
        chunks=tuple(entries),
    )
    blobs.put(f"{prefix}/manifest", manifests.encode(manifest))
    return entries
