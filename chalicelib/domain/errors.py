"""What can go wrong, as types. Nothing in here knows HTTP: `api/errors.py` maps each to a problem
document.

MessageCenterError
├── Invalid            the request cannot be understood or breaks a rule; names every field at once
├── Unauthenticated    no credential, or one that does not hold
│   └── SecondFactorNeeded   the password is right, a code is missing (SPEC 2.4)
├── Forbidden          the credential holds, the right is missing
├── NotFound           no such thing, or a thing of another workspace: both look alike (SPEC 2.1)
├── TooMany            too many attempts; says when to come back
├── Unavailable        a service that we need does not answer; nothing was changed
└── Conflict           the thing is not in the state that the action needs
    ├── Stale          somebody else changed it since it was read
    │   └── Outdated   the caller's own If-Match names another version
    ├── Exists         it is there already
    ├── IllegalMove    the status table has no such move
    ├── AlreadyDecided another moderator was first (SPEC 4.3)
    └── KeyReused      the caller's own key belongs to another request (CONTRACTS 5)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field; `message` says what to do about it."""

    field: str
    message: str


class MessageCenterError(Exception):
    """Base of everything that the core refuses."""


class Invalid(MessageCenterError):
    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


class Unauthenticated(MessageCenterError):
    pass


class SecondFactorNeeded(Unauthenticated):
    def __init__(self) -> None:
        super().__init__("Send the code of your authenticator app, or a recovery code, as `code`.")


class Forbidden(MessageCenterError):
    pass


class NotFound(MessageCenterError):
    def __init__(self, kind: str) -> None:
        super().__init__(f"There is no such {kind}.")
        self.kind = kind


class TooMany(MessageCenterError):
    def __init__(self, message: str, wait: timedelta) -> None:
        super().__init__(message)
        self.wait = wait


class Unavailable(MessageCenterError):
    def __init__(self, what: str) -> None:
        super().__init__(f"{what} does not answer at the moment. Nothing was changed; try again.")


class Conflict(MessageCenterError):
    pass


class Stale(Conflict):
    def __init__(self) -> None:
        super().__init__("It was changed by someone else meanwhile. Read it again and repeat.")


class Outdated(Stale):
    pass


class Exists(Conflict):
    pass


class IllegalMove(Conflict):
    def __init__(self, kind: str, state: str, action: str) -> None:
        super().__init__(f"A {kind} that is {state} cannot {action}.")
        self.state = state
        self.action = action


class AlreadyDecided(Conflict):
    def __init__(self, decision: str, at: datetime | None) -> None:
        when = f" at {at.isoformat()}" if at else ""
        super().__init__(f"It was decided already: {decision}{when}.")
        self.decision = decision


class KeyReused(Conflict):
    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request: take a new one.")


def require(*checks: tuple[bool, str, str]) -> None:
    """Raise one `Invalid` that names every failed check: (holds, field, message)."""
    problems = tuple(Problem(field, message) for holds, field, message in checks if not holds)
    if problems:
        raise Invalid(*problems)
