"""Starting an approved campaign, by a person or by its own approval (SPEC 4.4, 4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import Move
from chalicelib.domain.content import Mode
from chalicelib.domain.delivery import LiveCampaign
from chalicelib.domain.errors import Conflict
from chalicelib.usecases import gate
from chalicelib.usecases.planning import objection
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chalicelib.domain.campaign import Campaign
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import (
        Campaigns,
        Changes,
        Clock,
        Delivery,
        Directory,
        Executions,
        Versioned,
    )

# What is audited where starting was all that was asked for, and where it came too late.
STARTED: Final = "campaign.started"
MISSED: Final = "campaign.missed"


@dataclass(frozen=True, slots=True)
class Starter:
    directory: Directory
    campaigns: Campaigns
    delivery: Delivery
    changes: Changes
    executions: Executions
    clock: Clock
    auditor: Auditor

    def start(
        self,
        caller: Caller,
        before: Campaign,
        approved: Campaign,
        action: str,
        remove: Sequence[Versioned] = (),
    ) -> Campaign:
        """Write the start, then ring the state machine; the sweep rings again if this call dies
        between. What comes too late is marked instead, and waits for a moderator.
        """
        now = self.clock.now()
        rules.move(approved, Move.START)
        if approved.missed_at is not None:
            raise Conflict("It missed its start: somebody who moderates has to release it.")
        gate.check(self.campaigns, approved)
        _check_deadline(approved, now)
        if rules.is_late(approved, now) or self._rest_does_not_fit(approved, now):
            missed = rules.miss(approved, now)
            told = MISSED if action == STARTED else action
            audit = self.auditor.of_campaign(caller.actor, told, before, missed)
            self.changes.commit(missed, remove=remove, audit=audit)
            return next_version(missed)
        started = rules.start(approved, now)
        audit = self.auditor.of_campaign(caller.actor, action, before, started)
        marker = LiveCampaign(started.workspace, started.id)
        self.changes.commit(started, marker, remove=remove, audit=audit)
        self.executions.start(started.workspace, started.id, started.run)
        return next_version(started)

    def _rest_does_not_fit(self, campaign: Campaign, now: datetime) -> bool:
        """A Spread goes on within its window as long as everybody fits into the rest of that."""
        content = campaign.content
        if content.mode is not Mode.SPREAD or content.date_from is None or now <= content.date_from:
            return False
        around = surroundings(
            self.directory, self.delivery, self.campaigns, campaign.workspace, content, now
        )
        survey = self.campaigns.survey(campaign.workspace, campaign.id)
        return objection(content, around, survey) is not None


def _check_deadline(campaign: Campaign, now: datetime) -> None:
    deadline = campaign.content.deadline
    if deadline is not None and deadline <= now:
        raise Conflict(
            f"Its deadline, {deadline.isoformat()}, is over: set another, then submit it again."
        )
