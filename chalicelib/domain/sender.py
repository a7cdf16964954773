"""Senders: a list of immutable revisions, each decided by a person (SPEC 3).

Rule 1: every change of a revision's status is a row of `MOVES`; nothing else assigns `status`.
Rule 2: only a draft can be edited. What was decided keeps its address, types, channel and use for
        ever; a change is a new revision.
Rule 3: archiving hides from choice. Campaigns that name a revision keep it.
Rule 4: whoever changes which revisions are approved writes the sender too, even if its current one
        stays the same: two such changes at once meet there, and the later one is decided anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.decision import check_note, is_readable
from chalicelib.domain.errors import AlreadyDecided, Conflict, IllegalMove, require
from chalicelib.sms import gsm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from chalicelib.domain.audit import Facts
    from chalicelib.domain.decision import Decision

NAME_MAX: Final = 100
USE_MAX: Final = 500
ALPHANUMERIC_MAX: Final = 11
# SPEC 3.1 speaks of 21 digits, but SMPP's field holds 20 characters and their end.
NUMERIC_MAX: Final = 20
# Longer strings of digits are long numbers: no subscriber number of E.164 is shorter.
SHORT_CODE_MAX: Final = 8
# All of a sender's are shown in one answer, which may have 4 MB (SPEC 8.3); one takes 7 KB at most.
REVISIONS_MAX: Final = 500
# SMPP 3.4, 5.2.5 and 5.2.6.
TONS: Final = frozenset(range(7))
NPIS: Final = frozenset({0, 1, 3, 4, 6, 8, 9, 10, 14, 18})


class RevisionStatus(StrEnum):
    DRAFT = "draft"
    PENDING = "pending_approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    ARCHIVED = "archived"


class RevisionMove(StrEnum):
    """Values complete "a revision that is … cannot …"."""

    EDIT = "be edited"
    SUBMIT = "be submitted"
    WITHDRAW = "be withdrawn"
    APPROVE = "be approved"
    REJECT = "be rejected"
    ARCHIVE = "be archived"
    RESTORE = "be restored"


# RESTORE has no fixed target: a revision returns to what it was.
MOVES: Final[Mapping[tuple[RevisionStatus, RevisionMove], RevisionStatus | None]] = {
    (RevisionStatus.DRAFT, RevisionMove.EDIT): RevisionStatus.DRAFT,
    (RevisionStatus.DRAFT, RevisionMove.SUBMIT): RevisionStatus.PENDING,
    (RevisionStatus.PENDING, RevisionMove.WITHDRAW): RevisionStatus.DRAFT,
    (RevisionStatus.PENDING, RevisionMove.APPROVE): RevisionStatus.APPROVED,
    (RevisionStatus.PENDING, RevisionMove.REJECT): RevisionStatus.REJECTED,
    (RevisionStatus.DRAFT, RevisionMove.ARCHIVE): RevisionStatus.ARCHIVED,
    (RevisionStatus.APPROVED, RevisionMove.ARCHIVE): RevisionStatus.ARCHIVED,
    (RevisionStatus.REJECTED, RevisionMove.ARCHIVE): RevisionStatus.ARCHIVED,
    (RevisionStatus.ARCHIVED, RevisionMove.RESTORE): None,
}


@dataclass(frozen=True, slots=True)
class NumberType:
    ton: int
    npi: int


# SPEC 3.3
ALPHANUMERIC: Final = NumberType(5, 0)
LONG_NUMBER: Final = NumberType(1, 1)
SHORT_CODE: Final = NumberType(3, 0)
DESTINATION: Final = NumberType(1, 1)


@dataclass(frozen=True, slots=True)
class Sender:
    id: str
    workspace: str
    name: str
    # What new campaigns use: see `current_after`.
    current_revision: int | None
    created_at: datetime
    # How many there are; the next one's number follows.
    revisions: int = 0
    archived_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Revision:
    sender: str
    number: int
    workspace: str
    status: RevisionStatus
    address: str
    source: NumberType
    destination: NumberType
    channel: str
    author: str
    created_at: datetime
    # What it is for, as carriers and moderators want to know.
    use: str = ""
    submitted_at: datetime | None = None
    decision: Decision | None = None
    archived_from: RevisionStatus | None = None
    version: int = 0


def is_number(address: str) -> bool:
    return address.isascii() and address.isdecimal()


def default_type(address: str) -> NumberType:
    if not is_number(address):
        return ALPHANUMERIC
    return SHORT_CODE if len(address) <= SHORT_CODE_MAX else LONG_NUMBER


def retyped(revision: Revision, address: str) -> NumberType:
    """The source's type under another address: one that was the default follows it."""
    was_default = revision.source == default_type(revision.address)
    return default_type(address) if was_default else revision.source


def check_sender_name(name: str) -> None:
    require(
        (
            0 < len(name.strip()) <= NAME_MAX and name.isprintable(),
            "name",
            f"use 1 to {NAME_MAX} printable characters",
        )
    )


def check_revision(revision: Revision, *, has_channel: bool = True) -> None:
    """`has_channel` says whether there is the channel that it names."""
    source, destination = revision.source, revision.destination
    require(
        *address_checks(revision.address),
        *types_in_range("source.ton", source.ton, "source.npi", source.npi),
        *types_in_range("destination.ton", destination.ton, "destination.npi", destination.npi),
        (has_channel, "channel", "is no channel: choose one that there is"),
        (len(revision.use) <= USE_MAX, "use", f"use at most {USE_MAX} characters"),
        (is_readable(revision.use), "use", "holds a character that cannot be shown"),
    )


def check_address(address: str) -> None:
    require(*address_checks(address))


def address_checks(address: str) -> tuple[tuple[bool, str, str], ...]:
    if is_number(address):
        fits = len(address) <= NUMERIC_MAX
        return ((fits, "address", f"a number may have {NUMERIC_MAX} digits at most"),)
    if address.startswith("+") and is_number(address[1:]):
        return ((False, "address", "write a number in digits alone, without the +"),)
    plain = address.isascii() and address.isprintable() and gsm.is_gsm(address)
    # On the air a name has room for so many septets, and some characters take two.
    fits = plain and 0 < gsm.septets(address) <= ALPHANUMERIC_MAX and address == address.strip()
    message = (
        f"a name may have 1 to {ALPHANUMERIC_MAX} plain characters (ASCII and GSM; "
        "each of [ ] { } ^ ~ | \\ counts as two)"
    )
    return ((fits, "address", message),)


def types_in_range(
    ton_field: str, ton: int | None, npi_field: str, npi: int | None
) -> tuple[tuple[bool, str, str], ...]:
    npis = ", ".join(map(str, sorted(NPIS)))
    return (
        (ton is None or ton in TONS, ton_field, f"must be 0 to {max(TONS)}"),
        (npi is None or npi in NPIS, npi_field, f"must be one of {npis}"),
    )


def next_number(sender: Sender) -> int:
    if sender.revisions >= REVISIONS_MAX:
        raise Conflict(
            f"A sender has {REVISIONS_MAX} revisions at most: make another sender for this one."
        )
    return sender.revisions + 1


def rename(sender: Sender, name: str) -> Sender:
    check_sender_name(name)
    return replace(sender, name=name.strip())


def archive_sender(sender: Sender, now: datetime) -> Sender:
    if sender.archived_at is not None:
        raise IllegalMove("sender", "archived", "be archived")
    return replace(sender, archived_at=now)


def restore_sender(sender: Sender) -> Sender:
    if sender.archived_at is None:
        raise IllegalMove("sender", "not archived", "be restored")
    return replace(sender, archived_at=None)


def check_open(sender: Sender) -> None:
    if sender.archived_at is not None:
        raise Conflict("This sender is archived: restore it first.")


def move(revision: Revision, action: RevisionMove) -> Revision:
    if (revision.status, action) not in MOVES:
        raise IllegalMove("revision", revision.status.value, action.value)
    target = MOVES[revision.status, action] or revision.archived_from
    if target is None:
        raise IllegalMove("revision", revision.status.value, action.value)
    return replace(revision, status=target, archived_from=None)


def edit(before: Revision, after: Revision, editor: str, *, has_channel: bool) -> Revision:
    """Whoever edits a draft is its author from then on: nobody approves what they wrote themselves
    (SPEC 2.2).
    """
    edited = replace(move(after, RevisionMove.EDIT), author=editor)
    check_revision(edited, has_channel=has_channel)
    return before if after == before else edited


def submit(revision: Revision, now: datetime) -> Revision:
    return replace(move(revision, RevisionMove.SUBMIT), submitted_at=now)


def withdraw(revision: Revision) -> Revision:
    return replace(move(revision, RevisionMove.WITHDRAW), submitted_at=None)


def decide(revision: Revision, *, approve: bool, decision: Decision) -> Revision:
    check_undecided(revision)
    decided = move(revision, RevisionMove.APPROVE if approve else RevisionMove.REJECT)
    check_note(decision.note, approve=approve)
    return replace(decided, decision=decision)


def check_undecided(revision: Revision) -> None:
    if revision.decision is not None:
        decided = revision.archived_from or revision.status
        raise AlreadyDecided(decided.value, revision.decision.at)


def archive(revision: Revision) -> Revision:
    return replace(move(revision, RevisionMove.ARCHIVE), archived_from=revision.status)


def restore(revision: Revision) -> Revision:
    return move(revision, RevisionMove.RESTORE)


def usable(sender: Sender, revision: Revision) -> bool:
    """Whether new campaigns and messages may come from it."""
    return sender.archived_at is None and revision.status is RevisionStatus.APPROVED


def current_after(sender: Sender, revisions: Iterable[Revision]) -> int | None:
    """What new campaigns of this sender use: the approved revision that was approved last, as
    approving one makes it current (SPEC 3.2). `revisions` stand as they do after the change.
    """
    approved = [
        (revision.decision.at if revision.decision else revision.created_at, revision.number)
        for revision in revisions
        if revision.sender == sender.id and revision.status is RevisionStatus.APPROVED
    ]
    return max(approved)[1] if approved else None


def sender_facts(sender: Sender) -> Facts:
    """What an audit record keeps of a sender."""
    return {
        "name": sender.name,
        "current_revision": sender.current_revision,
        "archived": sender.archived_at is not None,
    }


def facts(revision: Revision) -> Facts:
    """What an audit record keeps of a revision."""
    return {
        "revision": revision.number,
        "status": revision.status.value,
        "author": revision.author,
        "address": revision.address,
        "source": f"{revision.source.ton}/{revision.source.npi}",
        "destination": f"{revision.destination.ton}/{revision.destination.npi}",
        "channel": revision.channel,
        "use": revision.use or None,
        "note": revision.decision.note if revision.decision else None,
    }
