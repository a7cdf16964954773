"""Bodies of HTTP/1.1 messages from a stream: every read is bounded, in size and in time."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from localstack.http_head import BadMessage, chunk_size

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator

HEAD_MAX: Final = 64 * 1024
HEAD_SECONDS: Final = 20.0
IDLE_SECONDS: Final = 75.0
PIECE_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 1.0
PIECE: Final = 64 * 1024


class TooLong(Exception):
    """The body is longer than its reader wants."""


async def close(writer: StreamWriter) -> None:
    writer.close()
    # Nothing more is to be read; a peer that takes nothing more either is not waited for.
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await writer.wait_closed()


async def next_head(reader: StreamReader) -> bytes | None:
    """None when the caller has no further request."""
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            first = await reader.readexactly(1)
        async with asyncio.timeout(HEAD_SECONDS):
            return first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return b"\r\n\r\n"  # too long a head reads as an empty, hence malformed one
    except (asyncio.IncompleteReadError, TimeoutError):
        return None


async def whole(reader: StreamReader, at_most: int) -> bytes:
    """A chunked body in one piece."""
    body = bytearray()
    async for piece in chunks(reader):
        body += piece
        if len(body) > at_most:
            raise TooLong
    return bytes(body)


async def chunks(reader: StreamReader) -> AsyncIterator[bytes]:
    while size := chunk_size(await _line(reader)):
        while size:
            piece = await _piece(reader, size)
            size -= len(piece)
            yield piece
        if await _line(reader) != b"\r\n":
            raise BadMessage("a chunk is longer than it says")
    while await _line(reader) != b"\r\n":
        pass  # trailers: nothing here reads any


async def _line(reader: StreamReader) -> bytes:
    try:
        async with asyncio.timeout(PIECE_SECONDS):
            return await reader.readuntil(b"\r\n")
    except asyncio.LimitOverrunError as error:
        raise BadMessage("a line is too long") from error


async def _piece(reader: StreamReader, at_most: int) -> bytes:
    async with asyncio.timeout(PIECE_SECONDS):
        piece = await reader.read(min(PIECE, at_most))
    if not piece:
        raise asyncio.IncompleteReadError(b"", at_most)
    return piece


async def copy(reader: StreamReader, writer: StreamWriter, length: int) -> bool:
    """Whether all of it was taken: the API may answer before it has read everything."""
    while length:
        piece = await _piece(reader, length)
        length -= len(piece)
        writer.write(piece)
        try:
            await writer.drain()
        except ConnectionError:
            return False
    return True


async def exactly(reader: StreamReader, length: int) -> AsyncIterator[bytes]:
    while length:
        piece = await _piece(reader, length)
        length -= len(piece)
        yield piece


async def to_the_end(reader: StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(PIECE):
        yield piece
