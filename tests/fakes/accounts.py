"""Someone who signs in, and those who try to: what tests of sign-in and accounts share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pyotp import TOTP

from chalicelib.domain.errors import MessageCenterError, Unauthenticated
from chalicelib.domain.identity import SecondFactor
from chalicelib.domain.second_factor import owner_of_seed, recovery_code, recovery_digest, secret_of
from chalicelib.usecases.account import Account
from chalicelib.usecases.identity import Identity, Origin, SignedIn, SignInRequest
from chalicelib.usecases.resets import ResetMails
from tests.fakes.records import FakeChanges
from tests.fakes.services import FakePasswords
from tests.fakes.world import PASSWORD, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.identity import User

HERE = Origin("192.0.2.1", "test", "req-1")
EMAIL, OTHER, NOBODY = "author@example.com", "moderator@example.com", "nobody@example.com"
MINUTE = timedelta(minutes=1)
RECOVERY = recovery_code("token")


def identity(world: World) -> Identity:
    """Of the world's ports as they are now: tests put others in their place."""
    return Identity(
        directory=world.directory,
        changes=world.changes,
        passwords=world.passwords,
        data_keys=world.data_keys,
        clock=world.clock,
        ids=world.ids,
        auditor=world.auditor,
        recorder=world.recorder,
    )


def account(world: World) -> Account:
    return Account(
        directory=world.directory,
        changes=world.changes,
        passwords=world.passwords,
        data_keys=world.data_keys,
        clock=world.clock,
        ids=world.ids,
        auditor=world.auditor,
        recorder=world.recorder,
        errands=world.errands,
    )


def resets(world: World) -> ResetMails:
    return ResetMails(
        directory=world.directory,
        changes=world.changes,
        clock=world.clock,
        ids=world.ids,
        auditor=world.auditor,
    )


def sign_in(
    world: World,
    password: str = PASSWORD,
    *,
    email: str = EMAIL,
    code: str | None = None,
    device: str | None = None,
) -> SignedIn:
    return identity(world).sign_in(SignInRequest(email, password, code, device), HERE)


def refusal(world: World, password: str = PASSWORD, **given: Any) -> MessageCenterError:
    with pytest.raises(MessageCenterError) as refused:
        sign_in(world, password, **given)
    return refused.value


def fail(world: World, times: int = 1, **given: Any) -> None:
    for _ in range(times):
        assert type(refusal(world, "wrong", **given)) is Unauthenticated


def user_of(world: World) -> User:
    return world.directory.user(world.author.user)


def second_factor(world: World, *, confirmed: bool = True) -> TOTP:
    """Give the author one, and RECOVERY; what their app shows."""
    user = user_of(world)
    wrapped = world.data_keys.create(owner_of_seed(user.id))
    recovery = (recovery_digest(user.id, RECOVERY),) if confirmed else ()
    factor = SecondFactor(wrapped, confirmed=confirmed, recovery=recovery)
    world.changes.save(replace(user, second_factor=factor), world.audit())
    return TOTP(secret_of(world.data_keys.unwrap(owner_of_seed(user.id), wrapped)))


def code_of(totp: TOTP, world: World) -> str:
    return totp.at(world.clock.now())


def last_audit(world: World) -> AuditRecord:
    return world.records.audit[-1]


class CountingPasswords(FakePasswords):
    def __init__(self) -> None:
        self.looked_at = 0

    def match(self, stored: str | None, password: str) -> bool:
        self.looked_at += 1
        return super().match(stored, password)


class Meanwhile(FakePasswords):
    """Something happens once, between a password's check and what follows from it."""

    def __init__(self) -> None:
        self.happens: Callable[[], object] | None = None

    def match(self, stored: str | None, password: str) -> bool:
        matches = super().match(stored, password)
        happens, self.happens = self.happens, None
        if happens is not None:
            happens()
        return matches


class Before(FakeChanges):
    """Something happens before each commit, as often as there is something left to happen."""

    def __init__(self, world: World, *happenings: Callable[[], object]) -> None:
        super().__init__(world.records)
        self._happenings = list(happenings)

    def commit(self, *records: Any, remove: Any = (), audit: Any) -> None:
        if self._happenings:
            self._happenings.pop(0)()
        super().commit(*records, remove=remove, audit=audit)


def assert_ended(world: World, *tokens: str) -> None:
    for token in tokens:
        with pytest.raises(Unauthenticated):
            identity(world).session(token)
