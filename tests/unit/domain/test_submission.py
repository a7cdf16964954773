"""Everything that keeps a campaign from being sent, told at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.content import Content, Mode, Overrides, check_draft
from chalicelib.domain.recipient_list import ListCounts, ListStatus
from chalicelib.domain.sender import RevisionStatus
from chalicelib.domain.submission import (
    AHEAD_MAX,
    ALLOWED,
    NEEDED,
    Surroundings,
    is_personal,
    problems_of,
    zone_of,
)
from chalicelib.domain.workspace import DailyLimit, DailyWindow, LimitUnit
from tests.fakes import samples
from tests.fakes.services import MORNING
from tests.unit.domain.contents import ZONES, contents, limits, windows

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SENDER = samples.sender(current_revision=1)
APPROVED = samples.revision(status=RevisionStatus.APPROVED)
# In this zone it is the same hour as in UTC, all through these tests.
WORKSPACE = samples.workspace(time_zone="Europe/London")
AROUND = Surroundings(
    now=MORNING,
    workspace=WORKSPACE,
    sender=SENDER,
    revision=APPROVED,
    channel=samples.channel(),
    list=samples.recipient_list(),
    columns=("name", "city"),
)
BASE = Content(name="Spring", text="Hello", sender="snd_a", revision=1, list="lst_a")
WHOLE = {
    Mode.ON_DEMAND: BASE,
    Mode.ON_TIME: replace(BASE, mode=Mode.ON_TIME, start_at=MORNING + HOUR),
    Mode.SPREAD: replace(
        BASE, mode=Mode.SPREAD, date_from=MORNING + HOUR, date_to=MORNING + 5 * HOUR
    ),
    Mode.TRIGGER: replace(BASE, mode=Mode.TRIGGER, list=None),
}
FILLED: dict[str, Any] = {
    "list": "lst_a",
    "start_at": MORNING + HOUR,
    "date_from": MORNING + HOUR,
    "date_to": MORNING + 5 * HOUR,
    "free_text": True,
    "ignore_daily_window": True,
}
OFFICE = DailyWindow(8 * 60, 20 * 60)


def found(content: Content, around: Surroundings = AROUND) -> list[tuple[str, str]]:
    return [(problem.field, problem.message) for problem in problems_of(content, around)]


def named(content: Content, around: Surroundings = AROUND) -> list[str]:
    return [field for field, _ in found(content, around)]


def on_time(**changes: Any) -> Content:
    return replace(WHOLE[Mode.ON_TIME], **changes)


def spread(**changes: Any) -> Content:
    return replace(WHOLE[Mode.SPREAD], **changes)


def around(**changes: Any) -> Surroundings:
    return replace(AROUND, **changes)


def with_settings(**changes: Any) -> Surroundings:
    return around(workspace=replace(WORKSPACE, **changes))


# --- fields by mode ---


@pytest.mark.parametrize("mode", Mode)
def test_a_whole_campaign_has_no_problem(mode: Mode) -> None:
    assert found(WHOLE[mode]) == []


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("field", NEEDED)
def test_what_a_mode_needs_is_missed(mode: Mode, field: str) -> None:
    nothing: dict[str, Any] = {field: "" if field == "name" else None}
    without = replace(WHOLE[mode], **nothing)
    missed = [message for name, message in found(without) if name == field]
    assert missed == ([f"is missing: {mode} campaigns need it"] if mode in NEEDED[field] else [])


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("field", ALLOWED)
def test_what_does_not_belong_to_a_mode_is_to_be_removed(mode: Mode, field: str) -> None:
    filled = replace(WHOLE[mode], **{field: FILLED[field]})
    message = f"does not belong to {mode} campaigns: remove it"
    assert ((field, message) in found(filled)) == (mode not in ALLOWED[field])


def test_an_empty_draft_is_told_all_at_once() -> None:
    nothing = around(sender=None, revision=None, channel=None, list=None)
    assert named(Content(), nothing) == ["name", "sender", "list", "text"]


# --- the text ---


def test_a_text_of_blanks_is_none() -> None:
    assert found(replace(BASE, text=" \n")) == [("text", "is missing")]


def test_a_trigger_may_leave_its_text_to_its_recipients() -> None:
    trigger = replace(WHOLE[Mode.TRIGGER], text="")
    assert named(trigger) == ["text"]
    assert found(replace(trigger, free_text=True)) == []


def test_a_text_of_too_many_parts_is_told() -> None:
    ((field, message),) = found(replace(BASE, text="x" * 153 * 11))
    assert (field, "shorten" in message) == ("text", True)


def test_of_a_personal_text_what_all_have_in_common_is_measured() -> None:
    assert found(replace(BASE, text="{{name|friend}}" * 200 + "x" * 200)) == []
    assert named(replace(BASE, text="{{name|friend}}" * 260 + "x" * 100)) == ["text"]


def test_a_text_is_measured_as_it_will_be_sent() -> None:
    """In UCS-2 it takes 11 parts; transliterated it is plain GSM."""
    content = replace(BASE, text="Ł" + "x" * 700)
    assert named(content) == ["text"]
    assert found(replace(content, transliterate=True)) == []


def test_a_field_that_the_list_lacks_is_told_with_those_that_it_has() -> None:
    content = replace(BASE, text="Dear {{ Title }} {{NAME}} of {{street|nowhere}}, {{title}}")
    assert found(content) == [
        ("text", "{{title}} is no column of the list; it has: name, city"),
        ("text", "{{street}} is no column of the list; it has: name, city"),
    ]
    assert found(content, around(columns=()))[0][1].endswith("it has: none but the numbers")


def test_fields_of_a_trigger_come_with_its_recipients() -> None:
    assert found(replace(WHOLE[Mode.TRIGGER], text="Dear {{title}}")) == []


def test_a_text_is_personal_with_the_first_field() -> None:
    assert is_personal(replace(BASE, text="Hello {{name}}"))
    assert not is_personal(BASE)


# --- what it names ---


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"sender": None}, "sender", "not there"),
        ({"revision": None, "channel": None}, "sender", "not there"),
        ({"sender": replace(SENDER, archived_at=MORNING)}, "sender", "archived"),
        ({"revision": samples.revision(status=RevisionStatus.ARCHIVED)}, "sender", "archived"),
        ({"revision": samples.revision(status=RevisionStatus.PENDING)}, "sender", "approved"),
        ({"channel": None}, "channel", "not there"),
        ({"list": None}, "list", "not there"),
        ({"list": samples.recipient_list(status=ListStatus.FAILED)}, "list", "is failed"),
        ({"list": samples.recipient_list(status=ListStatus.INGESTING)}, "list", "is ingesting"),
        ({"list": samples.recipient_list(counts=ListCounts())}, "list", "no valid number"),
    ],
)
def test_what_it_names_must_still_do(changes: dict[str, Any], field: str, told: str) -> None:
    ((name, message),) = found(BASE, around(**changes))
    assert name == field
    assert told in message


def test_a_channel_of_its_own_must_be_there_even_without_a_revision() -> None:
    nothing = around(sender=None, revision=None, channel=None)
    assert named(replace(BASE, channel="chn_b"), nothing) == ["sender", "channel"]


@pytest.mark.parametrize(
    ("changes", "fine"),
    [
        ({}, False),
        ({"saddr": APPROVED}, False),
        ({"saddr_sender": SENDER, "saddr": APPROVED}, True),
        ({"saddr_sender": replace(SENDER, archived_at=MORNING), "saddr": APPROVED}, False),
        ({"saddr_sender": SENDER, "saddr": samples.revision()}, False),
    ],
)
def test_an_address_override_is_of_an_approved_revision(
    changes: dict[str, Any], *, fine: bool
) -> None:
    content = replace(BASE, overrides=Overrides(saddr="ACME"))
    assert named(content, around(**changes)) == ([] if fine else ["overrides.saddr"])


# --- times ---


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (on_time(start_at=MORNING), ["start_at"]),
        (on_time(start_at=MORNING + timedelta(microseconds=1)), []),
        (on_time(start_at=MORNING + AHEAD_MAX), []),
        (on_time(start_at=MORNING + AHEAD_MAX + DAY), ["start_at"]),
        (spread(date_from=MORNING - DAY), []),
        (spread(date_from=MORNING - DAY, date_to=MORNING), ["date_to"]),
        (spread(date_to=MORNING + HOUR), ["date_to"]),
        (spread(date_from=MORNING + AHEAD_MAX + DAY), ["date_from", "date_to"]),
        (spread(date_to=MORNING + AHEAD_MAX + DAY), ["date_to"]),
        (replace(BASE, deadline=MORNING), ["deadline"]),
        (replace(BASE, deadline=MORNING + HOUR), []),
        (replace(BASE, deadline=MORNING + AHEAD_MAX + DAY), ["deadline"]),
        (on_time(deadline=MORNING + HOUR), ["deadline"]),
        (on_time(deadline=MORNING + HOUR + timedelta(seconds=1)), []),
        (spread(deadline=MORNING + 4 * HOUR), ["deadline"]),
        (spread(deadline=MORNING + 5 * HOUR), []),
        (replace(WHOLE[Mode.TRIGGER], deadline=MORNING + 200 * DAY), []),
    ],
)
def test_times_lie_ahead_and_in_their_order(content: Content, expected: list[str]) -> None:
    assert named(content) == expected


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"),
    [(10, 0, False), (20, 0, True), (19, 59, False), (23, 0, True)],
)
def test_an_instant_lies_in_the_daily_window(hour: int, minute: int, *, quiet: bool) -> None:
    content = on_time(start_at=MORNING.replace(hour=hour, minute=minute))
    assert named(content, with_settings(daily_window=OFFICE)) == (["start_at"] if quiet else [])
    own = replace(content, daily_window=OFFICE)
    assert named(own) == (["start_at"] if quiet else [])


def test_windows_open_by_the_clocks_of_their_zones() -> None:
    content = on_time(start_at=MORNING.replace(hour=10))
    tokyo = with_settings(daily_window=OFFICE, time_zone="Asia/Tokyo")
    assert found(content, tokyo) == []
    assert named(replace(content, start_at=MORNING.replace(hour=11)), tokyo) == ["start_at"]
    own = replace(content, daily_window=OFFICE, time_zone="America/New_York")
    assert named(own) == ["start_at"]
    assert found(replace(own, start_at=MORNING.replace(hour=13))) == []


def test_on_the_first_minute_of_the_window_it_is_open() -> None:
    tomorrow = on_time(start_at=MORNING.replace(hour=8) + DAY)
    assert found(tomorrow, with_settings(daily_window=OFFICE)) == []
    earlier = replace(tomorrow, start_at=MORNING.replace(hour=7, minute=59) + DAY)
    assert named(earlier, with_settings(daily_window=OFFICE)) == ["start_at"]


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        (datetime.min.replace(tzinfo=UTC), "America/New_York"),
        (datetime.max.replace(tzinfo=UTC), "Asia/Tokyo"),
        (MORNING - 3 * HOUR, "Europe/London"),
    ],
)
def test_what_is_over_or_beyond_is_told_as_that_alone(moment: datetime, zone: str) -> None:
    """Also where the calendar ends, and there is no local time to tell."""
    there = with_settings(daily_window=OFFICE, time_zone=zone)
    assert named(on_time(start_at=moment), there) == ["start_at"]


def test_what_may_wait_for_the_window_may_begin_outside_of_it() -> None:
    night = with_settings(daily_window=DailyWindow(0, 60))
    assert found(BASE, night) == []
    assert found(WHOLE[Mode.SPREAD], night) == []


# --- limits ---


@pytest.mark.parametrize(
    ("own", "fine"),
    [
        (DailyWindow(8 * 60, 20 * 60), True),
        (DailyWindow(9 * 60, 10 * 60), True),
        (DailyWindow(7 * 60, 10 * 60), False),
        (DailyWindow(9 * 60, 21 * 60), False),
    ],
)
def test_a_window_of_its_own_is_tighter(own: DailyWindow, *, fine: bool) -> None:
    content = replace(BASE, daily_window=own)
    assert found(content) == []
    assert named(content, with_settings(daily_window=OFFICE)) == ([] if fine else ["daily_window"])
    same_zone = replace(content, time_zone=WORKSPACE.time_zone)
    assert bool(found(same_zone, with_settings(daily_window=OFFICE))) is not fine


def test_windows_of_two_zones_are_not_compared() -> None:
    content = replace(BASE, daily_window=DailyWindow(0, 1440), time_zone="Asia/Tokyo")
    assert found(content, with_settings(daily_window=OFFICE)) == []


@pytest.mark.parametrize(
    ("count", "unit", "fine"),
    [
        (100, LimitUnit.MESSAGES, True),
        (101, LimitUnit.MESSAGES, False),
        (101, LimitUnit.SEGMENTS, True),
    ],
)
def test_a_limit_of_its_own_is_tighter(count: int, unit: LimitUnit, *, fine: bool) -> None:
    content = replace(BASE, daily_limit=DailyLimit(count, unit))
    assert found(content) == []
    whole = with_settings(daily_limit=DailyLimit(100, LimitUnit.MESSAGES))
    assert named(content, whole) == ([] if fine else ["daily_limit.count"])


def test_days_and_hours_are_the_campaigns_own_or_the_workspaces() -> None:
    assert zone_of(BASE, WORKSPACE).key == "Europe/London"
    assert zone_of(replace(BASE, time_zone="Asia/Tokyo"), WORKSPACE).key == "Asia/Tokyo"


# --- whatever is written ---

workspaces = st.builds(
    lambda zone, window, limit: replace(
        WORKSPACE, time_zone=zone, daily_window=window, daily_limit=limit
    ),
    st.sampled_from(ZONES),
    windows,
    limits,
)
revisions = st.none() | st.sampled_from(RevisionStatus).map(
    lambda status: samples.revision(status=status)
)
senders = st.sampled_from((None, SENDER, replace(SENDER, archived_at=MORNING)))
surroundings = st.builds(
    Surroundings,
    now=st.just(MORNING),
    workspace=workspaces,
    sender=senders,
    revision=revisions,
    channel=st.sampled_from((None, samples.channel())),
    list=st.none()
    | st.sampled_from(ListStatus).map(lambda status: samples.recipient_list(status=status)),
    saddr_sender=senders,
    saddr=revisions,
    columns=st.lists(st.sampled_from(("name", "city"))).map(tuple),
)


@given(contents, surroundings)
def test_whatever_can_be_a_draft_gets_an_answer(
    content: Content, found_there: Surroundings
) -> None:
    check_draft(content)
    for problem in problems_of(content, found_there):
        assert problem.field.partition(".")[0] in Content.__dataclass_fields__
        assert problem.message
