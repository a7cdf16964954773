"""One origin in front of the local API Gateway, whose own address nobody wants to type.

It stands where CloudFront stands on AWS: `/` says what is here, everything else goes to the API.
Only requests that name this very host and port are served, so that no web page can reach the API
under a name of its own (DNS rebinding). Uploads go straight to the bucket, as on AWS.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import unquote, urlsplit

from localstack import http_stream
from localstack.front_page import page
from localstack.http_head import (
    BadMessage,
    Framing,
    RequestHead,
    ResponseHead,
    framing,
    parse_request,
    parse_response,
    render,
)

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator, Sequence

    from localstack.http_head import Field

HOST: Final = "127.0.0.1"
# API Gateway's own limits: the payload, and how long an integration may take.
BODY_MAX: Final = 10 * 1024 * 1024
ANSWER_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 5.0
GOODBYE_SECONDS: Final = 3.0
LINGER_SECONDS: Final = 1.0
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Refusal(Exception):
    """An answer of our own rather than the API's."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class Backend:
    """Where the API answers; `prefix` goes before every path."""

    host: str
    port: int
    prefix: str

    @classmethod
    def at(cls, url: str) -> Backend:
        parts = urlsplit(url)
        return cls(parts.hostname or HOST, parts.port or 80, parts.path.rstrip("/"))


class FrontDoor:
    """`async with FrontDoor(backend, port) as door`; port 0 takes any free one."""

    def __init__(self, backend: Backend, port: int = 0) -> None:
        self.backend = backend
        self.port = port
        self._names: frozenset[str] = frozenset()
        self._connections: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, HOST, self.port, limit=http_stream.HEAD_MAX
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._names = frozenset({f"{HOST}:{self.port}", f"localhost:{self.port}"})
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        if self._busy:
            await asyncio.wait(self._busy, timeout=GOODBYE_SECONDS)
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._connections.add(task)
        try:
            while (head := await http_stream.next_head(reader)) is not None:
                self._busy.add(task)
                go_on = await self._answer(head, reader, writer)
                self._busy.discard(task)
                if not go_on:
                    break
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            # The caller left, or the API broke off in the middle: a cut says so, a clean end lies.
            writer.transport.abort()
        finally:
            self._busy.discard(task)
            await http_stream.close(writer)
            self._connections.discard(task)

    async def _answer(self, raw: bytes, reader: StreamReader, writer: StreamWriter) -> bool:
        """Answer one request; whether the connection can take another."""
        began, path = time.monotonic(), "?"
        try:
            head = parse_request(raw)
            path = head.path
            self._check(head)
            if path == "/":
                status, go_on = await _welcome(head, writer, self.port), head.keeps_alive
            else:
                status, go_on = await self._forward(head, reader, writer)
        except http_stream.TooLong:
            refusal = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large())
            status, go_on = await _refuse(refusal, reader, writer), False
        except BadMessage as error:
            refusal = Refusal(HTTPStatus.BAD_REQUEST, f"This is no HTTP request: {error}.")
            status, go_on = await _refuse(refusal, reader, writer), False
        except Refusal as refusal:
            status, go_on = await _refuse(refusal, reader, writer), False
        # The path alone: a query may hold a phone number.
        _log(f"{status} {path} {(time.monotonic() - began) * 1000:.0f} ms")
        return go_on

    def _check(self, head: RequestHead) -> None:
        names = head.fields.all("host")
        if len(names) != 1 or names[0].lower() not in self._names:
            here = " or ".join(sorted(self._names))
            raise Refusal(HTTPStatus.MISDIRECTED_REQUEST, f"This server is {here}, nothing else.")
        if not head.target.startswith("/") or ".." in unquote(head.path).split("/"):
            raise Refusal(HTTPStatus.BAD_REQUEST, "Ask for a plain path, without `..`.")
        if head.path == "/" and head.method not in {"GET", "HEAD"}:
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "There is a page to read here, no more.")

    async def _forward(
        self, head: RequestHead, reader: StreamReader, writer: StreamWriter
    ) -> tuple[int, bool]:
        frame = framing(head.fields) or Framing()
        if frame.length > BODY_MAX:
            raise http_stream.TooLong
        if "100-continue" in head.fields.tokens("expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        buffered = await http_stream.whole(reader, BODY_MAX) if frame.chunked else b""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                from_api, to_api = await asyncio.open_connection(
                    self.backend.host, self.backend.port, limit=http_stream.HEAD_MAX
                )
        except (OSError, TimeoutError) as error:
            detail = "The API does not answer: is the rest of the stack still starting?"
            raise Refusal(HTTPStatus.BAD_GATEWAY, detail) from error
        try:
            peer = writer.get_extra_info("peername")[0]
            length = len(buffered) if frame.chunked else frame.length
            to_api.write(self._request(head, length, peer) + buffered)
            taken = await http_stream.copy(reader, to_api, 0 if frame.chunked else frame.length)
            answer, body = await _answer_of(from_api, head.method)
            await _relay(answer, body, head, writer)
        finally:
            await http_stream.close(to_api)
        return answer.status, head.keeps_alive and taken

    def _request(self, head: RequestHead, length: int, peer: str) -> bytes:
        """What the API is asked. A length always, so that nothing is left to guess."""
        fields: list[Field] = [("Host", f"{self.backend.host}:{self.backend.port}")]
        fields += head.fields.end_to_end(
            "host", "content-length", "expect", "x-forwarded-for", "x-forwarded-proto", "forwarded"
        )
        before = ", ".join(head.fields.all("x-forwarded-for"))
        fields += [
            ("X-Forwarded-For", f"{before}, {peer}" if before else peer),
            ("X-Forwarded-Proto", "http"),
            ("Content-Length", str(length)),
            ("Connection", "close"),
        ]
        return render(f"{head.method} {self.backend.prefix}{head.target} HTTP/1.1", fields)


# --- the API's answer ---


async def _answer_of(
    reader: StreamReader, method: str
) -> tuple[ResponseHead, AsyncIterator[bytes] | None]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = parse_response(await reader.readuntil(b"\r\n\r\n"))
            while answer.status < HTTPStatus.OK:
                answer = parse_response(await reader.readuntil(b"\r\n\r\n"))
        frame = framing(answer.fields)
    except TimeoutError as error:
        detail = f"The API did not answer in {ANSWER_SECONDS:.0f} s."
        raise Refusal(HTTPStatus.GATEWAY_TIMEOUT, detail) from error
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, BadMessage) as error:
        raise Refusal(HTTPStatus.BAD_GATEWAY, "The API broke off before it answered.") from error
    if method == "HEAD" or answer.status in _BODILESS:
        return answer, None
    if frame is None:
        return answer, http_stream.to_the_end(reader)
    return answer, http_stream.chunks(reader) if frame.chunked else http_stream.exactly(
        reader, frame.length
    )


async def _relay(
    answer: ResponseHead,
    body: AsyncIterator[bytes] | None,
    head: RequestHead,
    writer: StreamWriter,
) -> None:
    """The body as it comes: in the length that the API gave, else in chunks."""
    known = bool(answer.fields.all("content-length"))
    in_chunks = body is not None and not known
    fields = list(answer.fields.end_to_end())
    if in_chunks:
        fields.append(("Transfer-Encoding", "chunked"))
    fields.append(("Connection", "keep-alive" if head.keeps_alive else "close"))
    writer.write(render(f"HTTP/1.1 {answer.status} {answer.reason}", fields))
    if body is not None:
        await _relay_body(body, writer, in_chunks=in_chunks)
    await writer.drain()


async def _relay_body(body: AsyncIterator[bytes], writer: StreamWriter, *, in_chunks: bool) -> None:
    try:
        async for piece in body:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if in_chunks else piece)
            await writer.drain()
    except BadMessage as error:
        # The head is out already, so there is no other answer left than to cut.
        raise ConnectionAbortedError from error
    if in_chunks:
        writer.write(b"0\r\n\r\n")


# --- answers of our own ---


async def _welcome(head: RequestHead, writer: StreamWriter, port: int) -> int:
    policy, body = page(f"http://{HOST}:{port}")
    fields = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Length", str(len(body))),
        ("Connection", "keep-alive" if head.keeps_alive else "close"),
    ]
    writer.write(render("HTTP/1.1 200 OK", fields) + (b"" if head.method == "HEAD" else body))
    await writer.drain()
    return HTTPStatus.OK


async def _refuse(refusal: Refusal, reader: StreamReader, writer: StreamWriter) -> int:
    status = refusal.status
    kind = status.phrase.lower().replace(" ", "-")
    problem = {
        "type": f"urn:message-center:problem:{kind}",
        "title": status.phrase,
        "status": status.value,
        "detail": str(refusal),
    }
    body = json.dumps(problem).encode()
    fields = [
        ("Content-Type", "application/problem+json"),
        ("Cache-Control", "no-store"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    writer.write(render(f"HTTP/1.1 {status.value} {status.phrase}", fields) + body)
    await writer.drain()
    await _linger(reader, writer)
    return status.value


async def _linger(reader: StreamReader, writer: StreamWriter) -> None:
    """Read what is still sent: closed sooner, the connection would take the answer with it."""
    writer.write_eof()
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(LINGER_SECONDS):
            while await reader.read(http_stream.PIECE):
                pass


def _too_large() -> str:
    return (
        f"A request may have {BODY_MAX // 1024**2} MB. Lists go straight to their upload address."
    )


# --- the process ---


def _log(line: str) -> None:
    print(line, flush=True)


async def _run(backend: Backend, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with FrontDoor(backend, port) as door:
        _log(json.dumps({"port": door.port}))
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m localstack.front_door", description=__doc__)
    parser.add_argument("--backend", required=True, help="where the API answers, with its stage")
    parser.add_argument("--port", type=int, default=8080, help="0 takes any free port")
    given = parser.parse_args(arguments)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_run(Backend.at(given.backend), given.port))
    except OSError as error:
        print(f"The front door cannot open on port {given.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
