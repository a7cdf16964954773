"""A progress bar on one line: how much is done, how fast, and how long it still takes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cli.screen import size

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.screen import Screen

WIDTH = 24
# As often as an eye follows; where lines cannot be written over, as often as one wants to read.
DRAW_SECONDS = 0.1
LINE_SECONDS = 10.0
RATE_OVER_SECONDS = 10.0


@dataclass(slots=True)
class Bar:
    """Of octets."""

    screen: Screen
    clock: Callable[[], float]
    title: str
    total: int
    _samples: deque[tuple[float, int]] = field(default_factory=deque)
    _drawn: float | None = None

    def show(self, done: int) -> None:
        now = self.clock()
        self._samples.append((now, done))
        while now - self._samples[0][0] > RATE_OVER_SECONDS:
            self._samples.popleft()
        pause = DRAW_SECONDS if self.screen.live else LINE_SECONDS
        if self._drawn is None and not self.screen.live:
            self._drawn = now  # what is done soon needs no line
        if self._drawn is None or now - self._drawn >= pause:
            self._drawn = now
            self.screen.progress(self.line(done))

    def line(self, done: int) -> str:
        text = f"{self.title}  {strip(done / self.total if self.total else 1.0)}"
        text += f"  {size(done)} of {size(self.total)}"
        then, before = self._samples[0]
        now, _ = self._samples[-1]
        rate = (done - before) / (now - then) if now > then else 0.0
        if rate < 1:
            return text
        return f"{text}  {size(int(rate))}/s  {left((self.total - done) / rate)} left"


def strip(share: float) -> str:
    full = int(WIDTH * min(1.0, share))
    return "█" * full + "░" * (WIDTH - full) + f" {int(100 * min(1.0, share)):>3} %"


def left(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
