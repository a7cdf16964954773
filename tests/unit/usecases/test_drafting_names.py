"""What a draft names: sender, revision, address, list and channel (SPEC 3.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.content import Overrides
from chalicelib.domain.errors import (
    Invalid,
)
from chalicelib.usecases.drafting import OverridesChanges
from tests.fakes import samples
from tests.fakes.world import World
from tests.unit.usecases.drafts import (
    HOUR,
    NUMBERS,
    archive_sender,
    edit,
    make_current,
    overridden,
    refused,
    revised,
    written,
)


@pytest.fixture
def world() -> World:
    return World()


# --- the sender ---


def test_a_campaign_has_the_senders_current_revision(world: World) -> None:
    revised(world, 2, "approved", "SHOP")
    make_current(world, 2)
    made = world.draft(sender=world.sender)
    assert (made.content.revision, made.address) == (2, "SHOP")
    older = world.draft(sender=world.sender, revision=1)
    assert (older.content.revision, older.address) == (1, "ACME")


def test_a_sender_that_cannot_be_used_is_named_with_the_fix(world: World) -> None:
    waiting = world.add_sender("New", "NEW", approved=False)
    assert "no sender of this workspace" in refused(world, written(sender="snd_none"))["sender"]
    assert "no approved revision" in refused(world, written(sender=waiting.id))["sender"]
    archive_sender(world)
    assert "archived: restore it" in refused(world, written(sender=world.sender))["sender"]


def test_a_sender_of_another_workspace_is_none_of_this_one(world: World) -> None:
    world.installation.add_workspace("wsp_b", "Others", "UTC")
    theirs = world.add_sender("Theirs", "THEIRS", workspace="wsp_b")
    told = refused(world, written(sender=theirs.id))
    assert told == refused(world, written(sender="snd_none"))
    assert refused(world, overridden(saddr="THEIRS")) == refused(world, overridden(saddr="NONE"))


def test_a_current_revision_that_is_not_approved_any_more_is_none(world: World) -> None:
    world.forge_sender("archived")
    assert "no approved revision" in refused(world, written(sender=world.sender))["sender"]


@pytest.mark.parametrize("status", ["draft", "pending_approval", "rejected", "archived"])
def test_a_revision_that_is_named_is_approved(world: World, status: str) -> None:
    revised(world, 2, status, "SHOP")
    told = refused(world, written(sender=world.sender, revision=2))
    assert "no approved revision of this sender" in told["revision"]


def test_a_revision_is_of_the_sender_that_is_named(world: World) -> None:
    revised(world, 7, "approved", "OTHER", sender="snd_other")
    for number in (7, 99, 0, -1):
        told = refused(world, written(sender=world.sender, revision=number))
        assert list(told) == ["revision"]
    assert "name the sender" in refused(world, written(revision=1))["revision"]


def test_another_revision_can_be_named_later(world: World) -> None:
    revised(world, 2, "approved", "SHOP")
    draft = world.draft()
    changed = edit(world, draft, written(revision=2))
    assert (changed.content.revision, changed.address) == (2, "SHOP")


def test_the_revision_stays_while_the_sender_does(world: World) -> None:
    draft = world.draft()
    revised(world, 2, "approved", "SHOP")
    make_current(world, 2)
    kept = edit(world, draft, written(sender=world.sender, text="Bye"))
    assert (kept.content.revision, kept.address) == (1, "ACME")


def test_without_a_sender_there_is_no_revision(world: World) -> None:
    draft = world.draft()
    bare = edit(world, draft, written(sender=None))
    assert (bare.content.sender, bare.content.revision, bare.address) == (None, None, "")
    with pytest.raises(Invalid, match="revision"):
        edit(world, bare, written(revision=1))
    again = edit(world, bare, written(sender=world.sender))
    assert (again.content.revision, again.address) == (1, "ACME")


def test_another_sender_brings_its_own_revision(world: World) -> None:
    draft = world.draft()
    other = world.add_sender("Bar", "BAR")
    revised(world, 4, "approved", "BAR 4", sender=other.id)
    stored = world.campaigns.sender(world.workspace, other.id)
    world.changes.keep(replace(stored, current_revision=4))
    changed = edit(world, draft, written(sender=other.id))
    assert (changed.content.sender, changed.content.revision) == (other.id, 4)
    assert changed.address == "BAR 4"


def test_what_was_usable_when_it_was_named_does_not_keep_others_from_changing(
    world: World,
) -> None:
    draft = world.draft(overrides=OverridesChanges(saddr="ACME"))
    archive_sender(world)
    assert edit(world, draft, written(text="Bye")).content.text == "Bye"


# --- the address override ---


def test_an_override_pins_the_revision_whose_address_it_is(world: World) -> None:
    draft = world.draft(overrides=OverridesChanges(saddr="ACME"))
    overrides = draft.content.overrides
    assert (overrides.saddr_sender, overrides.saddr_revision) == (world.sender, 1)
    cleared = edit(world, draft, overridden(saddr=None))
    assert cleared.content.overrides == Overrides()


def test_recipients_see_the_override(world: World) -> None:
    revised(world, 2, "approved", "SHOP")
    draft = world.draft(overrides=OverridesChanges(saddr="SHOP"))
    assert draft.address == "SHOP"
    assert draft.content.overrides.saddr_revision == 2
    assert edit(world, draft, overridden(saddr=None)).address == "ACME"
    bare = world.draft(sender=None, overrides=OverridesChanges(saddr="SHOP"))
    assert (bare.content.sender, bare.address) == (None, "SHOP")


@pytest.mark.parametrize("address", ["acme", "ACME ", "", "NOBODY", "x" * 300, "Ж"])
def test_an_override_is_exactly_an_approved_address(world: World, address: str) -> None:
    told = refused(world, overridden(saddr=address))
    assert "approved, unarchived revision" in told["overrides.saddr"]


@pytest.mark.parametrize("status", ["draft", "pending_approval", "rejected", "archived"])
def test_an_override_of_an_unapproved_revision_is_refused(world: World, status: str) -> None:
    revised(world, 2, status, "SHOP")
    assert list(refused(world, overridden(saddr="SHOP"))) == ["overrides.saddr"]


def test_an_override_of_an_archived_sender_is_refused(world: World) -> None:
    archive_sender(world)
    assert list(refused(world, overridden(saddr="ACME"))) == ["overrides.saddr"]


def test_of_several_with_an_address_the_campaigns_own_senders_is_pinned(world: World) -> None:
    other = world.add_sender("Twin", "ACME")
    revised(world, 2, "approved", "ACME")
    pinned = world.draft(overrides=OverridesChanges(saddr="ACME")).content.overrides
    assert (pinned.saddr_sender, pinned.saddr_revision) == (world.sender, 2)
    archive_sender(world)
    draft = world.draft(sender=other.id, overrides=OverridesChanges(saddr="ACME"))
    assert draft.content.overrides.saddr_sender == other.id


def test_other_overrides_leave_the_address_alone(world: World) -> None:
    draft = world.draft(overrides=OverridesChanges(saddr="ACME", ston=5))
    changed = edit(world, draft, overridden(validity=HOUR, ston=None))
    overrides = changed.content.overrides
    assert (overrides.saddr, overrides.saddr_revision) == ("ACME", 1)
    assert (overrides.validity, overrides.ston) == (HOUR, None)


# --- the list and the channel ---


def test_a_list_and_a_channel_are_there(world: World) -> None:
    told = refused(world, written(list="lst_none", channel="chn_none"))
    assert told == {
        "list": "there is no such list: choose another",
        "channel": "there is no such channel: choose another",
    }
    foreign = samples.recipient_list(id="lst_theirs", workspace="wsp_b")
    world.changes.keep(foreign)
    assert refused(world, written(list="lst_theirs")) == {"list": told["list"]}


def test_they_can_be_taken_away_again(world: World) -> None:
    draft = world.draft(list=world.ready_list(NUMBERS).id, channel=world.channel)
    bare = edit(world, draft, written(list=None, channel=None))
    assert (bare.content.list, bare.content.channel) == (None, None)
