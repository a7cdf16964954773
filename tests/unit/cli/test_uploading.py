"""The uploading library: every part once, in any weather; what has arrived is not sent again."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.bar import Bar, left
from cli.client import Client
from cli.errors import BucketRefused, Refused, Unreachable, UsageError
from cli.screen import Screen
from cli.transport import Answer, HttpTransport
from cli.uploading import (
    ATTEMPTS,
    Dropped,
    FileChanged,
    Upload,
    Wish,
    begin,
    pause,
    read_file,
    resume,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cli.shapes import RecipientList
    from cli.uploading import File

PART = 100_000
LENGTHS = [PART] * 7 + [5]
SIZE = sum(LENGTHS)


@dataclass(slots=True)
class Server:
    """One list and its bucket; `weather` may answer or raise before a request is looked at."""

    weather: Callable[[str, str], Answer | None] = lambda _method, _path: None
    parts: dict[int, bytes] = field(default_factory=dict)
    puts: list[int] = field(default_factory=list)
    asked: list[list[int]] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    state: str = "none"
    lock: threading.Lock = field(default_factory=threading.Lock)
    issued: set[str] = field(default_factory=set)
    tried: list[str] = field(default_factory=list)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterator[bytes] | None,
    ) -> Answer:
        path = urlsplit(url).path.removeprefix("/v1/workspaces/demo")
        with self.lock:
            # An address that failed may have run out.
            assert method != "PUT" or url not in self.tried
            self.tried.append(url)
        answer = self.weather(method, path)
        if answer is not None:
            return answer
        if method == "PUT":
            return self._put(url, headers, body)
        with self.lock:
            return self._answer(method, path, json.loads(body) if isinstance(body, bytes) else {})

    def _put(self, url: str, headers: Mapping[str, str], body: Any) -> Answer:
        number = int(parse_qs(urlsplit(url).query)["part"][0])
        data = b"".join(body)
        assert len(data) == int(headers["Content-Length"])
        with self.lock:
            assert url in self.issued
            self.issued.remove(url)
            self.puts.append(number)
            self.parts[number] = data
        return Answer(200, b"")

    def _answer(self, method: str, path: str, body: dict[str, Any]) -> Answer:  # noqa: PLR0911 - one a route
        match method, path:
            case "POST", "/lists":
                self.state = "uploading"
                self.document = body | {
                    "id": "lst_1",
                    "author": "usr_1",
                    "parts": len(LENGTHS),
                    "part_bytes": PART,
                    "created_at": "2030-01-01T08:00:00Z",
                }
                return self._list(201)
            case "GET", "/lists":
                items = [self._document()] if self.document else []
                return told({"items": items, "next": None})
            case "GET", "/v1/me":
                return told({"user": {"id": "usr_1"}, "workspaces": []})
            case "GET", "/lists/lst_1/parts":
                if self.state != "uploading":
                    return refusal(409)
                there = [{"part": n, "size": len(data)} for n, data in self.parts.items()]
                return told({"parts": there})
            case "POST", "/lists/lst_1/parts":
                self.asked.append(body["parts"])
                return told({"parts": [self._issue(number) for number in body["parts"]]})
            case "POST", "/lists/lst_1/complete":
                if self.state == "dropped" or len(self.parts) < len(LENGTHS):
                    return refusal(409)
                self.state = "complete"
                return self._list(200)
        raise AssertionError((method, path))

    def _issue(self, number: int) -> dict[str, Any]:
        url = f"https://bucket.example/f?part={number}&turn={len(self.asked)}"
        self.issued.add(url)
        return {"part": number, "url": url}

    def _document(self) -> dict[str, Any]:
        status = "uploading" if self.state == "dropped" else self.state
        return self.document | {"status": "ingesting" if status == "complete" else status}

    def _list(self, status: int) -> Answer:
        return told(self._document(), status)


def told(document: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode())


def refusal(status: int, retry_after: int | None = None) -> Answer:
    document = {"type": "about:blank", "title": "No", "status": status}
    return Answer(status, json.dumps(document).encode(), retry_after)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def client(server: Server) -> Client:
    return Client("https://api.example", "token", "demo", server)


@pytest.fixture
def file(tmp_path: Path) -> File:
    path = tmp_path / "all.csv"
    path.write_bytes(b"".join(bytes([65 + n]) * length for n, length in enumerate(LENGTHS)))
    return read_file(path)


def sent(server: Server) -> bytes:
    return b"".join(server.parts[number] for number in sorted(server.parts))


def test_a_file_is_read_with_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 3_000_000)
    seen: list[tuple[int, int]] = []
    file = read_file(path, lambda done, size: seen.append((done, size)))
    assert file.sha256 == hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert seen[-1] == (3_000_000, 3_000_000)
    assert len(seen) > 1


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no file"):
        read_file(tmp_path)
    with pytest.raises(UsageError, match="No such file"):
        read_file(tmp_path / "none.csv")


@pytest.mark.parametrize("parallel", [1, 4, 16])
def test_every_part_is_sent_once(server: Server, client: Client, file: File, parallel: int) -> None:
    begun = begin(client, file, Wish())
    seen: list[int] = []
    upload = Upload(client, file, begun, parallel, seen.append)
    upload.run()
    assert sent(server) == file.path.read_bytes()
    assert sorted(server.puts) == list(range(1, 9))
    assert (upload.found, upload.sent) == (0, 8)
    assert seen[-1] == SIZE
    assert server.state == "complete"


def test_what_was_cut_goes_on_with_the_missing_parts_alone(
    server: Server, client: Client, file: File
) -> None:
    begun = begin(client, file, Wish())

    def cut(method: str, _: str) -> None:
        if method == "PUT" and len(server.puts) >= 3:
            raise KeyboardInterrupt

    server.weather = cut
    with pytest.raises(KeyboardInterrupt):
        Upload(client, file, begun, 1).run()
    assert len(server.puts) == 3
    # One that arrived, and not whole.
    server.parts[2] = b"half"
    server.weather = lambda _method, _path: None
    found = resume(client, file, Wish())
    assert found is not None
    seen: list[int] = []
    upload = Upload(client, file, found, 2, seen.append)
    upload.run()
    assert sorted(server.puts[3:]) == [2, 4, 5, 6, 7, 8]
    assert sent(server) == file.path.read_bytes()
    assert (upload.found, upload.sent) == (2, 6)
    assert (seen[0], seen[-1]) == (2 * PART, SIZE)


def test_bad_weather_is_borne(server: Server, client: Client, file: File) -> None:
    """Each request fails in one of these ways before it gets through."""
    ways: list[Callable[[], Answer]] = [
        lambda: Answer(403, b"<expired/>"),
        lambda: Answer(503, b""),
        lambda: _raise(Unreachable("https://bucket.example", "cut")),
    ]
    turns: dict[tuple[str, str], int] = {}

    def storm(method: str, path: str) -> Answer | None:
        if method != "PUT":
            return None
        with server.lock:
            turn = turns[method, path] = turns.get((method, path), 0) + 1
        return ways[turn % 3]() if turn % 4 else None

    server.weather = storm
    waits: list[float] = []
    upload = Upload(client, file, begin(client, file, Wish()), 3, sleep=waits.append)
    upload.run()
    assert sent(server) == file.path.read_bytes()
    assert upload.sent == 8
    assert len(waits) == sum(1 for _ in range(turns["PUT", "/f"])) - 8


def _raise(error: Exception) -> Answer:
    raise error


def test_a_part_that_never_gets_through_ends_it_after_growing_pauses(
    server: Server, client: Client, file: File
) -> None:
    begun = begin(client, file, Wish())
    server.weather = lambda method, _: Answer(403, b"") if method == "PUT" else None
    waits: list[float] = []
    with pytest.raises(BucketRefused, match="403"):
        Upload(client, file, begun, 1, sleep=waits.append).run()
    assert len(waits) == ATTEMPTS - 1
    assert all(pause_ <= 30 for pause_ in waits)
    assert 45 < sum(pause(n) for n in range(ATTEMPTS - 1)) <= 93
    assert server.state == "uploading"


def test_a_server_that_says_when_is_obeyed(server: Server, client: Client, file: File) -> None:
    begun, answers = begin(client, file, Wish()), [refusal(429, 77)]

    def busy(method: str, path: str) -> Answer | None:
        is_asking = (method, path) == ("POST", "/lists/lst_1/parts")
        return answers.pop() if is_asking and answers else None

    server.weather = busy
    waits: list[float] = []
    Upload(client, file, begun, 1, sleep=waits.append).run()
    assert waits == [77]


def test_a_refusal_ends_all_of_it_at_once(server: Server, client: Client, file: File) -> None:
    begun = begin(client, file, Wish())

    def aborted(method: str, path: str) -> Answer | None:
        is_asking = (method, path) == ("POST", "/lists/lst_1/parts")
        return refusal(409) if is_asking else None

    server.weather = aborted
    waits: list[float] = []
    with pytest.raises(Refused):
        Upload(client, file, begun, 4, sleep=waits.append).run()
    assert (server.puts, waits) == ([], [])


def test_one_that_had_arrived_whole_is_completed(
    server: Server, client: Client, file: File
) -> None:
    Upload(client, file, begin(client, file, Wish())).run()
    again = resume(client, file, Wish())
    assert again is not None
    Upload(client, file, again).run()
    assert len(server.puts) == 8


def test_one_whose_parts_are_gone_says_so(server: Server, client: Client, file: File) -> None:
    begun = begin(client, file, Wish())
    server.state = "dropped"
    with pytest.raises(Dropped, match="lst_1"):
        Upload(client, file, begun).run()


def test_a_file_that_shrinks_meanwhile_is_noticed(
    server: Server, client: Client, file: File
) -> None:
    begun = begin(client, file, Wish())
    shrunk = iter([True])

    def shrink(method: str, _: str) -> None:
        if method == "PUT" and next(shrunk, False):
            file.path.write_bytes(b"x")

    server.weather = shrink
    with pytest.raises(FileChanged):
        Upload(client, file, begun, 2).run()
    assert server.state == "uploading"


@pytest.mark.parametrize(
    "other",
    [
        {"sha256": "0" * 64},
        {"size": SIZE + 1},
        {"name": "other.csv"},
        {"default_country": "GB"},
        {"number_column": "phone"},
        {"purpose": "suppression"},
        {"author": "usr_2"},
        {"status": "ready"},
        {"status": "failed"},
        {"created_at": "2001-01-01T08:00:00Z"},
    ],
)
def test_another_upload_is_left_alone(
    server: Server, client: Client, file: File, other: RecipientList
) -> None:
    begin(client, file, Wish())
    assert resume(client, file, Wish()) is not None
    mine = server._document()
    server.weather = lambda method, path: (
        told({"items": [mine | dict(other)], "next": None})
        if (method, path) == ("GET", "/lists")
        else None
    )
    assert resume(client, file, Wish()) is None


def test_what_is_said_of_the_file_is_part_of_it(client: Client, file: File) -> None:
    wish = Wish("GB", "phone", "suppression")
    begin(client, file, wish)
    assert resume(client, file, wish) is not None
    assert resume(client, file, Wish()) is None


class Bucket(BaseHTTPRequestHandler):
    got: tuple[dict[str, str], bytes] = ({}, b"")

    def do_PUT(self) -> None:
        size = int(self.headers["Content-Length"])
        type(self).got = dict(self.headers), self.rfile.read(size)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        pass


@pytest.mark.enable_socket
def test_blocks_go_over_the_wire_as_one_body_of_known_length() -> None:
    """S3 signs the length, and takes no chunked transfer."""
    with HTTPServer(("127.0.0.1", 0), Bucket) as served:
        thread = threading.Thread(target=served.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{served.server_port}/part"
        blocks = iter([b"a" * 70_000, b"b" * 3])
        answer = HttpTransport().request("PUT", url, {"Content-Length": "70003"}, blocks)
        thread.join()
    headers, body = Bucket.got
    assert answer.status == 200
    assert body == b"a" * 70_000 + b"b" * 3
    assert headers["Content-Length"] == "70003"
    assert "Transfer-Encoding" not in headers


class Terminal(Screen):
    def __init__(self, *, live: bool) -> None:
        self.lines: list[str] = []
        self.is_live = live

    @property
    def live(self) -> bool:
        return self.is_live

    def progress(self, line: str) -> None:
        self.lines.append(line)


def test_a_bar_tells_share_pace_and_time_left() -> None:
    now = [0.0]
    terminal = Terminal(live=True)
    bar = Bar(terminal, lambda: now[0], "all.csv", 100_000_000)
    bar.show(0)
    now[0] = 4.0
    bar.show(20_000_000)
    bar.show(21_000_000)
    half = "█" * 4 + "░" * 20
    assert terminal.lines[1:] == [
        f"all.csv  {half}  20 %  20.0 MB of 100.0 MB  5.0 MB/s  0:16 left"
    ]
    # The pace is that of the last seconds.
    now[0] = 34.0
    bar.show(22_000_000)
    now[0] = 36.0
    bar.show(26_000_000)
    assert "2.0 MB/s  0:37 left" in terminal.lines[-1]


def test_a_bar_that_cannot_be_drawn_over_is_a_line_now_and_then() -> None:
    now = [0.0]
    log = Terminal(live=False)
    bar = Bar(log, lambda: now[0], "all.csv", 1000)
    for second in range(25):
        now[0] = float(second)
        bar.show(second)
    assert len(log.lines) == 2


def test_time_left_reads_like_a_clock() -> None:
    assert [left(seconds) for seconds in (0.4, 59.6, 61, 3_601)] == [
        "0:00",
        "1:00",
        "1:01",
        "1:00:01",
    ]


def test_what_failed_after_it_was_sent_counts_once(
    server: Server, client: Client, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, real = begin(client, file, Wish()), Server._put

    def late(self: Server, url: str, headers: Mapping[str, str], body: Any) -> Answer:
        answer = real(self, url, headers, body)
        return Answer(500, b"") if len(self.puts) < 4 else answer

    monkeypatch.setattr(Server, "_put", late)
    seen: list[int] = []
    Upload(client, file, begun, 1, seen.append, sleep=lambda _: None).run()
    assert len(server.puts) == 11
    assert max(seen) == seen[-1] == SIZE


def test_a_file_that_changes_under_its_last_part_is_noticed(
    server: Server, client: Client, file: File
) -> None:
    begun, data = begin(client, file, Wish()), file.path.read_bytes()

    def change(method: str, _: str) -> None:
        if method == "PUT" and len(server.puts) == len(LENGTHS) - 1:
            file.path.write_bytes(data[::-1])

    server.weather = change
    with pytest.raises(FileChanged):
        Upload(client, file, begun, 1).run()
    assert len(server.puts) == len(LENGTHS)
    assert server.state == "uploading"
