"""What one workspace said since some instant about who wants no messages, in memory (SPEC 5.4).

Notes are heard in any order and more than once (domain/suppression.py): of two about the same
number, or the same list, the later one holds. Of a number and a list the later one holds as well: a
number that was lifted wants messages again whatever older lists say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from chalicelib.domain.number_set import NumberSet
    from chalicelib.domain.suppression import SuppressionChange


class Told:
    def __init__(self) -> None:
        self._said: dict[int, SuppressionChange] = {}
        self._lists: dict[str, SuppressionChange] = {}
        self._numbers: dict[str, NumberSet] = {}
        # Of the last hearing: who asks for what is new is told some of it once more.
        self._heard: frozenset[str] = frozenset()

    def __len__(self) -> int:
        """Numbers of lists that are held."""
        return sum(map(len, self._numbers.values()))

    @property
    def missing(self) -> list[str]:
        """Lists in force whose numbers are not there yet."""
        return [name for name in self._in_force() if name not in self._numbers]

    def hear(self, notes: Iterable[SuppressionChange]) -> bool:
        """Whether there was anything new."""
        told = list(notes)
        fresh = [note for note in told if note.id not in self._heard]
        self._heard = frozenset(note.id for note in told)
        for note in fresh:
            for number in note.numbers:
                self._said[number] = _later(self._said.get(number), note)
            if note.list is not None:
                self._lists[note.list] = _later(self._lists.get(note.list), note)
                if self._lists[note.list].lifted:
                    self._numbers.pop(note.list, None)
        return bool(fresh)

    def load(self, name: str, numbers: NumberSet) -> None:
        """The numbers of a list, settled; in vain when it was withdrawn meanwhile."""
        if name in self._in_force():
            self._numbers[name] = numbers

    def places(self, numbers: Sequence[int]) -> set[int]:
        """Where in `numbers` those stand that want no messages."""
        found = set()
        if self._said:
            for place, number in enumerate(numbers):
                note = self._said.get(number)
                if note is not None and not note.lifted:
                    found.add(place)
        for name, listed in self._numbers.items():
            note = self._lists[name]
            found.update(
                place
                for place in listed.places(numbers)
                if not self._is_lifted_since(numbers[place], note)
            )
        return found

    def _in_force(self) -> list[str]:
        return [name for name, note in self._lists.items() if not note.lifted]

    def _is_lifted_since(self, number: int, note: SuppressionChange) -> bool:
        said = self._said.get(number)
        return said is not None and said.lifted and said.at > note.at


def _later(one: SuppressionChange | None, other: SuppressionChange) -> SuppressionChange:
    return other if one is None else max(one, other, key=_order)


def _order(note: SuppressionChange) -> tuple[datetime, str]:
    return note.at, note.id
