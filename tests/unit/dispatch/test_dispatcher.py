"""The dispatcher step by step: intent, window, pace, turns, answers, batches, W."""

from __future__ import annotations

import pytest

from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.ledger import OutcomeKind
from smpp_bridge.dispatch import dispatcher as module
from smpp_bridge.dispatch.intents import Intents
from tests.unit.dispatch.owner import FAST, START, Owner, later
from tests.unit.dispatch.simulation import job


def test_a_job_from_beginning_to_end() -> None:
    owner = Owner(job(recipients=3))
    owner.tick(0.01, times=2)
    assert [index for _, index, _ in owner.wire] == [0, 1, 2]
    owner.answer()
    owner.tick(1.0)
    owner.tick()
    assert [(one.index, one.kind, one.message_id) for one in owner.outcomes] == [
        (0, OutcomeKind.ACCEPTED, "id1"),
        (1, OutcomeKind.ACCEPTED, "id2"),
        (2, OutcomeKind.ACCEPTED, "id3"),
    ]
    assert owner.finished == ["cmp_1"]
    assert owner.intents.open == 0
    assert owner.idle()


def test_a_job_with_nothing_left_is_finished_at_once() -> None:
    owner = Owner(job(recipients=3, mark=3))
    owner.tick()
    assert owner.finished == ["cmp_1"]
    assert owner.asked == []


def test_the_same_chunk_is_not_taken_twice() -> None:
    owner = Owner(job())
    with pytest.raises(ValueError, match="under way"):
        owner.dispatcher.take(job())


def test_it_goes_on_at_the_mark() -> None:
    owner = Owner(job(recipients=5, mark=3))
    owner.tick(0.01, times=2)
    assert [index for _, index, _ in owner.wire] == [3, 4]


def test_nothing_is_sent_before_its_intent_is_recorded() -> None:
    owner = Owner(job())
    owner.hold_intents = True
    owner.tick(0.01, times=5)
    assert len(owner.asked) == 1, "one step at a time"
    assert owner.wire == []
    owner.dispatcher.intent_recorded(owner.asked[0].job.key, 4)
    owner.tick(0.01, times=5)
    assert [index for _, index, _ in owner.wire] == [0, 1, 2, 3]


def test_an_intent_covers_what_the_rate_lets_out_in_a_second() -> None:
    owner = Owner(job(recipients=1_000), rate=70.0)
    owner.tick()
    assert [one.mark for one in owner.asked] == [70]
    owner.tick(0.01, times=75)
    owner.answer()
    owner.tick(0.01, times=20)
    assert [one.mark for one in owner.asked] == [70, 126]


def test_the_slowest_channel_intends_one_message_whole() -> None:
    owner = Owner(job(parts=3), rate=0.5, window=1)
    owner.tick()
    assert [one.mark for one in owner.asked] == [1]


def test_the_next_chunk_is_intended_while_the_first_runs_out() -> None:
    owner = Owner(job(recipients=3), job(chunk=1, recipients=3))
    owner.tick(0.01, times=3)
    assert [(one.job.key.chunk, one.mark) for one in owner.asked] == [(0, 3), (1, 3)]


def test_nothing_is_intended_or_sent_without_a_link() -> None:
    owner = Owner(job(), linked=False)
    owner.tick(0.1, times=5)
    assert (owner.asked, owner.wire) == ([], [])


def test_the_window_bounds_the_unanswered() -> None:
    owner = Owner(job(recipients=20), window=7)
    owner.tick(0.01, times=9)
    assert len(owner.wire) == 7
    owner.answer()
    owner.tick(0.01)
    assert len(owner.wire) == 14


def test_the_pace_is_kept() -> None:
    owner = Owner(job(recipients=500), rate=50.0)
    for _ in range(400):
        owner.tick(0.01)
        owner.answer()
    assert len(owner.wire) == pytest.approx(50 * 4, abs=3)


def test_campaigns_take_turns_by_whole_messages() -> None:
    owner = Owner(job("cmp_1", parts=2), job("cmp_2", parts=2), window=8)
    owner.tick(0.01, times=3)
    assert owner.wire == [
        ("cmp_1", 0, 0),
        ("cmp_1", 0, 1),
        ("cmp_2", 0, 0),
        ("cmp_2", 0, 1),
        ("cmp_1", 1, 0),
        ("cmp_1", 1, 1),
        ("cmp_2", 1, 0),
        ("cmp_2", 1, 1),
    ]


def test_a_later_chunk_that_began_a_message_finishes_it() -> None:
    owner = Owner(job(recipients=1, parts=2), job(chunk=1, recipients=1, parts=2), window=1)
    owner.hold_intents = True
    owner.tick(0.01, times=2)
    first, second = owner.asked
    owner.dispatcher.intent_recorded(second.job.key, 1)
    owner.tick(0.01)
    owner.dispatcher.intent_recorded(first.job.key, 1)
    for _ in range(3):
        owner.answer()
        owner.tick(0.01)
    assert [(submit[1], submit[2]) for submit in owner.wire] == [(0, 0), (0, 1), (0, 0), (0, 1)]
    assert [one.index for one in owner.outcomes] == []


def test_a_refusal_keeps_its_code() -> None:
    owner = Owner(job(recipients=1))
    owner.tick(0.01, times=2)
    owner.answer(status=0x0B)
    owner.tick(1.0)
    (outcome,) = owner.outcomes
    assert (outcome.kind, outcome.space, outcome.code) == (
        OutcomeKind.REFUSED,
        CodeSpace.COMMAND_STATUS,
        0x0B,
    )


def test_an_answer_to_nothing_is_ignored() -> None:
    owner = Owner(job())
    owner.dispatcher.answered(99, 0, "id", START)
    owner.tick()
    assert owner.outcomes == []


# --- answers that do not come ---


def test_no_answer_in_time_is_in_doubt_and_a_late_one_is_noted_too() -> None:
    owner = Owner(job(recipients=2), window=1)
    owner.tick(0.01, times=2)
    owner.tick(29.9)
    assert owner.abandoned == []
    owner.tick(0.2)
    assert owner.abandoned == [1]
    assert len(owner.wire) == 2, "its place in the window is free"
    owner.dispatcher.answered(1, 0, "late", owner.now)
    owner.answer()
    owner.tick(1.0)
    owner.tick()
    assert owner.kinds() == [OutcomeKind.IN_DOUBT, OutcomeKind.ACCEPTED, OutcomeKind.ACCEPTED]
    assert owner.finished == ["cmp_1"]


def test_an_answer_after_the_end_of_its_job_is_written_too() -> None:
    owner = Owner(job(recipients=1))
    owner.tick(0.01, times=2)
    owner.tick(31.0)
    owner.tick(1.0, times=2)
    assert owner.finished == ["cmp_1"]
    owner.dispatcher.answered(1, 0, "late", owner.now)
    assert not owner.idle()
    owner.tick(1.1)
    assert owner.kinds() == [OutcomeKind.IN_DOUBT, OutcomeKind.ACCEPTED]
    assert owner.idle()
    assert owner.intents.open == 0


def test_late_answers_are_remembered_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LATE_ANSWERS", 1)
    owner = Owner(job(recipients=2))
    owner.tick(0.01, times=2)
    owner.tick(31.0)
    owner.answer()
    owner.tick(1.1)
    kinds = owner.kinds()
    assert kinds.count(OutcomeKind.IN_DOUBT) == 2
    assert kinds.count(OutcomeKind.ACCEPTED) == 1


# --- the link ---


def test_a_lost_link_leaves_the_unanswered_in_doubt_and_the_rest_waits() -> None:
    owner = Owner(job(recipients=5), window=2)
    owner.tick(0.01, times=2)
    owner.dispatcher.link_lost(owner.now)
    owner.tick(0.01, times=3)
    assert len(owner.wire) == 2
    owner.on_wire.clear()
    owner.dispatcher.link_up()
    for _ in range(5):
        owner.tick(1.0)
        owner.answer()
    owner.tick(1.0)
    owner.tick()
    doubt, ok = OutcomeKind.IN_DOUBT, OutcomeKind.ACCEPTED
    assert sorted(owner.kinds()) == sorted([doubt, doubt, ok, ok, ok])
    assert [index for _, index, _ in owner.wire] == [0, 1, 2, 3, 4]
    assert owner.finished == ["cmp_1"]


# --- W ---


def test_open_intents_are_bounded_until_their_outcomes_are_written() -> None:
    owner = Owner(job(recipients=500), intents=Intents(limit=40), rate=1_000.0)
    owner.hold_appends = True
    for _ in range(50):
        owner.tick(0.1)
        owner.answer()
        assert owner.intents.open <= 40
    assert len(owner.wire) == 40
    for append in owner.appends:
        owner.dispatcher.appended(append)
    assert owner.intents.open == 0
    owner.hold_appends = False
    for _ in range(200):
        owner.tick(0.1)
        owner.answer()
    assert len(owner.wire) == 500


def test_outcomes_are_written_early_when_they_hold_others_up() -> None:
    owner = Owner(job(recipients=100), intents=Intents(limit=40))
    owner.tick(0.001, times=2)
    owner.answer()
    owner.tick(0.001)
    assert len(owner.outcomes) == 10, "a quarter of all that may be open"


def test_dispatchers_share_the_limit() -> None:
    intents = Intents(limit=30)
    one = Owner(job("cmp_1", recipients=500), intents=intents)
    two = Owner(job("cmp_2", recipients=500), intents=intents)
    for owner in (one, two) * 20:
        owner.tick(0.1)
        assert intents.open <= 30
    assert one.wire
    assert two.wire


def test_paused_campaigns_leave_room_for_others() -> None:
    jobs = [job(f"cmp_{n}", recipients=1_000) for n in range(12)]
    owner = Owner(rate=FAST)
    for one in jobs:
        owner.dispatcher.take(one)
        owner.hold_intents = True
        owner.tick(0.1)
        owner.dispatcher.suspend(one.key.owner)
    owner.hold_intents = False
    owner.dispatcher.take(job("cmp_last", recipients=50))
    for _ in range(60):
        owner.tick(0.1)
        owner.answer()
    assert len(owner.wire) == 50


def test_a_message_longer_than_what_is_free_waits() -> None:
    owner = Owner(job(parts=3), intents=Intents(limit=3, open=1))
    owner.tick()
    assert owner.asked == []


# --- batches ---


def test_outcomes_wait_for_a_second_and_then_go_together() -> None:
    owner = Owner(job(recipients=20))
    owner.tick(0.01, times=2)
    owner.answer()
    owner.tick(0.9)
    assert owner.appends == []
    owner.tick(0.11)
    assert [len(one.outcomes) for one in owner.appends] == [20]


def test_a_batch_holds_500_outcomes_at_most() -> None:
    owner = Owner(job(recipients=1_200), intents=Intents(limit=10_000), window=1_200)
    for _ in range(30):
        owner.tick(0.02)
    assert len(owner.wire) == 1_200
    owner.answer()
    owner.tick(0.001)
    assert [len(one.outcomes) for one in owner.appends] == [500, 500, 200]


# --- when to look again ---


def test_it_says_when_to_look_again() -> None:
    owner = Owner(job(recipients=500), rate=10.0)
    owner.tick()
    assert owner.dispatcher.delay(owner.now) == 0.0
    owner.tick(0.2)
    assert owner.dispatcher.delay(owner.now) == pytest.approx(0.1, abs=0.06)
    assert Owner().dispatcher.delay(START) == 1.0


def test_a_full_window_waits_for_an_answer_or_the_time_out() -> None:
    owner = Owner(job(recipients=500), window=1)
    owner.tick(0.01, times=2)
    assert owner.dispatcher.delay(owner.now) == 1.0
    owner.now = later(30.0)
    assert owner.dispatcher.delay(owner.now) == pytest.approx(0.02, abs=0.02)


def test_a_batch_waits_for_its_second() -> None:
    owner = Owner(job(recipients=1))
    owner.tick(0.01, times=2)
    owner.answer()
    owner.now = later(0.5)
    assert owner.dispatcher.delay(owner.now) == pytest.approx(0.52)


def test_the_snapshot_counts_segments() -> None:
    owner = Owner(job(recipients=10, parts=2), window=4)
    owner.tick(0.01, times=2)
    seen = owner.dispatcher.snapshot
    assert (seen.in_flight, seen.intended, seen.unwritten, seen.submitted) == (4, 16, 0, 4)
    owner.answer()
    assert owner.dispatcher.snapshot.unwritten == 4
