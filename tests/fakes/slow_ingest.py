"""An ingest that is slow and simple: the csv module, phonenumbers and a dict. The real one must
come to exactly the same.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.sms.columns import clean, named
from chalicelib.sms.phone import BadNumber, Reason, normalise
from chalicelib.sms.table import BLANK, is_heading

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Outcome:
    columns: tuple[str, ...] = ()
    # Valid ones, be it several times.
    numbers: int = 0
    invalid: Counter[str] = field(default_factory=Counter)
    emptied: Counter[str] = field(default_factory=Counter)
    # Line, reason, value.
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    # By number: its first line's values.
    rows: dict[int, tuple[str, ...]] = field(default_factory=dict)


def slow_ingest(
    text: str, *, delimiter: str | None, country: str | None, number_column: str | None = None
) -> Outcome:
    """Without a delimiter each line is one field."""
    outcome = Outcome()
    places: list[int] = []
    number = 0
    first = True
    for line, cells in _rows(text, delimiter):
        named_one = first and number_column is not None
        heading, first = first and (named_one or is_heading(cells[0].strip())), False
        if heading:
            number = cells.index(number_column) if number_column is not None else 0
            columns = named(cells, number) if delimiter else {}
            outcome.columns, places = tuple(columns.values()), list(columns)
        else:
            whole = cells + [""] * max([*places, number])
            _take(outcome, line, whole[number].strip(), [whole[place] for place in places], country)
    return outcome


def _take(outcome: Outcome, line: int, raw: str, cells: list[str], country: str | None) -> None:
    number = _number(raw, country)
    if isinstance(number, Reason):
        outcome.invalid[number.value] += 1
        outcome.rejects.append((line, number.value, raw[:64]))
        return
    values = list(map(clean, cells))
    for name, value in zip(outcome.columns, values, strict=True):
        if value is None:
            outcome.emptied[name] += 1
    outcome.numbers += 1
    outcome.rows.setdefault(number, tuple(value or "" for value in values))


def _rows(text: str, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    lines = io.StringIO(text, newline=None).getvalue().split("\n")
    if delimiter is None:
        yield from ((at, [line]) for at, line in enumerate(lines, 1) if line.strip())
        return
    whole = "\n".join(lines)
    reader = csv.reader(io.StringIO(whole, newline=""), delimiter=delimiter, skipinitialspace=True)
    begun = 0
    for cells in reader:
        begins, begun = begun, reader.line_num
        if any(line.strip(BLANK) for line in lines[begins:begun]):
            yield begins + 1, cells


@lru_cache(maxsize=100_000)
def _number(raw: str, country: str | None) -> int | Reason:
    try:
        return int(normalise(raw, default_country=country))
    except BadNumber as error:
        return error.reason
