"""Cloning campaigns: a draft of one's own from whatever there is (SPEC 3.2, 4.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.campaign import Campaign
from chalicelib.domain.errors import (
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
)
from chalicelib.domain.rights import Right, Role, Scope
from chalicelib.usecases.drafting import OverridesChanges
from tests.fakes.world import World
from tests.unit.usecases.drafts import (
    HOUR,
    NUMBERS,
    archive_sender,
    archived,
    make_current,
    revised,
    written,
)


@pytest.fixture
def world() -> World:
    return World()


# --- clone ---


def test_a_clone_is_a_draft_of_the_callers_own(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    original = world.draft(
        list=recipients.id,
        channel=world.channel,
        auto_start=True,
        overrides=OverridesChanges(saddr="ACME", ston=5),
    )
    world.approve(world.desk.submit(world.author, original.id))
    other = world.person("other@example.com", Role.AUTHOR)
    world.clock.advance(HOUR)
    before = len(world.records.audit)
    copy = world.api.drafting.clone(other, original.id)
    assert copy == Campaign(
        id=copy.id,
        workspace=world.workspace,
        author=other.user,
        content=original.content,
        created_at=world.clock.now(),
        address="ACME",
        version=1,
    )
    assert copy.id != original.id
    (record,) = world.records.audit[before:]
    assert (record.action, record.object, record.author) == ("campaign.cloned", copy.id, other.user)
    assert (record.after["cloned_from"], record.after["text"]) == (original.id, "Hello")


def test_a_clone_may_have_a_name_of_its_own(world: World) -> None:
    original = world.draft()
    assert world.api.drafting.clone(world.author, original.id, " Summer ").content.name == "Summer"
    with pytest.raises(Invalid, match="name"):
        world.api.drafting.clone(world.author, original.id, "x" * 201)


def test_the_same_key_clones_once(world: World) -> None:
    original = world.draft()
    clone = world.api.drafting.clone
    first = clone(world.author, original.id, key="key-1")
    assert clone(world.author, original.id, key="key-1") == first
    with pytest.raises(KeyReused):
        clone(world.author, original.id, "Summer", key="key-1")
    with pytest.raises(KeyReused):
        clone(world.author, first.id, key="key-1")


def test_a_clone_has_the_senders_current_revision(world: World) -> None:
    original = world.draft(overrides=OverridesChanges(saddr="ACME"))
    revised(world, 2, "approved", "SHOP")
    revised(world, 3, "approved", "ACME")
    make_current(world, 2)
    copy = world.api.drafting.clone(world.author, original.id).content
    assert (copy.sender, copy.revision) == (world.sender, 2)
    assert (copy.overrides.saddr, copy.overrides.saddr_revision) == ("ACME", 3)


def test_a_clone_of_an_archived_sender_has_none(world: World) -> None:
    original = world.draft(overrides=OverridesChanges(saddr="ACME"))
    archive_sender(world)
    copy = world.api.drafting.clone(world.author, original.id)
    assert (copy.content.sender, copy.content.revision) == (None, None)
    # It stays to be refused at submission: without it another address would be used unnoticed.
    assert (copy.content.overrides, copy.address) == (original.content.overrides, "ACME")


def test_a_clone_of_a_sender_without_an_approved_revision_has_none(world: World) -> None:
    original = world.draft()
    world.forge_sender("archived")
    copy = world.api.drafting.clone(world.author, original.id)
    assert (copy.content.sender, copy.content.revision, copy.address) == (None, None, "")


def test_a_draft_without_a_sender_is_cloned_as_it_is(world: World) -> None:
    original = world.api.drafting.create(world.author, written(text="Hello"))
    assert world.api.drafting.clone(world.author, original.id).content == original.content


def test_an_archived_original_is_for_those_who_see_the_archive(world: World) -> None:
    original = archived(world, world.draft())
    copy = world.api.drafting.clone(world.author, original.id)
    assert (copy.archived_at, copy.content) == (None, original.content)
    blind = replace(world.author, scopes={**world.author.scopes, Right.VIEW_ARCHIVE: Scope.NONE})
    with pytest.raises(Forbidden, match="archive"):
        world.api.drafting.clone(blind, original.id)
    unseeing = replace(world.author, scopes={**world.author.scopes, Right.VIEW: Scope.NONE})
    with pytest.raises(Forbidden, match="view"):
        world.api.drafting.clone(unseeing, original.id)


def test_what_is_not_there_is_not_cloned(world: World) -> None:
    with pytest.raises(NotFound, match="no such campaign"):
        world.api.drafting.clone(world.author, "cmp_none")
