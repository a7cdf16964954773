"""Lists over HTTP: what is said of a file, going on with an upload, progress, rejected lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.recipient_list import PART_BYTES, ListStatus, rejects_key
from chalicelib.domain.rights import Role
from tests.fakes import samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.gateway import Gateway
    from tests.fakes.world import World

LISTS = "/v1/workspaces/wsp_a/lists"
NEW = {"name": "all.csv", "size": PART_BYTES + 5}
SAID = {
    "default_country": "GB",
    "purpose": "recipients",
    "sha256": "0f" * 32,
    "number_column": "phone",
}


@pytest.fixture
def token(sign_in: Callable[[str], str]) -> str:
    return sign_in("author@example.com")


@pytest.fixture
def admin(world: World, sign_in: Callable[[str], str]) -> str:
    world.person("admin@example.com", Role.ADMIN)
    return sign_in("admin@example.com")


def test_what_was_said_of_the_file_is_answered(gateway: Gateway, token: str) -> None:
    plain = gateway.call("POST", LISTS, NEW, token=token).body
    assert {name: plain[name] for name in SAID} == dict.fromkeys(SAID) | {"purpose": "recipients"}
    told = gateway.call("POST", LISTS, NEW | SAID, token=token).body
    assert {name: told[name] for name in SAID} == SAID
    assert told["progress"] is None
    shown = gateway.call("GET", f"{LISTS}/{told['id']}", token=token).body
    listed = gateway.call("GET", LISTS, token=token).body["items"]
    assert shown == told
    assert told in listed


@pytest.mark.parametrize(
    ("wrong", "field", "fix"),
    [
        ({"sha256": "0F" * 32}, "sha256", "64 hexadecimal digits"),
        ({"purpose": "fun"}, "purpose", "cannot be 'fun'"),
        ({"number_column": "x" * 101}, "number_column", "100"),
        ({"number_column": " "}, "number_column", "a heading of the file's first row"),
        ({"name": "all.txt", "number_column": "phone"}, "number_column", "leave this out"),
        ({"size": 2**40}, "size", "must be 1 to"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(
    gateway: Gateway, token: str, wrong: dict[str, Any], field: str, fix: str
) -> None:
    answer = gateway.call("POST", LISTS, NEW | wrong, token=token)
    assert answer.status == 400
    ((name, message),) = ((each["field"], each["message"]) for each in answer.body["errors"])
    assert name == field
    assert fix in message


def test_suppression_lists_take_another_right(gateway: Gateway, token: str, admin: str) -> None:
    stop = NEW | {"purpose": "suppression"}
    assert gateway.call("POST", LISTS, stop, token=token).status == 403
    assert gateway.call("POST", LISTS, stop, token=admin).body["purpose"] == "suppression"


def test_an_upload_goes_on_with_the_parts_that_are_missing(
    world: World, gateway: Gateway, token: str
) -> None:
    begun = gateway.call("POST", LISTS, NEW, token=token).body
    one = f"{LISTS}/{begun['id']}"
    assert gateway.call("GET", f"{one}/parts", token=token).body == {"parts": []}
    stored = world.campaigns.recipient_list("wsp_a", begun["id"])
    world.uploads.send(f"wsp_a/{stored.id}", stored.upload, 2, b"x" * 5)
    there = gateway.call("GET", f"{one}/parts", token=token).body
    assert there == {"parts": [{"part": 2, "size": 5}]}
    refused = gateway.call("POST", f"{one}/complete", token=token)
    assert refused.status == 409
    assert "upload the missing parts (1)" in refused.body["detail"]
    world.uploads.send(f"wsp_a/{stored.id}", stored.upload, 1, b"x" * PART_BYTES)
    assert gateway.call("POST", f"{one}/complete", token=token).status == 200
    assert gateway.call("GET", f"{one}/parts", token=token).status == 409


def test_how_far_its_reading_is(world: World, gateway: Gateway, token: str) -> None:
    begun = gateway.call("POST", LISTS, NEW, token=token).body
    stored = world.campaigns.recipient_list("wsp_a", begun["id"])
    world.changes.save(replace(stored, status=ListStatus.INGESTING), world.audit())
    one = f"{LISTS}/{begun['id']}"
    assert gateway.call("GET", one, token=token).body["progress"] is None
    at = world.clock.now()
    world.campaigns.note_progress(
        samples.ingest_progress(
            workspace="wsp_a",
            list=stored.id,
            size=1000,
            octets=500,
            lines=50,
            recipients=40,
            stored=0,
            begun_at=at,
            written_at=at + timedelta(seconds=2),
        )
    )
    expected = {
        "octets": 500,
        "size": 1000,
        "lines": 50,
        "recipients": 40,
        "stored": 0,
        "share": 0.25,
        "lines_per_second": 25.0,
        "begun_at": "2026-03-02T09:00:00Z",
        "ends_at": "2026-03-02T09:00:08Z",
    }
    assert gateway.call("GET", one, token=token).body["progress"] == expected
    assert gateway.call("GET", LISTS, token=token).body["items"][0]["progress"] == expected


def test_rejected_lines_have_an_address(
    world: World, gateway: Gateway, token: str, admin: str
) -> None:
    made = world.changes.save(
        samples.recipient_list(author=world.author.user, status=ListStatus.READY), world.audit()
    )
    rejects = f"{LISTS}/{made.id}/rejects"
    assert made.counts.rejected
    missing = gateway.call("GET", rejects, token=admin)
    assert (missing.status, missing.body["detail"]) == (
        404,
        "There is no such file of rejected lines.",
    )
    world.blobs.put(rejects_key("wsp_a", made.id), b"line,reason,value")
    assert gateway.call("GET", rejects, token=token).status == 403
    assert made.id in gateway.call("GET", rejects, token=admin).body["url"]
