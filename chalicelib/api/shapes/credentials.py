"""API keys and clients as admins see them: a secret stands in the answer that makes it, only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from chalicelib.api.shapes import Shape
from chalicelib.domain.credentials import DEFAULT_DAYS, DEFAULT_OVERLAP_HOURS
from chalicelib.domain.rights import Right

if TYPE_CHECKING:
    from chalicelib.domain.credentials import ApiKey, Client, Secret


class NewKey(Shape, frozen=True):
    name: str
    scopes: list[Right]
    expires_in_days: int = DEFAULT_DAYS


class NewClient(Shape, frozen=True):
    name: str
    expires_in_days: int | None = None


class Rotation(Shape, frozen=True):
    # For how long the old secret still holds.
    overlap_hours: int = DEFAULT_OVERLAP_HOURS
    # A new life, counted from now; left out, it ends when it would have.
    expires_in_days: int | None = None


class SecretOut(msgspec.Struct, frozen=True):
    issued_to: str
    issued_at: datetime
    valid_until: datetime | None


class KeyOut(msgspec.Struct, frozen=True):
    id: str
    name: str
    scopes: list[Right]
    status: str
    secrets: list[SecretOut]
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class ClientOut(msgspec.Struct, frozen=True):
    id: str
    name: str
    username: str
    status: str
    secrets: list[SecretOut]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class IssuedKey(msgspec.Struct, frozen=True):
    key: KeyOut
    # Null where a request was repeated: it was shown once.
    token: str | None


class IssuedClient(msgspec.Struct, frozen=True):
    client: ClientOut
    password: str | None


def key(item: ApiKey, now: datetime) -> KeyOut:
    return KeyOut(
        id=item.id,
        name=item.name,
        scopes=list(item.scopes),
        status=item.state_at(now),
        secrets=[_secret(each) for each in item.secrets],
        created_by=item.created_by,
        created_at=item.created_at,
        expires_at=item.expires_at,
        revoked_at=item.revoked_at,
    )


def client(item: Client, now: datetime) -> ClientOut:
    return ClientOut(
        id=item.id,
        name=item.name,
        username=item.username,
        status=item.state_at(now),
        secrets=[_secret(each) for each in item.secrets],
        created_by=item.created_by,
        created_at=item.created_at,
        expires_at=item.expires_at,
        revoked_at=item.revoked_at,
    )


def _secret(item: Secret) -> SecretOut:
    return SecretOut(item.issued_to, item.issued_at, item.valid_until)
