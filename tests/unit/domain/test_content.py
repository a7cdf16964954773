from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.domain.content import (
    FIELDS_MAX,
    NAME_MAX,
    OUR_TAGS,
    TEXT_MAX,
    TLV_BYTES_MAX,
    TLVS_MAX,
    VALIDITY_MAX,
    VALIDITY_MIN,
    Content,
    InDoubt,
    Mode,
    Overrides,
    Tlv,
    check_draft,
    described,
    digest_of,
    in_utc,
)
from chalicelib.domain.errors import Invalid
from chalicelib.domain.workspace import DailyLimit, DailyWindow, LimitUnit
from tests.unit.domain.contents import FIELDS, contents

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TAG = min(OUR_TAGS)


def refused(content: Content) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        check_draft(content)
    return [problem.field for problem in refusal.value.problems]


def test_the_strategies_know_every_field() -> None:
    assert list(FIELDS) == [column.name for column in fields(Content)]


def test_an_empty_draft_is_fine() -> None:
    check_draft(Content())


@given(contents)
def test_what_is_possible_by_itself_is_a_draft(content: Content) -> None:
    check_draft(content)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": "x" * (NAME_MAX + 1)}),
        ("name", {"name": "a\nb"}),
        ("name", {"name": "\ud800"}),
        ("text", {"text": "x" * (TEXT_MAX + 1)}),
        ("text", {"text": "half \ud83d"}),
        ("text", {"text": "Hello {{name"}),
        ("text", {"text": "Hello {{}}"}),
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("time_zone", {"time_zone": ""}),
        ("daily_window", {"daily_window": DailyWindow(600, 600)}),
        ("daily_limit.count", {"daily_limit": DailyLimit(0, LimitUnit.MESSAGES)}),
        ("overrides.ston", {"overrides": Overrides(ston=7)}),
        ("overrides.snpi", {"overrides": Overrides(snpi=2)}),
        ("overrides.dton", {"overrides": Overrides(dton=-1)}),
        ("overrides.dnpi", {"overrides": Overrides(dnpi=5)}),
        (
            "overrides.validity_seconds",
            {"overrides": Overrides(validity=VALIDITY_MIN - timedelta(seconds=1))},
        ),
        (
            "overrides.validity_seconds",
            {"overrides": Overrides(validity=VALIDITY_MAX + timedelta(seconds=1))},
        ),
        (
            "overrides.tlvs",
            {"overrides": Overrides(tlvs=tuple(Tlv(n, b"") for n in range(1, TLVS_MAX + 2)))},
        ),
        ("overrides.tlvs", {"overrides": Overrides(tlvs=(Tlv(5, b"a"), Tlv(5, b"b")))}),
        ("overrides.tlvs.0.tag", {"overrides": Overrides(tlvs=(Tlv(0, b""),))}),
        ("overrides.tlvs.0.tag", {"overrides": Overrides(tlvs=(Tlv(0x10000, b""),))}),
        ("overrides.tlvs.1.tag", {"overrides": Overrides(tlvs=(Tlv(5, b""), Tlv(TAG, b"")))}),
        (
            "overrides.tlvs.0.value",
            {"overrides": Overrides(tlvs=(Tlv(5, bytes(TLV_BYTES_MAX + 1)),))},
        ),
    ],
)
def test_what_is_impossible_by_itself_is_named(field: str, changes: dict[str, Any]) -> None:
    assert refused(Content(**changes)) == [field]


def test_all_that_is_impossible_is_named_at_once() -> None:
    content = Content(name="\n", text="{{", time_zone="x", overrides=Overrides(ston=9))
    assert refused(content) == ["name", "text", "time_zone", "overrides.ston"]


def test_the_limits_themselves_are_fine() -> None:
    longest = Overrides(validity=VALIDITY_MAX, tlvs=(Tlv(0xFFFF, bytes(TLV_BYTES_MAX)),))
    check_draft(Content(name="x" * NAME_MAX, text="x" * TEXT_MAX, overrides=longest))
    check_draft(Content(overrides=Overrides(validity=VALIDITY_MIN)))


def test_it_starts_at_its_instant_or_at_the_begin_of_its_window() -> None:
    assert Content().starts_at is None
    assert Content(start_at=NOON).starts_at == NOON
    assert Content(date_from=NOON).starts_at == NOON


def test_times_are_kept_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    kept = in_utc("start_at", NOON.astimezone(tokyo))
    assert kept is not None
    assert (kept, kept.tzinfo) == (NOON, UTC)
    assert in_utc("start_at", None) is None


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_a_time_beyond_the_calendar_is_its_fields_fault(moment: str) -> None:
    with pytest.raises(Invalid, match="start_at: lies beyond the calendar"):
        in_utc("start_at", datetime.fromisoformat(moment))


# --- the digest ---


def test_the_digest_is_of_the_instant_wherever_its_clock_is() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert digest_of(Content(start_at=tokyo)) == digest_of(Content(start_at=NOON))


@settings(max_examples=30)
@given(contents, st.data())
def test_every_single_field_changes_the_digest(content: Content, data: st.DataObject) -> None:
    for name, values in FIELDS.items():
        value = data.draw(values, label=name)
        changed = replace(content, **{name: value})
        same = changed == content
        assert (digest_of(changed) == digest_of(content)) is same


@settings(max_examples=50)
@given(contents, contents)
def test_the_digest_is_of_the_value_alone(content: Content, other: Content) -> None:
    rebuilt = Content(**{name: getattr(content, name) for name in FIELDS})
    assert digest_of(rebuilt) == digest_of(content)
    assume(other != content)
    assert digest_of(other) != digest_of(content)


@pytest.mark.parametrize(
    "changes",
    [
        {"saddr": "B"},
        {"saddr_sender": "snd_b"},
        {"saddr_revision": 2},
        {"ston": 1},
        {"snpi": 1},
        {"dton": 2},
        {"dnpi": 3},
        {"validity": timedelta(hours=2)},
        {"tlvs": (Tlv(5, b"b"),)},
        {"tlvs": (Tlv(6, b"a"),)},
        {"tlvs": ()},
    ],
)
def test_every_override_changes_the_digest(changes: dict[str, Any]) -> None:
    overrides = Overrides("A", "snd_a", 1, 5, 0, 1, 1, timedelta(hours=1), (Tlv(5, b"a"),))
    before = Content(overrides=overrides)
    after = Content(overrides=replace(overrides, **changes))
    assert digest_of(after) != digest_of(before)


# --- the audit log ---


def test_the_log_keeps_what_the_author_has_set() -> None:
    content = Content(
        mode=Mode.ON_TIME,
        name="Spring",
        start_at=NOON,
        auto_start=True,
        daily_window=DailyWindow(480, 1200),
        in_doubt=InDoubt.RECONCILE,
        overrides=Overrides(validity=timedelta(hours=1), tlvs=(Tlv(5, b"\x00\xff"),)),
    )
    facts = described(content)
    overrides = json.loads(str(facts.pop("overrides")))
    assert facts == {
        "mode": "on_time",
        "name": "Spring",
        "start_at": "2026-03-02T12:00:00+00:00",
        "auto_start": True,
        "daily_window": '{"closes": 1200, "opens": 480}',
        "in_doubt": "reconcile",
    }
    assert (overrides["validity"], overrides["tlvs"]) == (3600.0, [{"tag": 5, "value": "00ff"}])


def test_of_an_untouched_draft_it_keeps_nothing() -> None:
    assert described(Content()) == {}


@given(contents)
def test_what_it_keeps_is_plain_and_becomes_json(content: Content) -> None:
    facts = described(content)
    assert all(value is None or isinstance(value, str | int | bool) for value in facts.values())
    assert json.loads(json.dumps(facts)) == facts


def test_a_text_holds_so_many_fields() -> None:
    check_draft(Content(text="{{a}}" * FIELDS_MAX))
    with pytest.raises(Invalid, match="at most 50 merge fields"):
        check_draft(Content(text="{{a}}" * (FIELDS_MAX + 1)))
