"""People, their sessions and their devices (SPEC 2.4).

A token is a prefix, the id of whose it is, and 256 random bits; only its digest is stored. The id
lets everything of one person stand together, so that all of it can be listed, and revoked, at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final

from chalicelib.domain.errors import require

SESSION_LENGTH: Final = timedelta(hours=8)
DEVICE_LENGTH: Final = timedelta(days=90)
RESET_LENGTH: Final = timedelta(hours=1)
SESSION_PREFIX: Final = "mcs_"
DEVICE_PREFIX: Final = "mcd_"
RESET_PREFIX: Final = "mcr_"
USER_PREFIX: Final = "usr_"
# Of one person; opening another ends the oldest.
SESSIONS_MAX: Final = 50
PASSWORD_MIN: Final = 12
PASSWORD_MAX: Final = 256
EMAIL_MAX: Final = 254
NAME_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """TOTP (RFC 6238). The seed is a data key wrapped for this user; it is never stored plain."""

    wrapped_seed: bytes
    confirmed: bool = False
    # The time step of the last code that was taken: each code is good once.
    last_step: int = 0
    # Digests of the recovery codes that are left.
    recovery: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    id: str
    email: str
    name: str
    password_hash: str
    created_at: datetime
    second_factor: SecondFactor | None = None
    # Devices are known if they came later; None: all are. A new password makes it move on.
    devices_since: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    user: str
    digest: str
    created_at: datetime
    expires_at: datetime
    address: str = ""
    agent: str = ""
    version: int = 0

    def holds_at(self, now: datetime) -> bool:
        return now < self.expires_at


@dataclass(frozen=True, slots=True)
class Device:
    """A device that signed in before: its attempts are counted by themselves (SPEC 2.4)."""

    user: str
    digest: str
    created_at: datetime
    expires_at: datetime
    version: int = 0

    def holds_at(self, now: datetime) -> bool:
        return now < self.expires_at


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """The one reset of this user that is open; a new one replaces it."""

    user: str
    digest: str
    created_at: datetime
    expires_at: datetime
    version: int = 0

    def holds_at(self, now: datetime) -> bool:
        return now < self.expires_at


def open_session(user: str, token: str, now: datetime, address: str, agent: str) -> Session:
    return Session(user, digest_of(token), now, now + SESSION_LENGTH, address, agent)


def open_device(user: str, token: str, now: datetime) -> Device:
    return Device(user, digest_of(token), now, now + DEVICE_LENGTH)


def open_reset(user: str, token: str, now: datetime, version: int) -> PasswordReset:
    return PasswordReset(user, digest_of(token), now, now + RESET_LENGTH, version)


def knows(user: User, device: Device, now: datetime) -> bool:
    """Whether this user signed in with this device before, and that still counts."""
    since = user.devices_since
    recent = since is None or device.created_at > since
    return device.user == user.id and device.holds_at(now) and recent


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two digests or codes are the same, in constant time."""
    return compare_digest(one.encode(), other.encode())


def token_of(prefix: str, owner: str, secret: str) -> str:
    """`owner` is an id with a prefix of its own, which the token does without."""
    return f"{prefix}{owner.partition('_')[2]}_{secret}"


def owner_in(token: str, prefix: str, owner_prefix: str) -> str | None:
    """The id in a token of this kind; None if it is none."""
    owner, between, secret = token.removeprefix(prefix).partition("_")
    plain = token.startswith(prefix) and token.isascii()
    if not (plain and owner and between and secret):
        return None
    return owner_prefix + owner


def csrf_token(session_token: str) -> str:
    """What a page must send along with a session that comes as a cookie.

    Made from the session's own secret, which other sites' pages can make the browser send, but can
    never read.
    """
    return digest_of(f"csrf:{session_token}")


def normal_email(email: str) -> str:
    return email.strip().lower()


def email_digest(email: str) -> str:
    return digest_of(normal_email(email))


def check_email(email: str) -> None:
    require((is_email(email), "email", "give a mail address"))


def is_email(email: str) -> bool:
    local, at, domain = normal_email(email).rpartition("@")
    plain = email.isprintable() and not any(sign in email.strip() for sign in ' ,;<>"')
    return bool(local and at and domain and plain and "@" not in local and len(email) <= EMAIL_MAX)


def check_name(name: str) -> None:
    good = 0 < len(name.strip()) <= NAME_MAX and name.isprintable()
    require((good, "name", f"use 1 to {NAME_MAX} printable characters"))


def check_password(password: str, email: str, *, common: bool, field: str = "password") -> None:
    """`common` is what the list of common passwords says of it."""
    local = normal_email(email).partition("@")[0]
    require(
        (
            PASSWORD_MIN <= len(password) <= PASSWORD_MAX,
            field,
            f"use {PASSWORD_MIN} to {PASSWORD_MAX} characters",
        ),
        (not common, field, "is one that many people use: take another"),
        (
            normal_email(password) not in {normal_email(email), local},
            field,
            "must not be your mail address",
        ),
    )
