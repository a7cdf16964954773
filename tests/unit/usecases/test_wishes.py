"""Who wants no messages: what entries and lists say, of a workspace and of the installation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import NotFound
from chalicelib.domain.suppression import LOOK_BACK
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.wishes import Wishes
from tests.fakes import samples
from tests.fakes.records import FakeChanges, Records
from tests.fakes.services import MORNING, FakeClock
from tests.fakes.storage import FakeBlobs
from tests.fakes.suppressions import FakeSuppressions, stored_list

if TYPE_CHECKING:
    from chalicelib.domain.suppression import SuppressionList

BEFORE, AFTER = MORNING - timedelta(hours=1), MORNING + timedelta(hours=1)
OURS, THEIRS = "wsp_a", "wsp_b"


@dataclass
class Place:
    records: Records = field(default_factory=Records)
    blobs: FakeBlobs = field(default_factory=FakeBlobs)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.suppressions = FakeSuppressions(self.records)
        self.changes = FakeChanges(self.records)
        self.wishes = Wishes(self.suppressions, self.blobs, self.clock)

    def say(self, workspace: str, number: int, **facts: Any) -> None:
        entry = samples.suppression(workspace=workspace, token=number, number=number, **facts)
        self.changes.commit(entry, audit=samples.audit())

    def note(self, workspace: str, change: str, at: datetime, **facts: Any) -> None:
        note = samples.suppression_change(workspace=workspace, id=change, at=at, **facts)
        self.changes.commit(note, audit=samples.audit())

    def put_list(self, workspace: str, numbers: list[int], **facts: Any) -> SuppressionList:
        made = samples.suppression_list(workspace=workspace, **facts)
        stored_list(self.blobs, workspace, made.list, numbers)
        return self.changes.save(made, samples.audit())

    def unwanted(self, workspace: str = OURS, *, among: range = range(1, 20)) -> list[int]:
        found = self.wishes.unwanted(workspace)
        numbers = list(among)
        places = found.places(numbers)
        assert bool(found) or not places
        return [numbers[place] for place in places]


@pytest.fixture
def place() -> Place:
    return Place()


def test_where_nobody_said_anything_all_are_wanted(place: Place) -> None:
    found = place.wishes.unwanted(OURS)

    assert not found
    assert found.places([1, 2, 3]) == []


def test_entries_and_lists_of_the_workspace_and_of_the_master_hold(place: Place) -> None:
    place.say(OURS, 1)
    place.say(MASTER, 2)
    place.put_list(OURS, [3, 4, 5, 6, 7])
    place.put_list(MASTER, [7, 8])
    place.say(THEIRS, 9)
    place.put_list(THEIRS, [10])

    assert place.unwanted() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert place.unwanted(THEIRS) == [2, 7, 8, 9, 10]
    assert place.unwanted(MASTER) == [2, 7, 8]


def test_a_lifted_entry_outweighs_lists_that_are_older(place: Place) -> None:
    place.put_list(OURS, [1, 2, 3, 4])
    place.say(OURS, 1, lifted=True, at=AFTER)
    place.say(OURS, 2, lifted=True, at=BEFORE)
    place.say(OURS, 3, lifted=True, at=MORNING)

    assert place.unwanted() == [2, 3, 4]


def test_what_is_said_for_all_is_lifted_for_all_alone(place: Place) -> None:
    place.put_list(MASTER, [1, 2])
    place.say(MASTER, 3)
    place.say(OURS, 1, lifted=True, at=AFTER)
    place.say(OURS, 3, lifted=True, at=AFTER)
    place.put_list(OURS, [4])
    place.say(MASTER, 2, lifted=True, at=AFTER)
    place.say(MASTER, 4, lifted=True, at=AFTER)

    assert place.unwanted() == [1, 3, 4]


def test_a_withdrawn_list_holds_no_more(place: Place) -> None:
    place.put_list(OURS, [1, 2], withdrawn_at=AFTER)
    place.put_list(OURS, [2], list="lst_b")

    assert place.unwanted() == [2]


def test_a_list_whose_numbers_are_gone_fails_whoever_asks(place: Place) -> None:
    place.put_list(OURS, [1])
    place.blobs.objects.clear()

    with pytest.raises(NotFound):
        place.wishes.unwanted(OURS)


def test_a_list_that_is_withdrawn_and_gone_meanwhile_is_passed_over(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put_list(OURS, [1])
    place.say(OURS, 2)
    place.blobs.objects.clear()
    stale = place.suppressions.lists(OURS)
    answers: dict[str, list[Any]] = {OURS: [stale, []], MASTER: [[]]}
    monkeypatch.setattr(place.suppressions, "lists", lambda source: answers[source].pop(0))

    assert place.unwanted() == [2]


def test_as_of_is_before_anything_was_read(place: Place) -> None:
    class Slow(FakeSuppressions):
        def numbers(self, workspace: str) -> Any:
            place.clock.advance(timedelta(seconds=9))
            return super().numbers(workspace)

    wishes = Wishes(Slow(place.records), place.blobs, place.clock)

    assert wishes.unwanted(OURS).as_of == MORNING


def test_changes_of_all_workspaces_come_in_one_order_with_those_for_all(place: Place) -> None:
    place.note(OURS, "sup_4", MORNING + timedelta(seconds=2))
    place.note(THEIRS, "sup_3", MORNING + timedelta(seconds=1))
    place.note(MASTER, "sup_2", MORNING + timedelta(seconds=1), lifted=True)
    place.note("wsp_c", "sup_1", MORNING)

    told = place.wishes.changes([OURS, THEIRS, OURS, MASTER], MORNING)

    assert [note.id for note in told] == ["sup_2", "sup_3", "sup_4"]
    assert [note.id for note in place.wishes.changes([], MORNING)] == ["sup_2"]


def test_what_was_noted_shortly_before_is_told_again(place: Place) -> None:
    """It may have been written after the asker asked before."""
    place.note(OURS, "sup_1", MORNING - LOOK_BACK)
    place.note(OURS, "sup_0", MORNING - LOOK_BACK - timedelta(milliseconds=1))

    assert [note.id for note in place.wishes.changes([OURS], MORNING)] == ["sup_1"]


def test_the_numbers_of_a_list_come_chunk_by_chunk(place: Place) -> None:
    place.put_list(OURS, [1, 2, 3, 4, 5])

    chunks = list(place.wishes.listed(OURS, "lst_a"))

    assert [len(numbers) for numbers in chunks] == [3, 2]
    assert sorted(number for numbers in chunks for number in numbers) == [1, 2, 3, 4, 5]
