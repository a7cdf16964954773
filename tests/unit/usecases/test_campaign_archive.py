"""The archive: what is put there, comes back, or is deleted for good (SPEC 4.4)."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from chalicelib.domain.campaign import Approval, DeletedCampaign, Status
from chalicelib.domain.content import Mode
from chalicelib.domain.errors import (
    IllegalMove,
    Invalid,
    NotFound,
)
from chalicelib.domain.rights import Right, Role, Scope, Standing
from chalicelib.domain.survey import Survey
from tests.fakes.world import World, accepted
from tests.unit.usecases.campaign_desk import (
    HOUR,
    actions,
    admin,
    approved,
    cancelled,
    draft,
    leaves,
    queue_of,
    sending,
    stored,
    submitted,
    super_admin,
    survey_of,
)


@pytest.fixture
def world() -> World:
    return World()


# --- the archive ---


def test_what_is_archived_waits_for_nobody(world: World) -> None:
    for campaign in (submitted(world), approved(world)):
        since = len(world.records.audit)
        shelved = world.desk.archive(world.author, campaign.id)
        assert (shelved.approval, shelved.digest) == (Approval.DRAFT, None)
        assert shelved.archived_at == world.clock.now()
        assert actions(world, since) == ["campaign.archived"]
    assert queue_of(world) == []


def test_what_is_live_is_not_archived(world: World) -> None:
    for campaign in (approved(world, auto_start=True), sending(world)):
        with pytest.raises(IllegalMove, match="archived"):
            world.desk.archive(world.author, campaign.id)


def test_what_is_archived_can_be_restored_and_nothing_else(world: World) -> None:
    campaign = world.desk.archive(world.author, approved(world).id)
    boss = super_admin(world)
    desk = world.desk
    calls = (
        desk.submit,
        desk.withdraw,
        desk.start,
        desk.pause,
        desk.resume,
        desk.cancel,
        desk.archive,
    )
    for call in calls:
        with pytest.raises(IllegalMove, match="and archived"):
            call(boss, campaign.id)
    since = len(world.records.audit)
    restored = world.desk.restore(world.author, campaign.id)
    assert (restored.archived_at, restored.author) == (None, world.author.user)
    assert restored.version == campaign.version + 1
    assert actions(world, since) == ["campaign.restored"]
    with pytest.raises(IllegalMove, match="be restored"):
        world.desk.restore(world.author, campaign.id, "usr_nobody")


def test_an_author_who_is_still_there_stays_the_author(world: World) -> None:
    campaign = world.desk.archive(world.author, draft(world).id)
    boss = admin(world)
    with pytest.raises(Invalid, match="author: is still a member"):
        world.desk.restore(boss, campaign.id, boss.user)
    assert world.desk.restore(boss, campaign.id, world.author.user).author == world.author.user


def test_where_the_author_has_left_another_one_is_named(world: World) -> None:
    campaign = world.desk.archive(world.author, draft(world).id)
    other = world.person("other@example.com", Role.AUTHOR)
    boss = admin(world)
    leaves(world, world.author.user)
    before = len(world.records.audit)
    with pytest.raises(Invalid, match="author: has left the workspace: name a member"):
        world.desk.restore(boss, campaign.id)
    for named in (world.author.user, world.moderator.user, "usr_nobody", ""):
        with pytest.raises(Invalid, match="author: must be a member of the workspace who may"):
            world.desk.restore(boss, campaign.id, named)
    assert len(world.records.audit) == before
    restored = world.desk.restore(boss, campaign.id, other.user)
    assert restored.author == other.user
    (record,) = world.records.audit[before:]
    assert (record.before["author"], record.after["author"], record.author) == (
        world.author.user,
        other.user,
        other.user,
    )
    assert world.desk.submit(other, campaign.id).approval is Approval.SUBMITTED


def test_who_may_write_is_as_the_workspace_has_it(world: World) -> None:
    campaign = world.desk.archive(world.author, draft(world).id)
    other = world.person("other@example.com", Role.AUTHOR)
    leaves(world, world.author.user)
    workspace = world.directory.workspace(world.workspace)
    permissions = {
        Right.WRITE_CAMPAIGN: {Standing.AUTHOR: Scope.NONE, Standing.MODERATOR: Scope.OWN}
    }
    world.changes.keep(replace(workspace, permissions=permissions))
    boss = admin(world)
    with pytest.raises(Invalid, match="author"):
        world.desk.restore(boss, campaign.id, other.user)
    restored = world.desk.restore(boss, campaign.id, world.moderator.user)
    assert restored.author == world.moderator.user


# --- delete ---


def test_only_what_is_archived_is_deleted(world: World) -> None:
    boss = super_admin(world)
    for campaign in (draft(world), approved(world), cancelled(world)):
        with pytest.raises(IllegalMove, match="be deleted"):
            world.desk.delete(boss, campaign.id)
        assert stored(world, campaign) == campaign


def test_of_a_deleted_campaign_totals_and_audit_stay(world: World) -> None:
    campaign = sending(world)
    world.answer(campaign.id, 0, 1, [accepted(0, "m-0")])
    world.folder.fold(world.workspace, campaign.id, 0)
    world.desk.cancel(world.author, campaign.id)
    archived = world.desk.archive(world.author, campaign.id)
    shown = world.recipients.totals(archived)
    boss, since = super_admin(world), len(world.records.audit)
    now = world.clock.advance(HOUR)
    world.desk.delete(boss, campaign.id)
    with pytest.raises(NotFound):
        world.desk.get(boss, campaign.id)
    (kept,) = world.desk.deleted(world.author, None, 10).items
    assert kept == DeletedCampaign(
        id=campaign.id,
        workspace=world.workspace,
        author=world.author.user,
        mode=Mode.ON_DEMAND,
        status=Status.CANCELLED,
        created_at=campaign.created_at,
        deleted_at=now,
        deleted_by=boss.user,
        recipients=5,
        totals=asdict(shown),
        started_at=campaign.started_at,
        finished_at=archived.finished_at,
        version=1,
    )
    assert (kept.totals["sent"], kept.totals["cancelled"], kept.totals["total"]) == (1, 4, 5)
    (record,) = world.records.audit[since:]
    assert (record.action, record.object, record.author) == (
        "campaign.deleted",
        campaign.id,
        world.author.user,
    )
    assert record.after == kept.totals
    assert record.before["status"] == "cancelled"


def test_a_draft_is_deleted_with_nothing_to_count(world: World) -> None:
    campaign = world.desk.archive(world.author, draft(world).id)
    world.desk.delete(super_admin(world), campaign.id)
    (kept,) = world.desk.deleted(world.author, None, 10).items
    assert (kept.status, kept.recipients, set(kept.totals.values())) == (Status.NEW, 0, {0})


def test_its_survey_goes_with_it(world: World) -> None:
    campaign = world.desk.archive(world.author, draft(world).id)
    recipients = world.campaigns.recipient_list(world.workspace, campaign.content.list or "")
    world.changes.keep(survey_of(campaign, recipients))
    world.changes.keep(replace(survey_of(campaign, recipients), campaign="cmp_other"))
    world.desk.delete(super_admin(world), campaign.id)
    assert [survey.campaign for survey in world.records.all(Survey)] == ["cmp_other"]


def test_deleted_campaigns_are_paged(world: World) -> None:
    boss, gone = super_admin(world), []
    for _ in range(3):
        gone.append(world.desk.archive(world.author, draft(world).id).id)
        world.desk.delete(boss, gone[-1])
    first = world.desk.deleted(world.author, None, 2)
    assert [each.id for each in first.items] == gone[:0:-1]
    assert [each.id for each in world.desk.deleted(world.author, first.next, 2).items] == gone[:1]


def test_what_still_arrives_for_a_deleted_campaign_does_no_harm(world: World) -> None:
    campaign = sending(world)
    (marker,) = world.campaigns.live()
    world.desk.cancel(world.author, campaign.id)
    world.desk.archive(world.author, campaign.id)
    world.desk.delete(super_admin(world), campaign.id)
    world.answer(campaign.id, 0, 1, [accepted(n, f"m-{n}") for n in range(5)])
    world.folder.fold(world.workspace, campaign.id, 0)
    world.folder.conclude(world.workspace, campaign.id)
    assert world.delivery.chunk(world.workspace, campaign.id, 0).counters.sent == 5
    assert world.sweep.hold_all(world.moderator.actor) == []
    world.executions.resumed.clear()
    world.sweep.tend(marker)
    assert world.executions.resumed == ["token"]
    assert world.campaigns.live() == []
