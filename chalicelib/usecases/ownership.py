"""Owning a channel: the lease, and what its owner may send (DESIGN 4.4 to 4.6; SPEC 4.3, 6.3).

The order of steps keeps a recipient from being sent twice when a new owner takes over a chunk:
1. raise the chunk's epoch; from then on the old owner can no longer move the mark;
2. only then read the mark, the ledger and the journal;
3. whoever stands below the mark without a send outcome is in doubt, noted so and not sent again.
   Whoever stands beyond it and has one is not sent either: the build gives one to the suppressed.
Where that breaks off, the offer's next taking repeats it whole.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.campaign import LIVE, Status
from chalicelib.domain.channel import LEASE, Lease
from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.delivery import JournalItem
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.formats.journal import MAX_OUTCOMES
from chalicelib.domain.ledger import (
    UNTOUCHED,
    Ledger,
    Outcome,
    OutcomeKind,
    RecipientState,
    state_of,
)
from chalicelib.domain.sender import NumberType
from chalicelib.domain.workspace import MASTER
from chalicelib.sms.parts import TextError, compose
from chalicelib.sms.transliterate import transliterate
from chalicelib.usecases import gate, ledgers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.channel import Channel
    from chalicelib.domain.content import Overrides
    from chalicelib.domain.delivery import ChunkRecord, Offer
    from chalicelib.domain.sender import Revision
    from chalicelib.sms.parts import Message
    from chalicelib.usecases.ports import Blobs, Campaigns, Delivery

# Offers handled at one look. More of them would let a pause wait (SPEC 4.10).
AT_ONCE: Final = 4


class CampaignKey(NamedTuple):
    workspace: str
    campaign: str


class ChunkKey(NamedTuple):
    workspace: str
    campaign: str
    chunk: int

    @property
    def owner(self) -> CampaignKey:
        return CampaignKey(self.workspace, self.campaign)


@dataclass(frozen=True, slots=True)
class Term:
    """One term of owning a channel. `sequence` numbers its journal items, over all chunks."""

    channel: str
    epoch: int
    sequence: Iterator[int]

    def item(self, key: ChunkKey, outcomes: Sequence[Outcome]) -> JournalItem:
        """Make it once and repeat it as it is: of two with one number the second is lost."""
        return JournalItem(
            *key,
            writer=f"{self.epoch:08}",
            sequence=next(self.sequence),
            outcomes=tuple(outcomes),
        )


@dataclass(frozen=True, slots=True)
class Job:
    """An offer that was taken. `places` are the recipients who are to be sent, ascending: those
    that the mark has not passed and who have no outcome, as the build gives to the suppressed.
    """

    offer: Offer
    chunk: ChunkRecord
    epoch: int
    places: Sequence[int]
    numbers: Sequence[int]
    message: Message
    sender: Revision

    @property
    def key(self) -> ChunkKey:
        return _key(self.offer)

    @property
    def last(self) -> int:
        return self.offer.last


@dataclass(frozen=True, slots=True)
class Held:
    """What the owner has in hand: its chunks, and the number of unsent recipients by campaign. Of
    workspaces that are `barred` nothing more is taken for now.
    """

    chunks: frozenset[ChunkKey] = frozenset()
    unsent: Mapping[CampaignKey, int] = field(default_factory=dict)
    barred: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An offer that sends nothing, and why; for the log."""

    key: ChunkKey
    reason: str


@dataclass(frozen=True, slots=True)
class Orders:
    """What the records say now. `ended` tells as what those are noted who were not sent."""

    jobs: tuple[Job, ...]
    sending: frozenset[CampaignKey]
    halted: frozenset[CampaignKey]
    ended: Mapping[CampaignKey, OutcomeKind]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Ownership:
    delivery: Delivery
    campaigns: Campaigns
    blobs: Blobs

    def acquire(self, channel: Channel, owner: str, now: datetime) -> Lease | None:
        """Take a lease that is free, lapsed, or ours before a restart; always with a new epoch."""
        held = channel.lease
        if held is not None and held.owner != owner and now < held.expires_at:
            return None
        lease = Lease(owner, held.epoch + 1 if held else 1, now + LEASE)
        return lease if self.delivery.take_lease(channel, lease) else None

    def renew(self, channel: str, lease: Lease, now: datetime) -> Lease | None:
        """The same lease for longer; None when it is somebody else's by now."""
        return self._rewrite(channel, lease, now + LEASE)

    def release(self, channel: str, lease: Lease, now: datetime) -> None:
        """Let it lapse at once. The record stays, for the next epoch is counted from it."""
        self._rewrite(channel, lease, now)

    def take_offers(self, term: Term, held: Held, appetite: int, now_ms: int) -> Orders:
        """Read the records; take offers till `appetite` recipients of each campaign are in hand."""
        offers: dict[CampaignKey, list[Offer]] = {key.owner: [] for key in held.chunks}
        for offer in self.delivery.offers(term.channel):
            offers.setdefault(_key(offer).owner, []).append(offer)
        found = {key: self._campaign(key) for key in offers}
        look = _Look(self, term, now_ms)
        for key, campaign in found.items():
            fresh = [offer for offer in offers[key] if _key(offer) not in held.chunks]
            if campaign is None or campaign.status not in LIVE:
                look.clear_away(campaign, fresh)
            elif campaign.status is Status.SENDING and not held.barred & {MASTER, key.workspace}:
                look.take(campaign, fresh, appetite - held.unsent.get(key, 0))
        return Orders(
            jobs=tuple(look.jobs),
            sending=_those(found, Status.SENDING),
            halted=_those(found, *(LIVE - {Status.SENDING})),
            ended={
                key: OutcomeKind.LAPSED
                if campaign is not None and campaign.status is Status.EXPIRED
                else OutcomeKind.CANCELLED
                for key, campaign in found.items()
                if campaign is None or campaign.status not in LIVE
            },
            refusals=tuple(look.refusals),
        )

    def adopt(self, chunk: ChunkRecord, term: Term) -> ChunkRecord | None:
        """Fence an older owner off, then read the mark; None when a later owner has the chunk."""
        if chunk.epoch < term.epoch and not self.delivery.adopt(chunk, term.epoch):
            return None
        chunk = self.delivery.chunk(chunk.workspace, chunk.campaign, chunk.number)
        return chunk if chunk.epoch == term.epoch else None

    def view(self, chunk: ChunkRecord) -> Ledger:
        """What is known of the chunk's recipients; of one that nobody touched, without a look."""
        if chunk.intent or chunk.ledger:
            return ledgers.read(self.delivery, self.blobs, chunk)
        return Ledger(chunk.recipients)

    def note_doubts(
        self, chunk: ChunkRecord, view: Ledger, term: Term, parts: int, now_ms: int
    ) -> None:
        """Write down of whom nobody knows whether they were sent (SPEC 6.3, at most once)."""
        key = ChunkKey(chunk.workspace, chunk.campaign, chunk.number)
        doubts = [
            Outcome(index, part, parts, OutcomeKind.IN_DOUBT, now_ms, CodeSpace.NONE, 0, "")
            for index, part in _without_outcome(view, chunk.intent, parts)
        ]
        for start in range(0, len(doubts), MAX_OUTCOMES):
            self.delivery.append(term.item(key, doubts[start : start + MAX_OUTCOMES]))

    def _rewrite(self, channel: str, ours: Lease, expires_at: datetime) -> Lease | None:
        stored = self.delivery.channel(channel)
        held = stored.lease
        if held is None or (held.owner, held.epoch) != (ours.owner, ours.epoch):
            return None
        lease = replace(ours, expires_at=expires_at)
        return lease if self.delivery.take_lease(stored, lease) else None

    def _campaign(self, key: CampaignKey) -> Campaign | None:
        try:
            return self.campaigns.campaign(*key)
        except NotFound:
            return None


class _Look:
    """One look at the offers: what was taken and refused so far."""

    def __init__(self, ownership: Ownership, term: Term, now_ms: int) -> None:
        self.jobs: list[Job] = []
        self.refusals: list[Refusal] = []
        self._ownership = ownership
        self._delivery = ownership.delivery
        self._term = term
        self._now_ms = now_ms
        self._left = AT_ONCE

    def take(self, campaign: Campaign, offers: Iterable[Offer], wanted: int) -> None:
        """Take offers by window and chunk, up to the first refused one: a person must look."""
        for offer in sorted(offers, key=lambda one: (one.window, one.chunk)):
            if wanted <= 0 or not self._left:
                return
            try:
                job = self._job(campaign, offer)
            except (Conflict, NotFound, FormatError, TextError) as reason:
                self.refusals.append(Refusal(_key(offer), str(reason)))
                return
            if job is not None:
                self._left -= 1
                self.jobs.append(job)
                wanted -= len(job.places)

    def clear_away(self, campaign: Campaign | None, offers: Iterable[Offer]) -> None:
        """Of an ended campaign nothing is sent; whom a dead owner left in doubt is noted first."""
        for offer in offers:
            if not self._left:
                return
            self._left -= 1
            if campaign is not None:
                with suppress(NotFound):
                    self._settle_doubts(campaign, self._chunk(offer))
            self._delivery.remove_offer(offer)

    def _settle_doubts(self, campaign: Campaign, chunk: ChunkRecord) -> None:
        adopted = self._ownership.adopt(chunk, self._term) if chunk.intent else None
        if adopted is not None:
            view = self._ownership.view(adopted)
            self._note_doubts(adopted, view, compose_for(campaign))

    def _job(self, campaign: Campaign, offer: Offer) -> Job | None:
        """The offer as a job; None while it is not ours to send or not its turn."""
        sender, _ = gate.check(self._ownership.campaigns, campaign)
        if gate.channel_of(campaign, sender) != self._term.channel:
            raise Conflict("It was offered to a channel that its sender does not use.")
        chunk = self._chunk(offer)
        if chunk.list != campaign.content.list or offer.last > chunk.recipients:
            raise Conflict("It offers what is not in the campaign's list.")
        message = compose_for(campaign)
        adopted = self._ownership.adopt(chunk, self._term)
        if adopted is None:
            return None
        view = self._ownership.view(adopted)
        # An earlier window's offer of this chunk goes first: the mark only moves on.
        if _unsent(view, adopted.intent, offer.first):
            return None
        self._note_doubts(adopted, view, message)
        return Job(
            offer=offer,
            chunk=adopted,
            epoch=self._term.epoch,
            places=_unsent(view, max(adopted.intent, offer.first), offer.last),
            numbers=chunk_format.decode(self._ownership.blobs.get(adopted.source)).numbers,
            message=message,
            sender=self._as_sent(campaign, sender),
        )

    def _as_sent(self, campaign: Campaign, revision: Revision) -> Revision:
        overrides = campaign.content.overrides
        named = None
        if overrides.saddr_sender is not None and overrides.saddr_revision is not None:
            named = self._ownership.campaigns.revision(
                campaign.workspace, overrides.saddr_sender, overrides.saddr_revision
            )
        return as_sent(overrides, revision, named)

    def _chunk(self, offer: Offer) -> ChunkRecord:
        return self._delivery.chunk(offer.workspace, offer.campaign, offer.chunk)

    def _note_doubts(self, chunk: ChunkRecord, view: Ledger, message: Message) -> None:
        self._ownership.note_doubts(chunk, view, self._term, len(message.parts), self._now_ms)


def compose_for(campaign: Campaign) -> Message:
    """The campaign's message; the same campaign always has the same reference in its parts."""
    content = campaign.content
    text = transliterate(content.text).text if content.transliterate else content.text
    return compose(text, reference=hashlib.sha256(campaign.id.encode()).digest()[0])


def as_sent(overrides: Overrides, revision: Revision, named: Revision | None) -> Revision:
    """The revision with what the campaign's own SMPP fields put in its fields' places; `named` is
    the one whose address stands in place of its own, and brings its type.
    """
    source = named or revision
    return replace(
        revision,
        address=source.address,
        source=_type(source.source, overrides.ston, overrides.snpi),
        destination=_type(revision.destination, overrides.dton, overrides.dnpi),
    )


def _type(of_revision: NumberType, ton: int | None, npi: int | None) -> NumberType:
    return NumberType(
        of_revision.ton if ton is None else ton, of_revision.npi if npi is None else npi
    )


def _key(offer: Offer) -> ChunkKey:
    return ChunkKey(offer.workspace, offer.campaign, offer.chunk)


def _those(
    found: Mapping[CampaignKey, Campaign | None], *statuses: Status
) -> frozenset[CampaignKey]:
    return frozenset(
        key
        for key, campaign in found.items()
        if campaign is not None and campaign.status in statuses
    )


def _unsent(view: Ledger, first: int, last: int) -> Sequence[int]:
    """Recipients `first` to `last` (exclusive) of whom no outcome of sending is known."""
    done = {
        index
        for index, parts in view.records.items()
        if any(part.submission is not None for part in parts)
    }
    everybody = range(first, max(first, last))
    return [index for index in everybody if index not in done] if done else everybody


def _without_outcome(view: Ledger, mark: int, parts: int) -> Iterator[tuple[int, int]]:
    for index in range(mark):
        known = view.records.get(index, ())
        # One outcome says it of the whole message.
        if state_of(known) is RecipientState.SUPPRESSED:
            continue
        for part in range(parts):
            record = known[part] if part < len(known) else UNTOUCHED
            if record.submission is None:
                yield index, part
