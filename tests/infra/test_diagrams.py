"""The page of a campaign's states is what the tables say, and says all of it."""

from __future__ import annotations

import re

import pytest

from chalicelib.domain.campaign import MOVES, Move, Status
from chalicelib.domain.content import Mode
from chalicelib.domain.submission import ALLOWED, NEEDED
from infra import diagrams

PAGE = diagrams.PAGE.read_text(encoding="utf-8")


def row(first: str) -> list[str]:
    (line,) = re.findall(rf"^\| {re.escape(first)} \|.*$", PAGE, re.MULTILINE)
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_is_current() -> None:
    assert diagrams.page() == PAGE, "run python -m infra.diagrams"


@pytest.mark.parametrize("action", Move)
def test_every_move_stands_once_with_all_the_states_that_it_leaves(action: Move) -> None:
    cells = row(f"**{action.name.lower()}**")
    assert {status for status in Status if status in cells[1]} == {
        state.status for state, move in MOVES if move is action
    }


@pytest.mark.parametrize("status", Status)
def test_the_diagram_has_every_status_and_the_ways_to_it(status: Status) -> None:
    drawn = PAGE.split("```")[1]
    arrows = re.findall(rf"^    (\w+) --> {status}: (.+)$", drawn, re.MULTILINE)
    ways = {
        (state.status.value, action.name.lower())
        for (state, action), target in MOVES.items()
        if target.status is status and state.status is not status
    }
    drawn_ways = {(begin, name) for begin, names in arrows for name in names.split(", ")}
    assert {way for way in drawn_ways if way[1] != "resume"} == ways
    assert any(status in line.split() for line in drawn.splitlines())


@pytest.mark.parametrize("name", sorted({*NEEDED, *ALLOWED}))
def test_the_fields_of_each_mode_are_as_submission_asks(name: str) -> None:
    for mode, told in zip(Mode, row(f"`{name}`")[1:], strict=True):
        assert (told == "needed") == (mode in NEEDED.get(name, ()))
        assert (told == "-") == (mode not in ALLOWED.get(name, Mode))
