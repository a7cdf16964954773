"""Lists of recipients and their uploads."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import Shape, patterns
from chalicelib.domain.recipient_list import NAME_MAX, PART_BYTES, ListStatus
from chalicelib.usecases.lists import PARTS_PER_CALL

if TYPE_CHECKING:
    from chalicelib.domain.recipient_list import RecipientList

ListName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=NAME_MAX,
        pattern=patterns.LIST_NAME,
        description="The file's name; its ending says what it is.",
        examples=["spring.csv"],
    ),
]
Country = Annotated[
    str,
    Meta(
        pattern=patterns.COUNTRY,
        description="ISO code of the country that numbers without a country code belong to.",
        examples=["GB"],
    ),
]
PartNumber = Annotated[int, Meta(ge=1, examples=[1])]


class NewList(Shape, frozen=True):
    """A file to upload, in parts of `part_bytes`; the last one may be shorter."""

    name: ListName
    size: Annotated[
        int,
        Meta(
            ge=1,
            description="In bytes; at most what the installation takes (1 GiB unless it is set "
            "otherwise), for the file and for what it unpacks to.",
            examples=[24_000_000],
        ),
    ]
    default_country: Country | None = None


class PartNumbers(Shape, frozen=True):
    """Which parts to get addresses for."""

    parts: Annotated[
        list[PartNumber],
        Meta(min_length=1, max_length=PARTS_PER_CALL, examples=[[1, 2, 3]]),
    ]


class ListCountsOut(msgspec.Struct, frozen=True):
    valid: int
    duplicate: int
    invalid: Annotated[dict[str, int], Meta(description="By reason.", examples=[{"too_short": 2}])]
    emptied: Annotated[
        dict[str, int],
        Meta(
            description="Values that are too long or not readable and count as empty, by column.",
            examples=[{"name": 1}],
        ),
    ]


class ListOut(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(examples=["lst_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    name: Annotated[str, Meta(examples=["spring.csv"])]
    status: ListStatus
    author: Annotated[str, Meta(examples=["usr_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    size: int
    parts: Annotated[int, Meta(description="Of how many parts the upload is.")]
    part_bytes: Annotated[int, Meta(description="The size of each part but the last.")]
    counts: ListCountsOut
    columns: Annotated[
        list[str], Meta(description="Of the file's further columns, for merge fields.")
    ]
    digest: Annotated[str | None, Meta(description="Of its content; null until it is ready.")]
    failure: Annotated[str | None, Meta(description="Why it failed, if it did.")]
    created_at: datetime


class PartAddress(msgspec.Struct, frozen=True):
    part: int
    url: Annotated[
        str,
        Meta(
            description="To PUT the part to: good for exactly its length, and for a short time.",
            examples=["https://uploads.example/…"],
        ),
    ]


class PartAddresses(msgspec.Struct, frozen=True):
    parts: list[PartAddress]


def recipient_list(item: RecipientList) -> ListOut:
    counts = item.counts
    return ListOut(
        id=item.id,
        name=item.name,
        status=item.status,
        author=item.author,
        size=item.size,
        parts=item.parts,
        part_bytes=PART_BYTES,
        counts=ListCountsOut(
            counts.valid, counts.duplicate, dict(counts.invalid), dict(counts.emptied)
        ),
        columns=list(item.columns),
        digest=item.digest,
        failure=item.failure,
        created_at=item.created_at,
    )
