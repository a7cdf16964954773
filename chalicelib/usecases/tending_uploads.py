"""The sweep's care for lists on their way in (SPEC 5.1): uploads that nobody goes on with are
dropped, and lists that nobody reads although they have arrived are brought back, or told as failed.

A notification may get lost, and an ingest that dies often enough ends in the dead letters. Both
show in the same way: nothing is written of the list for longer than one try may take. Asking again
is safe, since reading a file again changes nothing (usecases/ingest_list.py).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.audit import system
from chalicelib.domain.errors import NotFound, Stale
from chalicelib.domain.recipient_list import UPLOAD_TIME, ListStatus, check_move, upload_key

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.recipient_list import OpenList, RecipientList
    from chalicelib.usecases.auditing import Auditor
    from chalicelib.usecases.ports import Campaigns, Changes, Clock, Ingests, Uploads

# One try lasts 15 minutes at most (infra/app.yaml) and writes every few seconds how far it is.
QUIET: Final = timedelta(minutes=20)
# How often the reading of a list is asked for again once it had begun. Until then it may just wait
# for its turn in the queue: it is asked for all day, which is not counted.
TRIES: Final = 5
# What has arrived is read within so long, or not at all.
READING_TIME: Final = timedelta(days=1)

_ABANDONED: Final = "The upload was not completed within a day, so its parts were dropped."
_LOST: Final = "The uploaded file was lost on its way. Upload it again."
_UNREAD: Final = (
    "The file could not be read, after several tries. Upload it again; if that fails too, the "
    "operator's logs tell why."
)


@dataclass(frozen=True, slots=True)
class UploadSweep:
    campaigns: Campaigns
    changes: Changes
    uploads: Uploads
    ingests: Ingests
    clock: Clock
    auditor: Auditor

    def markers(self) -> list[OpenList]:
        return self.campaigns.open_lists()

    def tend(self, marker: OpenList) -> None:
        now = self.clock.now()
        # Most markers are of uploads that go on: nothing is read for them.
        if now - (marker.asked_at or marker.uploaded_at or marker.created_at) < _patience(marker):
            return
        try:
            recipients = self.campaigns.recipient_list(marker.workspace, marker.list)
        except NotFound:
            self.changes.forget(marker)
            return
        # Whoever moves it at this moment knows better.
        with suppress(Stale):
            self._tend(marker, recipients, now)

    def _tend(self, marker: OpenList, recipients: RecipientList, now: datetime) -> None:
        match recipients.status:
            case ListStatus.UPLOADING:
                self._tend_upload(marker, recipients, now)
            case ListStatus.INGESTING:
                self._tend_reading(marker, recipients, now)
            case _:
                self.changes.forget(marker)

    def _tend_upload(self, marker: OpenList, recipients: RecipientList, now: datetime) -> None:
        key = upload_key(recipients.workspace, recipients.id)
        is_late = now - marker.created_at >= UPLOAD_TIME
        if marker.uploaded_at is None or not self.uploads.is_there(key):
            # One whose completion broke off may still be completed.
            if is_late:
                self._fail(marker, recipients, _LOST if marker.uploaded_at else _ABANDONED)
                self.uploads.abort(key, recipients.upload)
        elif now - marker.uploaded_at >= READING_TIME:
            self._fail(marker, recipients, _UNREAD)
        else:
            self._ask_again(replace(marker, asked_at=now))

    def _tend_reading(self, marker: OpenList, recipients: RecipientList, now: datetime) -> None:
        progress = self.campaigns.progress(recipients.workspace, recipients.id)
        if progress is not None and now - progress.written_at < QUIET:
            return
        since = marker.uploaded_at or marker.created_at
        if marker.tries >= TRIES or now - since >= READING_TIME:
            self._fail(marker, recipients, _UNREAD)
            if progress is not None:
                self.campaigns.forget_progress(progress)
        else:
            self._ask_again(replace(marker, asked_at=now, tries=marker.tries + 1))

    def _ask_again(self, marker: OpenList) -> None:
        """Noted first: a sweep that dies in between asks a little later, not every minute."""
        self.changes.keep(marker)
        self.ingests.request(marker.workspace, marker.list)

    def _fail(self, marker: OpenList, recipients: RecipientList, why: str) -> None:
        check_move(recipients, ListStatus.FAILED)
        audit = self.auditor.record(
            recipients.workspace,
            system("sweep"),
            "list.failed",
            recipients.id,
            before={"status": recipients.status.value},
            after={"status": ListStatus.FAILED.value, "failure": why},
        )
        failed = replace(recipients, status=ListStatus.FAILED, failure=why)
        self.changes.commit(failed, remove=[marker], audit=audit)


def _patience(marker: OpenList) -> timedelta:
    return UPLOAD_TIME if marker.uploaded_at is None else QUIET
