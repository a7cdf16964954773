"""Writes docs/campaign-states.md from the tables of states and fields: `python -m infra.diagrams`.

A test compares the file with what this makes.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.domain.campaign import MOVES, OF_ARCHIVED, Approval, Move, State, Status
from chalicelib.domain.content import Content, Mode
from chalicelib.domain.rights import Right
from chalicelib.domain.submission import ALLOWED, NEEDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chalicelib.domain.campaign import Target

PAGE = Path(__file__).resolve().parent.parent / "docs" / "campaign-states.md"

# Whose act each move is; where there is no right, nobody asks for it.
BY: Mapping[Move, Right | None] = {
    Move.EDIT: Right.WRITE_CAMPAIGN,
    Move.SUBMIT: Right.WRITE_CAMPAIGN,
    Move.WITHDRAW: Right.WRITE_CAMPAIGN,
    Move.APPROVE: Right.DECIDE,
    Move.REJECT: Right.DECIDE,
    Move.START: Right.RUN_CAMPAIGN,
    Move.MISS: None,
    Move.RELEASE: Right.RELEASE,
    Move.BUILT: None,
    Move.FAIL: None,
    Move.OPEN: None,
    Move.PAUSE: Right.RUN_CAMPAIGN,
    Move.RESUME: Right.RUN_CAMPAIGN,
    Move.CANCEL: Right.RUN_CAMPAIGN,
    Move.COMPLETE: None,
    Move.EXPIRE: None,
    Move.ARCHIVE: Right.WRITE_CAMPAIGN,
    Move.RESTORE: Right.WRITE_CAMPAIGN,
    Move.DELETE: Right.DELETE_CAMPAIGN,
}
REMARKS: Mapping[Move, str] = {
    Move.EDIT: "whatever was submitted or approved is void",
    Move.APPROVE: "by nobody who had a hand in it, unless the workspace lets them",
    Move.REJECT: "likewise; with a note that says why",
    Move.START: "or by itself, when it is approved with `auto_start`",
    Move.MISS: "what becomes of a start that comes too late",
    Move.RELEASE: "of what missed its start, by nobody who had a hand in it",
    Move.BUILT: "its recipients are laid out",
    Move.FAIL: "they cannot be, or it is not what was approved",
    Move.OPEN: "its first window opens",
    Move.PAUSE: "or by the installation, which then says why",
    Move.COMPLETE: "every recipient has a final outcome, or the time for one is over",
    Move.EXPIRE: "its deadline, or the end of its window, came first",
    Move.ARCHIVE: "what waited for a decision or a start is a draft again",
    Move.RESTORE: "with a new author, where the old one has left",
    Move.DELETE: "its audit records and totals stay",
}
SHELF = (Move.ARCHIVE, *(each for each in Move if each in OF_ARCHIVED))

NOBODY = "-"

BEGINNING = """# States of a campaign

Made by `python -m infra.diagrams` from `chalicelib/domain/campaign.py` and `submission.py`: change
those.

A campaign has a status and an approval. The approval moves while the campaign is New. Only what is
approved leaves New for Building, and it is approved as it stands: any edit takes the approval away.

```mermaid
stateDiagram-v2
    [*] --> new"""
MOVES_BEGINNING = """```

## Moves

Each leaves one audit record, and so does an approval that starts it, too. Every other move is
refused with 409 and changes nothing. Rights are those of [rights.md](rights.md); where there is
none, the installation does it.

| move | from | to | right | |
|---|---|---|---|---|"""
ARCHIVE_BEGINNING = """
## The archive

Archived is a flag, not a status: a campaign keeps the status that it had. What is in the archive
can be restored or deleted; nothing else is possible with it.

| move | from | to | right | |
|---|---|---|---|---|"""
FIELDS_BEGINNING = """
## Modes and fields

A draft may lack anything. What a campaign of each mode needs, and what it must not have, is asked
when it is submitted. All of them need a `text`, but for a Trigger with `free_text`, whose
recipients bring their own.
"""


def page() -> str:
    return "\n".join([BEGINNING, *_diagram(), *_moves(), *_archive(), *_fields()]) + "\n"


def _diagram() -> Iterator[str]:
    yield "    state new {"
    yield f"        [*] --> {Approval.DRAFT}"
    within = {
        (state.approval, target.approval, action)
        for (state, action), target in _shown()
        if state.status is target.status is Status.NEW
    }
    yield from (f"        {line}" for line in _arrows(within, Approval))
    yield "    }"
    beyond = {
        (state.status, status, action)
        for (state, action), target in _shown()
        for status in ({target.status} if target.status else _pausable())
        if status is not state.status
    }
    yield from (f"    {line}" for line in _arrows(beyond, Status))
    for status in Status:
        if not any(state.status is status for (state, _), _ in _shown()):
            yield f"    {status} --> [*]"


def _shown() -> Iterator[tuple[tuple[State, Move], Target]]:
    """What the diagram shows; the archive has its own section."""
    return ((pair, target) for pair, target in MOVES.items() if pair[1] not in SHELF)


def _pausable() -> set[Status]:
    """Where what was paused may go back to."""
    return {state.status for state, action in MOVES if action is Move.PAUSE}


def _arrows(
    found: Iterable[tuple[Status | Approval, Status | Approval, Move]],
    places: type[Status | Approval],
) -> Iterator[str]:
    """One arrow from place to place, with all the moves along it."""
    order = list(places)
    for begin in order:
        for end in order:
            along = {action for here, there, action in found if (here, there) == (begin, end)}
            if along:
                yield f"{begin} --> {end}: {', '.join(_named(each) for each in _sorted(along))}"


def _moves() -> Iterator[str]:
    yield MOVES_BEGINNING
    yield from (_row(action) for action in Move if action not in SHELF)


def _archive() -> Iterator[str]:
    yield ARCHIVE_BEGINNING
    yield from (_row(action) for action in SHELF)


def _row(action: Move) -> str:
    rows = {state: target for (state, move), target in MOVES.items() if move is action}
    right = BY[action]
    cells = (
        f"**{_named(action)}**",
        _states(rows),
        _target(action, rows),
        f"`{right}`" if right else NOBODY,
        REMARKS.get(action, ""),
    )
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def _target(action: Move, rows: Mapping[State, Target]) -> str:
    if action is Move.DELETE:
        return "gone"
    if action is Move.RESUME:
        return "where it was paused"
    reached = {
        state: State(target.status or state.status, target.approval)
        for state, target in rows.items()
    }
    moved = {end for begin, end in reached.items() if begin != end}
    stay = {begin for begin, end in reached.items() if begin == end} - moved
    same = ["the same"] if not moved else ["else the same"] if stay else []
    return ", ".join([*filter(None, [_states(moved)]), *same])


def _states(states: Iterable[State]) -> str:
    """New with its approvals; what is live or over is told by its status."""
    found = set(states)
    new = [each for each in Approval if State(Status.NEW, each) in found]
    approvals = "" if len(new) == len(Approval) else f" ({' or '.join(new)})"
    told = [f"new{approvals}"] if new else []
    told += [
        status
        for status in Status
        if status is not Status.NEW and any(state.status is status for state in found)
    ]
    return ", ".join(told)


def _fields() -> Iterator[str]:
    yield FIELDS_BEGINNING
    yield f"| field | {' | '.join(Mode)} |"
    yield "|---" * (len(Mode) + 1) + "|"
    special = [each.name for each in fields(Content) if each.name in {*NEEDED, *ALLOWED}]
    for name in special:
        yield f"| `{name}` | {' | '.join(_need(name, mode) for mode in Mode)} |"
    told = {"mode", "text", "revision", *special}
    rest = ", ".join(f"`{each.name}`" for each in fields(Content) if each.name not in told)
    yield f"\nAny campaign may have {rest}."


def _need(name: str, mode: Mode) -> str:
    if mode in NEEDED.get(name, ()):
        return "needed"
    return "may" if mode in ALLOWED.get(name, Mode) else NOBODY


def _named(action: Move) -> str:
    return action.name.lower()


def _sorted(moves: Iterable[Move]) -> list[Move]:
    found = set(moves)
    return [each for each in Move if each in found]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
