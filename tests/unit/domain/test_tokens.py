from __future__ import annotations

import hmac
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import tokens
from chalicelib.domain.tokens import Mixer

KEYS = st.binary(min_size=1, max_size=64)
NUMBERS = st.integers(0, 2**64 - 1)
BITS = 64


@given(st.binary(max_size=64), st.text(alphabet="0123456789", max_size=20))
def test_it_is_the_plain_hmac(key: bytes, digits: str) -> None:
    assert tokens.hasher(key)(digits) == hmac.digest(key, digits.encode(), "sha256")


def test_a_key_that_sha_would_shorten_is_refused() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        tokens.hasher(bytes(65))


@given(KEYS, NUMBERS, NUMBERS)
def test_equal_tokens_are_equal_numbers(key: bytes, one: int, other: int) -> None:
    mixer = Mixer.of(key)
    assert 0 <= mixer.token(one) < 2**BITS
    assert (mixer.token(one) == mixer.token(other)) == (one == other)


def test_tokens_stay_what_they_are() -> None:
    """Lists that are stored are searched by them."""
    assert [f"{Mixer.of(b'k' * 32).token(number):016x}" for number in (0, 1, 447400123456)] == [
        "6ef8a14ed24cfb40",
        "117c8c353f55cb8e",
        "16d1c3747b160e18",
    ]


def test_each_bit_of_a_number_changes_half_of_its_token() -> None:
    mixer, chance = Mixer.of(b"key"), Random(1)  # noqa: S311 - examples, no secrets
    for bit in range(BITS):
        numbers = [447_000_000_000 + chance.randrange(10**9) for _ in range(200)]
        changed = [mixer.token(one) ^ mixer.token(one ^ 1 << bit) for one in numbers]
        assert 29 < sum(map(int.bit_count, changed)) / len(changed) < 35


def test_numbers_in_a_row_are_spread_evenly() -> None:
    mixer = Mixer.of(b"key")
    firsts = [mixer.token(447_400_000_000 + place) >> (BITS - 4) for place in range(16_000)]
    assert all(900 < firsts.count(first) < 1_100 for first in range(16))


@given(st.binary(max_size=64), st.integers(0, 2**64 - 1))
def test_a_token_leads_back_to_its_number(key: bytes, number: int) -> None:
    mixer = Mixer.of(key)
    assert mixer.number(mixer.token(number)) == number
    assert mixer.token(mixer.number(number)) == number
