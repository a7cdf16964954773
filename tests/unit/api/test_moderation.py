"""The moderation queue and decisions as HTTP shows them (SPEC 4.3, 4.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.campaign import Campaign
from chalicelib.domain.content import Mode
from chalicelib.domain.errors import Stale
from chalicelib.domain.moderation import revision_digest
from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.senders import NewRevision
from tests.fakes import records

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.sender import Revision
    from tests.fakes.gateway import Answer, Gateway
    from tests.fakes.world import World

ROOT = "/v1/workspaces/wsp_a"
QUEUE = f"{ROOT}/moderation"
PROBLEM = "urn:message-center:problem:"
NUMBERS = [447_700_900_000, 447_700_900_001]
HOUR = timedelta(hours=1)


@pytest.fixture
def moderator(sign_in: Callable[[str], str]) -> str:
    return sign_in("moderator@example.com")


@pytest.fixture
def campaign(world: World) -> Campaign:
    return handed_in(world)


@pytest.fixture
def revision(world: World) -> Revision:
    made = world.api.senders.add_revision(
        world.author, world.sender, NewRevision("SHOP", world.channel)
    )
    return world.api.senders.submit_revision(world.author, world.sender, made.number)


@pytest.fixture(params=["campaign", "revision"])
def waiting(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Path and digest of something that waits."""
    thing: Campaign | Revision = request.getfixturevalue(request.param)
    return (path_of(thing), digest_of(thing))


@pytest.fixture
def racing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on somebody else changes everything a moment before."""

    def race() -> None:
        def late(*_: Any, **__: Any) -> None:
            raise Stale

        monkeypatch.setattr(records.Records, "commit", late)

    return race


def handed_in(world: World, **content: Any) -> Campaign:
    draft = world.draft(list=world.ready_list(NUMBERS).id, **content)
    return world.desk.submit(world.author, draft.id)


def missed(world: World) -> Campaign:
    start = world.clock.now() + HOUR
    campaign = handed_in(world, mode=Mode.ON_TIME, start_at=start, auto_start=True)
    world.clock.advance(2 * HOUR)
    return world.approve(campaign)


def path_of(thing: Campaign | Revision) -> str:
    if isinstance(thing, Campaign):
        return f"{ROOT}/campaigns/{thing.id}"
    return f"{ROOT}/senders/{thing.sender}/revisions/{thing.number}"


def digest_of(thing: Campaign | Revision) -> str:
    return thing.digest or "" if isinstance(thing, Campaign) else revision_digest(thing)


def refused(answer: Answer) -> tuple[int, str]:
    kind: str = answer.body["type"]
    return answer.status, kind.removeprefix(PROBLEM)


def fields(answer: Answer) -> list[str]:
    assert answer.status == 400, answer.body
    return [item["field"] for item in answer.body["errors"]]


# --- the queue ---


def test_the_queue(
    world: World, gateway: Gateway, moderator: str, campaign: Campaign, revision: Revision
) -> None:
    answer = gateway.call("GET", QUEUE, token=moderator)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.body == {
        "items": [
            {
                "kind": "campaign",
                "object": campaign.id,
                "revision": None,
                "author": world.author.user,
                "title": "Spring",
                "digest": campaign.digest,
                "submitted_at": "2026-03-02T09:00:00Z",
                "recipients": 2,
                "may_decide": True,
            },
            {
                "kind": "revision",
                "object": world.sender,
                "revision": 2,
                "author": world.author.user,
                "title": "SHOP",
                "digest": revision_digest(revision),
                "submitted_at": "2026-03-02T09:00:00Z",
                "recipients": 0,
                "may_decide": True,
            },
        ],
        "next": None,
    }


def test_the_queue_by_kind_and_in_pages(
    world: World, gateway: Gateway, moderator: str, revision: Revision
) -> None:
    for name in ("One", "Two", "Three"):
        world.clock.advance(HOUR)
        handed_in(world, name=name)

    def titles(**query: str) -> tuple[list[str], str | None]:
        body = gateway.call("GET", QUEUE, token=moderator, query=query).body
        return [item["title"] for item in body["items"]], body["next"]

    assert titles(kind="revision") == ([revision.address], None)
    first, after = titles(kind="campaign", limit="2")
    assert first == ["One", "Two"]
    assert after is not None
    assert titles(kind="campaign", limit="2", after=after) == (["Three"], None)
    for query in ({"kind": "list"}, {"limit": "0"}, {"after": ""}):
        answer = gateway.call("GET", QUEUE, token=moderator, query=query)
        assert fields(answer) == list(query)


@pytest.mark.parametrize("form", ["{}", "W/{}"])
def test_a_queue_that_has_not_changed_is_not_sent_again(
    world: World, gateway: Gateway, moderator: str, campaign: Campaign, form: str
) -> None:
    first = gateway.call("GET", QUEUE, token=moderator)
    tag = first.headers["ETag"]
    again = {"If-None-Match": form.format(tag)}
    touched = world.queue.touched
    same = gateway.call("GET", QUEUE, token=moderator, headers=again)
    assert (same.status, same.body, same.headers["ETag"]) == (304, "", tag)
    assert same.headers["Cache-Control"] == "private, no-cache"
    assert world.queue.touched == touched + 1
    world.approve(campaign)
    changed = gateway.call("GET", QUEUE, token=moderator, headers=again)
    assert (changed.status, changed.body["items"]) == (200, [])
    assert changed.headers["ETag"] != tag


@pytest.mark.parametrize("known", ["*", "nonsense", '""', '"xyz"'])
def test_what_is_no_tag_of_ours_asks_for_the_queue(
    gateway: Gateway, moderator: str, known: str
) -> None:
    answer = gateway.call("GET", QUEUE, token=moderator, headers={"If-None-Match": known})
    assert answer.status == 200


def test_while_the_queue_changes_there_is_no_tag(
    world: World, gateway: Gateway, moderator: str
) -> None:
    with world.api.moderation.bell.changing(world.workspace):
        answer = gateway.call("GET", QUEUE, token=moderator)
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_the_queue_is_for_moderators(gateway: Gateway, sign_in: Callable[[str], str]) -> None:
    answer = gateway.call("GET", QUEUE, token=sign_in("author@example.com"))
    assert refused(answer) == (403, "forbidden")


def test_super_admins_see_and_decide_as_visitors(
    world: World, gateway: Gateway, sign_in: Callable[[str], str], campaign: Campaign
) -> None:
    world.installation.add_workspace(MASTER, "Installation", "UTC")
    user = world.installation.add_person("super@example.com", "Super", "correct horse battery")
    world.installation.add_member(MASTER, user.id, Role.SUPER_ADMIN)
    token = sign_in("super@example.com")
    root = f"/v1/installation/workspaces/{world.workspace}"
    (item,) = gateway.call("GET", f"{root}/moderation", token=token).body["items"]
    assert (item["object"], item["may_decide"]) == (campaign.id, True)
    told = {"digest": item["digest"]}
    answer = gateway.call("POST", f"{root}/campaigns/{campaign.id}/approve", told, token=token)
    assert (answer.status, answer.body["decision"]["by"]) == (200, user.id)


# --- decisions ---


def test_approving_a_campaign(gateway: Gateway, moderator: str, campaign: Campaign) -> None:
    given = {"digest": campaign.digest, "note": "fine"}
    answer = gateway.call("POST", f"{path_of(campaign)}/approve", given, token=moderator)
    assert (answer.status, answer.body["approval"], answer.body["status"]) == (
        200,
        "approved",
        "new",
    )
    assert answer.body["decision"]["note"] == "fine"
    assert answer.headers["ETag"] == f'"{campaign.version + 1}"'


def test_approving_a_revision(gateway: Gateway, moderator: str, revision: Revision) -> None:
    given = {"digest": revision_digest(revision)}
    answer = gateway.call("POST", f"{path_of(revision)}/approve", given, token=moderator)
    assert (answer.status, answer.body["status"]) == (200, "approved")
    assert answer.headers["ETag"] == f'"{revision.version + 1}"'


def test_rejecting(
    world: World, gateway: Gateway, moderator: str, waiting: tuple[str, str]
) -> None:
    path, digest = waiting
    given = {"note": "A typo.", "digest": digest}
    answer = gateway.call("POST", f"{path}/reject", given, token=moderator)
    assert answer.status == 200
    assert "rejected" in {answer.body["status"], answer.body.get("approval")}
    assert answer.body["decision"]["note"] == "A typo."
    assert len(world.errands.posted) == 1


def test_decisions_that_lack_something(
    gateway: Gateway, moderator: str, waiting: tuple[str, str]
) -> None:
    path, digest = waiting
    for action, given, wrong in (
        ("approve", {}, "digest"),
        ("approve", {"note": "fine"}, "digest"),
        ("approve", {"digest": None}, "digest"),
        ("approve", {"digest": digest, "note": "n" * 1001}, "note"),
        ("approve", {"digest": digest, "node": "n"}, "node"),
        ("reject", {}, "note"),
        ("reject", {"note": ""}, "note"),
        ("reject", {"note": " \n"}, "note"),
        ("reject", {"note": "bell\x07"}, "note"),
        ("reject", {"note": "n" * 1001}, "note"),
    ):
        answer = gateway.call("POST", f"{path}/{action}", given, token=moderator)
        assert fields(answer) == [wrong], (action, given)


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_decisions_that_meet_something_else(
    gateway: Gateway,
    moderator: str,
    waiting: tuple[str, str],
    action: str,
) -> None:
    path, digest = waiting
    given = {"digest": digest, "note": "n"}

    def decide(**more: Any) -> Answer:
        sent = {**given, **more.pop("given", {})}
        return gateway.call("POST", f"{path}/{action}", sent, token=moderator, **more)

    other = {"digest": "0" * 64}
    assert refused(decide(given=other)) == (409, "conflict")
    assert refused(decide(headers={"If-Match": '"9"'})) == (412, "outdated")
    assert decide().status == 200
    assert refused(decide()) == (409, "already-decided")


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_races_and_what_does_not_wait(
    world: World,
    gateway: Gateway,
    moderator: str,
    waiting: tuple[str, str],
    racing: Callable[[], None],
    action: str,
) -> None:
    path, digest = waiting
    given = {"digest": digest, "note": "n"}
    drafts = {
        "campaigns": f"{ROOT}/campaigns/{world.draft().id}",
        "senders": f"{ROOT}/senders/{world.sender}/revisions/{drafted(world)}",
    }
    draft = drafts[path.split("/")[4]]
    answer = gateway.call("POST", f"{draft}/{action}", given, token=moderator)
    assert refused(answer) == (409, "illegal-move")
    racing()
    answer = gateway.call("POST", f"{path}/{action}", given, token=moderator)
    assert refused(answer) == (409, "changed-meanwhile")


def drafted(world: World) -> int:
    new = NewRevision("DRAFT", world.channel)
    return world.api.senders.add_revision(world.author, world.sender, new).number


@pytest.mark.parametrize("number", ["0", "x", "-1", "1.0", "9999999", "²"])
def test_what_is_no_number_is_no_revision(
    world: World, gateway: Gateway, moderator: str, number: str
) -> None:
    path = f"{ROOT}/senders/{world.sender}/revisions/{number}"
    for action, given in (("approve", {"digest": "0" * 64}), ("reject", {"note": "n"})):
        answer = gateway.call("POST", f"{path}/{action}", given, token=moderator)
        assert refused(answer) == (404, "not-found")


# --- missed starts ---


def test_releasing(world: World, gateway: Gateway, moderator: str) -> None:
    campaign = missed(world)
    start = "2026-03-02T12:30:00Z"
    answer = gateway.call(
        "POST", f"{path_of(campaign)}/release", {"start_at": start}, token=moderator
    )
    assert answer.status == 200
    assert (answer.body["start_at"], answer.body["status"]) == (start, "building")
    assert answer.body["missed_start"] is False
    assert answer.headers["ETag"] == f'"{campaign.version + 1}"'


def test_releasing_now(world: World, gateway: Gateway, moderator: str) -> None:
    answer = gateway.call("POST", f"{path_of(missed(world))}/release", token=moderator)
    assert (answer.status, answer.body["status"], answer.body["start_at"]) == (
        200,
        "building",
        None,
    )


def test_releases_that_are_refused(
    world: World, gateway: Gateway, moderator: str, racing: Callable[[], None]
) -> None:
    campaign, draft = missed(world), world.draft()

    def release(given: Any = None, of: Campaign = campaign, **more: Any) -> Answer:
        return gateway.call("POST", f"{path_of(of)}/release", given, token=moderator, **more)

    assert fields(release({"start_at": "2026-03-02T10:00:00Z"})) == ["start_at"]
    assert fields(release({"start_at": "2026-03-02T12:30:00"})) == ["start_at"]
    assert fields(release({"date_to": "2026-03-02T12:30:00Z"})) == ["date_to"]
    assert refused(release(of=draft)) == (409, "illegal-move")
    assert refused(release(headers={"If-Match": '"9"'})) == (412, "outdated")
    sender = world.campaigns.sender(world.workspace, world.sender)
    world.records.put(replace(sender, archived_at=world.clock.now()))
    assert refused(release()) == (409, "conflict")
    world.records.put(sender)
    racing()
    assert refused(release()) == (409, "changed-meanwhile")
