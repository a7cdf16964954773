"""What values add to a text, as numbers that can be added up (domain/counting.py).

A sum holds four counts side by side: characters, those of GSM's extension table, those beyond the
BMP, and pieces that are not GSM. They are of the text as it is sent, so transliterated if that is
asked for. Transliteration reads a character together with the one before it, unless it is one of
GSM's: so the template is cut before such characters, and a value that begins with another one takes
the end of the literal before it along.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.sms.columns import VALUE_MAX
from chalicelib.sms.gsm import ALPHABET, EXTENDED, is_gsm
from chalicelib.sms.merge import Field
from chalicelib.sms.transliterate import transliterate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.sms.merge import Template

# Each count has room for more than the longest text of the longest values: 2^24.
_ROOM: Final = 24
_MASK: Final = (1 << _ROOM) - 1
_EXTENSION: Final = 1 << _ROOM
_ASTRAL: Final = _EXTENSION << _ROOM
_FOREIGN: Final = _ASTRAL << _ROOM
# Above all counts: that value takes rendering.
UNKNOWN: Final = _FOREIGN << _ROOM

_LAST_OF_BMP: Final = "\uffff"
_BARE: Final = re.compile(f"[{re.escape(''.join(sorted(ALPHABET - EXTENDED)))}]*")


class Counts(NamedTuple):
    characters: int
    extension: int
    astral: int
    foreign: int


class _Slot(NamedTuple):
    """A field, and what of its neighbours is transliterated together with its value."""

    before: str
    default: str
    after: str
    # Whether it begins the text.
    first: bool


class Sums:
    """Of one template. `codes` has, for each field, what a value adds at all of its places."""

    def __init__(self, template: Template, *, transliterated: bool) -> None:
        literals, slots = _taken_apart(template, glued=transliterated)
        self.literals = sum(
            _code(_sent(literal, transliterated=transliterated)) for literal in literals
        )
        self.codes = {
            name: Codes(slots[name], transliterated=transliterated) for name in template.names
        }


class Codes(dict[str, int]):
    """Looked up by value, and found out at the first time."""

    def __init__(self, slots: Sequence[_Slot], *, transliterated: bool) -> None:
        super().__init__()
        self._slots = slots
        self._transliterated = transliterated
        # What is bare reads the same wherever it stands; only what follows it may read it, too.
        self._places = len(slots)
        self._leads = sum(self._sent(slot.before) for slot in slots)
        self._afters = [slot.after for slot in slots if slot.after]
        self._tails: dict[str, int] = {}
        self._by_length = [
            self[""],
            *(self._leads + self._places * length for length in range(1, VALUE_MAX + 1)),
        ]

    def of(self, values: Sequence[str]) -> Iterator[int]:
        if not self._afters and _BARE.fullmatch("".join(values)):
            return map(self._by_length.__getitem__, map(len, values))
        return map(self.__getitem__, values)

    def __missing__(self, value: str) -> int:
        if value and _BARE.fullmatch(value):
            code = self._leads + self._places * len(value)
            if self._afters:
                code += self._tail(value[-1])
        else:
            code = sum(self._at(slot, value) for slot in self._slots)
        self[value] = code
        return code

    def _tail(self, char: str) -> int:
        """What stands behind values that end with it."""
        if char not in self._tails:
            self._tails[char] = sum(self._sent(char + after) - 1 for after in self._afters)
        return self._tails[char]

    def _at(self, slot: _Slot, value: str) -> int:
        text = slot.before + (value or slot.default) + slot.after
        alone = slot.first or not text or text[0] in ALPHABET
        return self._sent(text) if alone or not self._transliterated else UNKNOWN

    def _sent(self, text: str) -> int:
        return _code(_sent(text, transliterated=self._transliterated))


def counts_of(total: int) -> Counts:
    return Counts(
        total & _MASK,
        total >> _ROOM & _MASK,
        total >> 2 * _ROOM & _MASK,
        total >> 3 * _ROOM & _MASK,
    )


def is_even(code: int) -> bool:
    """Whether every character of it takes one unit, in whichever encoding."""
    return code < UNKNOWN and not counts_of(code).extension and not counts_of(code).astral


def blank_up_to(template: Template, *, transliterated: bool) -> int:
    """How many characters a text can have and hold nothing but white space; -1: none can."""
    literals = [piece for piece in template.pieces if isinstance(piece, str)]
    defaults = [field.default or "" for field in template.fields]
    blank = [
        text
        for text in (*literals, *defaults)
        if not _sent(text, transliterated=transliterated).strip()
    ]
    if any(literal not in blank for literal in literals):
        return -1
    return sum(map(len, blank))


def _taken_apart(template: Template, *, glued: bool) -> tuple[list[str], dict[str, list[_Slot]]]:
    literals: list[str] = []
    slots: dict[str, list[_Slot]] = {name: [] for name in template.names}
    before = taken = ""
    for piece, following in pairwise((*template.pieces, "")):
        if isinstance(piece, Field):
            taken = _head(following) if glued and isinstance(following, str) else ""
            first = not any(literals) and not any(slots.values())
            slots[piece.name].append(_Slot(before, piece.default or "", taken, first))
            before = ""
        else:
            rest = piece.removeprefix(taken)
            end = _tail(rest) if glued and isinstance(following, Field) else len(rest)
            literals.append(rest[:end])
            before, taken = rest[end:], ""
    return literals, slots


def _head(text: str) -> str:
    """What stands before its first character of GSM."""
    return text[: next((at for at, char in enumerate(text) if char in ALPHABET), len(text))]


def _tail(text: str) -> int:
    """Where its last character of GSM stands; 0 if there is none."""
    return next((at for at in range(len(text) - 1, 0, -1) if text[at] in ALPHABET), 0)


def _sent(text: str, *, transliterated: bool) -> str:
    return transliterate(text).text if transliterated else text


def _code(text: str) -> int:
    if _BARE.fullmatch(text):
        return len(text)
    if is_gsm(text):
        return len(text) + _EXTENSION * sum(map(EXTENDED.__contains__, text))
    return len(text) + _ASTRAL * sum(map(_LAST_OF_BMP.__lt__, text)) + _FOREIGN
