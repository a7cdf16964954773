"""People and their sessions (SPEC 2.4). A session's token is 256 random bits; only its digest is
stored.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from chalicelib.domain.errors import require

SESSION_LENGTH: Final = timedelta(hours=8)
SESSION_PREFIX: Final = "mcs_"
PASSWORD_MIN: Final = 12
PASSWORD_MAX: Final = 256
EMAIL_MAX: Final = 254


@dataclass(frozen=True, slots=True)
class User:
    id: str
    email: str
    name: str
    password_hash: str
    created_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    digest: str
    user: str
    created_at: datetime
    expires_at: datetime
    version: int = 0

    def holds_at(self, now: datetime) -> bool:
        return now < self.expires_at


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(user: User, token: str, now: datetime) -> Session:
    return Session(token_digest(token), user.id, now, now + SESSION_LENGTH)


def normal_email(email: str) -> str:
    return email.strip().lower()


def check_new_user(email: str, password: str) -> None:
    local, at, domain = email.partition("@")
    require(
        (bool(local and at and domain) and len(email) <= EMAIL_MAX, "email", "give a mail address"),
        (
            PASSWORD_MIN <= len(password) <= PASSWORD_MAX,
            "password",
            f"use {PASSWORD_MIN} to {PASSWORD_MAX} characters",
        ),
    )
