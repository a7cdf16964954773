"""Several people at the same sender at once, on fakes: nothing is lost, nothing contradicts itself
(SPEC 3).
"""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import (
    Conflict,
    IllegalMove,
    Outdated,
    Stale,
)
from chalicelib.domain.rights import Role
from chalicelib.domain.sender import (
    Revision,
    RevisionStatus,
)
from chalicelib.usecases.senders import (
    RevisionChanges,
    SenderDesk,
)
from chalicelib.usecases.standing import ROUNDS
from tests.fakes.accounts import Before
from tests.fakes.records import FakeCampaigns
from tests.fakes.world import World
from tests.unit.usecases.sender_desk import (
    NEW,
    approve,
    audited,
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


@pytest.mark.parametrize("key", [None, "key-1"])
def test_of_several_that_add_at_once_each_gets_its_number(
    world: World, desk: SenderDesk, key: str | None
) -> None:
    callers = [world.person(f"{n}@example.com", Role.AUTHOR) for n in range(ROUNDS - 1)]
    together = Barrier(len(callers))
    made: list[Revision] = []

    def add(caller: Caller) -> None:
        together.wait()
        made.append(desk.add_revision(caller, world.sender, NEW, key))

    threads = [Thread(target=add, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.number for each in made) == [2, 3, 4, 5]
    assert {each.author for each in made} == {caller.user for caller in callers}
    assert desk.revisions(world.author, world.sender)[1:] == sorted(made, key=lambda r: r.number)
    assert audited(world).count("revision.created") == len(callers)


def test_one_request_sent_twice_at_once_makes_one_revision(world: World, desk: SenderDesk) -> None:
    together = Barrier(2)
    made: list[Revision] = []

    def add() -> None:
        together.wait()
        made.append(desk.add_revision(world.author, world.sender, NEW, "key-1"))

    threads = [Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made[0] == made[1]
    assert desk.get(world.author, world.sender).revisions == 2


def test_who_loses_adds_the_next_number(world: World, desk: SenderDesk) -> None:
    meanwhile = Before(world, lambda: desk.add_revision(world.moderator, world.sender, NEW))
    made = replace(desk, changes=meanwhile).add_revision(world.author, world.sender, NEW)
    assert made.number == 3
    assert [each.author for each in desk.revisions(world.author, world.sender)[1:]] == [
        world.moderator.user,
        world.author.user,
    ]


def test_who_always_loses_is_told(world: World, desk: SenderDesk, admin: Caller) -> None:
    names = iter("ABCDE")
    meanwhile = Before(
        world, *(lambda: desk.rename(admin, world.sender, next(names)) for _ in range(ROUNDS))
    )
    with pytest.raises(Stale):
        replace(desk, changes=meanwhile).add_revision(world.author, world.sender, NEW)
    assert [each.number for each in desk.revisions(world.author, world.sender)] == [1]


def test_a_submission_does_not_slip_into_a_sender_that_is_being_archived(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    desk.add_revision(world.author, world.sender, NEW)
    meanwhile = Before(world, lambda: desk.archive(admin, world.sender))
    late = replace(desk, changes=meanwhile)
    with pytest.raises(Conflict, match="restore it first"):
        late.submit_revision(world.author, world.sender, 2)
    assert waiting(world) == []
    assert world.queue.mark(world.workspace).under_way == {}


def test_a_sender_that_is_being_archived_takes_a_late_submission_along(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    desk.add_revision(world.author, world.sender, NEW)
    meanwhile = Before(world, lambda: desk.submit_revision(world.author, world.sender, 2))
    replace(desk, changes=meanwhile).archive(admin, world.sender)
    assert waiting(world) == []
    assert desk.revision(admin, world.sender, 2).status is RevisionStatus.DRAFT


def test_two_archivings_at_once_leave_no_archived_revision_current(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    approve(world, submitted(world))
    meanwhile = Before(world, lambda: desk.archive_revision(admin, world.sender, 1))
    replace(desk, changes=meanwhile).archive_revision(admin, world.sender, 2)
    assert desk.get(admin, world.sender).current_revision is None


def test_an_archiving_and_an_approval_at_once_agree_on_what_is_current(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    pending = submitted(world)
    meanwhile = Before(world, lambda: approve(world, pending))
    replace(desk, changes=meanwhile).archive_revision(admin, world.sender, 1)
    assert desk.get(admin, world.sender).current_revision == 2


class AfterReading(FakeCampaigns):
    """Something happens once, as soon as a sender's revisions are read."""

    def __init__(self, world: World, happens: Callable[[], object]) -> None:
        super().__init__(world.records)
        self._happens: Callable[[], object] | None = happens

    def revisions(self, workspace: str, sender: str) -> list[Revision]:
        found = super().revisions(workspace, sender)
        happens, self._happens = self._happens, None
        if happens is not None:
            happens()
        return found


def test_revisions_that_change_after_they_were_read_are_read_again(
    world: World, desk: SenderDesk, admin: Caller
) -> None:
    """The sender's version vouches for them: it is read first."""
    pending = submitted(world)
    late = replace(desk, campaigns=AfterReading(world, lambda: approve(world, pending)))
    late.archive_revision(admin, world.sender, 1)
    assert desk.get(admin, world.sender).current_revision == 2
    third = desk.add_revision(world.author, world.sender, NEW)
    submit = AfterReading(
        world, lambda: desk.submit_revision(world.author, world.sender, third.number)
    )
    replace(desk, campaigns=submit).archive(admin, world.sender)
    assert waiting(world) == []
    assert desk.revision(admin, world.sender, 3).status is RevisionStatus.DRAFT


def test_withdrawing_what_is_decided_meanwhile_says_so(world: World, desk: SenderDesk) -> None:
    pending = submitted(world)
    meanwhile = Before(world, lambda: approve(world, pending))
    late = replace(desk, changes=meanwhile)
    with pytest.raises(IllegalMove, match="approved cannot be withdrawn"):
        late.withdraw_revision(world.author, world.sender, 2)


def test_a_named_version_is_not_changed_under_the_caller(world: World, desk: SenderDesk) -> None:
    draft = desk.add_revision(world.author, world.sender, NEW)
    meanwhile = Before(
        world,
        lambda: desk.edit_revision(world.moderator, world.sender, 2, RevisionChanges(use="theirs")),
    )
    late = replace(desk, changes=meanwhile)
    with pytest.raises(Outdated):
        late.edit_revision(
            world.author, world.sender, 2, RevisionChanges(use="mine"), draft.version
        )
    assert desk.revision(world.author, world.sender, 2).use == "theirs"


def test_an_edit_meanwhile_is_kept_beside_ones_own(world: World, desk: SenderDesk) -> None:
    desk.add_revision(world.author, world.sender, NEW)
    meanwhile = Before(
        world,
        lambda: desk.edit_revision(world.moderator, world.sender, 2, RevisionChanges(use="theirs")),
    )
    edited = replace(desk, changes=meanwhile).edit_revision(
        world.author, world.sender, 2, RevisionChanges(address="MINE")
    )
    assert (edited.use, edited.address) == ("theirs", "MINE")
