"""Receipts from the inbox to the journals of the chunks that they belong to (DESIGN 4.9).

Outcomes first, then the remainder, then the item goes: killed in between, the item is read again
and says the same, and a ledger takes the same outcome any number of times.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from chalicelib.domain import receipts as rules
from chalicelib.domain.delivery import UNMATCHED_FOR, JournalItem
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifests
from chalicelib.domain.recipient_list import list_prefix
from chalicelib.domain.tokens import Mixer
from chalicelib.usecases.ledgers import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chalicelib.domain.delivery import ChunkRecord, InboxItem, Traffic
    from chalicelib.domain.formats.chunk import Chunk
    from chalicelib.domain.formats.inbox import RawReceipt
    from chalicelib.domain.formats.manifest import Manifest
    from chalicelib.domain.ledger import Ledger, Outcome
    from chalicelib.usecases.ports import Blobs, Clock, DataKeys, Delivery, Directory

ITEMS_PER_TURN = 20


@dataclass(frozen=True, slots=True)
class Resolved:
    """Counts of one turn, for metrics."""

    matched: int = 0
    waiting: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class Receipts:
    directory: Directory
    delivery: Delivery
    blobs: Blobs
    data_keys: DataKeys
    clock: Clock

    def resolve(self, channel: str) -> Resolved:
        """Fresh receipts; those that match nothing yet are put aside to wait."""
        items = self.delivery.inbox(channel, waiting=False, limit=ITEMS_PER_TURN)
        matched, waiting = 0, 0
        for item, rest in self._match(channel, items):
            matched += len(item.receipts) - len(rest)
            waiting += len(rest)
            if rest:
                self.delivery.receive(replace(item, receipts=rest, waiting=True))
            self.delivery.discard(item)
        return Resolved(matched, waiting)

    def retry(self, channel: str) -> Resolved:
        """Those that wait, until their time is over (DESIGN 4.9)."""
        items = self.delivery.inbox(channel, waiting=True, limit=ITEMS_PER_TURN)
        matched, waiting, given_up = 0, 0, 0
        for item, rest in self._match(channel, items):
            matched += len(item.receipts) - len(rest)
            over = self.clock.now() - item.received_at > UNMATCHED_FOR
            if rest and not over:
                waiting += len(rest)
                if len(rest) < len(item.receipts):
                    self.delivery.receive(replace(item, receipts=rest))
                continue
            given_up += len(rest)
            self.delivery.discard(item)
        return Resolved(matched, waiting, given_up)

    def _match(
        self, channel: str, items: Sequence[InboxItem]
    ) -> Iterable[tuple[InboxItem, tuple[RawReceipt, ...]]]:
        """Journal what matches; yield each item with what is left of it."""
        if not items:
            return
        shelf = _Shelf(self, self.delivery.traffic(channel))
        for item in items:
            found: dict[tuple[str, str, int], list[Outcome]] = defaultdict(list)
            rest = []
            for receipt in filter(rules.is_final, item.receipts):
                place = shelf.find(receipt)
                if place is None:
                    rest.append(receipt)
                else:
                    chunk, outcome = place
                    found[chunk.workspace, chunk.campaign, chunk.number].append(outcome)
            for (workspace, campaign, number), outcomes in found.items():
                # The count is part of the key: a retry that matches more writes an item of its own.
                writer = f"receipts-{channel}-{item.key}-{'w' if item.waiting else 'f'}"
                self.delivery.append(
                    JournalItem(workspace, campaign, number, writer, len(outcomes), tuple(outcomes))
                )
            yield item, tuple(rest)


_Found: TypeAlias = "tuple[ChunkRecord, Chunk, Ledger]"


@dataclass(slots=True)
class _Shelf:
    """What one turn reads of lists, chunks and ledgers, each once."""

    receipts: Receipts
    traffic: list[Traffic]
    _mixers: dict[str, Mixer] = field(default_factory=dict)
    _manifests: dict[str, Manifest | None] = field(default_factory=dict)
    _chunks: dict[tuple[str, str, int], _Found | None] = field(default_factory=dict)

    def find(self, receipt: RawReceipt) -> tuple[ChunkRecord, Outcome] | None:
        digits = rules.canonical(receipt.source)
        if not digits or digits.startswith("0"):
            # Nothing that lists hold; as a number it would lose the zero, and be somebody else's.
            return None
        for traffic in self.traffic:
            mixer = self._mixer(traffic.workspace)
            manifest = self._manifest(traffic)
            entry = manifests.find_chunk(manifest, mixer.token(int(digits))) if manifest else None
            if entry is None:
                continue
            found = self._chunk(traffic, entry.number)
            if found is None:
                continue
            record, chunk, ledger = found
            index = chunk_format.find(chunk, mixer, int(digits))
            if index is None:
                continue
            outcome = rules.outcome(index, ledger.records.get(index, ()), receipt)
            if outcome is not None:
                return record, outcome
        return None

    def _mixer(self, workspace: str) -> Mixer:
        if workspace not in self._mixers:
            wrapped = self.receipts.directory.workspace(workspace).wrapped_data_key
            key = self.receipts.data_keys.unwrap(workspace, wrapped)
            self._mixers[workspace] = Mixer.of(key)
        return self._mixers[workspace]

    def _manifest(self, traffic: Traffic) -> Manifest | None:
        """None: the list was deleted, with its campaign, before the last receipt came."""
        if traffic.list not in self._manifests:
            key = f"{list_prefix(traffic.workspace, traffic.list)}/manifest"
            self._manifests[traffic.list] = None
            with suppress(NotFound):
                self._manifests[traffic.list] = manifests.decode(self.receipts.blobs.get(key))
        return self._manifests[traffic.list]

    def _chunk(self, traffic: Traffic, number: int) -> _Found | None:
        """None: it, or its ledger, cannot be read. Its receipts wait; those of others do not."""
        place = (traffic.workspace, traffic.campaign, number)
        if place not in self._chunks:
            self._chunks[place] = None
            with suppress(Conflict, NotFound):
                record = self.receipts.delivery.chunk(*place)
                chunk = chunk_format.decode(self.receipts.blobs.get(record.source))
                ledger = read(self.receipts.delivery, self.receipts.blobs, record)
                self._chunks[place] = (record, chunk, ledger)
        return self._chunks[place]
