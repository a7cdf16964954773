"""One ESME session as a state table: what we ask and bytes in, bytes and events out.

Rules.
1. Everything that moves the state is in TABLE. What we do and TABLE lacks is a LocalProtocolError,
   and nothing is sent. What the peer does and TABLE lacks is answered as SMPP says, reported as
   StrayAnswer or Unhandled, and forgotten; lost framing alone (BREACH) ends a session.
2. A submit is open until it is answered, nacked or abandoned, and each of these happens once. What
   is still open when the session ends is in doubt, and `outstanding` names it.
3. enquire_link, unbind and unknown commands are answered here. A deliver_sm is not: that answer
   says that the receipt is safe, and only the owner knows.
4. From CLOSED no way leads back. A new connection has a new session.
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import TYPE_CHECKING, Final

from smpp_bridge.protocol import commands, encode, parser
from smpp_bridge.protocol.errors import LocalProtocolError, PeerProtocolError
from smpp_bridge.protocol.events import (
    BindRefused,
    EnquireAnswered,
    Event,
    Nacked,
    PeerBroke,
    PeerUnbound,
    StrayAnswer,
    SubmitAnswered,
    UnbindAnswered,
    Unhandled,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from smpp_bridge.protocol.encode import BindOptions
    from smpp_bridge.protocol.parser import Frame
    from smpp_bridge.protocol.template import SubmitTemplate


class State(IntEnum):
    OPEN = auto()  # connected, nothing asked yet
    BINDING = auto()
    BOUND = auto()
    UNBINDING = auto()
    CLOSED = auto()


class Act(IntEnum):
    BIND = auto()
    SUBMIT = auto()
    ACKNOWLEDGE = auto()
    ENQUIRE = auto()
    UNBIND = auto()
    PEER_ACCEPTS_BIND = auto()
    PEER_REFUSES_BIND = auto()
    PEER_DELIVERS = auto()
    PEER_UNBINDS = auto()
    PEER_ANSWERS_UNBIND = auto()
    BREACH = auto()
    LOSS = auto()


TABLE: Final[dict[tuple[State, Act], State]] = {
    (State.OPEN, Act.BIND): State.BINDING,
    (State.OPEN, Act.PEER_UNBINDS): State.CLOSED,
    (State.BINDING, Act.PEER_ACCEPTS_BIND): State.BOUND,
    (State.BINDING, Act.PEER_REFUSES_BIND): State.OPEN,
    (State.BINDING, Act.PEER_UNBINDS): State.CLOSED,
    (State.BOUND, Act.SUBMIT): State.BOUND,
    (State.BOUND, Act.ACKNOWLEDGE): State.BOUND,
    (State.BOUND, Act.ENQUIRE): State.BOUND,
    (State.BOUND, Act.UNBIND): State.UNBINDING,
    (State.BOUND, Act.PEER_DELIVERS): State.BOUND,
    (State.BOUND, Act.PEER_UNBINDS): State.CLOSED,
    (State.UNBINDING, Act.ACKNOWLEDGE): State.UNBINDING,
    (State.UNBINDING, Act.PEER_DELIVERS): State.UNBINDING,
    (State.UNBINDING, Act.PEER_UNBINDS): State.CLOSED,
    (State.UNBINDING, Act.PEER_ANSWERS_UNBIND): State.CLOSED,
    **{(state, Act.BREACH): State.CLOSED for state in State if state is not State.CLOSED},
    **{(state, Act.LOSS): State.CLOSED for state in State},
}

# How many abandoned submits are remembered, so that a late answer still tells its message id.
LATE_ANSWERS: Final = 10_000


class Session:
    def __init__(self) -> None:
        self.stray_answers = 0
        self._state = State.OPEN
        self._frames = parser.FrameBuffer()
        self._outgoing: list[bytes] = []
        self._sequence = 0
        self._bind_sequence = 0
        self._outstanding: dict[int, None] = {}
        self._abandoned: dict[int, None] = {}
        self._readers: dict[int, Callable[[Frame], Event | None]] = {
            commands.SUBMIT_SM_RESP: self._submit_answered,
            commands.DELIVER_SM: self._delivered,
            commands.ENQUIRE_LINK: self._enquired,
            commands.ENQUIRE_LINK_RESP: self._enquire_answered,
            commands.BIND_TRANSCEIVER_RESP: self._bind_answered,
            commands.UNBIND: self._unbound,
            commands.UNBIND_RESP: self._unbind_answered,
            commands.GENERIC_NACK: self._nacked,
        }

    @property
    def state(self) -> State:
        return self._state

    @property
    def in_flight(self) -> int:
        return len(self._outstanding)

    @property
    def outstanding(self) -> tuple[int, ...]:
        """Sequences of the submits that are open, oldest first."""
        return tuple(self._outstanding)

    def bind(self, options: BindOptions) -> int:
        self._require(Act.BIND)
        sequence = self._next_sequence()
        self._outgoing.append(encode.bind_transceiver(options, sequence))
        self._bind_sequence = sequence
        self._move(Act.BIND)
        return sequence

    def submit(self, template: SubmitTemplate, destination: str, message: bytes) -> int:
        self._require(Act.SUBMIT)
        sequence = self._next_sequence()
        self._outgoing.append(template.pdu(sequence, destination, message))
        self._outstanding[sequence] = None
        return sequence

    def abandon(self, sequence: int) -> bool:
        """Stop waiting for an answer; False when none is awaited. A late one still is an event."""
        if sequence not in self._outstanding:
            return False
        del self._outstanding[sequence]
        self._abandoned[sequence] = None
        if len(self._abandoned) > LATE_ANSWERS:
            del self._abandoned[next(iter(self._abandoned))]
        return True

    def acknowledge(self, sequence: int, status: int = commands.OK) -> None:
        self._require(Act.ACKNOWLEDGE)
        self._outgoing.append(encode.deliver_sm_resp(sequence, status))

    def enquire(self) -> int:
        self._require(Act.ENQUIRE)
        sequence = self._next_sequence()
        self._outgoing.append(encode.enquire_link(sequence))
        return sequence

    def unbind(self) -> int:
        self._require(Act.UNBIND)
        sequence = self._next_sequence()
        self._outgoing.append(encode.unbind(sequence))
        self._move(Act.UNBIND)
        return sequence

    def lose(self) -> None:
        """Say that the connection is gone; also when it ended as it should."""
        self._move(Act.LOSS)

    def data_to_send(self) -> bytes:
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        return data

    def receive(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        if self._over():
            return events
        try:
            for frame in self._frames.feed(data):
                event = self._readers.get(frame.command, self._unknown)(frame)
                if event is not None:
                    events.append(event)
                if self._over():
                    break
        except PeerProtocolError as error:
            self._move(Act.BREACH)
            self._outgoing.append(encode.generic_nack(0, commands.INVALID_COMMAND_LENGTH))
            events.append(PeerBroke(str(error)))
        return events

    def _require(self, act: Act) -> None:
        if not self._allows(act):
            raise LocalProtocolError(f"cannot {act.name.lower()} while {self._state.name}")

    def _over(self) -> bool:
        return self._state is State.CLOSED

    def _allows(self, act: Act) -> bool:
        return (self._state, act) in TABLE

    def _move(self, act: Act) -> None:
        self._state = TABLE[self._state, act]

    def _next_sequence(self) -> int:
        while True:
            self._sequence = self._sequence % encode.MAX_SEQUENCE + 1
            if self._sequence not in self._outstanding and self._sequence not in self._abandoned:
                return self._sequence

    def _settle(self, sequence: int) -> bool:
        for waiting in (self._outstanding, self._abandoned):
            if sequence in waiting:
                del waiting[sequence]
                return True
        return False

    def _stray(self, frame: Frame) -> StrayAnswer:
        self.stray_answers += 1
        return StrayAnswer(frame.command, frame.sequence, frame.status)

    def _submit_answered(self, frame: Frame) -> Event:
        if not self._settle(frame.sequence):
            return self._stray(frame)
        return SubmitAnswered(frame.sequence, frame.status, parser.message_id(frame.body))

    def _delivered(self, frame: Frame) -> Event:
        if not self._allows(Act.PEER_DELIVERS):
            refusal = encode.deliver_sm_resp(frame.sequence, commands.INVALID_BIND_STATUS)
            self._outgoing.append(refusal)
            return Unhandled(frame.command, frame.sequence)
        return parser.delivered(frame.sequence, frame.body)

    def _enquired(self, frame: Frame) -> None:
        self._outgoing.append(encode.enquire_link_resp(frame.sequence))

    def _enquire_answered(self, frame: Frame) -> Event:
        return EnquireAnswered(frame.sequence)

    def _bind_answered(self, frame: Frame) -> Event:
        if frame.sequence != self._bind_sequence or not self._allows(Act.PEER_ACCEPTS_BIND):
            return self._stray(frame)
        if frame.status != commands.OK:
            self._move(Act.PEER_REFUSES_BIND)
            return BindRefused(frame.status)
        self._move(Act.PEER_ACCEPTS_BIND)
        return parser.bound(frame.body)

    def _unbound(self, frame: Frame) -> Event:
        self._outgoing.append(encode.unbind_resp(frame.sequence))
        self._move(Act.PEER_UNBINDS)
        return PeerUnbound()

    def _unbind_answered(self, frame: Frame) -> Event:
        if not self._allows(Act.PEER_ANSWERS_UNBIND):
            return self._stray(frame)
        self._move(Act.PEER_ANSWERS_UNBIND)
        return UnbindAnswered()

    def _nacked(self, frame: Frame) -> Event:
        if self._allows(Act.PEER_REFUSES_BIND):  # nothing else is open; some nack as number 0
            self._move(Act.PEER_REFUSES_BIND)
            return BindRefused(frame.status)
        if self._settle(frame.sequence):
            return Nacked(frame.sequence, frame.status)
        return self._stray(frame)

    def _unknown(self, frame: Frame) -> Event:
        if frame.command & commands.RESPONSE_BIT:
            return self._stray(frame)
        if frame.command not in (commands.ALERT_NOTIFICATION, commands.OUTBIND):
            nack = encode.generic_nack(frame.sequence, commands.INVALID_COMMAND_ID)
            self._outgoing.append(nack)
        return Unhandled(frame.command, frame.sequence)
