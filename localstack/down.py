"""`make down`: stops what `make up` started. The state stays."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from localstack.instance import birth, is_running, read_record
from localstack.places import STATE, Places, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

# The bridge finishes what is under way, then ministack saves: longer than both may take.
PATIENCE = 170.0


def stop(places: Places, patience: float = PATIENCE) -> str | None:
    """None when nothing runs any more, else a sentence."""
    record = read_record(places)
    # The lock says that one runs; the moment of its start, that the pid is still its own.
    if not is_running(places) or record is None or birth(record.pid) != record.born:
        print(f"Nothing runs in {shown(places.state)}.")
        return None
    os.kill(record.pid, signal.SIGTERM)
    print(f"Stopping pid {record.pid} …", flush=True)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not is_running(places):
            print(f"Stopped. Its state stays in {shown(places.state)}.")
            return None
        time.sleep(0.2)
    return f"It still runs (pid {record.pid}): see {shown(places.log)}."


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m localstack.down", description=__doc__)
    parser.add_argument("--state", type=Path, default=STATE, metavar="DIR")
    places = Places(parser.parse_args(arguments).state.resolve())
    problem = stop(places)
    if problem is not None:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
