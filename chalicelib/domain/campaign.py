"""Campaigns: the table of their states, and the digest that an approval is bound to (SPEC 4.3-4).

Rule 1: a state is a status and an approval. Every change of either is a row of `MOVES`; nothing
        else assigns them. docs/campaign-states.md is drawn from it.
Rule 2: an approval is bound to `content_digest`; whoever dispatches compares the digest again, from
        the records (SPEC 4.3). Any edit voids it.
Rule 3: a paused campaign remembers where it was (`paused_from`), since a restart that may have lost
        records holds campaigns that were only Building or Pending as well (DESIGN 5).
Rule 4: archived is a flag. What is archived can be restored or deleted, nothing else (SPEC 4.4).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.content import Content, Mode, digest_of
from chalicelib.domain.decision import Decision, check_note
from chalicelib.domain.errors import AlreadyDecided, Conflict, IllegalMove
from chalicelib.domain.ledger import RecipientState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.sender import Revision

# How long a carrier may keep trying when a message names no validity period of its own.
VALIDITY: Final = timedelta(hours=48)
# Receipts are awaited for the validity period plus this (SPEC 4.4).
RECEIPT_GRACE: Final = timedelta(hours=24)


class Status(StrEnum):
    NEW = "new"
    BUILDING = "building"
    PENDING = "pending"
    SENDING = "sending"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"


class Approval(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


LIVE: Final = frozenset({Status.BUILDING, Status.PENDING, Status.SENDING, Status.PAUSED})
ENDED: Final = frozenset({Status.DONE, Status.CANCELLED, Status.FAILED, Status.EXPIRED})
# What became of recipients that were still pending when a campaign ended early. It is derived from
# the status, never written to the ledgers (DESIGN 4.4).
_UNSENT: Final[Mapping[Status, RecipientState]] = {
    Status.CANCELLED: RecipientState.CANCELLED,
    Status.FAILED: RecipientState.CANCELLED,
    Status.EXPIRED: RecipientState.EXPIRED,
}


class Move(StrEnum):
    """Values complete "a campaign that is … cannot …"."""

    EDIT = "be edited"
    SUBMIT = "be submitted"
    WITHDRAW = "be withdrawn"
    APPROVE = "be approved"
    REJECT = "be rejected"
    START = "start"
    MISS = "miss its start"
    RELEASE = "be released"
    BUILT = "finish building"
    FAIL = "fail"
    OPEN = "begin to send"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "be cancelled"
    COMPLETE = "be done"
    EXPIRE = "expire"
    ARCHIVE = "be archived"
    RESTORE = "be restored"
    DELETE = "be deleted"


class State(NamedTuple):
    status: Status
    approval: Approval


class Target(NamedTuple):
    """Where a move leads. Status None: back to where it was paused (rule 3)."""

    status: Status | None
    approval: Approval


def _new(
    approvals: Iterable[Approval], to: Approval | None = None
) -> Iterator[tuple[State, Target]]:
    """A New campaign stays New; its approval may change."""
    for approval in approvals:
        yield State(Status.NEW, approval), Target(Status.NEW, to or approval)


def _approved(froms: Iterable[Status], to: Status | None) -> Iterator[tuple[State, Target]]:
    """Whatever moves was approved, and stays so."""
    for status in froms:
        yield State(status, Approval.APPROVED), Target(to, Approval.APPROVED)


def _ended() -> Iterator[tuple[State, Target]]:
    """Every state that a campaign can end in, each staying as it is."""
    for status in sorted(ENDED):
        approvals = set(Approval) - {Approval.SUBMITTED}
        for approval in sorted(approvals if status is Status.CANCELLED else {Approval.APPROVED}):
            yield State(status, approval), Target(status, approval)


def _cancelled() -> Iterator[tuple[State, Target]]:
    """Nobody is to decide on what was cancelled."""
    for (status, approval), target in _new(Approval):
        asked = approval is Approval.SUBMITTED
        yield (
            State(status, approval),
            Target(Status.CANCELLED, Approval.DRAFT if asked else target.approval),
        )
    yield from _approved(LIVE, Status.CANCELLED)


_KEPT: Final = (*_new({Approval.DRAFT, Approval.REJECTED}), *_ended())
# What is archived waits for nobody: neither for a decision nor, approved, for its start.
_SHELVED: Final = (*_new({Approval.SUBMITTED, Approval.APPROVED}, Approval.DRAFT), *_KEPT)
_ROWS: Final[Mapping[Move, Iterable[tuple[State, Target]]]] = {
    Move.EDIT: _new(Approval, Approval.DRAFT),
    Move.SUBMIT: _new({Approval.DRAFT, Approval.REJECTED}, Approval.SUBMITTED),
    Move.WITHDRAW: _new({Approval.SUBMITTED}, Approval.DRAFT),
    Move.APPROVE: _new({Approval.SUBMITTED}, Approval.APPROVED),
    Move.REJECT: _new({Approval.SUBMITTED}, Approval.REJECTED),
    Move.START: _approved({Status.NEW}, Status.BUILDING),
    Move.MISS: _approved({Status.NEW}, Status.NEW),
    Move.RELEASE: _approved({Status.NEW}, Status.NEW),
    Move.BUILT: _approved({Status.BUILDING}, Status.PENDING),
    Move.FAIL: _approved({Status.BUILDING}, Status.FAILED),
    Move.OPEN: _approved({Status.PENDING}, Status.SENDING),
    Move.COMPLETE: _approved({Status.SENDING}, Status.DONE),
    Move.PAUSE: _approved(LIVE - {Status.PAUSED}, Status.PAUSED),
    Move.RESUME: _approved({Status.PAUSED}, None),
    Move.EXPIRE: _approved(LIVE, Status.EXPIRED),
    Move.CANCEL: _cancelled(),
    Move.ARCHIVE: _SHELVED,
    Move.RESTORE: _KEPT,
    Move.DELETE: _KEPT,
}
MOVES: Final[Mapping[tuple[State, Move], Target]] = {
    (state, action): target for action, rows in _ROWS.items() for state, target in rows
}
# Possible with what is archived, and with nothing else (rule 4).
OF_ARCHIVED: Final = frozenset({Move.RESTORE, Move.DELETE})


class PauseReason(StrEnum):
    PERSON = "person"
    UNCLEAN_STOP = "records may be older than the traffic"


@dataclass(frozen=True, slots=True)
class Campaign:
    id: str
    workspace: str
    author: str
    content: Content
    created_at: datetime
    # The address that recipients see; the revision that names it never changes.
    address: str = ""
    # Others who changed it.
    editors: tuple[str, ...] = ()
    status: Status = Status.NEW
    approval: Approval = Approval.DRAFT
    # Digest of what was submitted; the approval holds for exactly this.
    digest: str | None = None
    submitted_at: datetime | None = None
    # The latest one; a rejection stays to be read until the next submission.
    decision: Decision | None = None
    # When it was to start and could not any more: a moderator releases it (SPEC 4.5).
    missed_at: datetime | None = None
    paused_from: Status | None = None
    pause_reason: PauseReason | None = None
    # Number of the latest execution of the state machine; each (re)start takes the next one.
    run: int = 0
    # Those of the list as it was submitted.
    recipients: int = 0
    chunks: int = 0
    started_at: datetime | None = None
    # When the last message of the plan went out; from here on only receipts are awaited.
    sent_at: datetime | None = None
    finished_at: datetime | None = None
    failure: str | None = None
    archived_at: datetime | None = None
    version: int = 0

    @property
    def writers(self) -> frozenset[str]:
        """Who had a hand in it: none of them decides on it alone (SPEC 2.2)."""
        return frozenset({self.author, *self.editors})

    @property
    def state(self) -> State:
        return State(self.status, self.approval)

    @property
    def receipts_until(self) -> datetime | None:
        validity = self.content.overrides.validity or VALIDITY
        return self.sent_at + validity + RECEIPT_GRACE if self.sent_at else None

    @property
    def starts_at(self) -> datetime | None:
        """When it starts, or did: what lists of campaigns show and sort by."""
        return self.content.starts_at or self.started_at


@dataclass(frozen=True, slots=True)
class DeletedCampaign:
    """What stays of a deleted campaign beside its audit records (SPEC 4.4)."""

    id: str
    workspace: str
    author: str
    mode: Mode
    status: Status
    created_at: datetime
    deleted_at: datetime
    deleted_by: str
    recipients: int
    totals: Mapping[str, int] = field(default_factory=dict)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    version: int = 0


def content_digest(campaign: Campaign, revision: Revision, recipients: RecipientList | None) -> str:
    """Digest of everything that decides what is sent (SPEC 4.3), and of its name."""
    return digest_of(
        campaign.content,
        [revision.sender, revision.number, revision.address, revision.channel],
        [revision.source, revision.destination],
        [recipients.id, recipients.digest] if recipients else None,
    )


def move(campaign: Campaign, action: Move) -> Campaign:
    target = MOVES.get((campaign.state, action))
    if target is None or (campaign.archived_at is not None) != (action in OF_ARCHIVED):
        raise IllegalMove("campaign", _standing(campaign), action.value)
    status = target.status or campaign.paused_from
    if status is None:
        raise IllegalMove("campaign", _standing(campaign), action.value)
    return replace(
        campaign, status=status, approval=target.approval, paused_from=None, pause_reason=None
    )


def edit(campaign: Campaign, content: Content, address: str, by: str) -> Campaign:
    """Whatever was asked or decided is void; only why it was rejected stays to be read."""
    kept = None if campaign.approval is Approval.APPROVED else campaign.decision
    return replace(
        _undone(move(campaign, Move.EDIT)),
        content=content,
        address=address,
        editors=tuple(sorted({*campaign.editors, by} - {campaign.author})),
        decision=kept,
    )


def submit(campaign: Campaign, digest: str, recipients: int, now: datetime) -> Campaign:
    submitted = move(campaign, Move.SUBMIT)
    return replace(submitted, digest=digest, submitted_at=now, recipients=recipients, decision=None)


def withdraw(campaign: Campaign) -> Campaign:
    return _undone(move(campaign, Move.WITHDRAW))


def decide(campaign: Campaign, *, approve: bool, decision: Decision) -> Campaign:
    check_undecided(campaign)
    decided = move(campaign, Move.APPROVE if approve else Move.REJECT)
    check_note(decision.note, approve=approve)
    return replace(decided, decision=decision)


def check_undecided(campaign: Campaign) -> None:
    decided = campaign.approval in {Approval.APPROVED, Approval.REJECTED}
    if decided and campaign.decision is not None:
        raise AlreadyDecided(campaign.approval.value, campaign.decision.at)


def is_late(campaign: Campaign, now: datetime) -> bool:
    """Whether its instant is over: an OnTime campaign never starts "now" instead (SPEC 4.5)."""
    start_at = campaign.content.start_at
    return campaign.content.mode is Mode.ON_TIME and start_at is not None and start_at < now


def missed_start(campaign: Campaign, now: datetime) -> bool:
    """Marked so, or sure to be: it waits for somebody who moderates."""
    if campaign.state != State(Status.NEW, Approval.APPROVED) or campaign.archived_at:
        return False
    return campaign.missed_at is not None or is_late(campaign, now)


def miss(campaign: Campaign, now: datetime) -> Campaign:
    return replace(move(campaign, Move.MISS), missed_at=campaign.missed_at or now)


def release(campaign: Campaign, content: Content, digest: str, decision: Decision) -> Campaign:
    """A new time for a missed start, and the approval of what it is with that (SPEC 4.5)."""
    check_missed(campaign, decision.at)
    released = move(campaign, Move.RELEASE)
    return replace(released, content=content, digest=digest, decision=decision, missed_at=None)


def check_missed(campaign: Campaign, now: datetime) -> None:
    """Raise unless it can be released."""
    move(campaign, Move.RELEASE)
    if not missed_start(campaign, now):
        raise IllegalMove("campaign", "not late for its start", Move.RELEASE.value)


def start(campaign: Campaign, now: datetime) -> Campaign:
    started = move(campaign, Move.START)
    return replace(started, run=campaign.run + 1, started_at=now, missed_at=None)


def next_run(campaign: Campaign) -> Campaign:
    """For whoever finds that the execution of this run is gone and starts another."""
    return replace(campaign, run=campaign.run + 1)


def pause(campaign: Campaign, reason: PauseReason) -> Campaign:
    return replace(move(campaign, Move.PAUSE), paused_from=campaign.status, pause_reason=reason)


def finish(campaign: Campaign, action: Move, now: datetime, failure: str | None = None) -> Campaign:
    ended = move(campaign, action)
    if ended.approval is not campaign.approval:
        ended = _undone(ended)
    return replace(ended, finished_at=now, failure=failure, missed_at=None)


def archive(campaign: Campaign, now: datetime) -> Campaign:
    archived = move(campaign, Move.ARCHIVE)
    if archived.approval is not campaign.approval:
        archived = replace(_undone(archived), decision=None)
    return replace(archived, archived_at=now)


def restore(campaign: Campaign, author: str) -> Campaign:
    writers = campaign.writers - {author}
    restored = move(campaign, Move.RESTORE)
    return replace(restored, archived_at=None, author=author, editors=tuple(sorted(writers)))


def check_gate(campaign: Campaign, digest: str) -> None:
    """Raise unless what is about to be sent is what a person approved (SPEC 4.3)."""
    if campaign.approval is not Approval.APPROVED or campaign.decision is None:
        raise Conflict("It has no recorded approval.")
    if campaign.digest != digest:
        raise Conflict("It is not what was approved: the digest differs.")


def unsent_state(status: Status) -> RecipientState | None:
    return _UNSENT.get(status)


def _undone(campaign: Campaign) -> Campaign:
    return replace(campaign, digest=None, submitted_at=None, missed_at=None, recipients=0)


def _standing(campaign: Campaign) -> str:
    if campaign.archived_at is not None:
        return f"{campaign.status.value} and archived"
    if campaign.status is Status.NEW:
        return f"{campaign.status.value} ({campaign.approval.value})"
    return campaign.status.value
