"""Chunks, offers, journal, inbox and the owner's lease (DESIGN 4).

Every condition also holds when the stored item is already what is written: the SDK retries after a
lost answer, and an owner must not take its own write for another's, nor a folder delete the ledger
that it has just put in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pynamodb.expressions.operand import Path

from chalicelib.adapters.dynamo import keys
from chalicelib.adapters.dynamo.keys import Key
from chalicelib.adapters.dynamo.kinds import CHANNEL, CHUNK, INBOX, JOURNAL, OFFER, TRAFFIC
from chalicelib.adapters.dynamo.models import ChannelItem, ChunkItem
from chalicelib.domain.ledger import Counters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynamodb.expressions.condition import Condition

    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.channel import Channel, Lease
    from chalicelib.domain.delivery import ChunkRecord, InboxItem, JournalItem, Offer, Traffic


class DynamoDelivery:
    def __init__(self, store: Store) -> None:
        self._channels = store.of(CHANNEL)
        self._traffic = store.of(TRAFFIC)
        self._chunks = store.of(CHUNK)
        self._offers = store.of(OFFER)
        self._journal = store.of(JOURNAL)
        self._inbox = store.of(INBOX)

    def channel(self, channel: str) -> Channel:
        return self._channels.get(Key(keys.CHANNELS, channel))

    def channels(self) -> list[Channel]:
        return self._channels.all(keys.CHANNELS)

    def take_lease(self, channel: Channel, lease: Lease) -> bool:
        unchanged = (
            _lease_is(channel.lease) if channel.lease else ChannelItem.lease.does_not_exist()
        )
        return self._channels.change(
            channel,
            [ChannelItem.lease.to(lease)],
            ChannelItem.pk.exists() & (unchanged | _lease_is(lease)),
        )

    def traffic(self, channel: str) -> list[Traffic]:
        return self._traffic.all(keys.traffic(channel))

    def add_traffic(self, traffic: Traffic) -> None:
        self._traffic.put(traffic)

    def add_chunks(self, chunks: Iterable[ChunkRecord]) -> None:
        for chunk in chunks:
            self._chunks.add(chunk)

    def chunk(self, workspace: str, campaign: str, number: int) -> ChunkRecord:
        return self._chunks.get(keys.chunk(workspace, campaign, number))

    def chunks(self, workspace: str, campaign: str) -> list[ChunkRecord]:
        return self._chunks.all(keys.chunks(workspace, campaign))

    def adopt(self, chunk: ChunkRecord, epoch: int) -> bool:
        return self._chunks.change(chunk, [ChunkItem.epoch.set(epoch)], ChunkItem.epoch <= epoch)

    def intend(self, chunk: ChunkRecord, epoch: int, mark: int) -> bool:
        return self._chunks.change(
            chunk,
            [ChunkItem.intent.set(mark)],
            (ChunkItem.epoch == epoch) & (ChunkItem.intent <= mark),
        )

    def swap_ledger(
        self, chunk: ChunkRecord, ledger: str, counters: Counters, *, settled: bool
    ) -> bool:
        return self._chunks.change(
            chunk,
            [
                ChunkItem.ledger.set(ledger),
                ChunkItem.counters.to(counters),
                ChunkItem.settled.set(settled),
            ],
            ChunkItem.ledger.is_in(chunk.ledger, ledger),
        )

    def lose_ledger(self, chunk: ChunkRecord) -> bool:
        pending = Counters(total=chunk.recipients, pending=chunk.recipients)
        return self._chunks.change(
            chunk,
            [
                ChunkItem.ledger.set(""),
                ChunkItem.counters.to(pending),
                ChunkItem.settled.set(value=False),
                ChunkItem.as_of.remove(),
            ],
            ChunkItem.ledger.is_in(chunk.ledger, ""),
        )

    def add_offers(self, offers: Iterable[Offer]) -> None:
        for offer in offers:
            self._offers.add(offer)

    def offers(self, channel: str) -> list[Offer]:
        return self._offers.all(keys.offers(channel))

    def remove_offer(self, offer: Offer) -> None:
        self._offers.remove(offer)

    def append(self, item: JournalItem) -> None:
        self._journal.add(item)

    def journal(self, workspace: str, campaign: str, chunk: int) -> list[JournalItem]:
        return self._journal.all(keys.journal(workspace, campaign, chunk))

    def drop(self, items: Iterable[JournalItem]) -> None:
        self._journal.remove_all(items)

    def receive(self, item: InboxItem) -> None:
        self._inbox.put(item)

    def inbox(self, channel: str, *, waiting: bool, limit: int) -> list[InboxItem]:
        return self._inbox.first(keys.inbox(channel, waiting=waiting), limit)

    def discard(self, item: InboxItem) -> None:
        self._inbox.remove(item)


def _lease_is(lease: Lease) -> Condition:
    """Field by field: an older program's lease may lack what a newer one's has."""
    parts = ChannelItem.lease.parts
    same: Condition | None = None
    for name, part in parts.items():
        stored = {part.attr_type: part.serialize(getattr(lease, name))}
        equal = Path(["lease", name]) == stored
        same = equal if same is None else same & equal
    return cast("Condition", same)
