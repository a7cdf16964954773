"""People, their sessions and second factors."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from chalicelib.api.shapes import Shape
from chalicelib.domain.rights import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.identity import Session, User
    from chalicelib.domain.membership import Member


class SignIn(Shape, frozen=True):
    email: str
    password: str
    # Of the authenticator app, or a recovery code.
    code: str | None = None
    # What an earlier sign-in gave this device.
    device: str | None = None
    # For browsers: the session comes as a cookie that no script can read.
    cookie: bool = False


class ChangePassword(Shape, frozen=True):
    current: str
    new: str


class AskReset(Shape, frozen=True):
    email: str


class Reset(Shape, frozen=True):
    token: str
    password: str


class Confirmation(Shape, frozen=True):
    password: str


class Code(Shape, frozen=True):
    code: str


class RemoveFactor(Shape, frozen=True):
    password: str
    code: str


class PersonOut(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    second_factor: bool


class Seat(msgspec.Struct, frozen=True):
    id: str
    role: Role
    is_moderator: bool


class Me(msgspec.Struct, frozen=True):
    user: PersonOut
    workspaces: list[Seat]
    # To send as X-CSRF-Token along with the session's cookie.
    csrf: str


class SignedIn(msgspec.Struct, frozen=True):
    # Null when they went into cookies.
    token: str | None
    device: str | None
    csrf: str
    expires_at: datetime
    user: PersonOut
    workspaces: list[Seat]


class SessionOut(msgspec.Struct, frozen=True):
    id: str
    created_at: datetime
    expires_at: datetime
    address: str
    agent: str
    current: bool


class Factor(msgspec.Struct, frozen=True):
    secret: str
    uri: str


class Recovery(msgspec.Struct, frozen=True):
    codes: list[str]


class Ended(msgspec.Struct, frozen=True):
    sessions: int


def person(user: User) -> PersonOut:
    factor = user.second_factor
    return PersonOut(user.id, user.email, user.name, factor is not None and factor.confirmed)


def seats(memberships: Iterable[Member]) -> list[Seat]:
    return [Seat(each.workspace, each.role, each.is_moderator) for each in memberships]


def session(item: Session, current: str) -> SessionOut:
    return SessionOut(
        id=item.digest,
        created_at=item.created_at,
        expires_at=item.expires_at,
        address=item.address,
        agent=item.agent,
        current=item.digest == current,
    )
