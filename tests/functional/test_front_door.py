"""The front door before a backend that the test plays: what goes through, and what does not."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from chalicelib.api.errors import problem as problem_of
from chalicelib.domain.errors import NotFound
from localstack import front_door
from localstack.front_door import BODY_MAX, HOST, SERVER, FrontDoor
from localstack.places import ROOT
from localstack.ports import any_free

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
        self.heads.append(head)
        length = re.search(r"(?i)content-length: (\d+)", head)
        self.bodies.append(await reader.readexactly(int(length[1]) if length else 0))
        writer.write(self.answer)
        await writer.drain()


@asynccontextmanager
async def door_to(backend: str) -> AsyncIterator[int]:
    """Its port."""
    sock = socket.create_server((HOST, 0))
    port: int = sock.getsockname()[1]
    runner = web.AppRunner(FrontDoor(backend, port).application(), lingering_time=0.1, **SERVER)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    try:
        yield port
    finally:
        await runner.cleanup()


@asynccontextmanager
async def opened(play: Play) -> AsyncIterator[int]:
    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await play(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the door hung up, as some tests want it to
        finally:
            writer.close()

    backend = await asyncio.start_server(serve, HOST, 0)
    address = backend.sockets[0].getsockname()[1]
    async with door_to(f"http://{HOST}:{address}/restapis/x/_user_request_") as port:
        yield port
    backend.close()


async def exchange(port: int, raw: bytes) -> bytes:
    """Send `raw`, read until the door closes."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(raw.replace(b"HERE", f"{HOST}:{port}".encode()))
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def ask(play: Play, raw: bytes) -> bytes:
    async def run() -> bytes:
        async with opened(play) as port:
            return await exchange(port, raw)

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


def test_callers_cannot_say_where_they_come_from() -> None:
    api = Api()
    ask(api, get("/v1/me", "X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.2"))
    assert re.findall("(?i)forwarded.*: (.*)\r", api.heads[0]) == ["127.0.0.1", "http"]


def test_what_belongs_to_one_connection_stays_there() -> None:
    api = Api(
        OK.replace(b"X-Mine: 1", b"Connection: x-mine, close\r\nX-Mine: 1\r\nKeep-Alive: a=1")
    )
    answer = ask(api, get("/v1/me", "Connection: X-Hop", "X-Hop: 1", "TE: trailers", "X-Kept: 1"))
    assert b"X-Mine" not in answer
    assert b"Keep-Alive" not in answer
    assert "X-Kept: 1\r\n" in api.heads[0]
    assert re.search("(?im)^(x-hop|te):", api.heads[0]) is None


def test_nothing_is_added_that_the_caller_did_not_say() -> None:
    api = Api()
    ask(api, get("/v1/me"))
    assert re.findall("(?m)^([A-Za-z-]+):", api.heads[0]) == [
        "Host", "X-Forwarded-For", "X-Forwarded-Proto", "Connection"
    ]  # fmt: skip


def test_cookies_redirects_and_encoded_bodies_are_the_callers_business() -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /v1/y\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
    api = Api(head + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nas-is")
    answer = ask(api, get("/v1/x"))
    assert status(answer) == 302
    assert answer.count(b"Set-Cookie: ") == 2
    assert answer.endswith(b"\r\n\r\nas-is")
    assert len(api.heads) == 1


NO_ROUTE = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nx-amzn-RequestId: r-1\r\n"
    b"x-amzn-ErrorType: MissingAuthenticationTokenException\r\nContent-Length: 2\r\n\r\n{}"
)


def test_a_route_that_api_gateway_does_not_know_is_a_404() -> None:
    answer = ask(Api(NO_ROUTE), get("/v1/nowhere"))
    assert status(answer) == 404
    assert problem(answer) == problem_of(NotFound("route"), "r-1")


def test_another_403_stays_one() -> None:
    answer = ask(
        Api(NO_ROUTE.replace(b"MissingAuthenticationToken", b"AccessDenied")), get("/v1/x")
    )
    assert status(answer) == 403
    assert answer.endswith(b"{}")


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

        async with opened(slow) as port:
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(get("/v1/x").replace(b"HERE", f"localhost:{port}".encode()))
            early = await reader.readuntil(b"hi")
            more.set()
            rest = await reader.read()
            writer.close()
            return early + rest

    assert asyncio.run(run()).endswith(b"hiho")


def test_a_body_goes_on_while_the_caller_still_writes() -> None:
    async def run() -> bytes:
        seen = asyncio.Event()

        async def early(reader: StreamReader, writer: StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\nhi")
            seen.set()
            await reader.readexactly(2)
            writer.write(OK)

        async with opened(early) as port:
            reader, writer = await asyncio.open_connection(HOST, port)
            head = post("Content-Length: 4").replace(b"HERE", f"{HOST}:{port}".encode())
            writer.write(head + b"hi")
            await asyncio.wait_for(seen.wait(), 5)
            writer.write(b"ho")
            answer = await reader.read()
            writer.close()
            return answer

    assert status(asyncio.run(run())) == 200


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
        (b"GET /v1/me HTTP/1.0\r\n\r\n", 421),
        (get("/v1/me", "Host: HERE"), 400),
        (get("http://evil.example/"), 400),
        (get("/v1/../../admin"), 400),
        (get("/v1/%2e%2E/admin"), 400),
        (get("/v1/\xff"), 400),
        (get("/").replace(b"GET", b"POST"), 405),
        (b"nonsense\r\n\r\n", 400),
        (post("Content-Length: 1", "Transfer-Encoding: chunked"), 400),
        (post("Transfer-Encoding: chunked") + b"zz\r\n", 400),
        (get("/" + "a" * 70_000), 400),
        (post(f"Content-Length: {BODY_MAX + 1}"), 413),
    ],
    ids=[
        "no-host", "two-hosts", "another-server", "dots", "hidden-dots", "latin", "post-page",
        "nonsense", "two-lengths", "bad-chunk", "long-head", "large-body",
    ],
)  # fmt: skip
def test_what_is_refused_never_reaches_the_api(raw: bytes, wanted: int) -> None:
    api = Api()
    assert status(ask(api, raw)) == wanted
    assert api.heads == []


def test_a_chunked_body_has_the_same_limit() -> None:
    head = post("Transfer-Encoding: chunked")
    piece = b"%x\r\n" % (1024 * 1024) + bytes(1024 * 1024) + b"\r\n"
    api = Api()
    assert problem(ask(api, head + piece * 11))["title"] == "Content Too Large"
    assert api.heads == []


def test_a_dead_api_is_a_502() -> None:
    async def run() -> bytes:
        async with door_to(f"http://{HOST}:{any_free(())}") as port:
            return await exchange(port, get("/v1/me"))

    assert "API does not answer" in problem(asyncio.run(run()))["detail"]


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


@pytest.mark.parametrize("frame", ["Content-Length: 9", "Transfer-Encoding: chunked"])
def test_an_answer_that_breaks_off_is_a_cut_and_no_end(frame: str) -> None:
    """The caller must see that the body is not whole."""
    answer = Api(f"HTTP/1.1 200 OK\r\n{frame}\r\n\r\n2\r\nhi\r\n".encode())

    async def run() -> None:
        async with opened(answer) as port:
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(get("/v1/x").replace(b"HERE", f"{HOST}:{port}".encode()))
            await reader.readuntil(b"\r\n\r\n")
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readuntil(b"0\r\n\r\n")
            writer.close()

    asyncio.run(run())


def test_a_client_that_waits_to_be_asked_is_asked() -> None:
    api = Api()
    answer = ask(api, post("Expect: 100-continue", "Content-Length: 2") + b"hi")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert api.bodies == [b"hi"]
    assert "Expect" not in api.heads[0]


def test_the_process_says_its_port_logs_paths_alone_and_stops_when_told() -> None:
    backend = f"http://{HOST}:{any_free(())}"
    command = [sys.executable, "-m", "localstack.front_door", "--port", "0", "--backend", backend]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        asyncio.run(exchange(port, get("/v1/me?to=15550100", "Authorization: Bearer hush")))
        asyncio.run(exchange(port, b"GET /v1/me HTTP/1.1\r\nAuthorization hush\r\n\r\n"))
        with socket.create_connection((HOST, port)):
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 0
        log = process.stdout.read().decode()
    assert re.fullmatch(r"502 /v1/me \d+ ms\n400 / \d+ ms\n", log), log


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "localstack.front_door", "--backend", "http://x", "--port"]
        outcome = subprocess.run(
            [*command, port], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert outcome.returncode == 1
    assert outcome.stderr.startswith(f"The front door cannot open on port {port}: ")
    assert outcome.stderr.count("\n") == 1
