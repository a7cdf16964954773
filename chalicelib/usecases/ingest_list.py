"""Ingest: an uploaded file becomes chunks, a manifest and rejects, or a clear failure (SPEC 5.2).

Nothing shows until one last conditional write names the digest. Everything before it depends on
the file alone and goes under the same keys, so a killed ingest is simply run again. What is kept in
memory grows with distinct numbers and their values (gathering.py), and with rejects, compressed.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain.audit import system
from chalicelib.domain.errors import NotFound, Stale
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest, digest_of
from chalicelib.domain.recipient_list import (
    ListCounts,
    ListStatus,
    check_move,
    list_prefix,
    upload_key,
)
from chalicelib.sms.columns import clean
from chalicelib.sms.numbering import normalise_quickly
from chalicelib.sms.phone import BadNumber
from chalicelib.sms.table import BadFile, read_table, safe_cell, unpack
from chalicelib.usecases.gathering import Numbers, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.formats.chunk import Chunk
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.auditing import Auditor
    from chalicelib.usecases.gathering import Gathered
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
            read = self._read(recipients)
        except BadFile as error:
            return self._move(recipients, ListStatus.FAILED, failure=str(error))
        valid = read.gathered.compact()
        counts = ListCounts(
            valid=valid,
            duplicate=read.gathered.added - valid,
            invalid=dict(sorted(read.rejects.reasons.items())),
            emptied=dict(sorted(read.values.emptied.items())),
        )
        if not valid:
            failure = _no_numbers(counts)
            return self._move(recipients, ListStatus.FAILED, failure=failure, counts=counts)
        ready = replace(recipients, columns=read.values.columns, counts=counts)
        ready = replace(ready, digest=self._store(ready, read.gathered, read.rejects))
        return self._move(recipients, ListStatus.READY, ready)

    def _read(self, recipients: RecipientList) -> _Read:
        wrapped = self.directory.workspace(recipients.workspace).wrapped_data_key
        key = self.data_keys.unwrap(recipients.workspace, wrapped)
        delimited = not recipients.name.lower().endswith(_TEXT_ENDINGS)
        rejects = Rejects()
        try:
            upload = self.uploads.read(upload_key(recipients.workspace, recipients.id))
            table = read_table(unpack(upload, self.limit), delimited=delimited)
            values = Values(table.columns)
            gathered = Rows(key, table.columns) if table.columns else Numbers(key)
            for line, raw, cells in table.rows:
                try:
                    number = normalise_quickly(raw, default_country=recipients.default_country)
                except BadNumber as error:
                    rejects.add(line, error.reason.value, raw)
                else:
                    gathered.add(number, values.of(cells) if cells else ())
        except NotFound:
            raise BadFile("The uploaded file is no longer there. Upload it again.") from None
        return _Read(gathered, values, rejects)

    def _store(self, recipients: RecipientList, gathered: Gathered, rejects: Rejects) -> str:
        """Chunks, rejects and manifest; answers the digest over all of it."""
        prefix, counts = list_prefix(recipients.workspace, recipients.id), recipients.counts
        entries = []
        for place, chunk in enumerate(gathered.chunks()):
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
        found: RecipientList | None = None,
        *,
        failure: str | None = None,
        counts: ListCounts | None = None,
    ) -> RecipientList:
        """`found` is the list with what its file holds, once that is stored."""
        check_move(before, to)
        after = replace(found or before, status=to, failure=failure)
        after = replace(after, counts=counts or after.counts)
        facts = {
            "status": to.value,
            "valid": after.counts.valid,
            "duplicate": after.counts.duplicate,
            "rejected": after.counts.rejected,
            "columns": ", ".join(after.columns) or None,
            "digest": after.digest,
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


class Values:
    """Rows' values of the list's columns; counts, by column, those that cannot be kept."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.emptied: Counter[str] = Counter()

    def of(self, cells: Sequence[str]) -> list[str]:
        values = [clean(cell) for cell in cells]
        if None in values:
            self.emptied.update(
                column for column, value in zip(self.columns, values, strict=True) if value is None
            )
        return [value or "" for value in values]


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


@dataclass(frozen=True, slots=True)
class _Read:
    """What a file holds."""

    gathered: Gathered
    values: Values
    rejects: Rejects


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
