"""Checkpoints: when the head is signed, and what is never signed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.seals import ORIGIN, Seal, head_of, seal_hash, seal_to_json
from chalicelib.usecases.sealing import CHECKPOINT_EVERY, Tampered
from tests.fakes.exports import DAY, MINUTE, SECOND
from tests.fakes.sealing import WORKSPACE, Desk
from tests.fakes.services import MORNING


@pytest.fixture
def desk() -> Desk:
    return Desk().begun()


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
