"""A new password by mail, for someone who forgot the old one (SPEC 2.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import Invalid, SecondFactorNeeded
from chalicelib.domain.identity import RESET_LENGTH, PasswordReset, User
from chalicelib.domain.invitation import MAIL_PAUSE
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.workspace import MASTER
from tests.fakes.accounts import (
    EMAIL,
    HERE,
    NOBODY,
    OTHER,
    Before,
    account,
    assert_ended,
    fail,
    identity,
    last_audit,
    refusal,
    resets,
    second_factor,
    sign_in,
    user_of,
)
from tests.fakes.records import FakeDirectory
from tests.fakes.world import World

NEW = "staple battery horse"


@pytest.fixture
def world() -> World:
    return World()


def written_reset(world: World, email: str = EMAIL) -> str:
    written = resets(world).write_reset(email)
    assert written is not None
    return written[1]


def reset(world: World, token: str, new: str = NEW) -> None:
    account(world).reset_password(token, new, HERE)


def test_a_reset_is_asked_for_without_a_look_at_who_has_an_account(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = account(world)
    monkeypatch.setattr(FakeDirectory, "__getattribute__", forbidden)
    for email in (" Author@example.com", NOBODY):
        mine.request_reset(email)
    assert world.errands.posted == [
        Errand(ErrandKind.PASSWORD_RESET, MASTER, email=EMAIL),
        Errand(ErrandKind.PASSWORD_RESET, MASTER, email=NOBODY),
    ]
    with pytest.raises(Invalid, match="email"):
        mine.request_reset("author")


def forbidden(_: object, name: str) -> object:
    raise AssertionError(name)


def test_the_mailer_gets_a_token_of_which_only_the_digest_is_stored(world: World) -> None:
    written = resets(world).write_reset(" Author@example.com")
    assert written is not None
    user, token = written
    assert user == user_of(world)
    assert token.startswith("mcr_")
    assert token not in repr([*world.records.all(PasswordReset), *world.records.audit])
    record = last_audit(world)
    assert (record.action, record.object) == ("password.reset_sent", user.id)
    assert record.actor.user == "system:mailer"


def test_no_mail_is_due_for_an_unknown_address_or_soon_after_another(world: World) -> None:
    assert resets(world).write_reset(NOBODY) is None
    written_reset(world)
    world.clock.advance(MAIL_PAUSE - timedelta(seconds=1))
    assert resets(world).write_reset(EMAIL) is None
    world.clock.advance(timedelta(seconds=1))
    assert resets(world).write_reset(EMAIL) is not None


def test_of_two_mailers_with_the_same_errand_one_writes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_reset(world)
    monkeypatch.setattr(FakeDirectory, "password_reset", lambda *_: None)
    assert resets(world).write_reset(EMAIL) is None


def test_a_reset_sets_the_password_once(world: World) -> None:
    token = written_reset(world)
    reset(world, token)
    assert sign_in(world, NEW).user == user_of(world)
    with pytest.raises(Invalid, match=r"^token: "):
        reset(world, token, "yet another one")


def test_a_reset_ends_all_sessions_and_devices(world: World) -> None:
    signed = [sign_in(world) for _ in range(3)]
    theirs = sign_in(world, email=OTHER)
    world.clock.advance(timedelta(seconds=1))
    reset(world, written_reset(world))
    assert_ended(world, *(each.token for each in signed))
    assert identity(world).session(theirs.token) == theirs.session
    record = last_audit(world)
    assert (record.action, record.actor.user) == ("password.reset", world.author.user)
    assert record.after == {"sessions_ended": 3}
    world.clock.advance(timedelta(seconds=1))
    assert sign_in(world, NEW, device=signed[0].device).device is not None


def test_bad_tokens_answer_alike(world: World) -> None:
    used = written_reset(world)
    reset(world, used)
    world.clock.advance(MAIL_PAUSE)
    replaced = written_reset(world)
    world.clock.advance(MAIL_PAUSE)
    expired = written_reset(world)
    world.clock.advance(RESET_LENGTH)
    gone = written_reset(world, OTHER)
    world.records.remove(world.directory.user(world.moderator.user))
    session = sign_in(world, NEW).token
    bad = ["", "mcr_", "mcr_x_y", "mcr_\ud800_x", used, replaced, expired, gone, session]
    bad += ["mcr_" + session[4:], expired + "x"]
    answers = set()
    for token in bad:
        with pytest.raises(Invalid) as refused:
            reset(world, token)
        answers.add(refused.value.problems)
    assert len(answers) == 1
    assert [problem.field for problem in answers.pop()] == ["token"]


def test_a_new_mail_makes_the_token_of_the_old_one_worthless(world: World) -> None:
    old = written_reset(world)
    world.clock.advance(MAIL_PAUSE)
    new = written_reset(world)
    with pytest.raises(Invalid, match="token"):
        reset(world, old)
    reset(world, new)


def test_a_reset_holds_for_its_time(world: World) -> None:
    token = written_reset(world)
    world.clock.advance(RESET_LENGTH - timedelta(seconds=1))
    reset(world, token)


@pytest.mark.parametrize("new", ["short", "password1234", EMAIL])
def test_a_bad_new_password_does_not_use_up_the_token(world: World, new: str) -> None:
    token = written_reset(world)
    with pytest.raises(Invalid, match=r"^password: "):
        reset(world, token, new)
    reset(world, token)


def test_a_reset_leaves_the_second_factor_on(world: World) -> None:
    second_factor(world)
    reset(world, written_reset(world))
    assert isinstance(refusal(world, NEW), SecondFactorNeeded)


def test_who_locked_themselves_out_gets_in_after_a_reset(world: World) -> None:
    fail(world, 3)
    reset(world, written_reset(world))
    assert sign_in(world, NEW).user == user_of(world)


def test_of_two_resets_with_one_token_at_once_one_counts(world: World) -> None:
    token = written_reset(world)
    world.changes = Before(world, lambda: reset(world, token, "yet another one"))
    with pytest.raises(Invalid, match="token"):
        reset(world, token)
    assert sign_in(world, "yet another one").user == user_of(world)


def test_nothing_is_reset_half(world: World) -> None:
    token = written_reset(world)
    world.records.remove(user_of(world))
    before = world.records.all(PasswordReset)
    with pytest.raises(Invalid, match="token"):
        reset(world, token)
    assert world.records.all(PasswordReset) == before
    assert [user.email for user in world.records.all(User)] == [OTHER]
