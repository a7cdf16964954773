"""The audit log and its chain, as read and as exported (SPEC 8.2). Times are texts here: what is
hashed is hashed as it reads.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import PAGE_DEFAULT, PAGE_MAX, Paging, Shape
from chalicelib.domain.audit import to_json
from chalicelib.domain.seals import checkpoint_to_json, seal_to_json

if TYPE_CHECKING:
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.seals import Seal, SignedCheckpoint

FILTER_MAX: Final = 200
SEAL_MAX: Final = 10**12

Moment = Annotated[
    str, Meta(extra_json_schema={"format": "date-time"}, examples=["2026-03-01T09:00:00.000Z"])
]
Digest = Annotated[str, Meta(description="SHA-256 in hex.", examples=["5f" * 32])]
Since = Annotated[
    datetime, Meta(tz=True, description="From then on.", examples=["2026-03-01T09:00:00Z"])
]
Filter = Annotated[str, Meta(min_length=1, max_length=FILTER_MAX)]
Fact = str | int | bool | None


class AuditFilter(Paging, frozen=True):
    """Which records: of a period, by who acted, by what they did, and to what."""

    since: Since | None = None
    until: Annotated[datetime, Meta(tz=True, description="Before then.")] | None = None
    actor: Filter | None = None
    action: Filter | None = None
    object: Filter | None = None


class RecordsPage(Paging, frozen=True):
    since: Since | None = None


class SealsPage(Shape, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT
    after: Annotated[int, Meta(ge=0, le=SEAL_MAX, description="The number of a seal.")] = 0


class ActorOut(msgspec.Struct, frozen=True):
    user: Annotated[str, Meta(examples=["usr_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    role: Annotated[str, Meta(examples=["admin"])]
    address: Annotated[str, Meta(examples=["192.0.2.1"])]
    agent: str
    request: Annotated[str, Meta(description="The id of the request.")]


class RecordOut(msgspec.Struct, frozen=True):
    """Who did what to what, when and from where."""

    id: str
    workspace: Annotated[str, Meta(examples=["wsp_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    at: Moment
    expires_at: Moment
    actor: ActorOut
    action: Annotated[str, Meta(examples=["workspace.changed"])]
    object: Annotated[str, Meta(examples=["wsp_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    author: Annotated[str, Meta(description="Who made the object, where it has an author.")]
    before: dict[str, Fact]
    after: dict[str, Fact]


class ShownRecord(RecordOut, frozen=True):
    sealed: Annotated[bool, Meta(description="Whether the chain holds it already.")]


class CoveredOut(msgspec.Struct, frozen=True):
    """A record that a seal names."""

    key: str
    hash: Digest
    expires_at: Moment


class SealOut(msgspec.Struct, frozen=True):
    """A link of the chain: it names records, and the seal before it."""

    workspace: str
    number: int
    at: Moment
    previous: Digest
    previous_expires_at: Moment
    records: list[CoveredOut]
    expires_at: Moment
    hash: Digest


class CheckpointOut(msgspec.Struct, frozen=True):
    """The head of the chain at one moment."""

    workspace: str
    seal: int
    hash: Digest
    expires_at: Moment
    at: Moment


class SignedOut(msgspec.Struct, frozen=True):
    checkpoint: CheckpointOut
    signature: Annotated[
        str, Meta(description="ECDSA (P-256) over SHA-256 of the canonical checkpoint, in base64.")
    ]


class Head(SignedOut, frozen=True):
    public_key: Annotated[str, Meta(description="In PEM.")]


def record(item: AuditRecord) -> RecordOut:
    return msgspec.convert(to_json(item), RecordOut)


def shown(item: AuditRecord, *, sealed: bool) -> ShownRecord:
    return msgspec.convert({**to_json(item), "sealed": sealed}, ShownRecord)


def seal(item: Seal) -> SealOut:
    return msgspec.convert(seal_to_json(item), SealOut)


def signed(item: SignedCheckpoint) -> SignedOut:
    return SignedOut(_checkpoint(item), item.signature)


def head(item: SignedCheckpoint, public_key: bytes) -> Head:
    return Head(_checkpoint(item), item.signature, public_key.decode())


def _checkpoint(item: SignedCheckpoint) -> CheckpointOut:
    return msgspec.convert(checkpoint_to_json(item.checkpoint), CheckpointOut)
