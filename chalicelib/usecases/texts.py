"""Text services: what a text takes to be sent, and how it reads transliterated (SPEC 4.2, 6.2).

Nothing is stored. A text is treated as sending does: its fields are filled in, then it is
transliterated if that is asked for, then it is cut into parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain.content import TEXT_MAX, Content, check_draft
from chalicelib.domain.errors import Invalid, Problem, require
from chalicelib.domain.rights import Right
from chalicelib.sms import gsm, merge, parts
from chalicelib.sms.transliterate import transliterate as transliterated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.sms.merge import Field, Template
    from chalicelib.sms.parts import Measure, Part
    from chalicelib.sms.transliterate import Replacement
    from chalicelib.usecases.auditing import Caller

NOTHING_TO_SEND: Final = "There is no text to send."


@dataclass(frozen=True, slots=True)
class Measured:
    """A text as a recipient would get it."""

    text: str
    measure: Measure
    parts: tuple[Part, ...]
    # Characters that GSM lacks, each with the place of the first one: they make it UCS-2.
    foreign: Mapping[str, int]
    # Each way of writing a field once.
    fields: tuple[Field, ...]
    # Why it cannot be sent; None: it can.
    problem: str | None


@dataclass(frozen=True, slots=True)
class Transliterated:
    """`before` and `after` have the fields' defaults in their places, `text` the fields."""

    text: str
    before: Measured
    after: Measured
    replaced: tuple[Replacement, ...]
    left: tuple[str, ...]


def measure(
    caller: Caller, text: str, *, transliterate: bool, fields: Mapping[str, str]
) -> Measured:
    """`fields` are values by the names of fields; a missing one counts as empty."""
    caller.must(Right.VIEW)
    template = _parsed(text)
    filled = template.render(_values(fields))
    require((len(filled) <= TEXT_MAX, "fields", f"make more than {TEXT_MAX} characters of it"))
    return _measured(transliterated(filled).text if transliterate else filled, template)


def transliterate(caller: Caller, text: str) -> Transliterated:
    caller.must(Right.VIEW)
    template = _parsed(text)
    filled = template.render({})
    made = transliterated(filled)
    return Transliterated(
        text=_rewritten(text),
        before=_measured(filled, template),
        after=_measured(made.text, template),
        replaced=made.replaced,
        left=made.left,
    )


def _parsed(text: str) -> Template:
    check_draft(Content(text=text))
    return merge.parse(text)


def _rewritten(text: str) -> str:
    try:
        return merge.rewrite(text, lambda piece: transliterated(piece).text)
    except merge.BadTemplate as error:
        raise Invalid(Problem("text", str(error))) from None


def _values(fields: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    problems = []
    for heading, value in fields.items():
        place, name = f"fields.{heading}", merge.field_name(heading)
        if name in values:
            problems.append(Problem(place, f"is named twice: {name}"))
        if len(value) > TEXT_MAX:
            problems.append(Problem(place, f"use at most {TEXT_MAX} characters"))
        if any("\ud800" <= char <= "\udfff" for char in value):
            problems.append(Problem(place, "holds half a character"))
        values[name] = value
    if problems:
        raise Invalid(*problems)
    return values


def _measured(text: str, template: Template) -> Measured:
    taken, problem = _taken(text)
    return Measured(
        text=text,
        measure=taken,
        parts=parts.split(text),
        foreign={} if taken.encoding is parts.Encoding.GSM7 else gsm.foreign(text),
        fields=tuple(dict.fromkeys(template.fields)),
        problem=problem,
    )


def _taken(text: str) -> tuple[Measure, str | None]:
    try:
        taken = parts.measure(text)
    except parts.TooLong as error:
        return error.measure, str(error)
    return taken, None if text else NOTHING_TO_SEND
