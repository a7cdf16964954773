from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import (
    LIVE,
    MOVES,
    Approval,
    Decision,
    Move,
    PauseReason,
    Status,
)
from chalicelib.domain.errors import AlreadyDecided, Conflict, IllegalMove, Invalid
from chalicelib.domain.ledger import RecipientState
from chalicelib.domain.sender import LONG_NUMBER
from tests.fakes.samples import campaign, recipient_list, revision
from tests.fakes.services import MORNING as NOON

DECISION = Decision(by="usr_moderator", at=NOON)
ENDED = {Status.DONE, Status.CANCELLED, Status.FAILED, Status.EXPIRED}


def approved(**changes: object) -> rules.Campaign:
    return campaign(approval=Approval.APPROVED, decision=DECISION, digest="abc", **changes)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("action", Move)
def test_every_pair_outside_the_table_is_refused_and_named(status: Status, action: Move) -> None:
    before = campaign(status=status, paused_from=Status.SENDING)
    if (status, action) in MOVES:
        assert rules.move(before, action).status is (MOVES[status, action] or Status.SENDING)
    else:
        with pytest.raises(IllegalMove, match=action.value):
            rules.move(before, action)


@pytest.mark.parametrize("status", sorted(ENDED))
def test_nothing_leaves_an_ended_campaign(status: Status) -> None:
    assert not [row for row in MOVES if row[0] is status]


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


def test_resuming_returns_to_where_it_was() -> None:
    for status in LIVE - {Status.PAUSED}:
        paused = rules.pause(campaign(status=status), PauseReason.UNCLEAN_STOP)
        assert rules.move(paused, Move.RESUME).status is status


def test_resuming_what_forgot_where_it_was_is_refused() -> None:
    with pytest.raises(IllegalMove):
        rules.move(campaign(status=Status.PAUSED), Move.RESUME)


def test_only_an_approved_campaign_starts() -> None:
    for approval in set(Approval) - {Approval.APPROVED}:
        with pytest.raises(IllegalMove, match="start"):
            rules.start(campaign(approval=approval), NOON)
    started = rules.start(approved(), NOON)
    assert (started.status, started.run, started.started_at) == (Status.BUILDING, 1, NOON)
    assert rules.next_run(started).run == 2


def test_submitting_binds_the_digest_and_clears_an_old_rejection() -> None:
    rejected = campaign(approval=Approval.REJECTED, decision=DECISION, digest="old")
    submitted = rules.submit(rejected, "new", 5)
    assert submitted.approval is Approval.SUBMITTED
    assert (submitted.digest, submitted.recipients, submitted.decision) == ("new", 5, None)


@pytest.mark.parametrize(
    "before",
    [
        campaign(approval=Approval.SUBMITTED),
        campaign(approval=Approval.APPROVED),
        campaign(status=Status.DONE),
    ],
)
def test_what_waits_or_runs_cannot_be_submitted(before: rules.Campaign) -> None:
    with pytest.raises(IllegalMove, match="submitted"):
        rules.submit(before, "new", 5)


def test_the_second_decision_is_told_of_the_first() -> None:
    submitted = campaign(approval=Approval.SUBMITTED)
    decided = rules.decide(submitted, approve=True, decision=DECISION)
    assert decided.approval is Approval.APPROVED
    with pytest.raises(AlreadyDecided, match="approved"):
        rules.decide(decided, approve=False, decision=replace(DECISION, note="late"))


def test_a_draft_cannot_be_decided() -> None:
    with pytest.raises(IllegalMove, match="decided"):
        rules.decide(campaign(), approve=True, decision=DECISION)


def test_a_rejection_wants_a_reason_of_bearable_length() -> None:
    submitted = campaign(approval=Approval.SUBMITTED)
    for note in ("", "  ", "x" * (rules.NOTE_MAX + 1)):
        with pytest.raises(Invalid, match="note"):
            rules.decide(submitted, approve=False, decision=replace(DECISION, note=note))
    rejected = rules.decide(submitted, approve=False, decision=replace(DECISION, note="typo"))
    assert rejected.approval is Approval.REJECTED


@pytest.mark.parametrize(
    ("name", "text", "field"),
    [
        ("", "Hello", "name"),
        ("x" * 201, "Hello", "name"),
        ("ok", "", "text"),
        ("ok", "x" * 153 * 11, "text"),
        ("ok", "\ud800", "text"),
        ("ok", "Hello {{name}}", "text"),
    ],
)
def test_a_bad_field_is_named(name: str, text: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.check_new(name, text)
    assert [problem.field for problem in refusal.value.problems] == [field]


def test_all_bad_fields_are_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        rules.check_new("", "")
    assert {problem.field for problem in refusal.value.problems} == {"name", "text"}


def test_the_digest_changes_with_everything_that_decides_what_is_sent() -> None:
    variants = [
        (campaign(), revision(), recipient_list()),
        (campaign(text="Bye"), revision(), recipient_list()),
        (campaign(auto_start=False), revision(), recipient_list()),
        (campaign(), revision(address="Other"), recipient_list()),
        (campaign(), revision(number=2), recipient_list()),
        (campaign(), revision(channel="chn_2"), recipient_list()),
        (campaign(), revision(source=LONG_NUMBER), recipient_list()),
        (campaign(), revision(), recipient_list(digest="e" * 64)),
        (campaign(), revision(), recipient_list(id="lst_2")),
    ]
    assert len({rules.content_digest(*variant) for variant in variants}) == len(variants)


def test_the_digest_ignores_what_does_not() -> None:
    one = rules.content_digest(campaign(), revision(), recipient_list())
    other = rules.content_digest(
        campaign(name="Renamed", status=Status.SENDING, version=9), revision(), recipient_list()
    )
    assert one == other


def test_the_gate_opens_for_exactly_what_was_approved() -> None:
    rules.check_gate(approved(), "abc")
    with pytest.raises(Conflict, match="digest"):
        rules.check_gate(approved(), "abd")
    with pytest.raises(Conflict, match="approval"):
        rules.check_gate(campaign(approval=Approval.SUBMITTED, digest="abc"), "abc")
    with pytest.raises(Conflict, match="approval"):
        rules.check_gate(replace(approved(), decision=None), "abc")


def test_receipts_are_awaited_for_the_validity_period_and_a_day() -> None:
    assert campaign().receipts_until is None
    assert campaign(sent_at=NOON).receipts_until == NOON + timedelta(hours=72)


def test_finishing_notes_when_and_why() -> None:
    failed = rules.finish(campaign(status=Status.BUILDING), Move.FAIL, NOON, "no list")
    assert (failed.status, failed.finished_at, failed.failure) == (Status.FAILED, NOON, "no list")


@pytest.mark.parametrize("status", Status)
def test_only_an_early_end_decides_the_state_of_those_not_sent(status: Status) -> None:
    expected = {
        Status.CANCELLED: RecipientState.CANCELLED,
        Status.FAILED: RecipientState.CANCELLED,
        Status.EXPIRED: RecipientState.EXPIRED,
    }
    assert rules.unsent_state(status) is expected.get(status)


def test_audit_facts_hold_the_note_and_the_reason() -> None:
    paused = rules.pause(approved(status=Status.SENDING), PauseReason.PERSON)
    facts = rules.facts(replace(paused, decision=replace(DECISION, note="fine")))
    assert (facts["note"], facts["pause_reason"]) == ("fine", "person")
    assert rules.facts(campaign())["pause_reason"] is None
