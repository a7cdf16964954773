"""Deleting lists: on request, or since they are older than their workspace keeps them (SPEC 5.6).

The record says so first, in one transaction with its audit record and with the notes that what is
stored is to be removed. Removing may be repeated, so a note stays until all of it is done, whoever
is killed meanwhile.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from chalicelib.domain.audit import system
from chalicelib.domain.errors import Conflict, Exists, NotFound, Stale
from chalicelib.domain.list_keeping import AGEING, ROUND_EVERY, ListRound, hold_of, removals
from chalicelib.domain.recipient_list import (
    ListPurpose,
    ListStatus,
    check_move,
    list_prefix,
    upload_key,
)
from chalicelib.domain.rights import Right
from chalicelib.usecases.ports import every
from chalicelib.usecases.sweeping import SHARE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chalicelib.domain.audit import Actor
    from chalicelib.domain.list_keeping import Hold, ListRemoval
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.workspace import Workspace
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import (
        Blobs,
        Campaigns,
        Changes,
        Clock,
        Directory,
        Suppressions,
        Uploads,
    )

# Lists of one workspace that are looked at in one minute.
LISTS_AT_ONCE: Final = 100
# Deleted lists whose objects are removed in one minute, and for how long: the largest takes some
# seconds, and the sweep has other work.
REMOVALS_AT_ONCE: Final = 50
BUDGET: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class ListKeeping:
    directory: Directory
    campaigns: Campaigns
    suppressions: Suppressions
    changes: Changes
    clock: Clock
    auditor: Auditor

    def delete(self, caller: Caller, list_id: str) -> None:
        """May be repeated. What is stored of it is gone some minutes later."""
        caller.must(Right.FEED)
        recipients = self.campaigns.recipient_list(caller.workspace, list_id)
        caller.must(Right.FEED, author=recipients.author)
        if recipients.status is ListStatus.DELETED:
            return
        if recipients.status is ListStatus.INGESTING:
            raise Conflict("Its file is being read: delete it when that is over.")
        if self._is_in_force(recipients):
            raise Conflict("Its numbers are suppressed: withdraw it first.")
        hold = self._hold(recipients, self.directory.workspace(caller.workspace))
        if hold is not None:
            raise Conflict(hold.sentence)
        self._delete(recipients, caller.actor)

    def delete_aged(self, recipients: RecipientList, workspace: Workspace) -> bool:
        """Unless something needs it still, or it was not kept for long enough."""
        now, kept = self.clock.now(), timedelta(days=workspace.retention.list_days)
        if recipients.status not in AGEING or now < recipients.created_at + kept:
            return False
        if self._is_in_force(recipients) or self._hold(recipients, workspace) is not None:
            return False
        with suppress(Stale):
            self._delete(recipients, system("sweep"))
            return True
        return False

    def _is_in_force(self, recipients: RecipientList) -> bool:
        """One that is ready comes into force, so what is not told yet counts as well."""
        if recipients.purpose is not ListPurpose.SUPPRESSION:
            return False
        if recipients.status is not ListStatus.READY:
            return False
        known = self.suppressions.lists(recipients.workspace)
        withdrawn = {each.list for each in known if each.withdrawn_at is not None}
        return recipients.id not in withdrawn

    def _hold(self, recipients: RecipientList, workspace: Workspace) -> Hold | None:
        kept = timedelta(days=workspace.retention.ledger_days)
        now = self.clock.now()
        for use in self.campaigns.list_uses(workspace.id, recipients.id):
            # A deleted campaign shows no recipients any more.
            with suppress(NotFound):
                campaign = self.campaigns.campaign(workspace.id, use.campaign)
                hold = hold_of(campaign, recipients.id, kept, now)
                if hold is not None:
                    return hold
        return None

    def _delete(self, before: RecipientList, actor: Actor) -> None:
        check_move(before, ListStatus.DELETED)
        deleted = replace(before, status=ListStatus.DELETED)
        audit = self.auditor.record(
            before.workspace,
            actor,
            "list.deleted",
            before.id,
            author=before.author,
            before={"status": before.status.value, "name": before.name},
            after={"status": deleted.status.value, "valid": before.counts.valid},
        )
        self.changes.commit(deleted, *removals(deleted, self.clock.now()), audit=audit)


@dataclass(frozen=True, slots=True)
class ListSweep:
    """Every minute, some workspaces' lists: those that are too old go. And what is stored of
    deleted ones.
    """

    keeping: ListKeeping
    directory: Directory
    campaigns: Campaigns
    changes: Changes
    blobs: Blobs
    uploads: Uploads
    clock: Clock

    def share(self) -> list[Workspace]:
        """This minute's; where there are many, they take turns."""
        workspaces = sorted(every(self.directory.workspaces), key=lambda each: each.id)
        groups = max(1, -(-len(workspaces) // SHARE))
        return workspaces[int(self.clock.now().timestamp()) // 60 % groups :: groups]

    def look_through(self, workspace: Workspace) -> None:
        """Go on with the round over its lists, or begin one if the last was a while ago. Each is a
        few reads, however many lists there are.
        """
        now = self.clock.now()
        known = self.campaigns.list_round(workspace.id)
        if known is not None and not known.after and now - known.begun_at < ROUND_EVERY:
            return
        going = known or ListRound(workspace.id, now)
        begun_at = going.begun_at if going.after else now
        page = self.campaigns.lists_made_before(
            workspace.id,
            now - timedelta(days=workspace.retention.list_days),
            after=going.after or None,
            limit=LISTS_AT_ONCE,
        )
        for recipients in page.items:
            self.keeping.delete_aged(recipients, workspace)
        # Another sweep may be at it: that does no harm.
        with suppress(Stale, Exists):
            self.changes.keep(replace(going, begun_at=begun_at, after=page.next or ""))

    def removals(self) -> list[ListRemoval]:
        return self.campaigns.list_removals(self.clock.now(), REMOVALS_AT_ONCE)

    def in_time(self, due: Iterable[ListRemoval]) -> Iterator[ListRemoval]:
        """Those that are come to; the others wait for the next minute."""
        end = self.clock.now() + BUDGET
        return takewhile(lambda _: self.clock.now() < end, due)

    def remove(self, removal: ListRemoval) -> None:
        """All that is stored of a deleted list; the note goes last."""
        recipients = self.campaigns.recipient_list(removal.workspace, removal.list)
        check_deleted(recipients)
        key = upload_key(removal.workspace, removal.list)
        self.uploads.abort(key, recipients.upload)
        self.uploads.discard(key)
        self.blobs.delete_all(f"{list_prefix(removal.workspace, removal.list)}/")
        self.changes.forget(removal)


def check_deleted(recipients: RecipientList) -> None:
    """Nothing of another list is removed, whatever a note says."""
    if recipients.status is not ListStatus.DELETED:
        raise Conflict(f"List {recipients.id} is {recipients.status.value}, not deleted.")
