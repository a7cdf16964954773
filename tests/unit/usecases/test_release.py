"""A missed start gets another time: a new approval, by somebody who moderates (SPEC 4.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.content import Mode
from chalicelib.domain.errors import Conflict, Forbidden, IllegalMove, Invalid, Outdated
from chalicelib.domain.rights import Right, Role, Scope, Standing
from chalicelib.domain.workspace import DailyWindow
from tests.fakes.world import World
from tests.unit.usecases.deciding import (
    actions,
    allow_self_approval,
    decide,
    handed_in,
    interrupted,
)

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign
    from chalicelib.usecases.auditing import Caller

HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return World()


def missed(world: World, **content: Any) -> Campaign:
    """An OnTime campaign that was approved an hour too late for its start."""
    start = world.clock.now() + HOUR
    given = {"mode": Mode.ON_TIME, "start_at": start, "auto_start": True, **content}
    campaign = handed_in(world, **given)
    world.clock.advance(2 * HOUR)
    return decide(world, campaign)


def missed_spread(world: World) -> Campaign:
    now = world.clock.now()
    window = {"date_from": now + HOUR, "date_to": now + 2 * HOUR}
    campaign = handed_in(world, mode=Mode.SPREAD, auto_start=True, **window)
    world.clock.advance(2 * HOUR)
    return decide(world, campaign)


def release(world: World, campaign: Campaign, who: Caller | None = None, **more: Any) -> Campaign:
    return world.api.moderation.release(who or world.moderator, campaign.id, **more)


def refused(world: World, campaign: Campaign, **more: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as error:
        release(world, campaign, **more)
    assert world.campaigns.campaign(world.workspace, campaign.id) == campaign
    return {problem.field: problem.message for problem in error.value.problems}


# --- what it does ---


def test_released_now(world: World) -> None:
    campaign = missed(world)
    assert (campaign.status, world.executions.started) == (Status.NEW, [])
    released = release(world, campaign)
    assert released.status is Status.BUILDING
    assert (released.missed_at, released.content.start_at) == (None, None)
    assert released.digest != campaign.digest
    assert released.decision is not None
    assert (released.decision.by, released.decision.at) == (
        world.moderator.user,
        world.clock.now(),
    )
    assert world.executions.started == [(world.workspace, campaign.id, 1)]
    assert world.driver.build(world.workspace, campaign.id).kind == "built"


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
def test_released_for_later(world: World, zone: timezone) -> None:
    campaign = missed(world)
    start = world.clock.now() + HOUR
    before = len(world.records.audit)
    released = release(world, campaign, start_at=start.astimezone(zone))
    assert (released.status, released.approval) == (Status.BUILDING, Approval.APPROVED)
    assert (released.content.start_at, released.starts_at) == (start, start)
    assert released.content.start_at is not None
    assert released.content.start_at.tzinfo is UTC
    (record,) = world.records.audit[before:]
    assert (record.action, record.object) == ("campaign.released", campaign.id)
    assert record.actor.user == world.moderator.user
    assert (record.before["start_at"], record.after["start_at"]) == (
        (start - 2 * HOUR).isoformat(),
        start.isoformat(),
    )
    assert world.driver.build(world.workspace, campaign.id).kind == "built"
    step = world.driver.next(world.workspace, campaign.id)
    assert (step.kind, step.at) == ("wait", start)


def test_what_nobody_had_started_still_waits_for_that(world: World) -> None:
    start = world.clock.now() + HOUR
    campaign = handed_in(world, mode=Mode.ON_TIME, start_at=start, auto_start=False)
    decide(world, campaign)
    world.clock.advance(2 * HOUR)
    released = release(world, campaign, start_at=world.clock.now() + HOUR)
    assert (released.status, released.approval) == (Status.NEW, Approval.APPROVED)
    assert world.executions.started == []
    assert actions(world)[-1] == "campaign.released"
    assert world.desk.start(world.author, campaign.id).status is Status.BUILDING


def test_what_its_author_started_too_late_starts_when_released(world: World) -> None:
    start = world.clock.now() + HOUR
    campaign = handed_in(world, mode=Mode.ON_TIME, start_at=start, auto_start=False)
    decide(world, campaign)
    world.clock.advance(2 * HOUR)
    assert world.desk.start(world.author, campaign.id).missed_at == world.clock.now()
    assert release(world, campaign).status is Status.BUILDING


def test_what_was_to_start_by_itself_starts_when_released(world: World) -> None:
    """Also where nobody got to mark it."""
    campaign = replace(missed(world), missed_at=None)
    world.records.put(campaign)
    assert release(world, campaign).status is Status.BUILDING


def test_a_spread_gets_another_window(world: World) -> None:
    campaign = missed_spread(world)
    assert campaign.missed_at is not None
    now = world.clock.now()
    assert set(refused(world, campaign)) == {"date_to"}
    assert set(refused(world, campaign, date_from=now + HOUR, date_to=now + HOUR)) == {"date_to"}
    released = release(world, campaign, date_to=now + 2 * HOUR)
    assert (released.content.date_from, released.content.date_to) == (now, now + 2 * HOUR)
    assert released.status is Status.BUILDING


def test_a_spread_goes_on_until_it_was_to_end(world: World) -> None:
    now = world.clock.now()
    window = {"date_from": now + HOUR, "date_to": now + 5 * HOUR}
    campaign = decide(world, handed_in(world, mode=Mode.SPREAD, **window))
    world.clock.advance(2 * HOUR)
    # As where there was not enough time left, until somebody made the channel faster.
    campaign = replace(campaign, missed_at=world.clock.now())
    world.records.put(campaign)
    released = release(world, campaign)
    assert released.content.date_from == world.clock.now()
    assert released.content.date_to == window["date_to"]


def test_a_window_that_is_too_short_for_all(world: World) -> None:
    campaign = missed_spread(world)
    now = world.clock.now()
    assert set(refused(world, campaign, date_to=now + timedelta(milliseconds=1))) == {"date_to"}


# --- what it refuses ---


def test_times_that_cannot_be(world: World) -> None:
    deadline = world.clock.now() + 5 * HOUR
    campaign = missed(world, deadline=deadline)
    now = world.clock.now()
    for start in (now, now - HOUR):
        assert refused(world, campaign, start_at=start)["start_at"].startswith("is over")
    assert "must be after" in refused(world, campaign, start_at=deadline)["deadline"]
    assert set(refused(world, campaign, date_from=now + HOUR)) == {"date_from"}
    assert set(refused(world, campaign, date_to=now + HOUR)) >= {"date_to"}
    ends = datetime.max.replace(tzinfo=timezone(-timedelta(hours=1)))
    assert refused(world, campaign, start_at=ends) == {"start_at": "lies beyond the calendar"}
    spread = missed_spread(world)
    later = world.clock.now() + HOUR
    assert set(refused(world, spread, start_at=later, date_to=later + HOUR)) == {"start_at"}


def test_what_was_missed_does_not_start_in_quiet_hours(world: World) -> None:
    campaign = missed(world)
    workspace = world.directory.workspace(world.workspace)
    # It is 11 o'clock in the morning.
    world.records.put(replace(workspace, daily_window=DailyWindow(12 * 60, 18 * 60)))
    assert "quiet hours" in refused(world, campaign)["start_at"]
    now = world.clock.now()
    assert "quiet hours" in refused(world, campaign, start_at=now + 8 * HOUR)["start_at"]
    assert release(world, campaign, start_at=now + HOUR).status is Status.BUILDING


def test_whose_deadline_is_over_is_not_released(world: World) -> None:
    campaign = missed(world, deadline=world.clock.now() + 3 * HOUR)
    world.clock.advance(2 * HOUR)
    with pytest.raises(Conflict, match="deadline is over"):
        release(world, campaign)
    with pytest.raises(Conflict, match="deadline is over"):
        release(world, campaign, start_at=world.clock.now() + HOUR)


def test_only_what_missed_its_start_is_released(world: World) -> None:
    now = world.clock.now()
    timed = {"mode": Mode.ON_TIME, "start_at": now + HOUR}
    draft = world.draft(**timed)
    submitted = handed_in(world, **timed)
    waiting = decide(world, handed_in(world, **timed))
    at_once = decide(world, handed_in(world))
    started = decide(world, handed_in(world, auto_start=True, **timed))
    for campaign in (draft, submitted, waiting, at_once, started):
        with pytest.raises(IllegalMove, match="cannot be released"):
            release(world, campaign, start_at=now + 2 * HOUR)
    archived = missed(world)
    world.desk.archive(world.author, archived.id)
    with pytest.raises(IllegalMove, match="archived cannot be released"):
        release(world, archived)


def test_what_was_forged_is_not_approved_along_with_the_time(world: World) -> None:
    campaign = missed(world)
    world.forge_sender()
    with pytest.raises(Conflict, match="digest"):
        release(world, campaign)
    assert world.executions.started == []


def test_what_cannot_be_used_any_more_is_not_released(world: World) -> None:
    admin = world.person("admin@example.com", Role.ADMIN)
    campaign = missed(world)
    world.api.senders.archive(admin, world.sender)
    with pytest.raises(Conflict, match="cannot be sent as it stands: sender its revision"):
        release(world, campaign)


def test_what_some_recipients_cannot_get_is_not_released(world: World) -> None:
    recipients = world.ready_list([447_700_900_000], columns={"name": ["Ann"]})
    campaign = missed(world, text="Hello {{name}}", list=recipients.id)
    survey = world.campaigns.survey(world.workspace, campaign.id)
    assert survey is not None
    world.records.put(replace(survey, too_long=1))
    with pytest.raises(Conflict, match="for 1 of the recipients"):
        release(world, campaign)
    world.records.put(survey)
    assert release(world, campaign).status is Status.BUILDING


# --- who may, and several at once ---


def test_who_releases(world: World) -> None:
    both = world.person("both@example.com", Role.AUTHOR, is_moderator=True)
    world.author, author = both, world.author
    campaign = missed(world)
    with pytest.raises(Forbidden, match="release"):
        release(world, campaign, author)
    with pytest.raises(Forbidden, match="what they wrote"):
        release(world, campaign, both)
    allow_self_approval(world)
    assert release(world, campaign, both).status is Status.BUILDING


def test_a_workspace_may_leave_it_to_others(world: World) -> None:
    campaign = missed(world)
    workspace = world.directory.workspace(world.workspace)
    changed = {Right.RELEASE: {Standing.MODERATOR: Scope.NONE}}
    world.records.put(replace(workspace, permissions=changed))
    member = world.directory.member(world.workspace, world.moderator.user)
    assert member is not None
    with pytest.raises(Forbidden, match="release"):
        release(world, campaign, world.caller(member))


def test_of_two_who_release_at_once_one_does(world: World) -> None:
    second = world.person("second@example.com", Role.MODERATOR)
    campaign = missed(world)
    start = world.clock.now() + HOUR
    slow = interrupted(world, lambda: release(world, campaign, second, start_at=start))
    with pytest.raises(IllegalMove, match="cannot be released"):
        slow.release(world.moderator, campaign.id)
    stored = world.campaigns.campaign(world.workspace, campaign.id)
    assert (stored.content.start_at, stored.run) == (start, 1)
    assert world.executions.started == [(world.workspace, campaign.id, 1)]
    assert actions(world).count("campaign.released") == 1


def test_a_release_meets_its_author(world: World) -> None:
    campaign = missed(world)
    slow = interrupted(world, lambda: world.desk.cancel(world.author, campaign.id))
    with pytest.raises(IllegalMove, match="cancelled cannot be released"):
        slow.release(world.moderator, campaign.id)
    assert world.executions.started == []


def test_a_release_of_another_version_is_refused(world: World) -> None:
    campaign = missed(world)
    with pytest.raises(Outdated):
        release(world, campaign, expected=campaign.version - 1)
    assert release(world, campaign, expected=campaign.version).run == 1
