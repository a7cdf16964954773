"""Delivery: what two owners, two folders or two sweeps may do at once (DESIGN 4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.channel import Lease
from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.errors import NotFound
from chalicelib.domain.ledger import Counters, OutcomeKind
from tests.fakes import samples
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from chalicelib.domain.channel import Channel
    from chalicelib.domain.delivery import ChunkRecord
    from tests.contracts.conftest import Ports

LEASE = Lease("bridge-a", 1, MORNING + timedelta(seconds=10, microseconds=7))


@pytest.fixture
def channel(ports: Ports) -> Channel:
    return ports.changes.save(samples.channel(), samples.audit())


@pytest.fixture
def chunk(ports: Ports) -> ChunkRecord:
    ports.delivery.add_chunks([samples.chunk()])
    return stored_chunk(ports)


def stored_chunk(ports: Ports) -> ChunkRecord:
    return ports.delivery.chunk("wsp_a", "cmp_a", 0)


def test_what_is_not_there_is_not_found(ports: Ports) -> None:
    with pytest.raises(NotFound, match="channel"):
        ports.delivery.channel("chn_none")
    with pytest.raises(NotFound, match="chunk"):
        ports.delivery.chunk("wsp_a", "cmp_a", 0)


# --- the owner's lease ---


def test_a_lease_is_taken_and_kept_in_the_channel(ports: Ports, channel: Channel) -> None:
    assert ports.delivery.take_lease(channel, LEASE)

    assert ports.delivery.channel("chn_a") == replace(channel, lease=LEASE)
    assert ports.delivery.channels() == [replace(channel, lease=LEASE)]


def test_of_two_who_saw_no_lease_one_gets_it(ports: Ports, channel: Channel) -> None:
    assert ports.delivery.take_lease(channel, LEASE)

    assert not ports.delivery.take_lease(channel, replace(LEASE, owner="bridge-b"))
    assert ports.delivery.channel("chn_a").lease == LEASE


@pytest.mark.parametrize(
    "renewed",
    [
        replace(LEASE, expires_at=LEASE.expires_at + timedelta(microseconds=1)),
        replace(LEASE, epoch=2),
        replace(LEASE, owner="bridge-c"),
    ],
    ids=["renewed", "raised", "taken over"],
)
def test_of_two_who_saw_the_same_lease_one_gets_it(
    ports: Ports, channel: Channel, renewed: Lease
) -> None:
    ports.delivery.take_lease(channel, LEASE)
    seen = ports.delivery.channel("chn_a")
    assert ports.delivery.take_lease(seen, renewed)

    assert not ports.delivery.take_lease(seen, Lease("bridge-b", 2, MORNING))
    assert ports.delivery.channel("chn_a").lease == renewed


def test_a_lease_taken_twice_is_taken(ports: Ports, channel: Channel) -> None:
    """As when the answer was lost on its way and the call was repeated."""
    assert ports.delivery.take_lease(channel, LEASE)
    assert ports.delivery.take_lease(channel, LEASE)


def test_no_lease_makes_a_channel(ports: Ports) -> None:
    assert not ports.delivery.take_lease(samples.channel(), LEASE)
    assert ports.delivery.channels() == []


# --- traffic and offers ---


def test_traffic_is_found_by_channel_and_renewed(ports: Ports) -> None:
    ports.delivery.add_traffic(samples.traffic())
    later = samples.traffic(expires_at=MORNING + timedelta(days=9, microseconds=1))
    ports.delivery.add_traffic(later)
    ports.delivery.add_traffic(samples.traffic(channel="chn_b"))

    assert ports.delivery.traffic("chn_a") == [later]


def test_offers_are_added_once_and_taken_back(ports: Ports) -> None:
    offers = [samples.offer(chunk=number) for number in (0, 2, 10)]
    ports.delivery.add_offers(offers)
    ports.delivery.add_offers([samples.offer(first=5), samples.offer(channel="chn_b")])

    assert ports.delivery.offers("chn_a") == offers
    ports.delivery.remove_offer(offers[0])
    ports.delivery.remove_offer(offers[0])
    assert ports.delivery.offers("chn_a") == offers[1:]


# --- chunks ---


def test_chunks_come_by_number_and_of_one_campaign(ports: Ports) -> None:
    chunks = [samples.chunk(number=number) for number in range(12)]
    ports.delivery.add_chunks(reversed(chunks))
    ports.delivery.add_chunks([samples.chunk(campaign="cmp_b")])

    assert ports.delivery.chunks("wsp_a", "cmp_a") == chunks
    assert ports.delivery.chunks("wsp_b", "cmp_a") == []


def test_a_chunk_is_laid_out_with_what_the_build_knew(ports: Ports) -> None:
    first = samples.chunk(
        ledger="ledger/1",
        counters=Counters(total=10_000, suppressed=10_000),
        settled=True,
        as_of=MORNING + timedelta(microseconds=7),
    )
    ports.delivery.add_chunks([first])
    ports.delivery.add_chunks([replace(first, ledger="ledger/2", as_of=MORNING)])
    assert stored_chunk(ports) == first
    assert ports.delivery.swap_ledger(first, "ledger/3", Counters(), settled=True)
    assert stored_chunk(ports).as_of == first.as_of


def test_adding_chunks_again_leaves_those_that_are_there(ports: Ports, chunk: ChunkRecord) -> None:
    ports.delivery.adopt(chunk, 3)
    ports.delivery.intend(chunk, 3, 500)

    ports.delivery.add_chunks([samples.chunk(), samples.chunk(number=1)])

    assert stored_chunk(ports) == replace(chunk, epoch=3, intent=500)
    assert len(ports.delivery.chunks("wsp_a", "cmp_a")) == 2


def test_a_chunk_goes_to_the_latest_owner(ports: Ports, chunk: ChunkRecord) -> None:
    assert ports.delivery.adopt(chunk, 2)
    assert ports.delivery.adopt(chunk, 2)
    assert not ports.delivery.adopt(chunk, 1)
    assert ports.delivery.adopt(chunk, 3)
    assert stored_chunk(ports).epoch == 3


def test_the_mark_moves_on_for_the_owner_alone(ports: Ports, chunk: ChunkRecord) -> None:
    ports.delivery.adopt(chunk, 2)

    assert ports.delivery.intend(chunk, 2, 70)
    assert ports.delivery.intend(chunk, 2, 70)
    assert ports.delivery.intend(chunk, 2, 140)
    assert not ports.delivery.intend(chunk, 2, 139)
    assert not ports.delivery.intend(chunk, 1, 200)
    assert not ports.delivery.intend(chunk, 3, 200)
    assert stored_chunk(ports).intent == 140


def test_a_former_owner_intends_nothing_more(ports: Ports, chunk: ChunkRecord) -> None:
    ports.delivery.adopt(chunk, 1)
    ports.delivery.intend(chunk, 1, 10)
    ports.delivery.adopt(chunk, 2)

    assert not ports.delivery.intend(chunk, 1, 20)
    assert stored_chunk(ports).intent == 10


def test_of_two_folders_one_swaps_the_ledger(ports: Ports, chunk: ChunkRecord) -> None:
    counters = Counters(total=10_000, pending=9_998, sent=2, segments=2)

    assert ports.delivery.swap_ledger(chunk, "ledger/1", counters, settled=False)
    assert not ports.delivery.swap_ledger(chunk, "ledger/2", Counters(), settled=True)

    assert stored_chunk(ports) == replace(chunk, ledger="ledger/1", counters=counters)


def test_a_ledger_swapped_twice_is_swapped(ports: Ports, chunk: ChunkRecord) -> None:
    """As when the answer was lost: the folder must not delete what the chunk points to."""
    assert ports.delivery.swap_ledger(chunk, "ledger/1", Counters(total=1), settled=True)
    assert ports.delivery.swap_ledger(chunk, "ledger/1", Counters(total=1), settled=True)
    assert stored_chunk(ports).settled


def test_a_lost_ledger_leaves_a_chunk_as_it_was_before_the_first_one(
    ports: Ports, chunk: ChunkRecord
) -> None:
    ports.delivery.adopt(chunk, 1)
    ports.delivery.intend(chunk, 1, 30)
    ports.delivery.swap_ledger(chunk, "ledger/1", Counters(total=5), settled=True)
    assert not ports.delivery.lose_ledger(replace(chunk, ledger="ledger/0"))
    for _ in range(2):
        assert ports.delivery.lose_ledger(replace(chunk, ledger="ledger/1"))
    pending = Counters(total=chunk.recipients, pending=chunk.recipients)
    assert stored_chunk(ports) == replace(
        chunk, epoch=1, intent=30, ledger="", counters=pending, as_of=None
    )


def test_owner_and_folder_do_not_touch_each_others_fields(ports: Ports, chunk: ChunkRecord) -> None:
    ports.delivery.adopt(chunk, 1)
    ports.delivery.swap_ledger(chunk, "ledger/1", Counters(total=5), settled=False)
    ports.delivery.intend(chunk, 1, 30)
    first = stored_chunk(ports)
    ports.delivery.swap_ledger(first, "ledger/2", Counters(total=6), settled=True)

    assert stored_chunk(ports) == replace(
        chunk, epoch=1, intent=30, ledger="ledger/2", counters=Counters(total=6), settled=True
    )


def test_nothing_is_written_to_a_chunk_that_is_not_there(ports: Ports) -> None:
    chunk = samples.chunk()

    assert not ports.delivery.adopt(chunk, 1)
    assert not ports.delivery.intend(chunk, 0, 1)
    assert not ports.delivery.swap_ledger(chunk, "ledger/1", Counters(), settled=False)
    assert ports.delivery.chunks("wsp_a", "cmp_a") == []


# --- journal and inbox ---


def test_the_journal_has_each_item_once_whole_and_in_order(ports: Ports) -> None:
    outcomes = tuple(
        samples.outcome(
            index=index,
            kind=OutcomeKind.REFUSED,
            space=CodeSpace.COMMAND_STATUS,
            code=0x0B,
            message_id="",
        )
        for index in range(500)
    )
    items = [samples.journal_item(sequence=1), samples.journal_item(sequence=10, outcomes=outcomes)]
    for item in reversed(items):
        ports.delivery.append(item)
    ports.delivery.append(samples.journal_item(sequence=1, outcomes=()))
    ports.delivery.append(samples.journal_item(chunk=1))

    assert ports.delivery.journal("wsp_a", "cmp_a", 0) == items


def test_dropped_items_are_gone_and_the_others_stay(ports: Ports) -> None:
    items = [samples.journal_item(sequence=number) for number in range(60)]
    for item in items:
        ports.delivery.append(item)

    ports.delivery.drop(items[:57])
    ports.delivery.drop([])
    ports.delivery.drop(items[:1])

    assert ports.delivery.journal("wsp_a", "cmp_a", 0) == items[57:]


def test_the_inbox_gives_the_oldest_first(ports: Ports) -> None:
    items = [
        samples.inbox_item(key=key, received_at=MORNING + timedelta(seconds=second))
        for second, key in enumerate(["z", "a", "m"])
    ]
    for item in reversed(items):
        ports.delivery.receive(item)
    ports.delivery.receive(samples.inbox_item(channel="chn_b"))

    assert ports.delivery.inbox("chn_a", waiting=False, limit=2) == items[:2]
    ports.delivery.discard(items[0])
    assert ports.delivery.inbox("chn_a", waiting=False, limit=9) == items[1:]


def test_receipts_that_wait_stand_apart_from_fresh_ones(ports: Ports) -> None:
    fresh = samples.inbox_item()
    waiting = replace(fresh, waiting=True)
    ports.delivery.receive(fresh)
    ports.delivery.receive(waiting)
    ports.delivery.discard(fresh)

    assert ports.delivery.inbox("chn_a", waiting=False, limit=9) == []
    assert ports.delivery.inbox("chn_a", waiting=True, limit=9) == [waiting]
