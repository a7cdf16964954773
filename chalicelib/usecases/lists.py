"""Lists as callers see them: begin an upload, get addresses for its parts, complete or abort it
(SPEC 5.1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.errors import Conflict, NotFound, require
from chalicelib.domain.recipient_list import (
    PART_BYTES,
    ListStatus,
    RecipientList,
    check_move,
    check_upload,
    upload_key,
)
from chalicelib.domain.rights import Right
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.repeats import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import Campaigns, Changes, Clock, Ids, Page, Uploads
    from chalicelib.usecases.repeats import Mark, Repeats

PARTS_PER_CALL = 100


@dataclass(frozen=True, slots=True)
class NewList:
    name: str
    size: int
    default_country: str | None = None


@dataclass(frozen=True, slots=True)
class Lists:
    campaigns: Campaigns
    changes: Changes
    repeats: Repeats
    uploads: Uploads
    clock: Clock
    ids: Ids
    auditor: Auditor
    upload_max_bytes: int

    def begin(self, caller: Caller, new: NewList, key: str | None = None) -> RecipientList:
        caller.must(Right.FEED)
        check_upload(new.name, new.size, self.upload_max_bytes, new.default_country)
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
        )
        audit = self.auditor.record(
            caller.workspace,
            caller.actor,
            "list.created",
            list_id,
            after={"name": new.name, "size": new.size},
        )
        self.changes.commit(recipients, *mark(list_id), audit=audit)
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
        lengths = {number: _part_length(recipients, number) for number in numbers}
        key = upload_key(caller.workspace, list_id)
        return self.uploads.part_urls(key, recipients.upload, lengths)

    def complete(self, caller: Caller, list_id: str) -> RecipientList:
        """May be repeated: an upload that is complete already is answered as such."""
        recipients = self._own(caller, list_id)
        if recipients.status is not ListStatus.UPLOADING:
            return recipients
        key = upload_key(caller.workspace, list_id)
        try:
            stored = self.uploads.stored(key, recipients.upload)
        except NotFound:
            # Completed by an earlier call; the notification is on its way.
            return recipients
        if (stored.size, stored.parts) != (recipients.size, recipients.parts):
            raise Conflict(
                f"{stored.parts} of {recipients.parts} parts and {stored.size} of "
                f"{recipients.size} bytes have arrived: upload the missing parts, then complete."
            )
        audit = self.auditor.record(
            caller.workspace, caller.actor, "list.uploaded", list_id, after={"size": stored.size}
        )
        recipients = self.changes.save(recipients, audit)
        self.uploads.complete(key, recipients.upload)
        return recipients

    def abort(self, caller: Caller, list_id: str) -> RecipientList:
        recipients = self._uploading(caller, list_id)
        check_move(recipients, ListStatus.FAILED)
        failed = replace(recipients, status=ListStatus.FAILED, failure="The upload was aborted.")
        audit = self.auditor.record(caller.workspace, caller.actor, "list.aborted", list_id)
        failed = self.changes.save(failed, audit)
        self.uploads.abort(upload_key(caller.workspace, list_id), recipients.upload)
        return failed

    def get(self, caller: Caller, list_id: str) -> RecipientList:
        caller.must(Right.VIEW)
        return self.campaigns.recipient_list(caller.workspace, list_id)

    def page(self, caller: Caller, after: str | None, limit: int) -> Page[RecipientList]:
        caller.must(Right.VIEW)
        return self.campaigns.recipient_lists(caller.workspace, after=after, limit=limit)

    def _own(self, caller: Caller, list_id: str) -> RecipientList:
        recipients = self.campaigns.recipient_list(caller.workspace, list_id)
        caller.must(Right.FEED, author=recipients.author)
        return recipients

    def _uploading(self, caller: Caller, list_id: str) -> RecipientList:
        recipients = self._own(caller, list_id)
        if recipients.status is not ListStatus.UPLOADING:
            raise Conflict(f"The upload is over: the list is {recipients.status.value}.")
        return recipients


def _part_length(recipients: RecipientList, number: int) -> int:
    return min(PART_BYTES, recipients.size - (number - 1) * PART_BYTES)
