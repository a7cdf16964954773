"""The SMSC simulator, spoken to by hand over plain TCP."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from struct import Struct
from typing import TYPE_CHECKING

import pytest

from localstack.smsc import Simulator, SimulatorOptions
from localstack.smsc.log import (
    Answered,
    ReceiptAcknowledged,
    ReceiptSent,
    Submitted,
    read_log,
)
from localstack.smsc.options import OptionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.enable_socket

HEADER = Struct(">IIII")
TRANSCEIVER, TRANSMITTER, RECEIVER = 9, 2, 1
SUBMIT, DELIVER, UNBIND, ENQUIRE, NACK = 4, 5, 6, 0x15, 0x80000000
RESP = 0x80000000

Pdu = tuple[int, int, int, bytes]  # command, status, sequence, body


def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return HEADER.pack(16 + len(body), command, status, sequence) + body


def bind(command: int = TRANSCEIVER, who: bytes = b"esme\0secret\0") -> bytes:
    return pdu(command, 1, who + b"\0\x34\0\0\0")


def submit(sequence: int, registered: int = 1, message: bytes = b"Hi", tlvs: bytes = b"") -> bytes:
    body = b"\0\5\0SHOP\0\1\x01385911234567\0\x40\0\0\0\0" + bytes((registered, 0, 8, 0))
    return pdu(SUBMIT, sequence, body + bytes((len(message),)) + message + tlvs)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, request: bytes) -> Pdu:
        self.writer.write(request)
        return await self.next()

    async def next(self) -> Pdu:
        async with asyncio.timeout(5):
            length, command, status, sequence = HEADER.unpack(await self.reader.readexactly(16))
            return command, status, sequence, await self.reader.readexactly(length - 16)

    async def nothing(self, seconds: float = 0.1) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.reader.read(1)

    async def closed(self) -> bool:
        async with asyncio.timeout(5):
            return await self.reader.read() == b""


@asynccontextmanager
async def client(smsc: Simulator, *first: bytes) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", smsc.port)
    try:
        connected = Client(reader, writer)
        for request in first:
            assert (await connected.ask(request))[1] == 0
        yield connected
    finally:
        writer.transport.abort()
        await asyncio.sleep(0.01)


def options(log: Path, **others: float) -> SimulatorOptions:
    defaults: dict[str, float] = {"receipt_delay_ms": 0} | others
    return SimulatorOptions(
        system_id="esme",
        password="secret",
        log=log,
        **defaults,  # type: ignore[arg-type]  # rates are float, counts int
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "smsc.jsonl"


def test_a_message_from_submit_to_receipt(log: Path) -> None:
    async def scenario() -> None:
        async with Simulator(options(log)) as smsc, client(smsc, bind()) as esme:
            command, status, sequence, body = await esme.ask(submit(7))
            assert (command, status, sequence) == (RESP | SUBMIT, 0, 7)
            message_id = body.rstrip(b"\0")
            command, _, number, receipt = await esme.next()
            assert command == DELIVER
            assert b"id:" + message_id + b" sub:001 dlvrd:001 submit date:" in receipt
            assert b"stat:DELIVRD err:000 text:Hi" in receipt
            assert receipt.startswith(b"\0\1\x01385911234567\0\5\0SHOP\0\4")
            tlv = b"\0\x1e\0" + bytes((len(body),)) + body + b"\4\x27\0\1\2"
            assert receipt.endswith(tlv)
            esme.writer.write(pdu(RESP | DELIVER, number, b"\0"))
            assert (await esme.ask(pdu(ENQUIRE, 8)))[0] == RESP | ENQUIRE
            assert (await esme.ask(pdu(UNBIND, 9)))[0] == RESP | UNBIND
            assert await esme.closed()

    asyncio.run(scenario())
    records = list(read_log(log))
    assert [(r.direction, r.command) for r in records] == [
        ("in", "bind_transceiver"),
        ("out", "bind_transceiver_resp"),
        ("in", "submit_sm"),
        ("out", "submit_sm_resp"),
        ("out", "deliver_sm"),
        ("in", "deliver_sm_resp"),
        ("in", "enquire_link"),
        ("out", "enquire_link_resp"),
        ("in", "unbind"),
        ("out", "unbind_resp"),
    ]
    taken, answer, sent, acknowledged = records[2:6]
    assert isinstance(taken, Submitted)
    assert isinstance(answer, Answered)
    assert isinstance(sent, ReceiptSent)
    assert isinstance(acknowledged, ReceiptAcknowledged)
    assert (taken.source, taken.destination) == ("SHOP", "385911234567")
    assert (taken.message, taken.data_coding, taken.esm_class) == (b"Hi", 8, 0x40)
    assert (taken.registered_delivery, taken.sequence, taken.connection) == (1, 7, 1)
    assert taken.message_id == answer.message_id == sent.message_id == acknowledged.message_id
    assert sent.state == 2
    assert taken.time_ms <= sent.time_ms < taken.time_ms + 5_000


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (bind(who=b"esme\0wrong\0"), 0x0E),
        (bind(who=b"other\0secret\0"), 0x0F),
        (pdu(TRANSCEIVER, 1, b"esme"), 0x02),
        (submit(1), 0x04),
    ],
)
def test_who_is_not_bound_is_refused(log: Path, request_: bytes, status: int) -> None:
    async def scenario() -> None:
        async with Simulator(options(log)) as smsc, client(smsc) as esme:
            assert (await esme.ask(request_))[1] == status
            assert smsc.bound == 0

    asyncio.run(scenario())


def test_what_a_bind_may_do(log: Path) -> None:
    async def scenario() -> None:
        async with Simulator(options(log)) as smsc, client(smsc, bind(TRANSMITTER)) as sender:
            assert (await sender.ask(bind()))[1] == 0x05
            assert (await sender.ask(submit(2)))[1] == 0
            await sender.nothing()
            async with client(smsc, bind(RECEIVER)) as receiver:
                assert (await receiver.next())[0] == DELIVER
                assert (await receiver.ask(submit(2)))[1] == 0x04

    asyncio.run(scenario())


def test_strange_pdus_are_answered(log: Path) -> None:
    async def scenario() -> None:
        async with Simulator(options(log)) as smsc, client(smsc, bind()) as esme:
            assert await esme.ask(pdu(0x103, 5)) == (NACK, 3, 5, b"")
            esme.writer.write(pdu(RESP | 0x103, 6) + pdu(RESP | DELIVER, 6))
            assert (await esme.ask(pdu(SUBMIT, 8, b"\0\1\1no end")))[1] == 0x02
            assert (await esme.ask(pdu(SUBMIT, 9, submit(9)[16:-1])))[1] == 0x02
            assert (await esme.ask(b"HTTP/1.1 200 OK\r\n")) == (NACK, 2, 0, b"")
            assert await esme.closed()

    asyncio.run(scenario())


def test_any_cut_of_the_stream_is_the_same(log: Path) -> None:
    async def scenario() -> None:
        async with Simulator(options(log)) as smsc, client(smsc, bind()) as esme:
            for octet in submit(7, registered=0):
                esme.writer.write(bytes((octet,)))
                await asyncio.sleep(0)
            assert (await esme.next())[2] == 7

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("message", "tlvs", "expected"),
    [
        (b"", b"\4\x24\0\3abc", b"abc"),
        (b"", b"\2\4\0\2\0\1\4\x24\0\3abc", b"abc"),
        (b"", b"\2\4\0\2\0\1", b""),
        (b"x", b"\4\x24\0\3abc", b"x"),
    ],
)
def test_text_may_be_in_the_payload(
    log: Path, message: bytes, tlvs: bytes, expected: bytes
) -> None:
    async def scenario() -> None:
        async with Simulator(options(log)) as smsc, client(smsc, bind()) as esme:
            await esme.ask(submit(7, registered=0, message=message, tlvs=tlvs))

    asyncio.run(scenario())
    (taken,) = (record for record in read_log(log) if isinstance(record, Submitted))
    assert taken.message == expected


@pytest.mark.parametrize(
    ("registered", "failure", "loss", "state"),
    [
        (1, 0, 0, b"DELIVRD"),
        (1, 1, 0, b"UNDELIV"),
        (2, 1, 0, b"UNDELIV"),
        (2, 0, 0, None),
        (0, 1, 0, None),
        (1, 0, 1, None),
    ],
)
def test_which_receipts_come(
    log: Path, registered: int, failure: float, loss: float, state: bytes | None
) -> None:
    async def scenario() -> None:
        given = options(log, receipt_failure=failure, receipt_loss=loss)
        async with Simulator(given) as smsc, client(smsc, bind()) as esme:
            await esme.ask(submit(7, registered))
            if state is None:
                await esme.nothing()
            else:
                assert state in (await esme.next())[3]

    asyncio.run(scenario())


def test_a_share_is_refused(log: Path) -> None:
    async def scenario() -> list[int]:
        given = options(log, submit_error=0.5, submit_error_status=0x58, receipt_loss=1)
        async with Simulator(given) as smsc, client(smsc, bind()) as esme:
            return [(await esme.ask(submit(n)))[1] for n in range(1, 101)]

    first, again = asyncio.run(scenario()), asyncio.run(scenario())
    assert set(first) == {0, 0x58}
    assert 25 < first.count(0x58) < 75
    assert first == again


def test_answers_may_be_late_or_never_come(log: Path) -> None:
    async def late() -> None:
        given = options(log, answer_delay_ms=100)
        async with Simulator(given) as smsc, client(smsc, bind()) as esme:
            esme.writer.write(submit(7))
            first, second = await esme.next(), await esme.next()
            assert [first[0], second[0]] == [DELIVER, RESP | SUBMIT]
            esme.writer.write(submit(8, registered=0))
            await asyncio.sleep(0.05)
            esme.writer.transport.abort()
            await asyncio.sleep(0.1)

    async def never() -> None:
        given = options(log, answer_loss=1, receipt_loss=1)
        async with Simulator(given) as smsc, client(smsc, bind()) as esme:
            esme.writer.write(submit(7))
            await esme.nothing()

    asyncio.run(late())
    answered = [record.sequence for record in read_log(log) if isinstance(record, Answered)]
    assert answered == [7]
    asyncio.run(never())


def test_receipts_wait_for_the_next_bind(log: Path) -> None:
    async def scenario() -> None:
        async with Simulator(options(log, receipt_delay_ms=30)) as smsc:
            async with client(smsc, bind()) as esme:
                message_id = (await esme.ask(submit(7)))[3]
            await asyncio.sleep(0.1)
            async with client(smsc, bind()) as again:
                assert message_id in (await again.next())[3]

    asyncio.run(scenario())


def test_what_is_owed_at_the_stop_comes_after_the_next_start(log: Path, tmp_path: Path) -> None:
    owed = tmp_path / "owed.json"

    async def scenario() -> None:
        slow = replace(options(log, receipt_delay_ms=60_000), owed=owed)
        async with Simulator(slow) as smsc, client(smsc, bind()) as esme:
            message_id = (await esme.ask(submit(7)))[3]
        quick = replace(options(log), owed=owed)
        async with Simulator(quick) as smsc, client(smsc, bind()) as again:
            assert message_id in (await again.next())[3]

    asyncio.run(scenario())
    owed.write_text("no JSON")
    with pytest.raises(OptionError, match=r"owed\.json"):
        Simulator(replace(options(log), owed=owed))


def test_receipts_without_acknowledgement_come_again(log: Path) -> None:
    async def scenario() -> None:
        async with Simulator(options(log)) as smsc:
            async with client(smsc, bind()) as esme:
                message_id = (await esme.ask(submit(7)))[3]
                assert message_id in (await esme.next())[3]
            async with client(smsc, bind()) as again:
                _, _, number, receipt = await again.next()
                assert message_id in receipt
                again.writer.write(pdu(RESP | DELIVER, number, b"\0", status=0x64))
                _, _, number, receipt = await again.next()
                assert message_id in receipt
                again.writer.write(pdu(RESP | DELIVER, number, b"\0"))
                await again.nothing(1.2)

    asyncio.run(scenario())


def test_a_receipt_to_be_tried_again_holds_no_other_back(log: Path) -> None:
    async def scenario() -> None:
        async with Simulator(options(log)) as smsc, client(smsc, bind()) as esme:
            first = (await esme.ask(submit(7)))[3]
            number = (await esme.next())[2]
            esme.writer.write(pdu(RESP | DELIVER, number, b"\0", status=0x64))
            await asyncio.sleep(0.05)
            second = (await esme.ask(submit(8)))[3]
            async with asyncio.timeout(0.5):
                assert second in (await esme.next())[3]
            assert first in (await esme.next())[3]

    asyncio.run(scenario())


def test_only_so_many_receipts_are_open(log: Path) -> None:
    async def scenario() -> None:
        given = options(log, receipt_window=1)
        async with Simulator(given) as smsc, client(smsc, bind()) as esme:
            esme.writer.write(submit(1) + submit(2))
            assert [(await esme.next())[0] for _ in range(3)] == [RESP | SUBMIT] * 2 + [DELIVER]
            await esme.nothing()
            assert (await esme.ask(pdu(RESP | DELIVER, 1, b"\0")))[0] == DELIVER

    asyncio.run(scenario())


def test_binds_share_the_receipts(log: Path) -> None:
    async def scenario() -> None:
        async with (
            Simulator(options(log)) as smsc,
            client(smsc, bind()) as one,
            client(smsc, bind()) as two,
        ):
            one.writer.write(submit(1) + submit(2))
            assert [(await one.next())[0] for _ in range(3)] == [RESP | SUBMIT] * 2 + [DELIVER]
            assert (await two.next())[0] == DELIVER

    asyncio.run(scenario())


def test_it_asks_and_leaves_of_its_own(log: Path) -> None:
    async def scenario() -> None:
        async with Simulator(options(log, enquire_ms=20)) as smsc:
            async with client(smsc, bind()) as esme:
                assert (await esme.next())[0] == ENQUIRE
                smsc.unbind_all()
                smsc.unbind_all()
                while (request := await esme.next())[0] != UNBIND:
                    pass
                assert (await esme.ask(submit(9)))[1] == 0x04
                esme.writer.write(pdu(RESP | UNBIND, request[2]))
                assert await esme.closed()
            async with client(smsc, bind()) as silent:
                smsc.silent = True
                silent.writer.write(pdu(ENQUIRE, 5))
                while (await silent.next())[0] != ENQUIRE:
                    raise AssertionError

    asyncio.run(scenario())


def test_a_client_that_stays_is_cut_at_the_end(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localstack.smsc.server._GOODBYE_SECONDS", 0.05)

    async def scenario() -> None:
        async with Simulator(options(log)) as smsc:
            reader, writer = await asyncio.open_connection("127.0.0.1", smsc.port)
            esme = Client(reader, writer)
            await esme.ask(bind())
        assert (await esme.next())[0] == UNBIND
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await esme.next()
        writer.close()

    asyncio.run(scenario())


def test_a_taken_port_is_no_start(log: Path) -> None:
    async def scenario() -> None:
        async with Simulator(options(log)) as smsc:
            with pytest.raises(OSError, match=str(smsc.port)):
                async with Simulator(options(log, port=smsc.port)):
                    pass

    asyncio.run(scenario())
