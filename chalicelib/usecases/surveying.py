"""Surveys: a personalised text over a whole list, chunk by chunk (domain/survey.py).

A survey is of one content. It is written now and then while it is made, by version: of two at once
one goes on, and who is overtaken by an edit stops. One that nobody wrote for some time is begun
anew, since whoever made it is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.content import Mode
from chalicelib.domain.counting import Counting
from chalicelib.domain.errors import Exists, NotFound, Stale
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.recipient_list import ListStatus, list_prefix
from chalicelib.domain.submission import is_personal
from chalicelib.domain.survey import Survey, survey_digest
from chalicelib.sms.merge import parse

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.content import Content
    from chalicelib.domain.formats.chunk import Chunk
    from chalicelib.domain.formats.manifest import ChunkEntry, Manifest
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.ports import Blobs, Campaigns, Changes, Clock

# So often it is written, and looked whether it is still of what the campaign holds.
WRITE_EVERY: Final = timedelta(seconds=3)
# One chunk takes much less.
GONE_AFTER: Final = timedelta(seconds=60)
# Recipients that are counted within a request: they take a fraction of a second.
AT_ONCE: Final = 20_000


class Progress(StrEnum):
    """Of what is counted."""

    NONE = "none"
    COUNTING = "counting"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is surveyed: a personalised text over a list that is ready."""

    content: Content
    list: RecipientList
    digest: str


def subject_of(content: Content, recipients: RecipientList | None) -> Subject | None:
    """None: no survey is needed, or none can be made. A Trigger's list comes while it runs."""
    if recipients is None or recipients.status is not ListStatus.READY:
        return None
    if content.mode is Mode.TRIGGER or not is_personal(content):
        return None
    return Subject(content, recipients, survey_digest(content, recipients))


def is_under_way(survey: Survey, now: datetime) -> bool:
    return not survey.complete and now - survey.written_at < GONE_AFTER


@dataclass(frozen=True, slots=True)
class Surveyor:
    campaigns: Campaigns
    blobs: Blobs
    changes: Changes
    clock: Clock

    def survey(self, workspace: str, campaign_id: str) -> Survey | None:
        """The complete survey of what the campaign holds, made now unless it is there. None: none
        is needed, or somebody else is making one, or the content changed meanwhile.
        """
        subject = self._subject(workspace, campaign_id)
        if subject is None:
            return None
        stored, now = self.campaigns.survey(workspace, campaign_id), self.clock.now()
        known = stored if stored and stored.digest == subject.digest else None
        if known is not None and known.complete:
            return known
        if known is not None and is_under_way(known, now):
            return None
        begun = Survey(
            workspace=workspace,
            campaign=campaign_id,
            digest=subject.digest,
            begun_at=now,
            written_at=now,
            recipients=subject.list.counts.valid,
            version=stored.version if stored else 0,
        )
        try:
            return self._count(subject, begun)
        except (Exists, Stale):
            return None
        except NotFound:
            # The list is gone. If it is not, something of it is missing.
            if self._is_current(subject, begun):
                raise
            return None

    def _count(self, subject: Subject, survey: Survey) -> Survey:
        counting = Counting(
            parse(subject.content.text),
            survey.recipients,
            transliterated=subject.content.transliterate,
        )
        manifest = self._manifest(subject)
        if survey.recipients > AT_ONCE:
            survey = self.changes.keep(survey)
        for entry in manifest.chunks:
            if self.clock.now() - survey.written_at >= WRITE_EVERY:
                survey = self._write(subject, survey, counting)
            # Nothing is sent to whose number was erased.
            chunk = chunk_format.without_holes(self._chunk(subject, entry, counting.names))
            counting.add(chunk.columns, len(chunk.numbers))
            counting.counted += entry.count - len(chunk.numbers)
        return self._write(subject, survey, counting)

    def _write(self, subject: Subject, survey: Survey, counting: Counting) -> Survey:
        if not self._is_current(subject, survey):
            raise Stale
        return self.changes.keep(
            replace(
                survey,
                written_at=self.clock.now(),
                counted=counting.counted,
                by_parts=dict(sorted(counting.by_parts.items())),
                by_encoding={
                    encoding.value: number
                    for encoding, number in sorted(counting.by_encoding.items())
                },
                too_long=counting.too_long,
                empty=dict(sorted(counting.empty.items())),
                samples=counting.samples,
            )
        )

    def _manifest(self, subject: Subject) -> Manifest:
        prefix = list_prefix(subject.list.workspace, subject.list.id)
        manifest = manifest_format.decode(self.blobs.get(f"{prefix}/manifest"))
        if manifest.digest != subject.list.digest:
            raise FormatError("The manifest is not the one that the list was made with.")
        return manifest

    def _chunk(self, subject: Subject, entry: ChunkEntry, names: tuple[str, ...]) -> Chunk:
        data = self.blobs.get(entry.key)
        if not entry.holds(data):
            # A number may have been erased from it since the manifest was read.
            entry = self._manifest(subject).chunks[entry.number]
            data = self.blobs.get(entry.key)
        if not entry.holds(data):
            raise FormatError(f"Chunk {entry.number} is not the one that the manifest names.")
        return chunk_format.decode(data, names)

    def _is_current(self, subject: Subject, survey: Survey) -> bool:
        found = self._subject(survey.workspace, survey.campaign)
        return found is not None and found.digest == subject.digest

    def _subject(self, workspace: str, campaign_id: str) -> Subject | None:
        try:
            content = self.campaigns.campaign(workspace, campaign_id).content
            named = self.campaigns.recipient_list(workspace, content.list) if content.list else None
        except NotFound:
            return None
        return subject_of(content, named)
