"""Every state of a campaign and what leads from one to the next (SPEC 4.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import (
    ENDED,
    LIVE,
    MOVES,
    OF_ARCHIVED,
    Approval,
    Campaign,
    Move,
    PauseReason,
    State,
    Status,
)
from chalicelib.domain.content import Mode
from chalicelib.domain.decision import Decision
from chalicelib.domain.errors import IllegalMove
from tests.fakes.samples import campaign, content
from tests.fakes.services import MORNING as NOON

DECISION = Decision(by="usr_moderator", at=NOON)
LATER = NOON + timedelta(hours=1)
STATES = [State(status, approval) for status in Status for approval in Approval]

# SPEC 4.4, written down a second time: from which states, and to which. A dash keeps the approval,
# a dot the status.
NEW = "new:draft new:submitted new:approved new:rejected"
OVER = (
    "done:approved cancelled:draft cancelled:approved cancelled:rejected failed:approved "
    "expired:approved"
)
ALIVE = "building:approved pending:approved sending:approved paused:approved"
EXPECTED: dict[Move, tuple[str, str]] = {
    Move.EDIT: (NEW, "new:draft"),
    Move.SUBMIT: ("new:draft new:rejected", "new:submitted"),
    Move.WITHDRAW: ("new:submitted", "new:draft"),
    Move.APPROVE: ("new:submitted", "new:approved"),
    Move.REJECT: ("new:submitted", "new:rejected"),
    Move.START: ("new:approved", "building:approved"),
    Move.MISS: ("new:approved", "new:approved"),
    Move.RELEASE: ("new:approved", "new:approved"),
    Move.BUILT: ("building:approved", "pending:approved"),
    Move.FAIL: ("building:approved", "failed:approved"),
    Move.OPEN: ("pending:approved", "sending:approved"),
    Move.PAUSE: ("building:approved pending:approved sending:approved", "paused:approved"),
    Move.RESUME: ("paused:approved", "sending:approved"),
    Move.CANCEL: (f"{NEW} {ALIVE}", "cancelled:-"),
    Move.COMPLETE: ("sending:approved", "done:approved"),
    Move.EXPIRE: (ALIVE, "expired:approved"),
    Move.ARCHIVE: (f"{NEW} {OVER}", ".:-"),
    Move.RESTORE: (f"new:draft new:rejected {OVER}", ".:-"),
    Move.DELETE: (f"new:draft new:rejected {OVER}", ".:-"),
}
# Nobody is to decide on what was cancelled, nor to start what comes out of the archive.
VOIDED = {
    (Move.CANCEL, "new:submitted"): "cancelled:draft",
    (Move.ARCHIVE, "new:submitted"): "new:draft",
    (Move.ARCHIVE, "new:approved"): "new:draft",
}


def in_state(state: State, *, archived: bool = False) -> Campaign:
    return campaign(
        status=state.status,
        approval=state.approval,
        paused_from=Status.SENDING if state.status is Status.PAUSED else None,
        archived_at=NOON if archived else None,
    )


def expected(state: State, action: Move) -> str | None:
    froms, to = EXPECTED[action]
    here = f"{state.status}:{state.approval}"
    if here not in froms.split():
        return None
    status, _, approval = VOIDED.get((action, here), to).partition(":")
    return f"{state.status if status == '.' else status}:" + (
        state.approval if approval == "-" else approval
    )


def approved(**changes: Any) -> Campaign:
    return campaign(approval=Approval.APPROVED, decision=DECISION, digest="abc", **changes)


def on_time(**changes: Any) -> Campaign:
    return approved(content=content(mode=Mode.ON_TIME, start_at=NOON), **changes)


# --- the table ---


@pytest.mark.parametrize("action", Move)
@pytest.mark.parametrize("archived", [False, True])
def test_the_table_has_every_move_that_there_is_and_no_other(
    action: Move, *, archived: bool
) -> None:
    for state in STATES:
        before = in_state(state, archived=archived)
        target = expected(state, action) if archived is (action in OF_ARCHIVED) else None
        if target is None:
            with pytest.raises(IllegalMove, match=action.value) as refusal:
                rules.move(before, action)
            assert archived == ("and archived" in str(refusal.value))
        else:
            assert ":".join(rules.move(before, action).state) == target


@pytest.mark.parametrize("status", sorted(ENDED))
def test_nothing_leaves_an_ended_campaign(status: Status) -> None:
    targets = {target.status for (state, _), target in MOVES.items() if state.status is status}
    assert targets == {status}


def test_nothing_becomes_live_without_an_approval() -> None:
    assert {target.approval for target in MOVES.values() if target.status in LIVE} == {
        Approval.APPROVED
    }


def test_a_refusal_says_what_is_new_about_a_new_one() -> None:
    with pytest.raises(IllegalMove, match=r"new \(draft\) cannot start"):
        rules.start(campaign(), NOON)
    with pytest.raises(IllegalMove, match="is done cannot be edited"):
        rules.edit(approved(status=Status.DONE), content(), "ACME", "usr_a")


# --- pause and resume ---


@given(st.lists(st.sampled_from(list(Move)), max_size=12))
def test_a_paused_campaign_always_says_why_and_where_it_was(actions: list[Move]) -> None:
    now = approved()
    for action in actions:
        try:
            if action is Move.START:
                now = rules.start(now, NOON)
            elif action is Move.PAUSE:
                now = rules.pause(now, PauseReason.PERSON)
            else:
                now = rules.move(now, action)
        except IllegalMove:
            continue
        paused = now.status is Status.PAUSED
        assert paused == (now.pause_reason is not None) == (now.paused_from is not None)
        assert now.paused_from is None or now.paused_from in LIVE - {Status.PAUSED}


@pytest.mark.parametrize("status", sorted(LIVE - {Status.PAUSED}))
def test_resuming_returns_to_where_it_was(status: Status) -> None:
    paused = rules.pause(approved(status=status), PauseReason.UNCLEAN_STOP)
    assert rules.move(paused, Move.RESUME).status is status


def test_resuming_what_forgot_where_it_was_is_refused() -> None:
    with pytest.raises(IllegalMove, match="resume"):
        rules.move(approved(status=Status.PAUSED), Move.RESUME)
