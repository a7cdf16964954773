"""What tests of drafting share: changes, and senders in whatever state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import (
    Invalid,
)
from chalicelib.domain.moderation import QueueItem
from chalicelib.domain.sender import RevisionStatus
from chalicelib.usecases.drafting import ContentChanges, OverridesChanges

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.sender import Revision
    from tests.fakes.world import World

HOUR = timedelta(hours=1)
NUMBERS = [447_700_900_000 + n for n in range(5)]


def written(**changes: Any) -> ContentChanges:
    return ContentChanges(**changes)


def overridden(**changes: Any) -> ContentChanges:
    return ContentChanges(overrides=OverridesChanges(**changes))


def edit(world: World, campaign: Campaign, changes: ContentChanges, **more: Any) -> Campaign:
    return world.api.drafting.edit(world.author, campaign.id, changes, **more)


def refused(world: World, changes: ContentChanges) -> dict[str, str]:
    """What is told, by field; nothing is made."""
    before = len(world.records.audit)
    with pytest.raises(Invalid) as refusal:
        world.api.drafting.create(world.author, changes)
    assert len(world.records.audit) == before
    return {problem.field: problem.message for problem in refusal.value.problems}


def revised(world: World, number: int, status: str, address: str, sender: str = "") -> Revision:
    """Another revision of a sender, in whatever status."""
    made = replace(
        world.campaigns.revision(world.workspace, world.sender, 1),
        sender=sender or world.sender,
        number=number,
        status=RevisionStatus(status),
        address=address,
        version=0,
    )
    return world.changes.keep(made)


def make_current(world: World, number: int | None) -> None:
    sender = world.campaigns.sender(world.workspace, world.sender)
    world.changes.keep(replace(sender, current_revision=number))


def archive_sender(world: World, sender_id: str = "") -> None:
    sender = world.campaigns.sender(world.workspace, sender_id or world.sender)
    world.changes.keep(replace(sender, archived_at=world.clock.now()))


def archived(world: World, campaign: Campaign) -> Campaign:
    return world.desk.archive(world.author, campaign.id)


def queue_of(world: World) -> list[str]:
    return [item.object for item in world.records.all(QueueItem)]
