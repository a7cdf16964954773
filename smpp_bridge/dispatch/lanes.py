"""How far each job has come, and the jobs of one campaign in a row.

Progress is counted in segments over those who are to be sent: their position among the job's
places x parts + part. One number says where a message stands; the message is begun and not finished
where that number is no multiple of the parts.

    first sent ... cursor ... mark ... asked ... end
                   |          |        |         last segment of the job, or where it was cut
                   |          |        intent asked for, perhaps not yet recorded
                   |          intent recorded: nothing at or beyond it is submitted
                   next to submit
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.ledger import OutcomeKind
    from chalicelib.usecases.ownership import Job


@dataclass(slots=True, eq=False)
class Run:
    """A job under way. `open`: what would be in doubt if the process died now, as `segments_of`
    names it.
    """

    job: Job
    parts: int
    cursor: int
    mark: int
    asked: int
    end: int
    open: set[int] = field(default_factory=set)
    # Positions, ascending, of those who want no messages by what is known now.
    unwanted: list[int] = field(default_factory=list)
    # Another owner has the chunk: nothing more is written for it.
    fenced: bool = False
    # It was cut before its offer was done, so the offer stays for the next owner.
    offer_stays: bool = False

    @classmethod
    def of(cls, job: Job) -> Run:
        parts = len(job.message.parts)
        return cls(job, parts, cursor=0, mark=0, asked=0, end=len(job.places) * parts)

    @property
    def boundary(self) -> int:
        """Where the message that was begun ends; the cursor itself between two messages."""
        return -(-self.cursor // self.parts) * self.parts

    @property
    def intended(self) -> int:
        """Segments that are intended and not yet on the wire."""
        return max(0, min(self.asked, self.end) - self.cursor)

    def place(self, segment: int) -> tuple[int, int]:
        """Recipient and part."""
        position, part = divmod(segment, self.parts)
        return self.job.places[position], part

    def mark_at(self, segment: int) -> int:
        """The recipients below it are those up to this segment, and who needs no message."""
        position, places = segment // self.parts, self.job.places
        return places[position] if position < len(places) else self.job.last

    def segment_at(self, mark: int) -> int:
        return bisect_left(self.job.places, mark) * self.parts

    def segments_of(self, index: int, part: int | None = None) -> range:
        """Names of one part of a recipient's message, or of all."""
        first = index * self.parts
        return (
            range(first, first + self.parts)
            if part is None
            else range(first + part, first + part + 1)
        )

    def heed(self, indices: Iterable[int]) -> None:
        """These recipients want no messages, all others do."""
        places = self.job.places
        positions = ((bisect_left(places, index), index) for index in sorted(indices))
        self.unwanted = [
            position
            for position, index in positions
            if position < len(places) and places[position] == index
        ]

    def left_out(self, limit: int) -> int:
        """Segments before `limit` that will not be submitted, for they are unwanted."""
        if not self.unwanted:
            return 0
        first, last = (-(-segment // self.parts) for segment in (self.cursor, limit))
        return self.parts * max(
            0, bisect_left(self.unwanted, last) - bisect_left(self.unwanted, first)
        )

    def is_unwanted(self) -> bool:
        """Whether a message would begin now to somebody who wants none."""
        position, part = divmod(self.cursor, self.parts)
        at = bisect_left(self.unwanted, position)
        return not part and at < len(self.unwanted) and self.unwanted[at] == position


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
    # What is known of who wants messages is too old for a message to begin.
    blind: bool = False
    unsent_as: OutcomeKind | None = None

    def ready(self) -> int:
        """Segments that may go to the wire now."""
        ready = 0
        for run in self.runs:
            limit = self.limit(run)
            if run.cursor < limit:
                ready += limit - run.cursor - run.left_out(limit)
        return ready

    def next_to_send(self) -> Run:
        """The run whose message was begun, else the first that is ready; there must be one, and
        none may stand at somebody who is left out.

        A later run may have begun while the mark of the first was still being recorded.
        """
        runs = [run for run in self.runs if run.cursor < self.limit(run)]
        return next((run for run in runs if run.cursor != run.boundary), runs[0])

    def limit(self, run: Run) -> int:
        if self.standing is Standing.HALTED:
            return min(run.boundary, run.end) if self.finishing else run.cursor
        return min(run.boundary if self.blind else run.mark, run.end)

    def intended(self) -> int:
        return sum(run.intended for run in self.runs)

    def next_to_ask(self) -> Run | None:
        """The run whose mark moves on next; None while its last step is being recorded."""
        run = next((run for run in self.runs if run.asked < run.end), None)
        return run if run is not None and run.asked == run.mark else None
