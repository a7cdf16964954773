"""The first octets of recipients' HMACs, chunk by chunk, by processes of our own.

Hashing holds the interpreter's lock, so threads would take turns. Lambda has no shared memory,
which multiprocessing's pools stand on, but pipes: a process of ours gets the key, then chunks, and
is gone when its input ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from chalicelib.domain.formats.chunk import decode_numbers
from chalicelib.domain.formats.hash_index import HASH_BYTES
from chalicelib.domain.tokens import hasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Hash = Callable[[str], bytes]
    Hashes = Callable[[bytes], bytes]

# A process starts in some 0.1 s; so many chunks are hashed in the same time.
FEW_CHUNKS: Final = 10

_LENGTH: Final = 4
_PROGRAM: Final = """
import sys
sys.path[:] = sys.argv[1:]
from functions.ingest.hashing import serve
serve(sys.stdin.buffer, sys.stdout.buffer)
"""


class HashingFailed(RuntimeError):
    def __init__(self) -> None:
        super().__init__("A process that hashes ended too early; its own lines say why.")


@contextmanager
def hashes(key: bytes, chunks: int) -> Iterator[tuple[Hashes, int]]:
    """From a chunk's data to HASH_BYTES of each of its recipients, by as many threads as said."""
    cores = os.cpu_count() or 1
    if chunks <= FEW_CHUNKS or cores == 1:
        yield partial(of_chunk, hasher(key)), 1
        return
    with ExitStack() as stack:
        idle: SimpleQueue[_Process] = SimpleQueue()
        for _ in range(cores):
            idle.put(stack.enter_context(_process(key)))

        def by_the_next(data: bytes) -> bytes:
            process = idle.get()
            try:
                return process.hashes(data)
            finally:
                idle.put(process)

        yield by_the_next, cores


def of_chunk(number_hash: Hash, data: bytes) -> bytes:
    numbers = decode_numbers(data).numbers
    return b"".join([number_hash(str(number))[:HASH_BYTES] for number in numbers])


class _Process:
    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink

    def hashes(self, data: bytes) -> bytes:
        try:
            send(self._sink, data)
        except BrokenPipeError:
            raise HashingFailed from None
        found = receive(self._source)
        if found is None:
            raise HashingFailed
        return found


@contextmanager
def _process(key: bytes) -> Iterator[_Process]:
    # The key goes by the pipe: command lines can be read by others. Modules are where ours are.
    command = (sys.executable, "-c", _PROGRAM, *sys.path)
    with subprocess.Popen(  # noqa: S603 - ourselves
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        sink, source = cast("BinaryIO", child.stdin), cast("BinaryIO", child.stdout)
        try:
            send(sink, key)
            yield _Process(source, sink)
        except BaseException:
            child.kill()
            raise
        finally:
            # What one that is gone did not take is no news.
            with suppress(BrokenPipeError):
                sink.close()


def send(sink: BinaryIO, data: bytes) -> None:
    sink.write(len(data).to_bytes(_LENGTH, "big"))
    sink.write(data)
    sink.flush()


def receive(source: BinaryIO) -> bytes | None:
    """None where the other side has ended, be it in the middle."""
    length = source.read(_LENGTH)
    if len(length) < _LENGTH:
        return None
    data = source.read(int.from_bytes(length, "big"))
    return data if len(data) == int.from_bytes(length, "big") else None


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    key = receive(source)
    if key is None:
        return
    number_hash = hasher(key)
    while (data := receive(source)) is not None:
        send(sink, of_chunk(number_hash, data))
