# ruff: noqa: RUF001 - look-alikes are what transliteration is about
"""What a text takes, and how it reads transliterated (SPEC 4.2, 6.2)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.content import TEXT_MAX
from chalicelib.domain.errors import Forbidden, Invalid
from chalicelib.domain.rights import Right, Scope, Standing, scopes_of
from chalicelib.sms.gsm import is_gsm
from chalicelib.sms.merge import Field, parse
from chalicelib.sms.parts import Encoding, Measure, Part
from chalicelib.sms.parts import measure as what_sending_takes
from chalicelib.sms.transliterate import Replacement
from chalicelib.sms.transliterate import transliterate as as_sent
from chalicelib.usecases import texts
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.usecases.texts import Measured

SMILE = "\U0001f600"
AUTHOR = World().author


def measure(
    text: str, fields: Mapping[str, str] | None = None, *, transliterate: bool = False
) -> Measured:
    return texts.measure(AUTHOR, text, transliterate=transliterate, fields=fields or {})


def problems(invalid: pytest.ExceptionInfo[Invalid]) -> dict[str, str]:
    return {problem.field: problem.message for problem in invalid.value.problems}


@pytest.mark.parametrize("standing", Standing)
def test_whoever_views_may_ask(standing: Standing) -> None:
    caller = replace(AUTHOR, scopes=scopes_of(standing, {}))
    assert texts.measure(caller, "a", transliterate=False, fields={}).problem is None
    assert texts.transliterate(caller, "a").text == "a"


def test_others_may_not() -> None:
    stranger = replace(AUTHOR, scopes={Right.FEED: Scope.ALL})
    with pytest.raises(Forbidden):
        texts.measure(stranger, "a", transliterate=False, fields={})
    with pytest.raises(Forbidden):
        texts.transliterate(stranger, "a")


# --- measuring ---


def test_a_text_is_measured_as_it_is_sent() -> None:
    measured = measure("Hi {{ Name |you}}, {{town}}{{name}}", {"NAME ": "Zoë", "other": "x"})
    assert measured.text == "Hi Zoë, Zoë"
    assert measured.measure == Measure(Encoding.UCS2, 11, 11, 1)
    assert measured.parts == (Part("Hi Zoë, Zoë", 11, 59),)
    assert measured.foreign == {"ë": 5}
    assert measured.fields == (Field("name", "you"), Field("town"), Field("name"))
    assert measured.problem is None


def test_a_field_is_told_once_for_each_way_it_is_written() -> None:
    assert measure("{{a}}{{A }}{{a|b}}{{a}}").fields == (Field("a"), Field("a", "b"))


def test_without_values_defaults_are_measured() -> None:
    assert measure("Hi {{name|friend}}{{x}}!").text == "Hi friend!"
    assert measure("Hi {{name|friend}}!", {"name": ""}).text == "Hi friend!"


def test_values_are_no_templates() -> None:
    assert measure("{{a}}", {"a": "{{b}}", "b": "x"}).text == "{{b}}"


def test_fields_are_filled_in_before_the_text_is_transliterated() -> None:
    measured = measure("{{имя|“вы”}} {{b}}", {"Имя": "Зоя", "b": f"½{SMILE}"}, transliterate=True)
    assert measured.text == f"Zoya 1/2{SMILE}"
    assert measured.foreign == {SMILE: 8}
    assert measured.fields == (Field("имя", "“вы”"), Field("b"))
    assert measure("“{{x}}”", transliterate=True).measure == Measure(Encoding.GSM7, 2, 2, 1)


def test_what_makes_it_ucs2_is_told_with_its_first_place() -> None:
    assert measure("a“b”`“").foreign == {"“": 1, "”": 3, "`": 4}
    assert measure("é€[§").foreign == {}


def test_each_part_is_told_and_what_is_left_in_it() -> None:
    measured = measure("a" * 152 + "€" * 5)
    assert measured.parts == (Part("a" * 152, 152, 1), Part("€" * 5, 10, 143))


@pytest.mark.parametrize(
    ("text", "parts"), [("a" * 1531, 11), ("Ж" * 671, 11), ("Ж" * TEXT_MAX, 60)]
)
def test_a_text_of_too_many_parts_is_measured_all_the_same(text: str, parts: int) -> None:
    measured = measure(text)
    assert measured.measure.parts == len(measured.parts) == parts
    assert "".join(part.text for part in measured.parts) == text
    assert measured.problem is not None
    assert f"{parts} parts" in measured.problem
    assert "10 parts are the limit" in measured.problem


@pytest.mark.parametrize("text", ["", "{{name}}", "\u200b"])
def test_no_text_is_not_sent(text: str) -> None:
    measured = measure(text, transliterate=True)
    assert measured.parts == (Part("", 0, 160),)
    assert measured.problem == texts.NOTHING_TO_SEND


@pytest.mark.parametrize(
    "text", ["Hi {{name", "{{}}", "{{a|{}}", "\ud83d", "a\ude00", "a" * (TEXT_MAX + 1)]
)
def test_bad_texts_are_named(text: str) -> None:
    with pytest.raises(Invalid) as measuring:
        measure(text)
    with pytest.raises(Invalid) as transliterating:
        texts.transliterate(AUTHOR, text)
    assert set(problems(measuring)) == set(problems(transliterating)) == {"text"}


def test_bad_values_are_named_all_at_once() -> None:
    fields = {"a": "\ud83d", "A": "x", "b": "x" * (TEXT_MAX + 1), "c": "x" * TEXT_MAX}
    with pytest.raises(Invalid) as refusal:
        measure("{{a}}", fields)
    assert problems(refusal) == {
        "fields.a": "holds half a character",
        "fields.A": "is named twice: a",
        "fields.b": f"use at most {TEXT_MAX} characters",
    }


def test_values_cannot_blow_a_text_up() -> None:
    assert measure("{{a}}" * 4, {"a": "x" * (TEXT_MAX // 4)}).measure.units == TEXT_MAX
    with pytest.raises(Invalid) as refusal:
        measure("{{a}}" * 4 + "x", {"a": "x" * (TEXT_MAX // 4)})
    assert set(problems(refusal)) == {"fields"}
    with pytest.raises(Invalid):
        measure("{{a}}" * 800, {"a": "x" * TEXT_MAX})


# --- transliterating ---


def test_a_text_is_told_before_and_after() -> None:
    told = texts.transliterate(AUTHOR, f"“Привет, {{{{Имя|друг}}}}”{SMILE} – {{{{x}}}}")
    assert told.text == f'"Privet, {{{{Имя|drug}}}}"{SMILE} - {{{{x}}}}'
    assert told.before.text == f"“Привет, друг”{SMILE} – "
    assert told.after.text == f'"Privet, drug"{SMILE} - '
    assert told.before.measure.encoding is told.after.measure.encoding is Encoding.UCS2
    assert told.left == (SMILE,)
    assert told.after.foreign == {SMILE: 14}
    assert Replacement("р", "r", 2) in told.replaced
    assert told.before.fields == told.after.fields == (Field("имя", "друг"), Field("x"))


def test_what_is_gained_can_be_seen() -> None:
    told = texts.transliterate(AUTHOR, "Ж" + "a" * 159)
    assert told.before.measure == Measure(Encoding.UCS2, 160, 160, 3)
    assert told.after.measure == Measure(Encoding.GSM7, 161, 161, 2)
    assert told.after.parts[-1].left == 145
    assert told.left == ()


def test_a_text_that_needs_nothing_stays_as_it_was_written() -> None:
    text = "Hi {{ Name }}{{a|}}, }} é"
    told = texts.transliterate(AUTHOR, text)
    assert (told.text, told.replaced, told.left) == (text, (), ())
    assert told.before == told.after


@pytest.mark.parametrize("text", ["{\u200b{name}}", "{\u200b{{name}}", "{{a|b}\u200b}}"])
def test_no_field_comes_about_by_it(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        texts.transliterate(AUTHOR, text)
    assert set(problems(refusal)) == {"text"}


@given(
    st.lists(
        st.sampled_from(["{{", "}}", "{", "}", "|", "é", "a", " ", "“", "Ж", "½", "5", SMILE, "｛"])
    ).map("".join)
    | st.text(st.characters(), max_size=40),
    st.dictionaries(st.text(max_size=3), st.text(st.characters(), max_size=5), max_size=3),
)
def test_answers_agree_with_each_other_and_with_sending(text: str, fields: dict[str, str]) -> None:
    with suppress(Invalid):
        measured = measure(text, fields, transliterate=True)
        told = texts.transliterate(AUTHOR, text)
        assert measured.measure == what_sending_takes(measured.text)
        assert "".join(part.text for part in measured.parts) == measured.text
        assert bool(measured.foreign) == (not is_gsm(measured.text))
        assert told.before == measure(text)
        assert told.after == measure(text, transliterate=True)
        assert parse(told.text).names == parse(text).names
        assert as_sent(parse(told.text).render({})).text == told.after.text
