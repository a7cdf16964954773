"""What tests of senders and revisions have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.moderation import revision_digest
from chalicelib.usecases.senders import (
    NewRevision,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.errors import (
        MessageCenterError,
    )
    from chalicelib.domain.sender import (
        Revision,
    )
    from tests.fakes.world import World


CHANNEL = "chn_a"
NEW = NewRevision("SHOP", CHANNEL, use="Orders")


def audited(world: World) -> list[str]:
    return [record.action for record in world.records.audit]


def snapshot(world: World) -> dict[type, dict[Any, Any]]:
    return {kind: dict(stored) for kind, stored in world.records._stored.items()}


def waiting(world: World) -> list[tuple[str, int]]:
    items = world.queue.waiting(world.workspace, None, after=None, limit=200).items
    return [(item.object, item.revision) for item in items]


def approve(world: World, revision: Revision) -> Revision:
    world.clock.advance(timedelta(seconds=1))
    return world.api.moderation.decide_revision(
        world.moderator,
        revision.sender,
        revision.number,
        approve=True,
        note="",
        shown=revision_digest(revision),
    )


def submitted(world: World, sender: str = "", new: NewRevision = NEW) -> Revision:
    desk, sender = world.api.senders, sender or world.sender
    draft = desk.add_revision(world.author, sender, new)
    return desk.submit_revision(world.author, sender, draft.number)


def refused(
    world: World, kind: type[MessageCenterError], call: Callable[[], object]
) -> MessageCenterError:
    """The error, which must be of exactly this kind and have changed nothing."""
    before, records = snapshot(world), len(world.records.audit)
    with pytest.raises(kind) as error:
        call()
    assert type(error.value) is kind
    assert snapshot(world) == before
    assert len(world.records.audit) == records
    return error.value
