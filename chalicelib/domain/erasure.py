"""Erasing one number from all that a workspace keeps (SPEC 5.6).

It takes a while, so it is a record that says how far it is. The number stands in it as its token,
which only the workspace's data key leads back from, and when it is done not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import Invalid, Problem
from chalicelib.sms.phone import BadNumber, dialled

if TYPE_CHECKING:
    from datetime import datetime

# By E.164, with the country's code.
DIGITS_MIN: Final = 4
DIGITS_MAX: Final = 15
# For so long a turn is one's own: longer than the function lasts that takes it.
TURN: Final = timedelta(minutes=3)


class ErasureStatus(StrEnum):
    RUNNING = "running"
    DONE = "done"


class Suppressed(StrEnum):
    """What became of the number's being suppressed by itself (domain/suppression.py)."""

    KEPT = "kept"
    REMOVED = "removed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Erasure:
    id: str
    workspace: str
    ctn_hash: str
    asked_by: str
    created_at: datetime
    # Suppression stays as it is: the entry, and the suppression lists that hold the number.
    keep_suppressed: bool = False
    # None: it is done.
    token: int | None = None
    # The last list that was come to, in the order of their ids; empty at first.
    after: str = ""
    come_through: bool = False
    # Lists that were not ready when they were come to, or could not be read.
    waiting: tuple[str, ...] = ()
    # How many lists were looked through, and in how many of them the number was.
    lists: int = 0
    erased: int = 0
    # The last list in which it was. Noted before it goes from there, so it counts once.
    noted: str = ""
    suppressed: Suppressed | None = None
    finished_at: datetime | None = None
    version: int = 0

    @property
    def status(self) -> ErasureStatus:
        return ErasureStatus.DONE if self.finished_at else ErasureStatus.RUNNING


@dataclass(frozen=True, slots=True)
class OpenErasure:
    """Marks one that is not done; ids sort by time."""

    workspace: str
    erasure: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class ErasureTurn:
    """Whose turn it is to erase in a workspace: two who replaced one chunk at once would undo each
    other's work.
    """

    workspace: str
    until: datetime
    version: int = 0


def number_of(raw: str) -> int:
    """What is to be erased: any number of E.164's form, for numbering plans change and what a list
    took once must be found again. It is written with its country's code.
    """
    try:
        _, digits = dialled(raw)
    except BadNumber as error:
        raise Invalid(Problem("number", str(error))) from None
    if digits.startswith("0") or not DIGITS_MIN <= len(digits) <= DIGITS_MAX:
        raise Invalid(Problem("number", "write it with its country's code, such as +447700900123"))
    return int(digits)
