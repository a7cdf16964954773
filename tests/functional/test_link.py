"""The link against the SMSC simulator over mutual TLS, and against peers that misbehave."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from localstack.smsc import Simulator, SimulatorOptions
from localstack.smsc.certificates import CertificateFiles, make_certificates, server_tls
from localstack.smsc.log import ReceiptAcknowledged, Submitted, read_log
from smpp_bridge.link import (
    BindRefusedError,
    BindTimeoutError,
    ConnectError,
    Endpoint,
    Link,
    LossReason,
    Lost,
    client_tls,
)
from smpp_bridge.protocol.encode import BindOptions
from smpp_bridge.protocol.errors import LocalProtocolError
from smpp_bridge.protocol.events import Delivered, Event, PeerBroke, PeerUnbound, SubmitAnswered
from smpp_bridge.protocol.receipts import parse_receipt
from smpp_bridge.protocol.session import State
from smpp_bridge.protocol.template import SubmitOptions, SubmitTemplate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

pytestmark = pytest.mark.enable_socket

TEMPLATE = SubmitTemplate(SubmitOptions("SHOP", 5, 0))
CREDENTIALS = BindOptions("esme", "secret")
BOUND = b"\0\0\0\x15\x80\0\0\x09\0\0\0\0\0\0\0\x01smsc\0"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return make_certificates(tmp_path_factory.mktemp("tls"), dt.datetime.now(dt.UTC))


@pytest.fixture
def options(certificates: CertificateFiles, tmp_path: Path) -> SimulatorOptions:
    return SimulatorOptions(
        system_id="esme",
        password="secret",
        log=tmp_path / "smsc.jsonl",
        tls=server_tls(certificates.ca, certificates.server_cert, certificates.server_key),
        receipt_delay_ms=0,
    )


@pytest.fixture
def tls(certificates: CertificateFiles) -> ssl.SSLContext:
    return client_tls(certificates.ca, certificates.client_cert, certificates.client_key)


class Owner:
    """Keeps what a link reports; acknowledges each delivery, as if it were stored."""

    def __init__(self, **timeouts: Any) -> None:
        self.events: list[Event] = []
        self.losses: list[Lost] = []
        self.link = Link(on_events=self.on_events, on_lost=self.losses.append, **timeouts)
        self.answered: set[int] = set()
        self.receipts: list[str] = []

    def on_events(self, events: list[Event]) -> None:
        self.events += events
        for event in events:
            if isinstance(event, SubmitAnswered):
                self.answered.add(event.sequence)
            if isinstance(event, Delivered):
                receipt = parse_receipt(event)
                assert receipt is not None
                self.receipts.append(receipt.message_id)
                assert self.link.acknowledge(event.sequence)

    def submit(self, number: int = 0) -> int:
        return self.link.submit(TEMPLATE, f"38267{number:06}", b"Hello")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is state of several objects
            await asyncio.sleep(0.005)


@asynccontextmanager
async def peer(
    behave: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[Endpoint]:
    """Stand up a server that does as told, in plain TCP."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
            await done.wait()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        done.set()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.01)


async def mute(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None: ...


async def binds(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(BOUND)


def test_a_thousand_submits_and_receipts(options: SimulatorOptions, tls: ssl.SSLContext) -> None:
    async def scenario() -> Owner:
        async with Simulator(options) as smsc:
            owner = Owner()
            bound = await owner.link.open(Endpoint("127.0.0.1", smsc.port, tls), CREDENTIALS)
            assert (bound.system_id, bound.interface_version) == ("simulator", 0x34)
            for number in range(1_000):
                owner.submit(number)
                if number % 100 == 0:
                    await owner.link.drain()
            assert owner.link.in_flight
            await until(lambda: len(owner.receipts) == len(owner.answered) == 1_000)
            assert owner.link.in_flight == 0
            await owner.link.close()
            assert owner.losses == [Lost(LossReason.CLOSED, "", ())]
            return owner

    owner = asyncio.run(scenario())
    records = list(read_log(options.log))
    submitted = [record for record in records if isinstance(record, Submitted)]
    assert [record.destination for record in submitted] == [f"38267{n:06}" for n in range(1_000)]
    assert {record.message for record in submitted} == {b"Hello"}
    ids = {record.message_id for record in submitted}
    assert ids == set(owner.receipts)
    answers = {e.message_id for e in owner.events if isinstance(e, SubmitAnswered)}
    assert ids == answers
    acknowledged = [r.message_id for r in records if isinstance(r, ReceiptAcknowledged)]
    assert sorted(ids) == sorted(acknowledged)


def test_a_name_other_than_the_host(options: SimulatorOptions, tls: ssl.SSLContext) -> None:
    async def scenario() -> None:
        async with Simulator(options) as smsc:
            good, bad = Owner(), Owner()
            endpoint = Endpoint("127.0.0.1", smsc.port, tls, "localhost")
            await good.link.open(endpoint, CREDENTIALS)
            await good.link.close()
            with pytest.raises(ConnectError, match="certificate"):
                await bad.link.open(replace(endpoint, server_hostname="smsc.test"), CREDENTIALS)
            assert bad.losses == []

    asyncio.run(scenario())


def test_a_client_without_certificate_is_refused(
    options: SimulatorOptions, certificates: CertificateFiles
) -> None:
    async def scenario() -> None:
        bare = ssl.create_default_context(cafile=certificates.ca)
        async with Simulator(options) as smsc:
            owner = Owner()
            with pytest.raises(ConnectError):
                await owner.link.open(Endpoint("127.0.0.1", smsc.port, bare), CREDENTIALS)
            assert (smsc.bound, owner.losses) == (0, [])

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("credentials", "status"),
    [(BindOptions("esme", "wrong"), 0x0E), (BindOptions("else", "secret"), 0x0F)],
)
def test_a_refused_bind_tells_its_status(
    options: SimulatorOptions, tls: ssl.SSLContext, credentials: BindOptions, status: int
) -> None:
    async def scenario() -> None:
        async with Simulator(options) as smsc:
            owner = Owner()
            with pytest.raises(BindRefusedError) as caught:
                await owner.link.open(Endpoint("127.0.0.1", smsc.port, tls), credentials)
            assert caught.value.status == status
            await owner.link.close()
            assert owner.losses == []

    asyncio.run(scenario())


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def scenario() -> None:
        owner = Owner()
        await owner.link.close()
        with pytest.raises(ConnectError, match=str(port)):
            await owner.link.open(Endpoint("127.0.0.1", port), CREDENTIALS)

    asyncio.run(scenario())


def test_a_handshake_that_never_comes(tls: ssl.SSLContext) -> None:
    async def scenario() -> None:
        async with peer(mute) as endpoint:
            owner = Owner(connect_timeout=0.05)
            with pytest.raises(ConnectError, match=r"no connection within 0\.05 s"):
                await owner.link.open(replace(endpoint, tls=tls), CREDENTIALS)

    asyncio.run(scenario())


def test_a_bind_without_answer_times_out() -> None:
    async def scenario() -> None:
        async with peer(mute) as endpoint:
            owner = Owner(bind_timeout=0.05)
            with pytest.raises(BindTimeoutError, match=r"0\.05 s"):
                await owner.link.open(endpoint, CREDENTIALS)
            await owner.link.close()
            assert owner.losses == []

    asyncio.run(scenario())


def test_cut_before_the_bind_is_answered() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.close()

    async def scenario() -> None:
        async with peer(cut) as endpoint:
            owner = Owner()
            with pytest.raises(ConnectError, match="before the bind was answered"):
                await owner.link.open(endpoint, CREDENTIALS)

    asyncio.run(scenario())


def test_receipts_that_come_with_the_answer_to_the_bind() -> None:
    async def eager(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        receipt = b"\0" * 7 + b"\4" + b"\0" * 8 + b"\4id:7"
        early = b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x05"
        delivery = (16 + len(receipt)).to_bytes(4, "big") + b"\0\0\0\5\0\0\0\0\0\0\0\1" + receipt
        writer.write(early + BOUND + delivery)

    async def scenario() -> None:
        async with peer(eager) as endpoint:
            owner = Owner()
            await owner.link.open(endpoint, CREDENTIALS)
            assert owner.receipts == ["7"]
            owner.link._abort()  # the peer answers no unbind
            await until(lambda: bool(owner.losses))

    asyncio.run(scenario())


def test_the_peer_closing_leaves_the_open_submits_in_doubt(
    options: SimulatorOptions, tls: ssl.SSLContext
) -> None:
    async def scenario() -> None:
        async with Simulator(replace(options, answer_loss=1.0, receipt_loss=1.0)) as smsc:
            owner = Owner()
            await owner.link.open(Endpoint("127.0.0.1", smsc.port, tls), CREDENTIALS)
            sequences = tuple(owner.submit() for _ in range(3))
            assert owner.link.abandon(sequences[0])
            await owner.link.drain()
            smsc.cut_all()
            await until(lambda: bool(owner.losses))
            (lost,) = owner.losses
            assert (lost.reason, lost.outstanding) == (LossReason.PEER_CLOSED, sequences[1:])
            assert not owner.link.acknowledge(1)
            with pytest.raises(LocalProtocolError, match="cannot submit while CLOSED"):
                owner.submit()
            await owner.link.drain()
            await owner.link.close()
            assert len(owner.losses) == 1

    asyncio.run(scenario())


def test_the_peer_unbinding(options: SimulatorOptions, tls: ssl.SSLContext) -> None:
    async def scenario() -> None:
        async with Simulator(options) as smsc:
            owner = Owner()
            await owner.link.open(Endpoint("127.0.0.1", smsc.port, tls), CREDENTIALS)
            smsc.unbind_all()
            await until(lambda: bool(owner.losses))
            assert owner.events == [PeerUnbound()]
            assert owner.losses == [Lost(LossReason.PEER_UNBOUND, "", ())]

    asyncio.run(scenario())
    assert [r.direction for r in read_log(options.log) if r.command == "unbind_resp"] == ["in"]


def test_a_silent_peer_is_noticed(options: SimulatorOptions, tls: ssl.SSLContext) -> None:
    async def scenario() -> None:
        async with Simulator(options) as smsc:
            owner = Owner(enquire_interval=0.1, missed_limit=2)
            await owner.link.open(Endpoint("127.0.0.1", smsc.port, tls), CREDENTIALS)
            await asyncio.sleep(0.5)
            assert owner.losses == []
            smsc.silent = True
            sequence = owner.submit()
            await until(lambda: bool(owner.losses))
            assert owner.losses == [
                Lost(LossReason.PEER_SILENT, "nothing heard for 0.2 s", (sequence,))
            ]

    asyncio.run(scenario())


def test_a_peer_that_answers_no_unbind_is_cut() -> None:
    async def scenario() -> None:
        async with peer(binds) as endpoint:
            owner = Owner(close_timeout=0.05, enquire_interval=0.02)
            await owner.link.open(endpoint, CREDENTIALS)
            await owner.link.close()
            assert [lost.reason for lost in owner.losses] == [LossReason.CLOSED]

    asyncio.run(scenario())


def test_a_peer_that_breaks_the_framing() -> None:
    async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await binds(reader, writer)
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def scenario() -> None:
        async with peer(babbles) as endpoint:
            owner = Owner()
            await owner.link.open(endpoint, CREDENTIALS)
            await until(lambda: bool(owner.losses))
            assert [type(event) for event in owner.events] == [PeerBroke]
            assert owner.losses[0].reason is LossReason.PEER_BROKE
            assert "command_length" in owner.losses[0].detail

    asyncio.run(scenario())


def test_a_peer_that_does_not_read_holds_back_who_drains() -> None:
    async def scenario() -> None:
        async with peer(binds) as endpoint:
            owner = Owner(close_timeout=0.05)
            await owner.link.open(endpoint, CREDENTIALS)
            stuck = asyncio.create_task(flood(owner))
            await until(lambda: owner.link.in_flight > 1_000 and not owner.link._writable.is_set())
            assert not stuck.done()
            await owner.link.close()
            await stuck

    async def flood(owner: Owner) -> None:
        while owner.link.state is State.BOUND:
            for _ in range(200):
                owner.link.submit(TEMPLATE, "38267000000", bytes(250))
            await owner.link.drain()

    asyncio.run(scenario())


def test_one_turn_of_the_loop_is_one_write(
    options: SimulatorOptions, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Simulator(options) as smsc:
            owner = Owner()
            await owner.link.open(Endpoint("127.0.0.1", smsc.port, tls), CREDENTIALS)
            writes: list[bytes] = []
            monkeypatch.setattr(owner.link._transport, "write", writes.append)
            for _ in range(10):
                owner.submit()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(writes) == 1
            monkeypatch.undo()
            owner.link._abort()
            await until(lambda: bool(owner.losses))

    asyncio.run(scenario())
