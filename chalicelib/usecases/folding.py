"""Fold: merge a chunk's journal into its ledger, and what follows from it (DESIGN 3, 4.8).

Everything here is absolute and conditional: a fold may run twice, at once or late. The doorbell is
a stream record, the net is the sweep.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain import campaign as rules
from chalicelib.domain import delivery
from chalicelib.domain import ledger as ledgers
from chalicelib.domain.audit import system
from chalicelib.domain.campaign import Move, Status
from chalicelib.domain.errors import NotFound, Stale
from chalicelib.domain.formats import ledger as ledger_format
from chalicelib.domain.plan import next_window

if TYPE_CHECKING:
    from chalicelib.domain.delivery import ChunkRecord, Window
    from chalicelib.usecases.auditing import Auditor
    from chalicelib.usecases.ports import (
        Blobs,
        Campaigns,
        Changes,
        Clock,
        Delivery,
        Executions,
        Ids,
    )


@dataclass(frozen=True, slots=True)
class Folder:
    delivery: Delivery
    campaigns: Campaigns
    blobs: Blobs
    changes: Changes
    executions: Executions
    clock: Clock
    ids: Ids
    auditor: Auditor

    def fold(self, workspace: str, campaign: str, number: int) -> None:
        chunk = self.delivery.chunk(workspace, campaign, number)
        items = self.delivery.journal(workspace, campaign, number)
        if not items:
            return
        merged = ledgers.merge(
            self._ledger(chunk), [outcome for item in items for outcome in item.outcomes]
        )
        key = delivery.ledger_key(workspace, campaign, number, self.ids.new("led"))
        self.blobs.put(key, ledger_format.encode(merged))
        settled = ledgers.settled(merged)
        if not self.delivery.swap_ledger(chunk, key, ledgers.count(merged), settled=settled):
            # Another folder was first; its fold or the next one takes these items.
            self.blobs.delete(key)
            return
        self.delivery.drop(items)
        if chunk.ledger:
            self.blobs.delete(chunk.ledger)
        if settled and not chunk.settled:
            self.settle_window(workspace, campaign)
        if ledgers.final(merged):
            self.conclude(workspace, campaign)

    def settle_window(self, workspace: str, campaign_id: str) -> None:
        """Once every chunk is settled, close the window and let the executions that wait for it go
        on.
        """
        chunks = self.delivery.chunks(workspace, campaign_id)
        window = next_window(self.campaigns.windows(workspace, campaign_id))
        if window is None or not window.tokens or not all(chunk.settled for chunk in chunks):
            return
        try:
            window = self.campaigns.put_window(replace(window, settled=True))
        except Stale:
            # A token was added meanwhile, or another folder was first: look once more.
            self.settle_window(workspace, campaign_id)
            return
        self.wake(window)

    def wake(self, window: Window) -> None:
        """Let the executions that wait for a window go on; harmless when repeated.

        Its offers are the channel owner's: it takes them back when their outcomes are written.
        """
        for token in window.tokens:
            self.executions.resume(token)

    def conclude(self, workspace: str, campaign_id: str) -> None:
        """Done, once all was sent and every receipt came, or the time for them is over (SPEC
        4.4).
        """
        try:
            campaign = self.campaigns.campaign(workspace, campaign_id)
        except NotFound:  # deleted: late receipts still reach its ledger
            return
        until = campaign.receipts_until
        if campaign.status is not Status.SENDING or until is None:
            return
        totals = delivery.totals(self.delivery.chunks(workspace, campaign_id))
        waiting = totals.pending + totals.sent
        if waiting and self.clock.now() < until:
            return
        done = rules.finish(campaign, Move.COMPLETE, self.clock.now())
        audit = self.auditor.of_campaign(system("folder"), "campaign.done", campaign, done)
        # Stale: someone else moved it; who folds or sweeps next decides on what is there then.
        with suppress(Stale):
            self.changes.save(done, audit)

    def is_readable(self, chunk: ChunkRecord) -> bool:
        """Whether the ledger that it points to is there."""
        try:
            self._ledger(chunk)
        except NotFound:
            return False
        return True

    def _ledger(self, chunk: ChunkRecord) -> ledgers.Ledger:
        if not chunk.ledger:
            return ledgers.Ledger(chunk.recipients)
        return ledger_format.decode(self.blobs.get(chunk.ledger))
