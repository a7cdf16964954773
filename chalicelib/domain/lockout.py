"""Failed attempts to sign in, and how long they lock (SPEC 2.4).

Counted by mail address, whether an account has it or not, so that a lock tells nothing; and by
place: a device that signed in before has a count of its own, which an attacker elsewhere cannot
raise. An attempt counts as failed when it begins and is forgiven when it succeeds: a thousand at
once are not a thousand free ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from chalicelib.domain.errors import TooMany

FREE: Final = 3
LONGEST: Final = timedelta(minutes=15)
# After so long without an attempt the count begins anew.
FORGOTTEN_AFTER: Final = timedelta(hours=24)
# The place of everyone who has no known device.
ELSEWHERE: Final = "elsewhere"


@dataclass(frozen=True, slots=True)
class Attempts:
    # Digest of the mail address: what people mistype is not kept.
    subject: str
    place: str
    failures: int
    locked_until: datetime | None
    expires_at: datetime
    version: int = 0


def lock_after(failures: int) -> timedelta:
    """One minute after the third failure, twice as long after each further one, 15 at most."""
    if failures < FREE:
        return timedelta(0)
    doublings = min(failures - FREE, 10)
    return min(timedelta(minutes=2**doublings), LONGEST)


def begin(known: Attempts | None, subject: str, place: str, now: datetime) -> Attempts:
    """Count an attempt; raise TooMany while the account is locked for this place."""
    if known is not None and now >= known.expires_at:
        known = replace(known, failures=0, locked_until=None)
    if known is not None and known.locked_until is not None and now < known.locked_until:
        raise TooMany(
            "Too many failed attempts: wait before the next one.", known.locked_until - now
        )
    failures = known.failures + 1 if known else 1
    lock = lock_after(failures)
    return Attempts(
        subject=subject,
        place=place,
        failures=failures,
        locked_until=now + lock if lock else None,
        expires_at=now + FORGOTTEN_AFTER,
        version=known.version if known else 0,
    )


def forgive(attempts: Attempts) -> Attempts:
    """As if one of them had not begun: it began outside of a lock, so without it there is none."""
    return replace(attempts, failures=max(attempts.failures - 1, 0), locked_until=None)
