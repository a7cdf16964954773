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
class Part:
    text: str
    units: int
    # Units that would fit in beside.
    left: int


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
    return _sendable(_survey(text)).measure


def fewest_and_most(encoding: Encoding, units: int, *, wide: bool) -> tuple[int, int]:
    """Between which numbers of parts a text of so many units lies, wherever it is cut. They differ
    only with characters of two units in it: before one of these a part may stay one unit short.
    """
    limits = _LIMITS[encoding]
    if units <= limits.alone:
        return 1, 1
    fewest = -(-units // limits.each)
    return fewest, 1 + -(-(units - limits.each) // (limits.each - 1)) if wide else fewest


def split(text: str) -> tuple[Part, ...]:
    """What each part holds, also of a text that takes more of them than can be sent."""
    survey = _survey(text)
    limits = _LIMITS[survey.measure.encoding]
    limit = limits.alone if survey.measure.parts == 1 else limits.each
    texts = _texts(text, survey.cuts)
    sizes = (_units(part, survey.wide) for part in texts)
    return tuple(Part(part, size, limit - size) for part, size in zip(texts, sizes, strict=True))


def compose(text: str, *, reference: int) -> Message:
    if not 0 <= reference <= MAX_REFERENCE:
        raise ValueError(f"reference is {reference}: it must fit into one octet")
    survey = _sendable(_survey(text))
    encoding, parts = survey.measure.encoding, survey.measure.parts
    encode = gsm.encode if encoding is Encoding.GSM7 else _ucs2
    if parts == 1:
        return Message(encoding, _LIMITS[encoding].data_coding, (encode(text),), udh=False)
    carried = tuple(
        _header(reference, parts, number) + encode(part)
        for number, part in enumerate(_texts(text, survey.cuts), start=1)
    )
    return Message(encoding, _LIMITS[encoding].data_coding, carried, udh=True)


@dataclass(frozen=True, slots=True)
class _Survey:
    measure: Measure
    # Characters that take two units.
    wide: frozenset[str]
    # At which characters parts begin.
    cuts: tuple[int, ...]


def _survey(text: str) -> _Survey:
    encoding = Encoding.GSM7 if gsm.is_gsm(text) else Encoding.UCS2
    wide = gsm.EXTENDED.intersection(text) if encoding is Encoding.GSM7 else _beyond_bmp(text)
    units = _units(text, wide)
    limits = _LIMITS[encoding]
    cuts = (0,) if units <= limits.alone else _cuts(text, wide, limits.each)
    return _Survey(Measure(encoding, len(text), units, len(cuts)), wide, cuts)


def _sendable(survey: _Survey) -> _Survey:
    if survey.measure.parts > MAX_PARTS:
        raise TooLong(survey.measure)
    return survey


def _units(text: str, wide: frozenset[str]) -> int:
    return len(text) + sum(text.count(char) for char in wide)


def _texts(text: str, cuts: tuple[int, ...]) -> list[str]:
    return [text[start:end] for start, end in zip(cuts, (*cuts[1:], len(text)), strict=True)]


def _beyond_bmp(text: str) -> frozenset[str]:
    """Characters that UCS-2 writes as a pair of surrogates."""
    try:
        text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise BrokenText(error.start) from None
    return frozenset(char for char in set(text) if char > _LAST_OF_BMP)


def _cuts(text: str, wide: frozenset[str], limit: int) -> tuple[int, ...]:
    """Fill each part as far as whole characters go; those in `wide` take two units."""
    if not wide:
        return tuple(range(0, len(text), limit))
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
