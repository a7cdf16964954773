"""Nothing is sent but what was approved, whatever the records say later (SPEC 4.3)."""

from __future__ import annotations

import pytest

from chalicelib.domain.campaign import Status
from chalicelib.domain.errors import Conflict
from tests.fakes.world import World
from tests.unit.usecases.deciding import NUMBERS


@pytest.fixture
def world() -> World:
    return World()


def test_what_was_changed_after_approval_is_never_sent(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    world.forge_sender()
    assert world.driver.build(world.workspace, campaign).kind == "stop"
    failed = world.campaigns.campaign(world.workspace, campaign)
    assert failed.status is Status.FAILED
    assert failed.failure is not None
    assert "digest" in failed.failure
    assert world.delivery.offers(world.channel) == []


def test_a_window_of_a_forged_campaign_is_not_opened(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    world.driver.build(world.workspace, campaign)
    world.forge_sender()
    with pytest.raises(Conflict, match="digest"):
        world.driver.open(world.workspace, campaign, 0, "token")
    assert world.delivery.offers(world.channel) == []
