"""What the dispatcher wants done, one frozen value each, and the moments that come with events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from chalicelib.domain.ledger import Outcome
    from chalicelib.usecases.ownership import ChunkKey, Job


class Now(NamedTuple):
    """One moment: monotonic seconds to reckon with, milliseconds since 1970 to write down."""

    at: float
    ms: int


@dataclass(frozen=True, slots=True)
class RecordIntent:
    """Write that recipients below `mark` may be tried; `intent_recorded` or `_refused` answers."""

    job: Job
    mark: int


@dataclass(frozen=True, slots=True)
class Submit:
    """Send one part to one recipient now, and tell its sequence number by `submitted`."""

    job: Job
    index: int
    part: int


@dataclass(frozen=True, slots=True)
class Abandon:
    """No longer wait for this answer; if it comes all the same, report it."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Append:
    """Write outcomes to the chunk's journal, for ever if need be, then say so by `appended`."""

    key: ChunkKey
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """Everything of the offer has its outcome written: take the offer back."""

    job: Job


Effect = RecordIntent | Submit | Abandon | Append | Finish
