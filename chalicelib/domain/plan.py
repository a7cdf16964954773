"""Plan: which recipients may be sent in which window (DESIGN 4.3).

On demand there is one window, open from the start, that holds every chunk whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.delivery import ChunkRecord, Offer, Window
from chalicelib.domain.ledger import Counters

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.formats.manifest import Manifest


def chunk_records(campaign: Campaign, manifest: Manifest) -> list[ChunkRecord]:
    return [
        ChunkRecord(
            workspace=campaign.workspace,
            campaign=campaign.id,
            number=entry.number,
            list=campaign.list,
            source=entry.key,
            recipients=entry.count,
            # Nothing is folded for a chunk that nobody touched yet, and totals are sums of these.
            counters=Counters(total=entry.count, pending=entry.count),
        )
        for entry in manifest.chunks
    ]


def windows(campaign: Campaign, now: datetime) -> list[Window]:
    return [Window(campaign.workspace, campaign.id, number=0, opens_at=now)]


def offers(window: Window, channel: str, chunks: Iterable[ChunkRecord]) -> list[Offer]:
    return [
        Offer(
            workspace=window.workspace,
            campaign=window.campaign,
            channel=channel,
            window=window.number,
            chunk=chunk.number,
            first=0,
            last=chunk.recipients,
        )
        for chunk in chunks
    ]


def next_window(planned: Sequence[Window]) -> Window | None:
    return min(
        (window for window in planned if not window.settled),
        key=lambda window: window.number,
        default=None,
    )
