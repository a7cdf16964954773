"""A bridge, whole, between fakes of the records and the SMSC simulator over mutual TLS."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import Bridge
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.ledger import Counters, RecipientState, count, state_of
from chalicelib.settings import BridgeSettings, Tables
from chalicelib.usecases import ledgers
from localstack.smsc import SimulatorOptions
from localstack.smsc.certificates import make_certificates, server_tls
from localstack.smsc.log import Record, Submitted, read_log
from smpp_bridge import binding, channel, shell, tenure
from tests.fakes.services import FakeSecrets
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path

    import pytest

    from chalicelib.domain.ledger import Ledger
    from chalicelib.usecases.ports import Delivery
    from localstack.smsc.certificates import CertificateFiles

Loops = Callable[[], asyncio.AbstractEventLoop] | None
TABLES = Tables("directory", "campaigns", "delivery", "audit")
RATE = 1_000.0


def make_bench(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The same steps as in earnest, with shorter waits between them."""
    monkeypatch.setattr(tenure, "SILENCE", 0.05)
    monkeypatch.setattr(tenure, "POLL", 0.1)
    monkeypatch.setattr(tenure, "INBOX_EVERY", 0.05)
    monkeypatch.setattr(channel, "SEEK_EVERY", 0.1)
    monkeypatch.setattr(shell, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(binding, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(binding, "FIRST_PAUSE_REFUSED", 0.2)
    files = make_certificates(folder, dt.datetime.now(dt.UTC))
    options = SimulatorOptions(
        system_id="acme",
        password="secret",
        log=folder / "smsc.jsonl",
        tls=server_tls(files.ca, files.server_cert, files.server_key),
        receipt_delay_ms=50,
    )
    return Bench(World(), options, files)


class Bench:
    """A world, an SMSC that outlives bridges, and a bridge to be started and ended at will."""

    def __init__(self, world: World, options: SimulatorOptions, files: CertificateFiles) -> None:
        self.world = world
        self.options = options
        self.settings = BridgeSettings(
            tables=TABLES,
            data_bucket="data",
            name="bridge-1",
            ca=files.ca,
            certificate=files.client_cert,
            private_key=files.client_key,
            secrets_dir=None,
            endpoint=None,
        )

    def parts(self, **changes: Any) -> Bridge:
        world = self.world
        made = Bridge(
            settings=self.settings,
            delivery=world.delivery,
            campaigns=world.campaigns,
            blobs=world.blobs,
            wishes=world.wishes,
            secrets=FakeSecrets({"carrier-a": "secret"}),
            clock=world.clock,
            ids=world.ids,
            chance=lambda: 0.5,
        )
        return replace(made, **changes)

    def set_up_channel(self, port: int, **changes: Any) -> None:
        wanted: dict[str, Any] = {"rate": RATE, "window": 50, "server_name": "localhost"}
        stored = self.world.delivery.channel(self.world.channel)
        changed = replace(stored, port=port, **{**wanted, **changes})
        self.world.changes.save(changed, self.world.audit())

    def campaign(self, recipients: int, *, per_chunk: int = 10_000, **written: Any) -> str:
        """A campaign of whose first window the offers are there."""
        numbers = [447_700_900_000 + number for number in range(recipients)]
        campaign = self.world.approved_campaign(numbers, per_chunk=per_chunk, **written)
        self.world.driver.build(self.world.workspace, campaign)
        self.world.driver.open(self.world.workspace, campaign, 0, "token")
        return campaign

    def views(self, campaign: str) -> list[Ledger]:
        delivery = self.world.delivery
        return [
            ledgers.read(delivery, self.world.blobs, chunk)
            for chunk in delivery.chunks(self.world.workspace, campaign)
        ]

    def message_ids(self, campaign: str) -> dict[str, str]:
        """By number, of those whom the ledger holds for sent."""
        chunks = self.world.delivery.chunks(self.world.workspace, campaign)
        return {
            str(chunk_format.decode(self.world.blobs.get(chunk.source)).numbers[index]): (
                parts[0].message_id
            )
            for chunk, view in zip(chunks, self.views(campaign), strict=True)
            for index, parts in view.records.items()
            if state_of(parts) is RecipientState.SENT
        }

    def totals(self, campaign: str) -> Counters:
        return sum((count(view) for view in self.views(campaign)), Counters())

    def wire(self) -> list[Submitted]:
        return [record for record in self.log() if isinstance(record, Submitted)]

    def log(self) -> list[Record]:
        return list(read_log(self.options.log))

    def sent(self) -> Counter[str]:
        return Counter(record.destination for record in self.wire())

    def receipts(self) -> int:
        items = self.world.delivery.inbox(self.world.channel, waiting=False, limit=1_000)
        return sum(len(item.receipts) for item in items)

    @asynccontextmanager
    async def bridge(self, **changes: Any) -> AsyncIterator[asyncio.Event]:
        """Run it until the block ends, then stop it in order."""
        stopping = asyncio.Event()
        running = asyncio.create_task(shell.run(self.parts(**changes), stopping))
        try:
            yield stopping
        finally:
            stopping.set()
            async with asyncio.timeout(20):
                await running

    @asynccontextmanager
    async def doomed_bridge(self, **changes: Any) -> AsyncIterator[None]:
        """Run it until the block ends, then let it die where it stands."""
        running = asyncio.create_task(shell.run(self.parts(**changes), asyncio.Event()))
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for is state of several objects
            await asyncio.sleep(0.02)


def play(scenario: Callable[[], Coroutine[Any, Any, None]], loops: Loops = None) -> None:
    with asyncio.Runner(loop_factory=loops) as runner:
        runner.run(scenario())


def numbers(recipients: int) -> set[str]:
    return {str(447_700_900_000 + number) for number in range(recipients)}


class Stubborn:
    """Delivery whose appends and inbox fail a few times first."""

    def __init__(self, inner: Delivery, failures: dict[str, int]) -> None:
        self._inner = inner
        self._failures = Counter(failures)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            if self._failures[name] > 0:
                self._failures[name] -= 1
                raise OSError(f"{name} failed")
            return method(*arguments, **named)

        return call
