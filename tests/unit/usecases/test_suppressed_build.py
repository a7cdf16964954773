"""The build leaves out who wants no messages, and the channel's owner never tries them (SPEC 5.4).

By the records alone: the wire is tests/functional/test_bridge_wishes.py's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.campaign import Status
from chalicelib.domain.delivery import Offer
from chalicelib.domain.errors import Stale
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.ledger import RecipientState, state_of
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases import ledgers
from chalicelib.usecases.ownership import Held, Job, Ownership, Term
from tests.fakes.stopping import say, say_list
from tests.fakes.world import World, accepted

if TYPE_CHECKING:
    from chalicelib.domain.delivery import ChunkRecord

NUMBERS = [447_700_900_000 + n for n in range(7)]
SUPPRESSED, PENDING = RecipientState.SUPPRESSED, RecipientState.PENDING


@pytest.fixture
def world() -> World:
    return World()


def built(world: World, *, per_chunk: int = 3) -> str:
    campaign = world.approved_campaign(NUMBERS, per_chunk=per_chunk)
    assert world.driver.build(world.workspace, campaign).kind == "built"
    return campaign


def chunks(world: World, campaign: str) -> list[ChunkRecord]:
    return world.delivery.chunks(world.workspace, campaign)


def numbers_of(world: World, chunk: ChunkRecord) -> list[int]:
    return list(chunk_format.decode(world.blobs.get(chunk.source)).numbers)


def in_order(world: World, per_chunk: int = 3) -> list[list[int]]:
    """The recipients, chunk by chunk, of any campaign with these numbers."""
    return [numbers_of(world, chunk) for chunk in chunks(world, built(world, per_chunk=per_chunk))]


def states(world: World, campaign: str) -> list[list[RecipientState]]:
    views = [ledgers.read(world.delivery, world.blobs, each) for each in chunks(world, campaign)]
    return [
        [state_of(view.records.get(index, ())) for index in range(view.recipients)]
        for view in views
    ]


def jobs(world: World, epoch: int = 1) -> tuple[Job, ...]:
    owner = Ownership(world.delivery, world.campaigns, world.blobs)
    return owner.take_offers(Term(world.channel, epoch, count()), Held(), 1_000, 0).jobs


def test_when_nobody_is_unwanted_no_chunk_is_read(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS, per_chunk=3)
    for key in [key for key in world.blobs.objects if "/chunk-" in key]:
        world.blobs.delete(key)
    assert world.driver.build(world.workspace, campaign).kind == "built"
    assert [(one.ledger, one.as_of) for one in chunks(world, campaign)] == [
        ("", world.clock.now())
    ] * 3


def test_the_first_the_last_and_a_whole_chunk(world: World) -> None:
    first, second, third = in_order(world)
    say(world, first[0], second[2], *third)
    campaign = built(world)
    assert states(world, campaign) == [
        [SUPPRESSED, PENDING, PENDING],
        [PENDING, PENDING, SUPPRESSED],
        [SUPPRESSED],
    ]
    records = chunks(world, campaign)
    assert [record.settled for record in records] == [False, False, True]
    assert [(one.counters.suppressed, one.counters.pending) for one in records] == [
        (1, 2),
        (1, 2),
        (1, 0),
    ]
    stored = world.campaigns.campaign(world.workspace, campaign)
    totals = world.recipients.totals(stored)
    assert (totals.total, totals.pending, totals.suppressed, totals.in_doubt) == (7, 4, 3, 0)
    page = world.recipients.page(world.author, campaign, None, 2)
    assert [line.state for line in page.items] == [SUPPRESSED, PENDING]

    world.driver.open(world.workspace, campaign, 0, "token")
    assert [list(job.places) for job in jobs(world)] == [[1, 2], [0, 1]]


def test_what_is_said_for_all_workspaces_holds_too(world: World) -> None:
    say(world, NUMBERS[0], workspace=MASTER)
    say(world, NUMBERS[1], workspace="wsp_other")
    say_list(world, [NUMBERS[2]])
    found = [chunk.counters.suppressed for chunk in chunks(world, built(world))]
    assert sum(found) == 2


def test_a_campaign_for_nobody_ends_well(world: World) -> None:
    say(world, *NUMBERS)
    campaign = built(world)
    world.driver.open(world.workspace, campaign, 0, "token")
    assert world.delivery.offers(world.channel) == []
    assert world.executions.resumed == ["token"]
    assert world.driver.next(world.workspace, campaign).kind == "finish"
    world.driver.finish(world.workspace, campaign)
    done = world.campaigns.campaign(world.workspace, campaign)
    assert done.status is Status.DONE
    assert world.recipients.totals(done).suppressed == 7


def test_a_build_killed_in_the_middle_goes_on_and_loses_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who says STOP between the tries is in the ledgers of the second, and told of the first's."""
    first, second, _ = in_order(world)
    say(world, first[0])
    campaign = world.approved_campaign(NUMBERS, per_chunk=3)
    add = type(world.delivery).add_chunks

    def only_one(delivery: object, records: list[ChunkRecord]) -> None:
        add(delivery, [next(iter(records))])  # type: ignore[arg-type]
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(type(world.delivery), "add_chunks", only_one)
        with pytest.raises(OSError, match="killed"):
            world.driver.build(world.workspace, campaign)
    began = world.clock.now()
    later = world.clock.advance(timedelta(hours=3))
    say(world, first[1], second[1])
    assert world.driver.build(world.workspace, campaign).kind == "built"
    assert [record.as_of for record in chunks(world, campaign)] == [began, later, later]
    assert states(world, campaign) == [
        [SUPPRESSED, PENDING, PENDING],
        [PENDING, SUPPRESSED, PENDING],
        [PENDING],
    ]
    told = world.wishes.changes([world.workspace], began)
    assert first[1] in told[-1].numbers


def test_a_second_build_changes_nothing(world: World) -> None:
    say(world, NUMBERS[0])
    campaign = built(world)
    before = chunks(world, campaign)
    stored = world.campaigns.campaign(world.workspace, campaign)
    again = replace(stored, status=Status.BUILDING)
    world.changes.save(again, world.audit())
    say(world, NUMBERS[1])
    world.driver.build(world.workspace, campaign)
    assert chunks(world, campaign) == before


def test_folding_merges_onto_the_first_ledger(world: World) -> None:
    first, *_ = in_order(world)
    say(world, first[1])
    campaign = built(world)
    world.driver.open(world.workspace, campaign, 0, "token")
    old = chunks(world, campaign)[0].ledger
    world.answer(campaign, 0, 1, [accepted(0, "m-0"), accepted(2, "m-2")])
    world.folder.fold(world.workspace, campaign, 0)
    folded = chunks(world, campaign)[0]
    assert folded.settled
    assert (folded.counters.sent, folded.counters.suppressed) == (2, 1)
    assert old not in world.blobs.objects


@pytest.mark.parametrize("parts", [1, 3])
def test_the_suppressed_are_never_in_doubt(world: World, parts: int) -> None:
    (numbers,) = in_order(world, per_chunk=10)
    say(world, *numbers[1:3])
    campaign = world.approved_campaign(NUMBERS, per_chunk=10, text="Hello " * 25 * (2 * parts - 1))
    world.driver.build(world.workspace, campaign)
    world.driver.open(world.workspace, campaign, 0, "token")
    (job,) = jobs(world)
    assert list(job.places) == [0, 3, 4, 5, 6]
    world.delivery.intend(job.chunk, 1, 5)
    (taken_over,) = jobs(world, epoch=2)
    assert list(taken_over.places) == [5, 6]
    unknown = RecipientState.UNKNOWN
    assert states(world, campaign) == [
        [unknown, SUPPRESSED, SUPPRESSED, unknown, unknown, PENDING, PENDING]
    ]
    world.folder.fold(world.workspace, campaign, 0)
    assert chunks(world, campaign)[0].counters.in_doubt == 3


def test_an_offer_waits_only_for_those_before_it_who_want_messages(world: World) -> None:
    """One window's share of a chunk may be suppressed whole: no mark moves over it then."""
    (numbers,) = in_order(world, per_chunk=10)
    say(world, *numbers[:3])
    campaign = built(world, per_chunk=10)
    world.driver.open(world.workspace, campaign, 0, "token")
    (whole,) = world.delivery.offers(world.channel)
    world.delivery.remove_offer(whole)
    for window, first, last in ((2, 5, 7), (1, 3, 5)):
        world.delivery.add_offers(
            [Offer(world.workspace, campaign, world.channel, window, 0, first, last)]
        )
        taken = jobs(world)
        assert [list(job.places) for job in taken] == ([] if window == 2 else [[3, 4]])


def test_of_a_workspace_that_is_barred_nothing_is_taken(world: World) -> None:
    campaign = built(world)
    world.driver.open(world.workspace, campaign, 0, "token")
    owner = Ownership(world.delivery, world.campaigns, world.blobs)
    for barred in (world.workspace, MASTER, "wsp_other"):
        held = Held(barred=frozenset({barred}))
        orders = owner.take_offers(Term(world.channel, 1, count()), held, 1_000, 0)
        assert bool(orders.jobs) == (barred == "wsp_other")
        assert orders.sending


def test_two_builds_at_once_agree(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever adds a chunk first, its instant and its ledger go together."""
    first, second, _ = in_order(world)
    say(world, first[0])
    campaign = world.approved_campaign(NUMBERS, per_chunk=3)
    add = type(world.delivery).add_chunks
    began = world.clock.now()

    def meanwhile(delivery: object, records: list[ChunkRecord]) -> None:
        monkeypatch.undo()
        laid_out = iter(records)
        add(delivery, [next(laid_out)])  # type: ignore[arg-type]
        world.clock.advance(timedelta(minutes=1))
        say(world, second[0])
        assert world.driver.build(world.workspace, campaign).kind == "built"
        add(delivery, laid_out)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.delivery), "add_chunks", meanwhile)
    with pytest.raises(Stale):
        world.driver.build(world.workspace, campaign)
    later = world.clock.now()
    assert [record.as_of for record in chunks(world, campaign)] == [began, later, later]
    assert states(world, campaign) == [
        [SUPPRESSED, PENDING, PENDING],
        [SUPPRESSED, PENDING, PENDING],
        [PENDING],
    ]
