"""submit_sm by template and splice: smpplib encodes one PDU per set of options, we fill it in.

Of all submits of a campaign only sequence number, destination and text differ. Splicing these into
bytes that smpplib made once is a hundred times as fast as its objects and gives the same octets.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final

from smpplib.command import SubmitSM

from smpp_bridge.protocol.commands import SUBMIT_SM
from smpp_bridge.protocol.encode import MAX_SEQUENCE, build
from smpp_bridge.protocol.errors import LocalProtocolError

MAX_SHORT_MESSAGE: Final[int] = SubmitSM.params["short_message"].max
MAX_DESTINATION: Final[int] = SubmitSM.params["destination_addr"].max - 1
TIME_CHARACTERS: Final[int] = SubmitSM.params["validity_period"].max - 1

_HEADER = Struct(">IQI")
_COMMAND_AND_STATUS: Final = SUBMIT_SM << 32
_LENGTH_OCTETS: Final = tuple(bytes((n,)) for n in range(MAX_SHORT_MESSAGE + 1))


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """What all messages of a template have in common, in SMPP's own terms."""

    source: str
    source_ton: int
    source_npi: int
    destination_ton: int = 1
    destination_npi: int = 1
    data_coding: int = 0
    esm_class: int = 0
    registered_delivery: int = 1
    service_type: str = ""
    protocol_id: int = 0
    priority: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""


class SubmitTemplate:
    __slots__ = ("_after", "_before", "_fixed_octets", "options")

    def __init__(self, options: SubmitOptions) -> None:
        for name in ("schedule_delivery_time", "validity_period"):
            if len(getattr(options, name)) not in (0, TIME_CHARACTERS):
                raise LocalProtocolError(f"{name} must be empty or of {TIME_CHARACTERS} characters")
        encoded = _encode(options)
        # The destination is empty here: its NUL stands where it goes. The last octet is sm_length.
        destination = _HEADER.size + len(options.service_type) + len(options.source) + 6
        self.options = options
        self._before = encoded[_HEADER.size : destination]
        self._after = encoded[destination:-1]
        self._fixed_octets = len(encoded)

    def pdu(self, sequence: int, destination: str, message: bytes) -> bytes:
        size = len(message)
        if (
            not 0 < len(destination) <= MAX_DESTINATION
            or not destination.isascii()
            or "\0" in destination
            or size > MAX_SHORT_MESSAGE
            or not 0 < sequence <= MAX_SEQUENCE
        ):
            raise _misfit(sequence, destination, size)
        address = destination.encode("ascii")
        return b"".join(
            (
                _HEADER.pack(
                    self._fixed_octets + len(address) + size, _COMMAND_AND_STATUS, sequence
                ),
                self._before,
                address,
                self._after,
                _LENGTH_OCTETS[size],
                message,
            )
        )


def _encode(options: SubmitOptions) -> bytes:
    return build(
        "submit_sm",
        service_type=options.service_type,
        source_addr_ton=options.source_ton,
        source_addr_npi=options.source_npi,
        source_addr=options.source,
        dest_addr_ton=options.destination_ton,
        dest_addr_npi=options.destination_npi,
        destination_addr="",
        esm_class=options.esm_class,
        protocol_id=options.protocol_id,
        priority_flag=options.priority,
        schedule_delivery_time=options.schedule_delivery_time,
        validity_period=options.validity_period,
        registered_delivery=options.registered_delivery,
        data_coding=options.data_coding,
    )


def _misfit(sequence: int, destination: str, size: int) -> LocalProtocolError:
    """Name what did not fit; the number itself must not reach a log."""
    if size > MAX_SHORT_MESSAGE:
        return LocalProtocolError(
            f"short_message has {size} octets; SMPP has room for {MAX_SHORT_MESSAGE}"
        )
    if not 0 < sequence <= MAX_SEQUENCE:
        return LocalProtocolError(f"sequence is {sequence}; it must be 1 to {MAX_SEQUENCE}")
    return LocalProtocolError(
        f"destination has {len(destination)} characters; it must be 1 to {MAX_DESTINATION} of ASCII"
    )
