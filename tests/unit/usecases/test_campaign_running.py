"""Starting, pausing and cancelling campaigns, and who may do what (SPEC 2.2, 4.4, 4.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.campaign import Approval, Campaign, Move, Status
from chalicelib.domain.content import Mode
from chalicelib.domain.delivery import LiveCampaign
from chalicelib.domain.errors import (
    Conflict,
    Forbidden,
    IllegalMove,
    NotFound,
    Outdated,
)
from chalicelib.domain.rights import RIGHTS, Right, Role, Scope
from chalicelib.domain.workspace import DailyLimit, LimitUnit
from chalicelib.usecases.drafting import ContentChanges
from infra.diagrams import BY
from tests.fakes.world import World
from tests.unit.usecases.campaign_desk import (
    DAY,
    HOUR,
    actions,
    approved,
    cancelled,
    draft,
    queue_of,
    sending,
    stored,
    submitted,
    super_admin,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.auditing import Caller


@pytest.fixture
def world() -> World:
    return World()


# --- starting ---


def test_an_approved_campaign_starts_when_it_is_told_to(world: World) -> None:
    campaign = approved(world)
    since = len(world.records.audit)
    assert campaign.status is Status.NEW
    started = world.desk.start(world.author, campaign.id)
    assert (started.status, started.run) == (Status.BUILDING, 1)
    assert world.executions.started == [(world.workspace, campaign.id, 1)]
    assert world.campaigns.live() == [LiveCampaign(world.workspace, campaign.id, version=1)]
    assert actions(world, since) == ["campaign.started"]


def test_what_is_not_approved_does_not_start(world: World) -> None:
    for campaign in (draft(world), submitted(world), cancelled(world)):
        with pytest.raises(IllegalMove, match="cannot start"):
            world.desk.start(world.author, campaign.id)


def test_what_is_not_what_was_approved_does_not_start(world: World) -> None:
    campaign = approved(world)
    world.forge_sender()
    with pytest.raises(Conflict, match="digest"):
        world.desk.start(world.author, campaign.id)
    assert stored(world, campaign) == campaign


def test_a_deadline_that_is_over_is_named(world: World) -> None:
    campaign = approved(world, deadline=world.clock.now() + HOUR)
    world.clock.advance(HOUR)
    with pytest.raises(Conflict, match=r"deadline, 2026-03-02T10:00:00\+00:00, is over"):
        world.desk.start(world.author, campaign.id)
    assert stored(world, campaign) == campaign


def test_until_its_deadline_it_starts(world: World) -> None:
    campaign = approved(world, deadline=world.clock.now() + HOUR)
    world.clock.advance(HOUR - timedelta(microseconds=1))
    assert world.desk.start(world.author, campaign.id).status is Status.BUILDING


def test_on_time_it_starts_and_later_it_is_marked(world: World) -> None:
    at = world.clock.now() + HOUR
    in_time, late = (approved(world, mode=Mode.ON_TIME, start_at=at) for _ in range(2))
    world.clock.advance(HOUR)
    assert world.desk.start(world.author, in_time.id).status is Status.BUILDING
    now = world.clock.advance(timedelta(microseconds=1))
    since = len(world.records.audit)
    missed = world.desk.start(world.author, late.id)
    assert (missed.status, missed.approval, missed.missed_at) == (
        Status.NEW,
        Approval.APPROVED,
        now,
    )
    assert missed.version == late.version + 1
    assert actions(world, since) == ["campaign.missed"]
    assert world.records.audit[-1].after["missed_start"] is True
    assert [campaign for _, campaign, _ in world.executions.started] == [in_time.id]
    assert len(world.campaigns.live()) == 1


def test_a_missed_start_waits_for_somebody_who_moderates(world: World) -> None:
    campaign = approved(world, mode=Mode.ON_TIME, start_at=world.clock.now() + HOUR)
    world.clock.advance(2 * HOUR)
    missed = world.desk.start(world.author, campaign.id)
    with pytest.raises(Conflict, match="moderates has to release it"):
        world.desk.start(world.author, campaign.id)
    assert stored(world, campaign) == missed
    released = world.api.moderation.release(world.moderator, campaign.id)
    assert (released.status, released.missed_at) == (Status.BUILDING, None)


def test_approved_too_late_it_is_marked_with_the_approval(world: World) -> None:
    campaign = submitted(
        world, mode=Mode.ON_TIME, start_at=world.clock.now() + HOUR, auto_start=True
    )
    world.clock.advance(2 * HOUR)
    since = len(world.records.audit)
    missed = world.approve(campaign)
    assert (missed.status, missed.approval) == (Status.NEW, Approval.APPROVED)
    assert missed.missed_at == world.clock.now()
    assert actions(world, since) == ["campaign.approved"]
    assert queue_of(world) == []


def a_spread(world: World, **changes: Any) -> Campaign:
    """Two messages a day for five recipients, in a window of four days."""
    now = world.clock.now()
    return approved(
        world,
        mode=Mode.SPREAD,
        date_from=now + HOUR,
        date_to=now + 4 * DAY,
        daily_limit=DailyLimit(2, LimitUnit.MESSAGES),
        **changes,
    )


@pytest.mark.parametrize("waited", [timedelta(0), HOUR, DAY, 2 * DAY])
def test_a_spread_starts_as_long_as_the_rest_of_its_window_takes_all(
    world: World, waited: timedelta
) -> None:
    campaign = a_spread(world)
    world.clock.advance(waited)
    assert world.desk.start(world.author, campaign.id).status is Status.BUILDING


@pytest.mark.parametrize("waited", [3 * DAY + 5 * HOUR, 4 * DAY, 9 * DAY])
def test_a_spread_misses_its_start_when_the_rest_is_too_short(
    world: World, waited: timedelta
) -> None:
    campaign = a_spread(world)
    world.clock.advance(waited)
    missed = world.desk.start(world.author, campaign.id)
    assert (missed.status, missed.missed_at) == (Status.NEW, world.clock.now())


# --- pause, resume, cancel ---


def test_a_campaign_that_is_not_live_is_neither_paused_nor_resumed(world: World) -> None:
    for campaign in (draft(world), approved(world), cancelled(world)):
        with pytest.raises(IllegalMove, match="cannot pause"):
            world.desk.pause(world.author, campaign.id)
        with pytest.raises(IllegalMove, match="cannot resume"):
            world.desk.resume(world.author, campaign.id)


@pytest.mark.parametrize("at", ["draft", "submitted", "approved", "building", "sending", "paused"])
def test_a_campaign_can_be_cancelled_until_it_has_ended(world: World, at: str) -> None:
    makers: dict[str, Callable[[], Campaign]] = {
        "draft": lambda: draft(world),
        "submitted": lambda: submitted(world),
        "approved": lambda: approved(world),
        "building": lambda: approved(world, auto_start=True),
        "sending": lambda: sending(world),
        "paused": lambda: world.desk.pause(world.author, sending(world).id),
    }
    campaign = makers[at]()
    since = len(world.records.audit)
    ended = world.desk.cancel(world.author, campaign.id)
    assert (ended.status, ended.finished_at) == (Status.CANCELLED, world.clock.now())
    assert queue_of(world) == []
    assert actions(world, since) == ["campaign.cancelled"]
    with pytest.raises(IllegalMove, match="cancelled cannot be cancelled"):
        world.desk.cancel(world.author, campaign.id)


# --- who may ---


def step(world: World, action: Move) -> tuple[Campaign, Callable[[Caller], object]]:
    """A campaign of the author's in a state for this move, and the move."""
    desk, moderation = world.desk, world.api.moderation
    shelved = Move.RESTORE, Move.DELETE
    if action in shelved:
        campaign = desk.archive(world.author, draft(world).id)
    elif action in {Move.WITHDRAW, Move.APPROVE, Move.REJECT}:
        campaign = submitted(world)
    elif action is Move.RELEASE:
        campaign = approved(world, mode=Mode.ON_TIME, start_at=world.clock.now() + HOUR)
        world.clock.advance(2 * HOUR)
    elif action is Move.START:
        campaign = approved(world)
    elif action in {Move.PAUSE, Move.RESUME}:
        campaign = sending(world)
        if action is Move.RESUME:
            campaign = desk.pause(world.author, campaign.id)
    else:
        campaign = draft(world)
    name, digest = campaign.id, campaign.digest
    calls: dict[Move, Callable[[Caller], object]] = {
        Move.EDIT: lambda who: world.api.drafting.edit(who, name, ContentChanges(text="Bye")),
        Move.SUBMIT: lambda who: desk.submit(who, name),
        Move.WITHDRAW: lambda who: desk.withdraw(who, name),
        Move.APPROVE: lambda who: moderation.decide_campaign(
            who, name, approve=True, note="", shown=digest
        ),
        Move.REJECT: lambda who: moderation.decide_campaign(
            who, name, approve=False, note="no", shown=digest
        ),
        Move.START: lambda who: desk.start(who, name),
        Move.RELEASE: lambda who: moderation.release(who, name),
        Move.PAUSE: lambda who: desk.pause(who, name),
        Move.RESUME: lambda who: desk.resume(who, name),
        Move.CANCEL: lambda who: desk.cancel(who, name),
        Move.ARCHIVE: lambda who: desk.archive(who, name),
        Move.RESTORE: lambda who: desk.restore(who, name),
        Move.DELETE: lambda who: desk.delete(who, name),
    }
    return campaign, calls[action]


@pytest.mark.parametrize("action", [action for action, right in BY.items() if right])
def test_each_move_takes_exactly_its_right(world: World, action: Move) -> None:
    right = BY[action]
    assert right is not None
    boss = super_admin(world)
    campaign, move = step(world, action)
    others = {each: Scope.ALL for each in Right if each is not right}
    with pytest.raises(Forbidden, match=RIGHTS[right].does):
        move(replace(boss, scopes=others))
    assert stored(world, campaign) == campaign
    move(replace(boss, scopes={right: Scope.ALL}))
    found = world.records.find(Campaign, world.workspace, campaign.id)
    assert found is None or found.version == campaign.version + 1


OWN = sorted(action for action, right in BY.items() if right and RIGHTS[right].has_authors)


@pytest.mark.parametrize("action", OWN)
def test_an_authors_rights_end_at_the_campaigns_of_others(world: World, action: Move) -> None:
    other = world.person("other@example.com", Role.AUTHOR)
    campaign, move = step(world, action)
    with pytest.raises(Forbidden, match="of others"):
        move(other)
    assert stored(world, campaign) == campaign
    move(world.author)


def test_every_step_wants_the_version_that_was_seen(world: World) -> None:
    boss, desk = super_admin(world), world.desk
    shelved = desk.archive(world.author, draft(world).id)
    calls: list[tuple[Campaign, Callable[..., object]]] = [
        (draft(world), desk.submit),
        (submitted(world), desk.withdraw),
        (approved(world), desk.start),
        (sending(world), desk.pause),
        (desk.pause(boss, sending(world).id), desk.resume),
        (draft(world), desk.cancel),
        (draft(world), desk.archive),
        (shelved, desk.restore),
        (desk.archive(world.author, draft(world).id), desk.delete),
    ]
    for campaign, call in calls:
        with pytest.raises(Outdated):
            call(boss, campaign.id, expected=campaign.version + 1)
        assert stored(world, campaign) == campaign
        call(boss, campaign.id, expected=campaign.version)


def test_a_foreign_campaign_is_as_missing_as_one_that_is_not_there(world: World) -> None:
    campaign = draft(world)
    world.installation.add_workspace("wsp_b", "Others", "UTC")
    stranger = replace(super_admin(world), workspace="wsp_b")
    desk = world.desk
    for call in (desk.get, desk.submit, desk.start, desk.archive, desk.restore, desk.delete):
        told = []
        for name in (campaign.id, "cmp_none"):
            with pytest.raises(NotFound) as refusal:
                call(stranger, name)
            told.append(str(refusal.value))
        assert told[0] == told[1]
