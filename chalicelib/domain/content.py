"""What a campaign's author writes, in any order (SPEC 4.2): the content that an approval is about.

A draft may lack whatever is not written yet; what is there must be possible by itself, which
`check_draft` sees to. Whether all of it together can be sent is asked at submission
(`submission.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import Invalid, Problem, require
from chalicelib.domain.sender import types_in_range
from chalicelib.domain.workspace import DailyLimit, DailyWindow, daily_checks, is_zone
from chalicelib.sms.merge import BadTemplate, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME_MAX: Final = 200
# Ten parts take 1,530 characters at most; merge fields' own names come on top.
TEXT_MAX: Final = 4_000
# Each is looked up and measured for every recipient.
FIELDS_MAX: Final = 50
VALIDITY_MIN: Final = timedelta(minutes=1)
VALIDITY_MAX: Final = timedelta(days=7)
TLVS_MAX: Final = 10
TLV_BYTES_MAX: Final = 255
TAG_MAX: Final = 0xFFFF
# What says how a long message is cut, or carries it, is the bridge's to write.
OUR_TAGS: Final = frozenset({0x020C, 0x020E, 0x020F, 0x0424})


class Mode(StrEnum):
    ON_DEMAND = "on_demand"
    ON_TIME = "on_time"
    SPREAD = "spread"
    TRIGGER = "trigger"


class InDoubt(StrEnum):
    """What becomes of messages of which nobody knows whether they were sent (SPEC 6.3)."""

    AT_MOST_ONCE = "at_most_once"
    AT_LEAST_ONCE = "at_least_once"
    RECONCILE = "reconcile"


@dataclass(frozen=True, slots=True)
class Tlv:
    tag: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Overrides:
    """SMPP fields that differ from the revision's and the channel's."""

    saddr: str | None = None
    # The approved revision whose address `saddr` is (SPEC 3.2).
    saddr_sender: str | None = None
    saddr_revision: int | None = None
    ston: int | None = None
    snpi: int | None = None
    dton: int | None = None
    dnpi: int | None = None
    validity: timedelta | None = None
    tlvs: tuple[Tlv, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    mode: Mode = Mode.ON_DEMAND
    name: str = ""
    text: str = ""
    # Trigger: recipients may bring a text of their own (SPEC 4.7).
    free_text: bool = False
    sender: str | None = None
    revision: int | None = None
    # None: the revision's.
    channel: str | None = None
    list: str | None = None
    start_at: datetime | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None
    deadline: datetime | None = None
    # None: the workspace's.
    time_zone: str | None = None
    # Both hold beside the workspace's own (SPEC 4.8).
    daily_window: DailyWindow | None = None
    daily_limit: DailyLimit | None = None
    ignore_daily_window: bool = False
    auto_start: bool = False
    transliterate: bool = False
    in_doubt: InDoubt = InDoubt.AT_MOST_ONCE
    overrides: Overrides = field(default_factory=Overrides)

    @property
    def starts_at(self) -> datetime | None:
        """The instant before which nothing goes out."""
        return self.start_at or self.date_from


def check_draft(content: Content) -> None:
    name, overrides = content.name, content.overrides
    require(
        (
            len(name) <= NAME_MAX and name.isprintable(),
            "name",
            f"use at most {NAME_MAX} printable characters",
        ),
        *_text_checks(content.text),
        (
            content.time_zone is None or is_zone(content.time_zone),
            "time_zone",
            "use a name such as Europe/London or UTC, or null for the workspace's",
        ),
        *daily_checks(content.daily_window, content.daily_limit),
        *types_in_range("overrides.ston", overrides.ston, "overrides.snpi", overrides.snpi),
        *types_in_range("overrides.dton", overrides.dton, "overrides.dnpi", overrides.dnpi),
        (
            overrides.validity is None or VALIDITY_MIN <= overrides.validity <= VALIDITY_MAX,
            "overrides.validity_seconds",
            f"must be {_seconds(VALIDITY_MIN)} to {_seconds(VALIDITY_MAX)}",
        ),
        *_tlv_checks(overrides.tlvs),
    )


def in_utc(name: str, moment: datetime | None) -> datetime | None:
    """As times are kept; `name` is the field that a caller gave it in."""
    try:
        return moment.astimezone(UTC) if moment is not None else None
    except OverflowError:
        raise Invalid(Problem(name, "lies beyond the calendar")) from None


def digest_of(*things: object) -> str:
    """SHA-256 of what was given, by value: dataclasses, and what they are made of."""
    canonical = json.dumps([_plain(thing) for thing in things], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def described(content: Content) -> dict[str, str | int | bool | None]:
    """What the audit log keeps of it: what the author has set."""
    untouched = Content()
    return {
        column.name: _short(getattr(content, column.name))
        for column in fields(Content)
        if getattr(content, column.name) != getattr(untouched, column.name)
    }


def _text_checks(text: str) -> Iterator[tuple[bool, str, str]]:
    yield len(text) <= TEXT_MAX, "text", f"use at most {TEXT_MAX} characters"
    yield not any("\ud800" <= char <= "\udfff" for char in text), "text", "holds half a character"
    try:
        fields = parse(text).fields
    except BadTemplate as error:
        yield False, "text", str(error)
    else:
        yield len(fields) <= FIELDS_MAX, "text", f"use at most {FIELDS_MAX} merge fields"


def _tlv_checks(tlvs: tuple[Tlv, ...]) -> Iterator[tuple[bool, str, str]]:
    yield len(tlvs) <= TLVS_MAX, "overrides.tlvs", f"use at most {TLVS_MAX}"
    yield (
        len({tlv.tag for tlv in tlvs}) == len(tlvs),
        "overrides.tlvs",
        "a tag can stand there once",
    )
    for place, tlv in enumerate(tlvs):
        yield (
            0 < tlv.tag <= TAG_MAX and tlv.tag not in OUR_TAGS,
            f"overrides.tlvs.{place}.tag",
            "must be 1 to 65535, and none of those that carry long messages",
        )
        yield (
            len(tlv.value) <= TLV_BYTES_MAX,
            f"overrides.tlvs.{place}.value",
            f"may have {TLV_BYTES_MAX} octets at most",
        )


def _seconds(length: timedelta) -> int:
    return length // timedelta(seconds=1)


def _plain(thing: object) -> object:
    if is_dataclass(thing):
        return {column.name: _plain(getattr(thing, column.name)) for column in fields(thing)}
    if isinstance(thing, datetime):
        return thing.astimezone(UTC).isoformat()
    if isinstance(thing, timedelta):
        return thing.total_seconds()
    if isinstance(thing, bytes):
        return thing.hex()
    if isinstance(thing, (tuple, list)):
        return [_plain(item) for item in thing]
    return thing


def _short(thing: object) -> str | int | bool | None:
    if thing is None or isinstance(thing, (str, int, bool)):
        return thing
    if isinstance(thing, datetime):
        return thing.isoformat()
    return json.dumps(_plain(thing), sort_keys=True)
