"""A list of a gigabyte through the embedded stack, by `mc upload`, which is killed half-way (-9)
and run again; then once more without a cut (SPEC 5.1).

What arrives is watched at the bucket itself: which parts are there, and since when. So what was
sent twice is not the uploading program's word.

`mib_per_s`        of the upload without a cut, from its beginning to its completion, checksum aside
                   (`checksum_mib_per_s`): the embedded S3's pace more than ours.
`resumed_parts`    parts that were there when it was killed; `sent_after` those that the second run
                   sent, and `sent_twice`, how many arrived more often than once.
`same_digest`      whether both lists hold the same, as their manifests say.
`ingest_seconds`   from completion to a ready list, of the upload without a cut.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

import boto3

from cli.session import Session, SessionFile
from cli.uploading import read_file
from localstack import demo, deploy
from localstack.places import ROOT, STACK_PYTHON
from localstack.ports import any_free
from localstack.stack import REGION, Options, Stack

if TYPE_CHECKING:
    from datetime import datetime

    from types_boto3_s3 import S3Client

MIB = 1024 * 1024
PART_MIB = 8
ROWS_AT_ONCE = 10_000
# Mobile numbers of Britain, in no order, and what a shop keeps beside them: 107 octets a row.
STRIDE, NUMBERS = 73_939_133, 10**8
ROW = "+4474{:08},customer {:08},{:>36},{:>36}\n"
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 1800.0


def main() -> None:
    parser = argparse.ArgumentParser(description="An upload that is killed half-way and goes on.")
    parser.add_argument("--mib", type=int, default=1024, help="size of the file")
    parser.add_argument("--parallel", type=int, default=4, help="parts sent at once")
    given = parser.parse_args()
    if not STACK_PYTHON.exists():
        raise SystemExit("There is no venv for ministack: run `make test` once.")
    with TemporaryDirectory() as folder:
        place = Path(folder)
        whole, again = place / "cut.csv", place / "whole.csv"
        rows = write(whole, given.mib * MIB)
        # Under another name, so that it is another list for certain.
        os.link(whole, again)
        begun = time.perf_counter()
        read_file(whole)
        checksum = time.perf_counter() - begun
        stack = Stack(
            Options(place / "state", any_free(()), smsc_ports=()), lambda line: tell(line.strip())
        )
        try:
            stack.start()
            figures = measured(stack, place, whole, again, given.parallel)
        finally:
            stack.stop()
    print(
        json.dumps(
            {
                "mib": given.mib,
                "rows": rows,
                "parallel": given.parallel,
                "checksum_mib_per_s": round(given.mib / checksum),
                **figures,
            }
        )
    )


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def write(path: Path, size: int) -> int:
    """A CSV file of at most `size` octets, and just under it."""
    rows = 0
    with path.open("wb") as file:
        file.write(b"phone,name,city,remark\n")
        while True:
            lines = [
                ROW.format(number * STRIDE % NUMBERS, number, number % 977, number % 9_973)
                for number in range(rows, rows + ROWS_AT_ONCE)
            ]
            block = "".join(lines).encode()
            room = (size - file.tell()) // len(lines[0])
            if room < ROWS_AT_ONCE:
                file.write(block[: room * len(lines[0])])
                return rows + room
            file.write(block)
            rows += ROWS_AT_ONCE


def measured(stack: Stack, place: Path, whole: Path, again: Path, parallel: int) -> dict[str, Any]:
    accounts = demo.new_demo()
    stack.records("seed", demo.plan(accounts, stack.smsc_port))
    author = demo.signed_in(stack.url, accounts.account("author"))
    config = place / "session.json"
    SessionFile(config).write(
        Session(stack.url, author.token or "", "author", "9999-12-31T00:00:00Z", demo.WORKSPACE)
    )
    s3 = boto3.client(
        "s3",
        endpoint_url=stack.endpoint,
        region_name=REGION,
        aws_access_key_id=deploy.LOCAL_ACCOUNT,
        aws_secret_access_key=deploy.LOCAL_SECRET,
    )
    watch = Watch(s3, stack.outputs.uploads_bucket)
    parts = -(-whole.stat().st_size // (PART_MIB * MIB))
    with Run(config, whole, parallel, watch) as first:
        first.until(lambda: len(watch.arrived) >= parts // 2)
        first.kill()
    watch.settle()
    resumed = set(watch.arrived)
    tell(f"killed with {len(resumed)} of {parts} parts there")
    with Run(config, whole, parallel, watch) as second:
        cut = second.ended()
    every = watch.arrived
    after = {number for number in every if number not in resumed}
    twice = {number for number, times in every.items() if len(times) > 1}
    tell(f"went on with {len(after)} parts; {cut['status']} after {second.seconds:.0f} s")
    watch = Watch(s3, stack.outputs.uploads_bucket)
    with Run(config, again, parallel, watch) as third:
        uncut = third.ended()
    tell(f"without a cut: {uncut['status']} after {third.seconds:.0f} s")
    return {
        "mib_per_s": round(whole.stat().st_size / MIB / (watch.over - watch.begun), 1),
        "parts": parts,
        "resumed_parts": len(resumed),
        "sent_after": len(after),
        "sent_twice": len(twice),
        "all_arrived": len(every) == parts,
        "status": [cut["status"], uncut["status"]],
        "same_digest": cut["digest"] == uncut["digest"] and cut["digest"] is not None,
        "same_list": cut["id"] == uncut["id"],
        "valid": cut["counts"]["valid"],
        "ingest_seconds": round(third.over - watch.over, 1),
    }


@dataclass(slots=True)
class Watch:
    """The bucket's one open upload: its parts, and all the times at which they came."""

    s3: S3Client
    bucket: str
    arrived: dict[int, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    begun: float = 0.0
    over: float = 0.0

    def look(self) -> None:
        uploads = self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        if not uploads:
            if self.begun and not self.over:
                self.over = time.perf_counter()
            return
        self.begun = self.begun or time.perf_counter()
        (upload,) = uploads
        try:
            answer = self.s3.list_parts(
                Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )
        except self.s3.exceptions.NoSuchUpload:
            return
        for part in answer.get("Parts", ()):
            self.arrived[part["PartNumber"]].add(part["LastModified"])

    def settle(self) -> None:
        """What the server had in hand when its caller was killed may still become a part."""
        for _ in range(20):
            time.sleep(LOOK_SECONDS)
            self.look()


@dataclass(slots=True)
class Run:
    """One `mc upload`, a process of its own."""

    config: Path
    file: Path
    parallel: int
    watch: Watch
    begun: float = 0.0
    over: float = 0.0
    process: subprocess.Popen[str] | None = None

    @property
    def seconds(self) -> float:
        return self.over - self.begun

    def __enter__(self) -> Self:
        command = [sys.executable, "-P", "-m", "cli", "upload", str(self.file), "--json"]
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            [*command, "--parallel", str(self.parallel)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "MC_CONFIG": str(self.config)},
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self.running.poll() is None:
            self.kill()

    @property
    def running(self) -> subprocess.Popen[str]:
        if self.process is None:
            raise SystemExit("It was not started.")
        return self.process

    def until(self, holds: Any) -> None:  # noqa: ANN401 - a condition
        while not holds():
            if self.running.poll() is not None:
                raise SystemExit("The upload ended before it could be killed.")
            if time.perf_counter() - self.begun > PATIENCE_SECONDS:
                raise SystemExit("The upload takes too long.")
            self.watch.look()
            time.sleep(LOOK_SECONDS)

    def kill(self) -> None:
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()

    def ended(self) -> dict[str, Any]:
        """The list that it answered."""
        while self.running.poll() is None:
            if time.perf_counter() - self.begun > PATIENCE_SECONDS:
                raise SystemExit("The upload takes too long.")
            self.watch.look()
            time.sleep(LOOK_SECONDS if not self.watch.over else 10 * LOOK_SECONDS)
        self.over = time.perf_counter()
        if self.running.stdout is None:
            raise SystemExit("It said nothing.")
        answer: dict[str, Any] = json.loads(self.running.stdout.read())
        return answer


if __name__ == "__main__":
    main()
