from __future__ import annotations

import re
from contextlib import suppress
from unicodedata import normalize

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.sms.merge import (
    NAME_MAX,
    BadTemplate,
    Field,
    Template,
    field_name,
    parse,
    rewrite,
)

# What the syntax is made of, and a little to put between.
SYNTAX = st.text(st.sampled_from("{}|a é\n"), max_size=30)
CLUMPS = st.lists(
    st.sampled_from(["{{", "}}", "{", "}", "|", "a", " ", "{{a}}", "{{A|b}}", "\u00df", "x}}y"])
).map("".join)
TEXTS = SYNTAX | CLUMPS | st.text()
VALUES = TEXTS

# The grammar once more, as one expression of each of its two rules.
RULES = re.compile(
    r"\{\{(?P<name>[^{}|]*)(?:\|(?P<default>(?:(?!\}\})[^{])*))?\}\}|(?P<literal>(?:(?!\{\{).)+)",
    re.DOTALL,
)


def read_otherwise(text: str) -> list[str | Field] | None:
    found: list[str | Field] = []
    at = 0
    while at < len(text):
        rule = RULES.match(text, at)
        if rule is None:
            return None
        if rule["literal"]:
            found.append(rule["literal"])
        elif not rule["name"].strip():
            return None
        else:
            found.append(Field(" ".join(rule["name"].lower().split()), rule["default"]))
        at = rule.end()
    return found


@given(SYNTAX)
def test_every_text_is_a_template_or_a_bad_one(text: str) -> None:
    expected = read_otherwise(text)
    if expected is None:
        with pytest.raises(BadTemplate):
            parse(text)
    else:
        assert list(parse(text).pieces) == expected


@given(TEXTS)
def test_nothing_but_bad_templates_is_ever_raised(text: str) -> None:
    with suppress(BadTemplate):
        template = parse(text)
        assert all(field.name == field_name(field.name) for field in template.fields)
        literals = [piece for piece in template.pieces if isinstance(piece, str)]
        assert all(literals)
        assert not any("{{" in literal for literal in literals)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", ()),
        ("Hello", ("Hello",)),
        ("Hello {{name}}!", ("Hello ", Field("name"), "!")),
        ("{{a}}{{b}}", (Field("a"), Field("b"))),
        ("{{name|friend}}", (Field("name", "friend"),)),
        pytest.param("{{name|}}", (Field("name", ""),), id="nothing, on purpose"),
        pytest.param("{{a|b|c}}", (Field("a", "b|c"),), id="a bar in a default"),
        pytest.param("{{a| b }}", (Field("a", " b "),), id="a default keeps its spaces"),
        pytest.param("{{a|b\nc}}", (Field("a", "b\nc"),), id="and its lines"),
        pytest.param("{{a|x}y}}", (Field("a", "x}y"),), id="one closing brace in a default"),
        pytest.param("{{ First \t NAME\n}}", (Field("first name"),), id="a name is folded"),
        pytest.param("{{\xa0a\u2003b}}", (Field("a b"),), id="all kinds of spaces"),
        pytest.param("{{STRASSE}}{{Straße}}", (Field("strasse"), Field("strasse")), id="ß is ss"),
        pytest.param("{{pre\u0301nom}}", (Field("prénom"),), id="é in two characters"),
        pytest.param("{{имя 2}}", (Field("имя 2"),), id="any script"),
        pytest.param("a}} b", ("a}} b",), id="closing braces alone"),
        pytest.param("{a} { } }{", ("{a} { } }{",), id="single braces"),
        pytest.param("{{a}}}", (Field("a"), "}"), id="a third closing brace is text"),
        pytest.param("{{a|b}}}", (Field("a", "b"), "}"), id="of a default too"),
        pytest.param("}}{{a}}{", ("}}", Field("a"), "{"), id="turned around"),
        pytest.param("{{" + "n" * NAME_MAX + "}}", (Field("n" * NAME_MAX),), id="longest"),
        pytest.param("{{" + "ﬀ" * 32 + "}}", (Field("f" * NAME_MAX),), id="longest once folded"),
    ],
)
def test_what_is_taken(text: str, pieces: tuple[str | Field, ...]) -> None:
    assert parse(text) == Template(pieces)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{", "closes"),
        ("Hello {{name", "closes"),
        ("Hello {{name}", "closes"),
        ("{{a}} {{b", "closes"),
        ("{{}}", "needs a name"),
        ("{{ \t\n}}", "needs a name"),
        ("{{|friend}}", "needs a name"),
        pytest.param("{{{a}}}", "needs a name", id="three braces are no way to show two"),
        pytest.param("{{a {{b}}}}", "needs a name", id="a field in a name"),
        pytest.param("{{a}b}}", "needs a name", id="a brace in a name"),
        pytest.param("{{a|{{b}}}}", "opening brace", id="a field in a default"),
        pytest.param("{{a|{}}", "opening brace", id="a brace in a default"),
        pytest.param("{{a\x00b}}", "needs a name", id="a control character"),
        pytest.param("{{" + "n" * 65 + "}}", "1 to 64", id="a long name"),
        pytest.param("{{" + "ﬀ" * 33 + "}}", "1 to 64", id="long once folded"),
        pytest.param("{{" + " " * 257 + "a}}", "1 to 64", id="long by spaces"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadTemplate, match=says):
        parse(text)


def test_names_stand_once_in_the_order_of_the_text() -> None:
    template = parse("{{b}} {{A|x}} {{ a }} {{B|y}}")
    assert template.names == ("b", "a")
    assert template.fields == (Field("b"), Field("a", "x"), Field("a"), Field("b", "y"))
    assert not template.plain
    assert parse("no field, }} here").plain


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "Hi friend, !"),
        ({"name": "", "town": ""}, "Hi friend, !"),
        ({"name": "Zoë", "town": "Ulm", "other": "x"}, "Hi Zoë, Ulm!"),
        ({"name": "{{town}}", "town": "}}{{"}, "Hi {{town}}, }}{{!"),
        ({"Name": "not folded"}, "Hi friend, !"),
    ],
)
def test_values_are_put_in_as_they_are(values: dict[str, str], text: str) -> None:
    assert parse("Hi {{name|friend}}, {{town}}!").render(values) == text


@given(VALUES, VALUES, st.text().filter(lambda text: "{{" not in text))
def test_values_are_never_templates(name: str, town: str, between: str) -> None:
    assume(not between.endswith("{"))
    template = parse("{{name}}" + between + "{{town|x}}")
    assert template.render({"name": name, "town": town}) == name + between + (town or "x")


@given(CLUMPS)
def test_a_text_without_fields_is_its_own_rendering(text: str) -> None:
    if "{{" not in text:
        assert parse(text).render({}) == text


@given(st.text() | st.text(st.sampled_from("aÄ\u0308\u0345\u0130\u1e9eςΣ \xa0\u0301ﬁ")))
def test_a_heading_has_one_name(heading: str) -> None:
    name = field_name(heading)
    assert field_name(name) == name
    assert field_name(f"  {heading}\t") == name
    assert field_name(normalize("NFC", heading)) == field_name(normalize("NFD", heading)) == name


def test_headings_differ_where_their_letters_do() -> None:
    assert field_name("Vor  Name ") == "vor name"
    assert len({field_name(each) for each in ("e", "é", "vorname", "vor name", "\u0131", "i")}) == 6


# --- rewriting ---


@given(TEXTS)
def test_nothing_changes_by_a_change_that_changes_nothing(text: str) -> None:
    try:
        parse(text)
    except BadTemplate:
        with pytest.raises(BadTemplate):
            rewrite(text, str)
    else:
        assert rewrite(text, str) == text


def test_all_is_rewritten_but_the_names() -> None:
    assert rewrite("a {{ Name }} b {{b|c|d}}{{e|}} f", str.upper) == (
        "A {{ Name }} B {{b|C|D}}{{e|}} F"
    )
    assert rewrite("a{{b}}", lambda _: "") == "{{b}}"


@given(CLUMPS, st.dictionaries(st.sampled_from("ab"), st.text("xy{}")))
def test_a_rewritten_text_renders_as_what_was_rendered_and_rewritten(
    text: str, values: dict[str, str]
) -> None:
    try:
        rewritten = rewrite(text, str.swapcase)
    except BadTemplate:
        return
    untouched = {name: f"\0{value}\0" for name, value in values.items()}
    expected = parse(text).render(untouched).split("\0")
    expected[::2] = [part.swapcase() for part in expected[::2]]
    assert parse(rewritten).render(untouched).replace("\0", "") == "".join(expected)


@pytest.mark.parametrize(
    "text", ["{-{a}}", "{-{{a}}", "{{a|b}-}}", "{{a|b}-}c}}", "{{a}} {-{", "{-{"]
)
def test_no_field_comes_about_by_rewriting(text: str) -> None:
    parse(text)
    with pytest.raises(BadTemplate, match="would become one"):
        rewrite(text, lambda piece: piece.replace("-", ""))


# --- in linear time: what takes the square of the length here does not end in a minute ---


@pytest.mark.parametrize(
    "piece",
    ["{{a}}", "{{a|b}} ", "{ ", "}}", "a"],
)
def test_long_texts_are_read_at_once(piece: str) -> None:
    assert parse(piece * (400_000 // len(piece))).render({}) != "?"


@pytest.mark.parametrize(
    "text",
    [
        "{{a" * 400_000,
        "{{" + "a" * 1_000_000,
        "{{" + "a" * 1_000_000 + "}}",
        "{{e" + "\u0301\u0316" * 500_000 + "}}",
        "{{" + "|" * 1_000_000 + "{}}",
    ],
    ids=["unclosed fields", "no end", "a long name", "a long stack of marks", "bars"],
)
def test_long_texts_are_refused_at_once(text: str) -> None:
    with pytest.raises(BadTemplate):
        parse(text)
