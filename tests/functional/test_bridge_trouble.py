"""The bridge in trouble: lost leases, refusals, failing stores, silent carriers, crashes."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import signal
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.campaign import Status
from chalicelib.domain.channel import Lease
from localstack.smsc import Simulator
from smpp_bridge import channel, inbox, tenure
from smpp_bridge.dispatch.dispatcher import Dispatcher
from smpp_bridge.main import serve
from tests.fakes.services import FakeSecrets
from tests.functional.bridging import Bench, Stubborn, make_bench, numbers, play, until

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.enable_socket


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return make_bench(tmp_path, monkeypatch)


def test_two_bridges_share_a_channel_one_after_the_other(bench: Bench) -> None:
    """The second one waits for the lease; when the first leaves, it goes on."""
    campaign = bench.campaign(800)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            other = replace(bench.settings, name="bridge-2")
            async with bench.bridge() as first, bench.bridge(settings=other):
                await until(lambda: bench.totals(campaign).sent > 200)
                assert smsc.bound == 1
                first.set()
                await until(lambda: bench.totals(campaign).sent == 800)

    play(scenario)
    assert bench.sent() == Counter(numbers(800))


def test_an_owner_that_cannot_renew_falls_silent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tenure, "LEASE", dt.timedelta(seconds=3))
    monkeypatch.setattr(tenure, "RENEW_EVERY", dt.timedelta(seconds=60))
    campaign = bench.campaign(1_000)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port, rate=100.0)
            async with bench.bridge():
                await until(lambda: "ownership lost" in caplog.text)
                await until(lambda: smsc.bound == 0)
                smsc.log.flush()
                silent = len(bench.wire())
                assert 0 < silent < 1_000
                await until(lambda: len(bench.wire()) > silent)

    play(scenario)
    assert max(bench.sent().values()) == 1
    assert bench.totals(campaign).sent > 0


def test_a_wrong_password_is_not_hammered(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge(secrets=FakeSecrets({"carrier-a": "guessed"})):
                await asyncio.sleep(1.0)

    with caplog.at_level(logging.INFO):
        play(scenario)
    binds = [one for one in bench.log() if one.command == "bind_transceiver"]
    assert 2 <= len(binds) <= 3
    assert "guessed" not in caplog.text


def test_no_number_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    campaign = bench.campaign(50)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent == 50)
                smsc.cut_all()
                await asyncio.sleep(0.3)

    with caplog.at_level(logging.INFO):
        play(scenario)
    everything = " ".join(str(vars(record)) for record in caplog.records)
    assert "bound" in everything
    assert "4477009" not in everything
    assert "secret" not in everything.replace("secrets", "")


def test_a_store_that_fails_loses_nothing(bench: Bench) -> None:
    campaign = bench.campaign(300)
    failures = {
        "append": 5,
        "intend": 3,
        "offers": 2,
        "remove_offer": 2,
        "channels": 1,
        "channel": 1,
    }
    stubborn = Stubborn(bench.world.delivery, {**failures, "receive": 1})

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge(delivery=stubborn):
                await until(lambda: bench.totals(campaign).sent == 300)
                await until(lambda: bench.receipts() >= 300)
                await until(lambda: not bench.world.delivery.offers(bench.world.channel))

    play(scenario)
    assert bench.sent() == Counter(numbers(300))
    assert bench.world.campaigns.campaign("wsp_a", campaign).status is Status.SENDING


def test_receipts_that_cannot_be_kept_are_asked_for_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "TRIES", 1)
    campaign = bench.campaign(20)
    stubborn = Stubborn(bench.world.delivery, {"receive": 1})

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge(delivery=stubborn):
                await until(lambda: bench.totals(campaign).sent == 20)
                await until(lambda: bench.receipts() >= 20)

    play(scenario)
    statuses = Counter(one.status for one in bench.log() if one.command == "deliver_sm_resp")
    assert statuses[0x64] > 0
    assert statuses[0] == 20


def test_a_sender_that_smpp_cannot_carry_is_refused_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    world = bench.world
    revision = world.campaigns.revision("wsp_a", world.sender, 1)
    world.changes.save(replace(revision, address="CAFÉ"), world.audit())
    bench.campaign(5)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: "refused" in caplog.text)
                await asyncio.sleep(0.5)

    play(scenario)
    assert caplog.text.count("an offer is refused") == 1
    assert bench.wire() == []


def test_a_crash_of_one_term_is_reported_and_followed_by_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(channel, "AFTER_CRASH", 0.05)
    campaign = bench.campaign(50)
    sound, crashes = tenure.Tenure._obey, [True]

    def obey(term: tenure.Tenure, orders: Any) -> None:
        if crashes and orders.jobs:
            crashes.pop()
            raise RuntimeError("something nobody thought of")
        sound(term, orders)

    monkeypatch.setattr(tenure.Tenure, "_obey", obey)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent == 50)

    play(scenario)
    assert "something nobody thought of" in caplog.text
    assert bench.sent() == Counter(numbers(50))


def test_a_signal_ends_it_in_order(bench: Bench) -> None:
    campaign = bench.campaign(50)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            serving = asyncio.create_task(serve(bench.parts()))
            await until(lambda: bench.totals(campaign).sent > 0)
            signal.raise_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                await serving
            assert smsc.bound == 0

    play(scenario)
    (chunk,) = bench.world.delivery.chunks("wsp_a", campaign)
    assert bench.totals(campaign).sent == chunk.intent == len(bench.sent())


def test_a_channel_that_is_taken_over_is_let_go(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tenure, "RENEW_EVERY", dt.timedelta(seconds=0.3))
    bench.campaign(3_000)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: smsc.bound == 1)
                delivery = bench.world.delivery
                stored = delivery.channel(bench.world.channel)
                later = bench.world.clock.now() + dt.timedelta(hours=1)
                assert delivery.take_lease(stored, Lease("another", 9, later))
                await until(lambda: smsc.bound == 0)

    play(scenario)
    lost = [vars(one)["reason"] for one in caplog.records if one.message == "ownership lost"]
    assert lost == ["another bridge owns the channel"]
    lease = bench.world.delivery.channel(bench.world.channel).lease
    assert lease is not None
    assert lease.owner == "another"


def test_a_chunk_that_is_taken_over_is_sent_no_further(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    campaign = bench.campaign(3_000)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent > 0)
                (chunk,) = bench.world.delivery.chunks("wsp_a", campaign)
                assert bench.world.delivery.adopt(chunk, 9)
                await until(lambda: "another owner has the chunk" in caplog.text)
                await asyncio.sleep(0.3)

    play(scenario)
    (chunk,) = bench.world.delivery.chunks("wsp_a", campaign)
    assert len(bench.sent()) <= chunk.intent < 3_000


def test_answers_that_never_come_are_in_doubt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenure, "Dispatcher", partial(Dispatcher, answer_timeout=0.3))
    bench.options = replace(bench.options, answer_loss=0.2)
    campaign = bench.campaign(200)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).pending == 0)

    play(scenario)
    totals = bench.totals(campaign)
    assert bench.sent() == Counter(numbers(200))
    assert totals.unknown == totals.in_doubt > 0
    assert totals.sent + totals.unknown == 200


def test_a_carrier_that_falls_silent_does_not_hold_up_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tenure, "LEAVE", 0.3)
    campaign = bench.campaign(300)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent > 0)
                smsc.silent = True
                await asyncio.sleep(0.2)
            smsc.silent = False

    play(scenario)
    assert "left before everything was written" in caplog.text
    (chunk,) = bench.world.delivery.chunks("wsp_a", campaign)
    totals = bench.totals(campaign)
    assert totals.sent + totals.unknown == chunk.intent
    assert totals.unknown > 0


def test_it_reports_how_it_goes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tenure, "REPORT_EVERY", 0.1)
    bench.campaign(100)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                await until(lambda: any(one["submitted"] == 100 for one in reports()))

    def reports() -> list[dict[str, Any]]:
        return [vars(one) for one in caplog.records if one.message == "sending"]

    with caplog.at_level(logging.INFO):
        play(scenario)
    assert reports()[0]["per_second"] > 0
