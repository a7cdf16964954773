"""How a text becomes the parts that are sent: encoding, limits, concatenation header (SPEC 6.2).

A text is cut between characters, never inside one: an escape stays with what it escapes, a
surrogate with its other half. The reference that ties the parts together is the caller's to
choose, for nothing in here is random.

TextError
├── TooLong     more than MAX_PARTS parts
└── BrokenText  half of a surrogate pair, which no encoding can carry
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.sms import gsm

MAX_PARTS: Final = 10
MAX_REFERENCE: Final = 0xFF

_LAST_OF_BMP: Final = "\uffff"
_HEADER_LENGTH: Final = 0x05
_CONCATENATED: Final = 0x00
_CONCATENATED_LENGTH: Final = 0x03


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class _Limits:
    """In units: septets or 16-bit words. The header of 6 octets takes 7 septets or 3 words."""

    data_coding: int
    alone: int
    each: int


_LIMITS: Final = {
    Encoding.GSM7: _Limits(data_coding=0, alone=160, each=153),
    Encoding.UCS2: _Limits(data_coding=8, alone=70, each=67),
}


@dataclass(frozen=True, slots=True)
class Measure:
    encoding: Encoding
    characters: int
    units: int
    parts: int


@dataclass(frozen=True, slots=True)
class Message:
    """`parts` are what short_message carries, each with its header (UDH) when `udh` is set."""

    encoding: Encoding
    data_coding: int
    parts: tuple[bytes, ...]
    udh: bool


class TextError(ValueError):
    """The text cannot be sent as it is."""


class TooLong(TextError):
    def __init__(self, measure: Measure) -> None:
        super().__init__(
            f"The text takes {measure.parts} parts ({measure.units} units of"
            f" {measure.encoding}); {MAX_PARTS} parts are the limit: shorten it."
        )
        self.measure = measure
        self.units = measure.units
        self.parts = measure.parts
        self.limit = MAX_PARTS


class BrokenText(TextError):
    def __init__(self, position: int) -> None:
        super().__init__(
            f"Character {position + 1} of the text is half of a surrogate pair: remove it."
        )
        self.position = position


def measure(text: str) -> Measure:
    """What sending the text takes. Raises TextError where `compose` would."""
    return _survey(text)[0]


def compose(text: str, *, reference: int) -> Message:
    if not 0 <= reference <= MAX_REFERENCE:
        raise ValueError(f"reference is {reference}: it must fit into one octet")
    measured, cuts = _survey(text)
    data_coding = _LIMITS[measured.encoding].data_coding
    encode = gsm.encode if measured.encoding is Encoding.GSM7 else _ucs2
    if measured.parts == 1:
        return Message(measured.encoding, data_coding, (encode(text),), udh=False)
    ends = (*cuts[1:], len(text))
    parts = tuple(
        _header(reference, measured.parts, number) + encode(text[start:end])
        for number, (start, end) in enumerate(zip(cuts, ends, strict=True), start=1)
    )
    return Message(measured.encoding, data_coding, parts, udh=True)


def _survey(text: str) -> tuple[Measure, tuple[int, ...]]:
    """The measure, and at which characters parts begin."""
    encoding = Encoding.GSM7 if gsm.is_gsm(text) else Encoding.UCS2
    wide = gsm.EXTENDED.intersection(text) if encoding is Encoding.GSM7 else _beyond_bmp(text)
    units = len(text) + sum(text.count(char) for char in wide)
    limits = _LIMITS[encoding]
    cuts = (0,) if units <= limits.alone else _cuts(text, wide, limits.each)
    measured = Measure(encoding, len(text), units, len(cuts))
    if measured.parts > MAX_PARTS:
        raise TooLong(measured)
    return measured, cuts


def _beyond_bmp(text: str) -> frozenset[str]:
    """Characters that UCS-2 writes as a pair of surrogates."""
    try:
        text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise BrokenText(error.start) from None
    return frozenset(char for char in set(text) if char > _LAST_OF_BMP)


def _cuts(text: str, wide: frozenset[str], limit: int) -> tuple[int, ...]:
    """Fill each part as far as whole characters go; those in `wide` take two units."""
    cuts = [0]
    used = 0
    for at, char in enumerate(text):
        width = 2 if char in wide else 1
        if used + width > limit:
            cuts.append(at)
            used = 0
        used += width
    return tuple(cuts)


def _header(reference: int, parts: int, number: int) -> bytes:
    return bytes(
        (_HEADER_LENGTH, _CONCATENATED, _CONCATENATED_LENGTH, reference, parts, number),
    )


def _ucs2(text: str) -> bytes:
    return text.encode("utf-16-be")
