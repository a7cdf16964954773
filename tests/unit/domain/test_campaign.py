from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import (
    Approval,
    Campaign,
    Move,
    PauseReason,
    State,
    Status,
)
from chalicelib.domain.campaign_facts import facts as standing_facts
from chalicelib.domain.campaign_facts import written_facts
from chalicelib.domain.content import Content, Mode, Overrides
from chalicelib.domain.decision import NOTE_MAX, Decision
from chalicelib.domain.errors import AlreadyDecided, Conflict, IllegalMove, Invalid
from chalicelib.domain.ledger import RecipientState
from chalicelib.domain.recipient_list import ListCounts, ListStatus
from chalicelib.domain.sender import LONG_NUMBER, RevisionStatus
from tests.fakes.samples import campaign, content, recipient_list, revision
from tests.fakes.services import MORNING as NOON
from tests.unit.domain.contents import FIELDS, contents

DECISION = Decision(by="usr_moderator", at=NOON)
LATER = NOON + timedelta(hours=1)
STATES = [State(status, approval) for status in Status for approval in Approval]


def approved(**changes: Any) -> Campaign:
    return campaign(approval=Approval.APPROVED, decision=DECISION, digest="abc", **changes)


def on_time(**changes: Any) -> Campaign:
    return approved(content=content(mode=Mode.ON_TIME, start_at=NOON), **changes)


# --- from a draft to a decision ---


def test_submitting_binds_the_digest_and_clears_an_old_rejection() -> None:
    rejected = campaign(approval=Approval.REJECTED, decision=DECISION, digest="old")
    submitted = rules.submit(rejected, "new", 5, LATER)
    assert submitted.approval is Approval.SUBMITTED
    assert (submitted.digest, submitted.recipients, submitted.decision) == ("new", 5, None)
    assert submitted.submitted_at == LATER


@pytest.mark.parametrize("approval", Approval)
def test_any_edit_voids_what_was_asked_and_what_was_approved(approval: Approval) -> None:
    before = campaign(
        approval=approval, digest="abc", submitted_at=NOON, missed_at=NOON, recipients=5
    )
    written = content(text="Bye")
    edited = rules.edit(before, written, "OTHER", "usr_a")
    assert (edited.approval, edited.digest) == (Approval.DRAFT, None)
    assert (edited.submitted_at, edited.missed_at, edited.recipients) == (None, None, 0)
    assert (edited.content, edited.address) == (written, "OTHER")


def test_everybody_who_changed_it_had_a_hand_in_it() -> None:
    edited = campaign()
    for by in ("usr_c", "usr_a", "usr_b", "usr_c"):
        edited = rules.edit(edited, content(), "ACME", by)
    assert (edited.author, edited.editors) == ("usr_a", ("usr_b", "usr_c"))
    assert edited.writers == {"usr_a", "usr_b", "usr_c"}
    handed_over = rules.restore(rules.archive(edited, LATER), "usr_b")
    assert (handed_over.author, handed_over.editors) == ("usr_b", ("usr_a", "usr_c"))


def test_a_rejection_stays_to_be_read_until_the_next_submission() -> None:
    rejected = campaign(approval=Approval.REJECTED, decision=DECISION, digest="old")
    once = rules.edit(rejected, content(text="Bye"), "ACME", "usr_a")
    twice = rules.edit(once, content(text="Bye bye"), "ACME", "usr_a")
    assert (once.decision, twice.decision) == (DECISION, DECISION)
    assert rules.submit(twice, "new", 5, LATER).decision is None


def test_an_approval_does_not_outlast_the_edit_that_voids_it() -> None:
    assert rules.edit(approved(), content(text="Bye"), "ACME", "usr_a").decision is None


def test_a_withdrawn_campaign_was_never_asked_about() -> None:
    submitted = rules.submit(campaign(), "abc", 5, NOON)
    withdrawn = rules.withdraw(submitted)
    assert (withdrawn.approval, withdrawn.digest) == (Approval.DRAFT, None)
    assert withdrawn.submitted_at is None


def test_the_second_decision_is_told_of_the_first() -> None:
    submitted = campaign(approval=Approval.SUBMITTED)
    for approve, told in ((True, "approved"), (False, "rejected")):
        decided = rules.decide(submitted, approve=approve, decision=replace(DECISION, note="x"))
        assert decided.approval.value == told
        with pytest.raises(AlreadyDecided, match=told):
            rules.decide(decided, approve=not approve, decision=replace(DECISION, note="late"))


def test_a_draft_cannot_be_decided_not_even_one_that_was_rejected_before() -> None:
    for approve in (True, False):
        with pytest.raises(IllegalMove, match="approved" if approve else "rejected"):
            rules.decide(campaign(decision=DECISION), approve=approve, decision=DECISION)


def test_a_rejection_wants_a_reason_of_bearable_length() -> None:
    submitted = campaign(approval=Approval.SUBMITTED)
    for note in ("", "  ", "x" * (NOTE_MAX + 1)):
        with pytest.raises(Invalid, match="note"):
            rules.decide(submitted, approve=False, decision=replace(DECISION, note=note))
    rejected = rules.decide(submitted, approve=False, decision=replace(DECISION, note="typo"))
    assert (rejected.approval, rejected.decision) == (
        Approval.REJECTED,
        replace(DECISION, note="typo"),
    )


def test_an_approval_needs_no_reason() -> None:
    submitted = campaign(approval=Approval.SUBMITTED)
    assert rules.decide(submitted, approve=True, decision=DECISION).decision == DECISION


# --- starting, and coming too late for it ---


def test_only_an_approved_campaign_starts() -> None:
    for approval in set(Approval) - {Approval.APPROVED}:
        with pytest.raises(IllegalMove, match="start"):
            rules.start(campaign(approval=approval), NOON)
    started = rules.start(approved(missed_at=NOON), NOON)
    assert (started.status, started.run, started.started_at) == (Status.BUILDING, 1, NOON)
    assert started.missed_at is None
    assert rules.next_run(started).run == 2


def test_the_instant_itself_is_not_late_and_the_next_one_is() -> None:
    assert not rules.is_late(on_time(), NOON)
    assert rules.is_late(on_time(), NOON + timedelta(microseconds=1))


def test_only_an_instant_can_be_missed() -> None:
    assert not rules.is_late(approved(content=content(mode=Mode.ON_TIME)), LATER)
    stray = approved(content=content(mode=Mode.SPREAD, start_at=NOON, date_from=NOON))
    assert not rules.is_late(stray, LATER)


def test_a_start_is_missed_once_it_is_marked_or_sure_to_be() -> None:
    assert not rules.missed_start(on_time(), NOON)
    assert rules.missed_start(on_time(), LATER)
    assert rules.missed_start(approved(missed_at=NOON), NOON)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.BUILDING},
        {"status": Status.CANCELLED},
        {"approval": Approval.DRAFT},
        {"archived_at": NOON},
    ],
)
def test_only_what_waits_for_its_start_can_have_missed_it(changes: dict[str, Any]) -> None:
    assert not rules.missed_start(replace(on_time(missed_at=NOON), **changes), LATER)


def test_the_first_moment_at_which_it_came_too_late_is_kept() -> None:
    missed = rules.miss(on_time(), LATER)
    assert (missed.status, missed.approval, missed.missed_at) == (
        Status.NEW,
        Approval.APPROVED,
        LATER,
    )
    assert rules.miss(missed, LATER + timedelta(hours=1)).missed_at == LATER


def test_a_release_is_a_new_approval_of_a_new_content() -> None:
    released_by = Decision("usr_other", LATER)
    written = content(mode=Mode.ON_TIME, start_at=LATER)
    released = rules.release(on_time(missed_at=NOON), written, "new", released_by)
    assert (released.content, released.digest, released.decision) == (written, "new", released_by)
    assert (released.status, released.approval) == (Status.NEW, Approval.APPROVED)
    assert released.missed_at is None


def test_what_missed_nothing_is_not_released() -> None:
    with pytest.raises(IllegalMove, match="not late for its start cannot be released"):
        rules.release(on_time(), content(), "new", DECISION)
    with pytest.raises(IllegalMove, match=r"new \(draft\) cannot be released"):
        rules.release(campaign(missed_at=NOON), content(), "new", DECISION)


# --- the end, and the archive ---


def test_finishing_notes_when_and_why() -> None:
    failed = rules.finish(approved(status=Status.BUILDING), Move.FAIL, NOON, "no list")
    assert (failed.status, failed.finished_at, failed.failure) == (Status.FAILED, NOON, "no list")


def test_what_is_cancelled_waits_for_no_decision_and_no_release() -> None:
    submitted = rules.submit(campaign(), "abc", 5, NOON)
    cancelled = rules.finish(submitted, Move.CANCEL, LATER)
    assert (cancelled.state, cancelled.digest) == (State(Status.CANCELLED, Approval.DRAFT), None)
    assert cancelled.submitted_at is None
    assert rules.finish(on_time(missed_at=NOON), Move.CANCEL, LATER).missed_at is None


def test_what_ends_approved_keeps_its_approval() -> None:
    done = rules.finish(approved(status=Status.SENDING), Move.COMPLETE, LATER)
    assert (done.approval, done.digest, done.decision) == (Approval.APPROVED, "abc", DECISION)


@pytest.mark.parametrize("approval", [Approval.SUBMITTED, Approval.APPROVED])
def test_what_is_archived_waits_for_nobody(approval: Approval) -> None:
    before = campaign(
        approval=approval, digest="abc", submitted_at=NOON, missed_at=NOON, decision=DECISION
    )
    archived = rules.archive(before, LATER)
    assert (archived.approval, archived.digest, archived.archived_at) == (
        Approval.DRAFT,
        None,
        LATER,
    )
    assert (archived.submitted_at, archived.missed_at, archived.decision) == (None, None, None)


def test_what_was_decided_for_good_comes_back_as_it_was() -> None:
    rejected = campaign(approval=Approval.REJECTED, decision=DECISION, digest="abc")
    done = approved(status=Status.DONE, finished_at=NOON)
    for before in (rejected, done):
        archived = rules.archive(before, LATER)
        assert rules.restore(archived, before.author) == before
    assert rules.restore(rules.archive(done, LATER), "usr_other").author == "usr_other"


@pytest.mark.parametrize("status", Status)
def test_only_an_early_end_decides_the_state_of_those_not_sent(status: Status) -> None:
    unsent = {
        Status.CANCELLED: RecipientState.CANCELLED,
        Status.FAILED: RecipientState.CANCELLED,
        Status.EXPIRED: RecipientState.EXPIRED,
    }
    assert rules.unsent_state(status) is unsent.get(status)


# --- the digest and the gate ---


@given(contents, st.data())
def test_the_digest_changes_with_every_field_that_the_author_writes(
    written: Content, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(FIELDS)))
    changed = replace(written, **{name: data.draw(FIELDS[name])})
    digests = [
        rules.content_digest(campaign(content=each), revision(), recipient_list())
        for each in (written, changed)
    ]
    assert (digests[0] == digests[1]) is (written == changed)


def test_the_digest_changes_with_the_revision_and_the_list() -> None:
    variants = [
        (revision(), recipient_list()),
        (revision(sender="snd_b"), recipient_list()),
        (revision(number=2), recipient_list()),
        (revision(address="Other"), recipient_list()),
        (revision(channel="chn_2"), recipient_list()),
        (revision(source=LONG_NUMBER), recipient_list()),
        (revision(destination=replace(LONG_NUMBER, ton=2)), recipient_list()),
        (revision(), recipient_list(digest="e" * 64)),
        (revision(), recipient_list(id="lst_2")),
        (revision(), None),
    ]
    assert len({rules.content_digest(campaign(), *each) for each in variants}) == len(variants)


def test_the_digest_ignores_what_does_not_decide_what_is_sent() -> None:
    one = rules.content_digest(campaign(), revision(), recipient_list())
    other = rules.content_digest(
        approved(
            id="cmp_b", author="usr_b", status=Status.SENDING, address="SEEN", run=3, version=9
        ),
        revision(status=RevisionStatus.ARCHIVED, author="usr_b", use="News", version=4),
        recipient_list(
            name="renamed.csv", status=ListStatus.FAILED, counts=ListCounts(valid=9), version=7
        ),
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


# --- what is derived and told ---


def test_receipts_are_awaited_for_the_validity_period_and_a_day() -> None:
    assert campaign().receipts_until is None
    assert campaign(sent_at=NOON).receipts_until == NOON + timedelta(hours=72)
    brief = content(overrides=Overrides(validity=timedelta(hours=2)))
    assert campaign(sent_at=NOON, content=brief).receipts_until == NOON + timedelta(hours=26)


def test_it_starts_when_it_was_told_to_or_when_it_did() -> None:
    assert campaign().starts_at is None
    assert campaign(started_at=LATER).starts_at == LATER
    assert on_time(started_at=LATER).starts_at == NOON


def test_audit_facts_hold_the_note_and_the_reason() -> None:
    paused = rules.pause(approved(status=Status.SENDING), PauseReason.PERSON)
    facts = standing_facts(replace(paused, decision=replace(DECISION, note="fine")))
    assert (facts["note"], facts["pause_reason"]) == ("fine", "person")
    assert standing_facts(campaign())["pause_reason"] is None
    assert standing_facts(campaign(archived_at=NOON))["archived"] is True
    assert standing_facts(on_time(missed_at=NOON))["missed_start"] is True


@settings(max_examples=50)
@given(written=contents, state=st.sampled_from(STATES), archived=st.booleans())
def test_audit_facts_are_plain_and_become_json(
    written: Content, state: State, *, archived: bool
) -> None:
    before = campaign(
        content=written,
        status=state.status,
        approval=state.approval,
        archived_at=NOON if archived else None,
    )
    facts = written_facts(before)
    assert all(value is None or isinstance(value, str | int | bool) for value in facts.values())
    assert json.loads(json.dumps(dict(facts))) == facts
    assert standing_facts(before).items() <= facts.items()
