"""What people, programs and their workspace are refused because of what there is: wrong moments,
too many attempts, and races of those who are not in a workspace yet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from chalicelib.domain.errors import Stale
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.rights import Role
from chalicelib.domain.sender import RevisionStatus
from chalicelib.domain.workspace import MASTER
from tests.fakes import records, samples
from tests.fakes.accounts import code_of, second_factor
from tests.fakes.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.fakes.gateway import Answer, Gateway
    from tests.fakes.world import World

ROOT: Final = "/v1/workspaces/wsp_a"
EMAIL: Final = "author@example.com"
FRESH: Final = "another horse battery"
FACTOR: Final = "/v1/me/second-factor"
ACCEPT: Final = "/v1/invitations/accept"
JOIN: Final = "/v1/join-requests"


@pytest.fixture
def admin(world: World, sign_in: Callable[[str], str]) -> str:
    world.person("admin@example.com", Role.ADMIN)
    return sign_in("admin@example.com")


@pytest.fixture
def token(sign_in: Callable[[str], str]) -> str:
    return sign_in(EMAIL)


@pytest.fixture
def code(gateway: Gateway, admin: str) -> str:
    made: str = gateway.call("POST", f"{ROOT}/join-code", token=admin).body["code"]
    return made


@pytest.fixture
def grace(world: World, sign_in: Callable[[str], str]) -> str:
    """Of somebody who belongs to no workspace."""
    world.installation.add_person("grace@example.com", "Grace", PASSWORD)
    return sign_in("grace@example.com")


@pytest.fixture
def raced(monkeypatch: pytest.MonkeyPatch) -> Callable[[type], None]:
    """From now on somebody else changes every record of this kind a moment before."""

    def race(kind: type) -> None:
        commit = records.Records.commit

        def late(
            self: records.Records, changed: Iterable[Any], audit: Any, remove: Iterable[Any] = ()
        ) -> None:
            written, removed = list(changed), list(remove)
            theirs: list[Any] = [each for each in (*written, *removed) if isinstance(each, kind)]
            if any(each.version for each in theirs):
                raise Stale
            commit(self, written, audit, removed)

        monkeypatch.setattr(records.Records, "commit", late)

    return race


def refused(answer: Answer) -> tuple[int, str]:
    kind: str = answer.body["type"]
    return answer.status, kind.rpartition(":")[2]


def invited(world: World, gateway: Gateway, admin: str, email: str = "grace@example.com") -> str:
    """The token in an invitation's mail."""
    new = {"email": email, "role": "author"}
    assert gateway.call("POST", f"{ROOT}/invitations", new, token=admin).status == 201
    return world.written_token(world.errands.posted[-1])


def asked(world: World, gateway: Gateway, code: str) -> str:
    """The token in the mail to somebody new who asked to join."""
    new = {"code": code, "email": "grace@example.com", "name": "Grace"}
    assert gateway.call("POST", JOIN, new).status == 202
    return world.written_token(world.errands.posted[-1])


# --- one's own account ---


def test_an_account_with_a_second_factor_asks_for_a_code(world: World, gateway: Gateway) -> None:
    totp = second_factor(world)
    given = {"email": EMAIL, "password": PASSWORD}
    assert refused(gateway.call("POST", "/v1/sign-in", given)) == (401, "second-factor-needed")
    with_code = {**given, "code": code_of(totp, world)}
    assert gateway.call("POST", "/v1/sign-in", with_code).status == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/me/password", {"current": "wrong", "new": FRESH}),
        (FACTOR, {"password": "wrong"}),
        (f"{FACTOR}/confirm", {"code": "000000"}),
        (f"{FACTOR}/remove", {"password": "wrong", "code": "000000"}),
    ],
)
def test_guessing_is_stopped_within_a_session_too(
    world: World, gateway: Gateway, token: str, path: str, body: dict[str, str]
) -> None:
    if path.startswith(FACTOR + "/"):
        second_factor(world, confirmed=path.endswith("remove"))
    for _ in range(3):
        assert gateway.call("POST", path, body, token=token).status == 400
    locked = gateway.call("POST", path, body, token=token)
    assert refused(locked) == (429, "too-many-attempts")
    assert locked.headers["Retry-After"] == "60"


def test_a_second_factor_is_begun_confirmed_and_removed_in_turn(
    world: World, gateway: Gateway, token: str
) -> None:
    given = {"password": PASSWORD, "code": "000000"}
    confirm = gateway.call("POST", f"{FACTOR}/confirm", {"code": "000000"}, token=token)
    assert refused(confirm) == (409, "conflict")
    remove = gateway.call("POST", f"{FACTOR}/remove", given, token=token)
    assert refused(remove) == (409, "conflict")
    second_factor(world)
    begin = gateway.call("POST", FACTOR, {"password": PASSWORD}, token=token)
    assert refused(begin) == (409, "conflict")


@pytest.mark.parametrize(
    "path", ["/v1/me/password", FACTOR, f"{FACTOR}/confirm", f"{FACTOR}/remove"]
)
def test_two_changes_of_an_account_at_once(
    world: World, gateway: Gateway, token: str, raced: Callable[[type], None], path: str
) -> None:
    body = {"password": PASSWORD}
    if path.endswith("password"):
        body = {"current": PASSWORD, "new": FRESH}
    elif path != FACTOR:
        totp = second_factor(world, confirmed=path.endswith("remove"))
        shown = {"code": code_of(totp, world)}
        body = {**body, **shown} if path.endswith("remove") else shown
    raced(type(world.directory.user(world.author.user)))
    answer = gateway.call("POST", path, body, token=token)
    assert refused(answer) == (409, "changed-meanwhile")


def test_two_resets_at_once(world: World, gateway: Gateway, raced: Callable[[type], None]) -> None:
    token = world.written_token(Errand(ErrandKind.PASSWORD_RESET, MASTER, email=EMAIL))
    raced(type(world.directory.user(world.author.user)))
    given = {"token": token, "password": FRESH}
    answer = gateway.call("POST", "/v1/password-reset/confirm", given)
    assert refused(answer) == (409, "changed-meanwhile")


# --- ways into a workspace ---


def test_who_has_an_account_or_a_seat_is_told(
    world: World, gateway: Gateway, admin: str, code: str, token: str
) -> None:
    world.installation.add_person("grace@example.com", "Grace", PASSWORD)
    new = {"token": invited(world, gateway, admin), "name": "Grace", "password": FRESH}
    assert refused(gateway.call("POST", ACCEPT, new)) == (409, "conflict")
    member = gateway.call("POST", JOIN, {"code": code}, token=token)
    assert refused(member) == (409, "conflict")


def test_an_account_that_came_up_meanwhile_is_used(
    world: World, gateway: Gateway, code: str
) -> None:
    token = asked(world, gateway, code)
    world.installation.add_person("grace@example.com", "Grace", PASSWORD)
    answer = gateway.call("POST", f"{JOIN}/confirm", {"token": token, "password": FRESH})
    assert refused(answer) == (409, "conflict")


def test_an_invitation_that_is_changed_while_it_is_taken(
    world: World, gateway: Gateway, admin: str, raced: Callable[[type], None]
) -> None:
    token = invited(world, gateway, admin)
    raced(type(samples.invitation()))
    new = {"token": token, "name": "Grace", "password": FRESH}
    assert refused(gateway.call("POST", ACCEPT, new)) == (409, "changed-meanwhile")


def test_a_request_that_is_changed_while_it_is_made_again(
    gateway: Gateway, code: str, grace: str, admin: str, raced: Callable[[type], None]
) -> None:
    assert gateway.call("POST", JOIN, {"code": code}, token=grace).status == 202
    (request,) = gateway.call("GET", f"{ROOT}/join-requests", token=admin).body["items"]
    gateway.call("POST", f"{ROOT}/join-requests/{request['user']}/reject", token=admin)
    raced(type(samples.join_request()))
    again = gateway.call("POST", JOIN, {"code": code}, token=grace)
    assert refused(again) == (409, "changed-meanwhile")


def test_an_address_that_is_proven_twice_at_once(
    world: World, gateway: Gateway, code: str, raced: Callable[[type], None]
) -> None:
    token = asked(world, gateway, code)
    raced(type(samples.applicant()))
    answer = gateway.call("POST", f"{JOIN}/confirm", {"token": token, "password": FRESH})
    assert refused(answer) == (409, "changed-meanwhile")


# --- in a workspace ---


def test_an_invitation_is_revoked_once_and_mailed_at_leisure(
    world: World, gateway: Gateway, admin: str
) -> None:
    invited(world, gateway, admin)
    (one,) = gateway.call("GET", f"{ROOT}/invitations", token=admin).body["items"]
    path = f"{ROOT}/invitations/{one['id']}"
    soon = gateway.call("POST", f"{path}/resend", token=admin)
    assert refused(soon) == (429, "too-many-attempts")
    assert gateway.call("POST", f"{path}/revoke", token=admin).status == 200
    for action in ("revoke", "resend"):
        again = gateway.call("POST", f"{path}/{action}", token=admin)
        assert refused(again) == (409, "illegal-move")


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_a_request_is_decided_once(
    gateway: Gateway, code: str, grace: str, admin: str, action: str
) -> None:
    gateway.call("POST", JOIN, {"code": code}, token=grace)
    (request,) = gateway.call("GET", f"{ROOT}/join-requests", token=admin).body["items"]
    path = f"{ROOT}/join-requests/{request['user']}/{action}"
    body = {"role": "author"}
    assert gateway.call("POST", path, body, token=admin).status == 200
    assert refused(gateway.call("POST", path, body, token=admin)) == (409, "already-decided")


def test_who_is_a_member_already_needs_no_approval(
    world: World, gateway: Gateway, admin: str
) -> None:
    user = world.author.user
    world.changes.keep(samples.join_request(workspace=world.workspace, user=user))
    path = f"{ROOT}/join-requests/{user}/approve"
    answer = gateway.call("POST", path, {"role": "author"}, token=admin)
    assert refused(answer) == (409, "conflict")


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"role": "moderator"}), ("DELETE", None)])
def test_a_member_of_too_many_credentials_is_not_parted_from_them_at_once(
    world: World, gateway: Gateway, admin: str, method: str, body: dict[str, str] | None
) -> None:
    secret = samples.secret(issued_to=world.author.user)
    for number in range(81):
        world.changes.keep(samples.client(id=f"cli_{number}", secrets=(secret,)))
    path = f"{ROOT}/members/{world.author.user}"
    assert refused(gateway.call(method, path, body, token=admin)) == (409, "conflict")


@pytest.mark.parametrize("kind", ["api-keys", "clients"])
def test_a_credential_is_revoked_once_and_has_few_secrets(
    gateway: Gateway, admin: str, kind: str
) -> None:
    new: dict[str, Any] = {"name": "Shop"} | ({"scopes": ["view"]} if kind == "api-keys" else {})
    made = gateway.call("POST", f"{ROOT}/{kind}", new, token=admin).body
    path = f"{ROOT}/{kind}/{made['key' if kind == 'api-keys' else 'client']['id']}"
    for _ in range(4):
        assert gateway.call("POST", f"{path}/rotate", token=admin).status == 200
    full = gateway.call("POST", f"{path}/rotate", token=admin)
    assert refused(full) == (409, "conflict")
    assert gateway.call("POST", f"{path}/revoke", token=admin).status == 200
    for action in ("revoke", "rotate"):
        again = gateway.call("POST", f"{path}/{action}", token=admin)
        assert refused(again) == (409, "illegal-move")


def test_a_revision_of_an_archived_sender_goes_nowhere(
    world: World, gateway: Gateway, admin: str
) -> None:
    world.changes.keep(samples.sender(archived_at=world.clock.now(), revisions=1))
    world.changes.keep(samples.revision(status=RevisionStatus.DRAFT))
    path = f"{ROOT}/senders/snd_a/revisions/1/submit"
    assert refused(gateway.call("POST", path, token=admin)) == (409, "conflict")


def test_a_sender_of_too_many_that_wait_is_not_archived_at_once(
    world: World, gateway: Gateway, admin: str
) -> None:
    world.changes.keep(samples.sender(revisions=41))
    for number in range(1, 42):
        waiting = samples.revision(
            number=number, status=RevisionStatus.PENDING, submitted_at=world.clock.now()
        )
        world.changes.keep(waiting)
    answer = gateway.call("POST", f"{ROOT}/senders/snd_a/archive", token=admin)
    assert refused(answer) == (409, "conflict")


def test_a_missed_start_is_not_started_but_released(
    world: World, gateway: Gateway, token: str
) -> None:
    made = world.draft(list=world.ready_list([447_700_900_001]).id)
    approved = world.approve(world.desk.submit(world.author, made.id))
    world.changes.keep(replace(approved, missed_at=world.clock.now()))
    answer = gateway.call("POST", f"{ROOT}/campaigns/{made.id}/start", token=token)
    assert refused(answer) == (409, "conflict")


def test_an_upload_that_is_over_takes_no_parts(world: World, gateway: Gateway, token: str) -> None:
    over = samples.recipient_list(author=world.author.user, status=ListStatus.FAILED)
    world.changes.keep(over)
    for action, body in (("parts", {"parts": [1]}), ("abort", None)):
        answer = gateway.call("POST", f"{ROOT}/lists/{over.id}/{action}", body, token=token)
        assert refused(answer) == (409, "conflict")


def test_a_list_that_a_campaign_needs_is_not_deleted(
    world: World, gateway: Gateway, token: str
) -> None:
    recipients = world.ready_list([447_700_900_001])
    campaign = world.desk.submit(world.author, world.draft(list=recipients.id).id)
    answer = gateway.call("DELETE", f"{ROOT}/lists/{recipients.id}", token=token)
    assert refused(answer) == (409, "conflict")
    assert campaign.id in answer.body["detail"]
    world.desk.withdraw(world.author, campaign.id)
    answer = gateway.call("DELETE", f"{ROOT}/lists/{recipients.id}", token=token)
    assert answer.status == 204
    shown = gateway.call("GET", f"{ROOT}/lists/{recipients.id}", token=token)
    assert shown.body["status"] == "deleted"


def test_a_number_to_erase_must_be_one_and_is_never_repeated(
    world: World, gateway: Gateway, admin: str
) -> None:
    path = f"{ROOT}/erasures"
    answer = gateway.call("POST", path, {"number": "07700900987"}, token=admin)
    assert refused(answer) == (400, "invalid-request")
    assert [each["field"] for each in answer.body["errors"]] == ["number"]
    asked = gateway.call("POST", path, {"number": "+447700900987"}, token=admin)
    assert asked.status == 201
    world.eraser.tend(world.workspace)
    done = gateway.call("GET", f"{path}/{asked.body['id']}", token=admin)
    assert (done.body["status"], done.body["suppressed"]) == ("done", "none")
    listed = gateway.call("GET", path, token=admin)
    assert listed.body["items"] == [done.body]
    for each in (answer, asked, done, listed):
        assert "00900987" not in str(each.body)


def test_an_upload_without_its_parts_is_not_complete(gateway: Gateway, token: str) -> None:
    new = {"name": "all.csv", "size": 9}
    begun = gateway.call("POST", f"{ROOT}/lists", new, token=token).body
    answer = gateway.call("POST", f"{ROOT}/lists/{begun['id']}/complete", token=token)
    assert refused(answer) == (409, "conflict")
