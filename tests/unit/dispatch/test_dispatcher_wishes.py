"""The dispatcher step by step: who wants no messages, and what it does when it does not know."""

from __future__ import annotations

import pytest

from chalicelib.domain.ledger import (
    Ledger,
    OutcomeKind,
    RecipientState,
    count,
    merge,
    settled,
    state_of,
)
from smpp_bridge.dispatch.intents import Intents
from tests.unit.dispatch.owner import Owner
from tests.unit.dispatch.simulation import job

KEY = job().key
NEVER = float("-inf")
ACCEPTED, SUPPRESSED = OutcomeKind.ACCEPTED, OutcomeKind.SUPPRESSED


def run_out(owner: Owner) -> None:
    for _ in range(20):
        owner.tick(0.3)
        owner.answer()
    owner.tick(1.0, times=2)


def sent(owner: Owner) -> list[int]:
    return [index for _, index, part in owner.wire if not part]


# --- who has an outcome already ---


def test_the_suppressed_of_the_build_are_passed_over() -> None:
    owner = Owner(job(recipients=6, skipped=[0, 2, 5]))
    assert owner.dispatcher.held.unsent == {KEY.owner: 3}
    run_out(owner)
    assert sent(owner) == [1, 3, 4]
    assert [one.index for one in owner.outcomes] == [1, 3, 4]
    assert [one.mark for one in owner.asked] == [6], "the mark passes over them, too"
    assert owner.finished == ["cmp_1"]
    assert owner.intents.open == 0


def test_they_take_no_room_and_no_pace() -> None:
    owner = Owner(job(recipients=1_000, skipped=range(995)), rate=10.0, intents=Intents(limit=20))
    owner.tick(0.01, times=2)
    assert [one.mark for one in owner.asked] == [1_000]
    assert owner.intents.open == 5


def test_a_mark_lies_before_the_next_who_is_to_be_sent() -> None:
    owner = Owner(job(recipients=9, skipped=[2, 3, 4]), rate=2.0)
    owner.tick()
    assert [one.mark for one in owner.asked] == [5], "0 and 1 are intended, 5 is next"
    owner = Owner(job(recipients=9, mark=5, skipped=[2, 3, 4]), rate=2.0)
    owner.tick(0.01, times=2)
    assert sent(owner) == [5]


def test_a_job_of_none_but_suppressed_is_finished_at_once() -> None:
    owner = Owner(job(recipients=4, skipped=range(4)))
    owner.tick()
    assert (owner.finished, owner.asked, owner.outcomes) == (["cmp_1"], [], [])


def test_a_stop_leaves_nothing_open_between_them() -> None:
    owner = Owner(job(recipients=8, skipped=[1, 6], parts=3), window=2)
    owner.tick(0.01, times=2)
    owner.dispatcher.link_lost(owner.now)
    owner.dispatcher.stop(owner.now)
    owner.tick(1.0, times=2)
    assert {one.index for one in owner.outcomes} == {0, 2, 3, 4, 5, 7}
    assert owner.intents.open == 0


# --- who says STOP in mid-campaign ---


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("stopped", [[0], [4], [1, 2, 3], [0, 1, 2, 3, 4], []])
def test_whoever_says_stop_before_their_turn_gets_an_outcome_instead(
    parts: int, stopped: list[int]
) -> None:
    owner = Owner(job(recipients=5, parts=parts), window=1)
    owner.dispatcher.heed(KEY, stopped)
    assert owner.dispatcher.held.unsent == {KEY.owner: 5 - len(stopped)}
    run_out(owner)
    assert sent(owner) == [index for index in range(5) if index not in stopped]
    assert len(owner.wire) == parts * (5 - len(stopped))
    told = {one.index for one in owner.outcomes if one.kind is SUPPRESSED}
    assert told == set(stopped)
    ledger = merge(Ledger(5), owner.outcomes)
    assert settled(ledger)
    assert count(ledger).suppressed == len(stopped)
    assert {state_of(ledger.records[index]) for index in stopped} <= {RecipientState.SUPPRESSED}
    assert owner.finished == ["cmp_1"]
    assert owner.intents.open == 0


def test_nothing_is_noted_before_its_turn_and_a_start_is_heeded() -> None:
    owner = Owner(job(recipients=6), window=2)
    owner.tick(0.01, times=2)
    owner.dispatcher.heed(KEY, [3, 5])
    owner.tick(1.5)
    assert owner.outcomes == []
    owner.dispatcher.heed(KEY, [5])
    run_out(owner)
    assert sent(owner) == [0, 1, 2, 3, 4]


def test_a_stop_after_the_turn_changes_nothing() -> None:
    owner = Owner(job(recipients=3), window=2)
    owner.tick(0.01, times=2)
    owner.dispatcher.heed(KEY, [0, 1])
    run_out(owner)
    assert [(one.index, one.kind) for one in owner.outcomes] == [(at, ACCEPTED) for at in range(3)]


def test_a_message_that_was_begun_is_finished() -> None:
    owner = Owner(job(recipients=2, parts=3), window=1)
    owner.tick(0.01, times=2)
    assert owner.wire == [("cmp_1", 0, 0)]
    owner.dispatcher.heed(KEY, [0, 1])
    run_out(owner)
    assert [(index, part) for _, index, part in owner.wire] == [(0, 0), (0, 1), (0, 2)]
    assert sorted(one.kind for one in owner.outcomes) == [SUPPRESSED, *[ACCEPTED] * 3]


def test_those_left_out_take_no_pace() -> None:
    owner = Owner(job(recipients=300), rate=50.0)
    owner.dispatcher.heed(KEY, range(0, 300, 3))
    for _ in range(200):
        owner.tick(0.01)
        owner.answer()
    assert len(owner.wire) == pytest.approx(100, abs=3)


def test_nobody_is_left_out_without_a_link_or_while_paused() -> None:
    owner = Owner(job(recipients=3), linked=False)
    owner.dispatcher.heed(KEY, [0])
    owner.tick(2.0, times=3)
    owner.dispatcher.link_up()
    owner.dispatcher.suspend(KEY.owner)
    owner.tick(2.0, times=3)
    assert owner.outcomes == []
    owner.dispatcher.resume(KEY.owner)
    run_out(owner)
    assert sent(owner) == [1, 2]


def test_news_of_what_is_not_in_hand_is_ignored() -> None:
    owner = Owner(job(recipients=3, skipped=[1]))
    owner.dispatcher.heed(job("cmp_2").key, [0])
    owner.dispatcher.heed(KEY, [1, 99])
    run_out(owner)
    assert sent(owner) == [0, 2]
    assert {one.kind for one in owner.outcomes} == {ACCEPTED}


def test_others_take_their_turns_meanwhile() -> None:
    owner = Owner(job("cmp_1", recipients=3), job("cmp_2", recipients=3), window=3)
    owner.dispatcher.heed(job("cmp_1").key, [0, 1, 2])
    owner.tick(0.01, times=3)
    assert {campaign for campaign, *_ in owner.wire} == {"cmp_2"}
    assert len(owner.wire) == 3


# --- what is not known ---


def test_nothing_is_begun_before_anything_is_known() -> None:
    owner = Owner(job(), known_until=NEVER)
    owner.tick(0.1, times=5)
    assert owner.wire == []
    owner.dispatcher.trust(owner.now.at + 2.0)
    owner.tick(0.1)
    assert owner.wire


def test_what_is_known_holds_for_its_time() -> None:
    owner = Owner(job(recipients=100), rate=10.0, known_until=NEVER)
    owner.dispatcher.trust(owner.now.at + 2.0)
    for _ in range(60):
        owner.tick(0.1)
        owner.answer()
    assert len(owner.wire) == pytest.approx(20, abs=2)
    owner.dispatcher.trust(owner.now.at - 1.0)
    assert owner.dispatcher.delay(owner.now) > 0
    owner.tick(0.1)
    silent = len(owner.wire)
    owner.dispatcher.trust(owner.now.at + 2.0)
    owner.tick(0.1)
    assert len(owner.wire) > silent


def test_a_message_that_was_begun_is_finished_blindly() -> None:
    owner = Owner(job(recipients=5, parts=3), window=2, known_until=NEVER)
    owner.dispatcher.trust(owner.now.at + 1.0)
    owner.tick(0.01, times=2)
    assert len(owner.wire) == 2
    owner.answer()
    owner.tick(2.0)
    owner.tick(0.1)
    assert [(index, part) for _, index, part in owner.wire] == [(0, 0), (0, 1), (0, 2)]
