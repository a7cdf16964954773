"""Senders and their revisions (SPEC 3)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.shapes import Paging, Shape
from chalicelib.api.shapes.campaigns import DecisionOut, Npi, Ton, decision
from chalicelib.api.shapes.daily import value
from chalicelib.domain.moderation import revision_digest
from chalicelib.domain.sender import (
    ALPHANUMERIC_MAX,
    NAME_MAX,
    NUMERIC_MAX,
    USE_MAX,
    NumberType,
    RevisionStatus,
)
from chalicelib.usecases import senders as usecase

if TYPE_CHECKING:
    from chalicelib.domain.sender import Revision, Sender

SenderName = Annotated[str, Meta(max_length=NAME_MAX, examples=["Shop"])]
Address = Annotated[
    str,
    Meta(
        max_length=NUMERIC_MAX,
        description=f"What recipients see: {NUMERIC_MAX} digits at most, or a name of "
        f"{ALPHANUMERIC_MAX} plain characters at most.",
        examples=["ACME"],
    ),
]
ChannelId = Annotated[
    str,
    Meta(
        max_length=64,
        description="The carrier's account that it goes through.",
        examples=["chn_01jqz7c3n2v6w8x9y0a1b2c3d4"],
    ),
]
Use = Annotated[
    str,
    Meta(
        max_length=USE_MAX,
        description="What it is for, as carriers and moderators want to know.",
        examples=["Order updates of the shop"],
    ),
]


class SenderFilter(Paging, frozen=True):
    """Which senders: those to choose from, unless `archived` is asked for."""

    archived: Annotated[bool, Meta(description="The archived ones, and no others.")] = False


class SenderFields(Shape, frozen=True):
    name: SenderName


class NumberTypeShape(Shape, frozen=True):
    """Type of number and numbering plan, as SMPP has them."""

    ton: Ton
    npi: Npi


class NewRevision(Shape, frozen=True):
    """A draft. `source` and `destination` left out, or null, are what fits the address."""

    address: Address
    channel: ChannelId
    source: NumberTypeShape | None = None
    destination: NumberTypeShape | None = None
    use: Use = ""


class RevisionFields(Shape, frozen=True):
    """What is left out stays as it is; a null type is what fits the address."""

    address: Address | UnsetType = UNSET
    channel: ChannelId | UnsetType = UNSET
    source: NumberTypeShape | UnsetType | None = UNSET
    destination: NumberTypeShape | UnsetType | None = UNSET
    use: Use | UnsetType = UNSET


class SenderOut(msgspec.Struct, frozen=True):
    id: str
    name: str
    current_revision: Annotated[
        int | None,
        Meta(description="What new campaigns use: the one approved last that is not archived."),
    ]
    revisions: Annotated[int, Meta(description="How many there are.")]
    created_at: datetime
    archived_at: datetime | None
    version: int


class NumberTypeOut(msgspec.Struct, frozen=True):
    ton: int
    npi: int


class RevisionOut(msgspec.Struct, frozen=True):
    sender: str
    number: int
    status: RevisionStatus
    address: str
    channel: str
    source: NumberTypeOut
    destination: NumberTypeOut
    use: str
    author: str
    digest: Annotated[
        str, Meta(description="Of what would be approved: whoever approves sends it back.")
    ]
    created_at: datetime
    submitted_at: datetime | None
    decision: DecisionOut | None
    archived_from: Annotated[
        RevisionStatus | None,
        Meta(description="Of an archived one: what it is again once it is restored."),
    ]
    version: int


def new_revision_of(given: NewRevision) -> usecase.NewRevision:
    return usecase.NewRevision(
        address=given.address,
        channel=given.channel,
        source=_type_of(given.source) if given.source else None,
        destination=_type_of(given.destination) if given.destination else None,
        use=given.use,
    )


def changes_of(given: RevisionFields) -> usecase.RevisionChanges:
    return usecase.RevisionChanges(
        address=value(given.address),
        channel=value(given.channel),
        source=value(given.source, _type_of),
        destination=value(given.destination, _type_of),
        use=value(given.use),
    )


def sender(item: Sender) -> SenderOut:
    return SenderOut(
        id=item.id,
        name=item.name,
        current_revision=item.current_revision,
        revisions=item.revisions,
        created_at=item.created_at,
        archived_at=item.archived_at,
        version=item.version,
    )


def revision(item: Revision) -> RevisionOut:
    return RevisionOut(
        sender=item.sender,
        number=item.number,
        status=item.status,
        address=item.address,
        channel=item.channel,
        source=_type(item.source),
        destination=_type(item.destination),
        use=item.use,
        author=item.author,
        digest=revision_digest(item),
        created_at=item.created_at,
        submitted_at=item.submitted_at,
        decision=decision(item.decision),
        archived_from=item.archived_from,
        version=item.version,
    )


def _type_of(given: NumberTypeShape) -> NumberType:
    return NumberType(given.ton, given.npi)


def _type(item: NumberType) -> NumberTypeOut:
    return NumberTypeOut(item.ton, item.npi)
