"""Erasing a number and deleting a list, as commands."""

from __future__ import annotations

from typing import Any

from cli.errors import Exit
from cli.transport import Answer


def erasure(**changes: Any) -> dict[str, Any]:
    return {
        "id": "era_1",
        "ctn_hash": "5f" * 32,
        "status": "running",
        "keep_suppressed": False,
        "asked_by": "usr_1",
        "lists": 1,
        "erased": 0,
        "waiting": [],
        "suppressed": None,
        "created_at": "2026-03-02T09:00:00Z",
        "finished_at": None,
        **changes,
    }


def test_a_number_is_erased_and_its_progress_shown(mc: Any, api: Any) -> None:
    api.on("POST", "/erasures", erasure(), status=201)
    assert mc("erase", "+447700900123") == Exit.OK
    assert api.requests[-1].json == {"number": "+447700900123", "keep_suppressed": False}
    assert "mc erasures era_1" in mc.out
    assert "447700900123" not in mc.out
    assert mc("erase", "+447700900123", "--keep-suppressed") == Exit.OK
    assert api.requests[-1].json["keep_suppressed"] is True


def test_how_far_one_is(mc: Any, api: Any) -> None:
    api.on("GET", "/erasures/era_1", erasure(waiting=["lst_1"]))
    assert mc("erasures", "era_1") == Exit.OK
    assert "1 list looked through" in mc.out
    assert "still to come: lst_1" in mc.out
    done = erasure(status="done", finished_at="2026-03-02T09:05:00Z", suppressed="removed")
    api.on("GET", "/erasures/era_1", done)
    assert mc("erasures", "era_1") == Exit.OK
    assert "removed" in mc.out
    assert "still to come" not in mc.out


def test_all_erasures_are_listed(mc: Any, api: Any) -> None:
    api.on("GET", "/erasures?limit=200", {"items": [erasure(erased=12)], "next": None})
    assert mc("erasures") == Exit.OK
    assert "era_1" in mc.out
    assert "12" in mc.out
    assert mc("erasures", "--json") == Exit.OK
    assert [item["id"] for item in mc.json["items"]] == ["era_1"]


def test_a_list_is_deleted_or_it_is_said_why_not(mc: Any, api: Any) -> None:
    api.on("DELETE", "/lists/lst_1", Answer(204, b""))
    assert mc("list", "delete", "lst_1") == Exit.OK
    assert "lst_1 is deleted" in mc.out
    held = {"type": "x", "title": "Not possible now", "status": 409, "detail": "cmp_1 uses it."}
    api.on("DELETE", "/lists/lst_1", held, status=409)
    assert mc("list", "delete", "lst_1") == Exit.REFUSED
    assert "cmp_1 uses it." in mc.remarks
