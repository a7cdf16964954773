"""Everything that we send but submit_sm, made by smpplib, with our sequence numbers spliced in.

smpplib cuts a string that is too long without a word, ignores `sequence=` and draws numbers of its
own. Here what does not fit is a LocalProtocolError, and the caller's number is the one on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from smpplib import smpp
from smpplib.command_codes import get_command_code
from smpplib.ptypes import ostr

from smpp_bridge.protocol.errors import LocalProtocolError

MAX_SEQUENCE: Final = 0x7FFFFFFF
_HEADER = Struct(">IIII")
_SEQUENCE_OFFSET: Final = 12
_OCTET_MAX: Final = 255


class _Unnumbered:
    """Stands where smpplib expects its client, and draws the numbers that we overwrite."""

    sequence = 0

    def next_sequence(self) -> int:
        return 0


_UNNUMBERED: Final = _Unnumbered()


@dataclass(frozen=True, slots=True)
class BindOptions:
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


def build(command: str, **fields: str | int | bytes) -> bytes:
    """Encode a PDU with smpplib, as sequence number 0."""
    pdu = smpp.make_pdu(command, client=_UNNUMBERED, **fields)
    for name, value in fields.items():
        _require_fit(pdu.params[name], name, value)
    encoded: bytes = pdu.generate()
    return encoded


def _require_fit(param: object, name: str, value: str | bytes | int) -> None:
    """Refuse what smpplib would cut or choke on. The value is not shown: it may be a password."""
    if isinstance(value, int):
        if not 0 <= value <= _OCTET_MAX:
            raise LocalProtocolError(f"{name} must be 0 to {_OCTET_MAX}")
        return
    room = param.max if param.type is ostr else param.max - 1  # type: ignore[attr-defined]
    if len(value) > room:
        raise LocalProtocolError(f"{name} has {len(value)} characters; SMPP has room for {room}")
    if isinstance(value, str) and (not value.isascii() or "\0" in value):
        raise LocalProtocolError(f"{name} must be ASCII without NUL")


def bind_transceiver(options: BindOptions, sequence: int) -> bytes:
    encoded = build(
        "bind_transceiver",
        system_id=options.system_id,
        password=options.password,
        system_type=options.system_type,
        addr_ton=options.addr_ton,
        addr_npi=options.addr_npi,
        address_range=options.address_range,
    )
    number = sequence.to_bytes(4, "big")
    return encoded[:_SEQUENCE_OFFSET] + number + encoded[_SEQUENCE_OFFSET + len(number) :]


class Fixed:
    """A PDU of which nothing but status and sequence number ever differs."""

    __slots__ = ("_body", "_code", "_length")

    def __init__(self, command: str) -> None:
        encoded = build(command)
        self._code: int = get_command_code(command)
        self._length = len(encoded)
        self._body = encoded[_HEADER.size :]

    def __call__(self, sequence: int, status: int = 0) -> bytes:
        return _HEADER.pack(self._length, self._code, status, sequence) + self._body


deliver_sm_resp: Final = Fixed("deliver_sm_resp")
enquire_link: Final = Fixed("enquire_link")
enquire_link_resp: Final = Fixed("enquire_link_resp")
generic_nack: Final = Fixed("generic_nack")
unbind: Final = Fixed("unbind")
unbind_resp: Final = Fixed("unbind_resp")
