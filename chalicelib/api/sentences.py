"""What msgspec finds wrong with a request, in words for its caller: which field, and what it must
be. It says what it expected and where, as in "Expected `str`, got `int` - at `$.name`".
"""

from __future__ import annotations

import re
from typing import Final

from chalicelib.api.shapes.patterns import MEANT
from chalicelib.domain.errors import Problem

_PLACE: Final = re.compile(r" - at (?:`key` in )?`\$\.?(?P<field>[^`]*)`$")
_MEMBER: Final = re.compile(r"field `(?P<field>[^`]+)`")
_KINDS: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
    "datetime": "a time such as 2026-03-01T09:00:00Z",
}
# The first that fits is said; what none of them knows stays as it is.
_SENTENCES: Final = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"Object missing required field .*", "is needed"),
        (r"Object contains unknown field .*", "is nothing that this request takes"),
        (r"Expected `str` of length >= (\d+)", r"must have \1 or more characters"),
        (r"Expected `str` of length <= (\d+)", r"must have at most \1 characters"),
        (r"Expected `array` of length >= (\d+)", r"must have \1 or more items"),
        (r"Expected `array` of length <= (\d+)", r"must have at most \1 items"),
        (r"Expected `\w+` >= (\S+)", r"must be at least \1"),
        (r"Expected `\w+` <= (\S+)", r"must be at most \1"),
        (r"Expected `datetime` with a timezone .*", "must name its time zone, such as Z for UTC"),
        (r"Invalid RFC3339 encoded datetime", f"must be {_KINDS['datetime']}"),
        (r"Invalid enum value (.*)", r"cannot be \1: the API's document lists what it can be"),
    )
)
_PATTERN: Final = re.compile(r"Expected `str` matching regex '(?P<pattern>.*)'")
_EXPECTED: Final = re.compile(r"Expected `([\w |]+)`, got `(\w+)`")


def problem_in(sentence: str) -> Problem:
    place = _PLACE.search(sentence)
    where, what = (place["field"], sentence[: place.start()]) if place else ("", sentence)
    member = _MEMBER.search(what)
    field = ".".join(part for part in (where, member["field"] if member else "") if part)
    return Problem(field, _said(what))


def _said(sentence: str) -> str:
    expected = _EXPECTED.fullmatch(sentence)
    if expected is not None:
        kinds = [_KINDS.get(kind, kind) for kind in expected[1].split(" | ")]
        return f"must be {' or '.join(kinds)}, not {_KINDS.get(expected[2], expected[2])}"
    written = _PATTERN.fullmatch(sentence)
    if written is not None:
        # As Python shows it, with every backslash doubled.
        pattern = written["pattern"].replace("\\\\", "\\")
        return MEANT.get(pattern, f"must be written as {pattern} says")
    for known, said in _SENTENCES:
        found = known.fullmatch(sentence)
        if found is not None:
            return found.expand(said)
    return sentence
