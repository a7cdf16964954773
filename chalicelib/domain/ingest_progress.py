"""How far the reading of an uploaded file is, for whoever waits for it (SPEC 5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

# Reading a file and storing what it holds take about as long.
_READING: Final = 0.5


@dataclass(frozen=True, slots=True)
class IngestProgress:
    workspace: str
    list: str
    # Octets of the upload, and those that were read.
    size: int
    octets: int
    # With a recipient, or rejected.
    lines: int
    # Recipients that are stored, of so many, or a few less.
    stored: int
    recipients: int
    begun_at: datetime
    written_at: datetime

    @property
    def share(self) -> float:
        """What is done of all the work, from 0 to 1."""
        read = min(1.0, self.octets / self.size) if self.size else 1.0
        stored = min(1.0, self.stored / self.recipients) if self.recipients else 0.0
        return _READING * read + (1 - _READING) * stored

    @property
    def lines_per_second(self) -> float:
        """Of the file; of all the time so far."""
        seconds = (self.written_at - self.begun_at).total_seconds()
        return self.lines / seconds if seconds > 0 else 0.0

    @property
    def ends_at(self) -> datetime | None:
        """If it goes on as it did."""
        if not self.share:
            return None
        return self.begun_at + (self.written_at - self.begun_at) / self.share
