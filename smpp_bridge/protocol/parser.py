"""Bytes from the peer into frames, and frames into fields, trusting nothing but the framing.

Only `command_length` can break a session, and it is checked before anything is kept for it. Inside
a frame everything is read as far as it goes: unknown TLVs are kept, integers stay octets until
somebody needs them, a string may lack its NUL, and bytes that mean nothing are named in `faults`.
Every octet is looked at a constant number of times, however the stream is cut.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from smpp_bridge.protocol import commands
from smpp_bridge.protocol.errors import PeerProtocolError
from smpp_bridge.protocol.events import Bound, Delivered

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER_OCTETS: Final = 16
MAX_PDU_OCTETS: Final = 65_536

_LENGTH = Struct(">I")
_HEADER = Struct(">IIII")
_TLV_HEADER = Struct(">HH")

# The mandatory octets of a deliver_sm whose strings are all empty. With that many NULs behind it, a
# body that ends early reads as zeros and empty strings, and no read needs a check of its own.
_PADDING: Final = bytes(17)


class Frame(NamedTuple):
    command: int
    status: int
    sequence: int
    body: bytes


class FrameBuffer:
    def __init__(self) -> None:
        self._pending = bytearray()

    def __len__(self) -> int:
        return len(self._pending)

    def clear(self) -> None:
        self._pending.clear()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that `data` completes; use it to the end before feeding more."""
        pending = self._pending
        pending += data
        start = 0
        try:
            while len(pending) - start >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(pending, start)
                if not HEADER_OCTETS <= length <= MAX_PDU_OCTETS:
                    raise PeerProtocolError(
                        f"command_length is {length}, not {HEADER_OCTETS} to {MAX_PDU_OCTETS}"
                    )
                end = start + length
                if end > len(pending):
                    break
                _, command, status, sequence = _HEADER.unpack_from(pending, start)
                body = bytes(pending[start + HEADER_OCTETS : end])
                start = end
                yield Frame(command, status, sequence, body)
        finally:
            del pending[:start]


def message_id(body: bytes) -> str:
    """Read the id of a submit_sm_resp, with or without its NUL, or empty where there is no body."""
    return body.partition(b"\0")[0].decode("latin-1")


def bound(body: bytes) -> Bound:
    name, _, rest = body.partition(b"\0")
    tlvs, _ = split_tlvs(rest)
    version = tlvs.get(commands.TLV_INTERFACE_VERSION)
    return Bound(name.decode("latin-1"), version[-1] if version else None)


def delivered(sequence: int, body: bytes) -> Delivered:
    padded = body + _PADDING
    position = padded.index(0) + 1  # service_type says nothing to us
    source_ton, source_npi = padded[position], padded[position + 1]
    source, position = _c_string(padded, position + 2)
    destination_ton, destination_npi = padded[position], padded[position + 1]
    destination, position = _c_string(padded, position + 2)
    esm_class = padded[position]
    position = padded.index(0, position + 3) + 1  # over protocol_id, priority_flag, schedule
    position = padded.index(0, position) + 1  # over validity_period
    data_coding = padded[position + 2]  # over registered_delivery, replace_if_present_flag
    size = padded[position + 4]  # over sm_default_msg_id
    text_start = position + 5
    text_end = text_start + size
    tlvs, trailing = split_tlvs(body[text_end:])
    return Delivered(
        sequence=sequence,
        source=source,
        source_ton=source_ton,
        source_npi=source_npi,
        destination=destination,
        destination_ton=destination_ton,
        destination_npi=destination_npi,
        esm_class=esm_class,
        data_coding=data_coding,
        short_message=body[text_start:text_end],
        tlvs=tlvs,
        faults=_faults(len(body), text_start, text_end, trailing),
    )


def split_tlvs(data: bytes) -> tuple[dict[int, bytes], int]:
    """Give the TLVs, the first of each tag, and how many octets at the end are none."""
    tlvs: dict[int, bytes] = {}
    position = 0
    while len(data) - position >= _TLV_HEADER.size:
        tag, length = _TLV_HEADER.unpack_from(data, position)
        end = position + _TLV_HEADER.size + length
        if end > len(data):
            break
        tlvs.setdefault(tag, data[position + _TLV_HEADER.size : end])
        position = end
    return tlvs, len(data) - position


def _c_string(padded: bytes, position: int) -> tuple[str, int]:
    end = padded.index(0, position)
    return padded[position:end].decode("latin-1"), end + 1


def _faults(octets: int, text_start: int, text_end: int, trailing: int) -> tuple[str, ...]:
    if text_start > octets:
        return ("the body ends inside the mandatory fields",)
    if text_end > octets:
        return (f"short_message lacks {text_end - octets} octets",)
    if trailing:
        return (f"{trailing} octets after the last TLV",)
    return ()
