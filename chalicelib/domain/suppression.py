"""Numbers that want no messages, of a workspace or, in the master workspace, of all (SPEC 5.4).

Two things say so: entries, one a number, and suppression lists, a file each. An entry is what was
said last about its number, so it may also say that the number wants messages again: then it
outweighs every list that is older. Whoever sends asks first, and again for what changed since:
every change leaves a note of its time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import IllegalMove
from chalicelib.domain.recipient_list import ListPurpose, ListStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chalicelib.domain.recipient_list import RecipientList

# Notes of changes are kept for so long: whoever goes by what it heard longer ago asks for all anew.
CHANGES_KEPT: Final = timedelta(days=60)
# A note has its time before it is written, and writing is tried for up to that long. So whoever
# asks for what is new since an instant is told once more what was noted shortly before it.
LOOK_BACK: Final = timedelta(seconds=30)


class Source(StrEnum):
    """Who said so."""

    # A person or a program of the workspace.
    ADDED = "added"
    # The recipient, by STOP or START in any language, or a platform in the recipient's name.
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Suppression:
    """What was said last about a number. `token` stands for it under the workspace's data key."""

    workspace: str
    token: int
    number: int
    source: Source
    at: datetime
    by: str
    # What a person wrote to it, or the keyword that came.
    note: str = ""
    # The number wants messages again: lists that are older than this do not hold for it.
    lifted: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class SuppressionList:
    """A list whose numbers are suppressed, from the moment it was ready until it is withdrawn."""

    workspace: str
    list: str
    at: datetime
    withdrawn_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class SuppressionChange:
    """The note of one change: some numbers, or a whole list. Ids sort by time."""

    workspace: str
    id: str
    at: datetime
    lifted: bool = False
    numbers: tuple[int, ...] = ()
    list: str | None = None
    version: int = 0


Said = Suppression | SuppressionList | SuppressionChange

_TICK: Final = timedelta(microseconds=1)


def says_already(
    entry: Suppression | None, source: Source, newest_list: datetime | None, *, lifted: bool
) -> bool:
    """Whether nothing is left to say. `newest_list` is the last one in force.

    What a recipient says stands above what was said for them: it is kept even where it is the same.
    To lift is in vain where nothing holds the number, and to be repeated where a list came since.
    """
    if lifted:
        lifts = entry is None or entry.lifted
        since = entry.at if entry else None
        return lifts and (newest_list is None or (since is not None and since > newest_list))
    if entry is None or entry.lifted:
        return False
    return entry.source is Source.RECIPIENT or source is Source.ADDED


def instant_after(now: datetime, *earlier: datetime) -> datetime:
    """Now, but after what it outweighs: clocks of two machines differ a little."""
    return max((now, *(each + _TICK for each in earlier)))


def newest_of(lists: Iterable[SuppressionList]) -> datetime | None:
    return max((each.at for each in lists if each.withdrawn_at is None), default=None)


def withdraw(suppressed: SuppressionList, now: datetime) -> SuppressionList:
    if suppressed.withdrawn_at is not None:
        raise IllegalMove("suppression list", "withdrawn", "be withdrawn")
    return replace(suppressed, withdrawn_at=now)


def in_force(recipients: RecipientList, now: datetime, change: str) -> tuple[Said, ...]:
    """What is written along with a list that becomes ready: its numbers are suppressed from then.

    `change` is a fresh id. Nothing for a list of recipients.
    """
    if recipients.purpose is not ListPurpose.SUPPRESSION:
        return ()
    if recipients.status is not ListStatus.READY:
        return ()
    return (
        SuppressionList(recipients.workspace, recipients.id, now),
        SuppressionChange(recipients.workspace, change, now, list=recipients.id),
    )
