"""A transport that answers from a table, so that a command can be run whole."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest

from cli.__main__ import parser, run
from cli.command import Context
from cli.screen import Screen
from cli.session import Session, SessionFile
from cli.transport import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

URL = "http://127.0.0.1:8080"
HOME = f"{URL}/v1/workspaces/demo"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass(slots=True)
class FakeApi:
    """`answers` by method and address: each a list, of which the last one stays."""

    answers: dict[tuple[str, str], list[Answer | Exception]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def on(self, method: str, path: str, *documents: Any, status: int = 200) -> None:
        self.answers[method, path if "://" in path else HOME + path] = [
            item
            if isinstance(item, Exception | Answer)
            else Answer(status, json.dumps(item).encode())
            for item in documents
        ]

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterator[bytes] | None,
    ) -> Answer:
        data = body if body is None or isinstance(body, bytes) else b"".join(body)
        with self.lock:
            self.requests.append(Request(method, url, headers, data))
            left = self.answers[method, url]
            answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def called(self, method: str, path: str) -> list[Request]:
        url = path if "://" in path else HOME + path
        return [each for each in self.requests if (each.method, each.url) == (method, url)]


@dataclass(slots=True)
class Mc:
    """`mc` as a person sees it: what it printed, and how it ended."""

    api: FakeApi
    sessions: SessionFile
    out: str = ""
    remarks: str = ""
    slept: list[float] = field(default_factory=list)

    def __call__(self, *arguments: str) -> int:
        given = parser().parse_args(arguments)
        out, remarks = io.StringIO(), io.StringIO()
        screen = Screen(out, remarks, as_json=bool(given.json))
        context = Context(
            screen,
            self.sessions,
            given.workspace,
            self.api,
            sleep=self.slept.append,
            clock=lambda: sum(self.slept),
        )
        code = run(context, given)
        self.out, self.remarks = out.getvalue(), remarks.getvalue()
        return code

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def stranger(api: FakeApi, tmp_path: Path) -> Mc:
    """Nobody is signed in."""
    return Mc(api, SessionFile(tmp_path / "config" / "session.json"))


@pytest.fixture
def mc(stranger: Mc) -> Mc:
    stranger.sessions.write(
        Session(URL, "mcs_token", "author@demo.example", "2030-01-01T08:00:00Z", "demo")
    )
    return stranger


def a_campaign(**changes: Any) -> dict[str, Any]:
    return {
        "id": "cmp_1",
        "name": "Spring",
        "mode": "on_demand",
        "text": "Hello",
        "sender": "snd_1",
        "revision": 1,
        "address": "ACME",
        "list": "lst_1",
        "start_at": None,
        "date_from": None,
        "date_to": None,
        "auto_start": True,
        "author": "usr_1",
        "status": "new",
        "approval": "draft",
        "digest": None,
        "decision": None,
        "missed_start": False,
        "pause_reason": None,
        "recipients": 1000,
        "failure": None,
        "created_at": "2030-01-01T08:00:00Z",
        "started_at": None,
        "sent_at": None,
        "finished_at": None,
        "totals": None,
    } | changes


def some_totals(**states: int) -> dict[str, int]:
    names = "pending sent delivered failed unknown suppressed expired cancelled segments in_doubt"
    totals = dict.fromkeys(names.split(), 0) | states
    counted = (number for name, number in totals.items() if name not in {"segments", "in_doubt"})
    return totals | {"total": sum(counted)}


def a_list(**changes: Any) -> dict[str, Any]:
    return {
        "id": "lst_1",
        "name": "numbers.csv",
        "status": "uploading",
        "author": "usr_1",
        "size": 12,
        "parts": 1,
        "part_bytes": 1000,
        "counts": {"valid": 0, "duplicate": 0, "invalid": {}},
        "digest": None,
        "failure": None,
        "created_at": "2030-01-01T08:00:00Z",
        "purpose": "recipients",
        "default_country": None,
        "number_column": None,
        "sha256": None,
        "progress": None,
    } | changes


@pytest.fixture
def campaign() -> Callable[..., dict[str, Any]]:
    return a_campaign


@pytest.fixture
def totals() -> Callable[..., dict[str, int]]:
    return some_totals


@pytest.fixture
def recipient_list() -> Callable[..., dict[str, Any]]:
    return a_list


def a_problem(status: int, **changes: Any) -> dict[str, Any]:
    return {
        "type": "urn:message-center:problem:conflict",
        "title": "Not possible now",
        "status": status,
        "detail": "It was decided already: approved.",
        "request_id": "req-1",
    } | changes


@pytest.fixture
def problem() -> Callable[..., dict[str, Any]]:
    return a_problem
