"""Records of the delivery plane: windows, offers, chunks (DESIGN 4.4 to 4.8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.ledger import Counters

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chalicelib.domain.formats.inbox import RawReceipt
    from chalicelib.domain.ledger import Outcome

# Receipts that match nothing are tried again for this long, counted and kept (DESIGN 4.9).
UNMATCHED_FOR: Final = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in which a share of the campaign may be sent.

    `tokens` are the callbacks of the executions that wait for it; an execution that was started
    again adds its own.
    """

    workspace: str
    campaign: str
    number: int
    opens_at: datetime
    opened: bool = False
    settled: bool = False
    tokens: tuple[str, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """Leave for a channel's owner to send recipients `first` to `last` (exclusive) of a chunk."""

    workspace: str
    campaign: str
    channel: str
    window: int
    chunk: int
    first: int
    last: int
    version: int = 0


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """Where one chunk of a campaign stands.

    The owner writes `epoch` and `intent`, the folder writes `ledger` and `counters`; neither
    touches
    the other's, so their conditional updates do not meet (DESIGN 3).
    """

    workspace: str
    campaign: str
    number: int
    list: str
    source: str
    recipients: int
    epoch: int = 0
    # First attempts may have been made for recipients 0 to intent - 1, for nobody else (DESIGN
    # 4.6).
    intent: int = 0
    # Key of the ledger object on S3; empty = none written yet. The build writes the first one, of
    # those who wanted no messages then.
    ledger: str = ""
    counters: Counters = field(default_factory=Counters)
    settled: bool = False
    # When the build asked who wants no messages: who said so since then is in no ledger. None: it
    # did not ask.
    as_of: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """That a channel carries, or lately carried, a campaign: where the folder looks for a receipt's
    owner.
    """

    channel: str
    workspace: str
    campaign: str
    list: str
    since: datetime
    expires_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class LiveCampaign:
    """Marks a campaign that the sweep looks after; it goes when the campaign has ended."""

    workspace: str
    campaign: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class JournalItem:
    """Outcomes as one writer left them; `writer` and `sequence` make the key, written once."""

    workspace: str
    campaign: str
    chunk: int
    writer: str
    sequence: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class InboxItem:
    """Receipts as they came off the wire, many to an item.

    Those that matched nothing wait apart from the fresh ones, so that they do not stand in their
    way.
    """

    channel: str
    key: str
    received_at: datetime
    receipts: tuple[RawReceipt, ...]
    waiting: bool = False


def totals(chunks: Iterable[ChunkRecord]) -> Counters:
    """A campaign's counters are the sum of its chunks' absolute ones (DESIGN 3)."""
    return sum((chunk.counters for chunk in chunks), Counters())


def ledger_key(workspace: str, campaign: str, chunk: int, token: str) -> str:
    """A key of its own for every write: two folders at once must not overwrite each other's
    object.
    """
    return f"ledger/{workspace}/{campaign}/{chunk:05}/{token}"
