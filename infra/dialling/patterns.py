"""Patterns of phonenumbers' metadata as automata over digits.

The metadata uses a small part of regular expressions: digits, sets, groups, alternatives, counts
and "$". Whatever else comes up is an error, so that nothing is understood wrongly.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, TypeAlias

DIGITS: Final = range(10)
_ALL: Final = frozenset(DIGITS)

State: TypeAlias = int
States: TypeAlias = frozenset[State]


class UnknownPattern(ValueError):
    """Metadata has a form that is not known here."""


@dataclass(slots=True)
class Machine:
    """States with steps by digit, and with steps that take none; `end` is reached by a match."""

    start: State = 0
    end: State = 0
    empty_steps: list[list[State]] = field(default_factory=list)
    steps: list[dict[int, State]] = field(default_factory=list)
    # What can only be left if no digit follows.
    dollars: set[State] = field(default_factory=set)

    def state(self) -> State:
        self.empty_steps.append([])
        self.steps.append({})
        return len(self.steps) - 1

    def closure(self, states: set[State]) -> States:
        """With all that is reached without a digit; only what matters later is kept."""
        waiting = deque(states)
        seen = set(states)
        while waiting:
            for state in self.empty_steps[waiting.popleft()]:
                if state not in seen:
                    seen.add(state)
                    waiting.append(state)
        return frozenset(
            state
            for state in seen
            if self.steps[state] or state == self.end or state in self.dollars
        )

    def step(self, states: States, digit: int) -> States:
        found = {self.steps[state][digit] for state in states if digit in self.steps[state]}
        return self.closure(found)

    def begin(self) -> States:
        return self.closure({self.start})


def machine(pattern: str) -> Machine:
    made = _Parser(pattern)
    return made.whole()


class _Parser:
    """Reads a pattern and builds its machine by Thompson's construction."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._made = Machine()

    def whole(self) -> Machine:
        self._made.start, self._made.end = self._alternatives()
        if self._at != len(self._pattern):
            raise UnknownPattern(self._pattern)
        return self._made

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self, expected: str) -> None:
        if not self._pattern.startswith(expected, self._at):
            raise UnknownPattern(self._pattern)
        self._at += len(expected)

    def _alternatives(self) -> tuple[State, State]:
        begin, end = self._made.state(), self._made.state()
        while True:
            first, last = self._sequence()
            self._made.empty_steps[begin].append(first)
            self._made.empty_steps[last].append(end)
            if self._peek() != "|":
                return begin, end
            self._take("|")

    def _sequence(self) -> tuple[State, State]:
        begin = end = self._made.state()
        while self._peek() not in ("", "|", ")"):
            first, last = self._repeated()
            self._made.empty_steps[end].append(first)
            end = last
        return begin, end

    def _repeated(self) -> tuple[State, State]:
        """A piece as often as its count says, each time read and built anew."""
        at = self._at
        first = self._piece()
        fewest, most = self._count()
        after = self._at
        begin = end = self._made.state()
        ends = [end]
        pieces = [first]
        for _ in range(most - 1):
            self._at = at
            pieces.append(self._piece())
        self._at = after
        for one, last in pieces[:most]:
            self._made.empty_steps[end].append(one)
            end = last
            ends.append(end)
        final = self._made.state()
        for one in ends[fewest:]:
            self._made.empty_steps[one].append(final)
        return begin, final

    def _count(self) -> tuple[int, int]:
        if self._peek() == "?":
            self._take("?")
            return 0, 1
        if self._peek() != "{":
            return 1, 1
        end = self._pattern.index("}", self._at)
        fewest, comma, most = self._pattern[self._at + 1 : end].partition(",")
        self._at = end + 1
        return int(fewest), int(most if comma else fewest)

    def _piece(self) -> tuple[State, State]:
        match self._peek():
            case "(":
                self._take("(")
                if self._peek() == "?":
                    self._take("?:")
                inner = self._alternatives()
                self._take(")")
                return inner
            case "[":
                return self._one_of(self._set())
            case "\\":
                self._take("\\d")
                return self._one_of(_ALL)
            case "$":
                self._take("$")
                begin, end = self._made.state(), self._made.state()
                self._made.dollars.add(begin)
                return begin, end
            case digit if digit.isascii() and digit.isdigit():
                self._take(digit)
                return self._one_of(frozenset((int(digit),)))
        raise UnknownPattern(self._pattern)

    def _set(self) -> frozenset[int]:
        end = self._pattern.index("]", self._at)
        body = self._pattern[self._at + 1 : end].replace("\\d", "0-9")
        self._at = end + 1
        found: set[int] = set()
        while body:
            if body[1:2] == "-":
                found.update(range(int(body[0]), int(body[2]) + 1))
                body = body[3:]
            else:
                found.add(int(body[0]))
                body = body[1:]
        return frozenset(found)

    def _one_of(self, digits: frozenset[int]) -> tuple[State, State]:
        begin, end = self._made.state(), self._made.state()
        self._made.steps[begin] = dict.fromkeys(digits, end)
        return begin, end
