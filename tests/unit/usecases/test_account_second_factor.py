"""Setting up a second factor and taking it away (SPEC 2.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pyotp import TOTP

from chalicelib.domain.errors import (
    Conflict,
    Invalid,
    SecondFactorNeeded,
    Stale,
    TooMany,
    Unauthenticated,
)
from chalicelib.domain.workspace import MASTER
from tests.fakes.accounts import (
    EMAIL,
    HERE,
    OTHER,
    RECOVERY,
    Meanwhile,
    account,
    code_of,
    last_audit,
    refusal,
    second_factor,
    sign_in,
    user_of,
)
from tests.fakes.world import PASSWORD, World

if TYPE_CHECKING:
    from collections.abc import Callable

STEP = timedelta(seconds=30)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def token(world: World) -> str:
    return sign_in(world).token


def begin(world: World, token: str, password: str = PASSWORD) -> TOTP:
    """What the app shows that was told the secret."""
    secret, uri = account(world).begin_second_factor(token, password, HERE)
    assert f"secret={secret}" in uri
    return TOTP(secret)


def confirm(world: World, token: str, code: str) -> list[str]:
    return account(world).confirm_second_factor(token, code, HERE)


def remove(world: World, token: str, password: str, code: str) -> None:
    account(world).remove_second_factor(token, password, code, HERE)


def test_a_second_factor_is_begun_confirmed_and_asked_for(world: World, token: str) -> None:
    totp = begin(world, token)
    assert last_audit(world).action == "second_factor.begun"
    sign_in(world)
    confirm(world, token, code_of(totp, world))
    record = last_audit(world)
    assert (record.workspace, record.action) == (MASTER, "second_factor.confirmed")
    assert (record.actor.user, record.actor.address) == (world.author.user, "192.0.2.1")
    assert isinstance(refusal(world), SecondFactorNeeded)
    world.clock.advance(STEP)
    assert sign_in(world, code=code_of(totp, world)).user == user_of(world)


def test_the_code_that_confirmed_it_opens_nothing(world: World, token: str) -> None:
    totp = begin(world, token)
    code = code_of(totp, world)
    confirm(world, token, code)
    assert type(refusal(world, code=code)) is Unauthenticated


def test_ten_recovery_codes_are_shown_and_their_digests_stored(world: World, token: str) -> None:
    codes = confirm(world, token, code_of(begin(world, token), world))
    assert len(set(codes)) == 10
    kept = repr([user_of(world), *world.records.audit])
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]
    for code in codes[:3]:
        assert sign_in(world, code=code).user == user_of(world)


def test_the_secret_is_stored_wrapped(world: World, token: str) -> None:
    totp = begin(world, token)
    assert totp.secret not in repr([user_of(world), *world.records.audit])


def test_everyone_has_a_secret_of_their_own_and_a_new_one_each_time(
    world: World, token: str
) -> None:
    others = sign_in(world, email=OTHER).token
    secrets = {begin(world, each).secret for each in (token, token, others)}
    assert len(secrets) == 3


def test_beginning_again_makes_the_first_secret_worthless(world: World, token: str) -> None:
    old, new = begin(world, token), begin(world, token)
    with pytest.raises(Invalid, match="code"):
        confirm(world, token, code_of(old, world))
    confirm(world, token, code_of(new, world))


def test_one_that_is_on_is_neither_begun_nor_confirmed_again(world: World, token: str) -> None:
    totp = second_factor(world)
    with pytest.raises(Conflict, match="remove it first"):
        begin(world, token)
    with pytest.raises(Conflict, match="begin with one"):
        confirm(world, token, code_of(totp, world))


def test_what_is_not_there_is_neither_confirmed_nor_removed(world: World, token: str) -> None:
    with pytest.raises(Conflict, match="begin with one"):
        confirm(world, token, "123456")
    with pytest.raises(Conflict, match="no second factor"):
        remove(world, token, PASSWORD, "123456")
    totp = begin(world, token)
    with pytest.raises(Conflict, match="no second factor"):
        remove(world, token, PASSWORD, code_of(totp, world))


def test_password_and_code_together_remove_it(world: World, token: str) -> None:
    totp = second_factor(world)
    remove(world, token, PASSWORD, code_of(totp, world))
    assert last_audit(world).action == "second_factor.removed"
    assert user_of(world).second_factor is None
    assert sign_in(world).user == user_of(world)


def test_a_recovery_code_removes_it_for_who_lost_the_phone(world: World, token: str) -> None:
    second_factor(world)
    remove(world, token, PASSWORD, RECOVERY)
    assert user_of(world).second_factor is None


def test_nobody_learns_which_of_the_two_was_wrong(world: World, token: str) -> None:
    totp = second_factor(world)
    answers = set()
    for password, code in (("wrong", code_of(totp, world)), (PASSWORD, "x"), ("wrong", "x")):
        with pytest.raises(Invalid) as refused:
            remove(world, token, password, code)
        answers.add(refused.value.problems)
    assert len(answers) == 1
    assert user_of(world).second_factor is not None


def test_a_code_that_signed_someone_in_removes_nothing(world: World, token: str) -> None:
    totp = second_factor(world)
    sign_in(world, code=code_of(totp, world))
    with pytest.raises(Invalid):
        remove(world, token, PASSWORD, code_of(totp, world))


def wrong_begin(world: World, token: str) -> None:
    begin(world, token, "wrong")


def wrong_confirm(world: World, token: str) -> None:
    confirm(world, token, "abcdef")


def wrong_remove(world: World, token: str) -> None:
    remove(world, token, PASSWORD, "abcdef")


@pytest.mark.parametrize(
    ("attempt", "confirmed"), [(wrong_begin, None), (wrong_confirm, False), (wrong_remove, True)]
)
def test_wrong_guesses_count_at_the_sessions_own_place(
    world: World, token: str, attempt: Callable[[World, str], None], *, confirmed: bool | None
) -> None:
    if confirmed is not None:
        second_factor(world, confirmed=confirmed)
    for _ in range(3):
        with pytest.raises(Invalid):
            attempt(world, token)
    with pytest.raises(TooMany):
        attempt(world, token)
    refused = [record for record in world.records.audit if record.action == "account.refused"]
    assert [record.after["reason"] for record in refused] == ["wrong"] * 3 + ["locked"]
    assert {record.object for record in refused} == {world.author.user}
    assert type(refusal(world, "wrong")) is Unauthenticated


def test_of_two_who_confirm_at_once_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    token = sign_in(world).token
    totp = begin(world, token)
    code, stale = code_of(totp, world), user_of(world)
    confirm(world, token, code)
    monkeypatch.setattr(type(world.directory), "user", lambda *_: stale)
    with pytest.raises(Stale):
        confirm(world, token, code)


def test_of_two_who_use_one_code_at_once_one_does() -> None:
    meanwhile = Meanwhile()
    world = World(passwords=meanwhile)
    token = sign_in(world).token
    totp = second_factor(world)
    code = code_of(totp, world)
    meanwhile.happens = lambda: sign_in(world, code=code)
    with pytest.raises(Stale):
        remove(world, token, PASSWORD, code)
    assert user_of(world).second_factor is not None


def test_only_a_session_that_holds_changes_anything(world: World, token: str) -> None:
    for bad in ("", "mcs_x_y", token + "x"):
        with pytest.raises(Unauthenticated):
            begin(world, bad)
        with pytest.raises(Unauthenticated):
            confirm(world, bad, "123456")
        with pytest.raises(Unauthenticated):
            remove(world, bad, PASSWORD, "123456")


def test_the_uri_names_the_account(world: World, token: str) -> None:
    _, uri = account(world).begin_second_factor(token, PASSWORD, HERE)
    assert EMAIL.replace("@", "%40") in uri
