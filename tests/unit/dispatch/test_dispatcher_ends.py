"""The dispatcher step by step: pause, cancel, another owner, stop."""

from __future__ import annotations

from chalicelib.domain.ledger import OutcomeKind
from smpp_bridge.dispatch.intents import Intents
from tests.unit.dispatch.owner import START, Owner
from tests.unit.dispatch.simulation import job

# --- pause and end ---


def test_a_pause_stops_at_once_and_goes_on_where_it_stopped() -> None:
    owner = Owner(job(recipients=10), window=3)
    owner.tick(0.01, times=2)
    owner.dispatcher.suspend(job().key.owner)
    owner.answer()
    owner.tick(0.5, times=10)
    assert len(owner.wire) == 3
    assert owner.dispatcher.held.unsent == {job().key.owner: 7}
    owner.dispatcher.resume(job().key.owner)
    for _ in range(5):
        owner.tick(0.01)
        owner.answer()
    owner.tick(1.0, times=2)
    assert [index for _, index, _ in owner.wire] == list(range(10))
    assert owner.kinds() == [OutcomeKind.ACCEPTED] * 10


def test_orders_for_what_is_not_there_are_ignored() -> None:
    owner = Owner()
    key = job().key
    owner.dispatcher.suspend(key.owner)
    owner.dispatcher.resume(key.owner)
    owner.dispatcher.drop(key.owner, OutcomeKind.CANCELLED, START)
    owner.dispatcher.intent_recorded(key, 1)
    owner.dispatcher.intent_refused(key)
    owner.tick()
    assert owner.outcomes == []


def test_a_pause_in_mid_message_finishes_that_message() -> None:
    owner = Owner(job(recipients=5, parts=3), window=2)
    owner.tick(0.01, times=2)
    assert [part for _, _, part in owner.wire] == [0, 1]
    owner.dispatcher.suspend(job().key.owner)
    owner.answer()
    owner.tick(0.01, times=5)
    assert [(index, part) for _, index, part in owner.wire] == [(0, 0), (0, 1), (0, 2)]


def test_a_message_torn_by_a_lost_link_stays_torn_while_paused() -> None:
    owner = Owner(job(recipients=5, parts=3), window=2)
    owner.tick(0.01, times=2)
    owner.dispatcher.suspend(job().key.owner)
    owner.dispatcher.link_lost(owner.now)
    owner.dispatcher.link_up()
    owner.tick(0.01, times=5)
    assert len(owner.wire) == 2
    owner.dispatcher.resume(job().key.owner)
    owner.tick(0.01)
    assert owner.wire[2][1:] == (0, 2)


def test_the_end_of_a_campaign_notes_the_intended_as_unsent() -> None:
    owner = Owner(job(recipients=5, parts=2), window=3)
    owner.tick(0.01, times=2)
    owner.dispatcher.drop(job().key.owner, OutcomeKind.CANCELLED, owner.now)
    owner.dispatcher.drop(job().key.owner, OutcomeKind.LAPSED, owner.now)
    owner.answer()
    owner.tick(0.01)
    owner.answer()
    owner.tick(1.0, times=3)
    sent = [one for one in owner.outcomes if one.kind is OutcomeKind.ACCEPTED]
    unsent = [one for one in owner.outcomes if one.kind is OutcomeKind.CANCELLED]
    assert [(one.index, one.part) for one in sent] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [(one.index, one.part) for one in unsent] == [
        (index, part) for index in (2, 3, 4) for part in (0, 1)
    ]
    assert owner.finished == ["cmp_1"]


def test_the_end_of_a_campaign_says_nothing_of_those_beyond_the_mark() -> None:
    owner = Owner(job(recipients=1_000), rate=70.0)
    owner.tick()
    owner.dispatcher.drop(job().key.owner, OutcomeKind.CANCELLED, owner.now)
    owner.tick(1.0, times=2)
    assert [one.index for one in owner.outcomes] == list(range(70))


def test_an_end_with_the_intent_on_its_way_notes_those_too() -> None:
    owner = Owner(job(recipients=5))
    owner.hold_intents = True
    owner.tick()
    owner.dispatcher.drop(job().key.owner, OutcomeKind.LAPSED, owner.now)
    owner.dispatcher.intent_recorded(job().key, 5)
    owner.tick(1.0, times=2)
    assert owner.kinds() == [OutcomeKind.LAPSED] * 5
    assert owner.wire == []


def test_a_paused_campaign_that_is_torn_ends_where_it_stands() -> None:
    owner = Owner(job(recipients=2, parts=3), window=2)
    owner.tick(0.01, times=2)
    owner.dispatcher.suspend(job().key.owner)
    owner.dispatcher.link_lost(owner.now)
    owner.dispatcher.link_up()
    owner.dispatcher.drop(job().key.owner, OutcomeKind.CANCELLED, owner.now)
    owner.tick(1.0, times=2)
    doubt, cancelled = OutcomeKind.IN_DOUBT, OutcomeKind.CANCELLED
    assert owner.kinds() == [doubt, doubt, cancelled, cancelled, cancelled, cancelled]
    assert len(owner.wire) == 2


def test_an_ended_campaign_does_not_finish_a_message_on_the_next_link() -> None:
    owner = Owner(job(recipients=2, parts=3), window=2)
    owner.tick(0.01, times=2)
    owner.dispatcher.drop(job().key.owner, OutcomeKind.CANCELLED, owner.now)
    owner.dispatcher.link_lost(owner.now)
    owner.dispatcher.link_up()
    owner.tick(1.0, times=2)
    assert len(owner.wire) == 2
    assert owner.finished == ["cmp_1"]


# --- another owner ---


def test_a_refused_intent_ends_the_job_and_writes_nothing_more() -> None:
    owner = Owner(job(recipients=1_000), rate=70.0)
    owner.tick()
    owner.hold_intents = True
    owner.tick(0.01, times=70)
    owner.answer()
    owner.tick(0.01)
    before = len(owner.wire)
    owner.dispatcher.intent_refused(job().key)
    owner.answer()
    owner.tick(1.0, times=3)
    assert len(owner.wire) == before
    assert owner.outcomes == []
    assert owner.finished == []
    assert owner.intents.open == 0
    assert owner.dispatcher.held.chunks == frozenset()


def test_an_append_that_was_on_its_way_when_the_chunk_was_lost_changes_nothing() -> None:
    owner = Owner(job(recipients=1_000), rate=70.0)
    owner.hold_appends = True
    owner.tick()
    owner.tick(0.01, times=10)
    owner.answer()
    owner.tick(1.0)
    owner.dispatcher.intent_refused(job().key)
    owner.dispatcher.appended(owner.appends[0])
    assert owner.intents.open == 0


# --- stopping ---


def test_a_stop_sends_what_is_intended_and_intends_no_more() -> None:
    owner = Owner(job(recipients=1_000), rate=70.0)
    owner.tick(0.0)
    owner.tick(0.01, times=5)
    owner.dispatcher.stop(owner.now)
    assert not owner.idle()
    for _ in range(200):
        owner.tick(0.01)
        owner.answer()
    assert len(owner.wire) == 70
    assert owner.kinds() == [OutcomeKind.ACCEPTED] * 70
    assert owner.idle()
    assert owner.finished == [], "the offer stays for the next owner"


def test_what_is_taken_after_a_stop_is_left_alone() -> None:
    owner = Owner()
    owner.dispatcher.stop(owner.now)
    owner.dispatcher.take(job())
    owner.tick(0.1, times=5)
    assert owner.asked == []
    assert owner.idle()


def test_a_stop_at_the_end_of_an_offer_takes_it_back() -> None:
    owner = Owner(job(recipients=5), rate=70.0)
    owner.tick()
    owner.dispatcher.stop(owner.now)
    for _ in range(50):
        owner.tick(0.01)
        owner.answer()
    assert owner.finished == ["cmp_1"]


def test_a_stop_with_a_paused_campaign_leaves_its_intended_in_doubt() -> None:
    owner = Owner(job(recipients=20), window=3)
    owner.tick(0.01, times=2)
    owner.dispatcher.suspend(job().key.owner)
    owner.answer()
    owner.dispatcher.stop(owner.now)
    owner.tick(0.01, times=2)
    assert owner.kinds().count(OutcomeKind.ACCEPTED) == 3
    assert owner.kinds().count(OutcomeKind.IN_DOUBT) == 17
    assert owner.idle()


def test_a_stop_without_a_link_leaves_the_intended_in_doubt() -> None:
    owner = Owner(job(recipients=20), window=3)
    owner.tick(0.01, times=2)
    owner.dispatcher.link_lost(owner.now)
    owner.dispatcher.stop(owner.now)
    owner.tick(0.01, times=2)
    assert owner.kinds() == [OutcomeKind.IN_DOUBT] * 20
    assert owner.idle()


def test_a_link_that_is_lost_while_stopping_ends_it() -> None:
    owner = Owner(job(recipients=20), window=3)
    owner.tick(0.01, times=2)
    owner.dispatcher.stop(owner.now)
    owner.dispatcher.link_lost(owner.now)
    owner.tick(0.01, times=2)
    assert owner.kinds() == [OutcomeKind.IN_DOUBT] * 20
    assert owner.idle()


def test_a_stop_lets_an_ended_campaign_finish_its_message() -> None:
    owner = Owner(job(recipients=5, parts=3), window=2)
    owner.tick(0.01, times=2)
    owner.dispatcher.drop(job().key.owner, OutcomeKind.CANCELLED, owner.now)
    owner.dispatcher.stop(owner.now)
    for _ in range(4):
        owner.answer()
        owner.tick(0.01)
    assert [(index, part) for _, index, part in owner.wire] == [(0, 0), (0, 1), (0, 2)]
    assert owner.idle()


def test_a_close_gives_the_open_intents_back() -> None:
    intents = Intents()
    owner = Owner(job(recipients=20), intents=intents)
    owner.tick()
    assert intents.open == 20
    owner.dispatcher.close()
    assert intents.open == 0


def test_who_was_erased_is_told_as_cancelled_and_nobody_waits_for_them() -> None:
    owner = Owner(job(recipients=3, parts=2), window=3)
    owner.submit = owner.withhold  # type: ignore[method-assign]
    owner.tick(0.01, times=4)
    owner.tick(1.0, times=3)
    assert owner.wire == []
    assert [(one.index, one.part) for one in owner.outcomes] == [
        (index, part) for index in range(3) for part in range(2)
    ]
    assert set(owner.kinds()) == {OutcomeKind.CANCELLED}
    assert owner.finished == ["cmp_1"]
    assert owner.idle()
    assert owner.intents.open == 0
