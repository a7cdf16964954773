"""Channels and what goes through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.channel import Channel, Lease
    from chalicelib.domain.delivery import (
        ChunkRecord,
        InboxItem,
        JournalItem,
        Offer,
        Traffic,
    )
    from chalicelib.domain.ledger import Counters


class Delivery(Protocol):
    """Chunks, offers, journal, inbox and the owner's lease (DESIGN 4).

    What answers with a bool may be repeated after its answer was lost: the same call again is True.
    """

    def channel(self, channel: str) -> Channel: ...

    def channels(self) -> list[Channel]: ...

    def take_lease(self, channel: Channel, lease: Lease) -> bool:
        """Write `lease` on condition that nobody changed it since `channel` was read."""
        ...

    def traffic(self, channel: str) -> list[Traffic]: ...

    def add_traffic(self, traffic: Traffic) -> None: ...

    def add_chunks(self, chunks: Iterable[ChunkRecord]) -> None:
        """Add those that are not there; others are left as they are."""
        ...

    def chunk(self, workspace: str, campaign: str, number: int) -> ChunkRecord: ...

    def chunks(self, workspace: str, campaign: str) -> list[ChunkRecord]: ...

    def adopt(self, chunk: ChunkRecord, epoch: int) -> bool:
        """Raise the chunk's epoch to `epoch`; False if it is higher already."""
        ...

    def intend(self, chunk: ChunkRecord, epoch: int, mark: int) -> bool:
        """Move the mark of first attempts on; False if the epoch is another or the mark further."""
        ...

    def swap_ledger(
        self, chunk: ChunkRecord, ledger: str, counters: Counters, *, settled: bool
    ) -> bool:
        """Point to a new ledger object; False if the pointer moved since `chunk` was read."""
        ...

    def lose_ledger(self, chunk: ChunkRecord) -> bool:
        """Its ledger object is gone for good: begin anew from the journal, and with all wishes
        (`as_of`). False if the pointer moved since `chunk` was read.
        """
        ...

    def add_offers(self, offers: Iterable[Offer]) -> None: ...

    def offers(self, channel: str) -> list[Offer]: ...

    def remove_offer(self, offer: Offer) -> None: ...

    def append(self, item: JournalItem) -> None:
        """Put if absent: the same item twice is written once."""
        ...

    def journal(self, workspace: str, campaign: str, chunk: int) -> list[JournalItem]: ...

    def drop(self, items: Iterable[JournalItem]) -> None: ...

    def receive(self, item: InboxItem) -> None:
        """Write it; the same key again is written over."""
        ...

    def inbox(self, channel: str, *, waiting: bool, limit: int) -> list[InboxItem]:
        """Oldest first; fresh ones or those that wait for another try."""
        ...

    def discard(self, item: InboxItem) -> None: ...
