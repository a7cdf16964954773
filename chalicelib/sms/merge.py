"""Merge fields: `{{name}}`, or `{{name|what stands for an empty value}}` (SPEC 4.9).

A name is a heading of the list's file; case and surrounding spaces do not count. Values are put in
as they are and never read as templates themselves. There is no way to write two opening braces
literally: whoever types them means a field.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NAME_MAX: Final = 64
_TYPED_MAX: Final = 4 * NAME_MAX  # with marks apart and spaces around
_OPEN: Final = "{{"
_CLOSE: Final = "}}"
_NAME: Final = re.compile(r"[^{}|\x00-\x1f]+")


class BadTemplate(ValueError):
    """The text is a sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    # None: an empty value leaves nothing in its place.
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    pieces: tuple[str | Field, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Field))

    @property
    def names(self) -> tuple[str, ...]:
        """Each once, in the order of the text."""
        return tuple(dict.fromkeys(field.name for field in self.fields))

    @property
    def plain(self) -> bool:
        """Whether everybody gets the same."""
        return not self.fields

    def render(self, values: Mapping[str, str]) -> str:
        """`values` by the names of the fields; a missing one counts as empty."""
        return "".join(
            piece if isinstance(piece, str) else values.get(piece.name) or piece.default or ""
            for piece in self.pieces
        )


def field_name(heading: str) -> str:
    """How a heading is called in a text; é is é, whether typed as one character or as two."""
    folded = " ".join(normalize("NFD", heading).split()).casefold()
    return normalize("NFC", folded)


def parse(text: str) -> Template:
    pieces: list[str | Field] = []
    for literal, inside in _spans(text):
        if literal:
            pieces.append(literal)
        if inside is not None:
            pieces.append(_field(inside))
    return Template(tuple(pieces))


def rewrite(text: str, change: Callable[[str], str]) -> str:
    """The text with everything changed but the names of its fields."""
    pieces = tuple(_changed(piece, change) for piece in parse(text).pieces)
    written: list[str] = []
    for literal, inside in _spans(text):
        written.append(change(literal))
        if inside is not None:
            name, marked, default = inside.partition("|")
            written += _OPEN, name, marked, change(default), _CLOSE
    result = "".join(written)
    with suppress(BadTemplate):
        if parse(result).pieces == tuple(piece for piece in pieces if piece):
            return result
    raise BadTemplate("Braces that are no merge field would become one: remove them.")


def _changed(piece: str | Field, change: Callable[[str], str]) -> str | Field:
    if isinstance(piece, str):
        return change(piece)
    return piece if piece.default is None else replace(piece, default=change(piece.default))


def _spans(text: str) -> Iterator[tuple[str, str | None]]:
    """What stands before each field, and what the field's braces hold; last what follows all."""
    at = 0
    while (opening := text.find(_OPEN, at)) >= 0:
        begin = opening + len(_OPEN)
        end = text.find(_CLOSE, begin)
        if end < 0:
            raise BadTemplate("Two opening braces begin a merge field that nothing closes: add }}.")
        yield text[at:opening], text[begin:end]
        at = end + len(_CLOSE)
    yield text[at:], None


def _field(inside: str) -> Field:
    name, marked, default = inside.partition("|")
    # What is too long by far is not even normalised.
    name = field_name(name) if len(name) <= _TYPED_MAX else ""
    if not _NAME.fullmatch(name) or len(name) > NAME_MAX:
        raise BadTemplate(
            f"A merge field needs a name of 1 to {NAME_MAX} characters, as in "
            "{{name}} or {{name|friend}}."
        )
    if "{" in default:
        raise BadTemplate("What stands for an empty value cannot hold an opening brace.")
    return Field(name, default if marked else None)
