"""What leaving out who wants no messages costs (SPEC 5.4): of a list, a tenth is suppressed.

`gather_per_s`  suppressed numbers a second, read from a suppression list by the production code.
`build_per_s`   recipients a second that the production build lays out after that: chunks read and
                decoded, ledgers encoded and put, chunk records added.
`floor_per_s`   the same chunks only read and decoded, in the same run.
`peak_mb`       memory that both take at most, the objects that they write left out.
`stop_ms`       what the bridge takes to hear of one STOP and to find its place among a chunk's
                10,000 recipients.

Objects and records are in memory: a read or a write of S3 for each chunk comes on top. Each time is
the best of three: others use this machine too.
"""

from __future__ import annotations

import argparse
import json
import time
import tracemalloc
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Final

from chalicelib.domain.campaign import Status
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.usecases.heeding import Heeding
from chalicelib.usecases.ownership import Held, Ownership, Term
from tests.fakes.stopping import say, say_list
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST: Final = 447_000_000_000
TURNS: Final = 3
SHARE: Final = 10


def main() -> None:
    parser = argparse.ArgumentParser(description="What leaving out the suppressed costs.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="recipients of the list")
    parser.add_argument("--suppressed", type=int, default=1_000_000, help="suppressed numbers")
    options = parser.parse_args()
    print(json.dumps(Bench(options.rows, options.suppressed).figures()))


class Bench:
    def __init__(self, rows: int, suppressed: int) -> None:
        self.rows, self.suppressed = rows, suppressed
        self.world = World()
        self.campaign = self.world.approved_campaign(list(range(FIRST, FIRST + rows)))
        self.chunks = [key for key in self.world.blobs.objects if "/chunk-" in key]
        # Every tenth recipient, and on beyond the list.
        say_list(self.world, list(range(FIRST, FIRST + suppressed * SHARE, SHARE)))

    def figures(self) -> dict[str, float]:
        gathering, building = fastest(self.gather), fastest(self.build)
        chunks = self.world.delivery.chunks(self.world.workspace, self.campaign)
        left_out = sum(chunk.counters.suppressed for chunk in chunks)
        if left_out != min(self.suppressed, self.rows // SHARE):
            raise SystemExit(f"{left_out} of {self.rows} are suppressed.")
        return {
            "gather_per_s": round(self.suppressed / gathering),
            "build_per_s": round(self.rows / (building - gathering)),
            "floor_per_s": round(self.rows / fastest(self.read)),
            "peak_mb": round(self.peak(), 1),
            "stop_ms": round(self.stop() * 1_000, 2),
        }

    def gather(self) -> None:
        self.world.wishes.unwanted(self.world.workspace)

    def build(self) -> None:
        """From the beginning."""
        world = self.world
        for chunk in world.delivery.chunks(world.workspace, self.campaign):
            world.records.remove(chunk)
            world.blobs.delete(chunk.ledger)
        stored = world.campaigns.campaign(world.workspace, self.campaign)
        world.records.put(replace(stored, status=Status.BUILDING))
        world.driver.build(world.workspace, self.campaign)

    def read(self) -> None:
        for key in self.chunks:
            chunk_format.decode(self.world.blobs.get(key))

    def peak(self) -> float:
        before = self._octets()
        tracemalloc.start()
        self.build()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return (peak - max(0, self._octets() - before)) / 1e6

    def stop(self) -> float:
        world = self.world
        world.driver.open(world.workspace, self.campaign, 0, "token")
        owner = Ownership(world.delivery, world.campaigns, world.blobs)
        jobs = owner.take_offers(Term(world.channel, 1, count()), Held(), 1, 0).jobs
        heeding = Heeding(world.wishes, world.clock)
        heeding.hear((), jobs)
        number = jobs[0].numbers[-1]

        def hear() -> None:
            say(world, number)
            if not heeding.hear(jobs, ()).places:
                raise SystemExit("The STOP was not heard.")

        return fastest(hear)

    def _octets(self) -> int:
        return sum(map(len, self.world.blobs.objects.values()))


def fastest(work: Callable[[], None]) -> float:
    turns: list[float] = []
    for _ in range(TURNS):
        begun = time.perf_counter()
        work()
        turns.append(time.perf_counter() - begun)
    return min(turns)


if __name__ == "__main__":
    main()
