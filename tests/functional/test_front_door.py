"""The front door before a backend that the test plays: what goes through, and what does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from localstack import front_door, http_stream
from localstack.front_door import BODY_MAX, Backend, FrontDoor

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

pytestmark = pytest.mark.enable_socket

Play = Callable[["StreamReader", "StreamWriter"], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Mine: 1\r\n\r\nhi"


class Api:
    """Keeps what it was asked, answers what it was told."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.heads: list[str] = []
        self.bodies: list[bytes] = []

    async def __call__(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1])
            for line in head.splitlines()
            if line.lower().startswith("content-length")
        )
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(length))
        writer.write(self.answer)
        await writer.drain()


@asynccontextmanager
async def opened(play: Play) -> AsyncIterator[FrontDoor]:
    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await play(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the door hung up, as some tests want it to
        finally:
            writer.close()

    backend = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = backend.sockets[0].getsockname()[1]
    async with FrontDoor(Backend.at(f"http://127.0.0.1:{port}/restapis/x/_user_request_")) as door:
        yield door
    backend.close()


async def exchange(door: FrontDoor, raw: bytes) -> bytes:
    """Send `raw`, read until the door closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(raw.replace(b"HERE", f"127.0.0.1:{door.port}".encode()))
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def ask(play: Play, raw: bytes) -> bytes:
    async def run() -> bytes:
        async with opened(play) as door:
            return await exchange(door, raw)

    return asyncio.run(run())


def get(path: str, *lines: str) -> bytes:
    head = [f"GET {path} HTTP/1.1", "Host: HERE", "Connection: close", *lines, "", ""]
    return "\r\n".join(head).encode()


def post(*lines: str) -> bytes:
    return get("/v1/x", *lines).replace(b"GET", b"POST", 1)


def status(answer: bytes) -> int:
    return int(answer.split()[1])


def problem(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    document: dict[str, Any] = json.loads(body)
    assert document["status"] == status(answer)
    return document


def test_a_request_goes_to_the_stages_address_and_its_answer_comes_back() -> None:
    api = Api()
    answer = ask(api, get("/v1/me?x=%20", "Authorization: Bearer t"))
    assert status(answer) == 200
    assert b"X-Mine: 1\r\n" in answer
    assert answer.endswith(b"\r\n\r\nhi")
    (head,) = api.heads
    assert head.startswith("GET /restapis/x/_user_request_/v1/me?x=%20 HTTP/1.1\r\n")
    assert "Authorization: Bearer t\r\n" in head
    assert "X-Forwarded-For: 127.0.0.1\r\n" in head


def test_earlier_addresses_are_kept() -> None:
    api = Api()
    ask(api, get("/v1/me", "X-Forwarded-For: 192.0.2.1"))
    assert "X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\n" in api.heads[0]


def test_errors_of_the_api_keep_status_and_body() -> None:
    refused = b"HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\n"
    answer = ask(Api(refused + b'Content-Length: 14\r\n\r\n{"status":409}'), get("/v1/x"))
    assert problem(answer)["status"] == 409


def test_bodies_go_through_whole_be_they_chunked_or_not() -> None:
    body = bytes(range(256)) * 1000
    api = Api()
    ask(api, post(f"Content-Length: {len(body)}") + body)
    chunked = post("Transfer-Encoding: chunked")
    ask(api, chunked + b"%x\r\n" % len(body) + body + b"\r\n3\r\nend\r\n0\r\n\r\n")
    assert api.bodies == [body, body + b"end"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nhi",
    ],
)
def test_an_answer_of_unknown_length_comes_in_chunks(answer: bytes) -> None:
    got = ask(Api(answer), get("/v1/x"))
    assert b"Transfer-Encoding: chunked\r\n" in got
    assert got.endswith(b"\r\n\r\n2\r\nhi\r\n0\r\n\r\n")


def test_an_answer_comes_while_the_api_still_writes() -> None:
    async def run() -> bytes:
        more = asyncio.Event()

        async def slow(reader: StreamReader, writer: StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhi")
            await more.wait()
            writer.write(b"ho")
            await writer.drain()

        async with opened(slow) as door:
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(get("/v1/x").replace(b"HERE", f"localhost:{door.port}".encode()))
            early = await reader.readuntil(b"hi")
            more.set()
            rest = await reader.read()
            writer.close()
            return early + rest

    assert asyncio.run(run()).endswith(b"hiho")


def test_one_connection_takes_many_requests() -> None:
    api = Api()
    two = b"GET /v1/a HTTP/1.1\r\nHost: HERE\r\n\r\n" + get("/v1/b")
    assert ask(api, two).count(b"HTTP/1.1 200 OK") == 2
    assert [head.split()[1][-2:] for head in api.heads] == ["/a", "/b"]


def test_the_page_says_what_is_here_and_can_run_no_script() -> None:
    answer = ask(Api(), get("/")).decode()
    assert "text/html" in answer
    assert "mc sign-in --url http://127.0.0.1:" in answer
    assert "default-src 'none'" in answer
    assert "<script" not in answer


@pytest.mark.parametrize("host", ["evil.example", "evil.example:HERE", "127.0.0.1", "127.0.0.1:1"])
def test_another_name_is_not_served(host: str) -> None:
    api = Api()
    raw = f"GET /v1/me HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    assert problem(ask(api, raw))["title"] == "Misdirected Request"
    assert api.heads == []


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"GET /v1/me HTTP/1.1\r\n\r\n", 421),
        (b"GET /v1/me HTTP/1.1\r\nHost: HERE\r\nHost: HERE\r\n\r\n", 421),
        (get("http://evil.example/"), 400),
        (get("/v1/../../admin"), 400),
        (get("/v1/%2e%2E/admin"), 400),
        (b"POST / HTTP/1.1\r\nHost: HERE\r\n\r\n", 405),
        (b"nonsense\r\n\r\n", 400),
        (post("Content-Length: 1", "Transfer-Encoding: chunked"), 400),
        (b"POST /v1/x HTTP/1.1\r\nHost: HERE\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: HERE\r\n\r\n", 400),
        (b"POST /v1/x HTTP/1.1\r\nHost: HERE\r\nContent-Length: %d\r\n\r\n" % (BODY_MAX + 1), 413),
    ],
    ids=[
        "no-host", "two-hosts", "another-server", "dots", "hidden-dots", "post-page", "nonsense",
        "two-lengths", "bad-chunk", "long-head", "large-body",
    ],
)  # fmt: skip
def test_what_is_refused_never_reaches_the_api(raw: bytes, wanted: int) -> None:
    api = Api()
    assert status(ask(api, raw)) == wanted
    assert api.heads == []


def test_a_chunked_body_has_the_same_limit() -> None:
    head = b"POST /v1/x HTTP/1.1\r\nHost: HERE\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"%x\r\n" % (1024 * 1024) + bytes(1024 * 1024) + b"\r\n"
    api = Api()
    assert problem(ask(api, head + piece * 11))["title"].startswith("Request Entity Too Large")
    assert api.heads == []


def test_a_dead_api_is_a_502() -> None:
    async def run() -> bytes:
        async with FrontDoor(Backend("127.0.0.1", _closed_port(), "")) as door:
            return await exchange(door, get("/v1/me"))

    assert "API does not answer" in problem(asyncio.run(run()))["detail"]


def _closed_port() -> int:
    from localstack.ports import any_free  # noqa: PLC0415 - opens a socket to find one

    return any_free(())


async def hang_up(reader: StreamReader, writer: StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


def test_an_api_that_hangs_up_is_a_502() -> None:
    answer = ask(hang_up, get("/v1/me"))
    assert problem(answer)["title"] == "Bad Gateway"


def test_an_api_that_never_answers_is_a_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_door, "ANSWER_SECONDS", 0.2)

    async def silent(reader: StreamReader, writer: StreamWriter) -> None:
        del writer
        await reader.read()

    assert problem(ask(silent, get("/v1/me")))["title"] == "Gateway Timeout"


def test_an_answer_that_breaks_off_is_a_cut_and_no_end() -> None:
    """The caller must see that the body is not whole."""

    async def run() -> None:
        async with opened(Api(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")) as door:
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(get("/v1/x").replace(b"HERE", f"127.0.0.1:{door.port}".encode()))
            await reader.readuntil(b"\r\n\r\n")
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(9)
            await http_stream.close(writer)

    asyncio.run(run())


def test_a_client_that_waits_to_be_asked_is_asked() -> None:
    api = Api()
    answer = ask(api, post("Expect: 100-continue", "Content-Length: 2") + b"hi")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert api.bodies == [b"hi"]
    assert "Expect" not in api.heads[0]
