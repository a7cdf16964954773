"""API keys and clients as admins see them: a secret stands in the answer that makes it, only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import Shape
from chalicelib.domain.credentials import (
    DAYS_MAX,
    DEFAULT_DAYS,
    DEFAULT_OVERLAP_HOURS,
    NAME_MAX,
    OVERLAP_HOURS_MAX,
)
from chalicelib.domain.rights import KEY_RIGHTS, Right

if TYPE_CHECKING:
    from chalicelib.domain.credentials import ApiKey, Client, Secret

STATES: Final = ["active", "expired", "revoked"]
CredentialName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=NAME_MAX,
        description="Printable characters, not all of them spaces.",
        examples=["Shop"],
    ),
]
Days = Annotated[int, Meta(ge=1, le=DAYS_MAX)]
State = Annotated[str, Meta(extra_json_schema={"enum": STATES})]
UserId = Annotated[str, Meta(examples=["usr_01jqz7c3n2v6w8x9y0a1b2c3d4"])]


class NewKey(Shape, frozen=True):
    """What the program will be able to do: at most what the creator can do to everything."""

    name: CredentialName
    scopes: Annotated[
        list[Right],
        Meta(
            min_length=1,
            description="Rights that a key may have: " + ", ".join(sorted(KEY_RIGHTS)) + ".",
            examples=[["recipients:feed", "view"]],
        ),
    ]
    expires_in_days: Days = DEFAULT_DAYS


class NewClient(Shape, frozen=True):
    """A program that sends messages."""

    name: CredentialName
    expires_in_days: Annotated[Days | None, Meta(description="Null: it does not expire.")] = None


class Rotation(Shape, frozen=True):
    overlap_hours: Annotated[
        int, Meta(ge=0, le=OVERLAP_HOURS_MAX, description="For how long old secrets still hold.")
    ] = DEFAULT_OVERLAP_HOURS
    expires_in_days: Annotated[
        Days | None,
        Meta(description="A new life, counted from now; null leaves it the one it has."),
    ] = None


class SecretOut(msgspec.Struct, frozen=True):
    """That there is a secret, and whose; never the secret itself."""

    issued_to: UserId
    issued_at: datetime
    valid_until: Annotated[
        datetime | None, Meta(description="Null: as long as the credential itself.")
    ]


class KeyOut(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(examples=["key_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    name: CredentialName
    scopes: list[Right]
    status: State
    secrets: list[SecretOut]
    created_by: UserId
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class ClientOut(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(examples=["cli_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    name: CredentialName
    username: Annotated[
        str,
        Meta(
            examples=["wsp_01jqz7c3n2v6w8x9y0a1b2c3d4.cli_01jqz7c3n2v6w8x9y0a1b2c3d4"],
            description="For HTTP's Basic scheme.",
        ),
    ]
    status: State
    secrets: list[SecretOut]
    created_by: UserId
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class IssuedKey(msgspec.Struct, frozen=True):
    key: KeyOut
    token: Annotated[
        str | None,
        Meta(
            description="Shown this once; null where a request was repeated.",
            examples=["mck_01jq…_Zk3…"],
        ),
    ]


class IssuedClient(msgspec.Struct, frozen=True):
    client: ClientOut
    password: Annotated[
        str | None,
        Meta(description="Shown this once; null where a request was repeated.", examples=["Zk3…"]),
    ]


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
