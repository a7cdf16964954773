"""What a session tells its owner, one frozen value per thing that happened.

`sequence` is our own number in an answer and the peer's number in a request; the two never mix.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bound:
    system_id: str
    interface_version: int | None


@dataclass(frozen=True, slots=True)
class BindRefused:
    status: int


@dataclass(frozen=True, slots=True)
class SubmitAnswered:
    """The SMSC's answer, whatever its status; `message_id` is empty where the SMSC gives none."""

    sequence: int
    status: int
    message_id: str


@dataclass(frozen=True, slots=True)
class Nacked:
    """A submit was answered by generic_nack: the SMSC did not understand it."""

    sequence: int
    status: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """A deliver_sm, to be acknowledged by its sequence once it is safe.

    `faults` names what did not fit the specification; what could be read is here all the same.
    """

    sequence: int
    source: str
    source_ton: int
    source_npi: int
    destination: str
    destination_ton: int
    destination_npi: int
    esm_class: int
    data_coding: int
    short_message: bytes
    tlvs: dict[int, bytes]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EnquireAnswered:
    sequence: int


@dataclass(frozen=True, slots=True)
class PeerUnbound:
    """The SMSC sent unbind; it is answered and the session is over once the answer is written."""


@dataclass(frozen=True, slots=True)
class UnbindAnswered:
    pass


@dataclass(frozen=True, slots=True)
class StrayAnswer:
    """An answer to nothing that is open: a duplicate, or one that came far too late."""

    command: int
    sequence: int
    status: int


@dataclass(frozen=True, slots=True)
class Unhandled:
    """A request that we do not serve; the peer was told so where SMPP has an answer for it."""

    command: int
    sequence: int


@dataclass(frozen=True, slots=True)
class PeerBroke:
    """The framing is lost and the session is over. An event, so that what came before it counts."""

    reason: str


Event = (
    Bound
    | BindRefused
    | SubmitAnswered
    | Nacked
    | Delivered
    | EnquireAnswered
    | PeerUnbound
    | UnbindAnswered
    | StrayAnswer
    | Unhandled
    | PeerBroke
)
