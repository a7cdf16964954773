"""Sealing: every record is named once, whoever seals at the same time and whatever comes late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.audit import AuditRecord, key_of
from chalicelib.domain.audit_check import check
from chalicelib.domain.seals import (
    ORIGIN,
    RECORDS_MAX,
    Seal,
    head_of,
    next_seal,
    seal_hash,
    seal_to_json,
)
from chalicelib.usecases.sealing import CHECKPOINT_EVERY, ROUNDS, Keeper, Sealer, Tampered
from tests.fakes import exports, samples
from tests.fakes.audit_fallback import FakeCheckpoints
from tests.fakes.records import FakeAuditLog, Records
from tests.fakes.services import MORNING, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WORKSPACE = "wsp_a"


@dataclass
class Desk:
    """A log with its sealers."""

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


@pytest.fixture
def desk() -> Desk:
    return Desk().begun()


# --- what is sealed ---


def test_what_is_new_is_sealed_at_once_and_in_order(desk: Desk) -> None:
    later = desk.write(MORNING + SECOND)
    earlier = desk.write(MORNING)
    assert desk.sealer.seal(WORKSPACE) == 2
    assert desk.named[1:] == [key_of(earlier), key_of(later)]
    assert desk.seals[1].previous == desk.seals[0].hash
    desk.check()


def test_what_is_sealed_is_not_sealed_again(desk: Desk) -> None:
    desk.write()
    assert [desk.sealer.seal(WORKSPACE) for _ in range(3)] == [1, 0, 0]
    assert len(desk.seals) == 2


def test_a_record_that_turns_up_late_goes_into_the_next_seal(desk: Desk) -> None:
    desk.write(MORNING + 8 * MINUTE)
    desk.clock.advance(8 * MINUTE)
    desk.sealer.seal(WORKSPACE)
    late = desk.write(MORNING + SECOND)
    assert desk.sealer.seal(WORKSPACE) == 1
    assert desk.named[-1] == key_of(late)
    desk.check()


def test_after_a_quiet_time_it_looks_back_to_the_newest_seal(desk: Desk) -> None:
    """A doorbell may have been lost while nothing else rang."""
    lost = desk.write(MORNING - MINUTE)
    desk.clock.advance(30 * DAY)
    desk.write()
    assert desk.sealer.seal(WORKSPACE) == 2
    assert key_of(lost) in desk.named


def test_what_is_older_is_for_those_who_look_back_further(desk: Desk) -> None:
    old = desk.write(MORNING - DAY)
    assert desk.sealer.seal(WORKSPACE) == 0
    assert desk.sealer.seal(WORKSPACE, MORNING + DAY) == 0
    assert desk.sealer.seal(WORKSPACE, MORNING - DAY) == 1
    assert desk.named[-1] == key_of(old)
    assert desk.sealer.seal(WORKSPACE, MORNING - DAY) == 0


def test_a_seal_names_so_many_and_the_next_one_the_rest(desk: Desk) -> None:
    for number in range(2 * RECORDS_MAX + 1):
        desk.write(MORNING + number * timedelta(milliseconds=1))
    assert desk.sealer.seal(WORKSPACE) == 2 * RECORDS_MAX + 1
    assert [len(seal.records) for seal in desk.seals] == [1, RECORDS_MAX, RECORDS_MAX, 1]
    desk.check()


def test_what_has_expired_is_not_sealed(desk: Desk) -> None:
    desk.write(expires_at=MORNING)
    assert desk.sealer.seal(WORKSPACE) == 0


def test_each_workspace_has_a_chain_of_its_own(desk: Desk) -> None:
    desk.write(workspace="wsp_b")
    assert desk.keeper.seal("wsp_b") == 1
    assert [seal.number for seal in desk.log.seals("wsp_b", after=0, limit=9)] == [1]
    assert len(desk.seals) == 1


# --- where a chain begins and goes on ---


def test_the_doorbell_leaves_it_to_others_to_begin_a_chain() -> None:
    desk = Desk()
    desk.write(MORNING - 30 * DAY)
    assert desk.sealer.seal(WORKSPACE) == 0
    assert desk.keeper.seal(WORKSPACE) == 1
    assert (desk.seals[0].number, desk.seals[0].previous) == (1, ORIGIN)


def test_a_chain_of_which_all_has_expired_goes_on_from_its_checkpoint(desk: Desk) -> None:
    assert desk.keeper.checkpoint(WORKSPACE)
    (old,) = desk.seals
    desk.drop(old)
    desk.clock.advance(200 * DAY)
    desk.write(desk.clock.now() - 3 * DAY)
    assert desk.sealer.seal(WORKSPACE) == 0
    assert desk.keeper.seal(WORKSPACE) == 1
    (seal,) = desk.seals
    assert (seal.number, seal.previous) == (2, old.hash)
    assert seal.previous_expires_at == old.expires_at


@pytest.mark.parametrize("last_is_gone", [True, False])
def test_a_seal_that_has_expired_may_not_be_the_last_one(desk: Desk, last_is_gone: bool) -> None:  # noqa: FBT001 - a case
    """What has expired is removed in any order."""
    desk.write()
    desk.keeper.seal(WORKSPACE)
    desk.keeper.checkpoint(WORKSPACE)
    last = desk.seals[1]
    desk.clock.advance(200 * DAY)
    if last_is_gone:
        desk.drop(last)
    desk.write()
    assert desk.keeper.seal(WORKSPACE) == 1
    newest = desk.log.last_seal(WORKSPACE)
    assert newest is not None
    assert (newest.number, newest.previous) == (3, last.hash)


def test_an_expired_seal_that_no_checkpoint_followed_is_gone_on_from(desk: Desk) -> None:
    desk.clock.advance(200 * DAY)
    desk.write()
    assert desk.keeper.seal(WORKSPACE) == 1
    assert desk.seals[1].previous == desk.seals[0].hash


# --- several sealers ---


class Beaten(FakeAuditLog):
    """Somebody else is first, `times` times."""

    def __init__(self, records: Records, clock: FakeClock, times: int) -> None:
        super().__init__(records)
        self.left = times
        self._other = Sealer(FakeAuditLog(records), clock)
        self._write: Callable[[], object] = lambda: None

    def meanwhile(self, write: Callable[[], object]) -> None:
        self._write = write

    def add_seal(self, seal: Seal) -> bool:
        if self.left:
            self.left -= 1
            self._write()
            self._other.seal(seal.workspace)
        return super().add_seal(seal)


def test_who_comes_second_goes_on_with_what_is_left(desk: Desk) -> None:
    desk.write()
    log = Beaten(desk.records, desk.clock, times=1)
    assert Sealer(log, desk.clock).seal(WORKSPACE) == 0
    desk.check()
    for _ in range(RECORDS_MAX + 1):
        desk.write()
    log = Beaten(desk.records, desk.clock, times=1)
    log.meanwhile(lambda: desk.records.add(_foreign(desk)))
    assert Sealer(log, desk.clock).seal(WORKSPACE) == 0
    desk.check()


def _foreign(desk: Desk) -> Seal:
    """Of the first record that waits alone."""
    newest = desk.seals[-1]
    page = desk.log.since(WORKSPACE, MORNING, after=None, limit=1_000_000)
    waiting = [record for record in page.items if key_of(record) not in set(desk.named)]
    return next_seal(newest, WORKSPACE, waiting[:1], MORNING)


def test_whoever_is_beaten_again_and_again_leaves_it_to_the_others(desk: Desk) -> None:
    def another() -> None:
        for _ in range(2):
            desk.write()

    class OneEach(Beaten):
        def add_seal(self, seal: Seal) -> bool:
            self._write()
            desk.records.add(_foreign(desk))
            return super().add_seal(seal)

    log = OneEach(desk.records, desk.clock, times=0)
    log.meanwhile(another)
    another()
    for _ in range(ROUNDS):
        desk.write()
    assert Sealer(log, desk.clock).seal(WORKSPACE) == 0
    assert len(desk.seals) == 1 + ROUNDS
    desk.sealer.seal(WORKSPACE)
    desk.check()


def test_writers_and_sealers_at_once_end_in_one_chain(desk: Desk) -> None:
    def work(number: int) -> None:
        for _ in range(5):
            desk.write(MORNING + number * timedelta(milliseconds=1))
            desk.sealer.seal(WORKSPACE)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    desk.sealer.seal(WORKSPACE)
    desk.check()


@dataclass
class Skewed:
    """A clock that is some seconds off."""

    clock: FakeClock
    by: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.by


@given(st.data())
def test_nothing_is_missed_and_nothing_named_twice(data: st.DataObject) -> None:
    """Writers' and sealers' clocks differ by seconds, commits take minutes, doorbells get lost."""
    desk = Desk().begun()
    seconds = st.integers(-5, 5)
    for _ in range(data.draw(st.integers(1, 25))):
        match data.draw(st.sampled_from(["write", "late", "seal", "seal", "wait", "quiet"])):
            case "write":
                desk.write(desk.clock.now() + data.draw(seconds) * SECOND)
            case "late":
                delay = data.draw(st.integers(0, 590))
                desk.write(desk.clock.now() - delay * SECOND)
            case "seal":
                clock = Skewed(desk.clock, data.draw(seconds) * SECOND)
                Sealer(desk.log, clock).seal(WORKSPACE)
            case "wait":
                desk.clock.advance(data.draw(st.integers(0, 900)) * SECOND)
            case _:
                desk.clock.advance(data.draw(st.integers(1, 1_000)) * MINUTE)
    desk.keeper.seal(WORKSPACE, MORNING - DAY)
    desk.check()


# --- checkpoints ---


def test_the_head_is_signed_when_it_has_moved_and_at_most_hourly(desk: Desk) -> None:
    assert desk.keeper.checkpoint(WORKSPACE)
    assert not desk.keeper.checkpoint(WORKSPACE)
    desk.write()
    desk.sealer.seal(WORKSPACE)
    desk.clock.advance(CHECKPOINT_EVERY - SECOND)
    assert not desk.keeper.checkpoint(WORKSPACE)
    desk.clock.advance(SECOND)
    assert desk.keeper.checkpoint(WORKSPACE)
    desk.clock.advance(DAY)
    assert not desk.keeper.checkpoint(WORKSPACE)
    first, second = (each.checkpoint for each in desk.checkpoints.stored(WORKSPACE))
    assert first == head_of(desk.seals[0], MORNING)
    assert second == head_of(desk.seals[1], MORNING + CHECKPOINT_EVERY)


def test_where_nothing_is_sealed_or_all_has_expired_nothing_is_signed(desk: Desk) -> None:
    assert not Desk().keeper.checkpoint(WORKSPACE)
    desk.clock.advance(200 * DAY)
    assert not desk.keeper.checkpoint(WORKSPACE)


def test_after_all_has_expired_the_chain_that_goes_on_is_signed_again(desk: Desk) -> None:
    desk.keeper.checkpoint(WORKSPACE)
    desk.drop(desk.seals[0])
    desk.clock.advance(200 * DAY)
    desk.write()
    desk.keeper.seal(WORKSPACE)
    assert desk.keeper.checkpoint(WORKSPACE)
    newest = desk.checkpoints.newest(WORKSPACE)
    assert newest is not None
    assert newest.checkpoint.seal == 2


def rewrite(desk: Desk, old: Seal, new: Seal) -> None:
    """Behind the log's back."""
    desk.drop(old)
    desk.records.put(new)


def long_chain(desk: Desk, seals: int) -> None:
    for _ in range(seals):
        desk.clock.advance(MINUTE)
        desk.write()
        desk.sealer.seal(WORKSPACE)


@pytest.mark.parametrize("at", [0, 1, 30, 59, 60])
@pytest.mark.parametrize("changes", [{"at": MORNING - DAY}, {"hash": "f" * 64}, {"number": 1_000}])
def test_a_chain_that_was_changed_is_not_signed(at: int, changes: dict[str, Any]) -> None:
    desk = Desk().begun()
    desk.keeper.checkpoint(WORKSPACE)
    long_chain(desk, 60)
    desk.clock.advance(DAY)
    rewrite(desk, desk.seals[at], replace(desk.seals[at], **changes))
    with pytest.raises(Tampered):
        desk.keeper.checkpoint(WORKSPACE)


def test_a_chain_made_anew_from_what_was_signed_on_is_not_signed(desk: Desk) -> None:
    """Hashes and links fit; it is not what was signed."""
    long_chain(desk, 3)
    desk.keeper.checkpoint(WORKSPACE)
    desk.clock.advance(DAY)
    previous = ORIGIN
    for seal in desk.seals:
        forged = replace(seal, at=seal.at - MINUTE, previous=previous)
        previous = seal_hash(seal_to_json(forged))
        rewrite(desk, seal, replace(forged, hash=previous))
    with pytest.raises(Tampered) as raised:
        desk.keeper.checkpoint(WORKSPACE)
    assert (raised.value.workspace, raised.value.seal) == (WORKSPACE, 4)


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_chain_that_lost_its_end_is_not_signed(desk: Desk, left: int) -> None:
    long_chain(desk, 3)
    desk.keeper.checkpoint(WORKSPACE)
    for seal in desk.seals[left:]:
        desk.drop(seal)
    with pytest.raises(Tampered):
        desk.keeper.checkpoint(WORKSPACE)
