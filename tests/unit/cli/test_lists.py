"""Uploads: the right bytes to the right addresses, tried again, and given up tidily."""

from __future__ import annotations

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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.csv"
    path.write_bytes(b"a" * PART_BYTES + b"tail")
    return path


@pytest.fixture
def bucket(api: Any, recipient_list: Callable[..., Any]) -> Any:
    begun = recipient_list(size=PART_BYTES + 4, parts=2, part_bytes=PART_BYTES)
    api.on("POST", "/lists", begun, status=201)
    parts = [{"part": number, "url": f"{S3}?part={number}"} for number in (1, 2)]
    api.on("POST", "/lists/lst_1/parts", {"parts": parts})
    api.on("PUT", f"{S3}?part=1", Answer(200, b""))
    api.on("PUT", f"{S3}?part=2", Answer(200, b""))
    api.on("POST", "/lists/lst_1/complete", begun)
    api.on("POST", "/lists/lst_1/abort", recipient_list(status="failed"))
    reading = recipient_list(status="ingesting")
    api.on("GET", "/lists/lst_1", reading, recipient_list(status="ready", counts=READY))
    return api


def test_the_parts_go_to_their_addresses_in_order(mc: Any, bucket: Any, file: Path) -> None:
    assert mc("upload", str(file), "--country", "gb") == Exit.OK
    begun = bucket.called("POST", "/lists")[0].json
    assert begun == {"name": "numbers.csv", "size": PART_BYTES + 4, "default_country": "GB"}
    puts = [each for each in bucket.requests if each.method == "PUT"]
    assert [each.body[-4:] for each in puts] == [b"aaaa", b"tail"]
    assert [len(each.body) for each in puts] == [PART_BYTES, 4]
    assert "lst_1 is ready: 998 valid, 1 duplicate, 1 invalid (1 too short)" in mc.out


def test_the_token_does_not_go_to_the_bucket(mc: Any, bucket: Any, file: Path) -> None:
    mc("upload", str(file))
    puts = [each for each in bucket.requests if each.method == "PUT"]
    assert all("Authorization" not in each.headers for each in puts)


def test_a_part_that_fails_is_tried_again_at_a_fresh_address(
    mc: Any, bucket: Any, file: Path
) -> None:
    bucket.on("PUT", f"{S3}?part=2", Unreachable(S3, "cut"), Answer(503, b""), Answer(200, b""))
    assert mc("upload", str(file)) == Exit.OK
    asked = [each.json["parts"] for each in bucket.called("POST", "/lists/lst_1/parts")]
    assert asked == [[1, 2], [2], [2]]


def test_what_cannot_be_uploaded_is_aborted(mc: Any, bucket: Any, file: Path) -> None:
    bucket.on("PUT", f"{S3}?part=1", Answer(403, b""))
    assert mc("upload", str(file)) == Exit.REFUSED
    assert "403" in mc.remarks
    assert bucket.called("POST", "/lists/lst_1/abort")
    assert not bucket.called("POST", "/lists/lst_1/complete")


def test_an_interrupted_upload_is_aborted(mc: Any, bucket: Any, file: Path) -> None:
    bucket.answers["PUT", f"{S3}?part=2"] = [Unreachable(S3, "cut")]

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    mc.slept = type("Slept", (list,), {"append": lambda _, seconds: interrupt(seconds)})()
    assert mc("upload", str(file)) == Exit.INTERRUPTED
    assert bucket.called("POST", "/lists/lst_1/abort")


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
