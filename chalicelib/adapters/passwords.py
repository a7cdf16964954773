"""Passwords (SPEC 2.4): as argon2id hashes, and which of them are too common to be taken.

The hashes have the first of OWASP's recommended settings. More memory would need a larger function
for every call of the API, since the memory is each password's own while it is checked.

Nearly no common password has 12 characters: people lengthen one until it has. So a password is
common too if it is hardly more than one on the list: with digits and signs around it, with signs
for letters in it, repeated, or a run along the alphabet or a keyboard.
"""

from __future__ import annotations

import gzip
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chalicelib.domain.identity import PASSWORD_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

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

# Written by infra/common_passwords.py.
COMMON: Final = Path(__file__).with_name("common-passwords.txt.gz")
# What is shorter is no word: nearly every password holds one of those.
WORD_MIN: Final = 4
# A unit so short is nothing, however often it is repeated; twice such a one is a repetition.
UNIT_MAX: Final = 4
REPEATED_MIN: Final = 2 * UNIT_MAX
# "1" stands for either letter.
_SUBSTITUTIONS: Final = tuple(str.maketrans("013457@$!", f"o{one}eastasi") for one in "li")
# What fingers run along, forwards and backwards; digits and letters begin anew at their end.
_LINES: Final = (
    "1234567890" * 26,
    "abcdefghijklmnopqrstuvwxyz" * 10,
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "!@#$%^&*()_+",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
)
_RUNS: Final = (*_LINES, *(line[::-1] for line in _LINES))


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

    def common(self, password: str) -> bool:
        return any(
            self._is_listed(plain) or is_run(plain) or self._is_repeated(plain)
            for plain in readings(password[:PASSWORD_MAX])
        )

    def _is_listed(self, word: str) -> bool:
        return len(word) >= WORD_MIN and word in self._words

    def _is_repeated(self, word: str) -> bool:
        unit = repeated_unit(word) if len(word) >= REPEATED_MIN else None
        return unit is not None and (
            len(unit) <= UNIT_MAX
            or any(self._is_listed(plain) or is_run(plain) for plain in readings(unit))
        )

    @cached_property
    def _words(self) -> frozenset[str]:
        """Some 7 ms and 4 MB, which only those pay who set a password."""
        return frozenset(gzip.decompress(COMMON.read_bytes()).decode().split())

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher  # noqa: PLC0415 - only signing in needs it

        return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


def readings(password: str) -> Iterator[str]:
    """What it may be meant as: with or without what is around it, signs read as letters or not."""
    folded = password.casefold()
    for part in {folded, *_without_ends(folded)}:
        yield part
        for table in _SUBSTITUTIONS:
            yield part.translate(table)


def _without_ends(word: str) -> Iterator[str]:
    """Without digits, signs and spaces at both ends, or at either; and without signs alone."""
    first = next((at for at, sign in enumerate(word) if sign.isalpha()), len(word))
    last = next((at for at in range(len(word), 0, -1) if word[at - 1].isalpha()), 0)
    yield from (word[first:last], word[first:], word[:last])
    yield word.strip("".join({sign for sign in word if not sign.isalnum()}))


def is_run(word: str) -> bool:
    return len(word) >= WORD_MIN and any(word in line for line in _RUNS)


def repeated_unit(word: str) -> str | None:
    """The shortest beginning of which it consists, twice or more; the last one may be cut off."""
    for length in range(1, len(word) // 2 + 1):
        if all(word[at] == word[at - length] for at in range(length, len(word))):
            return word[:length]
    return None
