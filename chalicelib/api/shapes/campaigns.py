"""Campaigns: what their authors write, where they stand, and lists of them (SPEC 4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.shapes import Paging, Shape, patterns
from chalicelib.api.shapes.daily import (
    LimitShape,
    WindowOut,
    WindowShape,
    ZoneName,
    limit_of,
    value,
    window,
    window_of,
)
from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.campaign_listing import (
    SEARCH_MAX,
    CampaignLine,
    CampaignQuery,
    Sort,
    missed_start,
)
from chalicelib.domain.content import (
    NAME_MAX,
    TAG_MAX,
    TEXT_MAX,
    TLV_BYTES_MAX,
    TLVS_MAX,
    VALIDITY_MAX,
    VALIDITY_MIN,
    InDoubt,
    Mode,
    Tlv,
)
from chalicelib.domain.errors import Invalid, Problem
from chalicelib.domain.ledger import Counters
from chalicelib.domain.sender import NPIS, NUMERIC_MAX, TONS
from chalicelib.domain.workspace import DailyLimit
from chalicelib.usecases.drafting import ContentChanges, OverridesChanges

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.campaign import Campaign, DeletedCampaign
    from chalicelib.domain.content import Content, Overrides
    from chalicelib.domain.decision import Decision

SECOND = timedelta(seconds=1)

# With a zone: a wall clock's time means another instant elsewhere.
Instant = Annotated[datetime, Meta(tz=True, examples=["2026-12-01T09:00:00Z"])]
Ton = Annotated[int, Meta(ge=min(TONS), le=max(TONS), description="Type of number (SMPP 5.2.5).")]
Npi = Annotated[
    int,
    Meta(
        ge=min(NPIS),
        le=max(NPIS),
        description="Numbering plan (SMPP 5.2.6): " + ", ".join(map(str, sorted(NPIS))) + ".",
    ),
]
Name = Annotated[str, Meta(max_length=NAME_MAX, examples=["Spring sale"])]
Text = Annotated[
    str,
    Meta(
        max_length=TEXT_MAX,
        description="May hold merge fields, {{name}} or {{name|what stands for an empty value}}.",
        examples=["Hello {{name|friend}}, 20% off everything until Sunday."],
    ),
]


SourceAddress = Annotated[
    str,
    Meta(
        max_length=NUMERIC_MAX,
        description="The address of an approved revision of the workspace.",
        examples=["ACME"],
    ),
]
Validity = Annotated[int, Meta(ge=VALIDITY_MIN // SECOND, le=VALIDITY_MAX // SECOND)]


class TlvShape(Shape, frozen=True):
    """An optional SMPP parameter, passed on as it is."""

    tag: Annotated[int, Meta(ge=1, le=TAG_MAX, examples=[0x1400])]
    value: Annotated[
        str,
        Meta(
            pattern=patterns.OCTETS,
            max_length=2 * TLV_BYTES_MAX,
            description="Octets in hexadecimal.",
            examples=["00ff"],
        ),
    ]


class OverridesShape(Shape, frozen=True):
    """SMPP fields in place of the revision's. What is left out stays; null takes one away."""

    saddr: SourceAddress | UnsetType | None = UNSET
    ston: Ton | UnsetType | None = UNSET
    snpi: Npi | UnsetType | None = UNSET
    dton: Ton | UnsetType | None = UNSET
    dnpi: Npi | UnsetType | None = UNSET
    validity_seconds: Validity | UnsetType | None = UNSET
    tlvs: Annotated[list[TlvShape], Meta(max_length=TLVS_MAX)] | UnsetType = UNSET


class CampaignFields(Shape, frozen=True):
    """Any of the five steps, in any order; what is left out stays as it is. Whether it can all be
    sent is told by the review, and when it is submitted.
    """

    mode: Mode | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    text: Text | UnsetType = UNSET
    # Trigger: recipients may bring their own text.
    free_text: bool | UnsetType = UNSET
    # Null takes it away; its current approved revision is meant, unless `revision` names another.
    sender: str | UnsetType | None = UNSET
    revision: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    # Null: the revision's.
    channel: str | UnsetType | None = UNSET
    list: str | UnsetType | None = UNSET
    # OnTime.
    start_at: Instant | UnsetType | None = UNSET
    # Spread.
    date_from: Instant | UnsetType | None = UNSET
    date_to: Instant | UnsetType | None = UNSET
    deadline: Instant | UnsetType | None = UNSET
    time_zone: ZoneName | UnsetType | None = UNSET
    daily_window: WindowShape | UnsetType | None = UNSET
    daily_limit: LimitShape | UnsetType | None = UNSET
    # Trigger.
    ignore_daily_window: bool | UnsetType = UNSET
    auto_start: bool | UnsetType = UNSET
    transliterate: bool | UnsetType = UNSET
    in_doubt: InDoubt | UnsetType = UNSET
    overrides: OverridesShape | UnsetType = UNSET


class CloneCampaign(Shape, frozen=True):
    """Without a name the copy has the original's."""

    name: Name | None = None


class RestoreCampaign(Shape, frozen=True):
    """Where its author has left the workspace, who shall be its author now."""

    author: str | None = None


class Order(StrEnum):
    ASC = "asc"
    DESC = "desc"


class CampaignFilter(Paging, frozen=True):
    """Several of one kind stand with commas between them, such as `status=new,paused`."""

    sort: Sort = Sort.CREATED
    order: Order = Order.DESC
    archived: bool = False
    status: str | None = None
    approval: str | None = None
    mode: str | None = None
    sender: str | None = None
    author: str | None = None
    # Part of an id, a name, or the address that recipients see.
    search: Annotated[str, Meta(min_length=1, max_length=SEARCH_MAX)] | None = None
    created_from: Instant | None = None
    created_to: Instant | None = None
    start_from: Instant | None = None
    start_to: Instant | None = None
    missed_start: bool = False


class Numbers(StrEnum):
    MASKED = "masked"
    FULL = "full"


class RecipientFilter(Paging, frozen=True):
    """`numbers=full` needs the right to it, and is recorded."""

    numbers: Numbers = Numbers.MASKED


class TlvOut(msgspec.Struct, frozen=True):
    tag: int
    value: str


class OverridesOut(msgspec.Struct, frozen=True):
    saddr: str | None
    ston: int | None
    snpi: int | None
    dton: int | None
    dnpi: int | None
    validity_seconds: int | None
    tlvs: list[TlvOut]


class ContentOut(msgspec.Struct, frozen=True, kw_only=True):
    """What the author wrote; null or empty is what is not written yet."""

    mode: Mode
    name: str
    text: str
    free_text: bool
    sender: str | None
    revision: int | None
    channel: str | None
    list: str | None
    start_at: datetime | None
    date_from: datetime | None
    date_to: datetime | None
    deadline: datetime | None
    time_zone: str | None
    daily_window: WindowOut | None
    daily_limit: DailyLimit | None
    ignore_daily_window: bool
    auto_start: bool
    transliterate: bool
    in_doubt: InDoubt
    overrides: OverridesOut


class DecisionOut(msgspec.Struct, frozen=True):
    """The latest one. A rejection's note says why."""

    by: str
    at: datetime
    note: str


class CampaignOut(ContentOut, frozen=True, kw_only=True):
    """A campaign; `totals` are its recipients by what became of them, once it is being sent."""

    id: str
    author: str
    # The address that recipients see.
    address: str
    status: Status
    approval: Approval
    # What an approval is bound to: a moderator sends it back.
    digest: str | None
    submitted_at: datetime | None
    decision: DecisionOut | None
    missed_start: bool
    pause_reason: str | None
    failure: str | None
    recipients: int
    created_at: datetime
    started_at: datetime | None
    sent_at: datetime | None
    finished_at: datetime | None
    archived_at: datetime | None
    version: int
    totals: Counters | None


class CampaignLineOut(msgspec.Struct, frozen=True):
    """A campaign as lists show it."""

    id: str
    name: str
    mode: Mode
    status: Status
    approval: Approval
    author: str
    sender: str | None
    address: str
    recipients: int
    created_at: datetime
    starts_at: datetime | None
    missed_start: bool
    archived_at: datetime | None


class DeletedCampaignOut(msgspec.Struct, frozen=True):
    """What stays of a deleted campaign, beside its audit records."""

    id: str
    author: str
    mode: Mode
    status: Status
    recipients: int
    totals: dict[str, int]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deleted_at: datetime
    deleted_by: str


def changes_of(given: CampaignFields) -> ContentChanges:
    overrides = given.overrides
    made: dict[str, Callable[[Any], Any]] = {"daily_window": window_of, "daily_limit": limit_of}
    written = {
        name: value(getattr(given, name), made.get(name))
        for name in given.__struct_fields__
        if name != "overrides"
    }
    changed = OverridesChanges() if isinstance(overrides, UnsetType) else _overrides_of(overrides)
    return ContentChanges(**written, overrides=changed)


def query_of(given: CampaignFilter) -> CampaignQuery:
    return CampaignQuery(
        sort=given.sort,
        ascending=given.order is Order.ASC,
        archived=given.archived,
        statuses=_several("status", Status, given.status),
        approvals=_several("approval", Approval, given.approval),
        modes=_several("mode", Mode, given.mode),
        sender=given.sender,
        author=given.author,
        search=given.search,
        created_from=given.created_from,
        created_to=given.created_to,
        start_from=given.start_from,
        start_to=given.start_to,
        missed_start=given.missed_start,
    )


def campaign(item: Campaign, now: datetime, totals: Counters | None = None) -> CampaignOut:
    return CampaignOut(
        **_written(item.content),
        id=item.id,
        author=item.author,
        address=item.address,
        status=item.status,
        approval=item.approval,
        digest=item.digest,
        submitted_at=item.submitted_at,
        decision=decision(item.decision),
        missed_start=rules.missed_start(item, now),
        pause_reason=item.pause_reason,
        failure=item.failure,
        recipients=item.recipients,
        created_at=item.created_at,
        started_at=item.started_at,
        sent_at=item.sent_at,
        finished_at=item.finished_at,
        archived_at=item.archived_at,
        version=item.version,
        totals=totals,
    )


def decision(item: Decision | None) -> DecisionOut | None:
    return DecisionOut(item.by, item.at, item.note) if item else None


def content(item: Content) -> ContentOut:
    return ContentOut(**_written(item))


def line(item: CampaignLine, now: datetime) -> CampaignLineOut:
    return CampaignLineOut(
        id=item.id,
        name=item.name,
        mode=item.mode,
        status=item.status,
        approval=item.approval,
        author=item.author,
        sender=item.sender,
        address=item.address,
        recipients=item.recipients,
        created_at=item.created_at,
        starts_at=item.starts_at,
        missed_start=missed_start(item, now),
        archived_at=item.archived_at,
    )


def deleted(item: DeletedCampaign) -> DeletedCampaignOut:
    return DeletedCampaignOut(
        id=item.id,
        author=item.author,
        mode=item.mode,
        status=item.status,
        recipients=item.recipients,
        totals=dict(item.totals),
        created_at=item.created_at,
        started_at=item.started_at,
        finished_at=item.finished_at,
        deleted_at=item.deleted_at,
        deleted_by=item.deleted_by,
    )


def _overrides_of(given: OverridesShape) -> OverridesChanges:
    return OverridesChanges(
        saddr=value(given.saddr),
        ston=value(given.ston),
        snpi=value(given.snpi),
        dton=value(given.dton),
        dnpi=value(given.dnpi),
        validity=value(given.validity_seconds, lambda seconds: timedelta(seconds=seconds)),
        tlvs=value(given.tlvs, lambda tlvs: tuple(map(_tlv_of, tlvs))),
    )


def _tlv_of(given: TlvShape) -> Tlv:
    return Tlv(given.tag, bytes.fromhex(given.value))


def _several(name: str, kind: type[StrEnum], given: str | None) -> frozenset[Any]:
    try:
        return frozenset(kind(each.strip()) for each in given.split(",")) if given else frozenset()
    except ValueError as error:
        known = ", ".join(kind)
        raise Invalid(Problem(name, f"use some of {known}, with commas between them")) from error


def _written(item: Content) -> dict[str, Any]:
    fields = {
        name: getattr(item, name)
        for name in ContentOut.__struct_fields__
        if name not in {"daily_window", "overrides"}
    }
    return {
        **fields,
        "daily_window": window(item.daily_window),
        "overrides": _overrides(item.overrides),
    }


def _overrides(item: Overrides) -> OverridesOut:
    return OverridesOut(
        saddr=item.saddr,
        ston=item.ston,
        snpi=item.snpi,
        dton=item.dton,
        dnpi=item.dnpi,
        validity_seconds=item.validity // SECOND if item.validity else None,
        tlvs=[TlvOut(tlv.tag, tlv.value.hex()) for tlv in item.tlvs],
    )
