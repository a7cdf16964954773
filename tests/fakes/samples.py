"""A record of each kind, whole and plausible; keyword arguments change what a test is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from chalicelib.domain.audit import Actor, AuditRecord
from chalicelib.domain.campaign import Campaign, Mode
from chalicelib.domain.channel import Channel
from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.delivery import (
    ChunkRecord,
    InboxItem,
    JournalItem,
    LiveCampaign,
    Offer,
    Traffic,
    Window,
)
from chalicelib.domain.formats.inbox import RawReceipt
from chalicelib.domain.identity import Session, User
from chalicelib.domain.ledger import Outcome, OutcomeKind
from chalicelib.domain.recipient_list import ListCounts, ListStatus, RecipientList
from chalicelib.domain.request import MadeOnce
from chalicelib.domain.sender import (
    ALPHANUMERIC,
    DESTINATION,
    Revision,
    RevisionStatus,
    Sender,
)
from chalicelib.domain.workspace import Member, Role, Workspace
from tests.fakes.services import MORNING

_numbers = count(1)


def workspace(**changes: Any) -> Workspace:
    made = Workspace("wsp_a", "Acme", "Europe/Berlin", False, b"\x00wrapped", MORNING)  # noqa: FBT003 - the record's column
    return replace(made, **changes)


def member(**changes: Any) -> Member:
    return replace(Member("wsp_a", "usr_a", Role.AUTHOR, True, MORNING), **changes)  # noqa: FBT003 - likewise


def user(**changes: Any) -> User:
    return replace(User("usr_a", "ada@example.com", "Ada", "hash", MORNING), **changes)


def session(**changes: Any) -> Session:
    made = Session("d" * 64, "usr_a", MORNING, MORNING + timedelta(hours=8, microseconds=1))
    return replace(made, **changes)


def made_once(**changes: Any) -> MadeOnce:
    expiry = MORNING + timedelta(hours=24, microseconds=1)
    return replace(MadeOnce("wsp_a", "usr_a", "key-1", "c" * 64, "cmp_a", expiry), **changes)


def sender(**changes: Any) -> Sender:
    return replace(Sender("snd_a", "wsp_a", "Shop", None, MORNING), **changes)


def revision(**changes: Any) -> Revision:
    made = Revision(
        sender="snd_a",
        number=1,
        workspace="wsp_a",
        status=RevisionStatus.PENDING,
        address="ACME",
        source=ALPHANUMERIC,
        destination=DESTINATION,
        channel="chn_a",
        author="usr_a",
        created_at=MORNING,
    )
    return replace(made, **changes)


def recipient_list(**changes: Any) -> RecipientList:
    made = RecipientList(
        id="lst_a",
        workspace="wsp_a",
        name="all.csv",
        author="usr_a",
        status=ListStatus.READY,
        size=123_456_789,
        default_country=None,
        upload="upload-1",
        created_at=MORNING,
        counts=ListCounts(valid=3, duplicate=1, invalid={"empty": 2}),
        digest="b" * 64,
    )
    return replace(made, **changes)


def campaign(**changes: Any) -> Campaign:
    made = Campaign(
        id="cmp_a",
        workspace="wsp_a",
        author="usr_a",
        name="Spring",
        mode=Mode.ON_DEMAND,
        text="Hello 👋",
        sender="snd_a",
        revision=1,
        list="lst_a",
        auto_start=True,
        created_at=MORNING,
    )
    return replace(made, **changes)


def window(**changes: Any) -> Window:
    return replace(Window("wsp_a", "cmp_a", 0, MORNING), **changes)


def live(**changes: Any) -> LiveCampaign:
    return replace(LiveCampaign("wsp_a", "cmp_a"), **changes)


def channel(**changes: Any) -> Channel:
    made = Channel(
        id="chn_a",
        name="Carrier",
        host="127.0.0.1",
        port=2775,
        server_name="smsc.example.com",
        system_id="acme",
        secret="carrier-a",
        rate=70.0,
        window=10,
    )
    return replace(made, **changes)


def traffic(**changes: Any) -> Traffic:
    made = Traffic("chn_a", "wsp_a", "cmp_a", "lst_a", MORNING, MORNING + timedelta(days=5))
    return replace(made, **changes)


def offer(**changes: Any) -> Offer:
    return replace(Offer("wsp_a", "cmp_a", "chn_a", 0, 0, 0, 10_000), **changes)


def chunk(**changes: Any) -> ChunkRecord:
    made = ChunkRecord("wsp_a", "cmp_a", 0, "lst_a", "lists/wsp_a/lst_a/chunk-00000", 10_000)
    return replace(made, **changes)


def outcome(**changes: Any) -> Outcome:
    made = Outcome(
        index=0,
        part=0,
        parts=1,
        kind=OutcomeKind.ACCEPTED,
        at_ms=1_772_442_000_123,
        space=CodeSpace.COMMAND_STATUS,
        code=0,
        message_id="1a2b",
    )
    return replace(made, **changes)


def journal_item(**changes: Any) -> JournalItem:
    made = JournalItem("wsp_a", "cmp_a", 0, "bridge-a.1", 1, (outcome(), outcome(index=1)))
    return replace(made, **changes)


def receipt(**changes: Any) -> RawReceipt:
    made = RawReceipt(
        received_ms=1_772_442_001_000,
        source="491700000001",
        destination="ACME",
        message_id="1a2b",
        state=2,
        error=0,
        short_message=b"id:1a2b stat:DELIVRD err:000",
    )
    return replace(made, **changes)


def inbox_item(**changes: Any) -> InboxItem:
    return replace(InboxItem("chn_a", "1-1", MORNING, (receipt(),)), **changes)


def audit(**changes: Any) -> AuditRecord:
    """A new one at every call: no two changes have the same."""
    made = AuditRecord(
        id=f"aud_{next(_numbers):026}",
        workspace="wsp_a",
        at=MORNING,
        actor=Actor("usr_a", "author", "127.0.0.1", "test", "req-1"),
        action="tested",
        object="cmp_a",
        before={"status": None},
        after={"status": "new", "recipients": 3, "auto_start": True},
    )
    return replace(made, **changes)
