"""Recipients of a list, and looking one up, as HTTP shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.rights import Role
from chalicelib.usecases.hash_index import Indexer
from functions.ingest.indexing import store_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.gateway import Answer, Gateway
    from tests.fakes.world import World

ROOT = "/v1/workspaces/wsp_a"
NUMBER = 447_400_123_456
ADMIN = "admin@example.com"


@pytest.fixture
def author(world: World, sign_in: Callable[[str], str]) -> str:
    del world
    return sign_in("author@example.com")


@pytest.fixture
def admin(world: World, sign_in: Callable[[str], str]) -> str:
    world.person(ADMIN, Role.ADMIN)
    return sign_in(ADMIN)


@pytest.fixture
def path(world: World) -> str:
    """Of a list with two recipients and a column."""
    made = world.ready_list([NUMBER, NUMBER + 1], columns={"name": ["Anna", "Bo"]})
    return f"{ROOT}/lists/{made.id}"


@pytest.fixture
def ctn_hash(world: World) -> str:
    return tokens.hasher(world.data_key())(str(NUMBER)).hex()


def index(world: World, path: str) -> None:
    ports = (world.directory, world.campaigns, world.blobs, world.data_keys)
    assert Indexer(*ports, store_parts).index(world.workspace, path.rpartition("/")[2])


def fields(answer: Answer) -> set[str]:
    assert answer.status == 400, answer.body
    return {item["field"] for item in answer.body["errors"]}


def readings(world: World) -> list[Any]:
    return [record for record in world.records.audit if record.action == "numbers.read"]


def test_a_page_is_masked(
    world: World, gateway: Gateway, author: str, path: str, ctn_hash: str
) -> None:
    body = gateway.call("GET", f"{path}/recipients", token=author).body
    assert (len(body["items"]), body["next"]) == (2, None)
    assert {"********3456", "********3457"} == {item["number"] for item in body["items"]}
    assert {item["values"] for item in body["items"]} == {None}
    assert ctn_hash in {item["ctn_hash"] for item in body["items"]}
    assert str(NUMBER) not in str(body)
    assert readings(world) == []


def test_pages_follow_each_other(gateway: Gateway, author: str, path: str) -> None:
    first = gateway.call("GET", f"{path}/recipients", token=author, query={"limit": "1"}).body
    query = {"limit": "1", "after": first["next"]}
    second = gateway.call("GET", f"{path}/recipients", token=author, query=query).body
    assert first["next"] == second["items"][0]["place"]
    assert (second["next"], len(second["items"])) == (None, 1)
    assert first["items"] != second["items"]


def test_full_numbers_are_for_those_with_the_right_and_recorded(
    world: World, gateway: Gateway, author: str, admin: str, path: str
) -> None:
    full = {"numbers": "full"}
    assert gateway.call("GET", f"{path}/recipients", token=author, query=full).status == 403
    wanted = {"number": f"+{NUMBER}", **full}
    assert gateway.call("POST", f"{path}/look-up", wanted, token=author).status == 403
    assert readings(world) == []
    items = gateway.call("GET", f"{path}/recipients", token=admin, query=full).body["items"]
    assert {item["number"]: item["values"] for item in items} == {
        str(NUMBER): {"name": "Anna"},
        str(NUMBER + 1): {"name": "Bo"},
    }
    found = gateway.call("POST", f"{path}/look-up", wanted, token=admin).body
    assert found["recipient"]["number"] == str(NUMBER)
    assert found["recipient"]["values"] == {"name": "Anna"}
    assert len(readings(world)) == 2
    assert str(NUMBER) not in str(readings(world))


def test_a_number_is_looked_up_by_itself_and_by_its_hash(
    world: World, gateway: Gateway, author: str, path: str, ctn_hash: str
) -> None:
    index(world, path)
    for wanted in (
        {"number": "+44 7400 123456"},
        {"number": "07400 123456", "country": "GB"},
        {"ctn_hash": ctn_hash},
        {"ctn_hash": ctn_hash.upper()},
    ):
        answer = gateway.call("POST", f"{path}/look-up", wanted, token=author)
        assert answer.status == 200, answer.body
        assert answer.body["found"] is True
        found = answer.body["recipient"]
        assert (found["number"], found["ctn_hash"], found["values"]) == (
            "********3456",
            ctn_hash,
            None,
        )
    missing = gateway.call("POST", f"{path}/look-up", {"number": "+447400999999"}, token=author)
    assert (missing.status, missing.body) == (200, {"found": False, "recipient": None})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "number"),
        ({"number": "+447400123456", "ctn_hash": "0" * 64}, "number"),
        ({"number": "none"}, "number"),
        ({"number": ""}, "number"),
        ({"number": "1" * 65}, "number"),
        ({"number": 447400123456}, "number"),
        ({"ctn_hash": "0" * 63}, "ctn_hash"),
        ({"ctn_hash": "x" * 64}, "ctn_hash"),
        ({"number": "07400123456", "country": "gb"}, "country"),
        ({"number": "07400123456", "country": "XX"}, "country"),
        ({"number": "+447400123456", "numbers": "some"}, "numbers"),
        ({"phone": "+447400123456"}, "phone"),
    ],
)
def test_what_is_wrong_with_a_look_up_is_named(
    gateway: Gateway, author: str, path: str, body: dict[str, Any], field: str
) -> None:
    answer = gateway.call("POST", f"{path}/look-up", body, token=author)
    assert fields(answer) == {field}
    assert "7400123456" not in str(answer.body)


def test_what_is_wrong_with_a_page_is_named(gateway: Gateway, author: str, path: str) -> None:
    for query, field in (({"after": "x"}, "after"), ({"numbers": "some"}, "numbers")):
        answer = gateway.call("GET", f"{path}/recipients", token=author, query=query)
        assert fields(answer) == {field}


def test_a_list_that_is_not_ready_says_what_it_is(
    world: World, gateway: Gateway, author: str, path: str
) -> None:
    recipients = world.campaigns.recipient_list(world.workspace, path.rpartition("/")[2])
    world.records.put(replace(recipients, status=ListStatus.INGESTING))
    page = gateway.call("GET", f"{path}/recipients", token=author)
    found = gateway.call("POST", f"{path}/look-up", {"number": "+447400123456"}, token=author)
    for answer in (page, found):
        assert (answer.status, "ingesting" in answer.body["detail"]) == (409, True)


def test_a_list_that_is_being_indexed_says_so(
    gateway: Gateway, author: str, path: str, ctn_hash: str
) -> None:
    answer = gateway.call("POST", f"{path}/look-up", {"ctn_hash": ctn_hash}, token=author)
    assert answer.status == 409
    assert "being indexed" in answer.body["detail"]


def test_a_key_that_may_view_looks_up(gateway: Gateway, admin: str, path: str) -> None:
    new = {"name": "Shop", "scopes": ["view"]}
    key = gateway.call("POST", f"{ROOT}/api-keys", new, token=admin).body["token"]
    found = gateway.call("POST", f"{path}/look-up", {"number": f"+{NUMBER}"}, token=key)
    assert (found.status, found.body["found"]) == (200, True)
    wanted = {"number": f"+{NUMBER}", "numbers": "full"}
    assert gateway.call("POST", f"{path}/look-up", wanted, token=key).status == 403
