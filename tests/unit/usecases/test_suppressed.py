"""Looking at who wants no messages, and what others get to know of what is said for all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import Forbidden, Invalid, Unavailable
from chalicelib.domain.recipient_list import ListCounts
from chalicelib.domain.rights import Right, Role, Scope
from chalicelib.domain.tokens import hasher
from chalicelib.domain.workspace import MASTER
from tests.fakes import samples
from tests.fakes.services import MORNING
from tests.fakes.suppressions import stored_list
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.auditing import Caller
    from chalicelib.usecases.suppressed import Suppressed

ONE, TWO, THREE = 447400000001, 447400000002, 447400000003
BEFORE = MORNING - timedelta(hours=1)


@dataclass
class Desk:
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.world.installation.add_workspace(MASTER, "Installation", "UTC")
        self.admin = self.world.person("admin@example.com", Role.ADMIN)
        self.ruler = replace(self.admin, workspace=MASTER)

    @property
    def suppressed(self) -> Suppressed:
        return self.world.api.suppressed

    def add(self, caller: Caller, *numbers: int) -> None:
        self.world.api.suppressing.add(caller, [f"+{each}" for each in numbers], "by phone")

    def lift(self, caller: Caller, *numbers: int) -> None:
        self.world.api.suppressing.lift(caller, [f"+{each}" for each in numbers])

    def put_list(self, workspace: str, *numbers: int, **facts: Any) -> None:
        made = samples.suppression_list(workspace=workspace, **facts)
        key = self.key(workspace)
        stored_list(self.world.blobs, workspace, made.list, numbers, key=key)
        ready = samples.recipient_list(
            id=made.list, workspace=workspace, counts=ListCounts(valid=len(numbers))
        )
        self.world.changes.commit(made, ready, audit=samples.audit())

    def key(self, workspace: str = "wsp_a") -> bytes:
        wrapped = self.world.directory.workspace(workspace).wrapped_data_key
        return self.world.data_keys.unwrap(workspace, wrapped)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_entry_says_who_said_it_and_when(desk: Desk) -> None:
    desk.add(desk.admin, ONE)

    found = desk.suppressed.look_up(desk.admin, "0044 7400 000001")

    assert (found.suppressed, found.lists, found.for_all) == (True, (), False)
    assert (found.number, found.ctn_hash) == (
        "********0001",
        hasher(desk.key())(str(ONE)).hex(),
    )
    assert found.entry is not None
    assert (found.entry.by, found.entry.note, found.entry.at) == (
        desk.admin.user,
        "by phone",
        MORNING,
    )
    assert "4474" not in repr(found)
    assert not desk.suppressed.look_up(desk.admin, f"+{TWO}").suppressed


def test_lists_that_hold_a_number_are_named(desk: Desk) -> None:
    desk.put_list("wsp_a", ONE, TWO, list="lst_1")
    desk.put_list("wsp_a", *range(TWO, TWO + 20), list="lst_2")
    desk.put_list("wsp_a", TWO, list="lst_3", withdrawn_at=MORNING)

    found = desk.suppressed.look_up(desk.admin, f"+{TWO}")

    assert (found.suppressed, found.entry, found.lists) == (True, None, ("lst_2", "lst_1"))
    assert desk.suppressed.look_up(desk.admin, f"+{ONE}").lists == ("lst_1",)
    for other in range(447400000100, 447400000120):
        assert not desk.suppressed.look_up(desk.admin, f"+{other}").suppressed


def test_a_lifted_entry_outweighs_lists_that_are_older(desk: Desk) -> None:
    desk.put_list("wsp_a", ONE, list="lst_1", at=BEFORE)
    desk.lift(desk.admin, ONE)

    found = desk.suppressed.look_up(desk.admin, f"+{ONE}")
    assert (found.suppressed, found.lists) == (False, ())
    assert found.entry is not None
    assert found.entry.lifted

    desk.put_list("wsp_a", ONE, list="lst_2", at=MORNING + timedelta(hours=1))
    assert desk.suppressed.look_up(desk.admin, f"+{ONE}").lists == ("lst_2",)


@pytest.mark.parametrize(
    "suppress",
    [
        lambda desk: desk.add(desk.ruler, ONE),
        lambda desk: desk.put_list(MASTER, ONE, TWO, list="lst_secret"),
    ],
)
def test_of_what_holds_for_all_nobody_hears_more_than_that(
    desk: Desk, suppress: Callable[[Desk], None]
) -> None:
    suppress(desk)
    desk.lift(desk.admin, ONE)

    found = desk.suppressed.look_up(desk.admin, f"+{ONE}")
    assert (found.suppressed, found.entry, found.lists, found.for_all) == (True, None, (), True)
    assert list(desk.suppressed.page(desk.admin, None, 50).items) == []
    assert list(desk.suppressed.lists(desk.admin, None, 50).items) == []
    own = desk.suppressed.look_up(desk.ruler, f"+{ONE}")
    assert (own.suppressed, own.for_all) == (True, False)

    desk.lift(desk.ruler, ONE)
    assert not desk.suppressed.look_up(desk.admin, f"+{ONE}").suppressed


def test_without_a_master_workspace_nothing_holds_for_all(desk: Desk) -> None:
    desk.world.records.remove(desk.world.directory.workspace(MASTER))
    assert not desk.suppressed.look_up(desk.admin, f"+{ONE}").suppressed


def test_a_list_that_cannot_be_read_is_no_missing_one(desk: Desk) -> None:
    """And its name, which may be the master's, is not told."""
    desk.put_list(MASTER, ONE, list="lst_secret")
    desk.world.blobs.objects.clear()

    with pytest.raises(Unavailable) as refused:
        desk.suppressed.look_up(desk.admin, f"+{ONE}")
    assert "lst_secret" not in str(refused.value)


@pytest.mark.parametrize("number", ["", "abc", "+44", "\ud800", "+" * 9999])
def test_what_is_no_number_is_refused(desk: Desk, number: str) -> None:
    with pytest.raises(Invalid) as refused:
        desk.suppressed.look_up(desk.admin, number)
    assert [problem.field for problem in refused.value.problems] == ["number"]


def test_entries_come_page_by_page_masked(desk: Desk) -> None:
    desk.add(desk.admin, *range(ONE, ONE + 5))
    desk.lift(desk.admin, ONE)

    first = desk.suppressed.page(desk.admin, None, 3)
    second = desk.suppressed.page(desk.admin, first.next, 3)

    lines = [*first.items, *second.items]
    assert second.next is None
    assert sorted(line.number for line in lines) == [f"********000{n}" for n in range(1, 6)]
    assert [line.number for line in lines if line.lifted] == ["********0001"]
    assert len({line.ctn_hash for line in lines}) == 5
    assert "numbers.read" not in {record.action for record in desk.world.records.audit}


def test_full_numbers_need_the_right_and_leave_a_record(desk: Desk) -> None:
    desk.add(desk.admin, ONE)
    shy = replace(desk.admin, scopes={**desk.admin.scopes, Right.FULL_NUMBERS: Scope.NONE})

    with pytest.raises(Forbidden):
        desk.suppressed.page(shy, None, 3, full=True)
    (line,) = desk.suppressed.page(desk.admin, None, 3, full=True).items

    assert line.number == str(ONE)
    record = desk.world.records.audit[-1]
    assert (record.action, record.object) == ("numbers.read", "suppressions")
    assert record.after == {"numbers": 1, "first": line.ctn_hash, "last": line.ctn_hash}
    assert "4474" not in repr(record)


def test_a_full_page_of_nothing_is_recorded_too(desk: Desk) -> None:
    assert list(desk.suppressed.page(desk.admin, None, 3, full=True).items) == []
    assert desk.world.records.audit[-1].after == {"numbers": 0, "first": None, "last": None}


def test_lists_come_newest_first_page_by_page(desk: Desk) -> None:
    for number in range(5):
        desk.put_list("wsp_a", *range(ONE, ONE + number + 1), list=f"lst_{number}")

    first = desk.suppressed.lists(desk.admin, None, 2)
    second = desk.suppressed.lists(desk.admin, first.next, 9)

    lines = [*first.items, *second.items]
    assert [line.record.list for line in lines] == [f"lst_{n}" for n in (4, 3, 2, 1, 0)]
    assert [line.list.counts.valid for line in lines] == [5, 4, 3, 2, 1]
    assert (first.next, second.next) == ("lst_3", None)


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.MODERATOR])
def test_who_lacks_the_right_sees_nothing(desk: Desk, role: Role) -> None:
    caller = desk.world.person("other@example.com", role)
    for attempt in (
        lambda: desk.suppressed.look_up(caller, f"+{ONE}"),
        lambda: desk.suppressed.page(caller, None, 3),
        lambda: desk.suppressed.lists(caller, None, 3),
    ):
        with pytest.raises(Forbidden):
            attempt()
