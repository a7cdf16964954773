"""The bundled list of common passwords, and what counts as hardly more than one of them."""

from __future__ import annotations

import gzip
import random
import string
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.passwords import COMMON, Argon2Passwords
from infra.common_passwords import common_passwords, packed

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORDS = Argon2Passwords()
# A password of each row must be 12 characters long or more: shorter ones are refused anyway.
COMMON_ONES = {
    "on the list": ["sonyericsson", "SonyEricsson", "1q2w3e4r5t6y"],
    "with something around it": [
        "Password1234",
        "2024sunshine",
        "!!!dragon2024",
        "   football   ",
        "123456!!!!!!",
    ],
    "with signs for letters": [
        "P@$$w0rd1234",
        "$unshine2024!!",
        "1loveyou2024",
        "f00tba11f00tba11",
        "Passw0rd!Passw0rd!",
    ],
    "repeated": [
        "aaaaaaaaaaaa",
        "abcabcabcabca",
        "zx9!zx9!zx9!",
        "passwordpassword",
        "monkey monkey ",
        "lovelovelove1234",
    ],
    "a run": [
        "123456789012",
        "098765432109",
        "abcdefghijkl",
        "xyzabcdefghi",
        "zyxwvutsrqpo",
        "qwertyuiopas",
        "azertyuiopqs",
        "!@#$%^&*()_+",
        "abcdefgh2024",
    ],
}
GOOD_ONES = [
    "correct horse battery",
    "Correct-Horse-Battery-1",
    "a stranger's password",
    "zeppelin otter quartz",
    "kT7#vq2LmZ9x",
    "839201746253",
    # A word of it is common, but there is more to it than that.
    "password of otters",
    "éclair à la crème",
    # "xx" is repeated, "abc" is a run, and neither says anything.
    "93#71xx82!54",
    "93#71abc82!5",
]


@pytest.mark.parametrize(
    ("password", "why"), [(one, why) for why, ones in COMMON_ONES.items() for one in ones]
)
def test_a_common_password_is_found(password: str, why: str) -> None:
    assert len(password) >= 12
    assert PASSWORDS.common(password), why


@pytest.mark.parametrize("password", GOOD_ONES)
def test_what_is_more_than_a_common_one_may_be_used(password: str) -> None:
    assert not PASSWORDS.common(password)


def test_random_passwords_may_be_used() -> None:
    chance = random.Random(1)  # noqa: S311 - a seeded example
    signs = string.ascii_letters + string.digits + string.punctuation
    made = ["".join(chance.choices(signs, k=12)) for _ in range(10_000)]

    assert [password for password in made if PASSWORDS.common(password)] == []


@pytest.mark.parametrize("write", [" ".join, "-".join, "".join])
def test_phrases_of_four_listed_words_may_be_used(write: Callable[[list[str]], str]) -> None:
    words = [word for word in common_passwords().split() if word.isalpha()]
    chance = random.Random(2)  # noqa: S311 - likewise
    made = [write(chance.sample(words, 4)) for _ in range(3_000)]

    assert [password for password in made if PASSWORDS.common(password)] == []


def test_only_as_much_is_looked_at_as_a_password_may_have() -> None:
    """Whoever sends a megabyte gets an answer as soon as everybody else."""
    assert PASSWORDS.common("a" * 20_000 + "b")


def test_the_bundled_list_is_what_the_generator_makes() -> None:
    """After an upgrade of zxcvbn run: python -m infra.common_passwords."""
    made = common_passwords()

    assert gzip.decompress(COMMON.read_bytes()).decode() == made
    assert len(made.split()) == len(set(made.split())) == 30_000


def test_the_same_list_gives_the_same_file() -> None:
    once = packed("dragon\nqwerty\n")

    assert packed("dragon\nqwerty\n") == once
    # No name and no time in its header (RFC 1952).
    assert (once[3], once[4:8]) == (0, b"\0\0\0\0")
    bundled = COMMON.read_bytes()
    assert (bundled[3], bundled[4:8]) == (0, b"\0\0\0\0")
