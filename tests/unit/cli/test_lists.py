"""Lists: upload one and wait for it, look at them. How parts are sent: test_uploading."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from cli.errors import Exit, Unreachable
from cli.transport import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

S3 = "http://127.0.0.1:4566/uploads/demo/lst_1"
READY = {"valid": 998, "duplicate": 1, "invalid": {"too_short": 1}}
PART_BYTES = 1000
DATA = b"a" * PART_BYTES + b"tail"
SHA256 = hashlib.sha256(DATA).hexdigest()
NOTHING: dict[str, Any] = {"items": [], "next": None}
ME = {"user": {"id": "usr_1", "email": "author@demo.example", "name": "Ann"}, "workspaces": []}
READING = {
    "octets": 500,
    "size": 1000,
    "lines": 50_000,
    "recipients": 40,
    "stored": 0,
    "share": 0.25,
    "lines_per_second": 25_000.0,
    "begun_at": "2030-01-01T08:00:00Z",
    "ends_at": "2030-01-01T08:00:08Z",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.csv"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def begun(recipient_list: Callable[..., Any]) -> Any:
    return recipient_list(size=len(DATA), parts=2, part_bytes=PART_BYTES, sha256=SHA256)


@pytest.fixture
def bucket(api: Any, begun: Any, recipient_list: Callable[..., Any]) -> Any:
    api.on("GET", "/lists?limit=200", NOTHING)
    api.on("GET", "http://127.0.0.1:8080/v1/me", ME)
    api.on("POST", "/lists", begun, status=201)
    api.on("GET", "/lists/lst_1/parts", {"parts": []})
    parts = [{"part": number, "url": f"{S3}?part={number}"} for number in (1, 2)]
    api.on("POST", "/lists/lst_1/parts", {"parts": parts})
    api.on("PUT", f"{S3}?part=1", Answer(200, b""))
    api.on("PUT", f"{S3}?part=2", Answer(200, b""))
    api.on("POST", "/lists/lst_1/complete", begun)
    api.on("POST", "/lists/lst_1/abort", recipient_list(status="failed"))
    reading = recipient_list(status="ingesting", progress=READING)
    api.on("GET", "/lists/lst_1", reading, recipient_list(status="ready", counts=READY))
    return api


def puts(api: Any) -> dict[str, bytes]:
    return {each.url: each.body for each in api.requests if each.method == "PUT"}


def test_the_parts_go_to_their_addresses(mc: Any, bucket: Any, file: Path) -> None:
    assert mc("upload", str(file), "--country", "gb") == Exit.OK
    assert bucket.called("POST", "/lists")[0].json == {
        "name": "numbers.csv",
        "size": PART_BYTES + 4,
        "default_country": "GB",
        "number_column": None,
        "purpose": "recipients",
        "sha256": SHA256,
    }
    assert puts(bucket) == {f"{S3}?part=1": b"a" * PART_BYTES, f"{S3}?part=2": b"tail"}
    assert "lst_1 is ready: 998 valid, 1 duplicate, 1 invalid (1 too short)" in mc.out
    assert mc.remarks == ""


def test_what_the_list_is_for_is_said(mc: Any, bucket: Any, file: Path) -> None:
    given = ("--suppress", "--number-column", "phone", "--parallel", "1")
    assert mc("upload", str(file), *given) == Exit.OK
    said = bucket.called("POST", "/lists")[0].json
    assert (said["purpose"], said["number_column"]) == ("suppression", "phone")


def test_the_token_does_not_go_to_the_bucket(mc: Any, bucket: Any, file: Path) -> None:
    mc("upload", str(file))
    sent = [each for each in bucket.requests if each.method == "PUT"]
    assert len(sent) == 2
    assert all("Authorization" not in each.headers for each in sent)
    assert sorted(each.headers["Content-Length"] for each in sent) == ["1000", "4"]


def test_the_same_command_goes_on_with_what_is_missing(
    mc: Any, bucket: Any, file: Path, begun: Any
) -> None:
    bucket.on("GET", "/lists?limit=200", {"items": [begun], "next": None})
    bucket.on("GET", "/lists/lst_1/parts", {"parts": [{"part": 1, "size": PART_BYTES}]})
    assert mc("upload", str(file)) == Exit.OK
    assert not bucket.called("POST", "/lists")
    assert puts(bucket) == {f"{S3}?part=2": b"tail"}
    assert "Went on with lst_1: 1 part of 2 had arrived before." in mc.remarks


def test_one_whose_parts_were_dropped_is_begun_anew(
    mc: Any, bucket: Any, file: Path, begun: Any, problem: Callable[..., Any]
) -> None:
    old = begun | {"id": "lst_0"}
    bucket.on("GET", "/lists?limit=200", {"items": [old], "next": None})
    bucket.on("GET", "/lists/lst_0/parts", problem(409), status=409)
    bucket.on("POST", "/lists/lst_0/complete", problem(409), status=409)
    assert mc("upload", str(file)) == Exit.OK
    assert len(puts(bucket)) == 2
    assert "Beginning anew." in mc.remarks


def test_what_cannot_be_sent_stays_and_is_told(mc: Any, bucket: Any, file: Path) -> None:
    bucket.on("PUT", f"{S3}?part=1", Answer(403, b""))
    assert mc("upload", str(file)) == Exit.REFUSED
    assert "403" in mc.remarks
    assert "the same command goes on with it, and `mc upload --abort lst_1`" in mc.remarks
    assert not bucket.called("POST", "/lists/lst_1/abort")
    assert not bucket.called("POST", "/lists/lst_1/complete")


def test_an_interrupted_upload_stays_and_is_told(mc: Any, bucket: Any, file: Path) -> None:
    bucket.answers["PUT", f"{S3}?part=2"] = [Unreachable(S3, "cut")]

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    mc.slept = type("Slept", (list,), {"append": lambda _, seconds: interrupt(seconds)})()
    assert mc("upload", str(file)) == Exit.INTERRUPTED
    assert "the same command goes on" in mc.remarks
    assert not bucket.called("POST", "/lists/lst_1/abort")


def test_an_upload_can_be_given_up(mc: Any, bucket: Any) -> None:
    assert mc("upload", "--abort", "lst_1") == Exit.OK
    assert "lst_1 is given up" in mc.out
    assert len(bucket.called("POST", "/lists/lst_1/abort")) == 1
    assert mc("upload") == Exit.USAGE


@pytest.mark.parametrize("number", ["0", "17", "two", "-1", "\u00b2"])
def test_parts_at_once_are_bounded(mc: Any, number: str) -> None:
    with pytest.raises(SystemExit):
        mc("upload", "numbers.csv", f"--parallel={number}")


def test_a_file_that_changes_meanwhile_is_noticed_and_given_up(
    mc: Any, bucket: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = type(bucket).request

    def changing(self: Any, method: str, url: str, headers: Any, body: Any) -> Any:
        if url.endswith("/lists/lst_1/parts"):
            file.write_bytes(DATA + b"more")
        return real(self, method, url, headers, body)

    monkeypatch.setattr(type(bucket), "request", changing)
    assert mc("upload", str(file)) == Exit.USAGE
    assert "numbers.csv changed while it was read" in mc.remarks
    assert len(bucket.called("POST", "/lists/lst_1/abort")) == 1
    assert not bucket.called("POST", "/lists/lst_1/complete")


def test_waiting_bears_a_server_that_restarts(
    mc: Any, bucket: Any, file: Path, recipient_list: Callable[..., Any]
) -> None:
    away = [Unreachable(S3, "away")] * 3
    bucket.on("GET", "/lists/lst_1", *away, recipient_list(status="ready", counts=READY))
    assert mc("upload", str(file)) == Exit.OK


def test_waiting_ends_where_nobody_answers(mc: Any, bucket: Any, file: Path) -> None:
    bucket.on("GET", "/lists/lst_1", Unreachable(S3, "away"))
    assert mc("upload", str(file)) == Exit.UNREACHABLE
    assert "The file has arrived and is read all the same: `mc lists lst_1`" in mc.remarks
    assert 60 <= sum(mc.slept) < 63
    assert (mc.slept[0], mc.slept[-1]) == (0.5, 2.0)


def test_a_list_that_fails_says_why(
    mc: Any, bucket: Any, file: Path, recipient_list: Callable[..., Any]
) -> None:
    bucket.on("GET", "/lists/lst_1", recipient_list(status="failed", failure="It is empty."))
    assert mc("upload", str(file)) == Exit.ENDED_BADLY
    assert "It is empty." in mc.remarks


def test_a_file_that_is_not_there_is_named(mc: Any, api: Any) -> None:
    assert mc("upload", "nowhere.csv") == Exit.USAGE
    assert "nowhere.csv" in mc.remarks
    assert api.requests == []


def test_all_pages_of_lists_are_shown(
    mc: Any, api: Any, recipient_list: Callable[..., Any]
) -> None:
    first = {"items": [recipient_list(id="lst_1")], "next": "c1"}
    second = {"items": [recipient_list(id="lst_2", counts=READY)], "next": None}
    api.on("GET", "/lists?limit=200", first)
    api.on("GET", "/lists?limit=200&after=c1", second)
    assert mc("lists") == Exit.OK
    assert "lst_1" in mc.out
    assert "998" in mc.out
    assert mc("lists", "--json") == Exit.OK
    assert [item["id"] for item in mc.json["items"]] == ["lst_1", "lst_2"]


def test_one_list_shows_its_counts(mc: Any, api: Any, recipient_list: Callable[..., Any]) -> None:
    api.on("GET", "/lists/lst_1", recipient_list(status="failed", failure="no", counts=READY))
    assert mc("lists", "lst_1") == Exit.OK
    assert "998 valid" in mc.out
    assert "failure" in mc.out
    assert "purpose" not in mc.out


def test_one_list_shows_what_it_is_for_and_how_far_it_is(
    mc: Any, api: Any, recipient_list: Callable[..., Any]
) -> None:
    shown = recipient_list(status="ingesting", purpose="suppression", progress=READING)
    api.on("GET", "/lists/lst_1", shown)
    assert mc("lists", "lst_1") == Exit.OK
    assert "suppression" in mc.out
    assert "██████░░░░░░░░░░░░░░░░░░  25 %  50,000 lines  25,000/s  0:06 left" in mc.out
