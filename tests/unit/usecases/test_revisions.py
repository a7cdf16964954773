"""Revisions of senders on fakes: written, handed in, shelved, and which is current (SPEC 3)."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.channel import Channel
from chalicelib.domain.errors import (
    Conflict,
    Forbidden,
    IllegalMove,
    Invalid,
)
from chalicelib.domain.moderation import QueueItem, revision_digest, revision_item, standing
from chalicelib.domain.rights import Role
from chalicelib.domain.sender import (
    DESTINATION,
    LONG_NUMBER,
    REVISIONS_MAX,
    SHORT_CODE,
    NumberType,
    Revision,
    RevisionStatus,
)
from chalicelib.usecases.senders import (
    NewRevision,
    RevisionChanges,
    SenderDesk,
)
from tests.fakes import samples
from tests.fakes.world import World
from tests.unit.usecases.sender_desk import (
    CHANNEL,
    NEW,
    approve,
    audited,
    refused,
    snapshot,
    submitted,
    waiting,
)

if TYPE_CHECKING:
    from chalicelib.usecases.auditing import Caller


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def desk(world: World) -> SenderDesk:
    return world.api.senders


@pytest.fixture
def admin(world: World) -> Caller:
    return world.person("admin@example.com", Role.ADMIN)


# --- revisions ---


def test_a_revision_begins_as_a_draft(world: World, desk: SenderDesk) -> None:
    sender = desk.get(world.author, world.sender)
    made = desk.add_revision(world.author, world.sender, NEW)
    assert made == Revision(
        sender=world.sender,
        number=2,
        workspace=world.workspace,
        status=RevisionStatus.DRAFT,
        address="SHOP",
        source=NumberType(5, 0),
        destination=DESTINATION,
        channel=CHANNEL,
        author=world.author.user,
        created_at=world.clock.now(),
        use="Orders",
        version=1,
    )
    assert desk.revision(world.author, world.sender, 2) == made
    assert [each.number for each in desk.revisions(world.author, world.sender)] == [1, 2]
    counted = desk.get(world.author, world.sender)
    assert (counted.revisions, counted.current_revision) == (2, 1)
    assert counted.version == sender.version + 1
    record = world.records.audit[-1]
    assert (record.action, record.object, record.author) == (
        "revision.created",
        world.sender,
        world.author.user,
    )
    assert (record.before, record.after["revision"]) == ({}, 2)
    assert waiting(world) == []


def test_types_are_what_the_address_asks_for_unless_they_are_given(
    world: World, desk: SenderDesk
) -> None:
    def source(address: str, source: NumberType | None = None) -> NumberType:
        new = NewRevision(address, CHANNEL, source)
        return desk.add_revision(world.author, world.sender, new).source

    assert source("12345") == SHORT_CODE
    assert source("447700900123") == LONG_NUMBER
    assert source("447700900123", NumberType(2, 8)) == NumberType(2, 8)
    made = desk.add_revision(world.author, world.sender, replace(NEW, destination=NumberType(0, 0)))
    assert made.destination == NumberType(0, 0)


@pytest.mark.parametrize(
    ("new", "fields"),
    [
        (replace(NEW, channel="chn_none"), ["channel"]),
        (replace(NEW, channel=""), ["channel"]),
        (replace(NEW, channel="\ud800\x00"), ["channel"]),
        (replace(NEW, channel="c" * 5000), ["channel"]),
        (replace(NEW, address="TwelveChars!"), ["address"]),
        (replace(NEW, address="1" * 21), ["address"]),
        (replace(NEW, address="\u0661\u0662\u0663"), ["address"]),
        (replace(NEW, address="AC\x00"), ["address"]),
        (replace(NEW, address="\udc00"), ["address"]),
        (replace(NEW, address="A" * 100_000), ["address"]),
        (replace(NEW, use="u" * 501), ["use"]),
        (replace(NEW, use="\x00"), ["use"]),
        (replace(NEW, use="\udfff"), ["use"]),
        (replace(NEW, source=NumberType(7, 2)), ["source.ton", "source.npi"]),
        (replace(NEW, address="", channel="x", use="\x07"), ["address", "channel", "use"]),
    ],
)
def test_a_revision_that_cannot_be_is_refused_with_every_field(
    world: World, desk: SenderDesk, new: NewRevision, fields: list[str]
) -> None:
    error = refused(world, Invalid, lambda: desk.add_revision(world.author, world.sender, new))
    assert isinstance(error, Invalid)
    assert [problem.field for problem in error.problems] == fields


@pytest.mark.parametrize("address", ["ElevenChars", "1" * 20])
def test_addresses_as_long_as_they_may_be(world: World, desk: SenderDesk, address: str) -> None:
    new = replace(NEW, address=address)
    assert desk.add_revision(world.author, world.sender, new).address == address


def test_a_sender_with_no_room_takes_no_revision(world: World, desk: SenderDesk) -> None:
    full = replace(desk.get(world.author, world.sender), revisions=REVISIONS_MAX)
    world.changes.save(full, world.audit())
    refused(world, Conflict, lambda: desk.add_revision(world.author, world.sender, NEW))


def test_only_what_is_given_is_edited(world: World, desk: SenderDesk) -> None:
    draft = desk.add_revision(world.author, world.sender, NEW)
    edited = desk.edit_revision(
        world.author, world.sender, 2, RevisionChanges(use="Parcels"), draft.version
    )
    assert edited == replace(draft, use="Parcels", version=2)
    record = world.records.audit[-1]
    assert record.action == "revision.edited"
    assert (record.before["use"], record.after["use"]) == ("Orders", "Parcels")
    assert desk.revision(world.author, world.sender, 2) == edited


def test_a_default_type_follows_an_edited_address(world: World, desk: SenderDesk) -> None:
    desk.add_revision(world.author, world.sender, NEW)

    def edit(**changes: Any) -> Revision:
        return desk.edit_revision(world.author, world.sender, 2, RevisionChanges(**changes))

    assert edit(address="447700900123").source == LONG_NUMBER
    assert edit(source=NumberType(2, 8)).source == NumberType(2, 8)
    assert edit(address="12345").source == NumberType(2, 8)
    assert edit(source=None).source == SHORT_CODE
    assert edit(address="SHOP", source=NumberType(0, 0)).source == NumberType(0, 0)
    assert edit(destination=NumberType(0, 0)).destination == NumberType(0, 0)
    assert edit(destination=None).destination == DESTINATION


def test_an_edit_that_changes_nothing_leaves_nothing(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    draft = desk.add_revision(world.author, world.sender, NEW)
    before, records = snapshot(world), len(world.records.audit)
    same = RevisionChanges(address="SHOP", channel=CHANNEL, use="Orders")
    assert desk.edit_revision(admin, world.sender, 2, same) == draft
    assert desk.edit_revision(admin, world.sender, 2, RevisionChanges()) == draft
    assert (snapshot(world), len(world.records.audit)) == (before, records)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (RevisionChanges(channel="chn_none"), "channel"),
        (RevisionChanges(address="A\x7f"), "address"),
        (RevisionChanges(use="\x1b"), "use"),
        (RevisionChanges(destination=NumberType(1, 2)), "destination.npi"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(
    world: World, desk: SenderDesk, changes: RevisionChanges, field: str
) -> None:
    desk.add_revision(world.author, world.sender, NEW)
    error = refused(
        world, Invalid, lambda: desk.edit_revision(world.author, world.sender, 2, changes)
    )
    assert isinstance(error, Invalid)
    assert [problem.field for problem in error.problems] == [field]


def test_a_draft_moves_to_another_channel(world: World, desk: SenderDesk) -> None:
    world.installation.add_channel(samples.channel(id="chn_b"))
    desk.add_revision(world.author, world.sender, NEW)
    changes = RevisionChanges(channel="chn_b")
    assert desk.edit_revision(world.author, world.sender, 2, changes).channel == "chn_b"


def test_a_channel_that_is_gone_keeps_nobody_from_mending_the_rest(
    world: World, desk: SenderDesk
) -> None:
    desk.add_revision(world.author, world.sender, NEW)
    channel = world.delivery.channel(CHANNEL)
    assert isinstance(channel, Channel)
    world.records.remove(channel)
    edited = desk.edit_revision(world.author, world.sender, 2, RevisionChanges(use="x"))
    assert edited.use == "x"


def test_nobody_approves_what_they_wrote_into_somebody_elses_draft(
    world: World, desk: SenderDesk
) -> None:
    both = world.person("both@example.com", Role.AUTHOR, is_moderator=True)
    desk.add_revision(world.author, world.sender, NEW)
    desk.edit_revision(both, world.sender, 2, RevisionChanges(address="EVIL"))
    pending = desk.submit_revision(both, world.sender, 2)
    assert pending.author == both.user

    def decide() -> Revision:
        shown = revision_digest(pending)
        return world.api.moderation.decide_revision(
            both, world.sender, 2, approve=True, note="", shown=shown
        )

    refused(world, Forbidden, decide)
    assert approve(world, pending).status is RevisionStatus.APPROVED


def test_submitting_puts_into_the_queue_and_withdrawing_takes_out(
    world: World, desk: SenderDesk
) -> None:
    world.clock.advance(timedelta(minutes=5))
    draft = desk.add_revision(world.author, world.sender, NEW)
    turn = world.queue.mark(world.workspace).turn
    pending = desk.submit_revision(world.author, world.sender, 2, draft.version)
    assert (pending.status, pending.submitted_at) == (RevisionStatus.PENDING, world.clock.now())
    (item,) = world.queue.waiting(world.workspace, None, after=None, limit=9).items
    assert item == standing(revision_item(pending))
    assert item.digest == revision_digest(pending)
    mark = world.queue.mark(world.workspace)
    assert (mark.turn != turn, mark.under_way) == (True, {})
    refused(world, IllegalMove, lambda: desk.submit_revision(world.author, world.sender, 2))
    withdrawn = desk.withdraw_revision(world.author, world.sender, 2, pending.version)
    assert withdrawn == replace(draft, version=3)
    assert waiting(world) == []
    assert world.queue.mark(world.workspace).turn != mark.turn
    refused(world, IllegalMove, lambda: desk.withdraw_revision(world.author, world.sender, 2))
    assert audited(world)[-2:] == ["revision.submitted", "revision.withdrawn"]


def test_what_is_decided_is_never_edited(world: World, desk: SenderDesk) -> None:
    approve(world, submitted(world))
    changes = RevisionChanges(address="OTHER")
    for number in (1, 2):
        for call in (
            lambda n=number: desk.edit_revision(world.author, world.sender, n, changes),
            lambda n=number: desk.submit_revision(world.author, world.sender, n),
            lambda n=number: desk.withdraw_revision(world.author, world.sender, n),
        ):
            refused(world, IllegalMove, call)


def test_the_current_revision_is_the_one_approved_last_that_is_not_archived(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    second, third = submitted(world), submitted(world)

    def current() -> int | None:
        return desk.get(admin, world.sender).current_revision

    approve(world, third)
    assert current() == 3
    approve(world, second)
    assert current() == 2
    desk.archive_revision(admin, world.sender, 2)
    assert current() == 3
    desk.archive_revision(admin, world.sender, 3)
    assert current() == 1
    desk.archive_revision(admin, world.sender, 1)
    assert current() is None
    desk.restore_revision(admin, world.sender, 3)
    assert current() == 3
    desk.restore_revision(admin, world.sender, 2)
    assert current() == 2
    desk.restore_revision(admin, world.sender, 1)
    assert current() == 2
    assert audited(world).count("revision.restored") == 3


def test_archived_revisions_keep_their_decision(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    approved = desk.revision(admin, world.sender, 1)
    archived = desk.archive_revision(admin, world.sender, 1, approved.version)
    assert (archived.status, archived.archived_from) == (
        RevisionStatus.ARCHIVED,
        RevisionStatus.APPROVED,
    )
    assert archived.decision == approved.decision
    refused(world, IllegalMove, lambda: desk.archive_revision(admin, world.sender, 1))
    restored = desk.restore_revision(admin, world.sender, 1, archived.version)
    assert restored == replace(approved, version=approved.version + 2)
    refused(world, IllegalMove, lambda: desk.restore_revision(admin, world.sender, 1))


def test_a_draft_is_archived_without_touching_its_sender(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    desk.add_revision(world.author, world.sender, NEW)
    before = desk.get(admin, world.sender)
    desk.archive_revision(admin, world.sender, 2)
    desk.restore_revision(admin, world.sender, 2)
    assert desk.get(admin, world.sender) == before


def test_what_waits_is_not_archived(world: World, desk: SenderDesk, admin: Caller) -> None:
    submitted(world)
    error = refused(world, IllegalMove, lambda: desk.archive_revision(admin, world.sender, 2))
    assert "pending_approval cannot be archived" in str(error)


def test_the_history_is_a_table(world: World, desk: SenderDesk) -> None:
    approve(world, submitted(world, new=replace(NEW, use="=1+1")))
    table = list(csv.reader(io.StringIO(desk.history(world.author, world.sender), newline="")))
    assert [line[0] for line in table] == ["number", "1", "2"]
    assert table[2][1:3] == ["approved", "SHOP"]
    assert table[2][6] == "'=1+1"
    assert table[2][10] == world.moderator.user
    assert table[2][11] == "2026-03-02T09:00:01.000Z"


def test_the_queue_holds_nothing_else_of_senders(world: World, desk: SenderDesk) -> None:
    desk.add_revision(world.author, world.sender, NEW)
    assert world.records.all(QueueItem) == []
