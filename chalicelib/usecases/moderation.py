"""Moderation: one queue of campaigns and revisions, and the decisions on them (SPEC 4.3).

Rule 1: an approval is of what the moderator was shown, and of what the records hold at that moment.
Rule 2: nobody decides on what they authored, unless their workspace lets them (SPEC 2.2).
Rule 3: of several who decide at once one wins; the others are told what was decided.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain import campaign as rules
from chalicelib.domain import sender as sender_rules
from chalicelib.domain.campaign import Approval
from chalicelib.domain.content import Mode, digest_of, in_utc
from chalicelib.domain.decision import Decision
from chalicelib.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Outdated,
    Problem,
    Unavailable,
)
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.moderation import (
    campaign_item,
    check_shown,
    revision_digest,
    revision_item,
    standing,
)
from chalicelib.domain.rights import Right
from chalicelib.domain.sender import current_after, usable
from chalicelib.domain.submission import problems_of
from chalicelib.usecases import gate
from chalicelib.usecases.planning import objection
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.rejections import revision_target
from chalicelib.usecases.standing import anew
from chalicelib.usecases.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.content import Content
    from chalicelib.domain.moderation import ItemKind, QueueItem, QueueMark
    from chalicelib.domain.sender import Revision, Sender
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import (
        Campaigns,
        Changes,
        Clock,
        Delivery,
        Directory,
        Errands,
        Queue,
        Versioned,
    )
    from chalicelib.usecases.queueing import QueueBell
    from chalicelib.usecases.review import Reviews
    from chalicelib.usecases.starting import Starter

# What a release sets, and what limits it.
TIMES: Final = frozenset({"start_at", "date_from", "date_to", "deadline"})
# A start "now" is checked like one at the next moment: this one counts as over.
MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    item: QueueItem
    # Not so with what one had a hand in, where the workspace does not let authors decide.
    may_decide: bool


@dataclass(frozen=True, slots=True)
class QueuePage:
    items: list[Waiting]
    next: str | None
    # To be sent back as `known`; None while the queue changes.
    tag: str | None


@dataclass(frozen=True, slots=True)
class Moderation:
    directory: Directory
    campaigns: Campaigns
    delivery: Delivery
    queued: Queue
    changes: Changes
    bell: QueueBell
    starter: Starter
    reviews: Reviews
    errands: Errands
    clock: Clock
    auditor: Auditor

    def queue(
        self,
        caller: Caller,
        kind: ItemKind | None,
        after: str | None,
        limit: int,
        known: str | None = None,
    ) -> QueuePage | None:
        """None: it is as when this caller asked the same and got `known`. That takes one reading,
        of the mark.
        """
        caller.must(Right.DECIDE)
        asked = (caller.user, caller.self_approval, kind, after, limit)
        mark = self.queued.mark(caller.workspace)
        tag = _tag(mark, self.clock.now(), asked)
        if tag is not None and tag == known:
            return None
        if self._forget_dead(mark):
            mark = self.queued.mark(caller.workspace)
            tag = _tag(mark, self.clock.now(), asked)
        page = self.queued.waiting(caller.workspace, kind, after=after, limit=limit)
        items = [
            Waiting(item, caller.self_approval or caller.user not in item.writers)
            for item in page.items
        ]
        return QueuePage(items, page.next, tag)

    def decide_campaign(
        self,
        caller: Caller,
        campaign_id: str,
        *,
        approve: bool,
        note: str,
        shown: str | None,
        expected: int | None = None,
    ) -> Campaign:
        """`shown` is the digest of what the moderator was shown; who rejects may leave it out."""
        errand = Errand(ErrandKind.CAMPAIGN_REJECTED, caller.workspace, target=campaign_id)

        def decide() -> Campaign:
            before = self.campaigns.campaign(caller.workspace, campaign_id)
            self._check_person(caller, Right.DECIDE, before.writers)
            decision = Decision(caller.user, self.clock.now(), note.strip())
            if not approve:
                self._tell_again(errand, before.decision, decision)
            rules.check_undecided(before)
            _check_version(before, expected)
            decided = rules.decide(before, approve=approve, decision=decision)
            check_shown(before.digest, shown, approve=approve)
            if approve:
                self._check_sendable(decided)
            return self._write_decision(caller, before, decided)

        decided = anew(decide)
        if not approve:
            self.errands.post(errand)
        return decided

    def decide_revision(
        self,
        caller: Caller,
        sender_id: str,
        number: int,
        *,
        approve: bool,
        note: str,
        shown: str | None,
        expected: int | None = None,
    ) -> Revision:
        target = revision_target(sender_id, number)
        errand = Errand(ErrandKind.REVISION_REJECTED, caller.workspace, target=target)

        def decide() -> Revision:
            # Read before its revisions, its version vouches for them (domain/sender.py, rule 4).
            sender = self.campaigns.sender(caller.workspace, sender_id)
            before = self.campaigns.revision(caller.workspace, sender_id, number)
            self._check_person(caller, Right.DECIDE, {before.author})
            decision = Decision(caller.user, self.clock.now(), note.strip())
            if not approve:
                self._tell_again(errand, before.decision, decision)
            sender_rules.check_undecided(before)
            _check_version(before, expected)
            decided = sender_rules.decide(before, approve=approve, decision=decision)
            check_shown(revision_digest(before), shown, approve=approve)
            written = (decided, self._sender_with(sender, decided)) if approve else (decided,)
            action = "revision.approved" if approve else "revision.rejected"
            audit = self.auditor.of_revision(caller.actor, action, before, decided)
            with self.bell.changing(caller.workspace):
                self.changes.commit(*written, remove=[standing(revision_item(before))], audit=audit)
            return next_version(decided)

        decided = anew(decide)
        if not approve:
            self.errands.post(errand)
        return decided

    def release(
        self,
        caller: Caller,
        campaign_id: str,
        start_at: datetime | None = None,
        *,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
        expected: int | None = None,
    ) -> Campaign:
        """A missed start gets another time, as a new approval (SPEC 4.5). None: now; of a Spread's
        `date_to`, as it is.
        """

        def decide() -> Campaign:
            before = self.campaigns.campaign(caller.workspace, campaign_id)
            self._check_person(caller, Right.RELEASE, before.writers)
            now = self.clock.now()
            rules.check_missed(before, now)
            _check_version(before, expected)
            # A forged record is not to be approved along with the time.
            revision, recipients = gate.check(self.campaigns, before)
            content = _rescheduled(before.content, start_at, date_from, date_to, now)
            self._check_content(before, content, now)
            digest = rules.content_digest(replace(before, content=content), revision, recipients)
            released = rules.release(before, content, digest, Decision(caller.user, now))
            self.reviews.must_be_complete(released)
            return self._write_release(caller, before, released)

        return anew(decide)

    def _write_decision(self, caller: Caller, before: Campaign, decided: Campaign) -> Campaign:
        approved = decided.approval is Approval.APPROVED
        action = "campaign.approved" if approved else "campaign.rejected"
        gone = [standing(campaign_item(before))]
        with self.bell.changing(caller.workspace):
            if approved and before.content.auto_start:
                return self.starter.start(caller, before, decided, action, remove=gone)
            audit = self.auditor.of_campaign(caller.actor, action, before, decided)
            self.changes.commit(decided, remove=gone, audit=audit)
        return next_version(decided)

    def _write_release(self, caller: Caller, before: Campaign, released: Campaign) -> Campaign:
        """Whoever had tried to start it has done so; others still have to."""
        if before.content.auto_start or before.missed_at is not None:
            return self.starter.start(caller, before, released, "campaign.released")
        audit = self.auditor.of_campaign(caller.actor, "campaign.released", before, released)
        return self.changes.save(released, audit)

    def _check_person(self, caller: Caller, right: Right, writers: Collection[str]) -> None:
        caller.must(right)
        # A key is its holder's: what it makes has them as author (SPEC 2.5).
        wrote = caller.user in writers
        if wrote and not self.directory.workspace(caller.workspace).self_approval:
            raise Forbidden("This workspace does not let people decide on what they wrote.")

    def _tell_again(self, errand: Errand, before: Decision | None, now: Decision) -> None:
        """Of a request that is sent again: the errand may be what the first one failed at."""
        if before is not None and (before.by, before.note) == (now.by, now.note):
            self.errands.post(errand)

    def _check_sendable(self, approved: Campaign) -> None:
        """Whatever may have changed since it was submitted."""
        workspace, content = approved.workspace, approved.content
        revision, _ = gate.check(self.campaigns, approved)
        self._check_usable(revision, "sender")
        overrides = content.overrides
        if overrides.saddr_sender is not None and overrides.saddr_revision is not None:
            saddr = self.campaigns.revision(
                workspace, overrides.saddr_sender, overrides.saddr_revision
            )
            self._check_usable(saddr, "address override")
        _check_deadline(content, self.clock.now())
        self.reviews.must_be_complete(approved)

    def _check_usable(self, revision: Revision, what: str) -> None:
        if not usable(self.campaigns.sender(revision.workspace, revision.sender), revision):
            raise Conflict(
                f"Its {what} is archived, or not approved: its author has to choose another, and "
                "submit it again."
            )

    def _check_content(self, campaign: Campaign, content: Content, now: datetime) -> None:
        """As at submission. What is wrong with the new times is the caller's to mend."""
        _check_deadline(content, now)
        if content.mode is Mode.ON_TIME and content.start_at is None:
            content = replace(content, start_at=now + MOMENT)
        around = surroundings(
            self.directory, self.delivery, self.campaigns, campaign.workspace, content, now
        )
        problems = problems_of(content, around)
        others = [problem for problem in problems if problem.field not in TIMES]
        if others:
            told = "; ".join(f"{problem.field} {problem.message}" for problem in others)
            raise Conflict(f"It cannot be sent as it stands: {told}.")
        if problems:
            raise Invalid(*problems)
        survey = self.campaigns.survey(campaign.workspace, campaign.id)
        misfit = objection(content, around, survey)
        if misfit is not None:
            raise Invalid(Problem("date_to" if content.date_to else "deadline", misfit))

    def _sender_with(self, sender: Sender, approved: Revision) -> Sender:
        sender_rules.check_open(sender)
        # Of those approved before, the current one is the latest: no other has to be read.
        current = sender.current_revision
        revisions = [approved]
        if current is not None:
            revisions.append(self.campaigns.revision(sender.workspace, sender.id, current))
        return replace(sender, current_revision=current_after(sender, revisions))

    def _forget_dead(self, mark: QueueMark) -> bool:
        """Remove the changes that never said that they were over; whether there were any."""
        dead = mark.over(self.clock.now())
        for token in dead:
            with suppress(Unavailable):
                self.queued.end(mark.workspace, token)
        return bool(dead)


def _check_version(record: Versioned, expected: int | None) -> None:
    if expected not in {None, record.version}:
        raise Outdated


def _check_deadline(content: Content, now: datetime) -> None:
    if content.deadline is not None and content.deadline <= now:
        raise Conflict("Its deadline is over: its author has to set another, and submit it again.")


def _tag(mark: QueueMark, now: datetime, asked: tuple[object, ...]) -> str | None:
    """Of one answer: who asks, and for what, are part of it."""
    tag = mark.tag(now)
    return digest_of(tag, *asked)[:32] if tag is not None else None


def _rescheduled(
    content: Content,
    start_at: datetime | None,
    date_from: datetime | None,
    date_to: datetime | None,
    now: datetime,
) -> Content:
    """A time that does not belong to the mode stays in it, to be refused."""
    changed = replace(
        content,
        start_at=in_utc("start_at", start_at),
        date_from=in_utc("date_from", date_from),
        date_to=in_utc("date_to", date_to),
    )
    if content.mode is not Mode.SPREAD:
        return changed
    return replace(
        changed,
        date_from=changed.date_from or now,
        date_to=changed.date_to or content.date_to,
    )
