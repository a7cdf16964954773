"""What SPEC 2.2 and 4.3 to 4.5 say of a campaign's life, in a few lines and without a database:
what is done is compared with it. It knows nothing of the table of moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from chalicelib.domain.errors import (
    AlreadyDecided,
    Conflict,
    Forbidden,
    IllegalMove,
    Invalid,
    MessageCenterError,
)

Refusal = type[MessageCenterError]

HALF: Final = timedelta(minutes=30)
RECEIPTS: Final = timedelta(hours=72)
AUTHOR, OTHER, BOTH, MODERATOR, ADMIN, ROOT = EVERYBODY = (
    "author",
    "other",
    "both",
    "moderator",
    "admin",
    "root",
)
# Root is nobody's member: a super admin who visits.
MEMBERS: Final = frozenset(EVERYBODY) - {ROOT}
WRITERS: Final = frozenset({AUTHOR, OTHER, BOTH, ADMIN})
OF_ALL: Final = frozenset({ADMIN, ROOT})
DECIDERS: Final = frozenset({BOTH, MODERATOR, ADMIN, ROOT})
LIVE: Final = frozenset({"building", "pending", "sending", "paused"})
ENDED: Final = frozenset({"done", "cancelled", "failed", "expired"})


@dataclass(frozen=True)
class Written:
    text: str = "Hello"
    mode: str = "on_demand"
    start_at: datetime | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None
    deadline: datetime | None = None
    auto_start: bool = False
    has_sender: bool = True


@dataclass
class Known:
    """A campaign as it ought to be."""

    author: str
    written: Written
    # All who ever wrote in it: none of them decides on it.
    hands: set[str] = field(default_factory=set)
    status: str = "new"
    approval: str = "draft"
    archived: bool = False
    missed: bool = False
    paused_from: str = ""
    approved_by: str = ""
    answered: bool = False
    sent_at: datetime | None = None
    # What was approved last; it is what may be sent.
    approved: Written | None = None

    @property
    def editable(self) -> bool:
        return self.status == "new" and not self.archived

    @property
    def startable(self) -> bool:
        return self.editable and self.approval == "approved"

    def ends(self, status: str) -> None:
        self.status, self.missed = status, False
        if self.approval == "submitted":
            self.approval = "draft"

    def voided(self) -> None:
        self.approval, self.missed = "draft", False


@dataclass
class Model:
    """`None` is "it may": everything else is the refusal to expect."""

    now: datetime
    sender_open: bool = True
    here: set[str] = field(default_factory=lambda: set(MEMBERS))
    campaigns: dict[str, Known] = field(default_factory=dict)

    # --- who may ---

    @staticmethod
    def may_write(who: str) -> Refusal | None:
        return None if who in WRITERS | OF_ALL else Forbidden

    def may_touch(self, who: str, known: Known) -> Refusal | None:
        """Edit, submit, archive; run and cancel."""
        return None if who in OF_ALL or (who in WRITERS and who == known.author) else Forbidden

    @staticmethod
    def may_decide(who: str, known: Known) -> Refusal | None:
        return None if who in DECIDERS and who not in known.hands | {known.author} else Forbidden

    # --- what is possible ---

    def refuses_submission(self, known: Known) -> Refusal | None:
        if not known.editable or known.approval not in {"draft", "rejected"}:
            return IllegalMove
        return None if self.complete(known.written) and self.in_order(known.written) else Invalid

    def complete(self, written: Written) -> bool:
        return written.has_sender and self.sender_open

    def in_order(self, written: Written) -> bool:
        begins = written.start_at or written.date_from
        deadline = written.deadline
        if written.mode == "on_time" and (written.start_at is None or written.start_at <= self.now):
            return False
        if written.mode == "spread" and (written.date_to is None or written.date_to <= self.now):
            return False
        if deadline is None:
            return True
        return (
            deadline > self.now
            and (begins is None or deadline > begins)
            and (written.date_to is None or deadline >= written.date_to)
        )

    def over(self, written: Written) -> bool:
        return written.deadline is not None and written.deadline <= self.now

    def late(self, written: Written) -> bool:
        """Too late to be sent as it was meant. Five recipients fit into any rest of a window."""
        if written.mode == "on_time":
            return written.start_at is not None and written.start_at < self.now
        return (
            written.mode == "spread"
            and written.date_to is not None
            and (written.date_to <= self.now)
        )

    def missed(self, known: Known) -> bool:
        instant = known.written.mode == "on_time" and self.late(known.written)
        return known.startable and (known.missed or instant)

    def refuses_decision(self, known: Known, *, approve: bool, shown: bool) -> Refusal | None:
        if known.approval in {"approved", "rejected"}:
            return AlreadyDecided
        if not known.editable or known.approval != "submitted":
            return IllegalMove
        if not shown:
            return Conflict
        if approve and (not self.sender_open or self.over(known.written)):
            return Conflict
        return None

    def refuses_start(self, known: Known) -> Refusal | None:
        if not known.startable:
            return IllegalMove
        return Conflict if known.missed or self.over(known.written) else None

    def refuses_release(self, known: Known, written: Written) -> Refusal | None:
        if not self.missed(known):
            return IllegalMove
        if self.over(written) or not self.complete(written):
            return Conflict
        at_once = written.mode == "on_time" and written.start_at is None
        checked = replace(written, mode="on_demand") if at_once else written
        return None if self.in_order(checked) else Invalid

    def refuses_author(self, known: Known, named: str | None) -> Refusal | None:
        if known.author in self.here:
            return None if named in {None, known.author} else Invalid
        return None if named in self.here & WRITERS else Invalid

    # --- what becomes of it ---

    def start(self, known: Known) -> None:
        if self.late(known.written):
            known.missed = True
        else:
            known.status, known.missed = "building", False

    def submitted(self) -> set[str]:
        return {name for name, known in self.campaigns.items() if known.approval == "submitted"}
