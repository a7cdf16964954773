"""A survey: what a personalised text becomes over a whole list, counted and not guessed (SPEC 4.2).

How many parts a text takes depends on each recipient's own values, down to a single letter that
turns it to UCS-2. So every text is rendered and measured once, chunk by chunk, and the counts are
kept with the campaign. A survey is of one content: `digest` names the text, how it is encoded, and
the list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from chalicelib.domain.content import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.content import Content
    from chalicelib.domain.recipient_list import RecipientList

SAMPLES: Final = 5
# Among the numbers of parts: what some recipients would get has nothing in it.
NOTHING: Final = 0


@dataclass(frozen=True, slots=True)
class Survey:
    workspace: str
    campaign: str
    digest: str
    begun_at: datetime
    # When this was stored. One that is not complete and was not stored for long has nobody at work.
    written_at: datetime
    # Recipients in all, and those that were counted so far.
    recipients: int
    counted: int = 0
    # How many recipients get how many parts, and in which encoding, of those who can get theirs.
    by_parts: Mapping[int, int] = field(default_factory=dict)
    by_encoding: Mapping[str, int] = field(default_factory=dict)
    # Recipients whose text would take more parts than can be sent.
    too_long: int = 0
    # Recipients for whom a field without default is empty, by field.
    empty: Mapping[str, int] = field(default_factory=dict)
    samples: tuple[str, ...] = ()
    version: int = 0

    @property
    def complete(self) -> bool:
        return self.counted >= self.recipients

    @property
    def parts(self) -> int:
        """All parts of all recipients, of those that were counted."""
        return sum(parts * count for parts, count in self.by_parts.items())


def survey_digest(content: Content, recipients: RecipientList) -> str:
    return digest_of(content.text, content.transliterate, recipients.id, recipients.digest)
