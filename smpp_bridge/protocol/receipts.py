"""Receipts in every form that carriers use (SPEC 6.2): TLVs, SMPP 3.4 Appendix B text, or both.

TLVs win over text, because text is written for people and every SMSC writes it in its own way:
keys in any case, fields missing, values that only it knows. A text alone makes no receipt, since
any subscriber can write one: `esm_class` must say so, or the TLV that only receipts carry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smpp_bridge.protocol import commands

if TYPE_CHECKING:
    from smpp_bridge.protocol.events import Delivered

UNKNOWN: Final = 7

_RECEIPT_BIT: Final = 0x04
_INTERMEDIATE_BIT: Final = 0x20
_UCS2: Final = 0x08
_MAX_INT_OCTETS: Final = 4
_NETWORK_ERROR_OCTETS: Final = 3
_MAX_DIGITS: Final = 8  # int() of a text without limit takes quadratic time

_STATES: Final = {
    "SCHEDULED": 0,
    "ENROUTE": 1,
    "DELIVRD": 2,
    "DELIVERED": 2,
    "EXPIRED": 3,
    "DELETED": 4,
    "UNDELIV": 5,
    "UNDELIVERABLE": 5,
    "FAILED": 5,
    "ACCEPTD": 6,
    "ACCEPTED": 6,
    "UNKNOWN": UNKNOWN,
    "REJECTD": 8,
    "REJECTED": 8,
    "SKIPPED": 9,
}
_KEY = re.compile(
    r"(?:^|(?<=[\s,;|]))(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text):", re.IGNORECASE
)
_SEPARATORS: Final = " \t\r\n,;|\0"


@dataclass(frozen=True, slots=True)
class NetworkError:
    """The TLV 0x0423. `network` is 0 where the SMSC sends a bare code."""

    network: int
    code: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """`message_id` is as the carrier wrote it, and empty where it wrote none.

    `state` is 0 to 9 of SMPP, a vendor's own number, or UNKNOWN; `state_text` keeps the word that
    stood for it.
    """

    message_id: str
    state: int
    state_text: str
    error: int | None
    network_error: NetworkError | None
    submitted: str
    done: str
    intermediate: bool


def parse_receipt(delivered: Delivered) -> Receipt | None:
    """Read a receipt; None when the deliver_sm is a subscriber's message."""
    tlvs = delivered.tlvs
    id_tlv = tlvs.get(commands.TLV_RECEIPTED_MESSAGE_ID)
    if id_tlv is None and not delivered.esm_class & (_RECEIPT_BIT | _INTERMEDIATE_BIT):
        return None
    fields = _fields(_text(delivered))
    state_text = _first_word(fields.get("stat", ""))
    return Receipt(
        message_id=_id_from_tlv(id_tlv) or _first_word(fields.get("id", "")),
        state=_state(tlvs.get(commands.TLV_MESSAGE_STATE), state_text),
        state_text=state_text,
        error=_error(_first_word(fields.get("err", ""))),
        network_error=_network_error(tlvs.get(commands.TLV_NETWORK_ERROR_CODE, b"")),
        submitted=fields.get("submitdate", ""),
        done=fields.get("donedate", ""),
        intermediate=bool(delivered.esm_class & _INTERMEDIATE_BIT),
    )


def _text(delivered: Delivered) -> str:
    data = delivered.short_message or delivered.tlvs.get(commands.TLV_MESSAGE_PAYLOAD, b"")
    if delivered.data_coding == _UCS2:
        return data.decode("utf-16-be", errors="replace")
    return data.decode("latin-1")


def _fields(text: str) -> dict[str, str]:
    """Cut at the keys, the first of each counts; what follows `text:` is the subscriber's own."""
    fields: dict[str, str] = {}
    key, start = "", 0
    for match in _KEY.finditer(text):
        fields.setdefault(key, text[start : match.start()].strip(_SEPARATORS))
        key, start = match[1].lower().replace(" ", "").replace("_", ""), match.end()
        if key == "text":
            return fields
    fields.setdefault(key, text[start:].strip(_SEPARATORS))
    return fields


def _first_word(value: str) -> str:
    return next(iter(value.split()), "")


def _id_from_tlv(value: bytes | None) -> str:
    return value.partition(b"\0")[0].decode("latin-1").strip() if value else ""


def _state(tlv: bytes | None, text: str) -> int:
    if tlv and len(tlv) <= _MAX_INT_OCTETS:
        return int.from_bytes(tlv, "big")
    if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS:
        return int(text)
    return _STATES.get(text.upper(), UNKNOWN)


def _error(text: str) -> int | None:
    """`err:` is the network's own: decimal with most, hexadecimal with some, a word with a few."""
    if not re.fullmatch(rf"[0-9A-Fa-f]{{1,{_MAX_DIGITS}}}", text):
        return None
    return int(text) if text.isdecimal() else int(text, 16)


def _network_error(value: bytes) -> NetworkError | None:
    if len(value) == _NETWORK_ERROR_OCTETS:
        return NetworkError(value[0], int.from_bytes(value[1:], "big"))
    if 0 < len(value) <= _MAX_INT_OCTETS:
        return NetworkError(0, int.from_bytes(value, "big"))
    return None
