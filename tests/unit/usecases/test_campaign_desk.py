"""Looking at campaigns, and handing them in (SPEC 4.2, 4.3, 4.9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import Approval
from chalicelib.domain.campaign_listing import CampaignQuery, Sort
from chalicelib.domain.content import Mode
from chalicelib.domain.errors import (
    Forbidden,
    IllegalMove,
    Invalid,
    Unavailable,
)
from chalicelib.domain.moderation import campaign_item
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.rights import Right
from chalicelib.domain.workspace import DailyLimit, DailyWindow, LimitUnit
from chalicelib.usecases.drafting import ContentChanges, OverridesChanges
from tests.fakes import samples
from tests.fakes.world import World
from tests.unit.usecases.campaign_desk import (
    DAY,
    HOUR,
    MINUTE,
    NUMBERS,
    actions,
    approved,
    cancelled,
    draft,
    problems,
    queue_of,
    stored,
    submitted,
    survey_of,
    without,
)


@pytest.fixture
def world() -> World:
    return World()


# --- looking ---


def test_the_archive_is_for_those_who_see_it(world: World) -> None:
    campaign = world.desk.archive(world.author, draft(world).id)
    assert world.desk.get(world.author, campaign.id) == campaign
    query = CampaignQuery(archived=True)
    (line,) = world.desk.page(world.author, query, None, 10).items
    assert line.id == campaign.id
    assert world.desk.page(world.author, CampaignQuery(), None, 10).items == []
    with pytest.raises(Forbidden, match="view the archive"):
        world.desk.get(world.moderator, campaign.id)
    with pytest.raises(Forbidden, match="view the archive"):
        world.desk.page(world.moderator, query, None, 10)
    with pytest.raises(Forbidden, match="view the archive"):
        world.desk.deleted(world.moderator, None, 10)


def test_looking_takes_the_right_to_look(world: World) -> None:
    blind = without(world.author, Right.VIEW)
    campaign = draft(world)
    with pytest.raises(Forbidden, match="view campaigns"):
        world.desk.get(blind, campaign.id)
    with pytest.raises(Forbidden, match="view campaigns"):
        world.desk.page(blind, CampaignQuery(), None, 10)
    assert world.desk.get(world.moderator, campaign.id) == campaign


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("ascending", [False, True])
def test_pages_go_on_behind_the_last_line(world: World, sort: Sort, *, ascending: bool) -> None:
    made = [draft(world, name=f"No {number}").id for number in range(5)]
    query = CampaignQuery(sort=sort, ascending=ascending)
    seen: list[str] = []
    after: str | None = None
    while True:
        page = world.desk.page(world.author, query, after, 2)
        seen += [line.id for line in page.items]
        after = page.next
        if after is None:
            break
    assert seen == (made if ascending else made[::-1])


def test_a_cursor_of_another_sort_is_refused(world: World) -> None:
    for _ in range(2):
        draft(world)
    after = world.desk.page(world.author, CampaignQuery(), None, 1).next
    for bad in (after, "", "rubbish"):
        with pytest.raises(Invalid, match="after"):
            world.desk.page(world.author, CampaignQuery(sort=Sort.SENDER), bad, 1)


@pytest.mark.parametrize("field", ["created_from", "created_to", "start_from", "start_to"])
def test_a_period_is_of_instants_that_there_are(world: World, field: str) -> None:
    campaign = approved(world, mode=Mode.ON_TIME, start_at=world.clock.now() + HOUR)
    moment = world.clock.now() + (2 * HOUR if field.endswith("to") else -HOUR)
    tokyo: dict[str, Any] = {field: moment.astimezone(timezone(9 * HOUR))}
    (line,) = world.desk.page(world.author, CampaignQuery(**tokyo), None, 10).items
    assert line.id == campaign.id
    beyond: dict[str, Any] = {field: datetime.max.replace(tzinfo=timezone(-HOUR))}
    with pytest.raises(Invalid, match=f"{field}: lies beyond the calendar"):
        world.desk.page(world.author, CampaignQuery(**beyond), None, 10)


def test_those_that_missed_their_start_are_found(world: World) -> None:
    at = world.clock.now() + HOUR
    waiting = approved(world, mode=Mode.ON_TIME, start_at=at)
    submitted(world, mode=Mode.ON_TIME, start_at=at)
    query = CampaignQuery(missed_start=True)
    assert world.desk.page(world.author, query, None, 10).items == []
    world.clock.advance(HOUR + MINUTE)
    (line,) = world.desk.page(world.moderator, query, None, 10).items
    assert line.id == waiting.id


# --- submit and withdraw ---


def test_submitting_puts_it_into_the_queue(world: World) -> None:
    campaign = draft(world)
    since, tag = len(world.records.audit), world.queue.mark(world.workspace).tag(world.clock.now())
    handed_in = world.desk.submit(world.author, campaign.id)
    revision = world.campaigns.revision(world.workspace, world.sender, 1)
    recipients = world.campaigns.recipient_list(world.workspace, campaign.content.list or "")
    assert handed_in.approval is Approval.SUBMITTED
    assert handed_in.digest == rules.content_digest(campaign, revision, recipients)
    assert (handed_in.recipients, handed_in.submitted_at) == (5, world.clock.now())
    assert stored(world, campaign) == handed_in
    assert queue_of(world) == [replace(campaign_item(handed_in), version=1)]
    assert actions(world, since) == ["campaign.submitted"]
    assert world.records.audit[-1].after["text"] == "Hello"
    assert world.queue.mark(world.workspace).tag(world.clock.now()) not in {None, tag}


def test_everything_that_keeps_it_from_being_sent_is_told_at_once(world: World) -> None:
    ended = world.changes.keep(
        samples.recipient_list(
            id="lst_bad", workspace=world.workspace, status=ListStatus.FAILED, digest=None
        )
    )
    campaign = world.draft(name="", text="", list=ended.id, deadline=world.clock.now() - HOUR)
    world.forge_sender("archived")
    assert list(problems(world, campaign)) == ["name", "text", "sender", "list", "deadline"]


def test_what_is_gone_since_it_was_named_is_told(world: World) -> None:
    campaign = draft(world, channel=world.channel, overrides=OverridesChanges(saddr="ACME"))
    sender = world.campaigns.sender(world.workspace, world.sender)
    world.changes.keep(replace(sender, archived_at=world.clock.now()))
    world.records.remove(world.delivery.channel(world.channel))
    assert list(problems(world, campaign)) == ["sender", "channel", "overrides.saddr"]


def test_a_trigger_is_submitted_without_recipients(world: World) -> None:
    handed_in = submitted(world, mode=Mode.TRIGGER, list=None, text="Hello {{name}}")
    assert (handed_in.approval, handed_in.recipients) == (Approval.SUBMITTED, 0)
    assert world.surveys.requested == []


def test_a_personal_text_is_surveyed(world: World) -> None:
    recipients = world.changes.keep(replace(world.ready_list(NUMBERS), columns=("name",)))
    handed_in = submitted(world, list=recipients.id, text="Hello {{Name|friend}}")
    assert world.surveys.requested == [(world.workspace, handed_in.id)]
    submitted(world, list=recipients.id)
    assert len(world.surveys.requested) == 1


def test_a_survey_that_cannot_be_asked_for_keeps_nobody_from_submitting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("The queue")

    monkeypatch.setattr(type(world.surveys), "request", away)
    recipients = world.changes.keep(replace(world.ready_list(NUMBERS), columns=("name",)))
    assert submitted(world, list=recipients.id, text="{{name}}").approval is Approval.SUBMITTED


def test_nothing_is_surveyed_that_was_not_submitted(world: World) -> None:
    campaign = draft(world, text="Hello {{name}}")
    assert "no column of the list" in problems(world, campaign)["text"]
    assert world.surveys.requested == []


@pytest.mark.parametrize(
    ("mode", "field"),
    [(Mode.SPREAD, "date_to"), (Mode.ON_DEMAND, "deadline"), (Mode.ON_TIME, "deadline")],
)
def test_a_plan_that_does_not_fit_is_told(world: World, mode: Mode, field: str) -> None:
    """A message a day for five recipients, and three days for it."""
    now = world.clock.now()
    times: dict[Mode, dict[str, Any]] = {
        Mode.ON_DEMAND: {"deadline": now + 2 * DAY},
        Mode.SPREAD: {"date_from": now + HOUR, "date_to": now + 2 * DAY},
        Mode.ON_TIME: {"start_at": now + HOUR, "deadline": now + 2 * DAY},
    }
    tight = DailyLimit(1, LimitUnit.MESSAGES)
    campaign = draft(world, mode=mode, **times[mode], daily_limit=tight)
    told = problems(world, campaign)
    assert list(told) == [field]
    assert "3 of 5" in told[field]
    loose = ContentChanges(daily_limit=DailyLimit(2, LimitUnit.MESSAGES))
    world.api.drafting.edit(world.author, campaign.id, loose)
    assert world.desk.submit(world.author, campaign.id).approval is Approval.SUBMITTED


def test_a_plan_counts_what_a_survey_has_counted(world: World) -> None:
    """Empty, the text has one part; with everybody's own values it has two."""
    now = world.clock.now()
    recipients = world.changes.keep(replace(world.ready_list(NUMBERS), columns=("name",)))
    campaign = world.draft(
        list=recipients.id,
        text="{{name}}",
        daily_limit=DailyLimit(5, LimitUnit.SEGMENTS),
        deadline=now + HOUR,
    )
    counted = survey_of(campaign, recipients, by_parts={2: 5})
    nothing = replace(counted, counted=0, by_parts={})
    for survey in (replace(counted, digest="old"), nothing):
        kept = world.changes.keep(survey)
        assert world.desk.submit(world.author, campaign.id).approval is Approval.SUBMITTED
        world.desk.withdraw(world.author, campaign.id)
        world.changes.forget(kept)
    world.changes.keep(replace(counted, counted=2, by_parts={2: 2}))
    assert "2 of 5" in problems(world, stored(world, campaign))["deadline"]


def test_what_waits_runs_or_is_archived_cannot_be_submitted(world: World) -> None:
    shelved = world.desk.archive(world.author, world.draft().id)
    for campaign in (submitted(world), approved(world), cancelled(world), shelved):
        with pytest.raises(IllegalMove, match="be submitted"):
            world.desk.submit(world.author, campaign.id)


def test_a_withdrawn_campaign_leaves_the_queue(world: World) -> None:
    campaign = submitted(world)
    other = submitted(world)
    since = len(world.records.audit)
    withdrawn = world.desk.withdraw(world.author, campaign.id)
    assert (withdrawn.approval, withdrawn.digest) == (Approval.DRAFT, None)
    assert [item.object for item in queue_of(world)] == [other.id]
    assert actions(world, since) == ["campaign.withdrawn"]
    with pytest.raises(IllegalMove, match="withdrawn"):
        world.desk.withdraw(world.author, campaign.id)
    assert world.desk.submit(world.author, campaign.id).approval is Approval.SUBMITTED


def test_a_window_that_never_opens_is_told(world: World) -> None:
    """Its own hours and the workspace's never meet."""
    workspace = world.directory.workspace(world.workspace)
    world.changes.keep(replace(workspace, daily_window=DailyWindow(8 * 60, 20 * 60)))
    campaign = draft(
        world,
        daily_window=DailyWindow(9 * 60, 12 * 60),
        time_zone="Pacific/Auckland",
        deadline=datetime(2026, 3, 20, tzinfo=world.clock.now().tzinfo),
    )
    assert "daily windows leave no time" in problems(world, campaign)["deadline"]
