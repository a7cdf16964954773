"""Senders, lists and campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.api.shapes import Answer, Shape
from chalicelib.domain.recipient_list import PART_BYTES

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.ledger import Counters
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.sender import Sender


class NewList(Shape, frozen=True):
    name: str
    size: int
    default_country: str | None = None


class PartNumbers(Shape, frozen=True):
    parts: list[int]


class NewCampaign(Shape, frozen=True):
    name: str
    text: str
    sender: str
    list: str
    auto_start: bool = False


class Note(Shape, frozen=True):
    note: str = ""


def sender(item: Sender) -> Answer:
    return {
        "id": item.id,
        "name": item.name,
        "current_revision": item.current_revision,
        "created_at": item.created_at,
    }


def recipient_list(item: RecipientList) -> Answer:
    return {
        "id": item.id,
        "name": item.name,
        "status": item.status,
        "author": item.author,
        "size": item.size,
        "parts": item.parts,
        "part_bytes": PART_BYTES,
        "counts": {
            "valid": item.counts.valid,
            "duplicate": item.counts.duplicate,
            "invalid": item.counts.invalid,
        },
        "digest": item.digest,
        "failure": item.failure,
        "created_at": item.created_at,
    }


def campaign(item: Campaign, totals: Counters | None = None) -> Answer:
    answer: Answer = {
        "id": item.id,
        "name": item.name,
        "mode": item.mode,
        "text": item.text,
        "sender": item.sender,
        "revision": item.revision,
        "list": item.list,
        "auto_start": item.auto_start,
        "author": item.author,
        "status": item.status,
        "approval": item.approval,
        "digest": item.digest,
        "decision": item.decision,
        "pause_reason": item.pause_reason,
        "recipients": item.recipients,
        "failure": item.failure,
        "created_at": item.created_at,
        "started_at": item.started_at,
        "sent_at": item.sent_at,
        "finished_at": item.finished_at,
    }
    if totals is not None:
        answer["totals"] = totals
    return answer
