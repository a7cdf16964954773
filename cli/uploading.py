"""Uploads a file as a list, in parts, several at once; an upload that was cut goes on with the
parts that are missing (SPEC 5.1).

For `mc` and for programs: nothing here writes to a screen. What has arrived is the server's to
tell, so whatever kills the uploading process, power included, nothing of it is lost:

    client = Client(url, token, workspace)
    file = read_file(Path("customers.csv"))
    begun = resume(client, file, Wish()) or begin(client, file, Wish())
    Upload(client, file, begun).run()
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from cli.errors import BadAnswer, BucketRefused, ClientError, Refused, Unreachable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from cli.client import Client
    from cli.shapes import RecipientList

T = TypeVar("T")

PARALLEL = 4
# Of which the pauses between them grow from half a second to half a minute.
ATTEMPTS = 8
PAUSE_MAX = 30.0
# Addresses are asked for ahead, but not so many that the last ones might run out unused.
ADDRESSES = 16
BLOCK = 64 * 1024
TICK = 0.1
GOODBYE = 2.0
# The server drops an upload after a day; clocks differ.
LOOK_BACK = timedelta(days=2)
CONFLICT = 409
# Refusals that pass by themselves.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class Dropped(ClientError):
    def __init__(self, list_id: str) -> None:
        super().__init__(f"What had arrived of {list_id} is no longer there: upload it again.")


class FileChanged(UsageError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} changed while it was read: upload it again when it is complete.")


@dataclass(frozen=True, slots=True)
class File:
    path: Path
    size: int
    modified_ns: int
    sha256: str

    def check(self) -> None:
        """Raise FileChanged unless it still looks as it did when it was read."""
        if _look(self.path) != (self.size, self.modified_ns):
            raise FileChanged(self.path)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is said of a file beside its name, size and content."""

    country: str | None = None
    number_column: str | None = None
    purpose: str = "recipients"


def read_file(path: Path, note: Callable[[int, int], None] = lambda _done, _size: None) -> File:
    """With its SHA-256; `note` is told how much of it is read."""
    digest, done = hashlib.sha256(), 0
    size, modified_ns = _look(path)
    try:
        with path.open("rb") as file:
            while block := file.read(16 * BLOCK):
                digest.update(block)
                done += len(block)
                note(done, size)
    except OSError as error:
        raise _unreadable(path, error) from error
    read = File(path, size, modified_ns, digest.hexdigest())
    read.check()
    if done != size:
        raise FileChanged(path)
    return read


def begin(client: Client, file: File, wish: Wish) -> RecipientList:
    return client.begin_list(
        {
            "name": file.path.name,
            "size": file.size,
            "sha256": file.sha256,
            "default_country": wish.country,
            "number_column": wish.number_column,
            "purpose": wish.purpose,
        }
    )


def resume(client: Client, file: File, wish: Wish) -> RecipientList | None:
    """An upload of this very file that was begun by the same person and not ended; what was meant
    differently then is left alone. One that is being read already is answered as well.
    """
    wanted = {
        "name": file.path.name,
        "size": file.size,
        "sha256": file.sha256,
        "default_country": wish.country,
        "number_column": wish.number_column,
        "purpose": wish.purpose,
    }
    oldest, me = datetime.now(UTC) - LOOK_BACK, None
    for each in client.lists():
        if datetime.fromisoformat(each["created_at"]) < oldest:
            return None
        if each["status"] not in {"uploading", "ingesting"}:
            continue
        if any(each.get(name) != value for name, value in wanted.items()):
            continue
        me = me or client.me()["user"]["id"]
        if each["author"] == me:
            return each
    return None


@dataclass(slots=True)
class Upload:
    """Sends what has not arrived yet, and completes the upload. If it raises, what has arrived
    stays, and another `Upload` goes on with it.
    """

    client: Client
    file: File
    begun: RecipientList
    parallel: int = PARALLEL
    # Of octets, those that were there before among them.
    note: Callable[[int], None] = lambda _done: None
    sleep: Callable[[float], None] = time.sleep
    # Parts that were there, and those that were sent.
    found: int = 0
    sent: int = 0
    _waiting: deque[int] = field(default_factory=deque)
    _addresses: dict[int, str] = field(default_factory=dict)
    _octets: int = 0
    _errors: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> RecipientList:
        try:
            there = self.client.parts(self.begun["id"])
        except Refused as error:
            if error.status != CONFLICT:
                raise
            return self._complete_again()
        missing = [number for number in self._numbers() if there.get(number) != self._size(number)]
        self.found = self.begun["parts"] - len(missing)
        self._octets = self.file.size - sum(map(self._size, missing))
        self._waiting.extend(missing)
        self._send_all()
        self.file.check()
        return self._complete()

    def _complete_again(self) -> RecipientList:
        """Where no more parts are taken: all were there before, or they are gone by now."""
        try:
            return self._complete()
        except Refused as error:
            if error.status == CONFLICT:
                raise Dropped(self.begun["id"]) from error
            raise

    def _complete(self) -> RecipientList:
        return self._persistently(partial(self.client.complete_list, self.begun["id"]))

    def _numbers(self) -> Sequence[int]:
        return range(1, self.begun["parts"] + 1)

    def _size(self, number: int) -> int:
        length = self.begun["part_bytes"]
        return min(length, self.file.size - (number - 1) * length)

    # --- the threads ---

    def _send_all(self) -> None:
        threads = [
            # They hold nothing that must be ended well, so nobody has to wait for them.
            threading.Thread(target=self._work, daemon=True)
            for _ in range(min(self.parallel, len(self._waiting)))
        ]
        self.note(self._octets)
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    self.note(self._octets)
                    thread.join(TICK)
        finally:
            self._stop.set()
            deadline = time.monotonic() + GOODBYE
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))
        if self._errors:
            raise self._errors[0]
        self.note(self._octets)

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                with self._lock:
                    if not self._waiting:
                        return
                    number = self._waiting.popleft()
                self._persistently(partial(self._send, number))
        except _Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
            self._errors.append(error)
            self._stop.set()

    def _send(self, number: int) -> None:
        self.file.check()
        url = self._address(number)
        counted = [0]
        try:
            self.client.put_part(url, self._blocks(number, counted), self._size(number))
        except BaseException:
            with self._lock:
                self._octets -= counted[0]
            raise
        with self._lock:
            self.sent += 1

    def _blocks(self, number: int, counted: list[int]) -> Iterator[bytes]:
        """Block by block: a slow line is one that sends no block in time, not one that takes long
        for a whole part.
        """
        left = self._size(number)
        try:
            with self.file.path.open("rb") as file:
                file.seek((number - 1) * self.begun["part_bytes"])
                while left:
                    if self._stop.is_set():
                        raise _Stopped
                    block = file.read(min(BLOCK, left))
                    if not block:
                        raise FileChanged(self.file.path)
                    yield block
                    left -= len(block)
                    counted[0] += len(block)
                    with self._lock:
                        self._octets += len(block)
        except OSError as error:
            raise _unreadable(self.file.path, error) from error

    def _address(self, number: int) -> str:
        """Of the part, and ahead those of the next ones. Each is used once: after a failure it may
        have run out.
        """
        with self._asking:
            if number not in self._addresses:
                with self._lock:
                    ahead = list(self._waiting)[: ADDRESSES - 1]
                asked = [number, *(each for each in ahead if each not in self._addresses)]
                self._addresses |= self.client.part_urls(self.begun["id"], asked)
            return self._addresses.pop(number)

    def _persistently(self, act: Callable[[], T]) -> T:
        for attempt in range(ATTEMPTS - 1):
            try:
                return act()
            except ClientError as error:
                if self._stop.is_set() or not _passes(error):
                    raise
                wait = error.retry_after if isinstance(error, Refused) else None
                self.sleep(max(pause(attempt), wait or 0))
        return act()


class _Stopped(Exception):
    """Another thread's trouble, or a person, has ended all of them."""


def pause(attempt: int) -> float:
    """Before the next one: longer each time, and never the same for all threads."""
    longest = min(PAUSE_MAX, 2.0**attempt)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 # nosec B311 - no secret


def give_up(client: Client, list_id: str) -> None:
    """Where another error is told: what cannot be dropped now, the server drops after a day."""
    with suppress(ClientError):
        client.abort_list(list_id)


def _passes(error: ClientError) -> bool:
    """Whether it may be gone at the next attempt."""
    match error:
        case Refused() | BadAnswer():
            return error.status in _PASSING
        case Unreachable() | BucketRefused():
            # The bucket refuses an address that has run out, too.
            return True
    return False


def _look(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not path.is_file():
        raise UsageError(f"{path} is no file.")
    return found.st_size, found.st_mtime_ns


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be read: {error.strerror}.")
