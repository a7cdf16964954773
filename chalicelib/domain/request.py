"""Requests with a key of the caller's own: made once, however often they are sent (CONTRACTS 5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import KeyReused, require

if TYPE_CHECKING:
    from datetime import datetime

KEY_MAX: Final = 255
# For so long a repetition is known at least.
REMEMBERED: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class MadeOnce:
    """That this caller's request with this key made `target`."""

    workspace: str
    user: str
    key: str
    digest: str
    target: str
    expires_at: datetime
    version: int = 0


def check_key(key: str) -> None:
    require(
        (
            0 < len(key) <= KEY_MAX and key.isascii() and key.isprintable(),
            "Idempotency-Key",
            f"use 1 to {KEY_MAX} printable ASCII characters",
        )
    )


def digest_of(content: object) -> str:
    """Of a request's own words: dataclasses and tuples of them print the same every time."""
    return hashlib.sha256(repr(content).encode()).hexdigest()


def target_of(made: MadeOnce, digest: str) -> str:
    if made.digest != digest:
        raise KeyReused
    return made.target
