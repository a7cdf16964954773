"""Ids, tokens and chance. An id is a prefix and a ULID in lower case: it sorts by time, and within
one process strictly by the order in which it was given, even when the clock is set back.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.ports import Clock

CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH: Final = 26
RANDOM_BITS: Final = 80
TOKEN_BYTES: Final = 32

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SYSTEM: Final = secrets.SystemRandom()


class UlidIds:
    def __init__(self, clock: Clock, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._lock = Lock()
        self._last = -1

    def new(self, prefix: str) -> str:
        milliseconds = (self._clock.now() - _EPOCH) // timedelta(milliseconds=1)
        fresh = milliseconds << RANDOM_BITS | self._random_bits(RANDOM_BITS)
        with self._lock:
            self._last = max(fresh, self._last + 1)
            return f"{prefix}_{crockford(self._last)}"

    def token(self) -> str:
        return secrets.token_urlsafe(TOKEN_BYTES)


def first_of(prefix: str, instant: datetime) -> str:
    """Ids of this instant, or later, stand above it, all others below."""
    milliseconds = (instant - _EPOCH) // timedelta(milliseconds=1)
    return f"{prefix}_{crockford(max(0, milliseconds) << RANDOM_BITS)}"


def crockford(value: int) -> str:
    return "".join(CROCKFORD[value >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def chance() -> float:
    """From 0 to below 1, to spread retries that would meet again."""
    return _SYSTEM.random()
