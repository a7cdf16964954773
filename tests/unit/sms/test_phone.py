from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sms.phone import BadNumber, Reason, mask, normalise


@pytest.mark.parametrize(
    "raw",
    [
        "447911123456",
        "+447911123456",
        "00447911123456",
        "+44 7911 123 456",
        "(+44) 7911-123.456",
        "+44 (0)7911 123456",
        "+44\u20117911\u2013123\xa0456",
        " +44[7911]123/456\r\n",
        "\u202a+447911123456\u202c",
        "\ufeff447911123456",
    ],
)
def test_every_way_to_write_a_number_gives_its_digits(raw: str) -> None:
    assert normalise(raw) == "447911123456"


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("07911 123456", "GB", "447911123456"),
        ("7911 123456", "GB", "447911123456"),
        ("447911123456", "GB", "447911123456"),
        ("+33 6 12 34 56 78", "GB", "33612345678"),
        ("0033612345678", "GB", "33612345678"),
        ("(212) 555-1234", "US", "12125551234"),
        ("011 44 7911 123456", "US", "447911123456"),
        ("06 1234 5678", "IT", "390612345678"),
    ],
)
def test_the_default_country_counts_for_numbers_without_one(
    raw: str, country: str, expected: str
) -> None:
    assert normalise(raw, default_country=country) == expected


@pytest.mark.parametrize(
    ("raw", "country", "reason"),
    [
        ("", None, Reason.EMPTY),
        (" - ", None, Reason.EMPTY),
        ("+", None, Reason.NOT_A_NUMBER),
        ("++447911123456", None, Reason.NOT_A_NUMBER),
        ("44+7911123456", None, Reason.NOT_A_NUMBER),
        ("1-800-FLOWERS", "US", Reason.NOT_A_NUMBER),
        ("447911123456 ext 3", None, Reason.NOT_A_NUMBER),
        ("٤٤٧٩١١", None, Reason.NOT_A_NUMBER),
        ("1", None, Reason.TOO_SHORT),
        ("+44", None, Reason.TOO_SHORT),
        ("+44791", None, Reason.TOO_SHORT),
        ("12", "GB", Reason.TOO_SHORT),
        ("+4479111234567890", None, Reason.TOO_LONG),
        ("9" * 300, None, Reason.TOO_LONG),
        ("+99912345678", None, Reason.UNKNOWN_COUNTRY),
        ("07911123456", None, Reason.UNKNOWN_COUNTRY),
        ("07911123456", "UK", Reason.UNKNOWN_COUNTRY),
        ("+1 555 123 4567", None, Reason.INVALID),
        ("5551234", "US", Reason.INVALID),
    ],
)
def test_a_bad_number_names_its_reason_and_not_itself(
    raw: str, country: str | None, reason: Reason
) -> None:
    with pytest.raises(BadNumber) as refusal:
        normalise(raw, default_country=country)
    assert refusal.value.reason is reason
    assert not any(char.isdigit() for char in str(refusal.value).replace("00", ""))


@given(st.text(st.characters(), max_size=30) | st.from_regex(r"\A\+?[0-9]{1,20}\Z"))
def test_whatever_comes_gives_digits_or_a_reason(raw: str) -> None:
    try:
        number = normalise(raw)
    except BadNumber:
        return
    assert number.isascii()
    assert number.isdecimal()
    assert 5 <= len(number) <= 17
    assert normalise(number) == number


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("447911123456", "********3456"),
        ("12345", "*2345"),
        ("1234", "****"),
        ("", ""),
    ],
)
def test_a_mask_leaves_the_last_four_digits(number: str, masked: str) -> None:
    assert mask(number) == masked


def test_masking_does_not_wait_for_the_numbering_plans() -> None:
    program = "import sys, chalicelib.sms.phone; sys.exit('phonenumbers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
