"""Recipients of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import Shape, patterns
from chalicelib.api.shapes.campaigns import Numbers
from chalicelib.api.shapes.lists import Country  # noqa: TC001 - read when a shape is made
from chalicelib.usecases.list_reading import Wanted

if TYPE_CHECKING:
    from chalicelib.usecases.list_reading import ListRecipient

NUMBER_MAX = 64
HASH = "7d1c0a6b4f0c3f6d1f0b8e7a5c9d2e4f60718293a4b5c6d7e8f901234567890a"


class LookUp(Shape, frozen=True):
    """One of `number` and `ctn_hash`. `numbers=full` needs the right to it, and is recorded."""

    number: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=NUMBER_MAX,
                description="As people write it; without country code it is one of `country`, or "
                "else of the list's default country.",
                examples=["+44 7700 900001"],
            ),
        ]
        | None
    ) = None
    ctn_hash: (
        Annotated[
            str,
            Meta(
                pattern=patterns.CTN_HASH,
                description="What stands for a number in this workspace.",
                examples=[HASH],
            ),
        ]
        | None
    ) = None
    # Left out, it is the list's own.
    country: Country | None = None
    numbers: Numbers = Numbers.MASKED


class ListRecipientOut(msgspec.Struct, frozen=True):
    place: Annotated[
        str,
        Meta(
            description="Where it stands: what `after` takes to begin a page with it.",
            examples=["0.17"],
        ),
    ]
    number: Annotated[
        str,
        Meta(description="Its last four digits, or all of them.", examples=["********0001"]),
    ]
    ctn_hash: Annotated[
        str, Meta(description="Stands for the number in this workspace.", examples=[HASH])
    ]
    values: Annotated[
        dict[str, str] | None,
        Meta(
            description="Of the list's `columns`; null where numbers are masked.",
            examples=[{"name": "Anna"}],
        ),
    ]


class LookUpOut(msgspec.Struct, frozen=True):
    found: bool
    recipient: Annotated[ListRecipientOut | None, Meta(description="Null if it was not found.")]


def wanted(asked: LookUp) -> Wanted:
    ctn_hash = None if asked.ctn_hash is None else bytes.fromhex(asked.ctn_hash)
    return Wanted(asked.number, ctn_hash, asked.country)


def recipient(item: ListRecipient) -> ListRecipientOut:
    return ListRecipientOut(
        place=item.place,
        number=item.number,
        ctn_hash=item.ctn_hash,
        values=None if item.values is None else dict(item.values),
    )
