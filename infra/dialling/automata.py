"""Patterns as states that are numbered as they are found, which can be compared and kept."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from infra.dialling.patterns import DIGITS, Machine, machine

if TYPE_CHECKING:
    from infra.dialling.patterns import States

# The state that nothing leads out of.
DEAD: Final = 0


class Pattern:
    """A pattern over whole numbers, its states numbered as they are found; 0 cannot match."""

    def __init__(self, pattern: str | None) -> None:
        self._machine = machine(pattern) if pattern else Machine()
        self._states: list[States] = [frozenset()]
        self._numbers: dict[States, int] = {frozenset(): DEAD}
        self._steps: dict[tuple[int, int], int] = {}
        self._distances: dict[int, int] = {}
        self.start = self._number(self._machine.begin()) if pattern else DEAD

    def step(self, state: int, digit: int) -> int:
        key = (state, digit)
        if key not in self._steps:
            self._steps[key] = self._number(self._machine.step(self._states[state], digit))
        return self._steps[key]

    def after(self, digits: str) -> int:
        state = self.start
        for digit in digits:
            state = self.step(state, int(digit))
        return state

    def matches(self, state: int) -> bool:
        return self._machine.end in self._states[state]

    def pending(self, state: int) -> bool:
        """Whether it would match if the digits end here."""
        return bool(self._states[state] & self._machine.dollars) or self.matches(state)

    def alive(self, state: int) -> bool:
        """Whether a further digit can lead anywhere."""
        return any(self._machine.steps[each] for each in self._states[state])

    def distance(self, state: int) -> int:
        """How many digits it needs at least to match."""
        if state not in self._distances:
            reached, steps = {self._states[state]}, 0
            ends = {self._machine.end} | self._machine.dollars
            while not any(states & ends for states in reached):
                reached = {self._machine.step(one, digit) for one in reached for digit in DIGITS}
                steps += 1
            self._distances[state] = steps
        return self._distances[state]

    def _number(self, states: States) -> int:
        if states not in self._numbers:
            self._numbers[states] = len(self._states)
            self._states.append(states)
        return self._numbers[states]


# A pattern occurs in many places: its states are shared.
pattern = cache(Pattern)
