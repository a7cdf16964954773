"""One connection from an ESME: reads its PDUs, answers as the carrier decides, sends receipts."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Final, Protocol, cast

from localstack.smsc import wire
from localstack.smsc.log import ConnectionLog, id_tail, receipt_tail, submit_tail

if TYPE_CHECKING:
    from localstack.smsc.carrier import Carrier
    from localstack.smsc.log import LogWriter
    from localstack.smsc.options import SimulatorOptions

_BINDS: Final = (wire.BIND_TRANSCEIVER, wire.BIND_TRANSMITTER, wire.BIND_RECEIVER)
_SENDERS: Final = (wire.BIND_TRANSCEIVER, wire.BIND_TRANSMITTER)
_RECEIVERS: Final = (wire.BIND_TRANSCEIVER, wire.BIND_RECEIVER)
_MAX_SEQUENCE: Final = 0x7FFFFFFF

_Decision = tuple[int, int, bytes]  # sequence, status, message id


class Exchange(Protocol):
    """What a connection needs of the simulator that it belongs to."""

    options: SimulatorOptions
    carrier: Carrier
    log: LogWriter
    silent: bool

    def joined(self, connection: Connection) -> int: ...
    def left(self, connection: Connection) -> None: ...
    def pump(self) -> None: ...


class Connection(asyncio.Protocol):
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._carrier = exchange.carrier
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._bound_as = 0
        self._unbinding = False
        self._rest = b""
        self._outgoing: list[bytes] = []
        self._sequence = 0
        self._unacknowledged: dict[int, wire.Receipt] = {}
        self._enquiry: asyncio.TimerHandle | None = None
        self._decided: list[_Decision] = []

    @property
    def takes_receipts(self) -> bool:
        room = len(self._unacknowledged) < self._exchange.options.receipt_window
        return self._bound_as in _RECEIVERS and not self._unbinding and room

    @property
    def bound(self) -> bool:
        return bool(self._bound_as)

    @property
    def _connected(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._log = ConnectionLog(self._exchange.log, self._exchange.joined(self))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self._enquiry is not None:
            self._enquiry.cancel()
        self._carrier.take_back(self._unacknowledged.values(), time.time())
        self._unacknowledged = {}
        self._bound_as = 0
        self._exchange.left(self)

    def data_received(self, data: bytes) -> None:
        if self._exchange.silent:
            return
        buffer = self._rest + data if self._rest else data
        at, octets = 0, len(buffer)
        while octets - at >= wire.HEADER.size:
            length, command, status, sequence = wire.HEADER.unpack_from(buffer, at)
            end = at + length
            if not wire.HEADER.size <= length <= wire.MAX_PDU:
                self._send(wire.GENERIC_NACK, 0, wire.INVALID_LENGTH)
                self._hang_up()
                return
            if end > octets:
                break
            if command == wire.SUBMIT_SM:
                self._submitted(buffer, at, end, sequence)
            else:
                self._other(command, status, sequence, buffer[at + wire.HEADER.size : end])
            at = end
        self._rest = buffer[at:]
        if self._decided:
            self._answer_submits()
        self.flush()
        self._exchange.pump()

    def unbind(self) -> None:
        if self._bound_as and not self._unbinding:
            self._unbinding = True
            self._send(wire.UNBIND, self._next_sequence())
            self.flush()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def deliver(self, receipt: wire.Receipt, now: float) -> None:
        """Put a receipt into the output; `flush` sends it."""
        sequence = self._next_sequence()
        self._unacknowledged[sequence] = receipt
        self._log.sent(wire.DELIVER_SM, sequence, wire.OK, receipt_tail(receipt))
        self._outgoing.append(wire.receipt_pdu(receipt, sequence, now))

    def flush(self) -> None:
        if self._outgoing and self._transport is not None and self._connected:
            self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()

    def _submitted(self, buffer: bytes, at: int, end: int, sequence: int) -> None:
        if self._bound_as not in _SENDERS or self._unbinding:
            self._refuse_submit(sequence, wire.INVALID_BIND_STATUS)
            return
        try:
            submit = wire.read_submit(buffer, at + wire.HEADER.size, end)
        except (ValueError, IndexError):
            self._refuse_submit(sequence, wire.INVALID_LENGTH)
            return
        status, message_id = self._carrier.take(submit, time.time())
        self._log.received(wire.SUBMIT_SM, sequence, status, submit_tail(submit, message_id))
        if not self._carrier.leaves_unanswered():
            self._decided.append((sequence, status, message_id))

    def _refuse_submit(self, sequence: int, status: int) -> None:
        self._log.received(wire.SUBMIT_SM, sequence, status)
        self._decided.append((sequence, status, b""))

    def _answer_submits(self) -> None:
        decided, self._decided = self._decided, []
        delay = self._exchange.options.answer_delay_ms
        if delay:
            self._loop.call_later(delay / 1000, self._write_answers, decided)
        else:
            self._write_answers(decided)

    def _write_answers(self, decided: list[_Decision]) -> None:
        if not self._connected:
            return
        for sequence, status, message_id in decided:
            body = message_id + b"\0" if message_id else b""
            self._send(wire.SUBMIT_SM_RESP, sequence, status, body, id_tail(message_id))
        self.flush()

    def _send(
        self, command: int, sequence: int, status: int = wire.OK, body: bytes = b"", tail: str = ""
    ) -> None:
        self._log.sent(command, sequence, status, tail)
        self._outgoing.append(wire.simple(command, sequence, status, body))

    def _other(self, command: int, status: int, sequence: int, body: bytes) -> None:
        if command == wire.DELIVER_SM_RESP:
            self._acknowledged(status, sequence)
            return
        self._log.received(command, sequence, status)
        if command in _BINDS:
            self._bind(command, sequence, body)
        elif command == wire.ENQUIRE_LINK:
            self._send(wire.ENQUIRE_LINK_RESP, sequence)
        elif command == wire.UNBIND:
            self._send(wire.UNBIND_RESP, sequence)
            self._hang_up()
        elif command == wire.UNBIND_RESP:
            self._hang_up()
        elif not command & wire.RESPONSE:
            self._send(wire.GENERIC_NACK, sequence, wire.INVALID_COMMAND)

    def _acknowledged(self, status: int, sequence: int) -> None:
        receipt = self._unacknowledged.pop(sequence, None)
        if receipt is None:
            self._log.received(wire.DELIVER_SM_RESP, sequence, status)
            return
        tail = id_tail(receipt.message_id)
        self._log.received(wire.DELIVER_SM_RESP, sequence, status, tail)
        self._carrier.answered(receipt, status, time.time())

    def _bind(self, command: int, sequence: int, body: bytes) -> None:
        status = self._bind_status(body)
        if status == wire.OK:
            self._bound_as = command
            self._schedule_enquiry()
        answer = wire.bind_answer(command, sequence, status)
        self._log.sent(wire.RESPONSE | command, sequence, status)
        self._outgoing.append(answer)

    def _bind_status(self, body: bytes) -> int:
        options = self._exchange.options
        if self._bound_as:
            return wire.ALREADY_BOUND
        try:
            system_id, password = wire.read_bind(body)
        except ValueError:
            return wire.INVALID_LENGTH
        if system_id != options.system_id:
            return wire.INVALID_SYSTEM_ID
        if not secrets.compare_digest(password.encode(), options.password.encode()):
            return wire.INVALID_PASSWORD
        return wire.OK

    def _schedule_enquiry(self) -> None:
        period = self._exchange.options.enquire_ms
        if period:
            self._enquiry = self._loop.call_later(period / 1000, self._enquire)

    def _enquire(self) -> None:
        self._send(wire.ENQUIRE_LINK, self._next_sequence())
        self.flush()
        self._schedule_enquiry()

    def _hang_up(self) -> None:
        self._unbinding = True
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % _MAX_SEQUENCE + 1
        return self._sequence
