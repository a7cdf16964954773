from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import tokens


@given(st.binary(max_size=64), st.text(alphabet="0123456789", max_size=20))
def test_it_is_the_plain_hmac(key: bytes, digits: str) -> None:
    assert tokens.hasher(key)(digits) == hmac.digest(key, digits.encode(), "sha256")


def test_a_key_that_sha_would_shorten_is_refused() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        tokens.hasher(bytes(65))
