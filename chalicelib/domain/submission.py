"""Whether a campaign can be sent as it stands: everything that is wrong, at once (SPEC 4.2).

What each mode takes is a table. Things that it names (sender, list, channel) are given as the
records have them at this moment; whether its plan fits is `schedule`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from chalicelib.domain.content import Mode
from chalicelib.domain.errors import Problem
from chalicelib.domain.recipient_list import ListPurpose, ListStatus
from chalicelib.domain.sender import usable
from chalicelib.sms.merge import parse
from chalicelib.sms.parts import TextError, measure
from chalicelib.sms.transliterate import transliterate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from chalicelib.domain.channel import Channel
    from chalicelib.domain.content import Content
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.sender import Revision, Sender
    from chalicelib.domain.workspace import DailyWindow, Workspace

AHEAD_MAX: Final = timedelta(days=366)
NOT_FOR_CAMPAIGNS: Final = "is a suppression list, whose numbers get nothing: choose another"

_ALL: Final = frozenset(Mode)
# Which modes must have a field, and which may. What is not named, all may.
NEEDED: Final[Mapping[str, frozenset[Mode]]] = {
    "name": _ALL,
    "sender": _ALL,
    "list": _ALL - {Mode.TRIGGER},
    "start_at": frozenset({Mode.ON_TIME}),
    "date_from": frozenset({Mode.SPREAD}),
    "date_to": frozenset({Mode.SPREAD}),
}
ALLOWED: Final[Mapping[str, frozenset[Mode]]] = {
    "list": _ALL - {Mode.TRIGGER},
    "start_at": frozenset({Mode.ON_TIME}),
    "date_from": frozenset({Mode.SPREAD}),
    "date_to": frozenset({Mode.SPREAD}),
    "free_text": frozenset({Mode.TRIGGER}),
    "ignore_daily_window": frozenset({Mode.TRIGGER}),
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the records hold of what a campaign names; None: it is not there (any more)."""

    now: datetime
    workspace: Workspace
    sender: Sender | None
    revision: Revision | None
    channel: Channel | None
    list: RecipientList | None
    # The revision behind the override of the sender's address, and its sender.
    saddr_sender: Sender | None = None
    saddr: Revision | None = None
    # Headings of the list's further columns, as texts call them.
    columns: tuple[str, ...] = ()


def problems_of(content: Content, around: Surroundings) -> list[Problem]:
    return [
        *_fields(content),
        *_text(content, around),
        *_sender(content, around),
        *_list(content, around),
        *_times(content, around),
        *_limits(content, around),
    ]


def _fields(content: Content) -> Iterator[Problem]:
    mode = content.mode
    for name, modes in NEEDED.items():
        if mode in modes and not getattr(content, name):
            yield Problem(name, f"is missing: {mode} campaigns need it")
    for name, modes in ALLOWED.items():
        if mode not in modes and getattr(content, name):
            yield Problem(name, f"does not belong to {mode} campaigns: remove it")


def _text(content: Content, around: Surroundings) -> Iterator[Problem]:
    if not content.text.strip():
        if not content.free_text:
            yield Problem("text", "is missing")
        return
    try:
        measure(common_text(content))
    except TextError as error:
        yield Problem("text", str(error))
    if content.mode is Mode.TRIGGER or around.list is None:
        return
    there = ", ".join(around.columns) or "none but the numbers"
    for name in parse(content.text).names:
        if name not in around.columns:
            yield Problem("text", f"{{{{{name}}}}} is no column of the list; it has: {there}")


def _sender(content: Content, around: Surroundings) -> Iterator[Problem]:
    if content.sender is None:
        return
    if around.sender is None or around.revision is None:
        yield Problem("sender", "is not there any more: choose another")
    elif not usable(around.sender, around.revision):
        yield Problem("sender", "its revision is archived or not approved: choose another")
    if around.channel is None and (content.channel or around.revision):
        yield Problem("channel", "is not there any more: choose another")
    if content.overrides.saddr is not None and (
        around.saddr is None
        or around.saddr_sender is None
        or not usable(around.saddr_sender, around.saddr)
    ):
        yield Problem("overrides.saddr", "is no address of an approved, unarchived revision")


def _list(content: Content, around: Surroundings) -> Iterator[Problem]:
    if content.list is None or content.mode is Mode.TRIGGER:
        return
    found = around.list
    if found is None:
        yield Problem("list", "is not there any more: choose another")
    elif found.status is ListStatus.DELETED:
        yield Problem("list", "was deleted: choose another")
    elif found.purpose is not ListPurpose.RECIPIENTS:
        yield Problem("list", NOT_FOR_CAMPAIGNS)
    elif found.status is not ListStatus.READY:
        yield Problem("list", f"is {found.status}: submit when it is ready")
    elif not found.counts.valid:
        yield Problem("list", "holds no valid number")


def _times(content: Content, around: Surroundings) -> Iterator[Problem]:
    begin, end, deadline = content.starts_at, content.date_to, content.deadline
    for name in ("start_at", "date_to", "deadline"):
        moment = getattr(content, name)
        if moment is not None and moment <= around.now:
            yield Problem(name, "is over: choose a later time")
    for name in ("start_at", "date_from", "date_to", "deadline"):
        moment = getattr(content, name)
        if moment is not None and moment > around.now + AHEAD_MAX:
            yield Problem(name, f"is more than {AHEAD_MAX.days} days ahead")
    if begin and end and begin >= end:
        yield Problem("date_to", "must be after date_from")
    if deadline and begin and deadline <= begin:
        yield Problem("deadline", "must be after the campaign's start")
    if deadline and end and deadline < end:
        yield Problem("deadline", "must not be before date_to")
    if (
        content.mode is Mode.ON_TIME
        and content.start_at
        and _is_quiet(content.start_at, content, around)
    ):
        yield Problem("start_at", "lies in the quiet hours: choose a time in the daily window")


def _limits(content: Content, around: Surroundings) -> Iterator[Problem]:
    """A campaign's own can only be tighter (SPEC 4.8). Windows of two time zones are not compared:
    both hold, and whether they ever meet is the plan's to say.
    """
    ours, theirs = content.daily_window, around.workspace.daily_window
    same_days = zone_of(content, around.workspace).key == around.workspace.time_zone
    within = not ours or not theirs or (theirs.opens <= ours.opens and ours.closes <= theirs.closes)
    if same_days and not within:
        yield Problem("daily_window", "must lie within the workspace's own")
    own, whole = content.daily_limit, around.workspace.daily_limit
    if own and whole and own.unit is whole.unit and own.count > whole.count:
        yield Problem("daily_limit.count", f"is above the workspace's own, {whole.count}")


def common_text(content: Content) -> str:
    """Of a personal text what everybody gets; the rest is counted over the list."""
    common = parse(content.text).render({})
    return transliterate(common).text if content.transliterate else common


def is_personal(content: Content) -> bool:
    """Whether recipients get different texts."""
    return not parse(content.text).plain


def zone_of(content: Content, workspace: Workspace) -> ZoneInfo:
    """In which a campaign's own days and hours are meant."""
    return ZoneInfo(content.time_zone or workspace.time_zone)


def _is_quiet(moment: datetime, content: Content, around: Surroundings) -> bool:
    # Beyond is refused as such; at the ends of the calendar there is no local time to tell.
    if not around.now < moment <= around.now + AHEAD_MAX:
        return False
    ours, theirs = content.daily_window, around.workspace.daily_window
    return not (
        _opens(theirs, moment, ZoneInfo(around.workspace.time_zone))
        and _opens(ours, moment, zone_of(content, around.workspace))
    )


def _opens(window: DailyWindow | None, moment: datetime, zone: ZoneInfo) -> bool:
    if window is None:
        return True
    local = moment.astimezone(zone)
    return window.opens <= local.hour * 60 + local.minute < window.closes
