"""Signing in: what it gives, the second factor, and what happens meanwhile (SPEC 2.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import (
    Invalid,
    SecondFactorNeeded,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from chalicelib.domain.identity import DEVICE_LENGTH, DEVICE_PREFIX, Device, Session, User
from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.identity import Origin, SignInRequest
from tests.fakes import samples
from tests.fakes.accounts import (
    EMAIL,
    HERE,
    OTHER,
    RECOVERY,
    Meanwhile,
    code_of,
    fail,
    identity,
    last_audit,
    refusal,
    second_factor,
    sign_in,
    user_of,
)
from tests.fakes.records import FakeChanges
from tests.fakes.services import FakePasswords
from tests.fakes.world import PASSWORD, World

if TYPE_CHECKING:
    from chalicelib.usecases.ports import R


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def meanwhile() -> Meanwhile:
    return Meanwhile()


@pytest.fixture
def busy(meanwhile: Meanwhile) -> World:
    """Where something happens meanwhile."""
    return World(passwords=meanwhile)


# --- what it gives ---


def test_signing_in_opens_a_session_that_leads_to_the_person(world: World) -> None:
    signed = sign_in(world, email=" Author@Example.com ")
    assert signed.token.startswith("mcs_")
    assert [member.workspace for member in signed.memberships] == [world.workspace]
    assert identity(world).session(signed.token) == signed.session
    assert (signed.session.address, signed.session.agent) == ("192.0.2.1", "test")
    user, memberships = identity(world).whoami(signed.token)
    assert (user, memberships) == (signed.user, signed.memberships)
    assert user.email == EMAIL


def test_signing_in_is_recorded_with_its_origin(world: World) -> None:
    signed = sign_in(world)
    record = last_audit(world)
    assert (record.workspace, record.action) == (MASTER, "session.opened")
    assert (record.actor.user, record.object) == (world.author.user, world.author.user)
    assert (record.actor.address, record.actor.request) == ("192.0.2.1", "req-1")
    assert record.after["session"] == signed.session.digest


def test_no_secret_is_stored_recorded_or_printed(world: World) -> None:
    request = SignInRequest(EMAIL, PASSWORD, "123456", "mcd_secret")
    signed = sign_in(world)
    kept = repr([*world.records.all(Session), *world.records.all(Device), *world.records.audit])
    assert signed.device is not None
    for secret in (signed.token, signed.device):
        assert secret not in kept
        assert secret not in repr(signed)
    for secret in (PASSWORD, "123456", "mcd_secret"):
        assert secret not in repr(request)


def test_an_agent_is_cut_where_the_audit_log_cuts_it(world: World) -> None:
    novelist = Origin("192.0.2.1", "x" * 5000, "req-1")
    signed = identity(world).sign_in(SignInRequest(EMAIL, PASSWORD), novelist)
    assert len(signed.session.agent) == len(last_audit(world).actor.agent) == 256


@pytest.mark.parametrize("email", ["", "author", "\ud800@example.com"])
def test_what_is_no_mail_address_is_refused_as_such(world: World, email: str) -> None:
    with pytest.raises(Invalid, match="email"):
        sign_in(world, email=email)


def test_a_password_longer_than_any_is_wrong_and_not_hashed_whole() -> None:
    lengths = []

    class Measuring(FakePasswords):
        def match(self, stored: str | None, password: str) -> bool:
            lengths.append(len(password))
            return super().match(stored, password)

    fail_with = "x" * 1_000_000
    assert type(refusal(World(passwords=Measuring()), fail_with)) is Unauthenticated
    assert lengths == [257]


def test_a_device_is_known_from_its_first_sign_in_on(world: World) -> None:
    first = sign_in(world)
    assert first.device is not None
    assert last_audit(world).after["known_device"] is False
    assert sign_in(world, device=first.device).device is None
    assert last_audit(world).after["known_device"] is True


def test_a_device_is_forgotten_after_its_time(world: World) -> None:
    device = sign_in(world).device
    world.clock.advance(DEVICE_LENGTH)
    renewed = sign_in(world, device=device).device
    assert renewed is not None
    assert renewed != device


@pytest.mark.parametrize("device", ["", "mcd_", "mcd_x_y", "mcd_\ud800_x", "mcs_x_y"])
def test_a_device_token_that_is_none_is_like_none(world: World, device: str) -> None:
    made = sign_in(world, device=device).device
    assert made is not None
    assert made.startswith(DEVICE_PREFIX)


def test_a_device_of_someone_else_is_like_none(world: World) -> None:
    assert sign_in(world, device=sign_in(world, email=OTHER).device).device is not None


# --- the second factor ---


def test_a_confirmed_second_factor_is_asked_for_after_the_password(world: World) -> None:
    totp = second_factor(world)
    assert isinstance(refusal(world), SecondFactorNeeded)
    assert isinstance(refusal(world, code=""), SecondFactorNeeded)
    assert type(refusal(world, "wrong")) is Unauthenticated
    assert sign_in(world, code=code_of(totp, world)).user == user_of(world)
    assert last_audit(world).after["second_factor"] is True


def test_an_unconfirmed_second_factor_changes_nothing(world: World) -> None:
    second_factor(world, confirmed=False)
    sign_in(world)
    assert last_audit(world).after["second_factor"] is False
    sign_in(world, code="000000")


def test_a_wrong_code_is_refused_like_a_wrong_password_and_counts(world: World) -> None:
    totp = second_factor(world)
    wrong = refusal(world, code="abcdef")
    assert type(wrong) is Unauthenticated
    assert str(wrong) == str(refusal(world, "wrong"))
    refusal(world, code="abcdef")
    assert isinstance(refusal(world, code=code_of(totp, world)), TooMany)


def test_a_missing_code_is_no_failure_and_no_success_either(world: World) -> None:
    totp = second_factor(world)
    for _ in range(5):
        assert isinstance(refusal(world), SecondFactorNeeded)
    fail(world, 2)
    assert isinstance(refusal(world), SecondFactorNeeded)
    fail(world)
    assert isinstance(refusal(world, code=code_of(totp, world)), TooMany)


def test_a_code_is_good_once(world: World) -> None:
    totp = second_factor(world)
    code = code_of(totp, world)
    sign_in(world, code=code)
    assert type(refusal(world, code=code)) is Unauthenticated
    world.clock.advance(timedelta(seconds=30))
    assert sign_in(world, code=code_of(totp, world)).user == user_of(world)


def test_a_recovery_code_stands_in_once(world: World) -> None:
    second_factor(world)
    sign_in(world, code=RECOVERY.upper())
    assert last_audit(world).after["recovery_codes"] == 0
    assert type(refusal(world, code=RECOVERY)) is Unauthenticated


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_of_two_with_the_same_code_at_once_one_gets_in(
    busy: World, meanwhile: Meanwhile, kind: str
) -> None:
    totp = second_factor(busy)
    code = code_of(totp, busy) if kind == "app" else RECOVERY
    meanwhile.happens = lambda: sign_in(busy, code=code)
    assert type(refusal(busy, code=code)) is Unauthenticated
    assert len(busy.records.all(Session)) == 1


def test_two_with_different_codes_at_once_both_get_in(busy: World, meanwhile: Meanwhile) -> None:
    totp = second_factor(busy)
    meanwhile.happens = lambda: sign_in(busy, code=code_of(totp, busy))
    sign_in(busy, code=RECOVERY)
    assert len(busy.records.all(Session)) == 2


def test_a_code_that_cannot_be_used_up_lets_nobody_in(world: World) -> None:
    class AlwaysLate(FakeChanges):
        """Someone else changes the user first, always."""

        def keep(self, record: R) -> R:
            if isinstance(record, User):
                raise Stale
            return super().keep(record)

    totp = second_factor(world)
    world.changes = AlwaysLate(world.records)
    assert isinstance(refusal(world, code=code_of(totp, world)), TooMany)
    assert world.records.all(Session) == []


# --- something changes meanwhile ---


def set_password(world: World) -> None:
    world.changes.save(replace(user_of(world), password_hash="another"), world.audit())


def test_a_password_that_is_changed_meanwhile_lets_nobody_in(
    busy: World, meanwhile: Meanwhile
) -> None:
    meanwhile.happens = lambda: set_password(busy)
    assert type(refusal(busy)) is Unauthenticated
    assert busy.records.all(Session) == []
    actions = [record.action for record in busy.records.audit[-3:]]
    assert actions == ["session.opened", "session.closed", "session.refused"]


def test_nor_does_it_with_a_code(busy: World, meanwhile: Meanwhile) -> None:
    totp = second_factor(busy)
    meanwhile.happens = lambda: set_password(busy)
    assert type(refusal(busy, code=code_of(totp, busy))) is Unauthenticated
    assert busy.records.all(Session) == []


def test_an_account_that_is_removed_meanwhile_lets_nobody_in(
    busy: World, meanwhile: Meanwhile
) -> None:
    meanwhile.happens = lambda: busy.records.remove(user_of(busy))
    assert type(refusal(busy)) is Unauthenticated
    assert busy.records.all(Session) == []


# --- the audit log is away ---


class NoTransactions(FakeChanges):
    """As the real one is while the audit table is away."""

    def commit(self, *_: Any, **__: Any) -> None:
        raise Unavailable("The database")


def test_people_sign_in_and_out_while_the_audit_log_is_away(world: World) -> None:
    world.audit_log.away = True
    world.changes = NoTransactions(world.records)
    fail(world)
    identity(world).sign_out(sign_in(world).token, HERE)
    assert [record.action for record in world.fallback.waiting] == [
        "session.refused",
        "session.opened",
        "session.closed",
    ]


def test_a_super_admin_signs_in_recorded_or_not_at_all(world: World) -> None:
    role = Role.SUPER_ADMIN
    world.records.put(samples.member(workspace=MASTER, user=world.author.user, role=role))
    world.changes = NoTransactions(world.records)
    for _ in range(4):  # a right password is no failed attempt
        assert isinstance(refusal(world), Unavailable)
    assert world.records.all(Session) == []
    assert world.fallback.waiting == []
    world.changes = FakeChanges(world.records)
    sign_in(world)
    assert last_audit(world).action == "session.opened"
