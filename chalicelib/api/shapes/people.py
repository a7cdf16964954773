"""People, their sessions and second factors."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import Shape
from chalicelib.domain.identity import EMAIL_MAX, NAME_MAX, PASSWORD_MAX, PASSWORD_MIN
from chalicelib.domain.rights import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.identity import Session, User
    from chalicelib.domain.membership import Member

Email = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=EMAIL_MAX,
        extra_json_schema={"format": "email"},
        examples=["ann@example.com"],
    ),
]
PersonName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=NAME_MAX,
        description="Printable characters, not all of them spaces.",
        examples=["Ann Author"],
    ),
]
Password = Annotated[
    str,
    Meta(
        description="The password as it is now.",
        extra_json_schema={"format": "password"},
        examples=["correct horse battery"],
    ),
]
NewPassword = Annotated[
    str,
    Meta(
        min_length=PASSWORD_MIN,
        max_length=PASSWORD_MAX,
        description="None that many people use, and not one's own mail address.",
        extra_json_schema={"format": "password"},
        examples=["another horse battery"],
    ),
]
MailedToken = Annotated[
    str,
    Meta(description="The token in the mail. It is good once.", examples=["mcr_01jq…_Zk3…"]),
]
FactorCode = Annotated[
    str,
    Meta(
        description="Six digits of the authenticator app, or a recovery code.", examples=["123456"]
    ),
]


class SignIn(Shape, frozen=True):
    """An e-mail address and a password, and what else proves who it is."""

    email: Email
    password: Password
    code: FactorCode | None = None
    device: (
        Annotated[
            str,
            Meta(
                description="What an earlier sign-in gave this device: failures from elsewhere do "
                "not lock it out.",
                examples=["mcd_01jq…_Zk3…"],
            ),
        ]
        | None
    ) = None
    cookie: Annotated[
        bool,
        Meta(
            description="For browsers: session and device come as cookies that no script can read."
        ),
    ] = False


class ChangePassword(Shape, frozen=True):
    current: Password
    new: NewPassword


class AskReset(Shape, frozen=True):
    email: Email


class Reset(Shape, frozen=True):
    token: MailedToken
    password: NewPassword


class Confirmation(Shape, frozen=True):
    """Whoever holds a session still has to know the password."""

    password: Password


class Code(Shape, frozen=True):
    code: FactorCode


class RemoveFactor(Shape, frozen=True):
    password: Password
    code: FactorCode


class PersonOut(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(examples=["usr_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    email: Email
    name: PersonName
    second_factor: Annotated[bool, Meta(description="Whether a sign-in needs a code as well.")]


class Seat(msgspec.Struct, frozen=True):
    """A workspace that the person belongs to, and as what."""

    id: Annotated[str, Meta(examples=["wsp_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    role: Role
    is_moderator: bool


class Me(msgspec.Struct, frozen=True):
    user: PersonOut
    workspaces: list[Seat]
    csrf: Annotated[
        str, Meta(description="To send as X-CSRF-Token along with the session's cookie.")
    ]


class SignedIn(msgspec.Struct, frozen=True):
    token: Annotated[
        str | None,
        Meta(
            description="The session, to send as `Authorization: Bearer …`; null when it went "
            "into a cookie.",
            examples=["mcs_01jq…_Zk3…"],
        ),
    ]
    device: Annotated[
        str | None,
        Meta(
            description="To send as `device` next time; null when it went into a cookie, or the "
            "one that was sent is known.",
            examples=["mcd_01jq…_Zk3…"],
        ),
    ]
    csrf: str
    expires_at: datetime
    user: PersonOut
    workspaces: list[Seat]


class SessionOut(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(examples=["5f" * 32])]
    created_at: datetime
    expires_at: datetime
    address: Annotated[str, Meta(examples=["192.0.2.1"])]
    agent: Annotated[str, Meta(description="The program, as it named itself.", examples=["mc"])]
    current: Annotated[bool, Meta(description="Whether it is the one of this request.")]


class Factor(msgspec.Struct, frozen=True):
    """What an authenticator app needs: by hand, or as a QR code of the URI."""

    secret: Annotated[str, Meta(examples=["JBSWY3DPEHPK3PXP"])]
    uri: Annotated[
        str,
        Meta(
            examples=["otpauth://totp/Message%20Center:ann%40example.com?secret=JBSWY3DPEHPK3PXP"]
        ),
    ]


class Recovery(msgspec.Struct, frozen=True):
    """Codes for when the phone is gone; nobody can read them again."""

    codes: Annotated[list[str], Meta(examples=[["abcd-efgh-ijkl-mnop"]])]


class Ended(msgspec.Struct, frozen=True):
    sessions: Annotated[int, Meta(description="How many were ended.", ge=0)]


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
