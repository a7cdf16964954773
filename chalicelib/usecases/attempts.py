"""Counting attempts before a secret is looked at (SPEC 2.4).

The count is written on condition that nobody else counted meanwhile: of a hundred attempts at once
no more get through than of a hundred one after the other.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain import lockout
from chalicelib.domain.errors import Conflict, TooMany

if TYPE_CHECKING:
    from chalicelib.domain.lockout import Attempts
    from chalicelib.usecases.ports import Changes, Clock, Directory

# How often a write that met another one is repeated.
TRIES: Final = 5
_MOMENT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    directory: Directory
    changes: Changes
    clock: Clock

    def begin(self, subject: str, place: str) -> Attempts:
        """Count an attempt, as failed until it is forgiven or forgotten."""
        for _ in range(TRIES):
            known = self.directory.attempts(subject, place)
            begun = lockout.begin(known, subject, place, self.clock.now())
            with suppress(Conflict):
                return self.changes.keep(begun)
        raise at_once()

    def forgive(self, begun: Attempts) -> None:
        """It was no failure, but proved nothing either: those before it stay counted."""
        known: Attempts | None = begun
        for _ in range(TRIES):
            if known is None:
                return
            with suppress(Conflict):
                self.changes.keep(lockout.forgive(known))
                return
            known = self.directory.attempts(begun.subject, begun.place)

    def forget(self, begun: Attempts) -> None:
        """It succeeded: what was counted up to now no longer is."""
        known = self.directory.attempts(begun.subject, begun.place)
        if known is not None:
            self.changes.forget(known)


def at_once() -> TooMany:
    return TooMany("Too many attempts at once: try again in a moment.", _MOMENT)
