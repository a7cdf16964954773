"""Sealing: every record is named once, whoever seals at the same time and whatever comes late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.audit import key_of
from chalicelib.domain.seals import LOOK_BACK, ORIGIN, RECORDS_MAX, Seal, next_seal
from chalicelib.usecases.sealing import ROUNDS, Sealer
from tests.fakes.exports import DAY, MINUTE, SECOND
from tests.fakes.records import FakeAuditLog, Records
from tests.fakes.sealing import WORKSPACE, Desk
from tests.fakes.services import MORNING, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


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


def test_what_turns_up_within_ten_minutes_is_found_by_whoever_seals_next(desk: Desk) -> None:
    desk.clock.advance(DAY)
    desk.write()
    desk.sealer.seal(WORKSPACE)
    late = desk.write(desk.clock.now() - LOOK_BACK + SECOND)
    assert desk.sealer.seal(WORKSPACE) == 1
    assert desk.named[-1] == key_of(late)


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


def test_whoever_is_stopped_halfway_is_gone_on_from(desk: Desk) -> None:
    """After a long outage there may be more than one run has time for."""
    for number in range(3 * RECORDS_MAX):
        desk.write(MORNING + number * MINUTE)
    desk.clock.advance(10 * DAY)
    real, left = desk.log.add_seal, [1]

    def once(seal: Seal) -> bool:
        if not left:
            raise TimeoutError
        left.clear()
        return real(seal)

    desk.log.add_seal = once  # type: ignore[method-assign]
    with pytest.raises(TimeoutError):
        desk.sealer.seal(WORKSPACE)
    desk.log.add_seal = real  # type: ignore[method-assign]
    assert desk.sealer.seal(WORKSPACE) == 2 * RECORDS_MAX
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
    assert desk.sealer.seal(WORKSPACE) == 0
    assert desk.keeper.seal(WORKSPACE) == 1
    newest = desk.log.last_seal(WORKSPACE)
    assert newest is not None
    assert (newest.number, newest.previous) == (3, last.hash)


@pytest.mark.parametrize("signed", [True, False])
def test_an_expired_seal_that_no_checkpoint_followed_is_gone_on_from(
    desk: Desk,
    signed: bool,  # noqa: FBT001 - a case
) -> None:
    if signed:
        desk.keeper.checkpoint(WORKSPACE)
    desk.write()
    desk.keeper.seal(WORKSPACE)
    desk.clock.advance(200 * DAY)
    desk.write()
    assert desk.keeper.seal(WORKSPACE) == 1
    assert desk.seals[2].previous == desk.seals[1].hash


# --- several sealers ---


class Beaten(FakeAuditLog):
    """Somebody else does something first."""

    def __init__(self, records: Records, *others: Callable[[], object]) -> None:
        super().__init__(records)
        self.others = list(others)

    def add_seal(self, seal: Seal) -> bool:
        if self.others:
            self.others.pop()()
        return super().add_seal(seal)


def test_who_comes_second_finds_nothing_left(desk: Desk) -> None:
    desk.write()
    log = Beaten(desk.records, lambda: desk.sealer.seal(WORKSPACE))
    assert Sealer(log, desk.clock).seal(WORKSPACE) == 0
    desk.check()


def test_who_comes_second_goes_on_with_what_is_left(desk: Desk) -> None:
    for _ in range(RECORDS_MAX + 2):
        desk.write()
    log = Beaten(desk.records, *[lambda: desk.records.add(_foreign(desk))] * 2)
    assert Sealer(log, desk.clock).seal(WORKSPACE) == RECORDS_MAX
    desk.check()


def _foreign(desk: Desk) -> Seal:
    """Of the first record that waits alone."""
    newest = desk.seals[-1]
    page = desk.log.since(WORKSPACE, MORNING, after=None, limit=1_000_000)
    waiting = [record for record in page.items if key_of(record) not in set(desk.named)]
    return next_seal(newest, WORKSPACE, waiting[:1], MORNING)


def test_whoever_is_beaten_again_and_again_leaves_it_to_the_others(desk: Desk) -> None:
    for _ in range(2 * ROUNDS):
        desk.write()
    log = Beaten(desk.records, *[lambda: desk.records.add(_foreign(desk))] * 2 * ROUNDS)
    assert Sealer(log, desk.clock).seal(WORKSPACE) == 0
    assert len(desk.seals) == 1 + ROUNDS
    assert desk.sealer.seal(WORKSPACE) == ROUNDS
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


def test_sealers_whose_clocks_are_behind_name_nothing_twice(desk: Desk) -> None:
    """Their seals seem to be older than what they name."""
    behind = Sealer(desk.log, Skewed(desk.clock, -5 * SECOND))
    desk.clock.advance(DAY)
    for _ in range(2):
        desk.write()
        assert behind.seal(WORKSPACE) == 1
    desk.clock.advance(LOOK_BACK - 2 * SECOND)
    for _ in range(2):
        desk.write()
        assert desk.sealer.seal(WORKSPACE) == 1
    desk.check()


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
