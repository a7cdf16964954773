"""One's sessions: how they end, how many there are, and that no other token is one (SPEC 2.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import NotFound, Unauthenticated
from chalicelib.domain.identity import (
    RESET_PREFIX,
    SESSION_LENGTH,
    SESSIONS_MAX,
    Session,
    digest_of,
    open_reset,
    token_of,
)
from tests.fakes.accounts import (
    HERE,
    MINUTE,
    OTHER,
    assert_ended,
    fail,
    identity,
    last_audit,
    sign_in,
    user_of,
)
from tests.fakes.world import World


@pytest.fixture
def world() -> World:
    return World()


def test_a_session_ends_by_time(world: World) -> None:
    signed = sign_in(world)
    world.clock.advance(SESSION_LENGTH - timedelta(seconds=1))
    assert identity(world).session(signed.token).user == world.author.user
    world.clock.advance(timedelta(seconds=1))
    assert_ended(world, signed.token)


def test_signing_out_ends_the_session_at_once(world: World) -> None:
    signed, other = sign_in(world), sign_in(world)
    identity(world).sign_out(signed.token, HERE)
    record = last_audit(world)
    assert (record.action, record.after["session"]) == ("session.closed", signed.session.digest)
    assert_ended(world, signed.token)
    with pytest.raises(Unauthenticated):
        identity(world).sign_out(signed.token, HERE)
    assert identity(world).session(other.token) == other.session


def test_ones_sessions_are_those_that_hold_newest_first(world: World) -> None:
    sign_in(world)
    world.clock.advance(SESSION_LENGTH - MINUTE)
    second = sign_in(world)
    world.clock.advance(2 * MINUTE)
    third = sign_in(world)
    sign_in(world, email=OTHER)
    assert identity(world).sessions(second.token) == [third.session, second.session]


def test_one_ends_ones_own_sessions_and_nobody_elses(world: World) -> None:
    mine, other = sign_in(world), sign_in(world)
    theirs = sign_in(world, email=OTHER)
    for missing in (theirs.session.digest, "0" * 64, ""):
        with pytest.raises(NotFound, match="session"):
            identity(world).end_session(mine.token, missing, HERE)
    identity(world).end_session(mine.token, other.session.digest, HERE)
    assert last_audit(world).action == "session.closed"
    assert identity(world).sessions(mine.token) == [mine.session]
    with pytest.raises(NotFound):
        identity(world).end_session(mine.token, other.session.digest, HERE)
    assert identity(world).session(theirs.token) == theirs.session


def test_one_ends_all_other_sessions(world: World) -> None:
    others = [sign_in(world).token, sign_in(world).token]
    mine = sign_in(world)
    theirs = sign_in(world, email=OTHER)
    assert identity(world).end_other_sessions(mine.token, HERE) == 2
    record = last_audit(world)
    assert (record.action, record.after) == ("sessions.closed", {"sessions": 2})
    assert_ended(world, *others)
    assert identity(world).end_other_sessions(mine.token, HERE) == 0
    assert identity(world).session(theirs.token) == theirs.session


def test_a_person_has_so_many_sessions_and_the_oldest_make_room(world: World) -> None:
    signed = []
    for _ in range(SESSIONS_MAX + 2):
        signed.append(sign_in(world))
        world.clock.advance(timedelta(seconds=1))
    held = identity(world).sessions(signed[-1].token)
    assert held == [each.session for each in reversed(signed[2:])]
    closed = [record for record in world.records.audit if record.action == "session.closed"]
    oldest = [each.session.digest for each in signed[:2]]
    assert [record.after["session"] for record in closed] == oldest


def test_expired_sessions_are_forgotten_at_the_next_sign_in(world: World) -> None:
    sign_in(world)
    world.clock.advance(SESSION_LENGTH)
    left = sign_in(world)
    assert world.records.all(Session) == [left.session]
    assert "session.closed" not in {record.action for record in world.records.audit}


@pytest.mark.parametrize("token", ["", "mcs_", "mcs_wrong", "mcs_x_y", "mcs_x_\ud800", "Basic x"])
def test_what_is_no_token_of_a_session_opens_nothing(world: World, token: str) -> None:
    assert_ended(world, token)


def test_a_token_of_one_kind_is_none_of_another(world: World) -> None:
    signed = sign_in(world)
    assert signed.device is not None
    reset = token_of(RESET_PREFIX, world.author.user, "secret")
    world.records.put(open_reset(world.author.user, reset, world.clock.now(), 0))
    for token in (signed.device, reset):
        assert_ended(world, token, "mcs_" + token[4:])
    for token in (signed.token, reset):
        assert sign_in(world, device=token).device is not None
        assert sign_in(world, device="mcd_" + token[4:]).device is not None


def test_a_token_opens_no_session_of_another_user(world: World) -> None:
    signed = sign_in(world)
    secret = signed.token.removeprefix("mcs_").partition("_")[2]
    assert signed.token == token_of("mcs_", world.author.user, secret)
    assert_ended(world, token_of("mcs_", world.moderator.user, secret))


def test_a_session_is_named_by_its_digest_which_is_no_token(world: World) -> None:
    signed = sign_in(world)
    assert signed.session.digest == digest_of(signed.token)
    assert_ended(world, signed.session.digest)


def test_a_removed_account_is_signed_in_no_longer(world: World) -> None:
    signed = sign_in(world)
    world.records.remove(user_of(world))
    with pytest.raises(Unauthenticated):
        identity(world).whoami(signed.token)
    fail(world)
