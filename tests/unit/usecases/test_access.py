"""Who a request comes from: people by session, programs by key or client (SPEC 2.1, 2.2, 2.5)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.credentials import Rotation, hashcheck_of
from chalicelib.domain.errors import NotFound, Unauthenticated, Unavailable
from chalicelib.domain.rights import RIGHTS, Right, Role, Scope, Standing, scopes_of
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.access import NO_CLIENT
from tests.fakes import samples
from tests.fakes.programs import HERE, NEW_CLIENT, NEW_KEY, ORIGIN, Place

if TYPE_CHECKING:
    from chalicelib.domain.credentials import ApiKey, Client
    from chalicelib.usecases.credentials import Issued


@pytest.fixture
def place() -> Place:
    return Place()


def super_admin(place: Place) -> str:
    member = samples.member(workspace=MASTER, user="usr_super", role=Role.SUPER_ADMIN)
    place.add(member)
    return place.session("usr_super")


def new_key(place: Place) -> Issued[ApiKey]:
    return place.desk.create_key(place.admin, NEW_KEY)


def new_client(place: Place) -> Issued[Client]:
    return place.desk.create_client(place.admin, NEW_CLIENT)


# --- people ---------------------------------------------------------------------------------------


def test_a_member_comes_with_the_rights_of_their_role(place: Place) -> None:
    who = place.access.caller(place.session(place.admin.user), HERE, ORIGIN)
    assert (who.workspace, who.user) == (HERE, place.admin.user)
    assert who.scopes == scopes_of(Standing.ADMIN, {})
    assert (who.actor.user, who.actor.role) == (place.admin.user, "admin")
    assert (who.actor.address, who.actor.agent, who.actor.request) == ("192.0.2.1", "test", "req-1")


def test_an_author_who_moderates_comes_with_both(place: Place) -> None:
    both = place.person("usr_both", Role.AUTHOR, is_moderator=True)
    who = place.access.caller(place.session(both.user), HERE, ORIGIN)
    assert who.scopes == scopes_of(Standing.AUTHOR_MODERATOR, {})


def test_a_change_of_rights_holds_with_the_next_request(place: Place) -> None:
    author = place.person("usr_author", Role.AUTHOR)
    token = place.session(author.user)
    assert place.access.caller(token, HERE, ORIGIN).scopes[Right.EXPORT] is Scope.OWN
    workspace = place.directory.workspace(HERE)
    changed = replace(workspace, permissions={Right.EXPORT: {Standing.AUTHOR: Scope.NONE}})
    place.add(changed)
    assert place.access.caller(token, HERE, ORIGIN).scopes[Right.EXPORT] is Scope.NONE


def test_a_lost_seat_is_lost_with_the_next_request(place: Place) -> None:
    author = place.person("usr_author", Role.AUTHOR)
    token = place.session(author.user)
    place.access.caller(token, HERE, ORIGIN)
    seat = place.directory.member(HERE, author.user)
    assert seat is not None
    place.changes.commit(remove=[seat], audit=place.audit())
    with pytest.raises(NotFound, match="workspace"):
        place.access.caller(token, HERE, ORIGIN)


def test_a_foreign_workspace_looks_like_one_that_is_not_there(place: Place) -> None:
    place.add(samples.workspace(id="wsp_b"))
    token = place.session(place.admin.user)
    refusals = []
    for workspace in ("wsp_b", "wsp_nowhere"):
        with pytest.raises(NotFound) as refused:
            place.access.caller(token, workspace, ORIGIN)
        refusals.append(str(refused.value))
    assert refusals == ["There is no such workspace."] * 2


def test_a_super_admin_is_no_member_of_what_they_do_not_belong_to(place: Place) -> None:
    with pytest.raises(NotFound, match="workspace"):
        place.access.caller(super_admin(place), HERE, ORIGIN)


def test_who_shows_nothing_is_told_to_sign_in(place: Place) -> None:
    with pytest.raises(Unauthenticated, match="Sign in"):
        place.access.caller("", HERE, ORIGIN)


# --- API keys -------------------------------------------------------------------------------------


def test_a_key_acts_as_itself_for_whom_its_secret_was_issued_to(place: Place) -> None:
    issued = new_key(place)
    assert issued.secret is not None
    who = place.access.caller(issued.secret, HERE, ORIGIN)
    assert (who.workspace, who.user) == (HERE, place.admin.user)
    assert who.scopes == dict.fromkeys(NEW_KEY.scopes, Scope.ALL)
    assert (who.actor.user, who.actor.role) == (issued.record.id, "api_key")
    assert (who.actor.address, who.actor.agent, who.actor.request) == ("192.0.2.1", "test", "req-1")


def test_what_a_rotated_key_makes_belongs_to_whoever_sent_the_secret(place: Place) -> None:
    issued = new_key(place)
    rotated = place.desk.rotate_key(place.other, issued.record.id, Rotation())
    users = [
        place.access.caller(token, HERE, ORIGIN).user
        for token in (issued.secret, rotated.secret)
        if token
    ]
    assert users == [place.admin.user, place.other.user]


def refused_tokens(place: Place) -> dict[str, str]:
    """Each token of this one is wrong in a way of its own."""
    issued, revoked, expired = new_key(place), new_key(place), new_key(place)
    elsewhere = new_key(place)
    assert issued.secret
    assert revoked.secret
    assert expired.secret
    assert elsewhere.secret
    place.desk.revoke_key(place.admin, revoked.record.id)
    late = replace(expired.record, expires_at=place.clock.now())
    place.add(late)
    place.records.put(replace(elsewhere.record, workspace="wsp_b"))
    place.records.remove(elsewhere.record)
    return {
        "unknown": "mck_nobody_" + issued.secret.rpartition("_")[2],
        "wrong secret": issued.secret[:-1] + "x",
        "another key's secret": issued.record.id.replace("key_", "mck_") + "_" + revoked.secret,
        "no secret": "mck_" + issued.record.id[4:] + "_",
        "no id": "mck__secret",
        "only its prefix": "mck_",
        "upper case": issued.secret.upper(),
        "revoked": revoked.secret,
        "expired": expired.secret,
        "of another workspace": elsewhere.secret,
        "not ASCII": issued.secret + "ä",
        "no text at all": issued.secret + "\ud800",
        "a device": "mcd_a_secret",
        "a session that is none": "mcs_a_secret",
        "nothing of ours": "secret",
    }


def test_all_that_does_not_hold_is_refused_alike(place: Place) -> None:
    for reason, token in refused_tokens(place).items():
        with pytest.raises(Unauthenticated) as refused:
            place.access.caller(token, HERE, ORIGIN)
        said = (type(refused.value), str(refused.value))
        assert said == (Unauthenticated, "Sign in first: there is no valid session."), reason


def test_no_refusal_costs_more_than_one_read(place: Place) -> None:
    for reason, token in refused_tokens(place).items():
        for _ in range(2):
            before = place.directory.reads
            with pytest.raises(Unauthenticated):
                place.access.caller(token, HERE, ORIGIN)
            assert place.directory.reads - before <= 1, reason


# --- super admins ---------------------------------------------------------------------------------


def test_a_super_admin_has_the_installation(place: Place) -> None:
    who = place.access.super_admin(super_admin(place), ORIGIN)
    assert (who.workspace, who.user) == (MASTER, "usr_super")
    assert {who.scopes[right] for right in RIGHTS} == {Scope.ALL}
    assert (who.actor.user, who.actor.role) == ("usr_super", "super_admin")


def test_a_visit_is_in_the_log_of_the_workspace_that_is_visited(place: Place) -> None:
    token = super_admin(place)
    who = place.access.visitor(token, HERE, ORIGIN, "GET /v1/installation/workspaces/wsp_a")
    assert (who.workspace, who.user) == (HERE, "usr_super")
    assert who.scopes == scopes_of(Standing.SUPER_ADMIN, {})
    record = place.recorded[-1]
    assert (record.workspace, record.action, record.object) == (HERE, "workspace.visited", HERE)
    assert record.after == {"request": "GET /v1/installation/workspaces/wsp_a"}
    assert (record.actor.user, record.actor.role) == ("usr_super", "super_admin")
    assert record.actor.address == "192.0.2.1"


def test_what_a_workspace_allows_its_own_people_does_not_bind_a_visitor(place: Place) -> None:
    workspace = place.directory.workspace(HERE)
    forged = {Right.VIEW: {Standing.SUPER_ADMIN: Scope.NONE}}
    place.add(replace(workspace, permissions=forged))
    who = place.access.visitor(super_admin(place), HERE, ORIGIN, "GET")
    assert who.scopes[Right.VIEW] is Scope.ALL


def test_a_visit_that_cannot_be_recorded_does_not_happen(place: Place) -> None:
    token = super_admin(place)
    place.audit_log.away = True
    with pytest.raises(Unavailable):
        place.access.visitor(token, HERE, ORIGIN, "GET")


def test_a_visit_to_no_workspace_leaves_no_record(place: Place) -> None:
    token, before = super_admin(place), len(place.recorded)
    with pytest.raises(NotFound, match="There is no such workspace"):
        place.access.visitor(token, "wsp_nowhere", ORIGIN, "GET")
    assert len(place.recorded) == before


def test_there_is_no_installation_for_anybody_else(place: Place) -> None:
    odd = samples.member(workspace=MASTER, user="usr_odd", role=Role.ADMIN)
    place.add(odd)
    for user in (place.admin.user, "usr_odd"):
        token = place.session(user)
        with pytest.raises(NotFound, match="There is no such workspace"):
            place.access.super_admin(token, ORIGIN)
        with pytest.raises(NotFound, match="There is no such workspace"):
            place.access.visitor(token, HERE, ORIGIN, "GET")


def test_a_key_is_no_super_admin_whoever_it_was_issued_to(place: Place) -> None:
    super_admin(place)
    token = new_key(place).secret or ""
    with pytest.raises(Unauthenticated, match="Sign in"):
        place.access.super_admin(token, ORIGIN)
    with pytest.raises(Unauthenticated, match="Sign in"):
        place.access.visitor(token, HERE, ORIGIN, "GET")


# --- clients --------------------------------------------------------------------------------------


def test_a_client_is_known_by_its_password_and_by_its_legacy_hash(place: Place) -> None:
    issued = new_client(place)
    username, password = issued.record.username, issued.secret or ""
    hashcheck = hashcheck_of(username, password)
    assert place.access.client(username, password) == issued.record
    assert place.access.client_by_hash(username, hashcheck) == issued.record


def test_all_clients_that_do_not_hold_are_refused_alike(place: Place) -> None:
    good, revoked, other = new_client(place), new_client(place), new_client(place)
    place.desk.revoke_client(place.admin, revoked.record.id)
    username, password = good.record.username, good.secret or ""
    digest = good.record.secrets[0].digest
    shown = [
        (username, password + "x"),
        (username, ""),
        (username, digest),
        (username, password + "\ud800"),
        (username + "x", password),
        ("wsp_b." + good.record.id, password),
        (other.record.username, password),
        (revoked.record.username, revoked.secret or ""),
        ("", ""),
        ("ä.\ud800", password),
    ]
    calls = [
        *(partial(place.access.client, *pair) for pair in shown),
        partial(place.access.client_by_hash, username, password),
        partial(place.access.client_by_hash, username, digest),
        partial(place.access.client_by_hash, username, "\ud800"),
    ]
    for call in calls:
        with pytest.raises(Unauthenticated) as refused:
            call()
        assert str(refused.value) == NO_CLIENT


def test_a_person_or_a_key_is_no_client(place: Place) -> None:
    token = new_key(place).secret or ""
    with pytest.raises(Unauthenticated):
        place.access.client(token, token)
    with pytest.raises(Unauthenticated):
        place.access.client("admin@example.com", "correct horse battery")
