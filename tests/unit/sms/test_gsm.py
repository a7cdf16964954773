from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sms import gsm
from tests.unit.sms.handset import TABLE


def test_the_alphabet_is_the_standard_s() -> None:
    assert {char: gsm.encode(char) for char in TABLE} == TABLE


@given(st.characters())
def test_nothing_else_belongs_to_it(char: str) -> None:
    assert gsm.is_gsm(char) == (char in TABLE)


@given(st.text(st.sampled_from(sorted(TABLE))))
def test_a_text_is_encoded_character_by_character(text: str) -> None:
    assert gsm.is_gsm(text)
    assert gsm.encode(text) == b"".join(TABLE[char] for char in text)
    assert gsm.septets(text) == sum(len(TABLE[char]) for char in text)


def test_characters_of_the_extension_table_count_two() -> None:
    assert gsm.septets("") == 0
    assert gsm.septets(string.ascii_letters + "§") == 53
    assert gsm.septets("€\f[]{}~|^\\") == 20


@pytest.mark.parametrize("char", ["`", "ç", "\x1b", "\t", "\u2013", "\u0430"])
def test_a_look_alike_is_refused_not_replaced(char: str) -> None:
    assert not gsm.is_gsm(f"a{char}b")
    with pytest.raises(gsm.NotGsm, match=f"U\\+{ord(char):04X}") as refusal:
        gsm.encode(f"a{char}b")
    assert refusal.value.char == char
    with pytest.raises(gsm.NotGsm):
        gsm.septets(char)


def test_foreign_characters_are_told_once_where_they_first_stand() -> None:
    assert gsm.foreign("é€§\f and ^{}") == {}
    found = gsm.foreign("a\u2019b`c\u2019`\U0001f600\ud83d")
    assert list(found.items()) == [("\u2019", 1), ("`", 3), ("\U0001f600", 7), ("\ud83d", 8)]


@given(st.text(st.characters()))
def test_what_has_no_foreign_characters_is_gsm(text: str) -> None:
    found = gsm.foreign(text)
    assert gsm.is_gsm(text) == (not found)
    assert all(text.index(char) == at for char, at in found.items())
    assert gsm.is_gsm("".join(char for char in text if char not in found))
