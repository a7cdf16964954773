"""Ingest: an uploaded file becomes chunks, a manifest and rejects, or a clear failure (SPEC 5.2).

Nothing shows until one last conditional write names the digest. Everything before it depends on
the file alone and goes under the same keys, so a killed ingest is simply run again. How a file is
read is the pipeline's affair (functions/ingest).
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.audit import system
from chalicelib.domain.errors import NotFound, Stale, Unavailable
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.formats.manifest import Counts, Manifest, digest_of
from chalicelib.domain.ingest_progress import IngestProgress
from chalicelib.domain.recipient_list import (
    ListCounts,
    ListStatus,
    check_move,
    list_prefix,
    upload_key,
)
from chalicelib.domain.suppression import in_force
from chalicelib.sms.unpacking import BadFile
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.ports.ingest import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chalicelib.domain.recipient_list import OpenList, RecipientList
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
    from chalicelib.usecases.ports.ingest import Gathered, Pipeline, Work

# How far it is is written so often at most.
PROGRESS_EVERY: Final = timedelta(seconds=2)

_OPEN: Final = frozenset({ListStatus.UPLOADING, ListStatus.INGESTING})
_TEXT_ENDINGS: Final = (".txt", ".txt.gz")  # these hold one number a line


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
    pipeline: Pipeline
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
        progress = Progress(recipients, self.campaigns, self.clock)
        try:
            return self._ingest(recipients, progress)
        except Stale:
            # Another delivery of the notification was first; if not, this one is to come again.
            recipients = self.campaigns.recipient_list(workspace, list_id)
            if recipients.status in _OPEN:
                raise
            return recipients
        finally:
            progress.end()

    def _begin(self, workspace: str, list_id: str) -> RecipientList:
        recipients = self.campaigns.recipient_list(workspace, list_id)
        if recipients.status is not ListStatus.UPLOADING:
            return recipients
        try:
            return self._move(recipients, ListStatus.INGESTING)
        except Stale:
            # Another delivery began, or the caller's completion was written: look again.
            return self._begin(workspace, list_id)

    def _ingest(self, recipients: RecipientList, progress: Progress) -> RecipientList:
        wrapped = self.directory.workspace(recipients.workspace).wrapped_data_key
        source = Source(
            blocks=self._blocks(recipients),
            limit=self.limit,
            delimited=not recipients.name.lower().endswith(_TEXT_ENDINGS),
            number_column=recipients.number_column,
            default_country=recipients.default_country,
            key=self.data_keys.unwrap(recipients.workspace, wrapped),
            report=progress.note,
        )
        try:
            with self.pipeline(source) as gathered:
                return self._finish(recipients, gathered)
        except BadFile as error:
            return self._move(recipients, ListStatus.FAILED, failure=str(error))

    def _blocks(self, recipients: RecipientList) -> Iterator[bytes]:
        blocks = self.uploads.read(upload_key(recipients.workspace, recipients.id))
        try:
            yield from blocks if recipients.sha256 is None else _compared(blocks, recipients.sha256)
        except NotFound:
            raise BadFile("The uploaded file is no longer there. Upload it again.") from None

    def _finish(self, recipients: RecipientList, gathered: Gathered) -> RecipientList:
        counts = ListCounts(
            invalid=dict(sorted(gathered.invalid.items())),
            emptied=dict(sorted(gathered.emptied.items())),
        )
        if not gathered.numbers:
            failure = _no_numbers(counts)
            return self._move(recipients, ListStatus.FAILED, failure=failure, counts=counts)
        self._must_be_ours(recipients)
        prefix = list_prefix(recipients.workspace, recipients.id)
        entries = gathered.store(self.blobs, prefix)
        valid = sum(entry.count for entry in entries)
        counts = replace(counts, valid=valid, duplicate=gathered.numbers - valid)
        manifest = Manifest(
            version=manifest_format.VERSION,
            workspace=recipients.workspace,
            list=recipients.id,
            digest=digest_of(entries),
            counts=Counts(counts.valid, counts.duplicate, dict(counts.invalid)),
            chunks=tuple(entries),
        )
        self.blobs.put(f"{prefix}/manifest", manifest_format.encode(manifest))
        ready = replace(recipients, columns=gathered.columns, counts=counts, digest=manifest.digest)
        return self._move(recipients, ListStatus.READY, ready)

    def _must_be_ours(self, recipients: RecipientList) -> None:
        """What another delivery made of it stays: a number may be erased from it by now."""
        stored = self.campaigns.recipient_list(recipients.workspace, recipients.id)
        if stored.version != recipients.version:
            raise Stale

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
        wishes = in_force(after, self.clock.now(), self.auditor.ids.new("sup"))
        self.changes.commit(after, *wishes, remove=self._marker(before, to), audit=audit)
        return next_version(after)

    def _marker(self, recipients: RecipientList, to: ListStatus) -> list[OpenList]:
        """What the sweep finds it by goes when it has ended."""
        marker = self.campaigns.open_list(recipients.workspace, recipients.id)
        return [marker] if marker and to not in _OPEN else []


class Progress:
    """Of one ingest: written now and then, for whoever waits; without it the ingest goes on."""

    def __init__(self, recipients: RecipientList, campaigns: Campaigns, clock: Clock) -> None:
        self._list = recipients
        self._campaigns = campaigns
        self._clock = clock
        self._begun_at = clock.now()
        self._written: IngestProgress | None = None

    def note(self, work: Work) -> None:
        now = self._clock.now()
        last = self._written.written_at if self._written else self._begun_at
        if now - last < PROGRESS_EVERY:
            return
        self._written = IngestProgress(
            workspace=self._list.workspace,
            list=self._list.id,
            size=self._list.size,
            octets=work.octets,
            lines=work.lines,
            stored=work.stored,
            recipients=work.recipients,
            begun_at=self._begun_at,
            written_at=now,
        )
        with suppress(Unavailable):
            self._campaigns.note_progress(self._written)

    def end(self) -> None:
        if self._written:
            with suppress(Unavailable):
                self._campaigns.forget_progress(self._written)


def _compared(blocks: Iterable[bytes], sha256: str) -> Iterator[bytes]:
    """The blocks; BadFile at their end if they are not the file that was meant."""
    found = hashlib.sha256()
    for block in blocks:
        found.update(block)
        yield block
    if found.hexdigest() != sha256:
        raise BadFile(
            "What arrived is not the file that was announced: its SHA-256 is another one. "
            "Upload the file again."
        )


def _no_numbers(counts: ListCounts) -> str:
    if not counts.rejected:
        return "The file holds no numbers."
    reasons = ", ".join(f"{count} {reason}" for reason, count in counts.invalid.items())
    return f"The file holds no valid number: every line was rejected ({reasons})."
