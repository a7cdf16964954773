"""The steps of a campaign's execution: build, next window, open it, finish (DESIGN 4.4).

Each step reads the records, does what is missing and answers; it may run twice, late, or in two
executions at once. Nothing is kept in the execution itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from chalicelib.domain import campaign as rules
from chalicelib.domain import plan
from chalicelib.domain.audit import system
from chalicelib.domain.campaign import Campaign, Move, Status
from chalicelib.domain.delivery import Traffic, ledger_key
from chalicelib.domain.errors import Conflict, Exists, NotFound
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import ledger as ledger_format
from chalicelib.domain.formats import manifest as manifests
from chalicelib.domain.ledger import count, settled, suppressed
from chalicelib.domain.recipient_list import list_prefix
from chalicelib.usecases import gate

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.delivery import ChunkRecord, Window
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.auditing import Auditor
    from chalicelib.usecases.folding import Folder
    from chalicelib.usecases.ports import (
        Blobs,
        Campaigns,
        Changes,
        Clock,
        Delivery,
        Executions,
        Ids,
    )
    from chalicelib.usecases.wishes import Unwanted, Wishes

# A channel's traffic is looked through for receipts for the validity period and this (DESIGN 4.9).
TRAFFIC_GRACE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Step:
    """What the execution does next: go on, wait until `at`, open `window`, finish, or stop."""

    kind: Literal["built", "wait", "open", "finish", "stop"]
    window: int | None = None
    at: datetime | None = None

    def document(self) -> dict[str, str | int]:
        """As the state machine reads it; only what is known, for JSONPath trips over null."""
        answer: dict[str, str | int] = {"kind": self.kind}
        if self.window is not None:
            answer["window"] = self.window
        if self.at is not None:
            answer["at"] = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return answer


STOP = Step("stop")


@dataclass(frozen=True, slots=True)
class Driver:
    campaigns: Campaigns
    delivery: Delivery
    blobs: Blobs
    changes: Changes
    executions: Executions
    folder: Folder
    wishes: Wishes
    clock: Clock
    ids: Ids
    auditor: Auditor

    def build(self, workspace: str, campaign_id: str) -> Step:
        campaign = self._find(workspace, campaign_id)
        if campaign is None:
            return STOP
        if campaign.status in {Status.PENDING, Status.SENDING}:
            return Step("built")
        if campaign.status is not Status.BUILDING:
            return STOP
        try:
            _, recipients = gate.check(self.campaigns, campaign)
            chunks = self._lay_out(campaign, recipients)
        except Conflict as refusal:
            failed = rules.finish(campaign, Move.FAIL, self.clock.now(), str(refusal))
            self._save(campaign, failed, "build_campaign")
            return STOP
        built = replace(rules.move(campaign, Move.BUILT), chunks=chunks)
        self._save(campaign, built, "build_campaign")
        return Step("built")

    def next(self, workspace: str, campaign_id: str) -> Step:
        campaign = self._find(workspace, campaign_id)
        if campaign is None or campaign.status not in {Status.PENDING, Status.SENDING}:
            return STOP
        window = plan.next_window(self.campaigns.windows(workspace, campaign_id))
        if window is None:
            return Step("finish")
        if window.opens_at > self.clock.now():
            return Step("wait", at=window.opens_at)
        return Step("open", window=window.number)

    def open(self, workspace: str, campaign_id: str, number: int, token: str) -> None:
        """Offer the window's chunks to the channel's owner; `token` is told when they are
        settled.
        """
        campaign = self.campaigns.campaign(workspace, campaign_id)
        window = self._window(workspace, campaign_id, number)
        if window.settled:
            self.executions.resume(token)
            return
        window = self.campaigns.put_window(replace(window, tokens=(*window.tokens, token)))
        revision, recipients = gate.check(self.campaigns, campaign)
        channel = gate.channel_of(campaign, revision)
        if recipients is not None:
            self._note_traffic(campaign, channel, recipients.id)
        if campaign.status is Status.PENDING:
            self._save(campaign, rules.move(campaign, Move.OPEN), "open_window")
        unsettled = [
            chunk for chunk in self.delivery.chunks(workspace, campaign_id) if not chunk.settled
        ]
        self.delivery.add_offers(plan.offers(window, channel, unsettled))
        # A restarted execution may wait for a window whose chunks were settled meanwhile.
        self.folder.settle_window(workspace, campaign_id)

    def finish(self, workspace: str, campaign_id: str) -> None:
        """Everything has a send outcome; from here on receipts are awaited."""
        campaign = self.campaigns.campaign(workspace, campaign_id)
        if campaign.status is not Status.SENDING or campaign.sent_at is not None:
            return
        self._save(campaign, replace(campaign, sent_at=self.clock.now()), "finish_campaign")
        self.folder.conclude(workspace, campaign_id)

    def _find(self, workspace: str, campaign_id: str) -> Campaign | None:
        """None: it was cancelled, archived and deleted while its execution waited."""
        try:
            return self.campaigns.campaign(workspace, campaign_id)
        except NotFound:
            return None

    def _lay_out(self, campaign: Campaign, recipients: RecipientList | None) -> int:
        missing = plan.unsendable(campaign.content)
        if missing or recipients is None:
            raise Conflict(f"This installation cannot send {', '.join(missing)} yet.")
        key = f"{list_prefix(campaign.workspace, recipients.id)}/manifest"
        records = plan.chunk_records(campaign, manifests.decode(self.blobs.get(key)))
        self._add_chunks(campaign, records)
        for window in plan.windows(campaign, self.clock.now()):
            try:
                self.campaigns.put_window(window)
            except Exists:  # laid out by an earlier try
                continue
        return len(records)

    def _add_chunks(self, campaign: Campaign, records: list[ChunkRecord]) -> None:
        """Those that an earlier try did not add. What that knew of their recipients' wishes goes
        with each of them, so what was said since is not lost.
        """
        laid_out = self.delivery.chunks(campaign.workspace, campaign.id)
        there = {chunk.number for chunk in laid_out}
        missing = [record for record in records if record.number not in there]
        if missing:
            unwanted = self.wishes.unwanted(campaign.workspace)
            self.delivery.add_chunks(self._screened(record, unwanted) for record in missing)

    def _screened(self, record: ChunkRecord, unwanted: Unwanted) -> ChunkRecord:
        """With a ledger of those who want no messages, if there are any (SPEC 5.4)."""
        record = replace(record, as_of=unwanted.as_of)
        if not unwanted:
            return record
        places = unwanted.places(chunk_format.decode(self.blobs.get(record.source)).numbers)
        if not places:
            return record
        ledger = suppressed(record.recipients, places, unwanted.as_of)
        key = ledger_key(record.workspace, record.campaign, record.number, self.ids.new("led"))
        self.blobs.put(key, ledger_format.encode(ledger))
        return replace(record, ledger=key, counters=count(ledger), settled=settled(ledger))

    def _window(self, workspace: str, campaign_id: str, number: int) -> Window:
        for window in self.campaigns.windows(workspace, campaign_id):
            if window.number == number:
                return window
        raise NotFound("window")

    def _note_traffic(self, campaign: Campaign, channel: str, recipients: str) -> None:
        now = self.clock.now()
        self.delivery.add_traffic(
            Traffic(
                channel=channel,
                workspace=campaign.workspace,
                campaign=campaign.id,
                list=recipients,
                since=now,
                expires_at=now + rules.VALIDITY + TRAFFIC_GRACE,
            )
        )

    def _save(self, before: Campaign, after: Campaign, function: str) -> Campaign:
        action = f"campaign.{after.status.value}"
        return self.changes.save(
            after, self.auditor.of_campaign(system(function), action, before, after)
        )
