"""What tests of the campaign desk share: campaigns on their way, and who handles them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import (
    Invalid,
)
from chalicelib.domain.moderation import QueueItem
from chalicelib.domain.rights import Right, Role, Scope
from chalicelib.domain.survey import Survey, survey_digest
from chalicelib.domain.workspace import MASTER
from tests.fakes import samples

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.auditing import Caller
    from tests.fakes.world import World

NUMBERS = [447_700_900_000 + n for n in range(5)]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def draft(world: World, **changes: Any) -> Campaign:
    """One that can be submitted as it stands."""
    return world.draft(**{"list": world.ready_list(NUMBERS).id, **changes})


def submitted(world: World, **changes: Any) -> Campaign:
    return world.desk.submit(world.author, draft(world, **changes).id)


def approved(world: World, **changes: Any) -> Campaign:
    return world.approve(submitted(world, **changes))


def sending(world: World) -> Campaign:
    campaign = world.approved_campaign(NUMBERS)
    world.driver.build(world.workspace, campaign)
    world.driver.open(world.workspace, campaign, 0, "token")
    return world.campaigns.campaign(world.workspace, campaign)


def cancelled(world: World) -> Campaign:
    return world.desk.cancel(world.author, approved(world, auto_start=True).id)


def stored(world: World, campaign: Campaign) -> Campaign:
    return world.campaigns.campaign(world.workspace, campaign.id)


def queue_of(world: World) -> list[QueueItem]:
    return world.records.all(QueueItem)


def actions(world: World, since: int = 0) -> list[str]:
    return [record.action for record in world.records.audit[since:]]


def problems(world: World, campaign: Campaign) -> dict[str, str]:
    before = len(world.records.audit)
    with pytest.raises(Invalid) as refusal:
        world.desk.submit(world.author, campaign.id)
    assert len(world.records.audit) == before
    assert stored(world, campaign) == campaign
    assert queue_of(world) == []
    return {problem.field: problem.message for problem in refusal.value.problems}


def admin(world: World) -> Caller:
    return world.person("admin@example.com", Role.ADMIN)


def super_admin(world: World) -> Caller:
    """A visitor: no member of the workspace, with every right in it."""
    if not world.directory.roster(MASTER).admins:
        world.installation.add_workspace(MASTER, "Installation", "UTC")
        user = world.installation.add_person("root@example.com", "Root", "correct horse battery")
        world.installation.add_member(MASTER, user.id, Role.SUPER_ADMIN)
    (root,) = world.directory.roster(MASTER).admins
    member = world.directory.member(MASTER, root)
    assert member is not None
    return replace(world.caller(member), workspace=world.workspace)


def survey_of(campaign: Campaign, recipients: RecipientList, **changes: Any) -> Survey:
    return samples.survey(
        workspace=campaign.workspace,
        campaign=campaign.id,
        digest=survey_digest(campaign.content, recipients),
        recipients=5,
        **{"counted": 5, **changes},
    )


def without(caller: Caller, right: Right) -> Caller:
    return replace(caller, scopes={**caller.scopes, right: Scope.NONE})


def leaves(world: World, user: str) -> None:
    member = world.directory.member(world.workspace, user)
    assert member is not None
    world.changes.forget(member)
