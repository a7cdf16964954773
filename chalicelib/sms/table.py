"""Tables as people upload them: headings, records and cells (SPEC 4.9, 5.2).

A quote opens a field only where a field begins (RFC 4180), so an inch sign inside of one does not
swallow the lines after it. These are the rules, for single lines and records; the ingest reads
whole blocks at once where it is certain that the rules say the same (functions/ingest).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chalicelib.sms.columns import named
from chalicelib.sms.merge import field_name
from chalicelib.sms.unpacking import BadFile

RECORD_MAX: Final = 65_536  # characters; a spreadsheet's cell ends at 32,767
# Spreadsheets write rows of delimiters below the last row.
BLANK: Final = " ,;\t"

_DELIMITERS: Final = ",;\t"
# Of headings that a sentence lists.
_HEADINGS_MAX: Final = 10
_HEADING_SHOWN: Final = 40
_NUMBER_DIGITS: Final = 5  # "phone 2" is a heading, "tel. 0207" is meant as a number
# Spreadsheets run what begins with these, also in their full width (\uff1d and so on).
_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


@dataclass(frozen=True, slots=True)
class Layout:
    """Of a table: what parts its fields, and the columns that texts can name, by their places."""

    delimiter: str
    columns: tuple[str, ...] = ()
    places: tuple[int, ...] = ()
    # Where the numbers stand.
    number: int = 0


class Records:
    """Records out of the lines that come: as many lines as their quotes hold together."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._begun = 0
        self._size = 0
        self._lines: list[str] = []

    @property
    def is_open(self) -> bool:
        return bool(self._lines)

    def take(self, at: int, line: str) -> tuple[int, str] | None:
        """The number of the line that it begins on, and the record that ends with this line.

        Blank lines outside of records are none.
        """
        if self._lines:
            return self._go_on(line)
        if not line.strip(BLANK):
            return None
        if '"' not in line or not _ends_inside(line, self._delimiter, inside=False):
            return at, line
        self._begun, self._size, self._lines = at, len(line), [line]
        return None

    def finish(self) -> None:
        if self._lines:
            raise self._unclosed()

    def _go_on(self, line: str) -> tuple[int, str] | None:
        self._size += len(line)
        if self._size > RECORD_MAX:
            raise self._unclosed()
        self._lines.append(line)
        if _ends_inside(line, self._delimiter, inside=True):
            return None
        record = "\n".join(self._lines)
        self._lines = []
        return self._begun, record

    def _unclosed(self) -> BadFile:
        return BadFile(
            f'Line {self._begun} opens a quote (") that nothing closes. Close it, or remove it.'
        )


def too_long(at: int) -> BadFile:
    return BadFile(
        f"Line {at} is longer than {RECORD_MAX} characters. Put each recipient on a line."
    )


def delimiter_of(line: str) -> str:
    """Whichever ends the first field: numbers hold none of them."""
    start = line.lstrip(" ")
    end = _closing(start, 1) if start.startswith('"') else 0
    found = ((start.find(mark, end), mark) for mark in _DELIMITERS)
    return min(((at, mark) for at, mark in found if at >= 0), default=(0, ","))[1]


def layout_of(record: str, delimiter: str, number_column: str | None = None) -> Layout | None:
    """What the first record says as a heading; None: it is none.

    `number_column` is the heading of the numbers; BadFile if there is no such heading.
    """
    headings = cells(record, delimiter, record.count(delimiter) + 1)
    number = 0
    if number_column is not None:
        number = _place_of(number_column, headings)
    elif not is_heading(headings[0].strip()):
        return None
    columns = named(headings, number)
    return Layout(delimiter, tuple(columns.values()), tuple(columns), number)


def _place_of(wanted: str, headings: list[str]) -> int:
    """Headings read alike if a text would name them alike."""
    name = field_name(wanted)
    places = [place for place, heading in enumerate(headings) if field_name(heading) == name]
    name = name[:_HEADING_SHOWN]
    if len(places) == 1:
        return places[0]
    if places:
        raise BadFile(
            f'{len(places)} columns have the heading "{name}" that number_column names. '
            "Give each column a heading of its own."
        )
    if not is_heading(headings[0].strip()):
        raise BadFile(
            f'The file has no line of headings, so that none is "{name}". '
            "Add one above the numbers, or leave number_column out."
        )
    raise BadFile(
        f'No column has the heading "{name}" that number_column names. '
        f"The headings are: {_listed(headings)}."
    )


def _listed(headings: list[str]) -> str:
    shown = ", ".join(field_name(heading)[:_HEADING_SHOWN] for heading in headings[:_HEADINGS_MAX])
    return f"{shown} and more" if len(headings) > _HEADINGS_MAX else shown


def is_heading(field: str) -> bool:
    digits = sum(map(str.isdigit, field))
    return digits < _NUMBER_DIGITS and any(map(str.isalpha, field))


def first(record: str, delimiter: str) -> str:
    start = record.lstrip(" ")
    if not start.startswith('"'):
        return record.partition(delimiter)[0].strip()
    return _quoted(start, delimiter, 1)[0].strip()


def field_at(record: str, delimiter: str, place: int) -> str:
    if not place:
        return first(record, delimiter)
    return cells(record, delimiter, place + 1)[place].strip()


def cells(record: str, delimiter: str, needed: int) -> list[str]:
    """The first ones; what a record lacks is empty."""
    found = record.split(delimiter, needed) if '"' not in record else _unquoted(record, delimiter)
    return found + [""] * (needed - len(found))


def safe_cell(value: str) -> str:
    """A quoted CSV field which no spreadsheet takes for a formula."""
    risky = value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA)
    guarded = f"'{value}" if risky else value
    return '"' + guarded.replace('"', '""') + '"'


def _ends_inside(line: str, delimiter: str, *, inside: bool) -> bool:
    """Whether the line's end is still inside quotes; `inside` says whether its begin is."""
    at = 0
    while True:
        if not inside:
            while line.startswith(" ", at):
                at += 1
            inside = line.startswith('"', at)
            at += inside
        if inside:
            at = _closing(line, at)
            if at < 0:
                return True
            inside = False
        at = line.find(delimiter, at)
        if at < 0:
            return False
        at += 1


def _closing(text: str, at: int) -> int:
    """Where the quotes opened before `at` close, or -1; a doubled quote stands for one."""
    while (at := text.find('"', at)) >= 0 and text.startswith('""', at):
        at += 2
    return at


def _unquoted(record: str, delimiter: str) -> list[str]:
    found = []
    at = 0
    while at <= len(record):
        start = at
        while record.startswith(" ", start):
            start += 1
        if record.startswith('"', start):
            cell, end = _quoted(record, delimiter, start + 1)
        else:
            end = _end(record, delimiter, at)
            cell = record[at:end]
        found.append(cell)
        at = end + 1
    return found


def _quoted(record: str, delimiter: str, at: int) -> tuple[str, int]:
    """The cell whose quotes were opened before `at`, and where it ends."""
    close = _closing(record, at)
    end = _end(record, delimiter, close)
    return record[at:close].replace('""', '"') + record[close + 1 : end], end


def _end(record: str, delimiter: str, at: int) -> int:
    end = record.find(delimiter, at)
    return len(record) if end < 0 else end
