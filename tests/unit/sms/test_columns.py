"""Further columns: which have names, and what their values hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sms.columns import COLUMNS_MAX, VALUE_MAX, clean, named
from chalicelib.sms.merge import NAME_MAX, parse


@pytest.mark.parametrize(
    ("headings", "names"),
    [
        ([], {}),
        (["phone"], {}),
        (["phone", "Name", " First  NAME "], {1: "name", 2: "first name"}),
        (["phone", "", "  ", "a"], {3: "a"}),
        (["phone", "a", "A ", "b"], {3: "b"}),
        (["phone", "Phone", "b"], {2: "b"}),
        (["phone", "a|b", "{a", "a}}", "ok"], {4: "ok"}),
        (["phone", "n" * NAME_MAX, "m" * (NAME_MAX + 1)], {1: "n" * NAME_MAX}),
        (["phone", "e\u0301", "\u00e9", "b"], {3: "b"}),
    ],
)
def test_which_headings_name_a_column(headings: list[str], names: dict[int, str]) -> None:
    assert named(headings) == names


def test_the_first_named_columns_count() -> None:
    headings = ["phone", "", *(f"c{place}" for place in range(COLUMNS_MAX + 5))]
    assert list(named(headings).values()) == [f"c{place}" for place in range(COLUMNS_MAX)]


@given(st.lists(st.text(max_size=9), max_size=9))
def test_every_name_can_be_said_in_a_text(headings: list[str]) -> None:
    for place, name in named(headings).items():
        assert place > 0
        assert parse(f"Hello {{{{{headings[place]}}}}}").names == (name,)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("", ""),
        (" \t ", ""),
        (" Zoë  Doe ", "Zoë Doe"),
        ("two\nlines\r\n\tand\u00a0more\u2028", "two lines and more"),
        ("👩\u200d👩", "👩\u200d👩"),
        ("{{name}}", "{{name}}"),
        ("x" * VALUE_MAX, "x" * VALUE_MAX),
        (f"  {'x' * VALUE_MAX}  ", "x" * VALUE_MAX),
        ("x" * (VALUE_MAX + 1), None),
        ("a\x00", None),
        ("a\x1b[31m", None),
        ("a\x7f", None),
        ("a\x9b", None),
    ],
)
def test_what_a_value_holds(cell: str, value: str | None) -> None:
    assert clean(cell) == value


@given(st.text(max_size=300))
def test_a_value_is_one_short_line(cell: str) -> None:
    value = clean(cell)
    if value is not None:
        assert len(value) <= VALUE_MAX
        assert value == " ".join(value.split())
        assert clean(value) == value
        # What stands between values and rows while they are gathered.
        assert not {"\x1e", "\x1f"} & set(value)
