"""Who wants no messages gets none: a STOP holds within two seconds, in mid-campaign too (SPEC 5.4).

The SMSC's own log is the oracle, with its own clock.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.recipient_list import list_prefix
from chalicelib.usecases.wishes import Wishes
from localstack.smsc import Simulator
from smpp_bridge import hearing
from tests.fakes.stopping import say, say_list
from tests.functional.bridging import Bench, make_bench, numbers, play, until

if TYPE_CHECKING:
    from pathlib import Path

    from localstack.smsc.log import Submitted

pytestmark = pytest.mark.enable_socket

HOLDS_MS = 2_000
RATE = 100.0


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return make_bench(tmp_path, monkeypatch)


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "EVERY", 0.3)
    monkeypatch.setattr(hearing, "AGAIN", 0.1)


def in_order(bench: Bench, campaign: str) -> list[int]:
    """Recipients as they are sent."""
    chunks = bench.world.delivery.chunks(bench.world.workspace, campaign)
    return [
        number
        for chunk in chunks
        for number in chunk_format.decode(bench.world.blobs.get(chunk.source)).numbers
    ]


def say_to_all(bench: Bench, waiting: list[int]) -> int:
    """A STOP of each of these; when the last was written, by the clock of the SMSC's log."""
    say(bench.world, *waiting)
    return int(time.time() * 1000)


def later_than(bench: Bench, moment: int) -> list[Submitted]:
    return [record for record in bench.wire() if record.time_ms > moment]


def test_a_stop_in_mid_campaign_holds_within_two_seconds(bench: Bench) -> None:
    campaign = bench.campaign(460, per_chunk=200)
    order = in_order(bench, campaign)
    stopped_at = 0

    async def scenario() -> None:
        nonlocal stopped_at
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port, rate=RATE)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent > 20)
                # Every other one, from those whose turn is next to the last of all.
                stopped_at = say_to_all(bench, order[20::2])
                await until(lambda: bench.totals(campaign).pending == 0)

    play(scenario)
    totals, sent = bench.totals(campaign), bench.sent()
    stopped = set(map(str, order[20::2]))
    assert max(sent.values()) == 1
    assert not [
        one for one in later_than(bench, stopped_at + HOLDS_MS) if one.destination in stopped
    ]
    assert sent.keys() >= numbers(460) - stopped, "all others got theirs"
    assert totals.suppressed == 460 - len(sent) > 100
    assert totals.sent == len(sent)
    assert totals.in_doubt == 0


def test_the_suppressed_of_the_build_and_of_the_time_since(bench: Bench) -> None:
    """Between build and send, while the bridge is down, and while the campaign is paused."""
    world = bench.world
    first = bench.campaign(30)
    order = in_order(bench, first)
    world.desk.cancel(world.author, first)
    say(world, order[0], order[29])
    campaign = bench.campaign(30)
    say(world, order[1], order[27], order[28])

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port, rate=5.0)
            async with bench.bridge():
                await until(lambda: bench.totals(campaign).sent > 0)
            say(world, order[26])
            async with bench.bridge():
                seen = len(bench.wire())
                await until(lambda: len(bench.wire()) > seen)
                world.desk.pause(world.author, campaign)
                say(world, order[25])
                say(world, order[28], lifted=True)
                await asyncio.sleep(0.5)
            bench.set_up_channel(smsc.port)
            async with bench.bridge():
                world.desk.resume(world.author, campaign)
                await until(lambda: bench.totals(campaign).pending == 0)

    play(scenario)
    left_out = {str(order[at]) for at in (0, 1, 25, 26, 27, 29)}
    totals, sent = bench.totals(campaign), bench.sent()
    assert not sent.keys() & left_out
    assert str(order[28]) in sent
    assert (totals.suppressed, totals.sent) == (6, len(sent))
    # What a paused owner intended when it left.
    assert totals.unknown == 24 - len(sent) <= 5


def test_a_stop_and_a_start_during_a_pause(bench: Bench, brisk: None) -> None:
    del brisk
    world = bench.world
    campaign = bench.campaign(120)
    order = in_order(bench, campaign)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port, rate=RATE)
            async with bench.bridge():
                await until(lambda: len(bench.wire()) > 5)
                say(world, order[110])
                world.desk.pause(world.author, campaign)
                say(world, *order[90:100])
                say(world, order[110], lifted=True)
                await asyncio.sleep(2 * hearing.EVERY)
                world.desk.resume(world.author, campaign)
                await until(lambda: bench.totals(campaign).pending == 0)

    play(scenario)
    assert bench.sent() == Counter(set(map(str, order)) - set(map(str, order[90:100])))
    assert bench.totals(campaign).suppressed == 10


def test_a_whole_list_and_a_fail_over(bench: Bench, brisk: None) -> None:
    """While it cannot be read, nothing more of its workspace is taken."""
    del brisk
    world = bench.world
    campaign = bench.campaign(400, per_chunk=100)
    order = in_order(bench, campaign)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port, rate=2 * RATE)
            async with bench.doomed_bridge():
                await until(lambda: bench.totals(campaign).sent > 20)
                named = say_list(world, [*order[300:], 447_999_999_999], per_chunk=30)
                await asyncio.sleep(2 * hearing.EVERY)
            await until(lambda: smsc.bound == 0)
            key = f"{list_prefix(world.workspace, named)}/manifest"
            manifest = world.blobs.objects.pop(key)
            async with bench.bridge():
                await until(lambda: smsc.bound == 1)
                smsc.log.flush()
                silent = len(bench.wire())
                await asyncio.sleep(0.5)
                smsc.log.flush()
                assert len(bench.wire()) == silent
                world.blobs.put(key, manifest)
                await until(lambda: bench.totals(campaign).pending == 0)

    play(scenario)
    assert not bench.sent().keys() & set(map(str, order[300:]))
    assert bench.totals(campaign).suppressed == 100


class Away:
    """Suppressions that do not answer while `is_away`."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.is_away = False

    def __getattr__(self, name: str) -> Any:
        if self.is_away:
            raise OSError("no answer")
        return getattr(self._inner, name)


def test_while_it_does_not_know_nothing_is_sent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bench.world
    store = Away(world.suppressions)
    wishes = Wishes(store, world.blobs, world.clock)
    monkeypatch.setattr(hearing, "EVERY", 0.5)
    monkeypatch.setattr(hearing, "FRESH", 1.0)
    campaign = bench.campaign(120)
    began = back = 0

    async def scenario() -> None:
        nonlocal began, back
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port, rate=RATE / 2)
            async with bench.bridge(wishes=wishes):
                await until(lambda: len(bench.wire()) > 5)
                store.is_away, began = True, int(time.time() * 1000)
                await asyncio.sleep(2)
                store.is_away, back = False, int(time.time() * 1000)
                await until(lambda: bench.totals(campaign).sent == 120)

    play(scenario)
    assert bench.sent() == Counter(numbers(120))
    assert [one for one in later_than(bench, began) if one.time_ms < began + 200]
    silence = [one for one in later_than(bench, began + 1_000) if one.time_ms < back]
    assert silence == []


def test_no_job_is_taken_before_it_is_known(bench: Bench) -> None:
    store = Away(bench.world.suppressions)
    campaign = bench.campaign(5)
    store.is_away = True
    wishes = Wishes(store, bench.world.blobs, bench.world.clock)

    async def scenario() -> None:
        async with Simulator(bench.options) as smsc:
            bench.set_up_channel(smsc.port)
            async with bench.bridge(wishes=wishes):
                await asyncio.sleep(0.5)
                assert bench.totals(campaign).pending == 5
                store.is_away = False
                await until(lambda: bench.totals(campaign).sent == 5)

    play(scenario)
