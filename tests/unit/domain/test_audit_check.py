"""What checking an export tells: of honest ones, of checkpoints, of broken chains and late expiry.

That nothing done to an export escapes it is for test_audit_tampering.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.audit import AuditRecord, instant, key_at, key_of, to_json
from chalicelib.domain.audit_check import NotAnExport
from chalicelib.domain.audit_findings import SHOWN, Fault, Subject
from chalicelib.domain.seals import SLACK, next_seal, seal_hash, seal_to_json
from tests.fakes.exports import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Log,
    at_of,
    chain,
    checked,
    faults,
    head,
    line_of,
    record,
    small,
)
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from datetime import timedelta

OTHER_TEXT = "something else"
# Which of two is the right one nobody can tell.
TWICE = (Fault.REORDERED, Fault.DUPLICATE)


# --- whole logs, and checkpoints that contradict them ---


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
    late = record(99, log.opened_at + MINUTE)
    for place, other in ((at_of(lines, "record")[0], log.sealed[0]), (len(lines) - 1, late)):
        added = [*lines]
        added.insert(place, {"kind": "record", "record": to_json(other)})
        assert faults(checked(added)) == [(Subject.RECORD, Fault.OUTSIDE, key_of(other))]


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


def test_a_seals_own_hash_is_part_of_it() -> None:
    lines = small().export()
    line_of(lines, "seal", 1)["seal"]["hash"] = "f" * 64
    found = checked(lines)
    assert faults(found) == [(Subject.SEAL, Fault.ALTERED, "2")]
    assert found.intact == len(small().sealed)


@pytest.mark.parametrize("number", [0, -1, 4])
def test_a_seal_with_a_number_that_the_chain_does_not_have_is_named(number: int) -> None:
    lines = small().export()
    shown = line_of(lines, "seal", 2)["seal"] | {"number": number}
    place = at_of(lines, "seal")[0 if number < 1 else 2] + (number > 1)
    lines.insert(place, {"kind": "seal", "seal": shown | {"hash": seal_hash(shown)}})
    assert faults(checked(lines)) == [(Subject.SEAL, Fault.INSERTED, str(number))]


@pytest.mark.parametrize(
    ("change", "fault"), [({}, Fault.DUPLICATE), ({"at": instant(MORNING)}, Fault.FORKED)]
)
def test_two_seals_of_one_number_are_told_apart(change: dict[str, str], fault: Fault) -> None:
    lines = small().export()
    shown = line_of(lines, "seal", 1)["seal"] | change
    place = at_of(lines, "seal")[1]
    lines.insert(place, {"kind": "seal", "seal": shown | {"hash": seal_hash(shown)}})
    found = checked(lines)
    assert (Subject.SEAL, fault, "2") in faults(found)
    assert (found.intact, found.seals) == (6, 3)


def test_what_was_moved_back_is_named_and_not_what_it_passed() -> None:
    log = small()
    lines = log.export()
    first, *_, last = at_of(lines, "record")
    lines.insert(last, lines.pop(first + 1))
    assert faults(checked(lines)) == [(Subject.RECORD, Fault.REORDERED, key_of(log.sealed[1]))]
    lines = log.export()
    lines.insert(first + 1, lines.pop(last))
    assert faults(checked(lines)) == [(Subject.RECORD, Fault.REORDERED, key_of(log.sealed[5]))]


@pytest.mark.parametrize("at", ["2026-03-02T13:00:00.000", "0001-01-01T00:00:00.000Z", "now"])
def test_an_instant_that_the_log_cannot_have_is_refused(at: str) -> None:
    lines = small().export()
    line_of(lines, "opening")["checkpoint"]["at"] = at
    with pytest.raises(NotAnExport):
        checked(lines)
    lines = small().export()
    line_of(lines, "seal", 2)["seal"]["at"] = at
    assert (Subject.SEAL, Fault.DELETED, "3") in faults(checked(lines))


# --- what a broken chain still tells ---


def test_records_of_a_broken_seal_are_neither_whole_nor_wrong() -> None:
    lines = small().export()
    line_of(lines, "seal", 1)["seal"]["at"] = "2026-03-02T09:00:00.000Z"
    found = checked(lines)
    assert faults(found) == [(Subject.SEAL, Fault.ALTERED, "2")]
    assert (found.intact, found.unproven) == (2, 4)


def test_all_before_a_break_is_loose() -> None:
    records = [record(number, MORNING + number * SECOND) for number in range(4)]
    seals = chain(*([each] for each in records), every=HOUR)
    lines = Log(seals, records, [], MORNING + 5 * HOUR, []).export()
    line_of(lines, "seal", 2)["seal"]["at"] = instant(MORNING)
    found = checked(lines)
    assert faults(found) == [(Subject.SEAL, Fault.ALTERED, "3")]
    assert (found.intact, found.unproven) == (1, 3)


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


def test_a_new_id_does_not_put_the_neighbour_out_of_order() -> None:
    """Both of one instant, so that the id alone orders them."""
    records = [record(number, MORNING) for number in range(2)]
    lines = Log(chain(records), records, [], MORNING + HOUR, []).export()
    line_of(lines, "record", 1)["record"]["id"] = "a"
    assert faults(checked(lines)) == [
        (Subject.RECORD, Fault.REORDERED, key_at(MORNING) + "a"),
        (Subject.RECORD, Fault.DELETED, key_of(records[1])),
    ]


def test_what_was_put_there_as_long_expired_is_named() -> None:
    """An export has nothing that had expired when it began."""
    log = small()
    lines = log.export()
    added = replace(record(99, MORNING - DAY), expires_at=log.opened_at - HOUR)
    lines.insert(at_of(lines, "record")[0], {"kind": "record", "record": to_json(added)})
    assert faults(checked(lines)) == [(Subject.RECORD, Fault.INSERTED, key_of(added))]


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
    seals = chain(*([each] for each in records), every=HOUR)
    return Log(seals, records, [], opened_at, []), records


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
