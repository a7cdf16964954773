"""A deadline that comes first: the sweep ends the campaign, and what was not sent stays unsent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.campaign import Status
from chalicelib.domain.delivery import LiveCampaign
from chalicelib.domain.ledger import RecipientState
from tests.fakes.world import World

NUMBERS = [12025550100, 12025550101, 12025550102]


@pytest.fixture
def world() -> World:
    return World()


def test_past_its_deadline_a_campaign_expires(world: World) -> None:
    deadline = world.clock.now() + timedelta(hours=1)
    recipients = world.ready_list(NUMBERS)
    draft = world.draft(list=recipients.id, auto_start=True, deadline=deadline)
    campaign = world.approve(world.desk.submit(world.author, draft.id))
    world.driver.build(world.workspace, campaign.id)
    (marker,) = world.campaigns.live()
    world.clock.advance(timedelta(minutes=59))
    world.sweep.tend(marker)
    assert world.campaigns.campaign(world.workspace, campaign.id).status is Status.PENDING
    world.clock.advance(timedelta(minutes=1))
    before = len(world.records.audit)
    world.sweep.tend(marker)
    world.sweep.tend(marker)
    expired = world.campaigns.campaign(world.workspace, campaign.id)
    assert (expired.status, expired.finished_at) == (Status.EXPIRED, deadline)
    assert [each.action for each in world.records.audit[before:]] == ["campaign.expired"]
    totals = world.recipients.totals(expired)
    assert totals.expired == len(NUMBERS)
    page = world.recipients.page(world.author, campaign.id, None, 10)
    assert {line.state for line in page.items} == {RecipientState.EXPIRED}


def test_a_campaign_whose_messages_are_all_out_only_waits_for_receipts(world: World) -> None:
    deadline = world.clock.now() + timedelta(hours=1)
    recipients = world.ready_list(NUMBERS)
    draft = world.draft(list=recipients.id, auto_start=True, deadline=deadline)
    campaign = world.approve(world.desk.submit(world.author, draft.id))
    world.driver.build(world.workspace, campaign.id)
    world.driver.open(world.workspace, campaign.id, 0, "token")
    world.driver.finish(world.workspace, campaign.id)
    world.clock.advance(timedelta(hours=2))
    world.sweep.tend(LiveCampaign(world.workspace, campaign.id, version=1))
    assert world.campaigns.campaign(world.workspace, campaign.id).status is Status.SENDING
