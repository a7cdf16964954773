"""Campaigns as people handle them: write, submit, decide, start, pause, resume, cancel (SPEC 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import Campaign, Decision, Mode, Move, PauseReason
from chalicelib.domain.delivery import LiveCampaign
from chalicelib.domain.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Stale
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.rights import Right
from chalicelib.domain.sender import RevisionStatus
from chalicelib.usecases import gate
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.repeats import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.sender import Revision, Sender
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import (
        Campaigns,
        Changes,
        Clock,
        Directory,
        Executions,
        Ids,
        Page,
    )
    from chalicelib.usecases.repeats import Mark, Repeats

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewCampaign:
    name: str
    text: str
    sender: str
    list: str
    auto_start: bool


@dataclass(frozen=True, slots=True)
class CampaignDesk:
    directory: Directory
    campaigns: Campaigns
    changes: Changes
    repeats: Repeats
    executions: Executions
    clock: Clock
    ids: Ids
    auditor: Auditor

    def create(self, caller: Caller, new: NewCampaign, key: str | None = None) -> Campaign:
        caller.must(Right.WRITE_CAMPAIGN)
        rules.check_new(new.name, new.text)
        return self.repeats.once(
            Request(caller, key, new),
            read=lambda campaign: self.campaigns.campaign(caller.workspace, campaign),
            make=lambda mark: self._create(caller, new, mark),
        )

    def _create(self, caller: Caller, new: NewCampaign, mark: Mark) -> Campaign:
        revision = self._approved_revision(caller.workspace, new.sender)
        _named("list", lambda: self.campaigns.recipient_list(caller.workspace, new.list))
        campaign = Campaign(
            id=self.ids.new("cmp"),
            workspace=caller.workspace,
            author=caller.user,
            name=new.name.strip(),
            mode=Mode.ON_DEMAND,
            text=new.text,
            sender=revision.sender,
            revision=revision.number,
            list=new.list,
            auto_start=new.auto_start,
            created_at=self.clock.now(),
        )
        audit = self._audit(caller, None, campaign, "campaign.created")
        self.changes.commit(campaign, *mark(campaign.id), audit=audit)
        return next_version(campaign)

    def get(self, caller: Caller, campaign: str) -> Campaign:
        caller.must(Right.VIEW)
        return self.campaigns.campaign(caller.workspace, campaign)

    def page(self, caller: Caller, after: str | None, limit: int) -> Page[Campaign]:
        caller.must(Right.VIEW)
        return self.campaigns.campaigns(caller.workspace, after=after, limit=limit)

    def senders(self, caller: Caller) -> list[Sender]:
        caller.must(Right.VIEW)
        return self.campaigns.senders(caller.workspace)

    def submit(self, caller: Caller, campaign_id: str) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.WRITE_CAMPAIGN)
        revision, recipients = gate.content(self.campaigns, campaign)
        if revision.status is not RevisionStatus.APPROVED:
            raise Conflict(f"Its sender's revision is {revision.status.value}, not approved.")
        if recipients.status is not ListStatus.READY or not recipients.counts.valid:
            raise Conflict(
                f"Its list is {recipients.status.value} with {recipients.counts.valid} valid "
                "numbers: submit when the list is ready and holds at least one."
            )
        digest = rules.content_digest(campaign, revision, recipients)
        submitted = rules.submit(campaign, digest, recipients.counts.valid)
        return self._save(caller, campaign, submitted, "campaign.submitted")

    def decide(self, caller: Caller, campaign_id: str, *, approve: bool, note: str) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.DECIDE)
        workspace = self.directory.workspace(caller.workspace)
        if campaign.author == caller.user and not workspace.self_approval:
            raise Forbidden("This workspace does not let authors decide their own campaigns.")
        decided = rules.decide(
            campaign,
            approve=approve,
            decision=Decision(by=caller.user, at=self.clock.now(), note=note),
        )
        action = "campaign.approved" if approve else "campaign.rejected"
        try:
            if approve:
                gate.check(self.campaigns, decided)
            if approve and campaign.auto_start:
                return self._start(caller, campaign, decided, action)
            return self._save(caller, campaign, decided, action)
        except Stale:
            # Whoever was first is in the records now; say so, if that is what happened.
            rules.check_undecided(self.campaigns.campaign(caller.workspace, campaign_id))
            raise

    def start(self, caller: Caller, campaign_id: str) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.RUN_CAMPAIGN)
        return self._start(caller, campaign, campaign, "campaign.started")

    def pause(self, caller: Caller, campaign_id: str) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.RUN_CAMPAIGN)
        paused = rules.pause(campaign, PauseReason.PERSON)
        return self._save(caller, campaign, paused, "campaign.paused")

    def resume(self, caller: Caller, campaign_id: str) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.RUN_CAMPAIGN)
        resumed = rules.move(campaign, Move.RESUME)
        if not self.executions.running(campaign.workspace, campaign.id, campaign.run):
            resumed = rules.next_run(resumed)
        resumed = self._save(caller, campaign, resumed, "campaign.resumed")
        self.executions.start(resumed.workspace, resumed.id, resumed.run)
        return resumed

    def cancel(self, caller: Caller, campaign_id: str) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.RUN_CAMPAIGN)
        cancelled = rules.finish(campaign, Move.CANCEL, self.clock.now())
        return self._save(caller, campaign, cancelled, "campaign.cancelled")

    def _start(self, caller: Caller, before: Campaign, decided: Campaign, action: str) -> Campaign:
        """Write the start, then ring the state machine; the sweep rings again if this call dies
        between.
        """
        started = rules.start(decided, self.clock.now())
        audit = self._audit(caller, before, started, action)
        self.changes.commit(started, LiveCampaign(started.workspace, started.id), audit=audit)
        self.executions.start(started.workspace, started.id, started.run)
        return next_version(started)

    def _for(self, caller: Caller, campaign_id: str, right: Right) -> Campaign:
        campaign = self.campaigns.campaign(caller.workspace, campaign_id)
        caller.must(right, author=campaign.author)
        return campaign

    def _approved_revision(self, workspace: str, sender_id: str) -> Revision:
        sender = _named("sender", lambda: self.campaigns.sender(workspace, sender_id))
        if sender.current_revision is None:
            raise Invalid(Problem("sender", "has no approved revision yet: get one approved first"))
        return self.campaigns.revision(workspace, sender.id, sender.current_revision)

    def _save(self, caller: Caller, before: Campaign, after: Campaign, action: str) -> Campaign:
        return self.changes.save(after, self._audit(caller, before, after, action))

    def _audit(
        self, caller: Caller, before: Campaign | None, after: Campaign, action: str
    ) -> AuditRecord:
        return self.auditor.of_campaign(caller.actor, action, before, after)


def _named(field: str, read: Callable[[], T]) -> T:
    """A reference in a request body that leads nowhere is the caller's field, not a missing
    page.
    """
    try:
        return read()
    except NotFound as error:
        raise Invalid(Problem(field, str(error))) from error
