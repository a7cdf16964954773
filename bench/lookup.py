"""What looking up one recipient costs (SPEC 5.5), and what its index costs.

A list is written by the production chunk writer into ministack's S3, and indexed by the production
maker in a process of its own. Look-ups go through the use case over the real S3 adapter; records
and keys are in memory. Each look-up is followed by its floor: a bare GET of the same part of the
same object, the last that it read, by the same client.

`by_number`, `by_hash`  in milliseconds, p50 and p99, and the GETs of one look-up at most: `warm`
                        where the process knows the list, `cold` where it does not. `floor_p50` and
                        `floor_p99` are those of the warm ones' floors.
`not_there`             the same, warm, for numbers and hashes that the list does not have.
`index`                 seconds to make it, and of that seconds of CPU, all processes together; the
                        most memory that its process had, `peak_rss_mb`, of which `idle_rss_mb`
                        before it began (each process that hashes has 26 MB more; None where there
                        is no /proc); and the megabytes that are stored.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import numpy as np

from bench.api import MOTO_ENVIRONMENT
from chalicelib.adapters.aws import Clients
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.domain import tokens
from chalicelib.domain.formats import hash_index
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.formats.chunk import MAX_RECIPIENTS
from chalicelib.domain.formats.hash_index import Index
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest
from chalicelib.domain.recipient_list import ListCounts, ListStatus, list_prefix
from chalicelib.domain.tokens import Mixer
from chalicelib.sms.numbering import normalise_quickly
from chalicelib.sms.phone import BadNumber
from chalicelib.usecases.list_reading import ListReading, Wanted
from functions.ingest import mixing
from functions.ingest.chunking import Packed, Rows, pack
from functions.ingest.indexing import store_parts
from functions.ingest.side_by_side import in_order
from localstack.ministack import Ministack
from localstack.places import STACK_PYTHON
from tests.fakes import samples
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEED: Final = 7
BUCKET: Final = "data"
LIST: Final = "lst_0000000000000000000000bench"
FIRST: Final = 447_400_000_000
STORERS: Final = 8
MIB: Final = 1024 * 1024

Measured = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description="What looking up one recipient costs.")
    parser.add_argument("--recipients", type=int, default=1_000_000, help="of the list")
    parser.add_argument("--look-ups", type=int, default=1_000, help="of each kind")
    parser.add_argument("--index", metavar="KEY", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.index is not None:
        print(json.dumps(indexed(bytes.fromhex(options.index))))
        return
    if not STACK_PYTHON.exists():
        raise SystemExit("There is no venv for ministack: run `make test` once.")
    with TemporaryDirectory() as folder, s3(Path(folder)):
        bench = Bench.of(options.recipients)
        index = in_its_own_process(bench.world.data_key())
        figures = bench.figures(options.look_ups)
    print(json.dumps({"recipients": options.recipients, **figures, "index": index}))


@contextmanager
def s3(folder: Path) -> Iterator[None]:
    stack = Ministack(STACK_PYTHON, folder)
    stack.start()
    try:
        with patch.dict(os.environ, {**MOTO_ENVIRONMENT, "AWS_ENDPOINT_URL": stack.endpoint}):
            place: Any = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
            Clients(path_style=True).s3().create_bucket(
                Bucket=BUCKET, CreateBucketConfiguration=place
            )
            yield
    finally:
        stack.stop()


# --- the list and its index -----------------------------------------------------------------------


class NotedBlobs(S3Blobs):
    """What one look-up reads."""

    def __init__(self) -> None:
        super().__init__(Clients(path_style=True), BUCKET)
        self.read: list[Callable[[], bytes]] = []

    def get(self, key: str) -> bytes:
        self.read.append(partial(super().get, key))
        return super().get(key)

    def get_range(self, key: str, begin: int, length: int) -> bytes:
        self.read.append(partial(super().get_range, key, begin, length))
        return super().get_range(key, begin, length)


def written(world: World, count: int) -> Manifest:
    prefix, mixer = list_prefix(world.workspace, LIST), Mixer.of(world.data_key())
    numbers = np.arange(FIRST, FIRST + count, dtype=np.uint64)
    ordered = np.sort(mixing.tokens(mixer, numbers))
    parts = (
        (number, Rows(ordered[begin : begin + MAX_RECIPIENTS]))
        for number, begin in enumerate(range(0, count, MAX_RECIPIENTS))
    )

    def keep(packed: Packed) -> ChunkEntry:
        key = f"{prefix}/chunk-{packed.number:05}"
        world.blobs.put(key, packed.data)
        first, last = f"{packed.first_token:016x}", f"{packed.last_token:016x}"
        return ChunkEntry(packed.number, key, packed.count, first, last, packed.sha256)

    with ThreadPoolExecutor(STORERS) as pool:
        made = (pack(part, (), mixer) for part in parts)
        entries = tuple(in_order(pool, keep, made, ahead=STORERS))
    digest = manifest_format.digest_of(entries)
    manifest = Manifest(1, world.workspace, LIST, digest, Counts(count, 0, {}), entries)
    world.blobs.put(f"{prefix}/manifest", manifest_format.encode(manifest))
    return manifest


def in_its_own_process(key: bytes) -> Measured:
    command = [sys.executable, "-m", "bench.lookup", "--index", key.hex()]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found: Measured = json.loads(answer.stdout)
    return found


def indexed(key: bytes) -> Measured:
    blobs = S3Blobs(Clients(path_style=True), BUCKET)
    prefix = list_prefix("wsp_a", LIST)
    manifest = manifest_format.decode(blobs.get(f"{prefix}/manifest"))
    idle, begun, used = peak_rss_mb(), time.perf_counter(), cpu_seconds()
    parts = store_parts(blobs, prefix, manifest, key)
    index = Index(hash_index.VERSION, manifest.digest, tuple(parts))
    blobs.put(hash_index.index_key(prefix), hash_index.encode(index))
    return {
        "seconds": round(time.perf_counter() - begun, 2),
        "cpu_seconds": round(cpu_seconds() - used, 2),
        "peak_rss_mb": peak_rss_mb(),
        "idle_rss_mb": idle,
        "stored_mb": round(sum(parts) * hash_index.ENTRY_BYTES / MIB, 1),
        "parts": len(parts),
    }


def peak_rss_mb() -> int | None:
    """Not by getrusage: that counts what the parent had when it forked."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    return int(status.read_text().split("VmHWM:")[1].split()[0]) // 1024


def cpu_seconds() -> float:
    return sum(os.times()[:4])


# --- look-ups -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bench:
    world: World
    blobs: NotedBlobs
    count: int

    @classmethod
    def of(cls, count: int) -> Bench:
        blobs = NotedBlobs()
        world = World(blobs=blobs)  # type: ignore[arg-type]  # the real one, for once
        manifest = written(world, count)
        world.changes.keep(
            samples.recipient_list(
                id=LIST,
                workspace=world.workspace,
                status=ListStatus.READY,
                counts=ListCounts(valid=count),
                columns=(),
                digest=manifest.digest,
            )
        )
        return cls(world, blobs, count)

    def reading(self) -> ListReading:
        world = self.world
        ports = (world.directory, world.campaigns, world.blobs, world.data_keys)
        return ListReading(*ports, world.auditor, world.recorder)

    def figures(self, look_ups: int) -> Measured:
        chance = Random(SEED)  # noqa: S311 # nosec B311 - the same in every run
        number_hash = tokens.hasher(self.world.data_key())
        there = [FIRST + chance.randrange(self.count) for _ in range(look_ups)]
        absent = [FIRST + self.count + chance.randrange(self.count) for _ in range(look_ups)]
        by_number, by_hash = numbers(there), [Wanted(ctn_hash=number_hash(str(n))) for n in there]
        not_there = numbers(absent) + [Wanted(ctn_hash=number_hash(str(n))) for n in absent]
        return {
            "by_number": self.both(by_number),
            "by_hash": self.both(by_hash),
            "not_there": self.timed(self.warmed(by_hash[0]), not_there, found=False),
        }

    def both(self, wanted: list[Wanted]) -> Measured:
        warm = self.timed(self.warmed(wanted[0]), wanted, found=True)
        cold = self.timed(None, wanted[: len(wanted) // 10], found=True)
        return {"warm": warm, "cold": cold}

    def warmed(self, wanted: Wanted) -> ListReading:
        reading = self.reading()
        self.look_up(reading, wanted)
        return reading

    def timed(self, known: ListReading | None, asked: list[Wanted], *, found: bool) -> Measured:
        times, floors, gets = [], [], 0
        for wanted in asked:
            reading = known or self.reading()
            self.blobs.read.clear()
            begun = time.perf_counter()
            answer = self.look_up(reading, wanted)
            times.append(time.perf_counter() - begun)
            if answer is not found:
                raise SystemExit(f"A look-up answers {answer}.")
            read = list(self.blobs.read)
            gets = max(gets, len(read))
            if read:
                begun = time.perf_counter()
                read[-1]()
                floors.append(time.perf_counter() - begun)
        return {**spread("", times), "gets": gets, **spread("floor_", floors)}

    def look_up(self, reading: ListReading, wanted: Wanted) -> bool:
        return reading.look_up(self.world.author, LIST, wanted) is not None


def numbers(wanted: list[int]) -> list[Wanted]:
    """Without those that no numbering plan has: they are refused before anything is read."""
    return [Wanted(number=f"+{number}") for number in wanted if is_number(number)]


def is_number(number: int) -> bool:
    try:
        return normalise_quickly(f"+{number}") == str(number)
    except BadNumber:
        return False


def spread(name: str, seconds: list[float]) -> Measured:
    cuts = quantiles(seconds, n=100)
    return {f"{name}p50_ms": round(cuts[49] * 1e3, 2), f"{name}p99_ms": round(cuts[98] * 1e3, 2)}


if __name__ == "__main__":
    main()
