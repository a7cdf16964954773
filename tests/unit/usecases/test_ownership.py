"""Who may send what: the lease, the gate, and what a dead owner left behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.campaign import Status
from chalicelib.domain.channel import LEASE, Lease
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger import OutcomeKind, RecipientState, settled, state_of
from chalicelib.usecases import ledgers
from chalicelib.usecases.ownership import CampaignKey, ChunkKey, Held, Orders, Ownership, Term
from tests.fakes import samples
from tests.fakes.world import World, accepted

if TYPE_CHECKING:
    from chalicelib.domain.delivery import ChunkRecord

NUMBERS = [447_700_900_000 + n for n in range(5)]
PLENTY = 1_000
NOW_MS = 1_772_442_000_000
NOBODY = Held()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ownership(world: World) -> Ownership:
    return Ownership(world.delivery, world.campaigns, world.blobs)


def term(world: World, epoch: int = 1) -> Term:
    return Term(world.channel, epoch, count())


def offered(world: World, *, per_chunk: int = 10_000) -> str:
    """A campaign whose chunks are on offer."""
    campaign = world.approved_campaign(NUMBERS, per_chunk=per_chunk)
    world.driver.build(world.workspace, campaign)
    world.driver.open(world.workspace, campaign, 0, "token")
    return campaign


def look(
    world: World, ownership: Ownership, epoch: int = 1, held: Held = NOBODY, appetite: int = PLENTY
) -> Orders:
    return ownership.take_offers(term(world, epoch), held, appetite, NOW_MS)


def chunk(world: World, campaign: str, number: int = 0) -> ChunkRecord:
    return world.delivery.chunk(world.workspace, campaign, number)


def states(world: World, campaign: str, number: int = 0) -> list[RecipientState]:
    view = ledgers.read(world.delivery, world.blobs, chunk(world, campaign, number))
    return [state_of(view.records.get(index, ())) for index in range(view.recipients)]


# --- the lease ---


def test_a_free_channel_is_taken_and_kept(world: World, ownership: Ownership) -> None:
    now = world.clock.now()
    lease = ownership.acquire(world.delivery.channel(world.channel), "one", now)
    assert lease == Lease("one", 1, now + LEASE)
    assert world.delivery.channel(world.channel).lease == lease

    later = world.clock.advance(timedelta(seconds=3))
    renewed = ownership.renew(world.channel, lease, later)
    assert renewed == Lease("one", 1, later + LEASE)


def test_a_lease_that_holds_is_nobody_elses(world: World, ownership: Ownership) -> None:
    ownership.acquire(world.delivery.channel(world.channel), "one", world.clock.now())
    now = world.clock.advance(LEASE - timedelta(milliseconds=1))
    assert ownership.acquire(world.delivery.channel(world.channel), "two", now) is None


def test_a_lapsed_lease_goes_to_the_next_with_a_new_epoch(
    world: World, ownership: Ownership
) -> None:
    first = ownership.acquire(world.delivery.channel(world.channel), "one", world.clock.now())
    now = world.clock.advance(LEASE)
    second = ownership.acquire(world.delivery.channel(world.channel), "two", now)
    assert second == Lease("two", 2, now + LEASE)
    assert first is not None
    assert ownership.renew(world.channel, first, now) is None
    ownership.release(world.channel, first, now)
    assert world.delivery.channel(world.channel).lease == second


def test_ones_own_lease_after_a_restart_is_a_new_epoch(world: World, ownership: Ownership) -> None:
    for epoch in (1, 2):
        lease = ownership.acquire(world.delivery.channel(world.channel), "one", world.clock.now())
        assert lease is not None
        assert lease.epoch == epoch


def test_of_two_that_take_it_at_once_one_wins(world: World, ownership: Ownership) -> None:
    seen = world.delivery.channel(world.channel)
    assert ownership.acquire(seen, "one", world.clock.now()) is not None
    assert ownership.acquire(seen, "two", world.clock.now()) is None


def test_a_released_lease_is_free_at_once_and_keeps_the_epoch(
    world: World, ownership: Ownership
) -> None:
    now = world.clock.now()
    lease = ownership.acquire(world.delivery.channel(world.channel), "one", now)
    assert lease is not None
    ownership.release(world.channel, lease, now)
    again = ownership.acquire(world.delivery.channel(world.channel), "two", now)
    assert again is not None
    assert again.epoch == 2


def test_a_lease_that_never_was_is_not_renewed(world: World, ownership: Ownership) -> None:
    now = world.clock.now()
    assert ownership.renew(world.channel, Lease("one", 1, now), now) is None


# --- offers ---


def test_an_offer_becomes_a_job(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    orders = look(world, ownership)
    (job,) = orders.jobs
    assert job.key == ChunkKey(world.workspace, campaign, 0)
    assert (list(job.places), job.last, job.epoch) == ([0, 1, 2, 3, 4], 5, 1)
    assert sorted(job.numbers) == NUMBERS
    assert job.message.parts == (b"Hello",)
    assert job.sender.address == "ACME"
    assert chunk(world, campaign).epoch == 1
    assert orders.sending == {CampaignKey(world.workspace, campaign)}
    assert not orders.halted
    assert not orders.ended
    assert not orders.refusals


def test_what_is_in_hand_is_not_taken_again(world: World, ownership: Ownership) -> None:
    campaign = offered(world, per_chunk=2)
    held = Held(frozenset({ChunkKey(world.workspace, campaign, 0)}))
    taken = [job.key.chunk for job in look(world, ownership, held=held).jobs]
    assert taken == [1, 2]


def test_no_more_is_taken_than_is_wanted(world: World, ownership: Ownership) -> None:
    campaign = offered(world, per_chunk=2)
    assert [job.key.chunk for job in look(world, ownership, appetite=3).jobs] == [0, 1]
    sated = Held(unsent={CampaignKey(world.workspace, campaign): 3})
    assert look(world, ownership, held=sated, appetite=3).jobs == ()


def test_one_look_takes_a_few_offers_at_most(world: World, ownership: Ownership) -> None:
    offered(world, per_chunk=1)
    assert len(look(world, ownership).jobs) == 4


def test_a_forged_sender_sends_nothing(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    world.forge_sender()
    orders = look(world, ownership)
    assert orders.jobs == ()
    (refusal,) = orders.refusals
    assert refusal.key.campaign == campaign
    assert "digest" in refusal.reason
    assert chunk(world, campaign).epoch == 0


def test_an_offer_of_an_unapproved_campaign_sends_nothing(
    world: World, ownership: Ownership
) -> None:
    campaign = offered(world)
    record = world.campaigns.campaign(world.workspace, campaign)
    world.changes.save(replace(record, decision=None), world.audit())
    orders = look(world, ownership)
    assert orders.jobs == ()
    assert "approval" in orders.refusals[0].reason


def test_an_offer_to_another_channel_sends_nothing(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    (offer,) = world.delivery.offers(world.channel)
    world.delivery.add_offers([replace(offer, channel="chn_b")])
    orders = ownership.take_offers(Term("chn_b", 1, count()), NOBODY, PLENTY, NOW_MS)
    assert orders.jobs == ()
    assert orders.refusals[0].key.campaign == campaign


@pytest.mark.parametrize("wrong", [{"list": "lst_other"}, {"recipients": 4}])
def test_an_offer_of_what_is_not_in_the_list_sends_nothing(
    world: World, ownership: Ownership, wrong: dict[str, Any]
) -> None:
    campaign = offered(world)
    world.records.put(replace(chunk(world, campaign), **wrong))
    orders = look(world, ownership)
    assert orders.jobs == ()
    assert "list" in orders.refusals[0].reason


def test_a_chunk_that_cannot_be_read_is_refused(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    world.blobs.put(chunk(world, campaign).source, b"rubbish")
    assert len(look(world, ownership).refusals) == 1
    world.blobs.delete(chunk(world, campaign).source)
    assert "no such" in look(world, ownership).refusals[0].reason


def test_a_chunk_of_a_later_owner_is_left_alone(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    world.delivery.adopt(chunk(world, campaign), 7)
    orders = look(world, ownership, epoch=6)
    assert orders.jobs == ()
    assert orders.refusals == ()
    assert chunk(world, campaign).epoch == 7


def test_a_chunk_that_is_snatched_while_it_is_adopted_is_left_alone(
    world: World, ownership: Ownership
) -> None:
    campaign = offered(world)
    seen = chunk(world, campaign)
    world.delivery.adopt(seen, 7)
    assert ownership.adopt(seen, term(world, 6)) is None


def test_a_later_window_waits_for_its_turn(world: World, ownership: Ownership) -> None:
    offered(world)
    (offer,) = world.delivery.offers(world.channel)
    world.delivery.remove_offer(offer)
    world.delivery.add_offers([replace(offer, window=1, first=3)])
    assert look(world, ownership).jobs == ()


# --- pause, cancel ---


def test_a_paused_campaign_is_not_taken_and_halts(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    world.desk.pause(world.author, campaign)
    key = CampaignKey(world.workspace, campaign)
    orders = look(world, ownership)
    assert orders.jobs == ()
    assert orders.halted == {key}
    # Also when nothing of it is on offer any more.
    (offer,) = world.delivery.offers(world.channel)
    world.delivery.remove_offer(offer)
    held = Held(frozenset({ChunkKey(world.workspace, campaign, 0)}))
    assert look(world, ownership, held=held).halted == {key}


def test_a_cancelled_campaign_ends_and_its_offers_go(world: World, ownership: Ownership) -> None:
    campaign = offered(world, per_chunk=2)
    held = Held(frozenset({ChunkKey(world.workspace, campaign, 1)}))
    world.desk.cancel(world.author, campaign)
    orders = look(world, ownership, held=held)
    assert orders.ended == {CampaignKey(world.workspace, campaign): OutcomeKind.CANCELLED}
    assert orders.jobs == ()
    # What is in hand is the dispatcher's to finish.
    assert [offer.chunk for offer in world.delivery.offers(world.channel)] == [1]
    assert chunk(world, campaign).epoch == 0


def test_an_expired_campaign_lapses(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    record = world.campaigns.campaign(world.workspace, campaign)
    world.changes.save(replace(record, status=Status.EXPIRED), world.audit())
    assert look(world, ownership).ended == {
        CampaignKey(world.workspace, campaign): OutcomeKind.LAPSED
    }


def test_offers_of_nothing_are_cleared_away(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    record = world.campaigns.campaign(world.workspace, campaign)
    world.changes.save(replace(record, status=Status.CANCELLED), world.audit())
    world.delivery.add_offers(
        [
            samples.offer(channel=world.channel, campaign="cmp_gone"),
            samples.offer(channel=world.channel, campaign=campaign, chunk=99),
        ]
    )
    orders = look(world, ownership)
    assert world.delivery.offers(world.channel) == []
    assert len(orders.ended) == 2


def test_clearing_away_is_bounded_at_each_look(world: World, ownership: Ownership) -> None:
    campaign = offered(world, per_chunk=1)
    world.desk.cancel(world.author, campaign)
    look(world, ownership)
    assert len(world.delivery.offers(world.channel)) == 1


# --- in doubt ---


def killed_owner(world: World, campaign: str) -> None:
    """Epoch 1 intended four of five and wrote the answers of two of them."""
    record = chunk(world, campaign)
    assert world.delivery.adopt(record, 1)
    assert world.delivery.intend(record, 1, 4)
    world.answer(campaign, 0, 0, [accepted(0, "m-0"), accepted(2, "m-2")])


def test_after_a_kill_the_intended_are_in_doubt_and_not_resent(
    world: World, ownership: Ownership
) -> None:
    campaign = offered(world)
    killed_owner(world, campaign)
    (job,) = look(world, ownership, epoch=2).jobs
    assert (list(job.places), job.last) == ([4], 5)
    sent, unknown, pending = RecipientState.SENT, RecipientState.UNKNOWN, RecipientState.PENDING
    assert states(world, campaign) == [sent, unknown, sent, unknown, pending]
    writers = {item.writer for item in world.delivery.journal(world.workspace, campaign, 0)}
    assert writers == {"00000001", "00000002"}
    assert not world.delivery.intend(job.chunk, 1, 5), "the old owner is fenced off"


def test_what_was_folded_is_not_in_doubt(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    killed_owner(world, campaign)
    world.folder.fold(world.workspace, campaign, 0)
    look(world, ownership, epoch=2)
    assert states(world, campaign).count(RecipientState.UNKNOWN) == 2


def test_each_part_without_an_answer_is_in_doubt(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    record = chunk(world, campaign)
    world.delivery.adopt(record, 1)
    world.delivery.intend(record, 1, 1)
    world.answer(campaign, 0, 0, [accepted(0, "m-0", part=0, parts=3)])
    adopted = ownership.adopt(record, term(world, 2))
    assert adopted is not None
    before = ownership.view(adopted)
    ownership.note_doubts(adopted, before, term(world, 2), 3, NOW_MS)
    view = ledgers.read(world.delivery, world.blobs, chunk(world, campaign))
    kinds = [part.submission.kind for part in view.records[0] if part.submission]
    assert kinds == [OutcomeKind.ACCEPTED, OutcomeKind.IN_DOUBT, OutcomeKind.IN_DOUBT]


def test_doubts_that_were_not_written_are_found_again(world: World, ownership: Ownership) -> None:
    """The owner broke off after it had raised the epoch; the same epoch takes the offer again."""
    campaign = offered(world)
    killed_owner(world, campaign)
    assert ownership.adopt(chunk(world, campaign), term(world, 2)) is not None
    (job,) = look(world, ownership, epoch=2).jobs
    assert list(job.places) == [4]
    assert states(world, campaign).count(RecipientState.UNKNOWN) == 2
    look(world, ownership, epoch=2)
    items = world.delivery.journal(world.workspace, campaign, 0)
    assert sum(len(item.outcomes) for item in items) == 4, "they are noted once"


def test_many_doubts_take_several_items(world: World, ownership: Ownership) -> None:
    campaign = world.approved_campaign([447_700_900_000 + n for n in range(1_000)])
    world.driver.build(world.workspace, campaign)
    world.driver.open(world.workspace, campaign, 0, "token")
    record = chunk(world, campaign)
    world.delivery.adopt(record, 1)
    world.delivery.intend(record, 1, 1_000)
    (job,) = look(world, ownership, epoch=2).jobs
    assert not job.places
    items = world.delivery.journal(world.workspace, campaign, 0)
    assert [len(item.outcomes) for item in items] == [500, 500]
    view = ledgers.read(world.delivery, world.blobs, chunk(world, campaign))
    assert settled(view)


def test_a_cancelled_campaign_still_names_its_doubts(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    killed_owner(world, campaign)
    world.desk.cancel(world.author, campaign)
    look(world, ownership, epoch=2)
    assert states(world, campaign).count(RecipientState.UNKNOWN) == 2
    assert world.delivery.offers(world.channel) == []


def test_a_later_owner_names_the_doubts_itself(world: World, ownership: Ownership) -> None:
    campaign = offered(world)
    killed_owner(world, campaign)
    world.delivery.adopt(chunk(world, campaign), 7)
    world.desk.cancel(world.author, campaign)
    look(world, ownership, epoch=2)
    assert RecipientState.UNKNOWN not in states(world, campaign)


# --- one view while the folder works ---


def test_a_view_that_changed_meanwhile_is_read_again(world: World) -> None:
    campaign = offered(world)
    killed_owner(world, campaign)
    before = chunk(world, campaign)
    world.folder.fold(world.workspace, campaign, 0)
    view = ledgers.read(world.delivery, world.blobs, before)
    assert len(view.records) == 2


def test_an_object_that_is_gone_means_that_the_pointer_moved(world: World) -> None:
    campaign = offered(world)
    killed_owner(world, campaign)
    world.folder.fold(world.workspace, campaign, 0)
    before = chunk(world, campaign)
    world.answer(campaign, 0, 1, [accepted(1, "m-1")])
    world.folder.fold(world.workspace, campaign, 0)
    view = ledgers.read(world.delivery, world.blobs, before)
    assert len(view.records) == 3


def test_a_view_that_never_settles_is_given_up(world: World) -> None:
    campaign = offered(world)
    world.records.put(replace(chunk(world, campaign), ledger="ledger/gone"))
    with pytest.raises(Conflict):
        ledgers.read(world.delivery, world.blobs, chunk(world, campaign))
