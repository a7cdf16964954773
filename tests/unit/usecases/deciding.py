"""What tests of moderation share: things handed in, and decisions on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.moderation import revision_digest
from chalicelib.usecases.senders import NewRevision
from tests.fakes.accounts import Before

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.sender import Revision
    from chalicelib.usecases.auditing import Caller
    from chalicelib.usecases.moderation import Moderation
    from tests.fakes.records import FakeChanges
    from tests.fakes.world import World

NUMBERS = [447_700_900_000 + n for n in range(5)]


def handed_in(world: World, **content: Any) -> Campaign:
    if "list" not in content:
        content["list"] = world.ready_list(NUMBERS).id
    return world.desk.submit(world.author, world.draft(**content).id)


def revision_handed_in(world: World, address: str = "SHOP") -> Revision:
    new = NewRevision(address, world.channel)
    made = world.api.senders.add_revision(world.author, world.sender, new)
    return world.api.senders.submit_revision(world.author, world.sender, made.number)


def decide(world: World, campaign: Campaign, who: Caller | None = None, **more: Any) -> Campaign:
    given = {"approve": True, "note": "", "shown": campaign.digest, **more}
    return world.api.moderation.decide_campaign(who or world.moderator, campaign.id, **given)


def reject(world: World, campaign: Campaign, who: Caller | None = None) -> Campaign:
    return decide(world, campaign, who, approve=False, note="typo", shown=None)


def decide_revision(
    world: World, revision: Revision, who: Caller | None = None, **more: Any
) -> Revision:
    given = {"approve": True, "note": "", "shown": revision_digest(revision), **more}
    return world.api.moderation.decide_revision(
        who or world.moderator, revision.sender, revision.number, **given
    )


def interrupted(world: World, *happenings: Callable[[], object]) -> Moderation:
    """Things happen between its readings and its commits."""
    return over(world, Before(world, *happenings))


def over(world: World, changes: FakeChanges) -> Moderation:
    moderation = world.api.moderation
    return replace(
        moderation, changes=changes, starter=replace(moderation.starter, changes=changes)
    )


def waiting(world: World) -> list[str]:
    page = world.queue.waiting(world.workspace, None, after=None, limit=100)
    return [item.object for item in page.items]


def allow_self_approval(world: World) -> None:
    workspace = world.directory.workspace(world.workspace)
    world.records.put(replace(workspace, self_approval=True))


def actions(world: World) -> list[str]:
    return [record.action for record in world.records.audit]
