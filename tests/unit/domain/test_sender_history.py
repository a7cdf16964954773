"""A sender's history as a table (SPEC 3.2)."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.decision import Decision
from chalicelib.domain.sender import Revision, RevisionStatus, archive
from chalicelib.domain.sender_history import HEADING, history_of
from tests.fakes import samples
from tests.fakes.services import MORNING

DRAFT, _, APPROVED, REJECTED, _ = RevisionStatus
LATER = MORNING + timedelta(hours=1)


def revision(status: RevisionStatus = DRAFT, **changes: Any) -> Revision:
    return samples.revision(**{"status": status, **changes})


def decided(status: RevisionStatus, **changes: Any) -> Revision:
    return revision(status, **{"decision": Decision("usr_m", MORNING, "so"), **changes})


def test_a_history_has_a_line_for_each_revision() -> None:
    first = decided(APPROVED, submitted_at=MORNING, use="Orders")
    second = archive(decided(REJECTED, number=2))
    third = revision(number=3)
    heading, *lines = read(history_of([first, second, third]))
    assert heading == list(HEADING)
    time = "2026-03-02T09:00:00.000Z"
    same = ("ACME", "5/0", "1/1", "chn_a")
    assert lines == [
        ["1", "approved", *same, "Orders", "usr_a", time, time, "usr_m", time, "so", "no"],
        ["2", "rejected", *same, "", "usr_a", time, "", "usr_m", time, "so", "yes"],
        ["3", "draft", *same, "", "usr_a", time, "", "", "", "", "no"],
    ]


def test_no_spreadsheet_takes_a_history_for_a_formula() -> None:
    evil = decided(APPROVED, address="=1+1", use='=HYPERLINK("http://x","y")\n@SUM(1)')
    evil = replace(evil, decision=Decision("usr_m", LATER, " +cmd|' /C calc'!A0"))
    _, line = read(history_of([evil]))
    assert line[2] == "'=1+1"
    assert line[6] == '\'=HYPERLINK("http://x","y")\n@SUM(1)'
    assert line[12].startswith("' +cmd")
    assert not any(cell.lstrip().startswith(tuple("=+-@")) for cell in line)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_history_reads_back_whatever_was_written(use: str, note: str) -> None:
    made = decided(REJECTED, use=use, decision=Decision("usr_m", MORNING, note))
    _, line = read(history_of([made]))
    assert len(line) == len(HEADING)
    assert (line[6].removeprefix("'"), line[12].removeprefix("'")) == (
        use.removeprefix("'"),
        note.removeprefix("'"),
    )


def read(table: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table, newline=""), strict=True))
