"""An honest export is clean, whatever has expired; whatever was done to one is found, and named."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.audit import AuditRecord, instant, key_at, key_of, to_json
from chalicelib.domain.audit_check import NotAnExport, check, public_key_of
from chalicelib.domain.audit_findings import SHOWN, Fault, Findings, Subject
from chalicelib.domain.seals import (
    LOOK_BACK,
    SLACK,
    Checkpoint,
    Seal,
    next_seal,
    seal_hash,
    seal_to_json,
)
from tests.fakes import samples
from tests.fakes.exports import Line, checkpoint_line, export, head, reading, verify
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Callable

    Edit = Callable[[dict[str, Any]], object]

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
OTHER_TEXT = "something else"
# Which of two is the right one nobody can tell.
TWICE = (Fault.REORDERED, Fault.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Log:
    """All that was ever written, and when it is exported."""

    seals: list[Seal]
    sealed: list[AuditRecord]
    unsealed: list[AuditRecord]
    opened_at: datetime
    stored: list[Checkpoint]

    @property
    def records(self) -> list[AuditRecord]:
        return sorted((*self.sealed, *self.unsealed), key=key_of)

    def export(self, since: datetime | None = None) -> list[Line]:
        closed_at = self.opened_at + 5 * SECOND
        return export(
            self.seals, self.records, self.opened_at, closed_at, stored=self.stored, since=since
        )


def record(number: int, at: datetime, days: int = 90) -> AuditRecord:
    return samples.audit(id=f"aud_{number:026}", at=at, expires_at=at + days * DAY)


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


def checked(lines: list[Line] | list[str]) -> Findings:
    return check(reading(lines), verify)


def at_of(lines: list[Line], kind: str) -> list[int]:
    return [index for index, line in enumerate(lines) if line["kind"] == kind]


def key(shown: dict[str, Any]) -> str:
    return key_at(datetime.fromisoformat(shown["at"])) + str(shown["id"])


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


# --- checkpoints, and the file itself ---


def chain(*batches: list[AuditRecord], every: timedelta = MINUTE) -> list[Seal]:
    seals: list[Seal] = []
    for number, batch in enumerate(batches, start=1):
        at = MORNING + number * every
        seals.append(next_seal(seals[-1] if seals else None, "wsp_a", batch, at))
    return seals


def small(*, stored: bool = False, unsealed: int = 0) -> Log:
    """Three seals, an hour apart, of two records each."""
    records = [record(number, MORNING + number * SECOND) for number in range(6)]
    seals = chain(records[:2], records[2:4], records[4:], every=HOUR)
    marks = [head(seals[:2], "wsp_a", seals[1].at)] if stored else []
    late = [record(90 + n, seals[2].at + n * SECOND) for n in range(unsealed)]
    return Log(seals, records, late, MORNING + 4 * HOUR, marks)


def line_of(lines: list[Line], kind: str, nth: int = 0) -> Line:
    return lines[at_of(lines, kind)[nth]]


def faults(found: Findings) -> list[tuple[Subject, Fault, str]]:
    return [(each.subject, each.fault, each.key) for each in found.findings]


def test_young_records_in_no_seal_are_counted_and_no_fault() -> None:
    found = checked(small(unsealed=2).export())
    assert found.clean
    assert (found.intact, found.unsealed) == (6, 2)


def test_before_there_is_any_seal_no_record_has_one() -> None:
    found = checked(Log([], [], [record(1, MORNING)], MORNING + DAY, []).export())
    assert found.clean
    assert (found.intact, found.unsealed, found.head) == (0, 1, 0)


def test_the_period_is_the_exports() -> None:
    log = small()
    lines = log.export(MORNING + 3 * SECOND)
    found = checked(lines)
    assert (found.clean, found.intact) == (True, 3)
    lines.insert(at_of(lines, "record")[0], {"kind": "record", "record": to_json(log.sealed[0])})
    assert faults(checked(lines)) == [(Subject.RECORD, Fault.OUTSIDE, key_of(log.sealed[0]))]


def test_a_chain_of_which_all_has_expired_is_no_fault_and_goes_on() -> None:
    old = chain([record(1, MORNING, 1)])
    log = Log(old, [record(1, MORNING, 1)], [], MORNING + 40 * DAY, [])
    found = checked(log.export())
    assert (found.clean, found.seals, found.seals_expired) == (True, 0, 1)
    mark = head(old, "wsp_a", MORNING + MINUTE)
    young = record(2, MORNING + 50 * DAY)
    again = next_seal(mark, "wsp_a", [young], young.at)
    found = checked(Log([again], [young], [], MORNING + 51 * DAY, [mark]).export())
    assert (found.clean, found.seals, found.seals_expired, found.intact) == (True, 1, 1, 1)


def test_a_chain_that_begins_anew_while_the_old_one_is_kept_is_found() -> None:
    mark = head(chain([record(1, MORNING)], [record(2, MORNING)]), "wsp_a", MORNING + HOUR)
    anew = chain([record(3, MORNING)], every=DAY)
    found = checked(Log(anew, [record(3, MORNING)], [], MORNING + 2 * DAY, [mark]).export())
    assert (Subject.SEAL, Fault.DELETED, "2") in faults(found)


def test_a_chain_written_anew_and_signed_again_does_not_fit_an_earlier_checkpoint() -> None:
    log = small(stored=True)
    forged = [replace(each, action="tampered with") for each in log.sealed]
    anew = replace(log, seals=chain(forged[:2], forged[2:4], forged[4:]), sealed=forged)
    found = checked(anew.export())
    assert faults(found) == [(Subject.SEAL, Fault.FORKED, "2")]


def test_a_past_written_anew_contradicts_the_checkpoint_of_what_is_missing() -> None:
    """Seals 1 and 2 are gone, and seal 3 says that they had expired."""
    log = small(stored=True)
    third = replace(log.seals[2], previous_expires_at=MORNING)
    third = replace(third, hash=seal_hash(seal_to_json(third)))
    found = checked(replace(log, seals=[third], sealed=log.sealed[4:]).export())
    assert faults(found) == [(Subject.SEAL, Fault.DELETED, "2")]


def test_two_checkpoints_of_one_seal_must_agree() -> None:
    log = small(stored=True)
    other = replace(log.stored[0], hash="f" * 64, at=MORNING + HOUR)
    found = checked(replace(log, stored=[*log.stored, other]).export())
    assert faults(found) == [(Subject.SEAL, Fault.FORKED, "2")]


@pytest.mark.parametrize("kind", ["checkpoint", "opening"])
@pytest.mark.parametrize(
    ("name", "value"), [("at", "2026-03-02T08:59:59.000Z"), ("seal", 1), ("hash", "f" * 64)]
)
def test_a_checkpoint_that_was_changed_is_named(kind: str, name: str, value: object) -> None:
    lines = small(stored=True).export()
    line_of(lines, kind)["checkpoint"][name] = value
    first = checked(lines).first
    assert first is not None
    assert (first.subject, first.fault) == (Subject.CHECKPOINT, Fault.BAD_SIGNATURE)


def test_a_closing_checkpoint_that_was_changed_closes_nothing() -> None:
    """Otherwise one from the far future would make all that is missing look expired."""
    lines = small().export()
    line_of(lines, "closing")["checkpoint"]["at"] = "2036-03-02T09:00:00.000Z"
    del lines[at_of(lines, "record")[0]]
    assert {fault for _, fault, _ in faults(checked(lines))} == {
        Fault.INCOMPLETE,
        Fault.BAD_SIGNATURE,
        Fault.DELETED,
    }


def test_a_checkpoint_of_another_workspace_vouches_for_nothing() -> None:
    log = small()
    lines = replace(log, stored=[head(log.seals, "wsp_b", MORNING)]).export()
    assert faults(checked(lines)) == [(Subject.CHECKPOINT, Fault.FOREIGN, "3")]


def test_an_export_that_is_cut_off_is_found() -> None:
    log = small()
    lines = log.export()
    incomplete = (Subject.EXPORT, Fault.INCOMPLETE, "")
    assert faults(checked(lines[:-1])) == [incomplete]
    after_seals = lines[: at_of(lines, "record")[0]]
    missing = [(Subject.RECORD, Fault.DELETED, key_of(each)) for each in log.sealed]
    assert faults(checked(after_seals)) == [incomplete, *missing]


@pytest.mark.parametrize(
    "changes",
    [{"at": MORNING}, {"seal": 2, "at": MORNING + DAY}, {"hash": "f" * 64, "at": MORNING + DAY}],
)
def test_the_closing_checkpoint_goes_on_from_the_opening_one(changes: dict[str, Any]) -> None:
    log = small()
    lines = log.export()
    closing = replace(head(log.seals, "wsp_a", log.opened_at), **changes)
    lines[-1] = checkpoint_line("closing", closing)
    assert [fault for _, fault, _ in faults(checked(lines))] == [Fault.FORKED]


def test_a_chain_that_ends_before_a_stored_checkpoint_is_found() -> None:
    """Whoever exports an older state of the table cannot leave out what was signed later."""
    log = small()
    later = head(log.seals, "wsp_a", log.opened_at - MINUTE)
    cut = replace(log, seals=log.seals[:2], sealed=log.sealed[:4], stored=[later])
    assert faults(checked(cut.export())) == [(Subject.SEAL, Fault.DELETED, "3")]


def test_what_no_export_has_is_told_by_its_line() -> None:
    lines = small().export()
    texts: list[Line | str] = [*lines]
    numbered = {"kind": "seal", "seal": line_of(lines, "seal")["seal"] | {"number": "1"}}
    texts[3:3] = ["no JSON", "[1]", '{"kind": "letter"}', numbered]
    texts.insert(-1, {"kind": "record", "record": {"id": "aud_1"}})
    found = check(reading(texts), verify)
    lines_told = [str(number) for number in (4, 5, 6, 7, len(texts) - 1)]
    assert faults(found) == [(Subject.EXPORT, Fault.MALFORMED, number) for number in lines_told]


def test_lines_out_of_their_place_are_told_and_left_out() -> None:
    lines = small(stored=True).export()
    lines += [line_of(lines, "checkpoint"), line_of(lines, "closing"), line_of(lines, "export")]
    assert faults(checked(lines)) == [
        (Subject.EXPORT, Fault.REORDERED, str(len(lines) - n)) for n in (2, 1, 0)
    ]


def test_a_checkpoint_without_a_signature_is_none() -> None:
    lines = small(stored=True).export()
    del line_of(lines, "checkpoint")["signature"]
    assert faults(checked(lines)) == [(Subject.EXPORT, Fault.MALFORMED, "2")]


@pytest.mark.parametrize("kind", ["export", "opening"])
def test_without_header_or_opening_there_is_nothing_to_check_by(kind: str) -> None:
    lines = small().export()
    with pytest.raises(NotAnExport):
        checked([line for line in lines if line["kind"] != kind])


@pytest.mark.parametrize(
    "changes", [{"format": 2}, {"until": "tomorrow"}, {"until": "2026-03-02T09:00:00"}]
)
def test_a_header_that_nobody_understands_is_refused(changes: dict[str, Any]) -> None:
    lines = small().export()
    lines[0] |= changes
    with pytest.raises(NotAnExport):
        checked(lines)


def test_the_key_in_the_file_is_that_of_its_header() -> None:
    lines = small().export()
    assert public_key_of(reading(lines)) == "PEM"
    for broken in (lines[1:], [], [lines[0] | {"public_key": 5}]):
        with pytest.raises(NotAnExport):
            public_key_of(reading(broken))


def test_a_seals_own_hash_is_part_of_it() -> None:
    lines = small().export()
    line_of(lines, "seal", 1)["seal"]["hash"] = "f" * 64
    found = checked(lines)
    assert faults(found) == [(Subject.SEAL, Fault.ALTERED, "2")]
    assert found.intact == len(small().sealed)


# --- what a broken chain still tells ---


def test_records_of_a_broken_seal_are_neither_whole_nor_wrong() -> None:
    lines = small().export()
    line_of(lines, "seal", 1)["seal"]["at"] = "2026-03-02T09:00:00.000Z"
    found = checked(lines)
    assert faults(found) == [(Subject.SEAL, Fault.ALTERED, "2")]
    assert (found.intact, found.unproven) == (2, 4)


def test_a_checkpoint_vouches_for_what_is_before_a_break() -> None:
    lines = small(stored=True).export()
    line_of(lines, "seal", 2)["seal"]["at"] = "2026-03-02T09:00:00.000Z"
    found = checked(lines)
    assert faults(found) == [(Subject.SEAL, Fault.ALTERED, "3")]
    assert (found.intact, found.unproven) == (4, 2)


def test_a_record_that_was_changed_is_named_behind_a_break_as_well() -> None:
    log = small()
    lines = log.export()
    line_of(lines, "seal", 2)["seal"]["at"] = "2026-03-02T09:00:00.000Z"
    line_of(lines, "record")["record"]["action"] = OTHER_TEXT
    found = checked(lines)
    assert found.first_record is not None
    assert found.first_record.key == key_of(log.sealed[0])
    assert len(found.faults) == 1


def test_before_a_broken_seal_nobody_knows_what_is_missing() -> None:
    lines = small().export()
    line_of(lines, "seal", 1)["seal"]["at"] = "2026-03-02T09:00:00.000Z"
    del lines[at_of(lines, "seal")[0]]
    assert faults(checked(lines)) == [(Subject.SEAL, Fault.ALTERED, "2")]


def test_a_record_of_another_workspace_is_named() -> None:
    log = small()
    lines = log.export()
    line_of(lines, "record", 3)["record"]["workspace"] = "wsp_b"
    assert faults(checked(lines)) == [(Subject.RECORD, Fault.FOREIGN, key_of(log.sealed[3]))]


def test_a_record_that_is_there_twice_is_named() -> None:
    log = small()
    lines = log.export()
    lines.insert(at_of(lines, "record")[3], line_of(lines, "record", 3))
    told = [(Subject.RECORD, fault, key_of(log.sealed[3])) for fault in TWICE]
    assert faults(checked(lines)) == told


def test_many_faults_are_counted_and_the_first_ones_told() -> None:
    records = [record(number, MORNING + number * SECOND) for number in range(5 * SHOWN)]
    log = Log(chain(records), records, [], MORNING + DAY, [])
    lines = log.export()
    for at in at_of(lines, "record"):
        lines[at]["record"]["action"] = OTHER_TEXT
    found = checked(lines)
    assert found.faults == {Fault.ALTERED: 5 * SHOWN}
    assert [each.key for each in found.findings] == [key_of(each) for each in records[:SHOWN]]


# --- what expires while the export is made ---


def expiring(*ends: timedelta) -> tuple[Log, list[AuditRecord]]:
    """A seal for each record; ends are from the opening on."""
    opened_at = MORNING + DAY
    records = [
        replace(record(number, MORNING + number * SECOND), expires_at=opened_at + end)
        for number, end in enumerate(ends)
    ]
    return Log(chain(*([each] for each in records)), records, [], opened_at, []), records


def test_what_expires_meanwhile_may_be_there_or_not_in_any_order() -> None:
    log, _ = expiring(SECOND, 2 * SECOND, 3 * SECOND, DAY)
    for gone in ([0], [1], [2], [0, 2], [0, 1, 2]):
        lines = log.export()
        places = at_of(lines, "seal")
        for at in reversed(gone):
            del lines[places[at]]
        assert checked(lines).clean, gone
        records = at_of(lines, "record")
        for at in reversed(gone):
            del lines[records[at]]
        assert checked(lines).clean, gone


def test_what_is_kept_a_little_longer_may_be_gone_a_little_early() -> None:
    log, records = expiring(5 * SECOND + SLACK, 6 * SECOND + SLACK, DAY)
    lines = log.export()
    first, second, *_ = at_of(lines, "record")
    del lines[second], lines[first]
    assert faults(checked(lines)) == [(Subject.RECORD, Fault.DELETED, key_of(records[1]))]


def test_a_seal_cut_off_from_the_chain_is_no_part_of_it() -> None:
    """What stood between has expired, so nothing vouches for it: it would have expired as well."""
    log, records = expiring(-2 * HOUR, -HOUR, DAY)
    lines = log.export()
    for end in (-3 * HOUR, DAY):
        forged = next_seal(
            None, "wsp_a", [replace(records[0], expires_at=log.opened_at + end)], MORNING
        )
        added = [*lines]
        added.insert(at_of(lines, "seal")[0], {"kind": "seal", "seal": seal_to_json(forged)})
        assert faults(checked(added))[0] == (Subject.SEAL, Fault.INSERTED, "1")


def test_two_seals_that_name_a_record_differently_are_found() -> None:
    one = record(1, MORNING)
    other = replace(one, action="tampered with")
    seals = chain([one], [other])
    found = checked(Log(seals, [one], [], MORNING + HOUR, []).export())
    assert (Subject.RECORD, Fault.FORKED, key_of(one)) in faults(found)


def test_a_seal_may_name_nothing() -> None:
    one = record(1, MORNING)
    seals = chain([one], [one])
    empty = replace(seals[1], records=())
    empty = replace(empty, hash=seal_hash(seal_to_json(empty)))
    assert checked(Log([seals[0], empty], [one], [], MORNING + HOUR, []).export()).clean
