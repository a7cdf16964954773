"""Texts, measured and transliterated (SPEC 4.2, 6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import Shape
from chalicelib.domain.content import TEXT_MAX
from chalicelib.sms.parts import MAX_PARTS, Encoding

if TYPE_CHECKING:
    from chalicelib.usecases.texts import Measured, Transliterated

FIELDS_MAX = 200

Text = Annotated[
    str,
    Meta(
        max_length=TEXT_MAX,
        description="May hold merge fields: `{{name}}`, or `{{name|friend}}` with a default.",
        examples=["Hello {{name|friend}}, your order is on its way."],
    ),
]
Value = Annotated[str, Meta(max_length=TEXT_MAX)]
Values = Annotated[
    dict[str, Value],
    Meta(
        max_length=FIELDS_MAX,
        description="Values of merge fields by their names. A missing one counts as empty; those "
        "of no field of the text are not used.",
        examples=[{"name": "Zoë"}],
    ),
]
Parts = Annotated[int, Meta(ge=1, description="How many messages it is sent and billed as.")]


class MeasureText(Shape, frozen=True):
    """A text, and what goes into it for one recipient."""

    text: Text
    fields: Values = msgspec.field(default_factory=dict)
    transliterate: Annotated[
        bool, Meta(description="Measure what transliteration makes of it, fields filled in.")
    ] = False


class TransliterateText(Shape, frozen=True):
    text: Text


class PartOut(msgspec.Struct, frozen=True):
    text: str
    units: int
    # Units that would still fit in.
    left: int


class ForeignOut(msgspec.Struct, frozen=True):
    """A character that GSM 03.38 lacks, and the place of the first one, from 0."""

    character: str
    position: int


class FieldOut(msgspec.Struct, frozen=True):
    """A merge field of the text; `default` is null where it has none."""

    name: str
    default: str | None


class MeasuredOut(msgspec.Struct, frozen=True):
    """A text as it would be sent, fields filled in.

    Units are septets of `gsm7`, of which a character of the extension table takes two, or 16-bit
    words of `ucs2`, of which an emoji takes two. `foreign` tells which characters make it `ucs2`.
    """

    text: str
    encoding: Encoding
    characters: int
    units: int
    parts: Parts
    parts_max: Annotated[int, Meta(examples=[MAX_PARTS])]
    # In the last part.
    units_left: int
    sendable: bool
    # Why it cannot be sent; null if it can.
    problem: str | None
    foreign: list[ForeignOut]
    fields: list[FieldOut]
    # What each part holds.
    split: list[PartOut]


class ReplacementOut(msgspec.Struct, frozen=True, rename={"was": "from", "becomes": "to"}):
    """What was replaced; `to` is empty for what nobody sees."""

    was: str
    becomes: str
    count: int


class TransliteratedOut(msgspec.Struct, frozen=True):
    """`text` has its merge fields as they were; `before` and `after` have their defaults."""

    text: str
    before: MeasuredOut
    after: MeasuredOut
    replaced: list[ReplacementOut]
    # What has no likeness among GSM's characters, each once: emoji and other symbols.
    left: list[str]


def measured(item: Measured) -> MeasuredOut:
    taken = item.measure
    return MeasuredOut(
        text=item.text,
        encoding=taken.encoding,
        characters=taken.characters,
        units=taken.units,
        parts=taken.parts,
        parts_max=MAX_PARTS,
        units_left=item.parts[-1].left,
        sendable=item.problem is None,
        problem=item.problem,
        foreign=[ForeignOut(char, at) for char, at in item.foreign.items()],
        fields=[FieldOut(field.name, field.default) for field in item.fields],
        split=[PartOut(part.text, part.units, part.left) for part in item.parts],
    )


def transliterated(item: Transliterated) -> TransliteratedOut:
    return TransliteratedOut(
        text=item.text,
        before=measured(item.before),
        after=measured(item.after),
        replaced=[ReplacementOut(each.was, each.becomes, each.count) for each in item.replaced],
        left=list(item.left),
    )
