"""Senders and revisions as HTTP shows them (SPEC 3)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.moderation import revision_digest
from chalicelib.domain.rights import Role
from tests.fakes import samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.gateway import Answer, Gateway
    from tests.fakes.world import World

ROOT = "/v1/workspaces/wsp_a"
SENDERS = f"{ROOT}/senders"
NEW = {"address": "SHOP", "channel": "chn_a"}
PROBLEM = "urn:message-center:problem:"


@pytest.fixture
def author(sign_in: Callable[[str], str]) -> str:
    return sign_in("author@example.com")


@pytest.fixture
def admin(world: World, sign_in: Callable[[str], str]) -> str:
    world.person("admin@example.com", Role.ADMIN)
    return sign_in("admin@example.com")


@pytest.fixture
def revisions(world: World) -> str:
    return f"{SENDERS}/{world.sender}/revisions"


def fields(answer: Answer) -> list[str]:
    assert answer.status == 400, answer.body
    return [item["field"] for item in answer.body["errors"]]


def refused(answer: Answer) -> tuple[int, str]:
    kind: str = answer.body["type"]
    return answer.status, kind.removeprefix(PROBLEM)


# --- senders ---


def test_a_sender_over_http(gateway: Gateway, admin: str, author: str) -> None:
    made = gateway.call("POST", SENDERS, {"name": " Store "}, token=admin)
    assert made.status == 201
    assert made.body == {
        "id": made.body["id"],
        "name": "Store",
        "current_revision": None,
        "revisions": 0,
        "created_at": "2026-03-02T09:00:00Z",
        "archived_at": None,
        "version": 1,
    }
    one = f"{SENDERS}/{made.body['id']}"
    shown = gateway.call("GET", one, token=author)
    assert (shown.body, shown.headers["ETag"]) == (made.body, made.headers["ETag"])
    tag = {"If-Match": shown.headers["ETag"]}
    renamed = gateway.call("PATCH", one, {"name": "Shop 2"}, token=admin, headers=tag)
    assert (renamed.body["name"], renamed.headers["ETag"]) == ("Shop 2", '"2"')
    for method, path, body in (
        ("PATCH", one, {"name": "Shop 3"}),
        ("POST", f"{one}/archive", None),
        ("POST", f"{one}/restore", None),
    ):
        late = gateway.call(method, path, body, token=admin, headers=tag)
        assert refused(late) == (412, "outdated")
    archived = gateway.call("POST", f"{one}/archive", token=admin)
    assert archived.body["archived_at"] == "2026-03-02T09:00:00Z"
    again = gateway.call("POST", f"{one}/archive", token=admin)
    assert refused(again) == (409, "illegal-move")
    closed = gateway.call("POST", f"{one}/revisions", NEW, token=author)
    assert refused(closed) == (409, "conflict")
    restored = gateway.call(
        "POST", f"{one}/restore", token=admin, headers={"If-Match": archived.headers["ETag"]}
    )
    assert restored.body["archived_at"] is None


def test_senders_page_by_page_and_the_archived_ones_apart(
    world: World, gateway: Gateway, admin: str, author: str, sign_in: Callable[[str], str]
) -> None:
    made = [
        gateway.call("POST", SENDERS, {"name": f"Sender {n}"}, token=admin).body["id"]
        for n in range(3)
    ]
    gateway.call("POST", f"{SENDERS}/{made[1]}/archive", token=admin)
    first = gateway.call("GET", SENDERS, token=author, query={"limit": "2"}).body
    assert [item["id"] for item in first["items"]] == [made[2], made[0]]
    second = gateway.call(
        "GET", SENDERS, token=author, query={"limit": "2", "after": first["next"]}
    ).body
    assert ([item["id"] for item in second["items"]], second["next"]) == ([world.sender], None)
    hidden = gateway.call("GET", SENDERS, token=author, query={"archived": "true"}).body
    assert [item["id"] for item in hidden["items"]] == [made[1]]
    moderator = sign_in("moderator@example.com")
    assert gateway.call("GET", SENDERS, token=moderator).status == 200
    denied = gateway.call("GET", SENDERS, token=moderator, query={"archived": "true"})
    assert refused(denied) == (403, "forbidden")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"archived": "1"}, "archived"),
        ({"archived": "yes"}, "archived"),
        ({"limit": "0"}, "limit"),
        ({"limit": "\u0661"}, "limit"),
        ({"after": ""}, "after"),
        ({"archive": "true"}, "archive"),
    ],
)
def test_a_bad_query_names_its_field(
    gateway: Gateway, author: str, query: dict[str, str], field: str
) -> None:
    assert fields(gateway.call("GET", SENDERS, token=author, query=query)) == [field]


@pytest.mark.parametrize("after", ["snd_none", "\x00", "zzz", "#", "\U0001f4a9"])
def test_a_forged_cursor_is_a_place_in_the_list(gateway: Gateway, author: str, after: str) -> None:
    assert gateway.call("GET", SENDERS, token=author, query={"after": after}).status == 200


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "n" * 101}, {"name": None}, {"name": "a\x00"}]
)
def test_a_name_that_cannot_be(
    world: World, gateway: Gateway, admin: str, body: dict[str, Any]
) -> None:
    assert fields(gateway.call("POST", SENDERS, body, token=admin)) == ["name"]
    one = f"{SENDERS}/{world.sender}"
    assert fields(gateway.call("PATCH", one, body, token=admin)) == ["name"]


def test_half_a_character_is_no_json(gateway: Gateway, admin: str) -> None:
    raw = r'{"name": "\ud800"}'
    answer = gateway.send(gateway.event("POST", SENDERS, raw=raw, token=admin))
    assert answer.status == 400


def test_a_key_makes_one_sender_and_one_revision(
    gateway: Gateway, admin: str, revisions: str
) -> None:
    key = {"Idempotency-Key": "key-1"}
    first = gateway.call("POST", SENDERS, {"name": "Store"}, token=admin, headers=key)
    again = gateway.call("POST", SENDERS, {"name": "Store"}, token=admin, headers=key)
    assert (again.status, again.body) == (201, first.body)
    other = gateway.call("POST", revisions, NEW, token=admin, headers=key)
    assert refused(other) == (422, "idempotency-key-reused")
    key = {"Idempotency-Key": "key-2"}
    made = gateway.call("POST", revisions, NEW, token=admin, headers=key)
    assert gateway.call("POST", revisions, NEW, token=admin, headers=key).body == made.body
    assert len(gateway.call("GET", revisions, token=admin).body["items"]) == 2


# --- revisions ---


def test_a_revision_over_http(
    world: World, gateway: Gateway, author: str, admin: str, revisions: str
) -> None:
    made = gateway.call("POST", revisions, NEW, token=author)
    assert made.status == 201
    draft = world.campaigns.revision(world.workspace, world.sender, 2)
    assert made.body == {
        "sender": world.sender,
        "number": 2,
        "status": "draft",
        "address": "SHOP",
        "channel": "chn_a",
        "source": {"ton": 5, "npi": 0},
        "destination": {"ton": 1, "npi": 1},
        "use": "",
        "author": world.author.user,
        "digest": revision_digest(draft),
        "created_at": "2026-03-02T09:00:00Z",
        "submitted_at": None,
        "decision": None,
        "archived_from": None,
        "version": 1,
    }
    one = f"{revisions}/2"
    shown = gateway.call("GET", one, token=author)
    assert (shown.body, shown.headers["ETag"]) == (made.body, '"1"')
    edited = gateway.call(
        "PATCH",
        one,
        {"address": "447700900123", "use": "Orders"},
        token=author,
        headers={"If-Match": '"1"'},
    )
    assert (edited.body["source"], edited.body["use"]) == ({"ton": 1, "npi": 1}, "Orders")
    assert edited.body["digest"] != made.body["digest"]
    typed = gateway.call("PATCH", one, {"source": {"ton": 2, "npi": 8}}, token=author)
    assert typed.body["source"] == {"ton": 2, "npi": 8}
    cleared = gateway.call("PATCH", one, {"source": None, "destination": None}, token=author)
    assert cleared.body["source"] == {"ton": 1, "npi": 1}
    submitted = gateway.call("POST", f"{one}/submit", token=author)
    assert (submitted.body["status"], submitted.body["submitted_at"]) == (
        "pending_approval",
        "2026-03-02T09:00:00Z",
    )
    illegal = gateway.call("PATCH", one, {"use": "x"}, token=author)
    assert refused(illegal) == (409, "illegal-move")
    withdrawn = gateway.call("POST", f"{one}/withdraw", token=author)
    assert withdrawn.body["status"] == "draft"
    denied = gateway.call("POST", f"{one}/archive", token=author)
    assert refused(denied) == (403, "forbidden")
    archived = gateway.call("POST", f"{one}/archive", token=admin)
    assert (archived.body["status"], archived.body["archived_from"]) == ("archived", "draft")
    restored = gateway.call("POST", f"{one}/restore", token=admin)
    assert (restored.body["status"], restored.body["archived_from"]) == ("draft", None)
    listing = gateway.call("GET", revisions, token=author).body
    assert [item["number"] for item in listing["items"]] == [1, 2]
    assert (listing["items"][1], listing["next"]) == (restored.body, None)
    assert listing["items"][0]["decision"]["by"] == "usr_operator"


def test_every_move_is_guarded_by_the_version(gateway: Gateway, admin: str, revisions: str) -> None:
    gateway.call("POST", revisions, NEW, token=admin)
    tag = {"If-Match": '"9"'}
    late = gateway.call("PATCH", f"{revisions}/2", {"use": "x"}, token=admin, headers=tag)
    assert refused(late) == (412, "outdated")
    for action in ("submit", "withdraw", "archive", "restore"):
        path = f"{revisions}/2/{action}"
        assert refused(gateway.call("POST", path, token=admin, headers=tag)) == (412, "outdated")
        bad = gateway.call("POST", path, token=admin, headers={"If-Match": "9"})
        assert fields(bad) == ["If-Match"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "TwelveChars!"}, "address"),
        ({"address": "1" * 21}, "address"),
        ({"address": ""}, "address"),
        ({"address": "\u0661\u0662\u0663"}, "address"),
        ({"address": "A\u0000B"}, "address"),
        ({"address": 12345}, "address"),
        ({"channel": "chn_none"}, "channel"),
        ({"channel": "c" * 65}, "channel"),
        ({"use": "u" * 501}, "use"),
        ({"use": "\u001b[2J"}, "use"),
        ({"source": {"ton": 7, "npi": 0}}, "source.ton"),
        ({"source": {"ton": 1, "npi": 2}}, "source.npi"),
        ({"source": {"ton": 1}}, "source.npi"),
        ({"destination": {"ton": 1, "npi": "1"}}, "destination.npi"),
        ({"colour": "red"}, "colour"),
        ({"status": "approved"}, "status"),
    ],
)
def test_a_bad_revision_names_its_field(
    gateway: Gateway, author: str, revisions: str, change: dict[str, Any], field: str
) -> None:
    assert fields(gateway.call("POST", revisions, {**NEW, **change}, token=author)) == [field]
    gateway.call("POST", revisions, NEW, token=author)
    before = gateway.call("GET", f"{revisions}/2", token=author).body
    assert fields(gateway.call("PATCH", f"{revisions}/2", change, token=author)) == [field]
    assert gateway.call("GET", f"{revisions}/2", token=author).body == before


@pytest.mark.parametrize(
    "number", ["0", "01", "-1", "1.0", "1e0", "x", "\u0661", "9", "999999", "9" * 5000, "%00"]
)
def test_what_is_no_number_of_a_revision_is_not_there(
    gateway: Gateway, admin: str, revisions: str, number: str
) -> None:
    calls = [
        ("GET", "", None),
        ("PATCH", "", {"use": "x"}),
        *(("POST", f"/{action}", None) for action in ("submit", "withdraw", "archive", "restore")),
    ]
    for method, action, body in calls:
        answer = gateway.call(method, f"{revisions}/{number}{action}", body, token=admin)
        assert refused(answer) == (404, "not-found")
        assert answer.body["detail"] == "There is no such revision of this sender."


@pytest.mark.parametrize("sender", ["snd_theirs", "snd_none", "\ud800", "%00", "s" * 3000])
def test_foreign_and_missing_senders_look_alike(
    world: World, gateway: Gateway, admin: str, sender: str
) -> None:
    world.records.put(samples.sender(id="snd_theirs", workspace="wsp_b"))
    world.records.put(samples.revision(sender="snd_theirs", workspace="wsp_b"))
    one = f"{SENDERS}/{sender}"
    answers = [
        gateway.call("GET", one, token=admin),
        gateway.call("PATCH", one, {"name": "Mine"}, token=admin),
        gateway.call("POST", f"{one}/archive", token=admin),
        gateway.call("POST", f"{one}/restore", token=admin),
        gateway.call("GET", f"{one}/history", token=admin),
        gateway.call("GET", f"{one}/revisions", token=admin),
        gateway.call("POST", f"{one}/revisions", NEW, token=admin),
    ]
    assert {refused(answer) for answer in answers} == {(404, "not-found")}
    assert {answer.body["detail"] for answer in answers} == {"There is no such sender."}
    assert gateway.call("GET", f"{one}/revisions/1", token=admin).status == 404


def test_the_history_is_a_csv_to_keep(
    world: World, gateway: Gateway, author: str, revisions: str
) -> None:
    gateway.call("POST", revisions, {**NEW, "use": '=HYPERLINK("x")'}, token=author)
    answer = gateway.call("GET", f"{SENDERS}/{world.sender}/history", token=author)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = f'attachment; filename="{world.sender}-history.csv"'
    assert answer.headers["Content-Disposition"] == name
    assert answer.headers["Cache-Control"] == "no-store"
    heading, first, second = csv.reader(io.StringIO(answer.body, newline=""))
    assert heading[:3] == ["number", "status", "address"]
    assert (first[1], first[10], first[11]) == (
        "approved",
        "usr_operator",
        "2026-03-02T09:00:00.000Z",
    )
    assert (second[0], second[6]) == ("2", '\'=HYPERLINK("x")')
