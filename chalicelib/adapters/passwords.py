"""Passwords as argon2id hashes (SPEC 2.4), with the first of OWASP's recommended settings.

More memory would need a larger function for every call of the API, since the memory is each
password's own while it is checked.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1
# Of a random password that nobody knows. Checked where there is no account, so that an answer takes
# as long; made with the settings above, which a test compares.
DECOY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$vvrCXUC4aofySBSZAS37tw$zbzp3UhoawJaZwCnh3+z4UpDFCUhOfxdLsIHAHMWjRg"
)


class Argon2Passwords:
    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def match(self, stored: str | None, password: str) -> bool:
        from argon2.exceptions import VerificationError  # noqa: PLC0415 - as below

        try:
            self._hasher.verify(DECOY if stored is None else stored, password)
        except VerificationError:
            return False
        return stored is not None

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher  # noqa: PLC0415 - only signing in needs it

        return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
