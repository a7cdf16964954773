"""The sweep: every minute, the same as the doorbells for whatever is open (DESIGN 3, 4.4).

It restarts executions that were lost, folds what no stream record announced, tries receipts again
and lets go of campaigns that have ended. Of the audit log it seals what no doorbell announced,
keeps the chains' checkpoints, and brings back what waits in the fallback store (SPEC 8.2).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zlib import crc32

from chalicelib.domain import campaign as rules
from chalicelib.domain.audit import Actor, system
from chalicelib.domain.campaign import LIVE, Campaign, PauseReason, Status
from chalicelib.domain.errors import IllegalMove, NotFound, Unavailable
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.ports import every

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.delivery import LiveCampaign
    from chalicelib.usecases.auditing import Auditor
    from chalicelib.usecases.folding import Folder
    from chalicelib.usecases.ports import (
        AuditFallback,
        AuditLog,
        Campaigns,
        Changes,
        Clock,
        Delivery,
        Directory,
        Executions,
    )
    from chalicelib.usecases.receipts import Receipts
    from chalicelib.usecases.sealing import Keeper

# Workspaces whose logs are visited in one minute; where there are more, they take turns.
SHARE: Final = 50
# What no doorbell announced, and was not seen within minutes either, is looked for so far back and,
# since that is a lot to read of a busy workspace, only so often.
FAR_BACK: Final = timedelta(days=2)
FAR_BACK_EVERY: Final = 15
CHECKPOINT_EVERY: Final = 60


@dataclass(frozen=True, slots=True)
class Sweep:
    campaigns: Campaigns
    delivery: Delivery
    changes: Changes
    executions: Executions
    folder: Folder
    receipts: Receipts
    clock: Clock
    auditor: Auditor

    def markers(self) -> list[LiveCampaign]:
        return self.campaigns.live()

    def tend(self, marker: LiveCampaign) -> None:
        try:
            campaign = self.campaigns.campaign(marker.workspace, marker.campaign)
        except NotFound:
            self._let_go(marker)
            return
        for chunk in self.delivery.chunks(campaign.workspace, campaign.id):
            self.folder.fold(campaign.workspace, campaign.id, chunk.number)
        self.folder.settle_window(campaign.workspace, campaign.id)
        self.folder.conclude(campaign.workspace, campaign.id)
        campaign = self._in_time(self.campaigns.campaign(campaign.workspace, campaign.id))
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
        traffic, and than the ledgers: one that was folded since is gone. Whom it told of is in
        doubt then, as far as the mark goes.
        """
        held = []
        for marker in self.campaigns.live():
            for chunk in self.delivery.chunks(marker.workspace, marker.campaign):
                if not self.folder.is_readable(chunk):
                    self.delivery.lose_ledger(chunk)
            try:
                campaign = self.campaigns.campaign(marker.workspace, marker.campaign)
                paused = rules.pause(campaign, PauseReason.UNCLEAN_STOP)
            except (IllegalMove, NotFound):  # paused already, ended, or deleted
                continue
            held.append(self._save(campaign, paused, actor, "campaign.paused"))
        return held

    def _let_go(self, marker: LiveCampaign) -> None:
        """Of a campaign that ended and was deleted before this sweep: nothing waits for it."""
        for window in self.campaigns.windows(marker.workspace, marker.campaign):
            self.folder.wake(window)
        self.campaigns.forget_live(marker)

    def _in_time(self, campaign: Campaign) -> Campaign:
        """Past its deadline nothing more is sent; what was not yet is told as expired."""
        deadline, now = campaign.content.deadline, self.clock.now()
        if deadline is None or now < deadline or campaign.status not in LIVE or campaign.sent_at:
            return campaign
        expired = rules.finish(campaign, rules.Move.EXPIRE, now)
        return self._save(campaign, expired, system("sweep"), "campaign.expired")

    def _keep_running(self, campaign: Campaign) -> None:
        if campaign.run and self.executions.running(campaign.workspace, campaign.id, campaign.run):
            return
        again = rules.next_run(campaign)
        again = self._save(campaign, again, system("sweep"), "campaign.restarted")
        self.executions.start(again.workspace, again.id, again.run)

    def _save(self, before: Campaign, after: Campaign, actor: Actor, action: str) -> Campaign:
        return self.changes.save(after, self.auditor.of_campaign(actor, action, before, after))


@dataclass(frozen=True, slots=True)
class Visit:
    """What one minute does for one workspace's log."""

    workspace: str
    since: datetime | None
    sign: bool


@dataclass(frozen=True, slots=True)
class AuditSweep:
    directory: Directory
    log: AuditLog
    fallback: AuditFallback
    keeper: Keeper
    clock: Clock

    def flush(self) -> dict[str, datetime]:
        """Bring back what waits in the fallback store; of each workspace touched, from when on."""
        touched: dict[str, datetime] = {}

        def take(record: AuditRecord) -> None:
            self.log.append(record)
            touched[record.workspace] = min(touched.get(record.workspace, record.at), record.at)

        # Away again: what is left waits for the next sweep.
        with suppress(Unavailable):
            self.fallback.drain(take)
        return touched

    def visits(self, touched: Mapping[str, datetime]) -> list[Visit]:
        """This minute's share, and whatever `flush` touched. Each workspace has minutes of its own
        for what is not done at every visit, so that the work spreads.
        """
        now = self.clock.now()
        known = {workspace.id for workspace in every(self.directory.workspaces)}
        workspaces = sorted(known | {MASTER})
        groups = -(-len(workspaces) // SHARE)
        minute = int(now.timestamp()) // 60
        found = {workspace: Visit(workspace, at, sign=False) for workspace, at in touched.items()}
        for workspace in workspaces[minute % groups :: groups]:
            turn = minute // groups + crc32(workspace.encode())
            far = now - FAR_BACK if _due(turn, FAR_BACK_EVERY, groups) else None
            starts = [start for start in (far, touched.get(workspace)) if start is not None]
            sign = _due(turn, CHECKPOINT_EVERY, groups)
            found[workspace] = Visit(workspace, min(starts, default=None), sign)
        return list(found.values())

    def tend(self, visit: Visit) -> None:
        self.keeper.seal(visit.workspace, visit.since)
        if visit.sign:
            self.keeper.checkpoint(visit.workspace)


def _due(turn: int, every: int, groups: int) -> bool:
    """Whether it is this visit's turn, where there is one every `groups` minutes."""
    return turn % max(1, every // groups) == 0
