"""The simulator's log of every PDU: JSON lines, and the reader that tests compare our ledger with.

Lines are gathered in memory and written a few times a second and at the end; writing each at once
would make the log the slowest part.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quote
from typing import TYPE_CHECKING, Any, Literal

from localstack.smsc import wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import TextIOWrapper
    from pathlib import Path

Direction = Literal["in", "out"]


class LogFormatError(ValueError):
    """A line that is no record; the text names the file and the line."""


@dataclass(frozen=True, slots=True)
class Record:
    """Any PDU; `time_ms` is since the epoch, `direction` as the simulator sees it."""

    time_ms: int
    connection: int
    direction: Direction
    command: str
    sequence: int
    status: int


@dataclass(frozen=True, slots=True)
class Submitted(Record):
    """A submit_sm and what was decided about it: `status` is that of the answer."""

    source: str
    destination: str
    message: bytes
    data_coding: int
    esm_class: int
    registered_delivery: int
    message_id: str


@dataclass(frozen=True, slots=True)
class Answered(Record):
    """A submit_sm_resp as it was written to the connection."""

    message_id: str


@dataclass(frozen=True, slots=True)
class ReceiptSent(Record):
    message_id: str
    state: int


@dataclass(frozen=True, slots=True)
class ReceiptAcknowledged(Record):
    message_id: str


class LogWriter:
    def __init__(self, path: Path) -> None:
        self._file: TextIOWrapper = path.open("a", encoding="ascii")
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        self._lines.append(line)

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        self._file.write("".join(lines))
        self._file.flush()

    def close(self) -> None:
        self.flush()
        self._file.close()


class ConnectionLog:
    """The lines of one connection. `tail` is what a command adds, as one of the functions below."""

    __slots__ = ("_number", "_writer")

    def __init__(self, writer: LogWriter, number: int) -> None:
        self._writer = writer
        self._number = number

    def received(self, command: int, sequence: int, status: int, tail: str = "") -> None:
        self._line("in", command, f'"seq":{sequence},"status":{status}{tail}')

    def sent(self, command: int, sequence: int, status: int, tail: str = "") -> None:
        self._line("out", command, f'"seq":{sequence},"status":{status}{tail}')

    def _line(self, direction: Direction, command: int, rest: str) -> None:
        self._writer.add(
            f'{{"t":{time.time_ns() // 1_000_000},"conn":{self._number},"dir":"{direction}"'
            f',"cmd":"{wire.command_name(command)}",{rest}}}\n'
        )


def submit_tail(submit: wire.Submit, message_id: bytes) -> str:
    return (
        f',"source":{quote(submit.source.decode("latin-1"))}'
        f',"destination":{quote(submit.destination.decode("latin-1"))}'
        f',"message":"{submit.message.hex()}","data_coding":{submit.data_coding}'
        f',"esm_class":{submit.esm_class},"registered_delivery":{submit.registered_delivery}'
        f',"message_id":"{message_id.decode()}"'
    )


def id_tail(message_id: bytes) -> str:
    return f',"message_id":"{message_id.decode()}"'


def receipt_tail(receipt: wire.Receipt) -> str:
    return f',"message_id":"{receipt.message_id.decode()}","state":{receipt.state}'


def read_log(path: Path) -> Iterator[Record]:
    """Yield the records in order; a last line without its end is left out, as a kill leaves it."""
    with path.open(encoding="ascii") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith("\n"):
                return
            try:
                yield _record(json.loads(line))
            except (ValueError, KeyError) as error:
                raise LogFormatError(f"{path.name}, line {number}: no record ({error})") from error


def _record(fields: dict[str, Any]) -> Record:
    common = (
        fields["t"],
        fields["conn"],
        fields["dir"],
        fields["cmd"],
        fields["seq"],
        fields["status"],
    )
    match fields["cmd"]:
        case "submit_sm" if "message_id" in fields:
            return Submitted(
                *common,
                source=fields["source"],
                destination=fields["destination"],
                message=bytes.fromhex(fields["message"]),
                data_coding=fields["data_coding"],
                esm_class=fields["esm_class"],
                registered_delivery=fields["registered_delivery"],
                message_id=fields["message_id"],
            )
        case "submit_sm_resp":
            return Answered(*common, message_id=fields["message_id"])
        case "deliver_sm":
            return ReceiptSent(*common, message_id=fields["message_id"], state=fields["state"])
        case "deliver_sm_resp" if "message_id" in fields:
            return ReceiptAcknowledged(*common, message_id=fields["message_id"])
        case _:
            return Record(*common)
