"""Pace (DESIGN 4.10). Pure: the clock is an argument, in monotonic seconds.

Two rules together. GCRA on absolute time spreads messages evenly and, because its schedule is
absolute, a late turn is caught up; it aims at 0.997 of the cap, since jitter on the way alone
breaks
an exact cap. A count over the last second is the law: the cap holds in every sliding second as
written (SPEC 6.2), whatever was caught up.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

HEADROOM: Final = 0.997
# A turn of the sender's loop may be this late without losing throughput.
CATCH_UP: Final = 0.05
SECOND: Final = 1.0


@dataclass(slots=True)
class Pacer:
    rate: float
    _next: float = float("-inf")
    _sent: deque[tuple[float, int]] = field(default_factory=deque)
    _in_second: int = 0

    def allowance(self, now: float, wanted: int) -> int:
        """How many of `wanted` messages may leave now; what it grants counts as sent."""
        interval = 1 / (self.rate * HEADROOM)
        start = max(self._next, now - CATCH_UP)
        due = int((now - start) / interval) + 1 if start <= now else 0
        granted = max(0, min(wanted, due, self._room(now)))
        if granted:
            self._next = start + granted * interval
            self._sent.append((now, granted))
            self._in_second += granted
        return granted

    def next_at(self, now: float) -> float:
        """When it is worth to ask again."""
        if self._room(now) > 0:
            return max(self._next, now)
        return self._sent[0][0] + SECOND

    def _room(self, now: float) -> int:
        while self._sent and self._sent[0][0] <= now - SECOND:
            self._in_second -= self._sent.popleft()[1]
        return max(1, int(self.rate)) - self._in_second
