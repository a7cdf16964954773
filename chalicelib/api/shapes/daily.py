"""Daily windows and limits, of workspaces and of campaigns; and changes of some fields only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, UnsetType

from chalicelib.api.shapes import Shape, patterns
from chalicelib.domain.workspace import LIMIT_MAX, DailyLimit, DailyWindow, LimitUnit
from chalicelib.usecases.partial import UNCHANGED

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TimeOfDay = Annotated[
    str,
    Meta(
        pattern=patterns.TIME_OF_DAY,
        description="A time of the local day such as 08:00; 24:00 is its end.",
        examples=["08:00"],
    ),
]
ZoneName = Annotated[
    str, Meta(max_length=64, description="A time zone's name.", examples=["Europe/London"])
]


class WindowShape(Shape, frozen=True):
    """When messages may go out; outside are the quiet hours."""

    opens: TimeOfDay
    closes: TimeOfDay


class LimitShape(Shape, frozen=True):
    """How much may go out in a local day."""

    count: Annotated[int, Meta(ge=1, le=LIMIT_MAX, examples=[50_000])]
    unit: LimitUnit = LimitUnit.SEGMENTS


class WindowOut(msgspec.Struct, frozen=True):
    opens: str
    closes: str


def value(given: T | UnsetType, made: Callable[[Any], Any] | None = None) -> Any:  # noqa: ANN401 - of each field's own type
    """For a use case's changes: what was left out stays as it is."""
    if isinstance(given, UnsetType):
        return UNCHANGED
    return made(given) if made and given is not None else given


def window_of(given: WindowShape) -> DailyWindow:
    return DailyWindow(_minutes(given.opens), _minutes(given.closes))


def limit_of(given: LimitShape) -> DailyLimit:
    return DailyLimit(given.count, given.unit)


def window(item: DailyWindow | None) -> WindowOut | None:
    return WindowOut(_time(item.opens), _time(item.closes)) if item else None


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
