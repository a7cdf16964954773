"""Campaigns: the status table, approval, and the digest an approval is bound to (SPEC 4.3, 4.4).

Rule 1: every change of status is a row of `MOVES`; nothing else assigns `status`.
Rule 2: approval is a field of its own. It is bound to `content_digest`; whoever dispatches compares
        the digest again, from the records (SPEC 4.3).
Rule 3: a paused campaign remembers where it was (`paused_from`), since a restart that may have lost
        records holds campaigns that were only Building or Pending as well (DESIGN 5).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import AlreadyDecided, Conflict, IllegalMove, require
from chalicelib.domain.ledger import RecipientState
from chalicelib.sms.parts import MAX_PARTS, TextError, measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.audit import Facts
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.sender import Revision

NAME_MAX: Final = 200
NOTE_MAX: Final = 1000
# How long a carrier may keep trying when a message names no validity period of its own.
VALIDITY: Final = timedelta(hours=48)
# Receipts are awaited for the validity period plus this (SPEC 4.4).
RECEIPT_GRACE: Final = timedelta(hours=24)


class Mode(StrEnum):
    ON_DEMAND = "on_demand"


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


LIVE: Final = frozenset({Status.BUILDING, Status.PENDING, Status.SENDING, Status.PAUSED})


# What became of recipients that were still pending when a campaign ended early. It is derived from
# the status, never written to the ledgers (DESIGN 4.4).
_UNSENT: Final[Mapping[Status, RecipientState]] = {
    Status.CANCELLED: RecipientState.CANCELLED,
    Status.FAILED: RecipientState.CANCELLED,
    Status.EXPIRED: RecipientState.EXPIRED,
}


class Move(StrEnum):
    START = "start"
    BUILT = "finish building"
    FAIL = "fail"
    OPEN = "begin to send"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "be cancelled"
    COMPLETE = "be done"
    EXPIRE = "expire"


# RESUME has no fixed target: it returns to `paused_from` (rule 3), hence None.
MOVES: Final[Mapping[tuple[Status, Move], Status | None]] = {
    (Status.NEW, Move.START): Status.BUILDING,
    (Status.BUILDING, Move.BUILT): Status.PENDING,
    (Status.BUILDING, Move.FAIL): Status.FAILED,
    (Status.PENDING, Move.OPEN): Status.SENDING,
    (Status.SENDING, Move.COMPLETE): Status.DONE,
    (Status.PAUSED, Move.RESUME): None,
    **{(live, Move.PAUSE): Status.PAUSED for live in LIVE - {Status.PAUSED}},
    **{(live, Move.EXPIRE): Status.EXPIRED for live in LIVE},
    **{(live, Move.CANCEL): Status.CANCELLED for live in LIVE | {Status.NEW}},
}


class Approval(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


class PauseReason(StrEnum):
    PERSON = "person"
    UNCLEAN_STOP = "records may be older than the traffic"


@dataclass(frozen=True, slots=True)
class Decision:
    by: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    id: str
    workspace: str
    author: str
    name: str
    mode: Mode
    text: str
    sender: str
    revision: int
    list: str
    auto_start: bool
    created_at: datetime
    status: Status = Status.NEW
    approval: Approval = Approval.DRAFT
    # Digest of what was submitted; the approval holds for exactly this.
    digest: str | None = None
    decision: Decision | None = None
    paused_from: Status | None = None
    pause_reason: PauseReason | None = None
    # Number of the latest execution of the state machine; each (re)start takes the next one.
    run: int = 0
    recipients: int = 0
    chunks: int = 0
    started_at: datetime | None = None
    # When the last message of the plan went out; from here on only receipts are awaited.
    sent_at: datetime | None = None
    finished_at: datetime | None = None
    failure: str | None = None
    version: int = 0

    @property
    def receipts_until(self) -> datetime | None:
        return self.sent_at + VALIDITY + RECEIPT_GRACE if self.sent_at else None


def check_new(name: str, text: str) -> None:
    require(
        (0 < len(name.strip()) <= NAME_MAX, "name", f"use 1 to {NAME_MAX} characters"),
        (_fits(text), "text", f"must be 1 character to {MAX_PARTS} parts long"),
        ("{{" not in text, "text", "merge fields are not available: remove the double braces"),
    )


def _fits(text: str) -> bool:
    try:
        return bool(text) and measure(text).parts > 0
    except TextError:
        return False


def content_digest(campaign: Campaign, revision: Revision, recipients: RecipientList) -> str:
    """Digest of everything that decides what is sent (SPEC 4.3)."""
    content = {
        "mode": campaign.mode.value,
        "text": campaign.text,
        "sender": [revision.sender, revision.number, revision.address, revision.channel],
        "types": [
            revision.source.ton,
            revision.source.npi,
            revision.destination.ton,
            revision.destination.npi,
        ],
        "list": [recipients.id, recipients.digest],
        "auto_start": campaign.auto_start,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def submit(campaign: Campaign, digest: str, recipients: int) -> Campaign:
    if campaign.status is not Status.NEW or campaign.approval in {
        Approval.SUBMITTED,
        Approval.APPROVED,
    }:
        raise IllegalMove("campaign", _standing(campaign), "be submitted")
    return replace(
        campaign,
        approval=Approval.SUBMITTED,
        digest=digest,
        recipients=recipients,
        decision=None,
    )


def decide(campaign: Campaign, *, approve: bool, decision: Decision) -> Campaign:
    check_undecided(campaign)
    if campaign.approval is not Approval.SUBMITTED or campaign.status is not Status.NEW:
        raise IllegalMove("campaign", _standing(campaign), "be decided")
    require((approve or bool(decision.note.strip()), "note", "say why it is rejected"))
    require((len(decision.note) <= NOTE_MAX, "note", f"use {NOTE_MAX} characters at most"))
    outcome = Approval.APPROVED if approve else Approval.REJECTED
    return replace(campaign, approval=outcome, decision=decision)


def check_undecided(campaign: Campaign) -> None:
    if campaign.decision is not None:
        raise AlreadyDecided(campaign.approval.value, campaign.decision.at)


def move(campaign: Campaign, action: Move) -> Campaign:
    if (campaign.status, action) not in MOVES:
        raise IllegalMove("campaign", campaign.status.value, action.value)
    target = MOVES[campaign.status, action] or campaign.paused_from
    if target is None:
        raise IllegalMove("campaign", campaign.status.value, action.value)
    return replace(campaign, status=target, paused_from=None, pause_reason=None)


def start(campaign: Campaign, now: datetime) -> Campaign:
    if campaign.approval is not Approval.APPROVED:
        raise IllegalMove("campaign", _standing(campaign), Move.START.value)
    return replace(move(campaign, Move.START), run=campaign.run + 1, started_at=now)


def next_run(campaign: Campaign) -> Campaign:
    """For whoever finds that the execution of this run is gone and starts another."""
    return replace(campaign, run=campaign.run + 1)


def pause(campaign: Campaign, reason: PauseReason) -> Campaign:
    return replace(move(campaign, Move.PAUSE), paused_from=campaign.status, pause_reason=reason)


def finish(campaign: Campaign, action: Move, now: datetime, failure: str | None = None) -> Campaign:
    return replace(move(campaign, action), finished_at=now, failure=failure)


def check_gate(campaign: Campaign, digest: str) -> None:
    """Raise unless what is about to be sent is what a person approved (SPEC 4.3)."""
    if campaign.approval is not Approval.APPROVED or campaign.decision is None:
        raise Conflict("It has no recorded approval.")
    if campaign.digest != digest:
        raise Conflict("It is not what was approved: the digest differs.")


def unsent_state(status: Status) -> RecipientState | None:
    return _UNSENT.get(status)


def facts(campaign: Campaign) -> Facts:
    """What an audit record keeps of a campaign."""
    return {
        "name": campaign.name,
        "status": campaign.status.value,
        "approval": campaign.approval.value,
        "digest": campaign.digest,
        "note": campaign.decision.note if campaign.decision else None,
        "pause_reason": campaign.pause_reason.value if campaign.pause_reason else None,
        "run": campaign.run,
        "failure": campaign.failure,
    }


def _standing(campaign: Campaign) -> str:
    if campaign.status is Status.NEW:
        return f"{campaign.status.value} ({campaign.approval.value})"
    return campaign.status.value
