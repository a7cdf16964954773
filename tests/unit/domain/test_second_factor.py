"""Codes of authenticator apps and recovery codes."""

from __future__ import annotations

from base64 import b32encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp import TOTP

from chalicelib.domain.identity import SecondFactor
from chalicelib.domain.second_factor import (
    owner_of_seed,
    recovery_code,
    recovery_digest,
    secret_of,
    take,
    uri_of,
)
from tests.fakes.services import MORNING as NOON

SECRET = secret_of(b"key")
STEP = timedelta(seconds=30)
FRESH = SecondFactor(b"wrapped", confirmed=True)


def code_at(moment: datetime) -> str:
    return TOTP(SECRET).at(moment)


def taken(code: str, factor: SecondFactor = FRESH, now: datetime = NOON) -> SecondFactor | None:
    return take(factor, SECRET, "usr_a", code, now)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_the_examples_of_the_rfc(seconds: int, code: str) -> None:
    secret = b32encode(b"12345678901234567890").decode()
    now = datetime.fromtimestamp(seconds, UTC)
    used = take(FRESH, secret, "usr_a", code, now)
    assert used == replace(FRESH, last_step=seconds // 30)


def test_a_phone_may_be_one_step_off() -> None:
    good = [steps for steps in range(-3, 4) if taken(code_at(NOON + steps * STEP))]
    assert good == [-1, 0, 1]


def test_each_code_is_good_once() -> None:
    used = taken(code_at(NOON))
    assert used is not None
    assert taken(code_at(NOON), used) is None
    assert taken(code_at(NOON - STEP), used) is None
    following = taken(code_at(NOON + STEP), used)
    assert following is not None
    assert following.last_step == used.last_step + 1


def test_other_codes_are_refused() -> None:
    right = code_at(NOON)
    other_digits = right.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
    for code in ("", " ", right[:5], right + "0", right[::-1], other_digits, "\ud800"):
        assert taken(code) is None


def test_codes_are_taken_as_people_write_them() -> None:
    code = code_at(NOON)
    assert taken(f" {code[:3]} {code[3:]} ") is not None


def with_recovery(*codes: str, user: str = "usr_a") -> SecondFactor:
    return replace(FRESH, recovery=tuple(recovery_digest(user, code) for code in codes))


def test_a_recovery_code_is_struck_off() -> None:
    codes = [recovery_code(f"token-{number}") for number in range(3)]
    factor = with_recovery(*codes)
    used = taken(codes[1], factor)
    assert used == with_recovery(codes[0], codes[2])
    assert used is not None
    assert taken(codes[1], used) is None
    assert taken(codes[2].upper().replace("-", " "), used) == with_recovery(codes[0])


def test_a_recovery_code_is_of_no_use_to_another_user() -> None:
    code = recovery_code("token")
    assert taken(code, with_recovery(code, user="usr_b")) is None


def test_an_empty_code_recovers_nothing() -> None:
    assert taken("--", with_recovery(recovery_code("token"))) is None


@given(st.text(max_size=50), st.text(max_size=50))
def test_recovery_codes_are_four_groups_of_four_and_all_different(one: str, other: str) -> None:
    code = recovery_code(one)
    groups = code.split("-")
    assert [len(group) for group in groups] == [4, 4, 4, 4]
    assert set("".join(groups)) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert (code == recovery_code(other)) is (one == other)
    assert code not in recovery_digest("usr_a", code)


def test_a_secret_is_160_bits_that_one_can_type_in() -> None:
    assert len(SECRET) == 32
    assert "=" not in SECRET
    assert secret_of(b"another key") != SECRET
    assert owner_of_seed("usr_a") != owner_of_seed("usr_b")


def test_the_uri_tells_an_app_what_it_needs() -> None:
    uri = urlsplit(uri_of(SECRET, "ann+x@example.com"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/Message Center:ann+x@example.com"
    assert parse_qs(uri.query) == {"secret": [SECRET], "issuer": ["Message Center"]}
