"""What a text takes to be sent, and how it reads transliterated (SPEC 4.2, 6.2)."""

from __future__ import annotations

from typing import Final

from chalice.app import Blueprint

from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import texts as shapes
from chalicelib.domain.rights import Right
from chalicelib.usecases import texts

routes = Blueprint(__name__)

TEXT: Final = "/text"


@member(
    routes,
    "POST",
    TEXT + "/measure",
    Right.VIEW,
    takes=shapes.MeasureText,
    gives=shapes.MeasuredOut,
)
def measure_text(call: Call, given: shapes.MeasureText) -> shapes.MeasuredOut:
    """How a text is encoded and cut into parts. One that takes too many is answered as well, with
    `sendable` false.
    """
    return shapes.measured(
        texts.measure(call.who, given.text, transliterate=given.transliterate, fields=given.fields)
    )


@member(
    routes,
    "POST",
    TEXT + "/transliterate",
    Right.VIEW,
    takes=shapes.TransliterateText,
    gives=shapes.TransliteratedOut,
)
def transliterate_text(call: Call, given: shapes.TransliterateText) -> shapes.TransliteratedOut:
    """How a text reads, and what it takes, with the characters that GSM has. Symbols and emoji stay
    and are told in `left`.
    """
    return shapes.transliterated(texts.transliterate(call.who, given.text))
