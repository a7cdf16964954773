"""A record of each kind, whole and plausible; keyword arguments change what a test is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from chalicelib.domain.audit import Actor, AuditRecord
from chalicelib.domain.campaign import Campaign, DeletedCampaign, Status
from chalicelib.domain.channel import Channel
from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.content import Content, InDoubt, Mode, Overrides, Tlv
from chalicelib.domain.credentials import ApiKey, Client, Secret
from chalicelib.domain.delivery import (
    ChunkRecord,
    InboxItem,
    JournalItem,
    LiveCampaign,
    Offer,
    Traffic,
    Window,
)
from chalicelib.domain.erasure import Erasure, ErasureTurn, OpenErasure, Suppressed
from chalicelib.domain.formats.inbox import RawReceipt
from chalicelib.domain.identity import (
    Device,
    PasswordReset,
    SecondFactor,
    Session,
    User,
)
from chalicelib.domain.ingest_progress import IngestProgress
from chalicelib.domain.invitation import Applicant, Invitation, JoinRequest
from chalicelib.domain.ledger import Outcome, OutcomeKind
from chalicelib.domain.list_keeping import ListRemoval, ListRound, ListUse
from chalicelib.domain.lockout import Attempts
from chalicelib.domain.membership import Member, Roster
from chalicelib.domain.moderation import ItemKind, QueueItem
from chalicelib.domain.recipient_list import ListCounts, ListStatus, OpenList, RecipientList
from chalicelib.domain.request import MadeOnce
from chalicelib.domain.rights import Right, Role, Scope, Standing
from chalicelib.domain.screening import Screening
from chalicelib.domain.seals import Covered, Seal
from chalicelib.domain.sender import (
    ALPHANUMERIC,
    DESTINATION,
    Revision,
    RevisionStatus,
    Sender,
)
from chalicelib.domain.suppression import (
    Source,
    Suppression,
    SuppressionChange,
    SuppressionList,
)
from chalicelib.domain.survey import Survey
from chalicelib.domain.workspace import (
    DailyLimit,
    DailyWindow,
    LimitUnit,
    Retention,
    Workspace,
)
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
    made = Session(
        user="usr_a",
        digest="d" * 64,
        created_at=MORNING,
        expires_at=MORNING + timedelta(hours=8, microseconds=1),
        address="192.0.2.1",
        agent="test",
    )
    return replace(made, **changes)


def settled_workspace(**changes: Any) -> Workspace:
    """One with every setting set."""
    return replace(
        workspace(
            daily_window=DailyWindow(480, 1200),
            daily_limit=DailyLimit(10_000, LimitUnit.SEGMENTS),
            retention=Retention(audit_days=120, list_days=30, ledger_days=60),
            permissions={Right.EXPORT: {Standing.AUTHOR: Scope.NONE, Standing.ADMIN: Scope.ALL}},
            join_code="wsp_a.ABCDEFGHJK",
        ),
        **changes,
    )


def second_factor(**changes: Any) -> SecondFactor:
    made = SecondFactor(b"\x00seed", confirmed=True, last_step=7, recovery=("e" * 64, "f" * 64))
    return replace(made, **changes)


def device(**changes: Any) -> Device:
    made = Device("usr_a", "a" * 64, MORNING, MORNING + timedelta(days=90, microseconds=1))
    return replace(made, **changes)


def attempts(**changes: Any) -> Attempts:
    until = MORNING + timedelta(minutes=1)
    made = Attempts("5" * 64, "elsewhere", 3, until, MORNING + timedelta(hours=24))
    return replace(made, **changes)


def password_reset(**changes: Any) -> PasswordReset:
    made = PasswordReset("usr_a", "9" * 64, MORNING, MORNING + timedelta(hours=1, microseconds=1))
    return replace(made, **changes)


def roster(**changes: Any) -> Roster:
    return replace(Roster("wsp_a", ("usr_a", "usr_b")), **changes)


def invitation(**changes: Any) -> Invitation:
    made = Invitation(
        id="inv_a",
        workspace="wsp_a",
        email="grace@example.com",
        role=Role.AUTHOR,
        is_moderator=True,
        invited_by="usr_a",
        created_at=MORNING,
        expires_at=MORNING + timedelta(days=7, microseconds=1),
        digest="7" * 64,
        mailed_at=MORNING,
    )
    return replace(made, **changes)


def join_request(**changes: Any) -> JoinRequest:
    made = JoinRequest("wsp_a", "usr_c", "grace@example.com", "Grace", MORNING)
    return replace(made, **changes)


def applicant(**changes: Any) -> Applicant:
    made = Applicant(
        workspace="wsp_a",
        email="grace@example.com",
        name="Grace",
        digest="6" * 64,
        created_at=MORNING,
        expires_at=MORNING + timedelta(hours=24, microseconds=1),
    )
    return replace(made, **changes)


def secret(**changes: Any) -> Secret:
    return replace(Secret("4" * 64, "usr_a", MORNING), **changes)


def api_key(**changes: Any) -> ApiKey:
    made = ApiKey(
        id="key_a",
        workspace="wsp_a",
        name="Shop system",
        scopes=(Right.VIEW, Right.FEED),
        secrets=(secret(), secret(digest="3" * 64, valid_until=MORNING + timedelta(hours=1))),
        created_by="usr_a",
        created_at=MORNING,
        expires_at=MORNING + timedelta(days=365, microseconds=1),
    )
    return replace(made, **changes)


def client(**changes: Any) -> Client:
    made = Client(
        id="cli_a",
        workspace="wsp_a",
        name="CleverTap",
        secrets=(secret(),),
        created_by="usr_a",
        created_at=MORNING,
    )
    return replace(made, **changes)


def covered(**changes: Any) -> Covered:
    made = Covered("001772442000000#aud_a", "2" * 64, MORNING + timedelta(days=90))
    return replace(made, **changes)


def seal(**changes: Any) -> Seal:
    made = Seal(
        workspace="wsp_a",
        number=1,
        at=MORNING,
        previous="0" * 64,
        previous_expires_at=MORNING,
        records=(covered(), covered(key="001772442000000#aud_b", hash="1" * 64)),
        expires_at=MORNING + timedelta(days=90),
        hash="8" * 64,
    )
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
        content=content(),
        created_at=MORNING,
        address="ACME",
    )
    return replace(made, **changes)


def content(**changes: Any) -> Content:
    made = Content(
        mode=Mode.ON_DEMAND,
        name="Spring",
        text="Hello 👋",
        sender="snd_a",
        revision=1,
        list="lst_a",
        auto_start=True,
    )
    return replace(made, **changes)


def full_content(**changes: Any) -> Content:
    """One with every field written, as no mode takes it."""
    return replace(
        content(
            mode=Mode.SPREAD,
            free_text=True,
            channel="chn_b",
            start_at=MORNING + timedelta(hours=1, microseconds=1),
            date_from=MORNING + timedelta(hours=2),
            date_to=MORNING + timedelta(days=2),
            deadline=MORNING + timedelta(days=3),
            time_zone="Europe/London",
            daily_window=DailyWindow(0, 1440),
            daily_limit=DailyLimit(500, LimitUnit.MESSAGES),
            ignore_daily_window=True,
            transliterate=True,
            in_doubt=InDoubt.RECONCILE,
            overrides=overrides(),
        ),
        **changes,
    )


def overrides(**changes: Any) -> Overrides:
    made = Overrides(
        saddr="SHOP",
        saddr_sender="snd_b",
        saddr_revision=2,
        ston=5,
        snpi=0,
        dton=1,
        dnpi=1,
        validity=timedelta(hours=36),
        tlvs=(Tlv(0x1401, bytes(range(255))), Tlv(0x1402, b"")),
    )
    return replace(made, **changes)


def deleted_campaign(**changes: Any) -> DeletedCampaign:
    made = DeletedCampaign(
        id="cmp_a",
        workspace="wsp_a",
        author="usr_a",
        mode=Mode.ON_DEMAND,
        status=Status.DONE,
        created_at=MORNING,
        deleted_at=MORNING + timedelta(days=9, microseconds=1),
        deleted_by="usr_b",
        recipients=3,
        totals={"delivered": 2, "failed": 1},
        started_at=MORNING + timedelta(minutes=1),
        finished_at=MORNING + timedelta(minutes=2),
    )
    return replace(made, **changes)


def queue_item(**changes: Any) -> QueueItem:
    made = QueueItem(
        workspace="wsp_a",
        kind=ItemKind.CAMPAIGN,
        object="cmp_a",
        revision=0,
        author="usr_a",
        title="Spring",
        digest="e" * 64,
        submitted_at=MORNING,
        recipients=3,
    )
    return replace(made, **changes)


def survey(**changes: Any) -> Survey:
    made = Survey(
        workspace="wsp_a",
        campaign="cmp_a",
        digest="f" * 64,
        begun_at=MORNING,
        written_at=MORNING + timedelta(seconds=1, microseconds=1),
        recipients=10,
        counted=9,
        by_parts={1: 6, 10: 2},
        by_encoding={"gsm": 6, "ucs2": 2},
        too_long=1,
        empty={"name": 4, "a#b": 1},
        samples=("Hello 👋", ""),
    )
    return replace(made, **changes)


def screening(**changes: Any) -> Screening:
    made = Screening(
        workspace="wsp_a",
        list="lst_a",
        digest="f00d",
        asked_at=MORNING,
        written_at=MORNING + timedelta(seconds=3, microseconds=1),
        recipients=10_000_000,
        counted=20_000,
        found=7,
        suppressed=0,
        as_of=MORNING - timedelta(days=1),
    )
    return replace(made, **changes)


def list_use(**changes: Any) -> ListUse:
    return replace(ListUse("wsp_a", "lst_a", "cmp_a"), **changes)


def list_removal(**changes: Any) -> ListRemoval:
    return replace(ListRemoval("wsp_a", "lst_a", MORNING), **changes)


def list_round(**changes: Any) -> ListRound:
    return replace(ListRound("wsp_a", MORNING, "lst_a"), **changes)


def erasure(**changes: Any) -> Erasure:
    """One under way."""
    made = Erasure(
        id="era_a",
        workspace="wsp_a",
        ctn_hash="c" * 64,
        asked_by="usr_a",
        created_at=MORNING,
        keep_suppressed=True,
        token=2**64 - 1,
        after="lst_c",
        waiting=("lst_a",),
        lists=3,
        erased=1,
        noted="lst_b",
    )
    return replace(made, **changes)


def done_erasure(**changes: Any) -> Erasure:
    ended = erasure(
        token=None,
        come_through=True,
        waiting=(),
        suppressed=Suppressed.REMOVED,
        finished_at=MORNING + timedelta(minutes=3),
    )
    return replace(ended, **changes)


def open_erasure(**changes: Any) -> OpenErasure:
    return replace(OpenErasure("wsp_a", "era_a"), **changes)


def erasure_turn(**changes: Any) -> ErasureTurn:
    return replace(ErasureTurn("wsp_a", MORNING), **changes)


def ingest_progress(**changes: Any) -> IngestProgress:
    made = IngestProgress(
        workspace="wsp_a",
        list="lst_a",
        size=1_000,
        octets=600,
        lines=50,
        stored=0,
        recipients=40,
        begun_at=MORNING,
        written_at=MORNING + timedelta(seconds=2, microseconds=1),
    )
    return replace(made, **changes)


def suppression(**changes: Any) -> Suppression:
    made = Suppression(
        workspace="wsp_a",
        token=0xFEDCBA9876543210,
        number=491700000001,
        source=Source.ADDED,
        at=MORNING,
        by="usr_a",
        note="asked by phone",
    )
    return replace(made, **changes)


def suppression_list(**changes: Any) -> SuppressionList:
    return replace(SuppressionList("wsp_a", "lst_a", MORNING), **changes)


def suppression_change(**changes: Any) -> SuppressionChange:
    made = SuppressionChange("wsp_a", "sup_a", MORNING, numbers=(491700000001, 2**64 - 1))
    return replace(made, **changes)


def window(**changes: Any) -> Window:
    return replace(Window("wsp_a", "cmp_a", 0, MORNING), **changes)


def open_list(**changes: Any) -> OpenList:
    return replace(OpenList("wsp_a", "lst_a", MORNING), **changes)


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
        id=f"aud_s{next(_numbers):025}",
        workspace="wsp_a",
        at=MORNING,
        expires_at=MORNING + timedelta(days=90),
        actor=Actor("usr_a", "author", "127.0.0.1", "test", "req-1"),
        action="tested",
        object="cmp_a",
        author="usr_a",
        before={"status": None},
        after={"status": "new", "recipients": 3, "auto_start": True},
    )
    return replace(made, **changes)
