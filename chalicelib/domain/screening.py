"""A screening: how many recipients of a list want no messages, as of a moment (SPEC 4.2, 5.4).

It is for showing. Who is left out the build decides, and again the sending: both ask anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

# Nobody looked at it for so long.
SCREENING_KEPT: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Screening:
    """`suppressed` as of `as_of` is the last whole count; None: there is none yet. The rest is of
    the count that is or was under way, which asked who wants no messages at `asked_at`.
    """

    workspace: str
    list: str
    # Of the list: a chunk of it may be written anew.
    digest: str
    asked_at: datetime
    # When this was stored. One under way that was not stored for long has nobody at work.
    written_at: datetime
    recipients: int
    counted: int = 0
    found: int = 0
    suppressed: int | None = None
    as_of: datetime | None = None
    version: int = 0

    @property
    def complete(self) -> bool:
        return self.counted >= self.recipients
