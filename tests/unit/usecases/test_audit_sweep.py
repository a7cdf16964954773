"""The sweep's share of the audit log: what waits, what nobody announced, and whose turn it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.audit import key_of
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.sealing import Keeper
from chalicelib.usecases.sweeping import (
    CHECKPOINT_EVERY,
    FAR_BACK,
    FAR_BACK_EVERY,
    SHARE,
    AuditSweep,
    Visit,
)
from tests.fakes import samples
from tests.fakes.audit_fallback import FakeAuditFallback, FakeCheckpoints
from tests.fakes.records import FakeAuditLog, FakeDirectory, Records
from tests.fakes.services import MORNING, FakeClock

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Cellar:
    def __init__(self, *workspaces: str) -> None:
        self.clock = FakeClock()
        self.records = Records()
        for workspace in workspaces:
            self.records.put(samples.workspace(id=workspace))
        self.log = FakeAuditLog(self.records)
        self.fallback = FakeAuditFallback()
        self.checkpoints = FakeCheckpoints()
        self.sweep = AuditSweep(
            directory=FakeDirectory(self.records),
            log=self.log,
            fallback=self.fallback,
            keeper=Keeper(self.log, self.checkpoints, self.clock),
            clock=self.clock,
        )

    def named(self, workspace: str) -> set[str]:
        seals = self.log.seals(workspace, after=0, limit=1_000)
        return {item.key for seal in seals for item in seal.records}

    def minutes(self, count: int) -> list[list[Visit]]:
        found = []
        for _ in range(count):
            found.append(self.sweep.visits({}))
            self.clock.advance(MINUTE)
        return found


@pytest.fixture
def cellar() -> Cellar:
    return Cellar("wsp_a", "wsp_b")


def test_what_waited_comes_back_and_is_sealed_however_old(cellar: Cellar) -> None:
    cellar.log.append(samples.audit())
    cellar.sweep.tend(Visit("wsp_a", None, sign=False))
    waiting = [
        samples.audit(workspace=workspace, at=MORNING - days * DAY, expires_at=MORNING + DAY)
        for workspace, days in (("wsp_a", 5), ("wsp_a", 9), ("wsp_b", 1))
    ]
    for record in waiting:
        cellar.fallback.keep(record)
    touched = cellar.sweep.flush()
    assert touched == {"wsp_a": MORNING - 9 * DAY, "wsp_b": MORNING - DAY}
    assert not cellar.fallback.waiting
    for visit in cellar.sweep.visits(touched):
        cellar.sweep.tend(visit)
    for record in waiting:
        assert key_of(record) in cellar.named(record.workspace)


def test_while_the_table_is_away_what_waits_stays(cellar: Cellar) -> None:
    for _ in range(2):
        cellar.fallback.keep(samples.audit())
    cellar.log.away = True
    assert cellar.sweep.flush() == {}
    assert len(cellar.fallback.waiting) == 2


def test_what_came_back_before_the_table_went_away_again_is_told(cellar: Cellar) -> None:
    first, second = samples.audit(at=MORNING), samples.audit(at=MORNING + MINUTE)
    for record in (first, second):
        cellar.fallback.keep(record)
    append = cellar.log.append

    def once(record: Any) -> None:
        if record is second:
            raise Unavailable("The audit log")
        append(record)

    cellar.log.append = once  # type: ignore[method-assign]
    assert cellar.sweep.flush() == {"wsp_a": MORNING}
    assert cellar.fallback.waiting == [second]


def test_a_few_workspaces_are_visited_every_minute_the_master_included(cellar: Cellar) -> None:
    for visits in cellar.minutes(3):
        assert sorted(visit.workspace for visit in visits) == [MASTER, "wsp_a", "wsp_b"]


def test_what_nobody_announced_is_found_within_minutes(cellar: Cellar) -> None:
    cellar.log.append(samples.audit())
    cellar.sweep.tend(Visit("wsp_a", None, sign=False))
    lost = samples.audit(at=MORNING - FAR_BACK + timedelta(hours=1), expires_at=MORNING + DAY)
    cellar.log.append(lost)
    for visits in cellar.minutes(FAR_BACK_EVERY):
        for visit in visits:
            cellar.sweep.tend(visit)
    assert key_of(lost) in cellar.named("wsp_a")


def test_each_workspace_is_signed_once_an_hour_in_a_minute_of_its_own(cellar: Cellar) -> None:
    signed = [
        {visit.workspace for visit in visits if visit.sign}
        for visits in cellar.minutes(CHECKPOINT_EVERY)
    ]
    assert sorted(each for minute in signed for each in minute) == [MASTER, "wsp_a", "wsp_b"]
    for workspace in ("wsp_a", "wsp_b"):
        cellar.log.append(samples.audit(workspace=workspace))
    for visit in cellar.sweep.visits({}):
        cellar.sweep.tend(replace(visit, sign=visit.workspace == "wsp_a"))
    assert len(cellar.checkpoints.stored("wsp_a")) == 1
    assert not cellar.checkpoints.stored("wsp_b")


@pytest.mark.parametrize("more", [1, SHARE, 3 * SHARE, 500])
def test_many_workspaces_take_turns(more: int) -> None:
    names = {f"wsp_{number:04}" for number in range(SHARE + more)}
    cellar = Cellar(*names)
    names.add(MASTER)
    groups = -(-len(names) // SHARE)
    minutes = cellar.minutes(2 * 60 + groups)
    assert max(len(visits) for visits in minutes) <= SHARE
    for start in (0, groups):
        seen = [visit.workspace for visits in minutes[start : start + groups] for visit in visits]
        assert sorted(seen) == sorted(names)
    every = [visit for visits in minutes for visit in visits]
    assert {visit.workspace for visit in every if visit.sign} == names
    assert {visit.workspace for visit in every if visit.since} == names


def test_whoever_was_touched_is_visited_out_of_turn() -> None:
    cellar = Cellar(*(f"wsp_{number:04}" for number in range(3 * SHARE)))
    now = {visit.workspace for visit in cellar.sweep.visits({})}
    other = next(name for name in ("wsp_0000", "wsp_0001", "wsp_0002") if name not in now)
    visits = {visit.workspace: visit for visit in cellar.sweep.visits({other: MORNING - DAY})}
    assert visits[other] == Visit(other, MORNING - DAY, sign=False)
    assert visits.keys() == now | {other}
