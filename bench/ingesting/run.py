"""One run of the ingest function's handler in this process; its last line tells what it took.

With --copy nothing is made of the file: it is read, and objects of the given sizes are written, as
the handler reads and writes them. What that takes is the stand-in's and boto3's, not the ingest's.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import gettempdir
from threading import Event, Thread

from functions.ingest.handler import SERVICE, handler
from functions.ingest.pipeline import STORERS

_MIB = 2**20
_LOOK = 0.05


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("key")
    parser.add_argument("--copy")
    options = parser.parse_args()
    disk, ready = Disk(), Ready()
    begun, cpu = time.perf_counter(), cpu_seconds()
    with disk:
        if options.copy:
            _copy(options.key, json.loads(options.copy))
            ready.mark()
        else:
            logging.getLogger(SERVICE).addHandler(ready)
            _ingest(options.key)
    told = {
        "seconds": ready.at - begun,
        "cpu_seconds": ready.cpu - cpu,
        "index_seconds": time.perf_counter() - ready.at,
        "peak_rss_mib": ready.rss_mib,
        "index_peak_rss_mib": peak_rss_mib(),
        "disk_mib": disk.peak / _MIB,
    }
    print(json.dumps(told))


class Ready(logging.Handler):
    """When the list was ready. The handler then makes its index of hashes, which nobody waits for
    but who looks up by one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.at = self.cpu = self.rss_mib = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "list ingested":
            self.mark()

    def mark(self) -> None:
        self.at, self.cpu, self.rss_mib = time.perf_counter(), cpu_seconds(), peak_rss_mib()


def _ingest(key: str) -> None:
    created = {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": key}}}
    body = json.dumps({"Records": [created]})
    answer = handler({"Records": [{"messageId": "1", "body": body}]}, None)
    if answer["batchItemFailures"]:
        sys.exit("The handler failed; see its log above.")


def _copy(key: str, sizes: list[int]) -> None:
    from chalicelib.adapters.aws import Clients  # noqa: PLC0415 - not the handler's imports
    from chalicelib.adapters.s3 import S3Blobs, S3Uploads  # noqa: PLC0415 - likewise

    clients = Clients(path_style=True)
    for _ in S3Uploads(clients, "uploads").read(key):
        pass
    blobs = S3Blobs(clients, "data")
    with ThreadPoolExecutor(STORERS) as storers:
        for at, size in enumerate(sizes):
            storers.submit(blobs.put, f"copy/{at}", bytes(size))


class Disk:
    """The most that this process's open files without a name take: those are the spilled ones."""

    def __init__(self) -> None:
        self.peak = 0
        self._ended = Event()
        self._watcher = Thread(target=self._watch)

    def __enter__(self) -> None:
        self._watcher.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK):
            self.peak = max(self.peak, _spilled())


def _spilled() -> int:
    folder = gettempdir()
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        try:
            if str(each.readlink()).startswith(folder):
                found += os.stat(each).st_blocks * 512  # noqa: PTH116 - through the link
        except OSError:
            continue
    return found


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_rss_mib() -> float:
    """Not getrusage's, which begins with that of whoever started this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
