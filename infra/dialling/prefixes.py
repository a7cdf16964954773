"""National prefixes: digits in front of a national number that are no part of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from infra.dialling.automata import pattern

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata

# Longer ones than this are not followed digit by digit.
REMEMBERED: Final = 4


class Cut(NamedTuple):
    """The national prefix has ended: so many digits of it, and these came after."""

    size: int
    rest: str


class Live(NamedTuple):
    state: int
    # None: forgotten.
    digits: str | None
    taken: bool


class Ask:
    """Only phonenumbers can tell."""


PrefixState: TypeAlias = Live | Cut | Ask
NO_CUT: Final = Cut(0, "")
ASK: Final = Ask()


class Prefix:
    """_maybe_strip_national_prefix_carrier_code, as far as it only takes digits off."""

    def __init__(self, metadata: PhoneMetadata) -> None:
        self._written = metadata.national_prefix_for_parsing or None
        self._rule = metadata.national_prefix_transform_rule
        self._pattern = pattern(self._written)
        self.start: PrefixState = (
            Live(self._pattern.start, "", self._pattern.matches(self._pattern.start))
            if self._written
            else NO_CUT
        )

    def step(self, at: Live, digit: int) -> PrefixState:
        state = self._pattern.step(at.state, digit)
        digits = None if at.digits is None else at.digits + str(digit)
        if not self._pattern.alive(state) and not self._pattern.pending(state):
            return self._settle(at, digits, "x")
        taken = at.taken or self._pattern.matches(state)
        if digits is not None:
            end = len(digits) if taken else len(digits) + self._pattern.distance(state)
            digits = digits if end <= REMEMBERED else None
        return ASK if taken and digits is None else Live(state, digits, taken)

    def at_end(self, at: Live) -> PrefixState:
        if at.digits is None and self._pattern.pending(at.state):
            return ASK
        return self._settle(at, at.digits, "")

    def _settle(self, at: Live, digits: str | None, after: str) -> PrefixState:
        """The pattern's own answer, once nothing that comes (`after`) can change it."""
        if digits is None:
            return ASK if at.taken else NO_CUT
        match = re.match(self._written or "", digits + after)
        if match is None:
            return NO_CUT
        groups = match.groups()
        if self._rule and groups and groups[-1] is not None:
            return ASK
        return Cut(match.end(), digits[match.end() :]) if match.end() else NO_CUT
