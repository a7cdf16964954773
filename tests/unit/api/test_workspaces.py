"""Settings, members, invitations, join requests, keys and clients, as HTTP shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.rights import Role
from tests.fakes.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.gateway import Answer, Gateway
    from tests.fakes.world import World

ROOT = "/v1/workspaces/wsp_a"
ADMIN = "admin@example.com"


@pytest.fixture
def admin(world: World, sign_in: Callable[[str], str]) -> str:
    world.person(ADMIN, Role.ADMIN)
    return sign_in(ADMIN)


def fields(answer: Answer) -> set[str]:
    assert answer.status == 400, answer.body
    return {item["field"] for item in answer.body["errors"]}


def test_settings_are_read_changed_and_guarded_by_their_version(
    gateway: Gateway, admin: str
) -> None:
    before = gateway.call("GET", ROOT, token=admin)
    tag = before.headers["ETag"]
    change = {
        "daily_window": {"opens": "08:00", "closes": "24:00"},
        "daily_limit": {"count": 5000, "unit": "messages"},
        "retention": {"audit_days": 120},
        "permissions": {"exports:write": {"author": "none"}},
    }
    changed = gateway.call("PATCH", ROOT, change, token=admin, headers={"If-Match": tag})
    assert changed.status == 200
    assert changed.headers["ETag"] != tag
    assert changed.body["daily_window"] == change["daily_window"]
    assert changed.body["retention"]["audit_days"] == 120
    assert changed.body["retention"]["list_days"] == before.body["retention"]["list_days"]
    assert changed.body["name"] == before.body["name"]
    late = gateway.call("PATCH", ROOT, {"name": "X"}, token=admin, headers={"If-Match": tag})
    assert (late.status, late.body["type"]) == (412, "urn:message-center:problem:outdated")
    cleared = gateway.call("PATCH", ROOT, {"daily_window": None}, token=admin)
    assert cleared.body["daily_window"] is None
    assert cleared.body["daily_limit"] == change["daily_limit"]


def test_what_is_changed_is_in_the_audit_log_before_and_after(gateway: Gateway, admin: str) -> None:
    gateway.call("PATCH", ROOT, {"self_approval": True}, token=admin)
    (record,) = gateway.call(
        "GET", f"{ROOT}/audit", token=admin, query={"action": "workspace.changed"}
    ).body["items"]
    assert (record["before"]["self_approval"], record["after"]["self_approval"]) == (False, True)
    assert record["actor"]["address"] == "192.0.2.1"
    assert record["sealed"] is False


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_zone": "Europe/Nowhere"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"name": " "}, "name"),
        ({"daily_window": {"opens": "20:00", "closes": "08:00"}}, "daily_window"),
        ({"daily_window": {"opens": "8", "closes": "20:00"}}, "daily_window.opens"),
        ({"daily_limit": {"count": 0}}, "daily_limit.count"),
        ({"retention": {"audit_days": 1}}, "retention.audit_days"),
        ({"permissions": {"campaigns:delete": {"author": "all"}}}, None),
        ({"permissions": {"exports:write": {"super_admin": "none"}}}, None),
        ({"permissions": {"view": {"author": "own"}}}, None),
        ({"permissions": {"fly": {"author": "all"}}}, None),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_setting_names_its_field_and_changes_nothing(
    gateway: Gateway, admin: str, change: dict[str, Any], field: str | None
) -> None:
    before = gateway.call("GET", ROOT, token=admin).body
    refused = fields(gateway.call("PATCH", ROOT, change, token=admin))
    assert field is None or field in refused
    assert field is not None or any(name.startswith("permissions") for name in refused)
    assert gateway.call("GET", ROOT, token=admin).body == before


@pytest.mark.parametrize("tag", ["3", '"x"', 'W/"1"', '"-1"', '"99999999999"', "''"])
def test_a_broken_tag_is_told(gateway: Gateway, admin: str, tag: str) -> None:
    refused = gateway.call("PATCH", ROOT, {"name": "X"}, token=admin, headers={"If-Match": tag})
    assert fields(refused) == {"If-Match"}


def test_rights_show_what_the_workspace_changed(gateway: Gateway, admin: str) -> None:
    gateway.call("PATCH", ROOT, {"permissions": {"exports:write": {"author": "none"}}}, token=admin)
    rights = {
        item["right"]: item["scopes"]
        for item in gateway.call("GET", f"{ROOT}/rights", token=admin).body["items"]
    }
    assert rights["exports:write"]["author"] == "none"
    assert rights["exports:write"]["admin"] == "all"


def test_addresses_of_members_are_for_admins(
    world: World, gateway: Gateway, admin: str, sign_in: Callable[[str], str]
) -> None:
    def emails(token: str) -> set[str | None]:
        items = gateway.call("GET", f"{ROOT}/members", token=token).body["items"]
        assert {item["user"] for item in items} >= {world.author.user, world.moderator.user}
        return {item["email"] for item in items}

    assert ADMIN in emails(admin)
    assert emails(sign_in("author@example.com")) == {None}


def test_an_invited_person_comes_in_once(world: World, gateway: Gateway, admin: str) -> None:
    new = {"email": "Grace@example.com", "role": "author", "is_moderator": True}
    invited = gateway.call("POST", f"{ROOT}/invitations", new, token=admin)
    assert (invited.status, invited.body["status"]) == (201, "open")
    assert gateway.call("POST", f"{ROOT}/invitations", new, token=admin).status == 409
    (errand,) = world.errands.posted
    key = {"Idempotency-Key": "i-1"}
    other = {**new, "email": "ada@example.com"}
    made = [
        gateway.call("POST", f"{ROOT}/invitations", other, token=admin, headers=key).body["id"]
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert errand.target == invited.body["id"]
    token = world.written_token(errand)

    accept = {"token": token, "name": "Grace", "password": "a fine long password"}
    assert fields(gateway.call("POST", "/v1/invitations/accept", {"token": token})) == {
        "name",
        "password",
    }
    joined = gateway.call("POST", "/v1/invitations/accept", accept)
    assert (joined.status, joined.body["role"]) == (201, "author")
    assert fields(gateway.call("POST", "/v1/invitations/accept", accept)) == {"token"}
    one = gateway.call("GET", f"{ROOT}/invitations/{invited.body['id']}", token=admin).body
    assert (one["status"], one["accepted_by"]) == ("accepted", joined.body["user"])


def test_a_signed_in_person_accepts_as_who_they_are(
    world: World, gateway: Gateway, admin: str, sign_in: Callable[[str], str]
) -> None:
    world.installation.add_person("grace@example.com", "Grace", PASSWORD)
    new = {"email": "grace@example.com", "role": "moderator"}
    gateway.call("POST", f"{ROOT}/invitations", new, token=admin)
    token = world.written_token(world.errands.posted[0])
    other = sign_in("author@example.com")
    assert (
        gateway.call("POST", "/v1/invitations/accept", {"token": token}, token=other).status == 403
    )
    grace = sign_in("grace@example.com")
    assert (
        gateway.call("POST", "/v1/invitations/accept", {"token": token}, token=grace).status == 201
    )
    assert gateway.call("GET", ROOT, token=grace).status == 200


def test_asking_with_the_join_code(
    world: World, gateway: Gateway, admin: str, sign_in: Callable[[str], str]
) -> None:
    code = gateway.call("POST", f"{ROOT}/join-code", {}, token=admin).body["code"]
    assert gateway.call("GET", f"{ROOT}/join-code", token=admin).body == {"code": code}
    user = world.installation.add_person("grace@example.com", "Grace", PASSWORD)
    grace = sign_in("grace@example.com")
    for wrong in (code + "X", "wsp_b." + code.partition(".")[2], "x", ""):
        refused = gateway.call("POST", "/v1/join-requests", {"code": wrong}, token=grace)
        assert refused.status == 404, wrong
    assert gateway.call("POST", "/v1/join-requests", {"code": code}, token=grace).status == 202
    (asked,) = gateway.call("GET", f"{ROOT}/join-requests", token=admin).body["items"]
    assert (asked["email"], asked["status"]) == ("grace@example.com", "pending")
    one = f"{ROOT}/join-requests/{user.id}"
    approved = gateway.call("POST", f"{one}/approve", {"role": "author"}, token=admin)
    assert (approved.status, approved.body["status"]) == (200, "approved")
    assert gateway.call("POST", f"{one}/reject", {}, token=admin).status == 409
    assert gateway.call("GET", ROOT, token=grace).status == 200
    assert gateway.call("DELETE", f"{ROOT}/join-code", token=admin).body == {"code": None}


def test_a_new_person_asks_by_mail_and_confirms(world: World, gateway: Gateway, admin: str) -> None:
    code = gateway.call("POST", f"{ROOT}/join-code", {}, token=admin).body["code"]
    assert fields(gateway.call("POST", "/v1/join-requests", {"code": code})) == {"email", "name"}
    new = {"code": code, "email": "grace@example.com", "name": "Grace"}
    assert gateway.call("POST", "/v1/join-requests", new).status == 202
    token = world.written_token(world.errands.posted[0])
    confirm = {"token": token, "password": "a fine long password"}
    assert gateway.call("POST", "/v1/join-requests/confirm", confirm).status == 202
    assert fields(gateway.call("POST", "/v1/join-requests/confirm", confirm)) == {"token"}
    (asked,) = gateway.call("GET", f"{ROOT}/join-requests", token=admin).body["items"]
    assert asked["name"] == "Grace"


def test_a_key_is_shown_once_works_and_ends(gateway: Gateway, admin: str) -> None:
    new = {"name": "Shop", "scopes": ["view"], "expires_in_days": 30}
    key = {"Idempotency-Key": "k-1"}
    made = gateway.call("POST", f"{ROOT}/api-keys", new, token=admin, headers=key)
    token, one = made.body["token"], f"{ROOT}/api-keys/{made.body['key']['id']}"
    assert made.status == 201
    assert token.startswith("mck_")
    again = gateway.call("POST", f"{ROOT}/api-keys", new, token=admin, headers=key)
    assert (again.body["key"], again.body["token"]) == (made.body["key"], None)
    assert gateway.call("GET", ROOT, token=token).status == 200
    rotated = gateway.call("POST", f"{one}/rotate", {"overlap_hours": 0}, token=admin)
    assert gateway.call("GET", ROOT, token=rotated.body["token"]).status == 200
    assert gateway.call("POST", f"{one}/revoke", {}, token=admin).body["status"] == "revoked"
    assert gateway.call("POST", f"{one}/rotate", {}, token=admin).status == 409
    shown = gateway.call("GET", one, token=admin)
    assert "digest" not in str(shown.body)


@pytest.mark.parametrize(
    ("new", "field"),
    [
        ({"name": "Shop", "scopes": []}, "scopes"),
        ({"name": "Shop", "scopes": ["workspace:administer"]}, "scopes"),
        ({"name": "Shop", "scopes": ["approvals:decide"]}, "scopes"),
        ({"name": "", "scopes": ["view"]}, "name"),
        ({"name": "Shop", "scopes": ["view"], "expires_in_days": 0}, "expires_in_days"),
        ({"name": "Shop", "scopes": ["view"], "expires_in_days": 10**9}, "expires_in_days"),
    ],
)
def test_a_key_that_may_not_be_is_told_why(
    gateway: Gateway, admin: str, new: dict[str, Any], field: str
) -> None:
    assert fields(gateway.call("POST", f"{ROOT}/api-keys", new, token=admin)) == {field}


def test_a_client_has_a_name_and_a_password(gateway: Gateway, admin: str) -> None:
    made = gateway.call("POST", f"{ROOT}/clients", {"name": "CleverTap"}, token=admin)
    assert made.status == 201
    assert made.body["client"]["username"] == f"wsp_a.{made.body['client']['id']}"
    assert len(made.body["password"]) >= 40
    (listed,) = gateway.call("GET", f"{ROOT}/clients", token=admin).body["items"]
    assert listed == made.body["client"]


def test_full_numbers_are_for_those_with_the_right_and_recorded(
    world: World, gateway: Gateway, admin: str, sign_in: Callable[[str], str]
) -> None:
    campaign = world.approved_campaign([447_700_900_001])
    world.driver.build(world.workspace, campaign)
    path = f"{ROOT}/campaigns/{campaign}/recipients"
    author = sign_in("author@example.com")
    assert gateway.call("GET", path, token=author, query={"numbers": "full"}).status == 403
    (masked,) = gateway.call("GET", path, token=admin).body["items"]
    assert "447700900001" not in str(masked)
    (full,) = gateway.call("GET", path, token=admin, query={"numbers": "full"}).body["items"]
    assert full["number"] == "447700900001"
    read = [record for record in world.records.audit if record.action == "numbers.read"]
    assert [record.object for record in read] == [campaign]
    assert fields(gateway.call("GET", path, token=admin, query={"numbers": "some"})) == {"numbers"}


def test_a_reading_that_the_log_cannot_take_waits_in_the_fallback(
    world: World, gateway: Gateway, admin: str
) -> None:
    campaign = world.approved_campaign([447_700_900_001])
    world.driver.build(world.workspace, campaign)
    path = f"{ROOT}/campaigns/{campaign}/recipients"
    world.audit_log.away = True
    assert gateway.call("GET", path, token=admin, query={"numbers": "full"}).status == 200
    assert [record.action for record in world.fallback.waiting] == ["numbers.read"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "tomorrow"}, "since"),
        ({"until": "2026-13-01"}, "until"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_a_bad_filter_of_the_log_is_told(
    gateway: Gateway, admin: str, query: dict[str, str], field: str
) -> None:
    assert fields(gateway.call("GET", f"{ROOT}/audit", token=admin, query=query)) == {field}


@pytest.mark.parametrize("after", ["-1", "x", "\u0661", "1.5"])
def test_seals_are_paged_by_their_number(gateway: Gateway, admin: str, after: str) -> None:
    answer = gateway.call("GET", f"{ROOT}/audit/seals", token=admin, query={"after": after})
    assert fields(answer) == {"after"}
