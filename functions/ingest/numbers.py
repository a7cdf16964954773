"""Phone numbers of a whole block at once: the table of numbering plans (sms/numbering.py), followed
by all rows together, one digit a step.

Whoever has ended stays where it is. What holds anything but "+", "00" and digits, or asks for
phonenumbers, is odd: that is for reading.py, row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from chalicelib.sms.labels import LABELS, OWN, Label, Verdict
from chalicelib.sms.numbering import ABROAD_MIN, CODE_MAX, HOME_MIN, REASONS
from chalicelib.sms.phone import Reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chalicelib.sms.numbering import Plans

    Octets = NDArray[np.uint8]
    Places = NDArray[np.int64]
    Numbers = NDArray[np.uint64]

# What stands behind an array of octets, so that what is read past the last row is there.
PADDING: Final = bytes(32)
# What is copied of a row: as many octets as its digits may have, and a whole number of words.
_WINDOW: Final = 24
# Digits: more are odd. Also those of the largest number that fits, whatever it is.
DIGITS_MAX: Final = 19

# Outcomes of rows: a number, an odd row, or a reason by its place.
GOOD, ODD = np.uint8(0), np.uint8(1)
OUTCOMES: Final[tuple[Reason | None, ...]] = (None, None, *Reason)
OUTCOME_OF: Final = {reason: np.uint8(place) for place, reason in enumerate(OUTCOMES) if reason}
_TOO_SHORT: Final = OUTCOME_OF[Reason.TOO_SHORT]
_UNKNOWN: Final = OUTCOME_OF[Reason.UNKNOWN_COUNTRY]

_PLUS, _ZERO = np.uint8(ord("+")), np.uint8(ord("0"))
_NO_DIGIT: Final = np.uint8(10)
# A state's row of next states: ten digits, then itself for whatever is no digit.
_SHIFT: Final = 4
_DIGITS: Final = 10
_GROUP: Final = 8  # digits whose value fits 32 bits
_POWERS: Final = np.array([10**power for power in range(DIGITS_MAX + 1)], np.uint64)
_LABELS: Final = [Label(label) for label in range(LABELS)]
_VALID: Final = np.array([label.verdict is None and label.kind > 0 for label in _LABELS])
_VARIANTS: Final = np.array([max(label.variant, 0) for label in _LABELS])
# Numbers that are their digits as they stand.
_PLAIN: Final = _VALID & (_VARIANTS == 0)


@dataclass(frozen=True, slots=True)
class Judged:
    """`numbers` hold where the outcome is GOOD."""

    numbers: Numbers
    outcomes: Octets


class Judge:
    def __init__(self, plans: Plans, country: str | None) -> None:
        home = None if country is None else plans.homes[country]
        starts = [plans.abroad] if home is None else [plans.abroad, home.start]
        states = _reachable(plans, starts)
        self._steps = _steps(plans, states)
        self._labels = np.frombuffer(plans.labels, np.uint8)[states]
        self._abroad, *homes = (int(start) for start in np.searchsorted(states, starts))
        self._home = homes[0] if homes else None
        self._codes = _Codes(plans)
        self._code = "" if home is None else home.code

    def judge(self, octets: Octets, starts: Places, ends: Places) -> Judged:
        """Of the rows from `starts` to `ends`; behind `octets` stands PADDING."""
        begins, abroad = _without_mark(octets, starts, ends)
        lengths = ends - begins
        fitting = (lengths > 0) & (lengths <= DIGITS_MAX)
        judged = Judged(np.zeros(len(starts), np.uint64), np.full(len(starts), ODD, np.uint8))
        if self._home is None:
            groups = [(fitting, self._judge_abroad)]
        else:
            groups = [
                (fitting & abroad, self._judge_abroad),
                (fitting & ~abroad, self._judge_at_home),
            ]
        for chosen, judge in groups:
            rows = np.flatnonzero(chosen)
            if len(rows):
                digits = _Digits(octets, begins[rows], lengths[rows])
                judged.numbers[rows], judged.outcomes[rows] = judge(digits)
        return judged

    def _judge_abroad(self, digits: _Digits) -> tuple[Numbers, Octets]:
        numbers, plain = digits.values(), digits.plain
        labels = self._follow(self._abroad, digits)
        outcomes = np.where(plain & (labels != Verdict.ASK), GOOD, ODD)
        unknown = plain & (labels == Verdict.UNKNOWN_COUNTRY)
        short = plain & (digits.sizes < ABROAD_MIN)
        outcomes[short] = _TOO_SHORT
        unknown &= ~short
        if unknown.any():
            outcomes[unknown] = _UNKNOWN
            if self._home is not None:
                # phonenumbers then looks for what is dialled at home before numbers abroad.
                unknown &= self._follow(self._home, digits) == Verdict.ASK
                outcomes[unknown] = ODD
        rest = np.flatnonzero((outcomes == GOOD) & ~_PLAIN[labels])
        whole, found, sizes = numbers[rest], labels[rest], digits.sizes[rest]
        codes = self._codes.of[whole // _POWERS[sizes - CODE_MAX]]
        behind = sizes - self._codes.sizes[codes]
        left = behind - _VARIANTS[found]
        numbers[rest] = whole // _POWERS[behind] * _POWERS[left] + whole % _POWERS[left]
        outcomes[rest] = np.where(_VALID[found], GOOD, self._codes.reasons[codes, left])
        return numbers, outcomes

    def _judge_at_home(self, digits: _Digits) -> tuple[Numbers, Octets]:
        labels = self._follow(self._home or 0, digits)
        outcomes = np.where(digits.plain & (labels != Verdict.ASK), GOOD, ODD)
        outcomes[digits.plain & (digits.sizes < HOME_MIN)] = _TOO_SHORT
        variants = _VARIANTS[labels]
        left = digits.sizes - np.where(variants == OWN, len(self._code), variants)
        refused = (outcomes == GOOD) & ~_VALID[labels]
        outcomes[refused] = self._codes.reasons[self._codes.place(self._code), left[refused]]
        tails = _POWERS[np.maximum(left, 0)]
        return np.uint64(int(self._code or 0)) * tails + digits.values() % tails, outcomes

    def _follow(self, start: int, digits: _Digits) -> Octets:
        at = np.full(digits.count, start << _SHIFT, np.int64)
        for digit in digits.columns:
            at += digit
            at = self._steps.take(at, mode="clip")  # nothing is out of bounds; quicker than asking
        return self._labels.take(at >> _SHIFT)


class _Digits:
    """Rows of 1 to DIGITS_MAX octets, by columns. What is no digit counts as the tenth, and so does
    what would stand behind a row's end: it leads nowhere.
    """

    def __init__(self, octets: Octets, begins: Places, sizes: Places) -> None:
        self.sizes, self.count = sizes, len(sizes)
        # Rows are copied as a whole, which costs little more than to copy one octet of each.
        windows = np.ndarray((len(octets) - _WINDOW + 1,), f"V{_WINDOW}", octets, strides=(1,))
        square = windows[begins].view(np.uint8).reshape(-1, _WINDOW)
        self.columns = square[:, : int(sizes.max())].T.copy()
        self.columns -= _ZERO
        np.minimum(self.columns, _NO_DIGIT, out=self.columns)
        for place in range(int(sizes.min()), len(self.columns)):
            np.putmask(self.columns[place], sizes <= place, _NO_DIGIT)

    @property
    def plain(self) -> NDArray[np.bool_]:
        """Which are digits, all of them."""
        none: Octets = (self.columns == _NO_DIGIT).sum(axis=0, dtype=np.uint8)
        plain: NDArray[np.bool_] = none == len(self.columns) - self.sizes
        return plain

    def values(self) -> Numbers:
        """By groups in the narrowest type that holds them: the widest one is the slowest."""
        whole = np.zeros(self.count, np.uint64)
        for first in range(0, len(self.columns), _GROUP):
            group = list(self.columns[first : first + _GROUP])
            whole *= _POWERS[len(group)]
            whole += _value(group)
        behind = len(self.columns) - self.sizes
        if behind.any():
            # Tens at all places behind the end, cut off, leave one too much.
            whole //= _POWERS[behind]
            whole -= behind > 0
        return whole


def _value(columns: list[Octets]) -> NDArray[np.uint32]:
    pairs = [_joined(columns[at : at + 2], 10, np.uint8) for at in range(0, len(columns), 2)]
    last = 10 if len(columns) % 2 else 100
    value = pairs[0].astype(np.uint32)
    for place, pair in enumerate(pairs[1:], 2):
        value *= np.uint32(last if place == len(pairs) else 100)
        value += pair
    return value


def _joined(columns: list[Octets], factor: int, kind: type[np.uint8]) -> Octets:
    if len(columns) == 1:
        return columns[0]
    joined = columns[0] * kind(factor)
    joined += columns[1]
    return joined


class _Codes:
    """Country codes by their place: sizes, and why numbers of a length are not valid."""

    def __init__(self, plans: Plans) -> None:
        self._codes = sorted(plans.reasons)
        self.sizes = np.array([len(code) for code in self._codes])
        # By the first three digits; they are asked of codes alone.
        self.of = np.zeros(10**CODE_MAX, np.int64)
        for place, code in enumerate(self._codes):
            width = 10 ** (CODE_MAX - len(code))
            self.of[int(code) * width : (int(code) + 1) * width] = place
        self.reasons = np.array(
            [
                [OUTCOME_OF[REASONS[letter]] for letter in plans.reasons[code]]
                for code in self._codes
            ]
        )

    def place(self, code: str) -> int:
        return self._codes.index(code)


def _without_mark(octets: Octets, starts: Places, ends: Places) -> tuple[Places, NDArray[np.bool_]]:
    """Where digits begin, and whether "+" or "00" stands in front of them."""
    first = octets.take(starts)
    plus = first == _PLUS
    zeros = first == _ZERO
    zeros &= octets.take(starts + 1) == _ZERO
    zeros &= ends - starts > 2  # noqa: PLR2004 - else they are no mark but all there is
    return starts + plus + 2 * zeros, plus | zeros


def _reachable(plans: Plans, starts: list[int]) -> Places:
    """States that can be come to, in order: a quarter of all, and so of the memory."""
    steps = np.frombuffer(plans.steps, np.uint16).reshape(-1, _DIGITS)
    known = np.zeros(len(steps), np.bool_)
    found = np.array(starts)
    while len(found):
        known[found] = True
        found = np.unique(steps[found])
        found = found[~known[found]]
    return np.flatnonzero(known)


def _steps(plans: Plans, states: Places) -> Places:
    """By state and octet, in one row each, as what `_follow` adds the next octet to."""
    steps = np.frombuffer(plans.steps, np.uint16).reshape(-1, _DIGITS)[states]
    made = np.repeat(np.arange(len(states)), 1 << _SHIFT).reshape(len(states), -1)
    made[:, :_DIGITS] = np.searchsorted(states, steps)
    made <<= _SHIFT
    return made.ravel()
