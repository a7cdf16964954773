"""People's addresses and passwords, and the tokens of their sessions and devices."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.identity import (
    DEVICE_LENGTH,
    DEVICE_PREFIX,
    RESET_LENGTH,
    RESET_PREFIX,
    SESSION_LENGTH,
    SESSION_PREFIX,
    USER_PREFIX,
    Device,
    PasswordReset,
    Session,
    check_email,
    check_name,
    check_password,
    csrf_token,
    digest_of,
    email_digest,
    knows,
    normal_email,
    open_device,
    open_reset,
    open_session,
    owner_in,
    same,
    token_of,
)
from tests.fakes import samples
from tests.fakes.services import MORNING as NOON

MOMENT = timedelta(microseconds=1)
TOKEN = "mcs_a_secret"


@pytest.mark.parametrize(
    ("opened", "length"),
    [
        (open_session("usr_a", TOKEN, NOON, "192.0.2.1", "test"), SESSION_LENGTH),
        (open_device("usr_a", TOKEN, NOON), DEVICE_LENGTH),
        (open_reset("usr_a", TOKEN, NOON, 0), RESET_LENGTH),
    ],
)
def test_what_a_token_opens_holds_until_it_expires_and_stores_no_token(
    opened: Session | Device | PasswordReset, length: timedelta
) -> None:
    assert opened.digest == digest_of(TOKEN)
    assert "secret" not in repr(opened)
    assert opened.holds_at(NOON + length - MOMENT)
    assert not opened.holds_at(NOON + length)


def test_a_token_tells_whose_it_is_and_of_what_kind() -> None:
    token = token_of(SESSION_PREFIX, "usr_01abc", "sec_ret-")
    assert token == "mcs_01abc_sec_ret-"
    assert owner_in(token, SESSION_PREFIX, USER_PREFIX) == "usr_01abc"
    for other in (DEVICE_PREFIX, RESET_PREFIX, "mck_"):
        assert owner_in(token, other, USER_PREFIX) is None


@pytest.mark.parametrize(
    "token",
    ["", "mcs_", "mcs_a", "mcs_a_", "mcs__secret", "a_secret", "mcs_\u00fc_s", "mcs_a_\ud800"],
)
def test_what_is_no_token_has_no_owner(token: str) -> None:
    assert owner_in(token, SESSION_PREFIX, USER_PREFIX) is None


def test_a_device_is_known_to_its_own_user_until_it_expires() -> None:
    user, device = samples.user(), samples.device(created_at=NOON, expires_at=NOON + DEVICE_LENGTH)
    assert knows(user, device, NOON)
    assert not knows(samples.user(id="usr_b"), device, NOON)
    assert not knows(user, device, NOON + DEVICE_LENGTH)


def test_a_device_must_be_younger_than_the_password() -> None:
    device = samples.device(created_at=NOON)
    assert knows(samples.user(devices_since=NOON - MOMENT), device, NOON)
    assert not knows(samples.user(devices_since=NOON), device, NOON)


def test_the_csrf_token_is_neither_the_token_nor_its_digest() -> None:
    assert csrf_token(TOKEN) == csrf_token(TOKEN)
    assert csrf_token(TOKEN) not in {TOKEN, digest_of(TOKEN), csrf_token("mcs_a_other")}


def test_same_compares_any_text() -> None:
    assert same("\u00e9", "\u00e9")
    assert not same("a", "b")
    assert not same("a", "aa")


def test_mail_addresses_are_compared_in_one_form() -> None:
    assert normal_email("  Ann@Example.COM ") == "ann@example.com"
    assert email_digest("  Ann@Example.COM ") == email_digest("ann@example.com")


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "a" * 250 + "@b.co",
        "a@b@c.example",
        "a b@example.com",
        "a@example.com,b@example.com",
        "Ann <a@example.com>",
        "a@example.com\nBcc: b",
        "\ud800@b.co",
    ],
)
def test_what_is_no_mail_address_is_refused(email: str) -> None:
    check_email(" Ann.O'Neil+x@mail.example.com ")
    with pytest.raises(Invalid, match="email"):
        check_email(email)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "\x1b[0m"])
def test_a_name_is_printable_and_bounded(name: str) -> None:
    check_name("Zo\u00eb 王")
    with pytest.raises(Invalid, match="name"):
        check_name(name)


@pytest.mark.parametrize(
    ("password", "common"),
    [
        ("x" * 11, False),
        ("x" * 257, False),
        ("correct horse", True),
        ("Someone.Long@example.com", False),
        (" SOMEONE.LONG", False),
    ],
)
def test_a_bad_password_names_the_field_it_came_in(password: str, *, common: bool) -> None:
    for good in ("x" * 12, "x" * 256):
        check_password(good, "someone.long@example.com", common=False)
    with pytest.raises(Invalid) as refusal:
        check_password(password, "someone.long@example.com", common=common, field="new")
    assert {problem.field for problem in refusal.value.problems} == {"new"}
