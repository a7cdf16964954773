"""Campaigns as people handle them once they are written: submit, start, pause, resume, cancel,
archive, restore, delete (SPEC 4).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import Campaign, DeletedCampaign, Move, PauseReason
from chalicelib.domain.campaign_facts import facts
from chalicelib.domain.campaign_listing import check_place
from chalicelib.domain.content import Mode, in_utc
from chalicelib.domain.errors import Invalid, Outdated, Problem, Unavailable
from chalicelib.domain.list_keeping import ListUse
from chalicelib.domain.moderation import campaign_item
from chalicelib.domain.rights import Right, Scope, scopes_of
from chalicelib.domain.submission import is_personal, problems_of
from chalicelib.usecases.planning import objection
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.recipients import totals_of
from chalicelib.usecases.saving import save_unasked
from chalicelib.usecases.starting import STARTED
from chalicelib.usecases.surroundings import surroundings

if TYPE_CHECKING:
    from chalicelib.domain.campaign_listing import CampaignLine, CampaignQuery
    from chalicelib.domain.submission import Surroundings
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import (
        Campaigns,
        Changes,
        Clock,
        Delivery,
        Directory,
        Executions,
        Page,
        Surveys,
        Versioned,
    )
    from chalicelib.usecases.queueing import QueueBell
    from chalicelib.usecases.starting import Starter


@dataclass(frozen=True, slots=True)
class CampaignDesk:
    directory: Directory
    campaigns: Campaigns
    delivery: Delivery
    changes: Changes
    starter: Starter
    bell: QueueBell
    surveys: Surveys
    executions: Executions
    clock: Clock
    auditor: Auditor

    # --- looking ----------------------------------------------------------------------------------

    def get(self, caller: Caller, campaign_id: str) -> Campaign:
        caller.must(Right.VIEW)
        campaign = self.campaigns.campaign(caller.workspace, campaign_id)
        if campaign.archived_at is not None:
            caller.must(Right.VIEW_ARCHIVE)
        return campaign

    def page(
        self, caller: Caller, query: CampaignQuery, after: str | None, limit: int
    ) -> Page[CampaignLine]:
        caller.must(Right.VIEW)
        if query.archived:
            caller.must(Right.VIEW_ARCHIVE)
        check_place(after, query.sort)
        asked = replace(_in_utc(query), now=self.clock.now())
        return self.campaigns.campaigns(caller.workspace, asked, after=after, limit=limit)

    def deleted(self, caller: Caller, after: str | None, limit: int) -> Page[DeletedCampaign]:
        caller.must(Right.VIEW_ARCHIVE)
        return self.campaigns.deleted_campaigns(caller.workspace, after=after, limit=limit)

    # --- asking for a decision --------------------------------------------------------------------

    def submit(self, caller: Caller, campaign_id: str, expected: int | None = None) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.WRITE_CAMPAIGN, expected)
        # What cannot be submitted is refused as such, before anything that is wrong with it.
        rules.move(campaign, Move.SUBMIT)
        content, now = campaign.content, self.clock.now()
        around = surroundings(
            self.directory, self.delivery, self.campaigns, campaign.workspace, content, now
        )
        problems = problems_of(content, around) or self._misfit(campaign, around)
        if problems or around.revision is None:
            raise Invalid(*problems)
        digest = rules.content_digest(campaign, around.revision, around.list)
        recipients = around.list.counts.valid if around.list else 0
        submitted = rules.submit(campaign, digest, recipients, now)
        audit = self.auditor.of_campaign(caller.actor, "campaign.submitted", campaign, submitted)
        with self.bell.changing(campaign.workspace):
            self.changes.commit(
                submitted, campaign_item(submitted), *self._use(submitted), audit=audit
            )
        if around.list is not None and is_personal(content):
            # It is submitted; who looks at its review asks for the survey again.
            with suppress(Unavailable):
                self.surveys.request(campaign.workspace, campaign.id)
        return next_version(submitted)

    def _use(self, submitted: Campaign) -> list[ListUse]:
        """That it uses its list, so that this stays; noted once (usecases/list_keeping.py)."""
        workspace, used = submitted.workspace, submitted.content.list
        if used is None or self.campaigns.list_use(workspace, used, submitted.id):
            return []
        return [ListUse(workspace, used, submitted.id)]

    def withdraw(self, caller: Caller, campaign_id: str, expected: int | None = None) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.WRITE_CAMPAIGN, expected)
        return self._save(caller, campaign, rules.withdraw(campaign), "campaign.withdrawn")

    # --- running ----------------------------------------------------------------------------------

    def start(self, caller: Caller, campaign_id: str, expected: int | None = None) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.RUN_CAMPAIGN, expected)
        return self.starter.start(caller, campaign, campaign, STARTED)

    def pause(self, caller: Caller, campaign_id: str, expected: int | None = None) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.RUN_CAMPAIGN, expected)
        paused = rules.pause(campaign, PauseReason.PERSON)
        return self._save(caller, campaign, paused, "campaign.paused")

    def resume(self, caller: Caller, campaign_id: str, expected: int | None = None) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.RUN_CAMPAIGN, expected)
        resumed = rules.move(campaign, Move.RESUME)
        if not self.executions.running(campaign.workspace, campaign.id, campaign.run):
            resumed = rules.next_run(resumed)
        resumed = self._save(caller, campaign, resumed, "campaign.resumed")
        self.executions.start(resumed.workspace, resumed.id, resumed.run)
        return resumed

    def cancel(self, caller: Caller, campaign_id: str, expected: int | None = None) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.RUN_CAMPAIGN, expected)
        cancelled = rules.finish(campaign, Move.CANCEL, self.clock.now())
        return self._save(caller, campaign, cancelled, "campaign.cancelled")

    # --- the archive ------------------------------------------------------------------------------

    def archive(self, caller: Caller, campaign_id: str, expected: int | None = None) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.WRITE_CAMPAIGN, expected)
        archived = rules.archive(campaign, self.clock.now())
        return self._save(caller, campaign, archived, "campaign.archived")

    def restore(
        self,
        caller: Caller,
        campaign_id: str,
        author: str | None = None,
        expected: int | None = None,
    ) -> Campaign:
        campaign = self._for(caller, campaign_id, Right.WRITE_CAMPAIGN, expected)
        # What is not archived is refused as such, before anything that is wrong with the author.
        rules.move(campaign, Move.RESTORE)
        restored = rules.restore(campaign, self._author(campaign, author))
        return self._save(caller, campaign, restored, "campaign.restored")

    def delete(self, caller: Caller, campaign_id: str, expected: int | None = None) -> None:
        campaign = self._for(caller, campaign_id, Right.DELETE_CAMPAIGN, expected)
        rules.move(campaign, Move.DELETE)
        totals = asdict(totals_of(self.delivery, campaign))
        deleted = DeletedCampaign(
            id=campaign.id,
            workspace=campaign.workspace,
            author=campaign.author,
            mode=campaign.content.mode,
            status=campaign.status,
            created_at=campaign.created_at,
            deleted_at=self.clock.now(),
            deleted_by=caller.user,
            recipients=campaign.recipients,
            totals=totals,
            started_at=campaign.started_at,
            finished_at=campaign.finished_at,
        )
        audit = self.auditor.record(
            campaign.workspace,
            caller.actor,
            "campaign.deleted",
            campaign.id,
            author=campaign.author,
            before=facts(campaign),
            after=totals,
        )
        survey = self.campaigns.survey(campaign.workspace, campaign.id)
        gone: list[Versioned] = [campaign, survey] if survey else [campaign]
        self.changes.commit(deleted, remove=gone, audit=audit)

    def _misfit(self, campaign: Campaign, around: Surroundings) -> list[Problem]:
        """Asked last: what is wrong with its parts can have no plan."""
        content = campaign.content
        survey = self.campaigns.survey(campaign.workspace, campaign.id)
        message = objection(content, around, survey)
        name = "date_to" if content.mode is Mode.SPREAD else "deadline"
        return [Problem(name, message)] if message else []

    def _author(self, campaign: Campaign, named: str | None) -> str:
        """A campaign never changes its workspace, but it may outlast its author (SPEC 4.4)."""
        if self.directory.member(campaign.workspace, campaign.author) is not None:
            if named not in {None, campaign.author}:
                raise Invalid(Problem("author", "is still a member here: leave this field out"))
            return campaign.author
        if named is None:
            message = "has left the workspace: name a member who shall be the author from now on"
            raise Invalid(Problem("author", message))
        permissions = self.directory.workspace(campaign.workspace).permissions
        member = self.directory.member(campaign.workspace, named)
        scopes = scopes_of(member.standing, permissions) if member else {}
        if scopes.get(Right.WRITE_CAMPAIGN, Scope.NONE) is Scope.NONE:
            message = "must be a member of the workspace who may write campaigns: name another"
            raise Invalid(Problem("author", message))
        return named

    def _for(
        self, caller: Caller, campaign_id: str, right: Right, expected: int | None
    ) -> Campaign:
        # Who may do it to none learns nothing of one.
        caller.must(right)
        campaign = self.campaigns.campaign(caller.workspace, campaign_id)
        caller.must(right, author=campaign.author)
        if expected not in {None, campaign.version}:
            raise Outdated
        return campaign

    def _save(self, caller: Caller, before: Campaign, after: Campaign, action: str) -> Campaign:
        audit = self.auditor.of_campaign(caller.actor, action, before, after)
        return save_unasked(self.bell, self.changes, before, after, audit)


def _in_utc(query: CampaignQuery) -> CampaignQuery:
    return replace(
        query,
        created_from=in_utc("created_from", query.created_from),
        created_to=in_utc("created_to", query.created_to),
        start_from=in_utc("start_from", query.start_from),
        start_to=in_utc("start_to", query.start_to),
    )
