"""The file of an export: what stands where, who signed it, and what is told of a damaged one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.audit import key_of
from chalicelib.domain.audit_check import NotAnExport, public_key_of
from chalicelib.domain.audit_findings import Fault, Subject
from tests.fakes.exports import (
    DAY,
    MINUTE,
    Line,
    at_of,
    checked,
    checkpoint_line,
    faults,
    head,
    line_of,
    reading,
    small,
)
from tests.fakes.services import MORNING


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
    found = checked(texts)
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
