"""Suppression over HTTP (SPEC 5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import MASTER
from tests.fakes import samples
from tests.fakes.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.gateway import Gateway
    from tests.fakes.world import World

ROOT = "/v1/workspaces/wsp_a"
SUPPRESSIONS = f"{ROOT}/suppressions"
LISTS = f"{ROOT}/suppression-lists"
NUMBER = "+44 7400 000001"
FOR_ALL = "/v1/installation/workspaces/master/suppressions"


@pytest.fixture
def admin(world: World, sign_in: Callable[[str], str]) -> str:
    world.person("admin@example.com", Role.ADMIN)
    return sign_in("admin@example.com")


@pytest.fixture
def ruler(world: World, sign_in: Callable[[str], str]) -> str:
    world.installation.add_workspace(MASTER, "Installation", "UTC")
    user = world.installation.add_person("ruler@example.com", "Ruler", PASSWORD)
    world.installation.add_member(MASTER, user.id, Role.SUPER_ADMIN)
    return sign_in("ruler@example.com")


def test_a_number_is_added_shown_looked_up_and_lifted(gateway: Gateway, admin: str) -> None:
    new = {"numbers": [NUMBER, NUMBER], "note": "by phone"}
    assert gateway.call("POST", SUPPRESSIONS, new, token=admin).body == {"added": 1, "already": 1}

    (shown,) = gateway.call("GET", SUPPRESSIONS, token=admin).body["items"]
    assert (shown["number"], shown["source"], shown["note"], shown["lifted"]) == (
        "********0001",
        "added",
        "by phone",
        False,
    )
    full = gateway.call("GET", SUPPRESSIONS, token=admin, query={"numbers": "full"})
    assert full.body["items"][0]["number"] == "447400000001"

    found = gateway.call("POST", f"{SUPPRESSIONS}/look-up", {"number": NUMBER}, token=admin)
    assert found.body == {
        "number": "********0001",
        "ctn_hash": shown["ctn_hash"],
        "suppressed": True,
        "entry": shown,
        "lists": [],
        "for_all": False,
    }
    lifted = gateway.call("POST", f"{SUPPRESSIONS}/lift", {"numbers": [NUMBER]}, token=admin)
    assert lifted.body == {"lifted": 1, "already": 0}


def test_what_is_wrong_is_told_by_the_number_s_place(gateway: Gateway, admin: str) -> None:
    numbers = [NUMBER, NUMBER, NUMBER, "12"]
    refused = gateway.call("POST", SUPPRESSIONS, {"numbers": numbers}, token=admin)
    assert refused.status == 400
    assert [each["field"] for each in refused.body["errors"]] == ["numbers.3"]
    assert gateway.call("GET", SUPPRESSIONS, token=admin).body == {"items": [], "next": None}

    many = gateway.call("POST", SUPPRESSIONS, {"numbers": [NUMBER] * 1001}, token=admin)
    assert [each["field"] for each in many.body["errors"]] == ["numbers"]


@pytest.mark.parametrize("after", ["g" * 100, "\u20ac", "0"])
def test_a_forged_cursor_leads_nowhere_else(gateway: Gateway, admin: str, after: str) -> None:
    gateway.call("POST", SUPPRESSIONS, {"numbers": [NUMBER]}, token=admin)
    for path in (SUPPRESSIONS, LISTS):
        answer = gateway.call("GET", path, token=admin, query={"after": after})
        assert answer.status == 200
        assert len(answer.body["items"]) <= 1


def test_lists_are_shown_and_withdrawn(world: World, gateway: Gateway, admin: str) -> None:
    world.changes.commit(
        samples.recipient_list(), samples.suppression_list(), audit=samples.audit()
    )
    shown = {
        "list": "lst_a",
        "name": "all.csv",
        "numbers": 3,
        "at": "2026-03-02T09:00:00Z",
        "withdrawn_at": None,
    }
    assert gateway.call("GET", LISTS, token=admin).body == {"items": [shown], "next": None}

    withdrawn = gateway.call("POST", f"{LISTS}/lst_a/withdraw", token=admin)
    assert withdrawn.body == {
        "list": "lst_a",
        "at": "2026-03-02T09:00:00Z",
        "withdrawn_at": "2026-03-02T09:00:00Z",
    }
    assert gateway.call("POST", f"{LISTS}/lst_a/withdraw", token=admin).status == 409
    assert gateway.call("POST", f"{LISTS}/lst_b/withdraw", token=admin).status == 404


def test_super_admins_suppress_for_all_and_others_hear_only_that(
    gateway: Gateway, admin: str, ruler: str
) -> None:
    new = {"numbers": [NUMBER], "note": "a court said so"}
    assert gateway.call("POST", FOR_ALL, new, token=admin).status == 404
    assert gateway.call("POST", FOR_ALL, new, token=ruler).body == {"added": 1, "already": 0}
    for method, path in (
        ("GET", "suppressions"),
        ("POST", "suppressions/look-up"),
        ("GET", "suppression-lists"),
    ):
        body = {"number": NUMBER} if method == "POST" else None
        foreign = gateway.call(method, f"/v1/workspaces/master/{path}", body, token=admin)
        assert foreign.status == 404

    found = gateway.call("POST", f"{SUPPRESSIONS}/look-up", {"number": NUMBER}, token=admin)
    assert (found.body["suppressed"], found.body["for_all"]) == (True, True)
    assert (found.body["entry"], found.body["lists"]) == (None, [])
    assert gateway.call("GET", SUPPRESSIONS, token=admin).body["items"] == []
    (shown,) = gateway.call("GET", FOR_ALL, token=ruler).body["items"]
    assert shown["note"] == "a court said so"
