"""What somebody was shown ends with their right to it: keys and clients of those who leave, or may
do less (SPEC 2.2, 2.5).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.credentials import Rotation
from chalicelib.domain.errors import Conflict, Invalid, Unauthenticated
from chalicelib.domain.rights import Right, Role
from chalicelib.usecases.access import REMEMBERED
from chalicelib.usecases.credentials import NewClient, NewKey
from chalicelib.usecases.identity import Origin
from chalicelib.usecases.members import ENDED_MAX
from tests.fakes import samples
from tests.fakes.world import World

if TYPE_CHECKING:
    from chalicelib.usecases.auditing import Caller

HERE = Origin("192.0.2.1", "test", "req-1")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def leaver(world: World) -> Caller:
    return world.person("leaver@example.com", Role.ADMIN)


@pytest.fixture
def admin(world: World) -> Caller:
    return world.person("admin@example.com", Role.ADMIN)


def key_of(world: World, by: Caller, *scopes: Right) -> tuple[str, str]:
    made = world.api.credentials.create_key(by, NewKey("Shop", scopes or (Right.VIEW,)))
    assert made.secret is not None
    return made.record.id, made.secret


def opens(world: World, token: str) -> bool:
    world.clock.advance(REMEMBERED)
    try:
        world.api.access.caller(token, world.workspace, HERE)
    except Unauthenticated:
        return False
    return True


def test_who_is_removed_leaves_no_key_behind(world: World, leaver: Caller, admin: Caller) -> None:
    key, token = key_of(world, leaver)
    _, others = key_of(world, admin)
    client = world.api.credentials.create_client(leaver, NewClient("CleverTap"))
    world.api.members.remove(admin, leaver.user)
    assert not opens(world, token)
    assert opens(world, others)
    with pytest.raises(Unauthenticated):
        world.api.access.client(client.record.username, client.secret or "")
    removed = world.records.audit[-1]
    assert removed.action == "member.removed"
    assert set(str(removed.after["ended_secrets_of"]).split()) == {key, client.record.id}


def test_invitations_that_they_sent_are_void(world: World, leaver: Caller, admin: Caller) -> None:
    mine = world.api.invitations.invite(leaver, "second.self@example.com", Role.ADMIN)
    others = world.api.invitations.invite(admin, "grace@example.com", Role.AUTHOR)
    token = world.written_token(world.errands.posted[0])
    world.api.members.remove(admin, leaver.user)
    with pytest.raises(Invalid):
        world.api.invitations.accept(token, "Second self", "a fine long password", HERE)
    state = {
        each.id: each.state_at(world.clock.now())
        for each in world.api.invitations.page(admin, None, 10).items
    }
    assert state == {mine.id: "revoked", others.id: "open"}
    assert world.records.audit[-1].after["revoked_invitations"] == mine.id


def test_who_is_no_admin_any_more_has_no_invitation_out(
    world: World, leaver: Caller, admin: Caller
) -> None:
    made = world.api.invitations.invite(leaver, "second.self@example.com", Role.ADMIN)
    world.api.members.change_role(admin, leaver.user, Role.AUTHOR)
    shown = world.api.invitations.get(admin, made.id)
    assert shown.state_at(world.clock.now()) == "revoked"


def test_a_secret_that_another_rotated_for_themselves_goes_on(
    world: World, leaver: Caller, admin: Caller
) -> None:
    key, old = key_of(world, leaver)
    fresh = world.api.credentials.rotate_key(admin, key, Rotation(overlap_hours=24))
    assert opens(world, old)
    world.api.members.remove(admin, leaver.user)
    assert not opens(world, old)
    assert opens(world, fresh.secret or "")


def test_who_may_do_less_keeps_only_what_they_still_may(
    world: World, leaver: Caller, admin: Caller
) -> None:
    _, viewing = key_of(world, leaver, Right.VIEW)
    _, reading = key_of(world, leaver, Right.VIEW, Right.FULL_NUMBERS)
    world.api.members.change_role(admin, leaver.user, Role.MODERATOR)
    assert opens(world, viewing)
    assert not opens(world, reading)
    assert world.records.audit[-1].after["role"] == "moderator"


def test_who_is_raised_loses_nothing(world: World, leaver: Caller, admin: Caller) -> None:
    _, token = key_of(world, leaver)
    world.api.members.change_role(admin, leaver.user, Role.AUTHOR)
    world.api.members.change_role(admin, leaver.user, Role.ADMIN)
    assert opens(world, token)
    assert "ended_secrets_of" not in world.records.audit[-1].after


def test_ended_and_revoked_ones_are_left_as_they_are(
    world: World, leaver: Caller, admin: Caller
) -> None:
    key, _ = key_of(world, leaver)
    world.api.credentials.rotate_key(admin, key, Rotation(overlap_hours=1))
    revoked, _ = key_of(world, leaver)
    world.api.credentials.revoke_key(admin, revoked)
    world.clock.advance(timedelta(hours=2))
    before = [world.directory.api_key(world.workspace, each) for each in (key, revoked)]
    world.api.members.remove(admin, leaver.user)
    assert before == [world.directory.api_key(world.workspace, each) for each in (key, revoked)]


def test_more_than_one_transaction_holds_is_told_and_changes_nothing(
    world: World, leaver: Caller, admin: Caller
) -> None:
    for number in range(ENDED_MAX + 1):
        secret = samples.secret(issued_to=leaver.user)
        made = samples.api_key(id=f"key_{number}", workspace=world.workspace, secrets=(secret,))
        world.changes.keep(made)
    with pytest.raises(Conflict, match=f"{ENDED_MAX + 1} keys"):
        world.api.members.remove(admin, leaver.user)
    assert world.directory.member(world.workspace, leaver.user) is not None
