"""How much may be intended at once: in doubt if the process dies now (SPEC 6.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_OPEN: Final = 1_000
# An intent covers what the rate lets out in a second, and is renewed when a fifth of that is left.
LEAD: Final = 1.0
REFILL: Final = 0.2
# Paused campaigns keep what they intended. A lead that is a share of what is left never uses up the
# last of it, so however many are paused, the others go on.
LEAD_SHARE: Final = 4


@dataclass(slots=True)
class Intents:
    """Segments that may be open at once, shared by all channels of one bridge."""

    limit: int = MAX_OPEN
    open: int = 0

    @property
    def free(self) -> int:
        return self.limit - self.open

    def lead(self, rate: float, intended: int, lanes: int) -> tuple[int, int]:
        """How far each lane that sends may be ahead, and when it asks again."""
        left = (self.free + intended) // LEAD_SHARE
        lead = min(int(rate * LEAD), left) // lanes
        return lead, min(int(rate * REFILL) // lanes, lead // 2)
