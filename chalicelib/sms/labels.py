"""What the table of numbering plans says of digits: a label is one octet (sms/numbering.py).

It is a verdict, or the kind of number together with how the number is made of the digits. What is
of no kind is no valid number: then its length tells why.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Verdict(IntEnum):
    ASK = 0  # only phonenumbers can tell
    UNKNOWN_COUNTRY = 1


# Kinds of numbers, by their place. Where a plan has one range for both it is "either".
KINDS: Final = ("none", "other", "fixed", "mobile", "either")
# Variants: so many digits of a national prefix are cut off, or the country's own code is there.
CUT_MAX: Final = 5
OWN: Final = 6

_FIRST: Final = len(Verdict)
LABELS: Final = _FIRST + (OWN + 1) * len(KINDS)


class Label(int):
    __slots__ = ()

    @property
    def verdict(self) -> Verdict | None:
        return Verdict(self) if self < _FIRST else None

    @property
    def kind(self) -> int:
        return (self - _FIRST) % len(KINDS)

    @property
    def variant(self) -> int:
        return (self - _FIRST) // len(KINDS)


def verdict(of: Verdict) -> Label:
    return Label(of)


def judged(kind: int, variant: int) -> Label:
    return Label(_FIRST + variant * len(KINDS) + kind)
