"""Failed attempts: how they lock, and that they tell strangers nothing (SPEC 2.4).

Time is compared by the steps that are taken, not by a clock, which would tell of the machine that
runs the test: what takes time is one argon2 and the calls of the ports.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, local
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import (
    MessageCenterError,
    SecondFactorNeeded,
    Stale,
    TooMany,
    Unauthenticated,
)
from chalicelib.domain.identity import email_digest
from chalicelib.domain.lockout import Attempts
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.auditing import Recorder
from chalicelib.usecases.identity import Identity, SignInRequest
from tests.fakes.accounts import (
    EMAIL,
    HERE,
    MINUTE,
    NOBODY,
    OTHER,
    CountingPasswords,
    Meanwhile,
    code_of,
    fail,
    last_audit,
    refusal,
    second_factor,
    sign_in,
)
from tests.fakes.records import FakeChanges, FakeDirectory
from tests.fakes.world import World

if TYPE_CHECKING:
    from chalicelib.usecases.ports import R


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def passwords() -> CountingPasswords:
    return CountingPasswords()


@pytest.fixture
def counting(passwords: CountingPasswords) -> World:
    """Where it is counted how many passwords are looked at."""
    return World(passwords=passwords)


@pytest.fixture
def meanwhile() -> Meanwhile:
    return Meanwhile()


@pytest.fixture
def busy(meanwhile: Meanwhile) -> World:
    """Where something happens meanwhile."""
    return World(passwords=meanwhile)


# --- how they lock ---


@pytest.mark.parametrize("email", [EMAIL, NOBODY])
def test_three_failures_lock_and_further_ones_lock_longer(world: World, email: str) -> None:
    fail(world, 2, email=email)
    for minutes in (1, 2, 4, 8, 15, 15, 15):
        fail(world, email=email)
        locked = refusal(world, email=email)
        assert isinstance(locked, TooMany)
        assert locked.wait == minutes * MINUTE
        world.clock.advance(minutes * MINUTE - timedelta(seconds=1))
        assert isinstance(refusal(world, email=email), TooMany)
        world.clock.advance(timedelta(seconds=1))


def test_after_a_lock_the_right_password_is_right_again(world: World) -> None:
    fail(world, 3)
    world.clock.advance(MINUTE)
    assert sign_in(world).user.email == EMAIL


def test_while_it_is_locked_no_password_is_looked_at(
    counting: World, passwords: CountingPasswords
) -> None:
    fail(counting, 3)
    assert isinstance(refusal(counting), TooMany)
    assert isinstance(refusal(counting, "wrong"), TooMany)
    assert passwords.looked_at == 3


def test_attempts_during_a_lock_do_not_lengthen_it(world: World) -> None:
    fail(world, 3)
    for _ in range(20):
        assert isinstance(refusal(world, "wrong"), TooMany)
    world.clock.advance(MINUTE)
    assert sign_in(world).user.email == EMAIL


def test_the_count_is_forgotten_after_a_success(world: World) -> None:
    for _ in range(3):
        fail(world, 2)
        sign_in(world)
        assert world.records.all(Attempts) == []


def test_the_count_is_forgotten_after_a_day_of_quiet(world: World) -> None:
    fail(world, 3)
    world.clock.advance(timedelta(hours=24))
    fail(world, 2)
    assert sign_in(world).user.email == EMAIL


def test_an_address_is_one_however_it_is_written(world: World) -> None:
    fail(world)
    fail(world, email=" Author@example.com")
    fail(world, email="AUTHOR@EXAMPLE.COM ")
    assert isinstance(refusal(world), TooMany)


def test_failures_elsewhere_do_not_lock_a_device_that_signed_in_before(world: World) -> None:
    device = sign_in(world).device
    fail(world, 3)
    assert isinstance(refusal(world), TooMany)
    assert sign_in(world, device=device).user.email == EMAIL


def test_a_devices_own_failures_lock_it_and_nothing_else(world: World) -> None:
    device = sign_in(world).device
    fail(world, 3, device=device)
    assert isinstance(refusal(world, device=device), TooMany)
    assert sign_in(world).user.email == EMAIL


def test_a_success_on_a_device_forgets_nothing_elsewhere(world: World) -> None:
    device = sign_in(world).device
    fail(world, 2)
    sign_in(world, device=device)
    fail(world)
    assert isinstance(refusal(world), TooMany)


def test_a_device_of_someone_else_gives_no_further_attempts(world: World) -> None:
    theirs = sign_in(world, email=OTHER).device
    fail(world, 2)
    fail(world, device=theirs)
    assert isinstance(refusal(world, device=theirs), TooMany)
    assert isinstance(refusal(world), TooMany)


# --- attempts that meet ---


class AllAtOnce(FakeDirectory):
    """The first time, everyone reads the attempts before anyone writes them."""

    def __init__(self, world: World, parties: int) -> None:
        super().__init__(world.records)
        self._barrier = Barrier(parties)
        self._seen = local()

    def attempts(self, subject: str, place: str) -> Attempts | None:
        found = super().attempts(subject, place)
        if not hasattr(self._seen, "once"):
            self._seen.once = True
            self._barrier.wait(timeout=30)
        return found


@pytest.mark.parametrize("email", [EMAIL, NOBODY])
def test_a_hundred_attempts_at_once_try_no_more_than_three_passwords(
    counting: World, passwords: CountingPasswords, email: str
) -> None:
    counting.directory = AllAtOnce(counting, 100)

    def attempt(number: int) -> type[Exception]:
        return type(refusal(counting, f"guess {number}", email=email))

    with ThreadPoolExecutor(100) as pool:
        refusals = list(pool.map(attempt, range(100)))
    assert 1 <= passwords.looked_at <= 3
    assert refusals.count(Unauthenticated) == passwords.looked_at
    assert refusals.count(TooMany) == 100 - passwords.looked_at


def test_who_always_comes_late_tries_no_password(
    counting: World, passwords: CountingPasswords
) -> None:
    class AlwaysLate(FakeChanges):
        """Someone else writes first, always."""

        def keep(self, record: R) -> R:  # noqa: ARG002 - whatever it is
            raise Stale

    counting.changes = AlwaysLate(counting.records)
    assert isinstance(refusal(counting), TooMany)
    assert passwords.looked_at == 0


def test_a_success_forgets_what_was_counted_meanwhile(busy: World, meanwhile: Meanwhile) -> None:
    meanwhile.happens = lambda: fail(busy)
    sign_in(busy)
    assert busy.records.all(Attempts) == []


def test_a_success_may_find_its_count_forgotten_already(busy: World, meanwhile: Meanwhile) -> None:
    meanwhile.happens = lambda: sign_in(busy)
    sign_in(busy)
    assert busy.records.all(Attempts) == []


def test_a_missing_code_forgives_only_itself(busy: World, meanwhile: Meanwhile) -> None:
    second_factor(busy)
    meanwhile.happens = lambda: fail(busy)
    assert isinstance(refusal(busy), SecondFactorNeeded)
    assert [left.failures for left in busy.records.all(Attempts)] == [1]


def test_a_missing_code_may_find_its_count_forgotten_already(
    busy: World, meanwhile: Meanwhile
) -> None:
    totp = second_factor(busy)
    meanwhile.happens = lambda: sign_in(busy, code=code_of(totp, busy))
    assert isinstance(refusal(busy), SecondFactorNeeded)
    assert busy.records.all(Attempts) == []


# --- what strangers learn ---


class Watched:
    """A port that notes the calls it gets."""

    def __init__(self, name: str, port: object, calls: list[str]) -> None:
        self._name, self._port, self._calls = name, port, calls

    def __getattr__(self, name: str) -> Any:
        self._calls.append(f"{self._name}.{name}")
        return getattr(self._port, name)


def watched(world: World, calls: list[str]) -> Identity:
    """Notes every call that leaves the use case."""

    def watch(name: str, port: object) -> Any:
        return Watched(name, port, calls)

    return Identity(
        directory=watch("directory", world.directory),
        changes=watch("changes", world.changes),
        passwords=watch("passwords", world.passwords),
        data_keys=watch("data_keys", world.data_keys),
        clock=world.clock,
        ids=watch("ids", world.ids),
        auditor=watch("auditor", world.auditor),
        recorder=Recorder(watch("log", world.audit_log), world.fallback, world.clock),
    )


def steps_of(email: str, device: str, failures: int, *, factor: bool) -> tuple[Any, ...]:
    """What the last of these attempts does, and answers."""
    world = World()
    devices = {
        "none": None,
        "no token": "mcd_x_y",
        "author's": sign_in(world).device,
        "other's": sign_in(world, email=OTHER).device,
    }
    if factor:
        second_factor(world)
    fail(world, failures, email=email, device=devices[device], code="123456")
    calls: list[str] = []
    request = SignInRequest(email, "wrong", "123456", devices[device])
    with pytest.raises(MessageCenterError) as refused:
        watched(world, calls).sign_in(request, HERE)
    return type(refused.value), str(refused.value), vars(refused.value), calls


@pytest.mark.parametrize("device", ["none", "no token", "author's", "other's"])
@pytest.mark.parametrize("failures", range(4))
@pytest.mark.parametrize("factor", [False, True])
def test_an_unknown_account_takes_the_same_steps_and_gets_the_same_answer(
    device: str, failures: int, *, factor: bool
) -> None:
    known = steps_of(EMAIL, device, failures, factor=factor)
    assert known == steps_of(NOBODY, device, failures, factor=factor)
    calls = known[-1]
    assert calls.count("passwords.match") == (failures < 3)
    assert calls.count("log.append") == 1
    assert ("directory.device" in calls) is (device != "none")


def test_attempts_are_counted_before_the_password_is_looked_at() -> None:
    *_, calls = steps_of(EMAIL, "none", 0, factor=False)
    assert calls.index("changes.keep") < calls.index("passwords.match")


def test_a_refusal_is_recorded_for_known_and_unknown_alike(world: World) -> None:
    records = []
    for email in (EMAIL, NOBODY):
        fail(world, email=email)
        records.append(last_audit(world))
    known, unknown = records
    assert (known.action, known.workspace) == ("session.refused", MASTER)
    assert known.object == world.author.user
    assert unknown.object == "email:" + email_digest(NOBODY)[:16]
    assert (known.actor, known.after) == (unknown.actor, unknown.after)
    assert known.actor.address == "192.0.2.1"
    assert NOBODY not in repr(unknown)


def test_the_records_tell_why_it_was_refused(world: World) -> None:
    totp = second_factor(world)
    assert isinstance(refusal(world), SecondFactorNeeded)
    fail(world, 3)
    assert isinstance(refusal(world, code=code_of(totp, world)), TooMany)
    refused = [each for each in world.records.audit if each.action == "session.refused"]
    reasons = [record.after["reason"] for record in refused]
    assert reasons == ["code missing", "wrong", "wrong", "wrong", "locked"]
