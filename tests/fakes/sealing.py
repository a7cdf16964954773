"""A log in memory, with its sealers."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit import AuditRecord, key_of
from chalicelib.domain.audit_check import check
from chalicelib.usecases.sealing import Keeper, Sealer
from tests.fakes import exports, samples
from tests.fakes.audit_fallback import FakeCheckpoints
from tests.fakes.exports import DAY, SECOND
from tests.fakes.records import FakeAuditLog, Records
from tests.fakes.services import MORNING, FakeClock

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.seals import Seal

WORKSPACE = "wsp_a"


@dataclass
class Desk:
    clock: FakeClock = field(default_factory=FakeClock)
    records: Records = field(default_factory=Records)
    checkpoints: FakeCheckpoints = field(default_factory=FakeCheckpoints)
    numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.log = FakeAuditLog(self.records)
        self.keeper = Keeper(self.log, self.checkpoints, self.clock)
        self.sealer = Sealer(self.log, self.clock)

    def write(self, at: datetime | None = None, **changes: Any) -> AuditRecord:
        at = at or self.clock.now()
        written = samples.audit(
            **({"id": f"aud_{next(self.numbers):026}", "expires_at": at + 90 * DAY} | changes),
            at=at,
        )
        self.log.append(written)
        return written

    def begun(self) -> Desk:
        self.write()
        assert self.keeper.seal(WORKSPACE) == 1
        return self

    @property
    def seals(self) -> list[Seal]:
        return self.log.seals(WORKSPACE, after=0, limit=1_000_000)

    @property
    def named(self) -> list[str]:
        return [item.key for seal in self.seals for item in seal.records]

    def drop(self, seal: Seal) -> None:
        self.records.remove(seal)

    def check(self) -> None:
        """All that is there is named once, in a chain that holds."""
        page = self.log.since(WORKSPACE, MORNING - 99 * DAY, after=None, limit=1_000_000)
        assert sorted(self.named) == [key_of(record) for record in page.items]
        at = self.clock.now() + DAY
        lines = exports.export(self.seals, page.items, at, at + SECOND)
        found = check(exports.reading(lines), exports.verify)
        assert found.clean, found.findings
        assert found.intact == len(page.items)
