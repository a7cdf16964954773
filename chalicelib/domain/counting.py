"""What a personalised text becomes, counted over rows without rendering each of them (SPEC 4.2).

How many parts a text takes follows from its encoding and its units, and units add up. Rows with the
same sum have the same outcome, so they are counted together. Rendered is only what a sum does not
decide:

- texts near the edge of a part that hold characters of two units, before which a part may stay one
  short (`fewest_and_most`);
- values whose transliteration depends on what stands before them (`text_sums`);
- texts that may hold nothing at all.

The result is that of rendering and measuring each row; the tests hold the two side by side.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from operator import add
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chalicelib.domain.sampling import Samples
from chalicelib.domain.survey import NOTHING
from chalicelib.domain.text_sums import UNKNOWN, Sums, blank_up_to, counts_of, is_even
from chalicelib.sms.parts import MAX_PARTS, Encoding, TooLong, fewest_and_most, measure
from chalicelib.sms.transliterate import transliterate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.sms.merge import Template

# What is looked up is forgotten when there is more of it: lists may have a code of its own a row.
REMEMBERED: Final = 100_000
TOO_MANY: Final = MAX_PARTS + 1
_BITS: Final = {Encoding.GSM7: 7, Encoding.UCS2: 16}


class Outcome(NamedTuple):
    encoding: Encoding
    units: int
    # TOO_MANY for any number that cannot be sent; None: that takes the text itself.
    parts: int | None

    @property
    def bits(self) -> int:
        return self.units * _BITS[self.encoding]


def rendered(template: Template, values: Mapping[str, str], *, transliterated: bool) -> str:
    """What a recipient with these values gets."""
    text = template.render(values)
    return transliterate(text).text if transliterated else text


def outcome(text: str) -> Outcome:
    try:
        measured = measure(text)
    except TooLong as error:
        return Outcome(error.measure.encoding, error.units, TOO_MANY)
    return Outcome(measured.encoding, measured.units, measured.parts if text.strip() else NOTHING)


class Counting:
    """Takes a list chunk by chunk, from the first one on. Values are as ingest keeps them, without
    white space around them.
    """

    def __init__(self, template: Template, recipients: int, *, transliterated: bool) -> None:
        self.counted = 0
        self.by_parts: Counter[int] = Counter()
        self.by_encoding: Counter[Encoding] = Counter()
        self.too_long = 0
        self.empty: Counter[str] = Counter()
        self._template = template
        self._transliterated = transliterated
        self._sums = Sums(template, transliterated=transliterated)
        self._blank = blank_up_to(template, transliterated=transliterated)
        self._needed = sorted({field.name for field in template.fields if field.default is None})
        self._samples = Samples(recipients)
        self._by_sum: dict[int, Outcome] = {}
        self._by_row: dict[tuple[object, ...], Outcome] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that it needs."""
        return self._template.names

    @property
    def samples(self) -> tuple[str, ...]:
        return self._samples.chosen(self.by_encoding)

    def add(self, columns: Mapping[str, Sequence[str]], count: int) -> None:
        """A chunk of so many recipients. A column that it lacks is empty for all of them."""
        there = {name: columns.get(name) or [""] * count for name in self._template.names}
        totals = self._totals(there) or [0] * count
        unclear = set()
        for total, number in Counter(totals).items():
            found = self._of_sum(total)
            if found.parts is None:
                unclear.add(total)
            else:
                self._count(found, number, partial(self._first_of, there, totals, total))
        if unclear:
            self._render(there, [row for row, total in enumerate(totals) if total in unclear])
        self._note_gaps(there)
        self._note_common(there, count)
        self.counted += count
        self._forget()

    def _totals(self, columns: Mapping[str, Sequence[str]]) -> list[int]:
        totals: list[int] = []
        for name, values in columns.items():
            codes = self._sums.codes[name].of(values)
            totals = list(map(add, totals, codes) if totals else codes)
        return totals

    def _of_sum(self, total: int) -> Outcome:
        found = self._by_sum.get(total)
        if found is None:
            found = self._by_sum[total] = self._decided(total + self._sums.literals)
        return found

    def _decided(self, total: int) -> Outcome:
        counts = counts_of(total)
        encoding = Encoding.UCS2 if counts.foreign else Encoding.GSM7
        wide = counts.astral if counts.foreign else counts.extension
        units = counts.characters + wide
        fewest, most = fewest_and_most(encoding, units, wide=wide > 0)
        if fewest > MAX_PARTS:
            # Whatever is unknown of it comes on top.
            return Outcome(encoding, units, TOO_MANY)
        if total >= UNKNOWN or counts.characters <= self._blank:
            return Outcome(encoding, units, None)
        return Outcome(encoding, units, fewest if fewest == most else None)

    def _render(self, columns: Mapping[str, Sequence[str]], rows: Sequence[int]) -> None:
        """Of rows that are alike, one."""
        for row in rows:
            alike = tuple(self._likeness(name, values[row]) for name, values in columns.items())
            found = self._by_row.get(alike)
            if found is None:
                found = self._by_row[alike] = outcome(self._text(columns, row))
            self._count(found, 1, partial(self._text, columns, row))

    def _likeness(self, name: str, value: str) -> object:
        """Values of one length are cut alike if nothing in them is wide."""
        code = self._sums.codes[name][value]
        alike = not self._transliterated and is_even(code)
        return (len(value), code) if alike else value

    def _first_of(
        self, columns: Mapping[str, Sequence[str]], totals: Sequence[int], total: int
    ) -> str:
        return self._text(columns, totals.index(total))

    def _text(self, columns: Mapping[str, Sequence[str]], row: int) -> str:
        values = {name: column[row] for name, column in columns.items()}
        return rendered(self._template, values, transliterated=self._transliterated)

    def _count(self, found: Outcome, number: int, text: Callable[[], str]) -> None:
        if found.parts == TOO_MANY:
            self.too_long += number
        else:
            self.by_parts[found.parts or NOTHING] += number
            self.by_encoding[found.encoding] += number
            self._samples.note_encoding(found.encoding, text)
        self._samples.note_size(found.bits, text)

    def _note_gaps(self, columns: Mapping[str, Sequence[str]]) -> None:
        for name in self._needed:
            number = columns[name].count("")
            if number:
                self.empty[name] += number
                self._samples.note_gap(partial(self._text, columns, columns[name].index("")))

    def _note_common(self, columns: Mapping[str, Sequence[str]], count: int) -> None:
        for place in self._samples.places:
            if self.counted <= place < self.counted + count:
                self._samples.note_common(place, self._text(columns, place - self.counted))

    def _forget(self) -> None:
        memories: list[dict[Any, Any]] = [self._by_sum, self._by_row, *self._sums.codes.values()]
        for memory in memories:
            if len(memory) > REMEMBERED:
                memory.clear()
