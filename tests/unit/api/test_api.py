"""The HTTP API on fakes: every route answers, errors are problem documents, nothing leaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from chalicelib.api import errors
from chalicelib.domain import errors as domain_errors
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.rights import Role
from tests.fakes.world import PASSWORD, accepted

if TYPE_CHECKING:
    from tests.fakes.gateway import Answer, Gateway
    from tests.fakes.world import World

ROOT = "/v1/workspaces/wsp_a"


def sign_in(gateway: Gateway, email: str = "author@example.com") -> str:
    answer = gateway.call("POST", "/v1/sign-in", {"email": email, "password": PASSWORD})
    assert answer.status == 201
    token: str = answer.body["token"]
    return token


def fields(answer: Answer) -> list[str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return [item["field"] for item in answer.body["errors"]]


def test_health_needs_nobody(gateway: Gateway) -> None:
    assert gateway.call("GET", "/v1/health").body == {"status": "ok"}


def test_who_one_is_and_signing_out(gateway: Gateway) -> None:
    token = sign_in(gateway)
    me = gateway.call("GET", "/v1/me", token=token).body
    assert me["user"]["email"] == "author@example.com"
    assert me["workspaces"] == [{"id": "wsp_a", "role": "author", "is_moderator": False}]
    assert gateway.call("POST", "/v1/sign-out", token=token).status == 200
    refused = gateway.call("GET", "/v1/me", token=token)
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert refused.body["type"] == "urn:message-center:problem:unauthenticated"


def test_a_campaign_over_http(world: World, gateway: Gateway) -> None:
    token, moderator = sign_in(gateway), sign_in(gateway, "moderator@example.com")
    begun = gateway.call("POST", f"{ROOT}/lists", {"name": "a.csv", "size": 9}, token=token)
    assert (begun.status, begun.body["status"]) == (201, "uploading")
    one = f"{ROOT}/lists/{begun.body['id']}"
    parts = gateway.call("POST", f"{one}/parts", {"parts": [1]}, token=token).body["parts"]
    assert [part["part"] for part in parts] == [1]
    assert gateway.call("POST", f"{one}/complete", token=token).status == 409
    assert gateway.call("GET", one, token=token).body["size"] == 9
    assert gateway.call("POST", f"{one}/abort", token=token).body["status"] == "failed"
    listing = gateway.call("GET", f"{ROOT}/lists", token=token, query={"limit": "1"})
    assert len(listing.body["items"]) == 1

    recipients = world.ready_list([447_700_900_001])
    sender = gateway.call("GET", f"{ROOT}/senders", token=token).body["items"][0]["id"]
    new = {"name": "Spring", "text": "Hello", "sender": sender, "list": recipients.id}
    created = gateway.call("POST", f"{ROOT}/campaigns", new, token=token)
    assert (created.status, created.body["approval"]) == (201, "draft")
    campaign = f"{ROOT}/campaigns/{created.body['id']}"
    submitted = gateway.call("POST", f"{campaign}/submit", token=token).body
    assert submitted["approval"] == "submitted"
    shown = {"digest": submitted["digest"]}
    denied = gateway.call("POST", f"{campaign}/approve", shown, token=token)
    assert (denied.status, denied.body["title"]) == (403, "Not allowed")
    rejected = gateway.call("POST", f"{campaign}/reject", {"note": "typo"}, token=moderator)
    assert rejected.body["decision"]["note"] == "typo"
    again = gateway.call("POST", f"{campaign}/approve", shown, token=moderator)
    assert again.body["type"] == "urn:message-center:problem:already-decided"
    gateway.call("POST", f"{campaign}/submit", token=token)
    assert gateway.call("POST", f"{campaign}/approve", shown, token=moderator).status == 200
    assert gateway.call("POST", f"{campaign}/start", token=token).body["status"] == "building"
    assert gateway.call("POST", f"{campaign}/pause", token=token).body["status"] == "paused"
    assert gateway.call("POST", f"{campaign}/resume", token=token).body["status"] == "building"
    illegal = gateway.call("POST", f"{campaign}/start", token=token)
    assert illegal.body["type"] == "urn:message-center:problem:illegal-move"

    world.driver.build(world.workspace, created.body["id"])
    world.answer(created.body["id"], 0, 1, [accepted(0, "m-0")])
    world.folder.fold(world.workspace, created.body["id"], 0)
    assert gateway.call("GET", campaign, token=token).body["totals"]["sent"] == 1
    (line,) = gateway.call("GET", f"{campaign}/recipients", token=token).body["items"]
    assert (line["state"], line["parts"][0]["message_id"]) == ("sent", "m-0")
    assert "447700900001" not in json.dumps(line)
    assert gateway.call("POST", f"{campaign}/cancel", token=token).body["status"] == "cancelled"
    page = gateway.call("GET", f"{ROOT}/campaigns", token=token).body
    assert [item["id"] for item in page["items"]] == [created.body["id"]]
    assert gateway.call("GET", ROOT, token=token).body["name"] == "Acme"


def test_foreign_and_missing_look_alike(world: World, gateway: Gateway) -> None:
    world.installation.add_workspace("wsp_b", "Other", "UTC")
    token = sign_in(gateway)
    foreign = gateway.call("GET", "/v1/workspaces/wsp_b/campaigns", token=token)
    missing = gateway.call("GET", "/v1/workspaces/wsp_c/campaigns", token=token)
    assert foreign.status == 404
    assert (foreign.status, foreign.headers, foreign.body) == (
        missing.status,
        missing.headers,
        missing.body,
    )


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("{", ""),
        ('{"name":', ""),
        ("\xff", ""),
        ('{"size": 1}', "name"),
        ('{"name": 1, "size": 1}', "name"),
        ('{"name": "a.csv", "size": 1, "colour": "red"}', "colour"),
        ('{"name": "a.csv", "size": 1, "default_country": "gb"}', "default_country"),
        ('{"name": "a.pdf", "size": 1}', "name"),
        ("[]", ""),
    ],
)
def test_a_bad_body_names_its_field(gateway: Gateway, raw: str, field: str) -> None:
    token = sign_in(gateway)
    answer = gateway.send(gateway.event("POST", f"{ROOT}/lists", raw=raw, token=token))
    assert answer.status == 400
    assert fields(answer) == [field]


@pytest.mark.parametrize("limit", ["0", "201", "x", "-1", "\u0661", "9" * 5000])
def test_a_page_has_a_size(gateway: Gateway, limit: str) -> None:
    token = sign_in(gateway)
    answer = gateway.call("GET", f"{ROOT}/campaigns", token=token, query={"limit": limit})
    assert fields(answer) == ["limit"]


@pytest.mark.parametrize("after", ["", "x" * 101])
def test_a_cursor_is_not_just_anything(gateway: Gateway, after: str) -> None:
    token = sign_in(gateway)
    answer = gateway.call("GET", f"{ROOT}/campaigns", token=token, query={"after": after})
    assert fields(answer) == ["after"]


@pytest.mark.parametrize("header", [None, "", "Basic x", "Bearer", "Bearer "])
def test_without_a_token_nothing_opens(gateway: Gateway, header: str | None) -> None:
    event = gateway.event("GET", f"{ROOT}/campaigns")
    if header is not None:
        event["headers"]["Authorization"] = header
        event["multiValueHeaders"]["Authorization"] = [header]
    assert gateway.send(event).status == 401


def test_an_unexpected_error_tells_nothing_but_where_to_look(
    world: World, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = sign_in(gateway)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("table wsp_secret is on fire")

    monkeypatch.setattr(type(world.campaigns), "campaigns", broken)
    answer = gateway.call("GET", f"{ROOT}/campaigns", token=token)
    assert answer.status == 500
    assert "fire" not in json.dumps(answer.body)
    assert answer.body["request_id"] == "req-1"


def test_what_chalice_refuses_is_a_problem_document(gateway: Gateway) -> None:
    event = gateway.event("POST", "/v1/sign-in", {"email": "a", "password": "b"})
    event["headers"]["Content-Type"] = "text/plain"
    event["multiValueHeaders"]["Content-Type"] = ["text/plain"]
    answer = gateway.send(event)
    assert answer.status == 415
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["type"] == "urn:message-center:problem:unsupported-media-type"
    assert "text/plain" in answer.body["detail"]


def test_every_domain_error_has_a_row_of_its_own() -> None:
    leaves = [
        kind
        for kind in vars(domain_errors).values()
        if isinstance(kind, type)
        and issubclass(kind, domain_errors.MessageCenterError)
        and kind is not domain_errors.MessageCenterError
    ]
    assert {row[0] for row in errors.TABLE} == set(leaves)
    for narrow in leaves:
        rows = [kind for kind, _ in errors.TABLE]
        for wide in leaves:
            if narrow is not wide and issubclass(narrow, wide):
                assert rows.index(narrow) < rows.index(wide)


def test_a_right_taken_away_is_gone_with_the_next_request(world: World, gateway: Gateway) -> None:
    token = sign_in(gateway, "moderator@example.com")
    recipients = world.ready_list([447_700_900_001])
    assert recipients.status is ListStatus.READY
    member = world.directory.member(world.workspace, world.moderator.user)
    assert member is not None
    assert member.role is Role.MODERATOR
    world.records.remove(member)
    assert gateway.call("GET", ROOT, token=token).status == 404
