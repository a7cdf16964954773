"""Clock, ids and passwords."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from chalicelib.adapters import passwords as argon2id
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.ids import UlidIds, chance, crockford
from chalicelib.adapters.passwords import Argon2Passwords
from tests.fakes.services import FakeClock, FakeIds, FakePasswords

if TYPE_CHECKING:
    from chalicelib.usecases.ports import Clock, Ids, Passwords


@pytest.mark.parametrize("clock", [FakeClock(), SystemClock()], ids=["fake", "real"])
def test_now_is_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_the_system_clock_tells_the_time() -> None:
    before = datetime.now(UTC)
    assert before <= SystemClock().now() <= datetime.now(UTC)


@pytest.fixture(params=["fake", "real"])
def ids(request: pytest.FixtureRequest) -> Ids:
    return FakeIds() if request.param == "fake" else UlidIds(FakeClock())


def test_ids_have_their_prefix_and_sort_as_they_were_given(ids: Ids) -> None:
    given = [ids.new("cmp") for _ in range(1000)]

    assert given == sorted(set(given))
    assert {len(id_) for id_ in given} == {len("cmp_") + 26}
    assert all(id_.startswith("cmp_") and id_ == id_.lower() for id_ in given)
    assert not any("#" in id_ for id_ in given)


def test_tokens_differ_and_are_as_long_as_256_bits(ids: Ids) -> None:
    tokens = {ids.token() for _ in range(100)}

    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}


def test_ids_sort_by_time_over_processes() -> None:
    clock = FakeClock()
    early = UlidIds(clock, random_bits=lambda bits: 2**bits - 1).new("lst")
    clock.advance(timedelta(milliseconds=1))
    late = UlidIds(clock, random_bits=lambda _: 0).new("lst")

    assert early < late
    assert early[4:14] != late[4:14]


def test_ids_go_on_when_the_clock_is_set_back() -> None:
    clock = FakeClock()
    ids = UlidIds(clock)
    before = ids.new("lst")
    clock.advance(timedelta(hours=-1))

    assert ids.new("lst") > before


def test_an_id_is_the_ulid_of_its_time() -> None:
    at = datetime(2016, 7, 30, 23, 54, 10, 259_999, tzinfo=UTC)
    ids = UlidIds(FakeClock(at), random_bits=lambda _: 0)

    assert ids.new("x") == "x_01arz3ndek0000000000000000"
    assert crockford(2**128 - 1) == "7" + 25 * "z"


def test_chance_is_not_the_same_twice() -> None:
    drawn = {chance() for _ in range(50)}

    assert len(drawn) == 50
    assert all(0 <= value < 1 for value in drawn)


@pytest.fixture(params=["fake", "real"])
def passwords(request: pytest.FixtureRequest) -> Passwords:
    return FakePasswords() if request.param == "fake" else Argon2Passwords()


def test_a_password_matches_its_own_hash_alone(passwords: Passwords) -> None:
    stored = passwords.hash("correct horse ☃")

    assert "correct horse" not in stored or isinstance(passwords, FakePasswords)
    assert passwords.match(stored, "correct horse ☃")
    assert not passwords.match(stored, "correct horse")
    assert not passwords.match(None, "correct horse ☃")


def test_a_missing_account_is_checked_with_the_settings_of_a_real_one() -> None:
    stored = Argon2Passwords().hash("correct horse")

    assert stored.startswith("$argon2id$")
    assert argon2id.DECOY.rsplit("$", 2)[0] == stored.rsplit("$", 2)[0]
    hasher = PasswordHasher(
        time_cost=argon2id.PASSES,
        memory_cost=argon2id.MEMORY_KIB,
        parallelism=argon2id.LANES,
    )
    assert not hasher.check_needs_rehash(argon2id.DECOY)


def test_nobody_signs_in_to_a_missing_account(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Argon2Passwords()
    monkeypatch.setattr(argon2id, "DECOY", passwords.hash("the decoy's own"))

    assert not passwords.match(None, "the decoy's own")


def test_a_missing_account_takes_as_long_as_a_wrong_password() -> None:
    passwords = Argon2Passwords()
    stored = passwords.hash("correct horse")

    missing = min(seconds(passwords, None) for _ in range(5))
    wrong = min(seconds(passwords, stored) for _ in range(5))

    assert wrong / 3 < missing < wrong * 3


def seconds(passwords: Passwords, stored: str | None) -> float:
    start = time.perf_counter()
    passwords.match(stored, "wrong horse")
    return time.perf_counter() - start
