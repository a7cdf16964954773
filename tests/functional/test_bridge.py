"""The bridge sends: everybody once, whatever happens on the way (SPEC 4.10, 6.3).

The SMSC's own log is the oracle: it says who was sent what, and how often.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.ledger import OutcomeKind
from chalicelib.domain.rights import Role
from localstack.smsc import Simulator
from smpp_bridge.main import loop_factory
from tests.functional.bridging import Bench, Loops, make_bench, numbers, play, until

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.enable_socket


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return make_bench(tmp_path, monkeypatch)


@pytest.mark.parametrize("loops", [None, loop_factory()])
def test_a_thousand_recipients_each_once(bench: Bench, loops: Loops) -> None:
    campaign = bench.campaign(1_000, per_chunk=300)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent == 1_000)
                await until(lambda: bench.receipts() == 1_000)

    play(scenario, loops)
    assert bench.sent() == Counter(numbers(1_000))
    for record in bench.wire():
        assert (record.source, record.message, record.status) == ("ACME", b"Hello", 0)

    oracle = {record.destination: record.message_id for record in bench.wire()}
    assert bench.message_ids(campaign) == oracle

    acknowledged = [one for one in bench.log() if one.command == "deliver_sm_resp"]
    assert len(acknowledged) == 1_000
    assert all(one.status == 0 for one in acknowledged)
    assert bench.world.delivery.offers(bench.world.channel) == []
    lease = bench.world.delivery.channel(bench.world.channel).lease
    assert lease is not None
    assert lease.expires_at <= bench.world.clock.now(), "the lease was given back"
    assert bench.log()[-1].command == "unbind_resp"


def test_who_was_erased_is_not_sent_to(bench: Bench) -> None:
    campaign = bench.campaign(300, per_chunk=100)
    world, gone = bench.world, sorted(numbers(300))[7]
    admin = world.person("admin@example.com", Role.ADMIN)
    # Campaigns' lists are older than what is asked for now.
    world.clock.advance(timedelta(minutes=1))
    world.api.erasures.begin(admin, gone)
    world.eraser.tend(world.workspace)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).pending == 0)

    play(scenario)
    assert bench.sent() == Counter(numbers(300) - {gone})
    totals = bench.totals(campaign)
    assert (totals.sent, totals.cancelled) == (299, 1)


def test_stopped_in_the_middle_and_started_again_nobody_twice(bench: Bench) -> None:
    campaign = bench.campaign(1_000)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent > 200)
            half = bench.totals(campaign)
            (chunk,) = bench.world.delivery.chunks("wsp_a", campaign)
            assert 200 < half.sent < 1_000
            assert half.sent == chunk.intent, "all that was intended was sent and written"
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent == 1_000)

    play(scenario)
    assert bench.sent() == Counter(numbers(1_000))
    assert bench.totals(campaign).in_doubt == 0


def test_killed_in_the_middle_the_intended_are_in_doubt_and_nobody_twice(bench: Bench) -> None:
    campaign = bench.campaign(1_000)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.doomed_bridge():
                await until(lambda: bench.totals(campaign).sent > 200)
            await until(lambda: smsc.bound == 0)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).pending == 0)

    play(scenario)
    totals = bench.totals(campaign)
    sent = bench.sent()
    assert max(sent.values()) == 1
    assert 0 < totals.in_doubt <= 1_000
    assert totals.sent + totals.unknown == 1_000
    assert totals.sent <= len(sent) <= 1_000


def test_a_cut_link_is_bound_again_and_the_rest_is_sent(bench: Bench) -> None:
    campaign = bench.campaign(1_000)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent > 100)
                smsc.cut_all()
                await until(lambda: bench.totals(campaign).pending == 0)

    play(scenario)
    assert max(bench.sent().values()) == 1
    totals = bench.totals(campaign)
    assert totals.in_doubt <= 50, "no more than the window"
    assert totals.sent + totals.unknown == 1_000


def test_an_smsc_that_unbinds_is_bound_again(bench: Bench) -> None:
    campaign = bench.campaign(600)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent > 100)
                smsc.unbind_all()
                await until(lambda: bench.totals(campaign).pending == 0)

    play(scenario)
    assert max(bench.sent().values()) == 1


def test_a_pause_reaches_the_wire_and_a_resume_sends_the_rest(bench: Bench) -> None:
    campaign = bench.campaign(1_000)
    world = bench.world

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent > 100)
                world.desk.pause(world.author, campaign)
                await asyncio.sleep(0.5)
                smsc.log.flush()
                paused = len(bench.wire())
                await asyncio.sleep(0.5)
                smsc.log.flush()
                assert len(bench.wire()) == paused < 1_000
                world.desk.resume(world.author, campaign)
                await until(lambda: bench.totals(campaign).sent == 1_000)

    play(scenario)
    assert bench.sent() == Counter(numbers(1_000))


def test_a_cancel_stops_and_accounts_for_everybody(bench: Bench) -> None:
    campaign = bench.campaign(1_000)
    world = bench.world

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent > 100)
                world.desk.cancel(world.author, campaign)
                await until(lambda: not world.delivery.offers(world.channel))

    play(scenario)
    (chunk,) = world.delivery.chunks("wsp_a", campaign)
    (view,) = bench.views(campaign)
    assert set(view.records) == set(range(chunk.intent)), "whoever was intended is accounted for"
    totals = bench.totals(campaign)
    assert totals.sent == len(bench.sent()) < 1_000
    assert totals.cancelled == chunk.intent - totals.sent
    assert totals.unknown == 0


def test_refusals_keep_their_code(bench: Bench) -> None:
    bench.options = replace(bench.options, submit_error=1.0, submit_error_status=0x0B)
    campaign = bench.campaign(20)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).failed == 20)

    play(scenario)
    (view,) = bench.views(campaign)
    facts = [parts[0].submission for parts in view.records.values()]
    assert {(fact.kind, fact.code) for fact in facts if fact} == {(OutcomeKind.REFUSED, 0x0B)}


def test_a_long_message_goes_in_parts(bench: Bench) -> None:
    campaign = bench.campaign(10, text="Hello" * 80)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent == 10)

    play(scenario)
    wire = bench.wire()
    assert len(wire) == 30
    for first in range(0, 30, 3):
        parts = wire[first : first + 3]
        assert len({part.destination for part in parts}) == 1
        assert [part.message[4:6] for part in parts] == [b"\x03\x01", b"\x03\x02", b"\x03\x03"]
        assert {part.esm_class for part in parts} == {0x40}
