"""SMPP 3.4 by hand, as far as a carrier needs it: what it reads from an ESME and writes to it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Final

HEADER: Final = Struct(">IIII")
MAX_PDU: Final = 70_000

BIND_RECEIVER: Final = 0x00000001
BIND_TRANSMITTER: Final = 0x00000002
SUBMIT_SM: Final = 0x00000004
DELIVER_SM: Final = 0x00000005
UNBIND: Final = 0x00000006
BIND_TRANSCEIVER: Final = 0x00000009
ENQUIRE_LINK: Final = 0x00000015
RESPONSE: Final = 0x80000000
GENERIC_NACK: Final = RESPONSE
SUBMIT_SM_RESP: Final = RESPONSE | SUBMIT_SM
DELIVER_SM_RESP: Final = RESPONSE | DELIVER_SM
UNBIND_RESP: Final = RESPONSE | UNBIND
ENQUIRE_LINK_RESP: Final = RESPONSE | ENQUIRE_LINK

NAMES: Final = {
    GENERIC_NACK: "generic_nack",
    BIND_RECEIVER: "bind_receiver",
    BIND_TRANSMITTER: "bind_transmitter",
    BIND_TRANSCEIVER: "bind_transceiver",
    RESPONSE | BIND_RECEIVER: "bind_receiver_resp",
    RESPONSE | BIND_TRANSMITTER: "bind_transmitter_resp",
    RESPONSE | BIND_TRANSCEIVER: "bind_transceiver_resp",
    SUBMIT_SM: "submit_sm",
    SUBMIT_SM_RESP: "submit_sm_resp",
    DELIVER_SM: "deliver_sm",
    DELIVER_SM_RESP: "deliver_sm_resp",
    UNBIND: "unbind",
    UNBIND_RESP: "unbind_resp",
    ENQUIRE_LINK: "enquire_link",
    ENQUIRE_LINK_RESP: "enquire_link_resp",
}

OK: Final = 0x00
INVALID_LENGTH: Final = 0x02
INVALID_COMMAND: Final = 0x03
INVALID_BIND_STATUS: Final = 0x04
ALREADY_BOUND: Final = 0x05
INVALID_PASSWORD: Final = 0x0E
INVALID_SYSTEM_ID: Final = 0x0F
RETRIABLE: Final = frozenset({0x08, 0x14, 0x58, 0x64})

DELIVERED: Final = 2
UNDELIVERABLE: Final = 5
_STATE_WORDS: Final = {DELIVERED: b"DELIVRD", UNDELIVERABLE: b"UNDELIV"}
# GSM network (3), error 1: unknown subscriber.
_NETWORK_ERROR: Final = b"\x04\x23\x00\x03\x03\x00\x01"
_ESM_RECEIPT: Final = 0x04
_MESSAGE_PAYLOAD: Final = 0x0424
_TEXT_OF_RECEIPT: Final = 20


@dataclass(frozen=True, slots=True)
class Submit:
    source_ton_npi: bytes
    source: bytes
    destination_ton_npi: bytes
    destination: bytes
    esm_class: int
    registered_delivery: int
    data_coding: int
    message: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    message_id: bytes
    state: int
    submitted: float
    submit: Submit


def command_name(command: int) -> str:
    return NAMES.get(command) or f"{command:#010x}"


def read_submit(data: bytes, at: int, end: int) -> Submit:
    """Read the body of a submit_sm; ValueError or IndexError where it makes no sense."""
    source_at = data.index(0, at, end) + 3
    source_end = data.index(0, source_at, end)
    destination_at = source_end + 3
    destination_end = data.index(0, destination_at, end)
    schedule_end = data.index(0, destination_end + 4, end)
    fixed = data.index(0, schedule_end + 1, end) + 1
    size = data[fixed + 4]
    text = fixed + 5
    if text + size > end:
        raise ValueError(f"sm_length is {size}, but {end - text} octets are left")
    message = data[text : text + size]
    if not size and end > text:
        message = _payload(data[text:end])
    return Submit(
        data[source_at - 2 : source_at],
        data[source_at:source_end],
        data[destination_at - 2 : destination_at],
        data[destination_at:destination_end],
        data[destination_end + 1],
        data[fixed],
        data[fixed + 2],
        message,
    )


def _payload(tlvs: bytes) -> bytes:
    at = 0
    while at + 4 <= len(tlvs):
        tag = int.from_bytes(tlvs[at : at + 2], "big")
        size = int.from_bytes(tlvs[at + 2 : at + 4], "big")
        if tag == _MESSAGE_PAYLOAD:
            return tlvs[at + 4 : at + 4 + size]
        at += 4 + size
    return b""


def read_bind(body: bytes) -> tuple[str, str]:
    system_id, password, *_ = body.split(b"\0", 2)
    return system_id.decode("latin-1"), password.decode("latin-1")


def simple(command: int, sequence: int, status: int = OK, body: bytes = b"") -> bytes:
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def bind_answer(command: int, sequence: int, status: int) -> bytes:
    body = b"simulator\0\x02\x10\x00\x01\x34" if status == OK else b""
    return simple(RESPONSE | command, sequence, status, body)


def receipt_pdu(receipt: Receipt, sequence: int, now: float) -> bytes:
    """Write a receipt as most carriers do: text in the manner of Appendix B, and TLVs."""
    submit, state = receipt.submit, receipt.state
    delivered = state == DELIVERED
    text = b"id:%b sub:001 dlvrd:%b submit date:%b done date:%b stat:%b err:%b text:%b" % (
        receipt.message_id,
        b"001" if delivered else b"000",
        _minute(receipt.submitted),
        _minute(now),
        _STATE_WORDS[state],
        b"000" if delivered else b"001",
        submit.message[:_TEXT_OF_RECEIPT],
    )
    body = b"".join(
        (
            b"\0",
            submit.destination_ton_npi,
            submit.destination,
            b"\0",
            submit.source_ton_npi,
            submit.source,
            b"\0",
            bytes((_ESM_RECEIPT, 0, 0, 0, 0, 0, 0, 0, 0, len(text))),
            text,
            b"\0\x1e",
            (len(receipt.message_id) + 1).to_bytes(2, "big"),
            receipt.message_id,
            b"\0\x04\x27\0\x01",
            bytes((state,)),
            b"" if delivered else _NETWORK_ERROR,
        )
    )
    return simple(DELIVER_SM, sequence, OK, body)


def _minute(seconds: float) -> bytes:
    return _formatted(int(seconds) // 60)


@lru_cache(maxsize=60)
def _formatted(minute: int) -> bytes:
    """Format YYMMDDhhmm in UTC; once a minute, since it takes longer than all the rest."""
    return time.strftime("%y%m%d%H%M", time.gmtime(minute * 60)).encode()
