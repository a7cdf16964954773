"""What the ingest of a list takes, beside two ways to do less of the same (SPEC 5.2, 5.3).

Timed is the production handler, in a process of its own, from S3 to S3: numbers judged, made
distinct and put into order, chunks, manifest and rejects written. S3 is played by ministack on the
same cores, so each run is followed by one that only moves the same octets.

`txt_seconds`, `csv_seconds`  the handler; the csv has five columns of values, of ten million rows
                              just under a gigabyte. `*_cpu_seconds` are its own on processors,
                              `*_stack_cpu_seconds` ministack's meanwhile, and `*_copy_seconds` what
                              it took to move the octets. The index of hashes, made once the list is
                              ready, is apart: `*_index_seconds`; ministack's has both.
`sha256_seconds`              on processors, of the csv's comparison with its SHA-256.
`peak_rss_mib`                the highest of all runs, `rss_mib` that of each. --rss adds lists of
                              one and of forty million numbers.
`polars_*`, `loop_*`          polars' streaming `unique` over the same local file, which judges
                              nothing; a plain loop with a pattern and a set.

With --compare nothing is timed: so many rows of all countries, with dirt, come out of the ingest
exactly as of the csv module, phonenumbers and a dict.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from bench.ingesting import files
from bench.ingesting.stack import stack
from chalicelib.adapters.s3 import PIECE_BYTES
from chalicelib.domain.recipient_list import ListStatus
from localstack.places import ROOT
from tests.fakes import dirt
from tests.fakes.ingesting import ingest
from tests.fakes.slow_ingest import slow_ingest

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.ingesting.stack import Run, Stack

WRITERS: Final[dict[str, Callable[[Path, int], None]]] = {
    "txt": files.write_txt,
    "csv": files.write_csv,
}
MILLION: Final = 1_000_000
RSS_MILLIONS: Final = (1, 40)
GIB: Final = 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description="What the ingest of a list takes.")
    parser.add_argument("--rows", type=int, default=10 * MILLION, help="lines of each file")
    parser.add_argument("--turns", type=int, default=1, help="the quickest run of so many is told")
    parser.add_argument("--rss", action="store_true", help="also the memory of 1 and 40 million")
    parser.add_argument("--no-peers", action="store_true", help="the handler alone")
    parser.add_argument("--compare", type=int, metavar="ROWS", help="only compare outcomes")
    options = parser.parse_args()
    if options.compare:
        print(json.dumps(compared(options.compare)))
        return
    with TemporaryDirectory(prefix="bench-") as folder, stack(Path(folder)) as running:
        bench = Bench(running)
        for kind, write in WRITERS.items():
            path = Path(folder) / f"list.{kind}"
            write(path, options.rows)
            bench.measure(kind, path, options.turns)
            if not options.no_peers:
                bench.ask_peers(kind, path)
            path.unlink()
        for millions in RSS_MILLIONS if options.rss else ():
            path = Path(folder) / "list.txt"
            files.write_txt(path, millions * MILLION)
            bench.look_at_memory(f"txt_{millions}_million", path)
    print(json.dumps({"rows": options.rows, **bench.figures}))


@dataclass(slots=True)
class Bench:
    stack: Stack
    figures: dict[str, Any] = field(default_factory=lambda: {"peak_rss_mib": 0.0, "rss_mib": {}})

    def measure(self, kind: str, path: Path, turns: int) -> None:
        runs = [self.run(kind, path) for _ in range(turns)]
        best = min(runs, key=lambda run: run.seconds)
        copied = self.stack.ingest(only_copy=True)
        self.figures |= {
            f"{kind}_mib": round(path.stat().st_size / 2**20),
            f"{kind}_seconds": round(best.seconds, 2),
            f"{kind}_cpu_seconds": round(best.cpu_seconds, 2),
            f"{kind}_stack_cpu_seconds": round(best.stack_cpu_seconds, 2),
            f"{kind}_index_seconds": round(best.index_seconds, 2),
            f"{kind}_index_peak_rss_mib": round(best.index_peak_rss_mib, 1),
            f"{kind}_copy_seconds": round(copied.seconds, 2),
            f"{kind}_copy_cpu_seconds": round(copied.cpu_seconds, 2),
            f"{kind}_disk_mib": round(best.disk_mib),
            f"{kind}_valid": best.list.counts.valid,
            f"{kind}_rejected": best.list.counts.rejected,
        }
        if kind == "csv":
            self.figures |= hashed(path)
        self.flush()

    def look_at_memory(self, name: str, path: Path) -> None:
        self.run(name, path)
        self.flush()

    def run(self, name: str, path: Path) -> Run:
        self.stack.upload(path)
        run = self.stack.ingest()
        if run.list.status is not ListStatus.READY:
            raise SystemExit(f"The list is {run.list.status}: {run.list.failure}")
        rss = self.figures["rss_mib"]
        rss[name] = max(rss.get(name, 0.0), round(run.peak_rss_mib, 1))
        self.figures["peak_rss_mib"] = max(rss.values())
        return run

    def ask_peers(self, kind: str, path: Path) -> None:
        for way in ("polars", "loop") if kind == "txt" else ("polars",):
            out = path.with_suffix(".out")
            command = [sys.executable, "-m", "bench.ingesting.peers", way, str(path), str(out)]
            answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
            told = json.loads(answer.stdout.splitlines()[-1])
            self.figures |= {f"{way}_{kind}_{name}": round(told[name], 2) for name in told}
            out.unlink()
        self.flush()

    def flush(self) -> None:
        """So far, for whoever waits."""
        print(json.dumps(self.figures), file=sys.stderr, flush=True)


def hashed(path: Path) -> dict[str, float]:
    found, took = hashlib.sha256(), 0.0
    with path.open("rb") as file:
        while block := file.read(PIECE_BYTES):
            cpu = time.process_time()
            found.update(block)
            took += time.process_time() - cpu
    size = path.stat().st_size
    return {"sha256_seconds": round(took, 2), "sha256_seconds_per_gib": round(took * GIB / size, 2)}


def compared(rows: int) -> dict[str, Any]:
    """A million take some minutes, nearly all of them phonenumbers'."""
    chance = random.Random(files.SEED)  # noqa: S311 # nosec B311 - the same in every run
    text = dirt.table(
        chance, rows, delimiter=",", columns=3, quoted=csv.QUOTE_MINIMAL, country=None
    )
    begun = time.perf_counter()
    found = ingest(text.encode())
    took, begun = time.perf_counter() - begun, time.perf_counter()
    expected = slow_ingest(text, delimiter=",", country=None)
    slow = time.perf_counter() - begun
    if found != expected:
        raise SystemExit("The two differ.")
    return {
        "compared": rows,
        "equal": True,
        "numbers": found.numbers,
        "distinct": len(found.rows),
        "invalid": dict(sorted(found.invalid.items())),
        "rejects": len(found.rejects),
        "seconds": round(took, 1),
        "slow_seconds": round(slow, 1),
    }


if __name__ == "__main__":
    main()
