"""The sweep: every minute, the same as the doorbells for whatever is open (DESIGN 3, 4.4).

It restarts executions that were lost, folds what no stream record announced, tries receipts again
and lets go of campaigns that have ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain import campaign as rules
from chalicelib.domain.audit import Actor, system
from chalicelib.domain.campaign import LIVE, Campaign, PauseReason, Status
from chalicelib.domain.errors import IllegalMove
from chalicelib.usecases.auditing import Auditor

if TYPE_CHECKING:
    from chalicelib.domain.delivery import LiveCampaign
    from chalicelib.usecases.folding import Folder
    from chalicelib.usecases.ports import Campaigns, Changes, Clock, Delivery, Executions, Ids
    from chalicelib.usecases.receipts import Receipts


@dataclass(frozen=True, slots=True)
class Sweep:
    campaigns: Campaigns
    delivery: Delivery
    changes: Changes
    executions: Executions
    folder: Folder
    receipts: Receipts
    clock: Clock
    ids: Ids

    def markers(self) -> list[LiveCampaign]:
        return self.campaigns.live()

    def tend(self, marker: LiveCampaign) -> None:
        campaign = self.campaigns.campaign(marker.workspace, marker.campaign)
        for chunk in self.delivery.chunks(campaign.workspace, campaign.id):
            self.folder.fold(campaign.workspace, campaign.id, chunk.number)
        self.folder.settle_window(campaign.workspace, campaign.id)
        self.folder.conclude(campaign.workspace, campaign.id)
        campaign = self.campaigns.campaign(campaign.workspace, campaign.id)
        for window in self.campaigns.windows(campaign.workspace, campaign.id):
            if window.settled or campaign.status not in LIVE:
                self.folder.wake(window)
        if campaign.status not in LIVE:
            self.campaigns.forget_live(marker)
        elif campaign.status is not Status.PAUSED and campaign.sent_at is None:
            self._keep_running(campaign)

    def retry_receipts(self) -> None:
        for channel in self.delivery.channels():
            self.receipts.resolve(channel.id)
            self.receipts.retry(channel.id)

    def hold_all(self, actor: Actor) -> list[Campaign]:
        """Pause every live campaign until a person releases it: the records may be older than the
        traffic.
        """
        held = []
        for marker in self.campaigns.live():
            campaign = self.campaigns.campaign(marker.workspace, marker.campaign)
            try:
                paused = rules.pause(campaign, PauseReason.UNCLEAN_STOP)
            except IllegalMove:  # paused already, or ended
                continue
            held.append(self._save(campaign, paused, actor, "campaign.paused"))
        return held

    def _keep_running(self, campaign: Campaign) -> None:
        if campaign.run and self.executions.running(campaign.workspace, campaign.id, campaign.run):
            return
        again = rules.next_run(campaign)
        again = self._save(campaign, again, system("sweep"), "campaign.restarted")
        self.executions.start(again.workspace, again.id, again.run)

    def _save(self, before: Campaign, after: Campaign, actor: Actor, action: str) -> Campaign:
        auditor = Auditor(self.clock, self.ids)
        return self.changes.save(after, auditor.of_campaign(actor, action, before, after))
