"""Senders on fakes: who may do what, what is kept, what pages show (SPEC 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import (
    Conflict,
    Forbidden,
    IllegalMove,
    Invalid,
    KeyReused,
    NotFound,
    Outdated,
)
from chalicelib.domain.rights import Right, Role, Scope, Standing
from chalicelib.domain.sender import (
    RevisionStatus,
    Sender,
)
from chalicelib.usecases.senders import (
    WITHDRAWN_MAX,
    RevisionChanges,
    SenderDesk,
)
from tests.fakes import samples
from tests.fakes.accounts import Before
from tests.fakes.world import World
from tests.unit.usecases.sender_desk import (
    NEW,
    audited,
    refused,
    submitted,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable

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


# --- senders ---


def test_a_sender_is_created_with_a_record(world: World, desk: SenderDesk, admin: Caller) -> None:
    made = desk.create(admin, "  Boutique ")
    assert made == Sender(made.id, world.workspace, "Boutique", None, world.clock.now(), version=1)
    assert desk.get(world.author, made.id) == made
    record = world.records.audit[-1]
    assert (record.action, record.object) == ("sender.created", made.id)
    assert record.after == {"name": "Boutique", "current_revision": None, "archived": False}


@pytest.mark.parametrize("name", ["", " ", "n" * 101, "a\x00b", "\ud800", "a\nb", "n" * 100_000])
def test_a_name_that_cannot_be_is_refused(
    world: World, desk: SenderDesk, admin: Caller, name: str
) -> None:
    for call in (lambda: desk.create(admin, name), lambda: desk.rename(admin, world.sender, name)):
        error = refused(world, Invalid, call)
        assert isinstance(error, Invalid)
        assert [problem.field for problem in error.problems] == ["name"]


def test_a_sender_is_renamed(world: World, desk: SenderDesk, admin: Caller) -> None:
    before = desk.get(admin, world.sender)
    renamed = desk.rename(admin, world.sender, "Store", before.version)
    assert renamed == replace(before, name="Store", version=before.version + 1)
    assert desk.get(admin, world.sender) == renamed
    record = world.records.audit[-1]
    assert (record.before["name"], record.after["name"]) == ("Shop", "Store")
    records = len(world.records.audit)
    assert desk.rename(admin, world.sender, "Store") == renamed
    assert len(world.records.audit) == records


def test_archiving_hides_a_sender_and_restoring_shows_it(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    world.clock.advance(timedelta(hours=1))
    archived = desk.archive(admin, world.sender)
    assert archived.archived_at == world.clock.now()
    assert archived.current_revision == 1
    assert desk.page(world.author, None, 10).items == []
    assert desk.page(world.author, None, 10, archived=True).items == [archived]
    assert desk.get(world.author, world.sender) == archived
    refused(world, IllegalMove, lambda: desk.archive(admin, world.sender))
    restored = desk.restore(admin, world.sender)
    assert restored == replace(archived, archived_at=None, version=archived.version + 1)
    refused(world, IllegalMove, lambda: desk.restore(admin, world.sender))
    assert audited(world)[-2:] == ["sender.archived", "sender.restored"]


def test_what_waits_is_withdrawn_when_its_sender_is_archived(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    waits = [submitted(world), submitted(world)]
    draft = desk.add_revision(world.author, world.sender, NEW)
    records = len(world.records.audit)
    tag = world.queue.mark(world.workspace).turn
    desk.archive(admin, world.sender)
    assert waiting(world) == []
    assert world.queue.mark(world.workspace).turn != tag
    found = {each.number: each for each in desk.revisions(admin, world.sender)}
    for each in waits:
        assert found[each.number].status is RevisionStatus.DRAFT
        assert found[each.number].submitted_at is None
        assert found[each.number].version == each.version + 1
    assert found[draft.number] == draft
    assert len(world.records.audit) == records + 1
    assert world.records.audit[-1].after["withdrawn_revisions"] == "2 3"
    desk.restore(admin, world.sender)
    assert waiting(world) == []


def test_an_archived_sender_takes_and_submits_no_revision(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    draft = desk.add_revision(world.author, world.sender, NEW)
    desk.archive(admin, world.sender)
    refused(world, Conflict, lambda: desk.add_revision(world.author, world.sender, NEW))
    error = refused(
        world, Conflict, lambda: desk.submit_revision(world.author, world.sender, draft.number)
    )
    assert "restore it first" in str(error)
    desk.restore(admin, world.sender)
    desk.submit_revision(world.author, world.sender, draft.number)
    assert waiting(world) == [(world.sender, draft.number)]


def test_a_sender_with_too_much_waiting_is_not_archived(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    """One transaction would not hold it."""
    for _ in range(WITHDRAWN_MAX + 1):
        submitted(world)
    error = refused(world, Conflict, lambda: desk.archive(admin, world.sender))
    assert str(error).startswith("41 of its revisions wait")
    desk.withdraw_revision(world.author, world.sender, 2)
    steps: list[int] = []

    class Counted(Before):
        def commit(self, *records: Any, remove: Any = (), audit: Any) -> None:
            steps.append(len(records) + len(remove) + 1)
            super().commit(*records, remove=remove, audit=audit)

    replace(desk, changes=Counted(world)).archive(admin, world.sender)
    assert steps == [82]
    assert waiting(world) == []


# --- pages ---


def test_pages_hold_what_is_asked_for_and_nothing_twice(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    made = [world.sender, *(desk.create(admin, f"Sender {n}").id for n in range(9))]
    hidden = {made[n] for n in (0, 1, 4, 5, 6, 9)}
    for each in hidden:
        desk.archive(admin, each)
    for archived in (False, True):
        expected = [each for each in reversed(made) if (each in hidden) is archived]
        for limit in range(1, 12):
            seen: list[str] = []
            after: str | None = None
            for _ in range(20):
                page = desk.page(admin, after, limit, archived=archived)
                assert len(page.items) <= limit
                assert page.next is None or len(page.items) == limit
                seen += [sender.id for sender in page.items]
                after = page.next
                if after is None:
                    break
            assert seen == expected


def test_a_page_looks_beyond_a_whole_reading_of_archived_ones(
    world: World, desk: SenderDesk
) -> None:
    for number in range(450):
        when = world.clock.now() if number % 449 else None
        world.records.put(samples.sender(id=f"snd_{number:04}", archived_at=when))
    page = desk.page(world.author, "snd_1", 1)
    assert ([sender.id for sender in page.items], page.next) == (["snd_0449"], "snd_0449")
    page = desk.page(world.author, page.next, 10)
    assert [sender.id for sender in page.items] == [world.sender, "snd_0000"]
    assert page.next is None


def test_the_last_page_says_so(world: World, desk: SenderDesk) -> None:
    assert desk.page(world.author, None, 1).next is None


# --- who may, and what is whose ---


def moves(desk: SenderDesk, caller: Caller, sender: str) -> dict[str, Callable[[], object]]:
    changes = RevisionChanges(use="x")
    return {
        "page": lambda: desk.page(caller, None, 10),
        "archived page": lambda: desk.page(caller, None, 10, archived=True),
        "get": lambda: desk.get(caller, sender),
        "create": lambda: desk.create(caller, "New"),
        "rename": lambda: desk.rename(caller, sender, "New"),
        "archive": lambda: desk.archive(caller, sender),
        "restore": lambda: desk.restore(caller, sender),
        "revisions": lambda: desk.revisions(caller, sender),
        "revision": lambda: desk.revision(caller, sender, 1),
        "history": lambda: desk.history(caller, sender),
        "add": lambda: desk.add_revision(caller, sender, NEW),
        "edit": lambda: desk.edit_revision(caller, sender, 1, changes),
        "submit": lambda: desk.submit_revision(caller, sender, 1),
        "withdraw": lambda: desk.withdraw_revision(caller, sender, 1),
        "archive revision": lambda: desk.archive_revision(caller, sender, 1),
        "restore revision": lambda: desk.restore_revision(caller, sender, 1),
    }


NEEDS = {
    Right.VIEW: {"page", "archived page", "get", "revisions", "revision", "history"},
    Right.VIEW_ARCHIVE: {"archived page"},
    Right.MANAGE_SENDER: {
        *("create", "rename", "archive", "restore"),
        *("archive revision", "restore revision"),
    },
    Right.WRITE_REVISION: {"add", "edit", "submit", "withdraw"},
}


@pytest.mark.parametrize("right", NEEDS)
def test_each_move_asks_for_its_right_before_anything_else(
    world: World, desk: SenderDesk, admin: Caller, right: Right
) -> None:
    without = replace(admin, scopes={**admin.scopes, right: Scope.NONE})
    for sender in (world.sender, "snd_none"):
        for name, call in moves(desk, without, sender).items():
            if name in NEEDS[right]:
                refused(world, Forbidden, call)
            else:
                try:
                    call()
                except (NotFound, Conflict):
                    continue


def test_a_workspace_may_let_authors_manage_senders(world: World, desk: SenderDesk) -> None:
    refused(world, Forbidden, lambda: desk.create(world.author, "Mine"))
    place = world.directory.workspace(world.workspace)
    permissions = {Right.MANAGE_SENDER: {Standing.AUTHOR: Scope.ALL}}
    world.changes.save(replace(place, permissions=permissions), world.audit())
    member = world.directory.member(world.workspace, world.author.user)
    assert member is not None
    assert desk.create(world.caller(member), "Mine").name == "Mine"


@pytest.mark.parametrize("sender", ["snd_theirs", "snd_none", "", "\ud800", "\x00", "s" * 5000])
def test_what_is_another_workspaces_is_not_there(
    world: World, desk: SenderDesk, admin: Caller, sender: str
) -> None:
    theirs = samples.sender(id="snd_theirs", workspace="wsp_b", revisions=1)
    world.records.put(theirs)
    world.records.put(samples.revision(sender="snd_theirs", workspace="wsp_b"))
    told = {
        name: str(refused(world, NotFound, call))
        for name, call in moves(desk, admin, sender).items()
        if name not in {"page", "archived page", "create"}
    }
    assert set(told.values()) <= {
        "There is no such sender.",
        "There is no such revision of this sender.",
    }


@pytest.mark.parametrize("number", [0, 2, 7, -1, 999_999, 10**30])
def test_a_number_that_no_revision_has_is_nobodys(
    world: World, desk: SenderDesk, admin: Caller, number: int
) -> None:
    for call in (
        lambda: desk.revision(admin, world.sender, number),
        lambda: desk.edit_revision(admin, world.sender, number, RevisionChanges(use="x")),
        lambda: desk.submit_revision(admin, world.sender, number),
        lambda: desk.withdraw_revision(admin, world.sender, number),
        lambda: desk.archive_revision(admin, world.sender, number),
        lambda: desk.restore_revision(admin, world.sender, number),
    ):
        refused(world, NotFound, call)


# --- versions and repetitions ---


def test_a_version_that_is_not_the_callers_changes_nothing(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    desk.add_revision(world.author, world.sender, NEW)
    submitted(world)
    changes = RevisionChanges(use="x")
    for call in (
        lambda: desk.rename(admin, world.sender, "New", 99),
        lambda: desk.archive(admin, world.sender, 99),
        lambda: desk.restore(admin, world.sender, 99),
        lambda: desk.edit_revision(admin, world.sender, 2, changes, 99),
        lambda: desk.submit_revision(admin, world.sender, 2, 99),
        lambda: desk.withdraw_revision(admin, world.sender, 3, 99),
        lambda: desk.archive_revision(admin, world.sender, 1, 99),
        lambda: desk.restore_revision(admin, world.sender, 1, 0),
    ):
        refused(world, Outdated, call)


def test_a_request_with_a_key_makes_one_thing(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    made = desk.create(admin, "Store", "key-1")
    assert desk.create(admin, " Store", "key-1") == made
    refused(world, KeyReused, lambda: desk.create(admin, "Other", "key-1"))
    first = desk.add_revision(admin, made.id, NEW, "key-2")
    records = len(world.records.audit)
    desk.archive(admin, made.id)
    assert desk.add_revision(admin, made.id, NEW, "key-2") == first
    assert len(world.records.audit) == records + 1
    refused(world, KeyReused, lambda: desk.add_revision(admin, world.sender, NEW, "key-2"))
    refused(
        world, KeyReused, lambda: desk.add_revision(admin, made.id, replace(NEW, use=""), "key-2")
    )
    refused(world, KeyReused, lambda: desk.add_revision(admin, made.id, NEW, "key-1"))
    assert desk.add_revision(world.author, world.sender, NEW, "key-2").number == 2
