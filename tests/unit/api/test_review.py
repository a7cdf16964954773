"""The review as callers read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.content import Mode
from chalicelib.domain.recipient_list import ListCounts

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.fakes.gateway import Gateway
    from tests.fakes.world import World

NUMBERS = [447_700_900_000, 447_700_900_001, 447_700_900_002]
SCREENED = {
    "progress": "complete",
    "recipients": 3,
    "counted": 3,
    "counted_at": "2026-03-02T09:00:00Z",
}


def shown(gateway: Gateway, token: str, workspace: str, campaign: str) -> Any:
    answer = gateway.call(
        "GET", f"/v1/workspaces/{workspace}/campaigns/{campaign}/review", token=token
    )
    assert answer.status == 200, answer.body
    return answer.body


def test_a_personal_texts_review(
    world: World, gateway: Gateway, sign_in: Callable[[str], str]
) -> None:
    recipients = world.ready_list(NUMBERS, columns={"name": ["Anna", "Łukasz", ""]})
    campaign = world.draft(text="Hello {{name}}!", list=recipients.id)
    body = shown(gateway, sign_in("moderator@example.com"), world.workspace, campaign.id)

    text = {"encoding": "gsm7", "parts": 1, "fits": True}
    gap = {**text, "text": "Hello !", "characters": 7, "units": 7}
    anna = {**text, "text": "Hello Anna!", "characters": 11, "units": 11}
    foreign = {**anna, "text": "Hello Łukasz!", "encoding": "ucs2", "characters": 13, "units": 13}
    assert (body["text"], body["samples"]) == (gap, [foreign, gap, anna])
    assert body["spread"] == {
        "progress": "complete",
        "recipients": 3,
        "counted": 3,
        "by_parts": [{"parts": 1, "recipients": 3}],
        "by_encoding": {"gsm7": 2, "ucs2": 1},
        "too_long": 0,
        "empty": 0,
        "gaps": {"name": 1},
    }
    assert (body["parts"], body["columns"], body["address"]) == (3, ["name"], "ACME")
    assert body["counts"] == {
        "valid": 3,
        "duplicate": 0,
        "invalid": {},
        "suppressed": 0,
        "emptied": {},
        "screening": SCREENED,
    }
    assert body["plan"] == {
        "fits": True,
        "objection": None,
        "final": True,
        "begins_at": "2026-03-02T09:00:00Z",
        "finishes_at": "2026-03-02T09:00:00.042987Z",
        "messages_per_second": 69.79,
        "left": 0,
        "days": [
            {
                "date": "2026-03-02",
                "recipients": 3,
                "begins_at": "2026-03-02T09:00:00Z",
                "ends_at": "2026-03-02T09:00:00.042987Z",
            }
        ],
    }
    assert (body["digest"], body["status"], body["approval"]) == (None, "new", "draft")
    assert body["problems"] == []


def test_the_review_of_what_is_not_written_yet(
    world: World, gateway: Gateway, sign_in: Callable[[str], str]
) -> None:
    campaign = world.draft(mode=Mode.TRIGGER, text="", sender=None, name="")
    body = shown(gateway, sign_in("author@example.com"), world.workspace, campaign.id)
    for name in ("counts", "text", "spread", "parts", "plan"):
        assert body[name] is None
    assert (body["samples"], body["columns"]) == ([], [])
    assert {problem["field"] for problem in body["problems"]} >= {"name", "text"}


def test_the_review_of_a_list_that_is_being_counted(
    world: World,
    gateway: Gateway,
    sign_in: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chalicelib.usecases.review.AT_ONCE", 0)
    counts = ListCounts(3, 1, {"too_short": 2}, {"name": 1})
    ready = world.ready_list(NUMBERS, columns={"name": ["", "", ""]})
    world.records.put(replace(ready, counts=counts))
    campaign = world.draft(text="Hello {{name}}!", list=ready.id)
    body = shown(gateway, sign_in("author@example.com"), world.workspace, campaign.id)
    assert body["spread"] == {
        "progress": "none",
        "recipients": 3,
        "counted": 0,
        "by_parts": [],
        "by_encoding": {},
        "too_long": 0,
        "empty": 0,
        "gaps": {},
    }
    assert body["counts"] == {
        "valid": 3,
        "duplicate": 1,
        "invalid": {"too_short": 2},
        "suppressed": 0,
        "emptied": {"name": 1},
        "screening": SCREENED,
    }
    assert body["plan"]["final"] is False
