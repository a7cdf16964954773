"""Decisions on revisions, and what they make of the sender (SPEC 3.2, 4.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import (
    AlreadyDecided,
    Conflict,
)
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.moderation import revision_digest
from chalicelib.domain.rights import Role
from chalicelib.domain.sender import RevisionStatus
from chalicelib.usecases.senders import NewRevision
from tests.fakes.world import World
from tests.unit.usecases.deciding import (
    actions,
    decide_revision,
    interrupted,
    revision_handed_in,
    waiting,
)

if TYPE_CHECKING:
    from chalicelib.usecases.auditing import Caller

HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def second(world: World) -> Caller:
    return world.person("second@example.com", Role.MODERATOR)


def test_an_approved_revision_is_what_new_campaigns_use(world: World) -> None:
    revision = revision_handed_in(world)
    before = len(world.records.audit)
    approved = decide_revision(world, revision, note="fine")
    assert approved.status is RevisionStatus.APPROVED
    assert approved == world.campaigns.revision(world.workspace, world.sender, revision.number)
    assert world.campaigns.sender(world.workspace, world.sender).current_revision == 2
    assert waiting(world) == []
    (record,) = world.records.audit[before:]
    assert (record.action, record.object) == ("revision.approved", world.sender)
    assert (record.before["status"], record.after["status"]) == ("pending_approval", "approved")
    assert record.after["revision"] == 2
    assert world.errands.posted == []


def test_a_senders_first_revision(world: World) -> None:
    admin = world.person("admin@example.com", Role.ADMIN)
    sender = world.api.senders.create(admin, "New")
    world.api.senders.add_revision(world.author, sender.id, NewRevision("NEW", world.channel))
    revision = world.api.senders.submit_revision(world.author, sender.id, 1)
    decide_revision(world, revision)
    assert world.campaigns.sender(world.workspace, sender.id).current_revision == 1


def test_a_rejected_revision_leaves_the_sender_alone(world: World) -> None:
    revision = revision_handed_in(world)
    sender = world.campaigns.sender(world.workspace, world.sender)
    rejected = decide_revision(world, revision, approve=False, note="no logo", shown=None)
    assert rejected.status is RevisionStatus.REJECTED
    assert world.campaigns.sender(world.workspace, world.sender) == sender
    assert actions(world)[-1] == "revision.rejected"
    target = f"{world.sender}#{revision.number}"
    assert world.errands.posted == [
        Errand(ErrandKind.REVISION_REJECTED, world.workspace, target=target)
    ]
    assert waiting(world) == []


def test_two_revisions_of_a_sender_approved_at_once(world: World, second: Caller) -> None:
    one, other = revision_handed_in(world, "ONE"), revision_handed_in(world, "OTHER")

    def rush() -> None:
        world.clock.advance(HOUR)
        decide_revision(world, other, second)

    approved = interrupted(world, rush).decide_revision(
        world.moderator,
        one.sender,
        one.number,
        approve=True,
        note="",
        shown=revision_digest(one),
    )
    assert approved.status is RevisionStatus.APPROVED
    found = world.campaigns.revisions(world.workspace, world.sender)
    assert {revision.status for revision in found} == {RevisionStatus.APPROVED}
    assert waiting(world) == []


def test_a_sender_that_is_archived_meanwhile_gets_no_approved_revision(world: World) -> None:
    admin = world.person("admin@example.com", Role.ADMIN)
    revision = revision_handed_in(world)
    slow = interrupted(world, lambda: world.api.senders.archive(admin, world.sender))
    with pytest.raises(Conflict):
        slow.decide_revision(
            world.moderator,
            revision.sender,
            revision.number,
            approve=True,
            note="",
            shown=revision_digest(revision),
        )
    stored = world.campaigns.revision(world.workspace, world.sender, revision.number)
    assert stored.decision is None


def test_revisions_that_wait_on_an_archived_sender_are_not_approved(world: World) -> None:
    revision = revision_handed_in(world)
    sender = world.campaigns.sender(world.workspace, world.sender)
    world.records.put(replace(sender, archived_at=world.clock.now()))
    with pytest.raises(Conflict, match="sender is archived"):
        decide_revision(world, revision)
    decide_revision(world, revision, approve=False, note="too late")
    assert waiting(world) == []


@pytest.mark.parametrize("first", [True, False])
def test_the_slower_moderator_of_a_revision_is_told_who_was_first(
    world: World, second: Caller, *, first: bool
) -> None:
    revision = revision_handed_in(world)
    slow = interrupted(
        world, lambda: decide_revision(world, revision, second, approve=first, note="quick")
    )
    with pytest.raises(AlreadyDecided, match="approved" if first else "rejected"):
        slow.decide_revision(
            world.moderator,
            revision.sender,
            revision.number,
            approve=True,
            note="",
            shown=revision_digest(revision),
        )
    stored = world.campaigns.revision(world.workspace, revision.sender, revision.number)
    assert stored.decision is not None
    assert stored.decision.by == second.user
