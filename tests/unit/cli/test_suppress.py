"""`mc suppress`: numbers in portions, and an answer that says why a number gets no messages."""

from __future__ import annotations

from typing import Any

import pytest

from cli.errors import Exit

LISTS = "/suppression-lists?limit=200"


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "number": "********0001",
        "ctn_hash": "5f" * 32,
        "source": "added",
        "at": "2030-01-01T08:00:00Z",
        "by": "usr_1",
        "note": "asked by phone",
        "lifted": False,
    } | changes


def verdict(**changes: Any) -> dict[str, Any]:
    return {
        "number": "********0001",
        "ctn_hash": "5f" * 32,
        "suppressed": True,
        "entry": None,
        "lists": [],
        "for_all": False,
    } | changes


@pytest.mark.parametrize(
    ("action", "field", "path", "end"),
    [
        ("add", "added", "/suppressions", "2 numbers are suppressed; 1 were so already."),
        (
            "lift",
            "lifted",
            "/suppressions/lift",
            "2 numbers are no longer suppressed; 1 were so already.",
        ),
    ],
)
def test_numbers_are_sent_and_the_end_is_told(
    mc: Any, api: Any, action: str, field: str, path: str, end: str
) -> None:
    api.on("POST", path, {field: 2, "already": 1})
    assert mc("suppress", action, "+44 7400 1", "+44 7400 2", "+44 7400 1") == Exit.OK
    (sent,) = api.called("POST", path)
    assert sent.json["numbers"] == ["+44 7400 1", "+44 7400 2", "+44 7400 1"]
    assert mc.out == end + "\n"


def test_many_numbers_go_in_portions(mc: Any, api: Any) -> None:
    api.on("POST", "/suppressions", {"added": 1000, "already": 0}, {"added": 1, "already": 0})
    assert mc("suppress", "add", *map(str, range(1001)), "--note", "why") == Exit.OK
    sent = [each.json for each in api.called("POST", "/suppressions")]
    assert [len(each["numbers"]) for each in sent] == [1000, 1]
    assert {each["note"] for each in sent} == {"why"}
    assert mc.out == "1,001 numbers are suppressed.\n"


def test_one_page_says_how_to_go_on(mc: Any, api: Any) -> None:
    page = {"items": [entry(), entry(source="recipient", lifted=True, note="START")], "next": "c"}
    api.on("GET", "/suppressions?limit=50&numbers=masked", page)
    assert mc("suppress", "show") == Exit.OK
    assert "usr_1" in mc.out
    assert "lifted by the recipient" in mc.out
    assert "mc suppress show --after c" in mc.out


def test_all_pages_are_shown_in_full(mc: Any, api: Any) -> None:
    api.on("GET", "/suppressions?limit=200&numbers=full", {"items": [entry()], "next": "c"})
    last = {"items": [entry(number="447400000002")], "next": None}
    api.on("GET", "/suppressions?limit=200&numbers=full&after=c", last)
    assert mc("suppress", "show", "--full", "--all") == Exit.OK
    assert [line.split("\t")[0] for line in mc.out.splitlines()] == [
        "********0001",
        "447400000002",
    ]


@pytest.mark.parametrize(
    ("found", "says", "not_says"),
    [
        (verdict(entry=entry()), ["yes", "usr_1", "asked by phone"], ["lists", "for all"]),
        (verdict(lists=["lst_1", "lst_2"]), ["yes", "lst_1, lst_2"], ["usr_1"]),
        (verdict(for_all=True), ["yes", "for all workspaces"], ["lists"]),
        (verdict(suppressed=False, entry=entry(lifted=True)), ["no", "lifted by usr_1"], ["yes"]),
    ],
)
def test_a_check_says_why(
    mc: Any, api: Any, found: dict[str, Any], says: list[str], not_says: list[str]
) -> None:
    api.on("POST", "/suppressions/look-up", found)
    assert mc("suppress", "check", "+447400000001") == Exit.OK
    assert all(each in mc.out for each in says)
    assert not any(each in mc.out for each in not_says)


def test_lists_are_shown_and_withdrawn(mc: Any, api: Any) -> None:
    held = {
        "list": "lst_1",
        "name": "out.csv",
        "numbers": 1234,
        "at": "2030-01-01T08:00:00Z",
        "withdrawn_at": None,
    }
    api.on("GET", LISTS, {"items": [held], "next": None})
    assert mc("suppress", "lists") == Exit.OK
    assert "1,234" in mc.out
    api.on("POST", "/suppression-lists/lst_1/withdraw", held)
    assert mc("suppress", "withdraw", "lst_1") == Exit.OK
    assert "lst_1 is withdrawn" in mc.out
