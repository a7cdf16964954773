"""A new password, set by someone who knows the old one (SPEC 2.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import (
    Invalid,
    MessageCenterError,
    Stale,
    TooMany,
    Unauthenticated,
)
from chalicelib.domain.identity import RESET_LENGTH, SESSIONS_MAX, PasswordReset, Session
from chalicelib.domain.workspace import MASTER
from tests.fakes import samples
from tests.fakes.accounts import (
    EMAIL,
    HERE,
    OTHER,
    Before,
    Meanwhile,
    account,
    assert_ended,
    fail,
    identity,
    last_audit,
    refusal,
    resets,
    sign_in,
    user_of,
)
from tests.fakes.records import FakeChanges
from tests.fakes.world import PASSWORD, World

NEW = "staple battery horse"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def token(world: World) -> str:
    return sign_in(world).token


def change(world: World, token: str, current: str = PASSWORD, new: str = NEW) -> None:
    account(world).change_password(token, current, new, HERE)


def refused_change(world: World, token: str, current: str = "wrong") -> MessageCenterError:
    with pytest.raises(MessageCenterError) as refused:
        change(world, token, current)
    return refused.value


def test_the_new_password_holds_and_the_old_one_no_longer(world: World, token: str) -> None:
    change(world, token)
    assert type(refusal(world)) is Unauthenticated
    assert sign_in(world, NEW).user == user_of(world)


def test_a_new_password_ends_all_other_sessions(world: World, token: str) -> None:
    others = [sign_in(world).token, sign_in(world).token]
    theirs = sign_in(world, email=OTHER)
    change(world, token)
    assert_ended(world, *others)
    assert identity(world).session(token).user == world.author.user
    assert identity(world).session(theirs.token) == theirs.session
    record = last_audit(world)
    assert (record.workspace, record.action) == (MASTER, "password.changed")
    assert (record.actor.user, record.actor.address) == (world.author.user, "192.0.2.1")
    assert record.after == {"sessions_ended": 2}
    assert NEW not in repr(record)


def test_a_new_password_makes_all_devices_unknown(world: World, token: str) -> None:
    device = sign_in(world).device
    world.clock.advance(timedelta(seconds=1))
    change(world, token)
    world.clock.advance(timedelta(seconds=1))
    renewed = sign_in(world, NEW, device=device).device
    assert renewed is not None
    assert sign_in(world, NEW, device=renewed).device is None


def test_a_new_password_ends_the_reset_that_is_open(world: World, token: str) -> None:
    written = resets(world).write_reset(EMAIL)
    assert written is not None
    change(world, token)
    assert world.records.all(PasswordReset) == []


def test_an_expired_reset_is_not_in_the_way(world: World) -> None:
    resets(world).write_reset(EMAIL)
    world.clock.advance(RESET_LENGTH)
    change(world, sign_in(world).token)
    sign_in(world, NEW)


def test_the_transaction_stays_small_and_still_all_sessions_end(world: World, token: str) -> None:
    removed = []

    class Measuring(FakeChanges):
        def commit(self, *records: Any, remove: Any = (), audit: Any) -> None:
            removed.append(len(remove))
            super().commit(*records, remove=remove, audit=audit)

    user, now = world.author.user, world.clock.now()
    for number in range(4 * SESSIONS_MAX):
        expires = now + timedelta(minutes=number % 2)
        world.records.put(samples.session(user=user, digest=f"{number:064}", expires_at=expires))
    world.changes = Measuring(world.records)
    change(world, token)
    assert removed == [SESSIONS_MAX]
    assert world.records.all(Session) == [identity(world).session(token)]
    assert last_audit(world).after == {"sessions_ended": 2 * SESSIONS_MAX}


@pytest.mark.parametrize("new", ["short", "password1234", EMAIL, "x" * 257])
def test_a_bad_new_password_is_refused_before_anything_is_tried(
    world: World, token: str, new: str
) -> None:
    for _ in range(4):
        with pytest.raises(Invalid, match=r"^new: "):
            change(world, token, new=new)
    change(world, token)


def test_a_wrong_current_password_counts_at_the_sessions_own_place(
    world: World, token: str
) -> None:
    for _ in range(3):
        assert str(refused_change(world, token)) == "current: is not your password"
    locked = refused_change(world, token, PASSWORD)
    assert isinstance(locked, TooMany)
    assert locked.wait == timedelta(minutes=1)
    reasons = [
        record.after["reason"]
        for record in world.records.audit
        if record.action == "account.refused"
    ]
    assert reasons == ["wrong", "wrong", "wrong", "locked"]
    change(world, sign_in(world).token)


def test_failures_at_sign_in_do_not_keep_a_session_from_changing_it(
    world: World, token: str
) -> None:
    fail(world, 3)
    change(world, token)


def test_a_right_current_password_forgets_the_wrong_ones(world: World, token: str) -> None:
    for _ in range(2):
        for _ in range(2):
            assert isinstance(refused_change(world, token), Invalid)
        change(world, token, new=PASSWORD)


def test_only_a_session_that_holds_changes_anything(world: World, token: str) -> None:
    for bad in ("", "mcs_x_y", token + "x"):
        assert isinstance(refused_change(world, bad), Unauthenticated)
    world.records.remove(user_of(world))
    assert isinstance(refused_change(world, token), Unauthenticated)


def test_who_signs_in_with_the_old_password_meanwhile_is_signed_out(
    world: World, token: str
) -> None:
    opened = []
    world.changes = Before(world, lambda: opened.append(sign_in(world).token))
    change(world, token)
    assert_ended(world, *opened)
    assert len(opened) == 1


def test_who_signs_out_meanwhile_does_not_keep_it_from_being_changed(
    world: World, token: str
) -> None:
    others = [sign_in(world).token for _ in range(3)]
    leave = [lambda other=other: identity(world).sign_out(other, HERE) for other in others]
    world.changes = Before(world, *leave)
    change(world, token)
    assert sign_in(world, NEW).user == user_of(world)


def test_of_two_who_change_it_at_once_the_second_no_longer_knows_it(
    world: World, token: str
) -> None:
    other = sign_in(world).token
    world.changes = Before(world, lambda: change(world, other, new="yet another one"))
    assert str(refused_change(world, token, PASSWORD)) == "current: is not your password"
    assert sign_in(world, "yet another one").user == user_of(world)


def test_a_password_that_changes_during_its_check_is_not_changed_again() -> None:
    meanwhile = Meanwhile()
    world = World(passwords=meanwhile)
    token = sign_in(world).token

    def another() -> None:
        user = replace(user_of(world), password_hash=world.passwords.hash("another one"))
        world.changes.save(user, world.audit())

    meanwhile.happens = another
    assert str(refused_change(world, token, PASSWORD)) == "current: is not your password"
    sign_in(world, "another one")


def test_what_always_comes_late_is_said_to_be_so(world: World, token: str) -> None:
    def touch() -> None:
        FakeChanges(world.records).save(user_of(world), world.audit())

    world.changes = Before(world, *[touch] * 10)
    assert isinstance(refused_change(world, token, PASSWORD), Stale)
