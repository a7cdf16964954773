"""Ingest: an uploaded file becomes chunks, a manifest and rejects, or a clear failure (SPEC 5.2).

Nothing shows until one last conditional write names the digest. Everything before it depends on
the file alone and goes under the same keys, so a killed ingest is simply run again. What is kept in
memory grows with distinct numbers, 16 bytes each, and with rejects, compressed (DESIGN 4.1).
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from array import array
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain import tokens
from chalicelib.domain.audit import system
from chalicelib.domain.errors import NotFound, Stale
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.formats.chunk import MAX_RECIPIENTS, Chunk
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest, digest_of
from chalicelib.domain.recipient_list import (
    ListCounts,
    ListStatus,
    check_move,
    list_prefix,
    upload_key,
)
from chalicelib.sms.numbering import normalise_quickly
from chalicelib.sms.phone import BadNumber
from chalicelib.sms.table import BadFile, first_column, safe_cell, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.auditing import Auditor
    from chalicelib.usecases.ports import (
        Blobs,
        Campaigns,
        Changes,
        Clock,
        DataKeys,
        Directory,
        Uploads,
    )

REJECTS_HEADING: Final = "line,reason,value\r\n"
REJECT_MAX: Final = 64  # characters of a rejected value that are kept: a number is never longer

_OPEN: Final = frozenset({ListStatus.UPLOADING, ListStatus.INGESTING})
_TEXT_ENDINGS: Final = (".txt", ".txt.gz")  # these hold one number a line
_RECORD: Final = tokens.SHORT + 8  # token, number: both big-endian, so bytes sort as values do
_CHUNK_BYTES: Final = MAX_RECIPIENTS * _RECORD
_COMPACT_FROM: Final = 4_096 * _RECORD
_GZIP_WINDOW: Final = 31  # zlib's way to say: with gzip's header, whose time is then 0


@dataclass(frozen=True, slots=True)
class Ingest:
    directory: Directory
    campaigns: Campaigns
    changes: Changes
    uploads: Uploads
    blobs: Blobs
    data_keys: DataKeys
    clock: Clock
    auditor: Auditor
    limit: int

    def run(self, workspace: str, list_id: str) -> RecipientList | None:
        """Bring the list to its end; its record as it is then, or None if there is no such list.

        A list that has ended before is left alone.
        """
        try:
            recipients = self._begin(workspace, list_id)
        except NotFound:
            return None
        if recipients.status not in _OPEN:
            return recipients
        try:
            return self._ingest(recipients)
        except Stale:
            # Another delivery of the notification was first; if not, this one is to come again.
            recipients = self.campaigns.recipient_list(workspace, list_id)
            if recipients.status in _OPEN:
                raise
            return recipients

    def _begin(self, workspace: str, list_id: str) -> RecipientList:
        recipients = self.campaigns.recipient_list(workspace, list_id)
        if recipients.status is not ListStatus.UPLOADING:
            return recipients
        try:
            return self._move(recipients, ListStatus.INGESTING)
        except Stale:
            # Another delivery began, or the caller's completion was written: look again.
            return self._begin(workspace, list_id)

    def _ingest(self, recipients: RecipientList) -> RecipientList:
        try:
            numbers, rejects = self._read(recipients)
        except BadFile as error:
            return self._move(recipients, ListStatus.FAILED, failure=str(error))
        valid = numbers.compact()
        counts = ListCounts(valid, numbers.added - valid, dict(sorted(rejects.reasons.items())))
        if not valid:
            failure = _no_numbers(counts)
            return self._move(recipients, ListStatus.FAILED, failure=failure, counts=counts)
        digest = self._store(recipients, numbers, rejects, counts)
        return self._move(recipients, ListStatus.READY, digest=digest, counts=counts)

    def _read(self, recipients: RecipientList) -> tuple[Numbers, Rejects]:
        wrapped = self.directory.workspace(recipients.workspace).wrapped_data_key
        numbers = Numbers(self.data_keys.unwrap(recipients.workspace, wrapped))
        rejects = Rejects()
        delimited = not recipients.name.lower().endswith(_TEXT_ENDINGS)
        try:
            upload = self.uploads.read(upload_key(recipients.workspace, recipients.id))
            for line, raw in first_column(unpack(upload, self.limit), delimited=delimited):
                try:
                    number = normalise_quickly(raw, default_country=recipients.default_country)
                except BadNumber as error:
                    rejects.add(line, error.reason.value, raw)
                else:
                    numbers.add(number)
        except NotFound:
            raise BadFile("The uploaded file is no longer there. Upload it again.") from None
        return numbers, rejects

    def _store(
        self, recipients: RecipientList, numbers: Numbers, rejects: Rejects, counts: ListCounts
    ) -> str:
        prefix = list_prefix(recipients.workspace, recipients.id)
        entries = []
        for place, chunk in enumerate(numbers.chunks()):
            data = chunk_format.encode(chunk)
            key = f"{prefix}/chunk-{place:05}"
            self.blobs.put(key, data)
            entries.append(_entry(place, key, chunk, data))
        self.blobs.put(f"{prefix}/rejects", rejects.finish())
        manifest = Manifest(
            version=manifest_format.VERSION,
            workspace=recipients.workspace,
            list=recipients.id,
            digest=digest_of(entries),
            counts=Counts(counts.valid, counts.duplicate, dict(counts.invalid)),
            chunks=tuple(entries),
        )
        self.blobs.put(f"{prefix}/manifest", manifest_format.encode(manifest))
        return manifest.digest

    def _move(
        self,
        before: RecipientList,
        to: ListStatus,
        *,
        failure: str | None = None,
        digest: str | None = None,
        counts: ListCounts | None = None,
    ) -> RecipientList:
        check_move(before, to)
        counts = counts or before.counts
        after = replace(before, status=to, failure=failure, digest=digest, counts=counts)
        facts = {
            "status": to.value,
            "valid": counts.valid,
            "duplicate": counts.duplicate,
            "rejected": counts.rejected,
            "digest": digest,
            "failure": failure,
        }
        audit = self.auditor.record(
            before.workspace,
            system("ingest"),
            f"list.{to.value}",
            before.id,
            before={"status": before.status.value},
            after=facts,
        )
        return self.changes.save(after, audit)


class Numbers:
    """Numbers by token, packed: 256 parts, one for each first octet of a token."""

    def __init__(self, key: bytes) -> None:
        self.added = 0
        self._hash = tokens.hasher(key)
        self._parts = [bytearray() for _ in range(256)]
        self._full = [_COMPACT_FROM] * 256

    def add(self, number: str) -> None:
        token = self._hash(number)
        at = token[0]
        part = self._parts[at]
        part += token[: tokens.SHORT] + int(number).to_bytes(8, "big")
        self.added += 1
        if len(part) >= self._full[at]:
            self._compact(at)

    def compact(self) -> int:
        """Drop every duplicate; answer how many are left."""
        for at in range(len(self._parts)):
            self._compact(at)
        return sum(map(len, self._parts)) // _RECORD

    def chunks(self) -> Iterator[Chunk]:
        """Empties this while it goes."""
        waiting = bytearray()
        for part in self._parts:
            waiting += part
            part.clear()
            while len(waiting) >= _CHUNK_BYTES:
                yield _chunk(waiting[:_CHUNK_BYTES])
                del waiting[:_CHUNK_BYTES]
        if waiting:
            yield _chunk(waiting)

    def _compact(self, at: int) -> None:
        """Sort one part and drop its duplicates, before ten million equal lines fill the memory."""
        part = bytes(self._parts[at])
        distinct = sorted({part[i : i + _RECORD] for i in range(0, len(part), _RECORD)})
        self._parts[at][:] = b"".join(distinct)
        self._full[at] = max(_COMPACT_FROM, 2 * len(self._parts[at]))


class Rejects:
    """Rejected lines: counted by reason, and kept as gzipped CSV that a spreadsheet may open."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self._packer = zlib.compressobj(wbits=_GZIP_WINDOW)
        self._packed = bytearray(self._packer.compress(REJECTS_HEADING.encode()))

    def add(self, line: int, reason: str, raw: str) -> None:
        self.reasons[reason] += 1
        row = f"{line},{reason},{safe_cell(raw[:REJECT_MAX])}\r\n"
        self._packed += self._packer.compress(row.encode())

    def finish(self) -> bytes:
        self._packed += self._packer.flush()
        return bytes(self._packed)


def _chunk(records: bytearray) -> Chunk:
    values = struct.unpack(f">{len(records) // 8}Q", records)
    return Chunk(tokens=array("Q", values[::2]), numbers=array("Q", values[1::2]))


def _entry(place: int, key: str, chunk: Chunk, data: bytes) -> ChunkEntry:
    return ChunkEntry(
        number=place,
        key=key,
        count=len(chunk.tokens),
        first_token=f"{chunk.tokens[0]:016x}",
        last_token=f"{chunk.tokens[-1]:016x}",
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _no_numbers(counts: ListCounts) -> str:
    if not counts.rejected:
        return "The file holds no numbers."
    reasons = ", ".join(f"{count} {reason}" for reason, count in counts.invalid.items())
    return f"The file holds no valid number: every line was rejected ({reasons})."
