"""Plan: which recipients may be sent in which window (DESIGN 4.3).

There is one window, open from the campaign's start, that holds every chunk whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.content import InDoubt, Mode
from chalicelib.domain.delivery import ChunkRecord, Offer, Window
from chalicelib.domain.ledger import Counters
from chalicelib.sms.merge import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.content import Content
    from chalicelib.domain.formats.manifest import Manifest


def chunk_records(campaign: Campaign, manifest: Manifest) -> list[ChunkRecord]:
    return [
        ChunkRecord(
            workspace=campaign.workspace,
            campaign=campaign.id,
            number=entry.number,
            list=manifest.list,
            source=entry.key,
            recipients=entry.count,
            # Nothing is folded for a chunk that nobody touched yet, and totals are sums of these.
            counters=Counters(total=entry.count, pending=entry.count),
        )
        for entry in manifest.chunks
    ]


def windows(campaign: Campaign, now: datetime) -> list[Window]:
    opens_at = max(campaign.content.start_at or now, now)
    return [Window(campaign.workspace, campaign.id, number=0, opens_at=opens_at)]


def unsendable(content: Content) -> tuple[str, ...]:
    """What of an approved campaign the delivery plane cannot do; it must not be sent without."""
    asked = {
        f"mode {content.mode}": content.mode not in {Mode.ON_DEMAND, Mode.ON_TIME},
        "merge fields": not parse(content.text).plain,
        "a validity period": content.overrides.validity is not None,
        "TLVs": bool(content.overrides.tlvs),
        f"in-doubt policy {content.in_doubt}": content.in_doubt is not InDoubt.AT_MOST_ONCE,
        "a daily window of its own": content.daily_window is not None,
        "a daily limit of its own": content.daily_limit is not None,
    }
    return tuple(name for name, wanted in asked.items() if wanted)


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
