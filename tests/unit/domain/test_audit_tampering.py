"""An honest export is clean, whatever has expired; whatever was done to one is found, and named."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.audit import AuditRecord, instant, key_of, to_json
from chalicelib.domain.audit_findings import Fault, Subject
from chalicelib.domain.seals import (
    LOOK_BACK,
    Checkpoint,
    Seal,
    next_seal,
    seal_hash,
    seal_to_json,
)
from tests.fakes.exports import (
    DAY,
    MINUTE,
    SECOND,
    Line,
    Log,
    at_of,
    checked,
    head,
    key,
    record,
)
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Callable

    Edit = Callable[[dict[str, Any]], object]

OTHER_TEXT = "something else"


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Seals at any distance, over records of any retention, some of which turned up late."""
    now, seals, sealed, stored = MORNING, list[Seal](), list[AuditRecord](), list[Checkpoint]()
    for _ in range(draw(st.integers(1, 6))):
        now += draw(st.integers(1, 400)) * MINUTE
        batch = [
            record(
                len(sealed) + index,
                now - draw(st.sampled_from([0, 1, 1, 500, 60_000])) * SECOND,
                draw(st.sampled_from([1, 3, 30, 90])),
            )
            for index in range(draw(st.integers(1, 4)))
        ]
        previous = seals[-1] if seals else None
        seals.append(next_seal(previous, "wsp_a", sorted(batch, key=key_of), now))
        sealed += batch
        if draw(st.booleans()):
            stored.append(head(seals, "wsp_a", now))
    unsealed = [
        record(1_000 + index, now + draw(st.integers(-500, 500)) * SECOND)
        for index in range(draw(st.integers(0, 2)))
    ]
    opened_at = now + 10 * MINUTE + draw(st.sampled_from([0, 1, 2, 4, 31])) * DAY
    # What expires while the export is made may or may not be in it.
    assume(all(abs(each.expires_at - opened_at) > 5 * MINUTE for each in sealed))
    if seals[-1].expires_at <= opened_at:
        # A day or more after the last seal nothing is left that has none.
        unsealed = []
    return Log(seals, sealed, unsealed, opened_at, stored)


# --- whole logs ---


@given(logs())
def test_an_honest_export_is_clean_whatever_has_expired(log: Log) -> None:
    found = checked(log.export())
    assert found.clean, found.findings
    assert found.first is None
    kept = [each for each in log.sealed if each.expires_at > log.opened_at]
    seals = [each for each in log.seals if each.expires_at > log.opened_at]
    named = {item.key for seal in seals for item in seal.records}
    assert (found.intact, found.expired) == (len(kept), len(named) - len(kept))
    assert (found.seals, found.seals_expired) == (len(seals), len(log.seals) - len(seals))
    assert found.unproven == 0
    assert found.head == len(log.seals)


@given(logs(), st.integers(-5, 400))
def test_an_honest_export_of_a_period_is_clean(log: Log, minutes: int) -> None:
    found = checked(log.export(MORNING + minutes * MINUTE))
    assert found.clean, found.findings


# --- one change to a record ---


def edits(shown: dict[str, Any]) -> list[Edit]:
    """Every way to change one field of it, at any depth, to another value of its kind or none."""
    found: list[Edit] = [lambda it: it.update(extra=1)]
    for name, value in shown.items():
        if isinstance(value, dict):
            found += [
                lambda it, name=name, inner=inner: inner(it[name])  # type: ignore[misc]
                for inner in edits(value)
            ]
            continue
        for other in others(value):
            found.append(lambda it, name=name, other=other: it.update({name: other}))  # type: ignore[misc]
        found.append(lambda it, name=name: it.pop(name))  # type: ignore[misc]
    return found


def others(value: object) -> list[object]:
    match value:
        case bool():
            return [not value, int(value)]
        case int():
            return [value + 1, value - 1, 0, value + 1_000_000, str(value)]
        case str() if value[-1:] == "Z":
            moment = datetime.fromisoformat(value)
            shifts = (-400 * DAY, -MINUTE, timedelta(milliseconds=1), 400 * DAY)
            return [*(instant(moment + shift) for shift in shifts), OTHER_TEXT]
        case str():
            return [value + "x", "", 7]
        case _:
            return [OTHER_TEXT]


@given(logs(), st.data())
def test_a_record_with_a_changed_field_is_named(log: Log, data: st.DataObject) -> None:
    lines = log.export()
    sealed = {key_of(each) for each in log.sealed}
    places = [at for at in at_of(lines, "record") if key(lines[at]["record"]) in sealed]
    assume(places)
    shown = lines[data.draw(st.sampled_from(places))]["record"]
    before = key(shown)
    data.draw(st.sampled_from(edits(shown)))(shown)
    found = checked(lines)
    first = found.first_record
    assert not found.clean
    assert first is not None
    try:
        after = key(shown)
    except (KeyError, ValueError, TypeError):
        after = before
    assert first.key in {before, after}
    assert {each.key for each in found.findings if each.subject is Subject.SEAL} == set()


def change_records(lines: list[Line], places: list[int], data: st.DataObject) -> set[str]:
    """Do one thing to the export; returns the keys of the records that it was done to."""
    one, other = sorted(data.draw(st.tuples(*[st.sampled_from(places)] * 2)))
    touched = {key(lines[one]["record"])}
    match data.draw(st.sampled_from(["delete", "cut front", "cut back", "swap", "repeat", "move"])):
        case "delete":
            del lines[one]
        case "cut front":
            touched = {key(lines[at]["record"]) for at in places if at <= one}
            del lines[places[0] : one + 1]
        case "cut back":
            touched = {key(lines[at]["record"]) for at in places if at >= one}
            del lines[one : places[-1] + 1]
        case "swap":
            # Of three in the opposite order nobody can tell which stayed where it was.
            assume(one != other)
            touched = {key(lines[at]["record"]) for at in range(one, other + 1)}
            lines[one], lines[other] = lines[other], lines[one]
        case "repeat":
            lines.insert(data.draw(st.sampled_from([*places, places[-1] + 1])), lines[one])
        case _:
            assume(other - one > 1)
            lines.insert(other, lines.pop(one))
    return touched


@given(logs(), st.data())
def test_a_record_removed_moved_or_repeated_is_named(log: Log, data: st.DataObject) -> None:
    log = replace(log, unsealed=[])
    lines = log.export()
    places = at_of(lines, "record")
    assume(places)
    touched = change_records(lines, places, data)
    found = checked(lines)
    assert found.first is not None
    assert found.first.subject is Subject.RECORD
    assert found.first.key in touched
    assert found.first.id == found.first.key.partition("#")[2]


@given(logs(), st.integers(1, 100_000))
def test_a_record_that_was_put_there_is_named(log: Log, minutes: int) -> None:
    lines = log.export()
    at = log.seals[-1].at - LOOK_BACK - minutes * MINUTE
    added = replace(record(9_999, at), expires_at=log.opened_at + DAY)
    places = [
        place for place in at_of(lines, "record") if key(lines[place]["record"]) < key_of(added)
    ]
    before = places[-1] if places else (at_of(lines, "seal") or at_of(lines, "opening"))[-1]
    lines.insert(before + 1, {"kind": "record", "record": to_json(added)})
    first = checked(lines).first
    assert first is not None
    assert (first.key, first.fault) == (key_of(added), Fault.INSERTED)


# --- one change to a seal ---


def seal_edits(shown: dict[str, Any], data: st.DataObject) -> Edit:
    """Any field of it, of what it names, or which records it names."""
    if not data.draw(st.booleans()):
        return data.draw(st.sampled_from(edits(shown)))
    at = data.draw(st.integers(0, len(shown["records"]) - 1))
    removal: Edit = lambda it: it["records"].pop(at)  # noqa: E731 - one of many
    changes = [within(at, edit) for edit in edits(shown["records"][at])]
    chosen: Edit = data.draw(st.sampled_from([removal, *changes]))
    return chosen


def within(at: int, edit: Edit) -> Edit:
    return lambda it: edit(it["records"][at])


@given(logs(), st.data())
def test_a_seal_with_a_changed_field_is_named(log: Log, data: st.DataObject) -> None:
    """Also one with a hash that was made to fit."""
    lines = log.export()
    places = at_of(lines, "seal")
    assume(places)
    shown = lines[data.draw(st.sampled_from(places))]["seal"]
    before = deepcopy(shown)
    seal_edits(shown, data)(shown)
    if data.draw(st.booleans()):
        shown["hash"] = seal_hash(shown)
        assume(shown != before)
    found = checked(lines)
    assert found.first is not None
    if found.first.fault is Fault.MALFORMED:
        assert found.first.subject is Subject.EXPORT
    else:
        assert found.first.subject is Subject.SEAL
        assert found.first.key in {str(before["number"]), str(shown.get("number"))}
    assert Subject.RECORD not in {each.subject for each in found.findings}


def change_seals(lines: list[Line], places: list[int], data: st.DataObject) -> set[int]:
    one, other = sorted(data.draw(st.tuples(*[st.sampled_from(places)] * 2)))
    touched = {lines[one]["seal"]["number"]}
    match data.draw(st.sampled_from(["delete", "cut front", "cut back", "swap", "repeat", "fork"])):
        case "delete":
            del lines[one]
        case "cut front":
            touched = {lines[at]["seal"]["number"] for at in places if at <= one}
            del lines[places[0] : one + 1]
        case "cut back":
            touched = {lines[at]["seal"]["number"] for at in places if at >= one}
            del lines[one : places[-1] + 1]
        case "swap":
            assume(one != other)
            touched = {lines[at]["seal"]["number"] for at in range(one, other + 1)}
            lines[one], lines[other] = lines[other], lines[one]
        case "repeat":
            lines.insert(data.draw(st.sampled_from(places)), lines[one])
        case _:
            fork = deepcopy(lines[one])
            fork["seal"]["records"].pop()
            fork["seal"]["hash"] = seal_hash(fork["seal"])
            lines.insert(one + data.draw(st.integers(0, 1)), fork)
    return touched


@given(logs(), st.data())
def test_a_seal_removed_moved_or_repeated_is_named(log: Log, data: st.DataObject) -> None:
    lines = log.export()
    places = at_of(lines, "seal")
    assume(places)
    touched = change_seals(lines, places, data)
    found = checked(lines)
    assert found.first is not None
    assert found.first.subject is Subject.SEAL
    assert int(found.first.key) in touched
    assert Subject.RECORD not in {each.subject for each in found.findings}


@given(logs(), st.integers(1, 5), st.data())
def test_a_seal_that_was_put_there_is_named(log: Log, distance: int, data: st.DataObject) -> None:
    """Before the ones that are kept, or behind them, with a hash that fits its content."""
    lines = log.export()
    places = at_of(lines, "seal")
    assume(places)
    number = data.draw(
        st.sampled_from([lines[places[0]]["seal"]["number"] - distance, len(log.seals) + distance])
    )
    model = next_seal(log.seals[-1], "wsp_a", log.sealed[:1], log.opened_at)
    model = replace(model, number=number, expires_at=log.opened_at + DAY)
    shown = seal_to_json(model)
    shown["hash"] = seal_hash(shown)
    place = places[0] if number < len(log.seals) else places[-1] + 1
    lines.insert(place, {"kind": "seal", "seal": shown})
    first = checked(lines).first
    assert first is not None
    assert (first.subject, first.key) == (Subject.SEAL, str(number))


@given(logs(), st.data())
def test_a_chain_written_anew_without_the_key_is_found(log: Log, data: st.DataObject) -> None:
    """From some seal on, to the end, so that it fits together. Which one was the first to be
    written anew nobody can tell, unless a checkpoint stands between.
    """
    kept = [seal for seal in log.seals if seal.expires_at > log.opened_at]
    assume(kept)
    changed = data.draw(st.sampled_from(kept)).number
    seals = log.seals[: changed - 1]
    for seal in log.seals[changed - 1 :]:
        named = [each for each in log.sealed if key_of(each) in {c.key for c in seal.records}]
        if seal.number == changed:
            named = [replace(each, action="tampered with") for each in named]
        previous = seals[-1] if seals else None
        seals.append(next_seal(previous, "wsp_a", sorted(named, key=key_of), seal.at))
    lines = log.export()
    for line in lines:
        if line["kind"] == "seal":
            line["seal"] = seal_to_json(seals[line["seal"]["number"] - 1])
    first = checked(lines).first
    assert first is not None
    assert first.subject is Subject.SEAL
    assert int(first.key) >= changed
