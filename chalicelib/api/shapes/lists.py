"""Lists of recipients and their uploads."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import Shape, patterns
from chalicelib.domain import recipient_list as rules
from chalicelib.domain.recipient_list import (
    HEADING_MAX,
    NAME_MAX,
    PART_BYTES,
    ListPurpose,
    ListStatus,
)
from chalicelib.usecases.lists import PARTS_PER_CALL

if TYPE_CHECKING:
    from chalicelib.domain.ingest_progress import IngestProgress
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
Sha256 = Annotated[
    str,
    Meta(
        pattern=patterns.SHA256,
        description="Of the file as it is uploaded; one that arrives with another content fails.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Heading = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=HEADING_MAX,
        description="Heading of the column that holds the numbers, if it is not the first one. Not "
        "for .txt files, which have no columns.",
        examples=["phone"],
    ),
]
Purpose = Annotated[
    ListPurpose,
    Meta(description="`suppression`: its numbers are those that campaigns leave alone."),
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
    purpose: Purpose = ListPurpose.RECIPIENTS
    sha256: Sha256 | None = None
    number_column: Heading | None = None


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


class ProgressOut(msgspec.Struct, frozen=True):
    """How far the reading of a list is."""

    octets: Annotated[int, Meta(description="Of the file, that were read.")]
    size: Annotated[int, Meta(description="Octets of the file.")]
    lines: Annotated[int, Meta(description="With a recipient, or rejected.")]
    recipients: Annotated[int, Meta(description="To be stored, or a few less: some come twice.")]
    stored: Annotated[int, Meta(description="Of the recipients.")]
    share: Annotated[float, Meta(ge=0, le=1, description="What is done of all the work.")]
    lines_per_second: float
    begun_at: datetime
    ends_at: Annotated[datetime | None, Meta(description="If it goes on as it did.")]


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
    purpose: ListPurpose
    default_country: Country | None
    number_column: str | None
    sha256: Annotated[str | None, Meta(description="As it was named when the upload began.")]
    progress: Annotated[
        ProgressOut | None, Meta(description="Null unless its lines are being read just now.")
    ]


class PartThere(msgspec.Struct, frozen=True):
    part: int
    size: int


class PartsThere(msgspec.Struct, frozen=True):
    """In the order of their numbers."""

    parts: list[PartThere]


class Rejects(msgspec.Struct, frozen=True):
    url: Annotated[
        str,
        Meta(
            description="To GET a gzipped CSV from, of line, reason and value; for a short time.",
            examples=["https://data.example/…"],
        ),
    ]


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


def new_list(new: NewList) -> rules.NewList:
    return rules.NewList(
        name=new.name,
        size=new.size,
        default_country=new.default_country,
        purpose=new.purpose,
        sha256=new.sha256,
        number_column=new.number_column,
    )


def recipient_list(item: RecipientList, progress: IngestProgress | None) -> ListOut:
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
        purpose=item.purpose,
        default_country=item.default_country,
        number_column=item.number_column,
        sha256=item.sha256,
        progress=_progress(progress) if progress else None,
    )


def _progress(progress: IngestProgress) -> ProgressOut:
    return ProgressOut(
        octets=progress.octets,
        size=progress.size,
        lines=progress.lines,
        recipients=progress.recipients,
        stored=progress.stored,
        share=round(progress.share, 4),
        lines_per_second=round(progress.lines_per_second, 1),
        begun_at=progress.begun_at,
        ends_at=progress.ends_at,
    )
