"""Phone numbers as people write them, made E.164 digits without "+" (SPEC 5.2), and masked (5.5).

`phonenumbers` is imported where it is needed: it takes some 60 ms, which a function that only
masks must not pay at its start.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_SHOWN: Final = 4

# What people put between digits, then the unseen marks that address books paste around a number.
_FILLING: Final = str.maketrans(
    "",
    "",
    " \t\r\n\xa0\u2007\u2009\u202f"
    "()[]-./\u2010\u2011\u2012\u2013\u2014\u2212"
    "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff",
)
_DIALLED: Final = re.compile(r"(?P<abroad>\+|00)?(?P<digits>[0-9]+)")


class Reason(StrEnum):
    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    UNKNOWN_COUNTRY = "unknown_country"
    INVALID = "invalid"


_TEXTS: Final = {
    Reason.EMPTY: "there is no number",
    Reason.NOT_A_NUMBER: "a number has digits, and nothing else but a leading + and separators",
    Reason.TOO_SHORT: "the number is too short for its country",
    Reason.TOO_LONG: "the number is too long for its country",
    Reason.UNKNOWN_COUNTRY: "no country has this code: begin with + or 00 and the country's code",
    Reason.INVALID: "the country's numbering plan has no such number",
}


class BadNumber(ValueError):
    """`reason` is for counting; the text never shows the number itself."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(_TEXTS[reason])
        self.reason = reason


def normalise(raw: str, *, default_country: str | None = None) -> str:
    """E.164 digits of `raw`, or BadNumber.

    Digits without "+" or "00" are a number of `default_country` (two letters, ISO 3166); without
    one they begin with their country code.
    """
    abroad, digits = dialled(raw)

    from phonenumbers import PhoneNumberFormat, format_number, is_valid_number  # noqa: PLC0415

    foreign = abroad or default_country is None
    number = _parse(f"+{digits}" if foreign else digits, default_country)
    if not is_valid_number(number):
        raise BadNumber(_why(number))
    return format_number(number, PhoneNumberFormat.E164).removeprefix("+")


def dialled(raw: str) -> tuple[bool, str]:
    """Whether "+" or "00" stands in front, and the digits behind it."""
    digits = raw.translate(_FILLING)
    if not digits:
        raise BadNumber(Reason.EMPTY)
    match = _DIALLED.fullmatch(digits)
    if match is None:
        raise BadNumber(Reason.NOT_A_NUMBER)
    return match["abroad"] is not None, match["digits"]


def mask(number: str) -> str:
    """Keep the last four digits; of four or fewer none, since they would be the whole number."""
    shown = number[-_SHOWN:] if len(number) > _SHOWN else ""
    return shown.rjust(len(number), "*")


def _parse(dialled: str, country: str | None) -> PhoneNumber:
    from phonenumbers import NumberParseException, parse  # noqa: PLC0415

    reasons = {
        NumberParseException.INVALID_COUNTRY_CODE: Reason.UNKNOWN_COUNTRY,
        NumberParseException.NOT_A_NUMBER: Reason.TOO_SHORT,
        NumberParseException.TOO_SHORT_AFTER_IDD: Reason.TOO_SHORT,
        NumberParseException.TOO_SHORT_NSN: Reason.TOO_SHORT,
        NumberParseException.TOO_LONG: Reason.TOO_LONG,
    }
    try:
        return parse(dialled, country)
    except NumberParseException as error:
        raise BadNumber(reasons[error.error_type]) from None


def _why(number: PhoneNumber) -> Reason:
    from phonenumbers import ValidationResult, is_possible_number_with_reason  # noqa: PLC0415

    reasons = {
        ValidationResult.TOO_SHORT: Reason.TOO_SHORT,
        ValidationResult.TOO_LONG: Reason.TOO_LONG,
    }
    return reasons.get(is_possible_number_with_reason(number), Reason.INVALID)
