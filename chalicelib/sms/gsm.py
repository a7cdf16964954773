"""The GSM 03.38 default alphabet and its extension table, unpacked: one septet in one octet.

That is how SMPP's data_coding 0 carries it. A character outside both tables is refused, never
replaced by one that looks alike: "`" is no GSM character, while "§" is (SPEC 6.2).
"""

from __future__ import annotations

from typing import Final

ESCAPE: Final = 0x1B

# In the order of their codes, 16 to a line. Code 0x1B is the escape to the extension table: it is
# no character, so U+001B stands there only to hold the place.
_DEFAULT: Final = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
_EXTENSION: Final = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
EXTENDED: Final = frozenset(_EXTENSION)
_CODES: Final[dict[str, bytes]] = {
    **{char: bytes([code]) for code, char in enumerate(_DEFAULT) if code != ESCAPE},
    **{char: bytes([ESCAPE, code]) for char, code in _EXTENSION.items()},
}
ALPHABET: Final = frozenset(_CODES)


class NotGsm(ValueError):
    def __init__(self, char: str) -> None:
        super().__init__(f"U+{ord(char):04X} is no character of GSM 03.38: send the text as UCS-2.")
        self.char = char


def is_gsm(text: str) -> bool:
    return ALPHABET.issuperset(text)


def foreign(text: str) -> dict[str, int]:
    """Characters that are none of GSM's, in the order of the text: each with its first place."""
    found: dict[str, int] = {}
    for at, char in enumerate(text):
        if char not in ALPHABET:
            found.setdefault(char, at)
    return found


def septets(text: str) -> int:
    """How many septets the text takes; a character of the extension table takes two."""
    return len(encode(text))


def encode(text: str) -> bytes:
    try:
        return b"".join([_CODES[char] for char in text])
    except KeyError as error:
        raise NotGsm(error.args[0]) from None
