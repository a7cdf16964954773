"""Suppression: who wants no messages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import Paging, Shape
from chalicelib.api.shapes.campaigns import Numbers
from chalicelib.domain.suppression import Source
from chalicelib.usecases.suppressing import NOTE_MAX, NUMBERS_MAX

if TYPE_CHECKING:
    from chalicelib.usecases.suppressed import EntryLine, ListLine, Verdict

# Longer ones are no numbers, whatever stands between their digits.
RAW_MAX = 100
RawNumber = Annotated[
    str,
    Meta(
        max_length=RAW_MAX,
        description="With its country's code; +, 00, spaces, brackets and dashes may be in it.",
        examples=["+44 7400 000001"],
    ),
]
RawNumbers = Annotated[
    list[RawNumber],
    Meta(min_length=1, max_length=NUMBERS_MAX, examples=[["+447400000001", "0049 151 00000001"]]),
]
Masked = Annotated[
    str,
    Meta(description="Its last four digits, or all of them where full numbers were asked for."),
]
CtnHash = Annotated[
    str, Meta(description="Stands for the number in this workspace.", examples=["5f" * 32])
]
ListId = Annotated[str, Meta(examples=["lst_01jqz7c3n2v6w8x9y0a1b2c3d4"])]


class AddSuppressions(Shape, frozen=True):
    """Numbers that are to get no messages."""

    numbers: RawNumbers
    note: Annotated[
        str,
        Meta(max_length=NOTE_MAX, description="Why; kept with each.", examples=["asked by phone"]),
    ] = ""


class LiftSuppressions(Shape, frozen=True):
    """Numbers that may get messages again."""

    numbers: RawNumbers


class LookUpSuppression(Shape, frozen=True):
    """In the body, since addresses end up in logs."""

    number: RawNumber


class SuppressionFilter(Paging, frozen=True):
    """`numbers=full` needs the right to it, and is recorded."""

    numbers: Numbers = Numbers.MASKED


class Added(msgspec.Struct, frozen=True):
    """Together as many as were sent."""

    added: int
    already: Annotated[int, Meta(description="Left as they were, or sent twice.")]


class Lifted(msgspec.Struct, frozen=True):
    """Together as many as were sent."""

    lifted: int
    already: Annotated[int, Meta(description="Nothing held them, or sent twice.")]


class SuppressionOut(msgspec.Struct, frozen=True):
    """What was said last about a number."""

    number: Masked
    ctn_hash: CtnHash
    source: Annotated[
        Source,
        Meta(description="`added` by people or programs of the workspace, or by the `recipient`."),
    ]
    at: datetime
    by: Annotated[str, Meta(examples=["usr_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    note: Annotated[str, Meta(examples=["asked by phone"])]
    lifted: Annotated[
        bool,
        Meta(description="It gets messages again, whatever lists say that are older than `at`."),
    ]


class VerdictOut(msgspec.Struct, frozen=True):
    """Whether a number gets no messages, and why."""

    number: Masked
    ctn_hash: CtnHash
    suppressed: bool
    entry: Annotated[SuppressionOut | None, Meta(description="What was said last about it, here.")]
    lists: Annotated[
        list[str],
        Meta(
            description="The workspace's suppression lists that hold it.",
            examples=[["lst_01jqz7c3n2v6w8x9y0a1b2c3d4"]],
        ),
    ]
    for_all: Annotated[
        bool,
        Meta(description="The installation suppresses it, for all workspaces. None can lift that."),
    ]


class SuppressionListOut(msgspec.Struct, frozen=True):
    """A list whose numbers get no messages, until it is withdrawn."""

    list: ListId
    name: Annotated[str, Meta(examples=["opted-out.csv"])]
    numbers: int
    at: Annotated[datetime, Meta(description="Since when it holds.")]
    withdrawn_at: datetime | None


class WithdrawnList(msgspec.Struct, frozen=True):
    list: ListId
    at: datetime
    withdrawn_at: datetime | None


def entry(item: EntryLine) -> SuppressionOut:
    return SuppressionOut(
        number=item.number,
        ctn_hash=item.ctn_hash,
        source=item.source,
        at=item.at,
        by=item.by,
        note=item.note,
        lifted=item.lifted,
    )


def verdict(item: Verdict) -> VerdictOut:
    return VerdictOut(
        number=item.number,
        ctn_hash=item.ctn_hash,
        suppressed=item.suppressed,
        entry=entry(item.entry) if item.entry else None,
        lists=list(item.lists),
        for_all=item.for_all,
    )


def suppression_list(item: ListLine) -> SuppressionListOut:
    return SuppressionListOut(
        list=item.record.list,
        name=item.list.name,
        numbers=item.list.counts.valid,
        at=item.record.at,
        withdrawn_at=item.record.withdrawn_at,
    )
