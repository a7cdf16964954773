"""Senders and their revisions as people handle them (SPEC 3); decisions are Moderation's.

A submission writes the sender along, so that it cannot meet the sender's archiving unseen. A sender
is read before its revisions are: its version then vouches for them (domain/sender.py, rule 4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain import sender as rules
from chalicelib.domain.errors import Conflict, NotFound, Outdated
from chalicelib.domain.moderation import revision_item, standing
from chalicelib.domain.rights import Right
from chalicelib.domain.sender import (
    DESTINATION,
    NumberType,
    Revision,
    RevisionStatus,
    Sender,
    default_type,
)
from chalicelib.domain.sender_history import history_of
from chalicelib.usecases.partial import UNCHANGED, Unchanged, given
from chalicelib.usecases.ports import PAGE, Page, next_version
from chalicelib.usecases.repeats import Request
from chalicelib.usecases.standing import anew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import Campaigns, Changes, Clock, Delivery, Ids, Versioned
    from chalicelib.usecases.queueing import QueueBell
    from chalicelib.usecases.repeats import Mark, Repeats

# Each takes two steps of a transaction, of which DynamoDB allows 100.
WITHDRAWN_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class NewSender:
    name: str


@dataclass(frozen=True, slots=True)
class NewRevision:
    address: str
    channel: str
    # None: what SPEC 3.3 says.
    source: NumberType | None = None
    destination: NumberType | None = None
    use: str = ""


@dataclass(frozen=True, slots=True)
class RevisionChanges:
    address: str | Unchanged = UNCHANGED
    channel: str | Unchanged = UNCHANGED
    # None: what SPEC 3.3 says.
    source: NumberType | Unchanged | None = UNCHANGED
    destination: NumberType | Unchanged | None = UNCHANGED
    use: str | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True)
class SenderDesk:
    campaigns: Campaigns
    delivery: Delivery
    changes: Changes
    repeats: Repeats
    bell: QueueBell
    clock: Clock
    ids: Ids
    auditor: Auditor

    # --- senders ----------------------------------------------------------------------------------

    def page(
        self, caller: Caller, after: str | None, limit: int, *, archived: bool = False
    ) -> Page[Sender]:
        """Newest first: those to choose from, or the archived ones."""
        caller.must(Right.VIEW)
        if archived:
            caller.must(Right.VIEW_ARCHIVE)
        found: list[Sender] = []
        for sender, is_last in self._senders(caller.workspace, after):
            if (sender.archived_at is not None) == archived:
                found.append(sender)
            if len(found) == limit:
                return Page(found, None if is_last else sender.id)
        return Page(found, None)

    def get(self, caller: Caller, sender_id: str) -> Sender:
        caller.must(Right.VIEW)
        return self.campaigns.sender(caller.workspace, sender_id)

    def create(self, caller: Caller, name: str, key: str | None = None) -> Sender:
        caller.must(Right.MANAGE_SENDER)
        rules.check_sender_name(name)
        new = NewSender(name.strip())
        return self.repeats.once(
            Request(caller, key, new),
            read=lambda made: self.campaigns.sender(caller.workspace, made),
            make=lambda mark: self._create(caller, new, mark),
        )

    def rename(
        self, caller: Caller, sender_id: str, name: str, expected: int | None = None
    ) -> Sender:
        return self._change(
            caller, sender_id, expected, "sender.renamed", lambda sender: rules.rename(sender, name)
        )

    def archive(self, caller: Caller, sender_id: str, expected: int | None = None) -> Sender:
        """What waits for a decision is a draft again: nobody decides on what cannot be used."""
        caller.must(Right.MANAGE_SENDER)

        def decide() -> Sender:
            before = self._sender(caller, sender_id, expected)
            after = rules.archive_sender(before, self.clock.now())
            pending = self._pending(before)
            withdrawn = " ".join(str(revision.number) for revision in pending)
            audit = self._audit(caller, "sender.archived", before, after, withdrawn=withdrawn)
            with self.bell.changing(caller.workspace):
                self.changes.commit(
                    after,
                    *map(rules.withdraw, pending),
                    remove=[standing(revision_item(revision)) for revision in pending],
                    audit=audit,
                )
            return next_version(after)

        return anew(decide)

    def restore(self, caller: Caller, sender_id: str, expected: int | None = None) -> Sender:
        return self._change(caller, sender_id, expected, "sender.restored", rules.restore_sender)

    # --- revisions --------------------------------------------------------------------------------

    def revisions(self, caller: Caller, sender_id: str) -> list[Revision]:
        """Oldest first."""
        sender = self.get(caller, sender_id)
        return self.campaigns.revisions(sender.workspace, sender.id)

    def revision(self, caller: Caller, sender_id: str, number: int) -> Revision:
        caller.must(Right.VIEW)
        return self.campaigns.revision(caller.workspace, sender_id, number)

    def history(self, caller: Caller, sender_id: str) -> str:
        """CSV, a line for each revision."""
        return history_of(self.revisions(caller, sender_id))

    def add_revision(
        self, caller: Caller, sender_id: str, new: NewRevision, key: str | None = None
    ) -> Revision:
        """A draft. Of two at once each gets a number of its own."""
        caller.must(Right.WRITE_REVISION)
        return anew(
            lambda: self.repeats.once(
                Request(caller, key, (sender_id, new)),
                read=lambda made: self.campaigns.revision(caller.workspace, sender_id, int(made)),
                make=lambda mark: self._add(caller, sender_id, new, mark),
            )
        )

    def edit_revision(
        self,
        caller: Caller,
        sender_id: str,
        number: int,
        changes: RevisionChanges,
        expected: int | None = None,
    ) -> Revision:
        caller.must(Right.WRITE_REVISION)

        def decide() -> Revision:
            before = self._revision(caller, sender_id, number, expected)
            after = _written(before, changes)
            moved = after.channel != before.channel
            has_channel = not moved or self._has_channel(after.channel)
            edited = rules.edit(before, after, caller.user, has_channel=has_channel)
            if edited == before:
                return before
            return self._commit(caller, "revision.edited", before, edited)

        return anew(decide)

    def submit_revision(
        self, caller: Caller, sender_id: str, number: int, expected: int | None = None
    ) -> Revision:
        caller.must(Right.WRITE_REVISION)

        def decide() -> Revision:
            sender = self.campaigns.sender(caller.workspace, sender_id)
            before = self._revision(caller, sender_id, number, expected)
            after = rules.submit(before, self.clock.now())
            rules.check_open(sender)
            item = revision_item(after)
            with self.bell.changing(caller.workspace):
                return self._commit(caller, "revision.submitted", before, after, sender, item)

        return anew(decide)

    def withdraw_revision(
        self, caller: Caller, sender_id: str, number: int, expected: int | None = None
    ) -> Revision:
        caller.must(Right.WRITE_REVISION)

        def decide() -> Revision:
            before = self._revision(caller, sender_id, number, expected)
            after = rules.withdraw(before)
            waiting = [standing(revision_item(before))]
            with self.bell.changing(caller.workspace):
                return self._commit(caller, "revision.withdrawn", before, after, remove=waiting)

        return anew(decide)

    def archive_revision(
        self, caller: Caller, sender_id: str, number: int, expected: int | None = None
    ) -> Revision:
        return self._shelve(caller, sender_id, number, expected, "revision.archived", rules.archive)

    def restore_revision(
        self, caller: Caller, sender_id: str, number: int, expected: int | None = None
    ) -> Revision:
        return self._shelve(caller, sender_id, number, expected, "revision.restored", rules.restore)

    # --- how --------------------------------------------------------------------------------------

    def _senders(self, workspace: str, after: str | None) -> Iterator[tuple[Sender, bool]]:
        """All that follow, each with whether it is the last one."""
        while True:
            page = self.campaigns.senders(workspace, after=after, limit=PAGE)
            for place, sender in enumerate(page.items, 1):
                yield sender, page.next is None and place == len(page.items)
            after = page.next
            if after is None:
                return

    def _create(self, caller: Caller, new: NewSender, mark: Mark) -> Sender:
        now = self.clock.now()
        sender = Sender(self.ids.new("snd"), caller.workspace, new.name, None, now)
        audit = self._audit(caller, "sender.created", None, sender)
        self.changes.commit(sender, *mark(sender.id), audit=audit)
        return next_version(sender)

    def _change(
        self,
        caller: Caller,
        sender_id: str,
        expected: int | None,
        action: str,
        change: Callable[[Sender], Sender],
    ) -> Sender:
        caller.must(Right.MANAGE_SENDER)

        def decide() -> Sender:
            before = self._sender(caller, sender_id, expected)
            after = change(before)
            if after == before:
                return before
            return self.changes.save(after, self._audit(caller, action, before, after))

        return anew(decide)

    def _pending(self, sender: Sender) -> list[Revision]:
        pending = [
            revision
            for revision in self.campaigns.revisions(sender.workspace, sender.id)
            if revision.status is RevisionStatus.PENDING
        ]
        if len(pending) > WITHDRAWN_MAX:
            raise Conflict(
                f"{len(pending)} of its revisions wait for a decision: decide on some of them, or "
                f"withdraw them, until there are {WITHDRAWN_MAX} at most."
            )
        return pending

    def _add(self, caller: Caller, sender_id: str, new: NewRevision, mark: Mark) -> Revision:
        sender = self.campaigns.sender(caller.workspace, sender_id)
        rules.check_open(sender)
        number = rules.next_number(sender)
        revision = Revision(
            sender=sender.id,
            number=number,
            workspace=sender.workspace,
            status=RevisionStatus.DRAFT,
            address=new.address,
            source=new.source or default_type(new.address),
            destination=new.destination or DESTINATION,
            channel=new.channel,
            author=caller.user,
            created_at=self.clock.now(),
            use=new.use,
        )
        rules.check_revision(revision, has_channel=self._has_channel(new.channel))
        audit = self.auditor.of_revision(caller.actor, "revision.created", None, revision)
        # The sender first: of two that add at once the later one met a change, not its own number.
        counted = replace(sender, revisions=number)
        self.changes.commit(counted, revision, *mark(str(number)), audit=audit)
        return next_version(revision)

    def _shelve(
        self,
        caller: Caller,
        sender_id: str,
        number: int,
        expected: int | None,
        action: str,
        change: Callable[[Revision], Revision],
    ) -> Revision:
        caller.must(Right.MANAGE_SENDER)

        def decide() -> Revision:
            sender = self.campaigns.sender(caller.workspace, sender_id)
            before = self._revision(caller, sender_id, number, expected)
            after = change(before)
            along = self._chosen_anew(sender, before, after)
            return self._commit(caller, action, before, after, *along)

        return anew(decide)

    def _chosen_anew(self, sender: Sender, before: Revision, after: Revision) -> tuple[Sender, ...]:
        if RevisionStatus.APPROVED not in {before.status, after.status}:
            return ()
        found = self.campaigns.revisions(sender.workspace, sender.id)
        standing_then = (after if each.number == after.number else each for each in found)
        return (replace(sender, current_revision=rules.current_after(sender, standing_then)),)

    def _commit(
        self,
        caller: Caller,
        action: str,
        before: Revision,
        after: Revision,
        *along: Versioned,
        remove: Sequence[Versioned] = (),
    ) -> Revision:
        audit = self.auditor.of_revision(caller.actor, action, before, after)
        self.changes.commit(after, *along, remove=remove, audit=audit)
        return next_version(after)

    def _sender(self, caller: Caller, sender_id: str, expected: int | None) -> Sender:
        sender = self.campaigns.sender(caller.workspace, sender_id)
        if expected not in {None, sender.version}:
            raise Outdated
        return sender

    def _revision(
        self, caller: Caller, sender_id: str, number: int, expected: int | None
    ) -> Revision:
        revision = self.campaigns.revision(caller.workspace, sender_id, number)
        if expected not in {None, revision.version}:
            raise Outdated
        return revision

    def _has_channel(self, channel: str) -> bool:
        try:
            self.delivery.channel(channel)
        except NotFound:
            return False
        return True

    def _audit(
        self, caller: Caller, action: str, before: Sender | None, after: Sender, withdrawn: str = ""
    ) -> AuditRecord:
        facts = rules.sender_facts(after)
        return self.auditor.record(
            caller.workspace,
            caller.actor,
            action,
            after.id,
            before=rules.sender_facts(before) if before else None,
            after={**facts, "withdrawn_revisions": withdrawn} if withdrawn else facts,
        )


def _written(before: Revision, changes: RevisionChanges) -> Revision:
    wanted = given(changes)
    address = wanted.get("address", before.address)
    defaults = {"source": default_type(address), "destination": DESTINATION}
    fields = {"source": rules.retyped(before, address), **wanted}
    unset = {name: defaults[name] for name, value in fields.items() if value is None}
    return replace(before, **{**fields, **unset})
