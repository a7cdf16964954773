"""Reads messages as a phone does: by the standard's own tables, and by nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.sms.parts import Message

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
ESCAPE = 0x1B
TABLE = {
    **{chr(DIFFERING.get(code, code)): bytes([code]) for code in range(0x80) if code != ESCAPE},
    **{chr(point): bytes([ESCAPE, code]) for code, point in EXTENDED.items()},
}
_CHARACTERS = {code: char for char, code in TABLE.items()}


@dataclass(frozen=True, slots=True)
class Received:
    text: str
    # Octets on the air: septets packed, header and all.
    octets: int
    reference: int | None = None
    total: int = 1
    number: int = 1


def receive(message: Message) -> list[Received]:
    """Every part read by itself: KeyError or UnicodeError if a character is split."""
    read = {0: _read_gsm, 8: _read_ucs2}[message.data_coding]
    return [_part(part, udh=message.udh, read=read) for part in message.parts]


def _part(part: bytes, *, udh: bool, read: Reader) -> Received:
    if not udh:
        text, bits = read(part)
        return Received(text, (bits + 7) // 8)
    length, element, size, reference, total, number = part[:6]
    assert (length, element, size) == (5, 0, 3)
    text, bits = read(part[6:])
    # After the header septets begin at a multiple of seven bits.
    header = 49 if read is _read_gsm else 48
    return Received(text, (header + bits + 7) // 8, reference, total, number)


def _read_gsm(body: bytes) -> tuple[str, int]:
    codes = iter(body)
    text = ""
    for code in codes:
        following = bytes([code, next(codes)]) if code == ESCAPE else bytes([code])
        text += _CHARACTERS[following]
    return text, 7 * len(body)


def _read_ucs2(body: bytes) -> tuple[str, int]:
    return body.decode("utf-16-be"), 8 * len(body)


if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[bytes], tuple[str, int]]
