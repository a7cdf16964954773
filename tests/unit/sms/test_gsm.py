from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sms import gsm

# Code in GSM 03.38 → code point, wherever the two differ; all other codes are those of ASCII.
DIFFERING = {
    0x00: 0x40, 0x01: 0xA3, 0x02: 0x24, 0x03: 0xA5, 0x04: 0xE8, 0x05: 0xE9, 0x06: 0xF9, 0x07: 0xEC,
    0x08: 0xF2, 0x09: 0xC7, 0x0B: 0xD8, 0x0C: 0xF8, 0x0E: 0xC5, 0x0F: 0xE5, 0x10: 0x394,
    0x11: 0x5F, 0x12: 0x3A6, 0x13: 0x393, 0x14: 0x39B, 0x15: 0x3A9, 0x16: 0x3A0, 0x17: 0x3A8,
    0x18: 0x3A3, 0x19: 0x398, 0x1A: 0x39E, 0x1C: 0xC6, 0x1D: 0xE6, 0x1E: 0xDF, 0x1F: 0xC9,
    0x24: 0xA4, 0x40: 0xA1, 0x5B: 0xC4, 0x5C: 0xD6, 0x5D: 0xD1, 0x5E: 0xDC, 0x5F: 0xA7, 0x60: 0xBF,
    0x7B: 0xE4, 0x7C: 0xF6, 0x7D: 0xF1, 0x7E: 0xFC, 0x7F: 0xE0,
}  # fmt: skip
EXTENDED = {
    0x0A: 0x0C, 0x14: 0x5E, 0x28: 0x7B, 0x29: 0x7D, 0x2F: 0x5C, 0x3C: 0x5B, 0x3D: 0x7E, 0x3E: 0x5D,
    0x40: 0x7C, 0x65: 0x20AC,
}  # fmt: skip
TABLE = {
    **{chr(DIFFERING.get(code, code)): bytes([code]) for code in range(0x80) if code != 0x1B},
    **{chr(point): bytes([0x1B, code]) for code, point in EXTENDED.items()},
}


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
