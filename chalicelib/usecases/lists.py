"""Lists as callers see them: begin an upload, get addresses for its parts, complete or abort it
(SPEC 5.1); how far its reading is, and the lines that were rejected (SPEC 5.2, 5.3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import Conflict, NotFound, require
from chalicelib.domain.recipient_list import (
    ListPurpose,
    ListStatus,
    OpenList,
    RecipientList,
    check_move,
    check_upload,
    lacking_parts,
    rejects_key,
    upload_key,
)
from chalicelib.domain.rights import Right
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.repeats import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.ingest_progress import IngestProgress
    from chalicelib.domain.recipient_list import NewList
    from chalicelib.usecases.auditing import Auditor, Caller, Recorder
    from chalicelib.usecases.ports import Campaigns, Changes, Clock, Downloads, Ids, Page, Uploads
    from chalicelib.usecases.repeats import Mark, Repeats

PARTS_PER_CALL = 100
# So many of the parts that are missing are named.
NAMED: Final = 10
_REJECTS: Final = "file of rejected lines"
_READ: Final = frozenset({ListStatus.READY, ListStatus.FAILED})


@dataclass(frozen=True, slots=True)
class Lists:
    campaigns: Campaigns
    changes: Changes
    repeats: Repeats
    uploads: Uploads
    downloads: Downloads
    clock: Clock
    ids: Ids
    auditor: Auditor
    recorder: Recorder
    upload_max_bytes: int

    def begin(self, caller: Caller, new: NewList, key: str | None = None) -> RecipientList:
        _check_right(caller, new.purpose)
        check_upload(new, self.upload_max_bytes)
        return self.repeats.once(
            Request(caller, key, new),
            read=lambda list_id: self.campaigns.recipient_list(caller.workspace, list_id),
            make=lambda mark: self._begin(caller, new, mark),
        )

    def _begin(self, caller: Caller, new: NewList, mark: Mark) -> RecipientList:
        list_id = self.ids.new("lst")
        recipients = RecipientList(
            id=list_id,
            workspace=caller.workspace,
            name=new.name,
            author=caller.user,
            status=ListStatus.UPLOADING,
            size=new.size,
            default_country=new.default_country,
            upload=self.uploads.begin(upload_key(caller.workspace, list_id)),
            created_at=self.clock.now(),
            purpose=new.purpose,
            sha256=new.sha256,
            number_column=new.number_column,
        )
        audit = self.auditor.record(
            caller.workspace,
            caller.actor,
            "list.created",
            list_id,
            after={
                "name": new.name,
                "size": new.size,
                "purpose": new.purpose.value,
                "sha256": new.sha256,
            },
        )
        marker = OpenList(caller.workspace, list_id, recipients.created_at)
        self.changes.commit(recipients, marker, *mark(list_id), audit=audit)
        return next_version(recipients)

    def part_urls(self, caller: Caller, list_id: str, numbers: Sequence[int]) -> dict[int, str]:
        recipients = self._uploading(caller, list_id)
        require(
            (
                0 < len(numbers) <= PARTS_PER_CALL,
                "parts",
                f"ask for 1 to {PARTS_PER_CALL} parts a call",
            ),
            (
                all(1 <= number <= recipients.parts for number in numbers),
                "parts",
                f"this upload has parts 1 to {recipients.parts}",
            ),
        )
        lengths = {number: recipients.part_length(number) for number in numbers}
        key = upload_key(caller.workspace, list_id)
        return self.uploads.part_urls(key, recipients.upload, lengths)

    def parts(self, caller: Caller, list_id: str) -> dict[int, int]:
        """Lengths of the parts that have arrived, so that the others can follow."""
        recipients = self._uploading(caller, list_id)
        try:
            return self.uploads.parts(upload_key(caller.workspace, list_id), recipients.upload)
        except NotFound:
            raise Conflict(
                "The upload takes no more parts: it is complete, or its time is over. Completing "
                "it tells which."
            ) from None

    def complete(self, caller: Caller, list_id: str) -> RecipientList:
        """May be repeated: an upload that is complete already is answered as such."""
        recipients = self._own(caller, list_id)
        if recipients.status is not ListStatus.UPLOADING:
            return recipients
        marker = self.campaigns.open_list(caller.workspace, list_id)
        was_completed = marker is not None and marker.uploaded_at is not None
        key = upload_key(caller.workspace, list_id)
        try:
            there = self.uploads.parts(key, recipients.upload)
        except NotFound:
            if was_completed:  # by an earlier call; the notification is on its way
                return recipients
            raise Conflict(
                "The upload's time is over and its parts are gone: begin another one."
            ) from None
        _check_whole(recipients, there)
        if not was_completed:
            recipients = self._note_complete(caller, recipients, marker)
        self.uploads.complete(key, recipients.upload)
        return recipients

    def _note_complete(
        self, caller: Caller, recipients: RecipientList, marker: OpenList | None
    ) -> RecipientList:
        """First, for whoever looks after it if the rest gets lost (tending_uploads)."""
        marked = [replace(marker, uploaded_at=self.clock.now())] if marker else []
        audit = self.auditor.record(
            caller.workspace,
            caller.actor,
            "list.uploaded",
            recipients.id,
            after={"size": recipients.size},
        )
        self.changes.commit(recipients, *marked, audit=audit)
        return next_version(recipients)

    def abort(self, caller: Caller, list_id: str) -> RecipientList:
        recipients = self._uploading(caller, list_id)
        check_move(recipients, ListStatus.FAILED)
        marker = self.campaigns.open_list(caller.workspace, list_id)
        failed = replace(recipients, status=ListStatus.FAILED, failure="The upload was aborted.")
        audit = self.auditor.record(caller.workspace, caller.actor, "list.aborted", list_id)
        self.changes.commit(failed, remove=[marker] if marker else [], audit=audit)
        self.uploads.abort(upload_key(caller.workspace, list_id), recipients.upload)
        return next_version(failed)

    def get(self, caller: Caller, list_id: str) -> RecipientList:
        caller.must(Right.VIEW)
        return self.campaigns.recipient_list(caller.workspace, list_id)

    def page(self, caller: Caller, after: str | None, limit: int) -> Page[RecipientList]:
        caller.must(Right.VIEW)
        return self.campaigns.recipient_lists(caller.workspace, after=after, limit=limit)

    def progress(self, recipients: RecipientList) -> IngestProgress | None:
        """Of a list that was shown; only one that is being read has any."""
        if recipients.status is not ListStatus.INGESTING:
            return None
        return self.campaigns.progress(recipients.workspace, recipients.id)

    def rejects(self, caller: Caller, list_id: str) -> str:
        """Where to fetch the rejected lines. What was rejected may be a number all the same, so
        this is a reading of full ones: by right, and in the audit log (SPEC 5.5).
        """
        caller.must(Right.FULL_NUMBERS)
        recipients = self.campaigns.recipient_list(caller.workspace, list_id)
        if recipients.status not in _READ or not recipients.counts.rejected:
            raise NotFound(_REJECTS)
        name = f"{recipients.id}-rejects.csv.gz"
        try:
            address = self.downloads.address(rejects_key(caller.workspace, list_id), name)
        except NotFound:
            raise NotFound(_REJECTS) from None
        # Before anything is shown; it does not keep an admin from reading (SPEC 8.2).
        self.recorder.write(
            self.auditor.record(
                caller.workspace,
                caller.actor,
                "rejects.read",
                list_id,
                after={"lines": recipients.counts.rejected},
            )
        )
        return address

    def _own(self, caller: Caller, list_id: str) -> RecipientList:
        recipients = self.campaigns.recipient_list(caller.workspace, list_id)
        _check_right(caller, recipients.purpose, author=recipients.author)
        return recipients

    def _uploading(self, caller: Caller, list_id: str) -> RecipientList:
        recipients = self._own(caller, list_id)
        if recipients.status is not ListStatus.UPLOADING:
            raise Conflict(f"The upload is over: the list is {recipients.status.value}.")
        return recipients


def _check_right(caller: Caller, purpose: ListPurpose, *, author: str | None = None) -> None:
    """Whom a workspace leaves alone is not for everyone to say who has lists to send to."""
    caller.must(Right.FEED, author=author)
    if purpose is ListPurpose.SUPPRESSION:
        caller.must(Right.INTEGRATE)


def _check_whole(recipients: RecipientList, there: dict[int, int]) -> None:
    lacking = lacking_parts(recipients, there)
    if not lacking:
        return
    named = ", ".join(map(str, lacking[:NAMED]))
    more = f" and {len(lacking) - NAMED} more" if len(lacking) > NAMED else ""
    raise Conflict(
        f"{recipients.parts - len(lacking)} of {recipients.parts} parts and "
        f"{sum(there.values())} of {recipients.size} bytes have arrived: upload the missing parts "
        f"({named}{more}), then complete."
    )
