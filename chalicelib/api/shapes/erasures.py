"""Erasing one number (SPEC 5.6)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import Shape
from chalicelib.domain.erasure import ErasureStatus, Suppressed

if TYPE_CHECKING:
    from chalicelib.domain.erasure import Erasure

NUMBER_MAX = 40


class NewErasure(Shape, frozen=True):
    """The number to erase from everything that the workspace keeps. It cannot be undone."""

    number: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=NUMBER_MAX,
            description="With its country's code.",
            examples=["+447700900123"],
        ),
    ]
    keep_suppressed: Annotated[
        bool,
        Meta(
            description="Leave its suppression as it is, so that it gets no messages later either: "
            "the entry, and the suppression lists that hold it."
        ),
    ] = False


class ErasureOut(msgspec.Struct, frozen=True):
    """How far it is. The number itself is not told: `ctn_hash` stands for it."""

    id: Annotated[str, Meta(examples=["era_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    ctn_hash: Annotated[str, Meta(examples=["5f" * 32])]
    status: ErasureStatus
    keep_suppressed: bool
    asked_by: Annotated[str, Meta(examples=["usr_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    lists: Annotated[int, Meta(description="Lists that were looked through.", examples=[12])]
    erased: Annotated[int, Meta(description="Lists in which it was.", examples=[2])]
    waiting: Annotated[
        list[str],
        Meta(
            description="Lists to come back to: they are being uploaded or read, or there is "
            "something wrong with them.",
            examples=[[]],
        ),
    ]
    suppressed: Annotated[
        Suppressed | None,
        Meta(
            description="What became of the number's own entry among the suppressed: null until "
            "it is done."
        ),
    ]
    created_at: datetime
    finished_at: datetime | None


def erasure(item: Erasure) -> ErasureOut:
    return ErasureOut(
        id=item.id,
        ctn_hash=item.ctn_hash,
        status=item.status,
        keep_suppressed=item.keep_suppressed,
        asked_by=item.asked_by,
        lists=item.lists,
        erased=item.erased,
        waiting=list(item.waiting),
        suppressed=item.suppressed,
        created_at=item.created_at,
        finished_at=item.finished_at,
    )
