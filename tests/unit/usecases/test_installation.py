"""The first super admin of an installation: invited by an operator, with no password of anybody's
making but their own.
"""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.identity import Origin, SignInRequest
from tests.fakes.world import World

HERE = Origin("192.0.2.1", "test", "req-1")
EMAIL, PASSWORD = "root@example.com", "a fine long password"


@pytest.fixture
def world() -> World:
    return World()


def bootstrapped(world: World) -> str:
    _, token = world.installation.invite_super_admin(EMAIL)
    return world.api.invitations.accept(token, "Root", PASSWORD, HERE).user


def test_the_invitation_makes_a_super_admin(world: World) -> None:
    user = bootstrapped(world)
    member = world.directory.member(MASTER, user)
    assert member is not None
    assert member.role is Role.SUPER_ADMIN
    assert world.directory.roster(MASTER).admins == (user,)
    token = world.identity.sign_in(SignInRequest(EMAIL, PASSWORD), HERE).token
    assert world.api.access.super_admin(token, HERE).workspace == MASTER


def test_no_account_and_no_password_is_there_before_it_is_taken(world: World) -> None:
    _, token = world.installation.invite_super_admin(EMAIL)
    assert world.directory.user_by_email(EMAIL) is None
    invited = world.records.audit[-1]
    assert (invited.action, invited.workspace) == ("super_admin.invited", MASTER)
    assert token not in str(invited)


def test_asking_again_gives_a_new_token_and_voids_the_old(world: World) -> None:
    first, old = world.installation.invite_super_admin(EMAIL)
    second, token = world.installation.invite_super_admin(EMAIL)
    assert first.id == second.id
    with pytest.raises(Invalid):
        world.api.invitations.accept(old, "Root", PASSWORD, HERE)
    world.api.invitations.accept(token, "Root", PASSWORD, HERE)


def test_where_there_is_one_it_needs_to_be_said(world: World) -> None:
    bootstrapped(world)
    with pytest.raises(Conflict, match="--recover"):
        world.installation.invite_super_admin("second@example.com")
    _, token = world.installation.invite_super_admin("second@example.com", recover=True)
    world.api.invitations.accept(token, "Second", PASSWORD, HERE)
    assert len(world.directory.roster(MASTER).admins) == 2


def test_who_is_one_cannot_be_invited_as_one(world: World) -> None:
    bootstrapped(world)
    with pytest.raises(Conflict, match="another address"):
        world.installation.invite_super_admin(f" {EMAIL.upper()}", recover=True)


def test_a_bad_address_is_told_and_makes_nothing(world: World) -> None:
    before = len(world.records.audit)
    with pytest.raises(Invalid, match="email"):
        world.installation.invite_super_admin("root")
    assert len(world.records.audit) == before
