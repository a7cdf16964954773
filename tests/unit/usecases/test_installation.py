"""The first super admin of an installation: invited by an operator, with no password of anybody's
making but their own.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.identity import Origin, SignInRequest
from chalicelib.usecases.list_reading import Wanted
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


# --- data keys that are wrapped anew ---


def test_every_workspaces_key_is_wrapped_anew_and_stays_the_same(world: World) -> None:
    world.installation.add_workspace("wsp_b", "Others", "UTC")
    before = {place: world.directory.workspace(place) for place in ("wsp_a", "wsp_b")}
    key = world.data_key()

    done = list(world.installation.rewrap_data_keys())

    assert [workspace.id for workspace in done] == ["wsp_a", "wsp_b"]
    for place, was in before.items():
        now = world.directory.workspace(place)
        assert now.wrapped_data_key != was.wrapped_data_key
        assert replace(now, wrapped_data_key=b"", version=0) == replace(
            was, wrapped_data_key=b"", version=0
        )
        record = next(each for each in world.records.audit[::-1] if each.workspace == place)
        assert (record.action, record.actor.user) == ("data_key.rewrapped", "usr_operator")
        assert now.wrapped_data_key.decode() not in str(record)
    assert world.data_key() == key


def test_tokens_hashes_and_lists_outlive_a_rotation(world: World) -> None:
    recipients = world.ready_list([447_400_123_456, 447_400_123_457])
    reading, wanted = world.api.list_reading, Wanted(number="+447400123457")
    before = reading.page(world.author, recipients.id, None, 10)
    found = reading.look_up(world.author, recipients.id, wanted)

    list(world.installation.rewrap_data_keys())

    assert reading.page(world.author, recipients.id, None, 10) == before
    assert reading.look_up(world.author, recipients.id, wanted) == found
    assert found is not None


def test_a_rotation_that_stops_in_the_middle_is_run_again(world: World) -> None:
    world.installation.add_workspace("wsp_b", "Others", "UTC")
    key = world.data_key()
    begun = world.installation.rewrap_data_keys()
    first = next(begun)
    del begun

    done = list(world.installation.rewrap_data_keys())

    assert [workspace.id for workspace in done] == ["wsp_a", "wsp_b"]
    assert done[0].version == first.version + 1
    assert world.data_key() == key


def test_an_edit_in_mid_rotation_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrap, key = world.data_keys.rewrap, world.data_key()
    edits = iter(["Edited"])

    def edited_meanwhile(workspace: str, wrapped: bytes) -> bytes:
        for name in edits:
            place = world.directory.workspace(workspace)
            world.changes.save(replace(place, name=name), world.audit())
        return rewrap(workspace, wrapped)

    monkeypatch.setattr(world.data_keys, "rewrap", edited_meanwhile)
    list(world.installation.rewrap_data_keys())
    assert world.directory.workspace("wsp_a").name == "Edited"
    assert world.data_key() == key
