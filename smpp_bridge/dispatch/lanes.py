"""How far each job has come, and the jobs of one campaign in a row.

Progress is counted in segments: recipient x parts + part. One number says where a message stands;
the message is begun and not finished where that number is no multiple of the parts.

    first sent ... cursor ... mark ... asked ... end
                   |          |        |         last segment of the job, or where it was cut
                   |          |        intent asked for, perhaps not yet recorded
                   |          intent recorded: nothing at or beyond it is submitted
                   next to submit
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.domain.ledger import OutcomeKind
    from chalicelib.usecases.ownership import Job


@dataclass(slots=True, eq=False)
class Run:
    """A job under way. `open`: the segments that would be in doubt if the process died now."""

    job: Job
    parts: int
    cursor: int
    mark: int
    asked: int
    end: int
    open: set[int] = field(default_factory=set)
    # Another owner has the chunk: nothing more is written for it.
    fenced: bool = False
    # It was cut before its offer was done, so the offer stays for the next owner.
    offer_stays: bool = False

    @classmethod
    def of(cls, job: Job) -> Run:
        parts = len(job.message.parts)
        begin = job.next * parts
        return cls(job, parts, cursor=begin, mark=begin, asked=begin, end=job.last * parts)

    @property
    def boundary(self) -> int:
        """Where the message that was begun ends; the cursor itself between two messages."""
        return -(-self.cursor // self.parts) * self.parts

    @property
    def intended(self) -> int:
        """Segments that are intended and not yet on the wire."""
        return max(0, min(self.asked, self.end) - self.cursor)


class Standing(Enum):
    SENDING = auto()
    HALTED = auto()  # paused: what was begun is finished, the rest waits in memory
    ENDED = auto()  # cancelled or expired: cut, and gone when its outcomes are written


@dataclass(slots=True, eq=False)
class Lane:
    """One campaign's jobs that have something left to submit, in order."""

    runs: deque[Run] = field(default_factory=deque)
    standing: Standing = Standing.SENDING
    # While halted: the message that was begun may still be finished.
    finishing: bool = False
    unsent_as: OutcomeKind | None = None

    def ready(self) -> int:
        """Segments that may go to the wire now."""
        return sum(max(0, self.limit(run) - run.cursor) for run in self.runs)

    def next_to_send(self) -> Run:
        """The run whose message was begun, else the first that is ready; there must be one.

        A later run may have begun while the mark of the first was still being recorded.
        """
        runs = [run for run in self.runs if run.cursor < self.limit(run)]
        return next((run for run in runs if run.cursor != run.boundary), runs[0])

    def limit(self, run: Run) -> int:
        if self.standing is Standing.HALTED:
            return min(run.boundary, run.end) if self.finishing else run.cursor
        return min(run.mark, run.end)

    def intended(self) -> int:
        return sum(run.intended for run in self.runs)

    def next_to_ask(self) -> Run | None:
        """The run whose mark moves on next; None while its last step is being recorded."""
        run = next((run for run in self.runs if run.asked < run.end), None)
        return run if run is not None and run.asked == run.mark else None
