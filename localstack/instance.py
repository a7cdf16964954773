"""Whether an installation runs, and which process it is.

The one that runs holds a lock on a file for as long as it lives. So nothing is stale for long: a
record whose lock is free is that of a process that died, and a pid whose lock is held is not a
stranger's that got the same number.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from localstack.places import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localstack.places import Places

_POLL = 0.1


class AlreadyRunning(Exception):
    def __init__(self, record: Record | None) -> None:
        where = f" (pid {record.pid}, {record.url or 'still starting'})" if record else ""
        super().__init__(
            f"It runs already{where}. Stop it with `make down`, or use another --state folder."
        )
        self.record = record


@dataclass(frozen=True, slots=True)
class Record:
    """The parent, where it answers, and its children: pid and moment of start of each."""

    pid: int
    born: str
    url: str = ""
    children: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class Lock:
    places: Places
    _file: IO[str] | None = None

    def take(self) -> None:
        file = self.places.lock.open("a", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise AlreadyRunning(read_record(self.places)) from None
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def one_at_a_time(file: Path) -> Iterator[None]:
    """Wait for others that do the same on this machine, such as a test beside `make up`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_running(places: Places) -> bool:
    lock = Lock(places)
    try:
        lock.take()
    except AlreadyRunning:
        return True
    except FileNotFoundError:
        return False
    lock.release()
    return False


def read_record(places: Places) -> Record | None:
    try:
        stored = json.loads(places.running.read_text(encoding="utf-8"))
        children = tuple((pid, born) for pid, born in stored["children"])
        return Record(stored["pid"], stored["born"], stored["url"], children)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_record(places: Places, url: str, children: tuple[int, ...]) -> None:
    known = tuple((pid, birth(pid)) for pid in children)
    record = Record(os.getpid(), birth(os.getpid()), url, known)
    write_private(places.running, json.dumps(asdict(record)))


def stop_orphans(places: Places, patience: float) -> int:
    """End children that outlived a parent which was killed; how many there were.

    Told apart from strangers with the same number by the moment of their start.
    """
    record = read_record(places)
    found = [pid for pid, born in record.children if born and birth(pid) == born] if record else []
    # The last one started ends first, as in a stop in order.
    for pid in reversed(found):
        _end(pid, patience)
    return len(found)


def _end(pid: int, patience: float) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while birth(pid):
        if time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(_POLL)


def birth(pid: int) -> str:
    """When a process began, in the kernel's own words; empty where there is none, or no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    state, started = fields[0], fields[19]
    return "" if state == "Z" else started
