"""Saying who wants no messages: what is written, by whom, and what happens to two at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import Forbidden, IllegalMove, Invalid, NotFound, Stale
from chalicelib.domain.rights import Role
from chalicelib.domain.suppression import Source, Suppression
from chalicelib.domain.tokens import Mixer, hasher
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.suppressing import AT_ONCE, NAMED, Told
from chalicelib.usecases.wishes import Wishes
from tests.fakes import samples
from tests.fakes.records import Records
from tests.fakes.services import MORNING
from tests.fakes.suppressions import stored_list
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chalicelib.domain.suppression import SuppressionChange
    from chalicelib.usecases.auditing import Caller
    from chalicelib.usecases.suppressing import Suppressing

FIRST, SECOND = "+447400000001", "0044 7400 000002"
ONE, TWO = 447400000001, 447400000002


@dataclass
class Desk:
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.admin = self.world.person("admin@example.com", Role.ADMIN)

    @property
    def suppressing(self) -> Suppressing:
        return self.world.api.suppressing

    def entry(self, number: int) -> Suppression | None:
        token = Mixer.of(self.world.data_key()).token(number)
        return self.world.suppressions.find("wsp_a", [token]).get(token)

    def notes(self) -> list[SuppressionChange]:
        return self.world.suppressions.changes("wsp_a", MORNING - timedelta(days=1))

    def put_list(self, numbers: Iterable[int], **facts: Any) -> None:
        made = samples.suppression_list(**facts)
        stored_list(self.world.blobs, "wsp_a", made.list, list(numbers))
        self.world.changes.save(made, samples.audit())

    def unwanted(self, *numbers: int) -> list[int]:
        wishes = Wishes(self.world.suppressions, self.world.blobs, self.world.clock)
        return [numbers[place] for place in wishes.unwanted("wsp_a").places(numbers)]

    def ctn_hash(self, number: int) -> str:
        return hasher(self.world.data_key())(str(number)).hex()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def many(count: int) -> list[str]:
    return [f"+4474000{number:05}" for number in range(count)]


def test_what_is_added_is_suppressed_and_noted_for_whoever_sends(desk: Desk) -> None:
    told = desk.suppressing.add(desk.admin, [FIRST, SECOND], "asked by phone")

    assert told == Told(2, 0)
    entry = desk.entry(ONE)
    assert entry is not None
    assert (entry.number, entry.source, entry.by, entry.note, entry.lifted) == (
        ONE,
        Source.ADDED,
        desk.admin.user,
        "asked by phone",
        False,
    )
    (note,) = desk.notes()
    assert (note.at, note.lifted, note.list) == (entry.at, False, None)
    assert set(note.numbers) == {ONE, TWO}
    assert desk.unwanted(ONE, TWO, 7) == [ONE, TWO]


def test_what_is_so_already_is_left_alone(desk: Desk) -> None:
    desk.suppressing.add(desk.admin, [FIRST], "first")
    before = desk.world.records.audit[:]

    assert desk.suppressing.add(desk.admin, [FIRST, FIRST], "again") == Told(0, 2)
    assert desk.suppressing.add(desk.admin, [FIRST, SECOND, SECOND]) == Told(1, 2)
    entry = desk.entry(ONE)
    assert entry is not None
    assert (entry.note, entry.version) == ("first", 1)
    assert len(desk.world.records.audit) == len(before) + 1
    assert len(desk.notes()) == 2


def test_what_is_lifted_is_wanted_again_and_can_be_added_again(desk: Desk) -> None:
    desk.suppressing.add(desk.admin, [FIRST])
    assert desk.suppressing.lift(desk.admin, [FIRST, SECOND]) == Told(1, 1)
    assert desk.unwanted(ONE, TWO) == []
    assert desk.suppressing.lift(desk.admin, [FIRST]) == Told(0, 1)
    assert desk.suppressing.add(desk.admin, [FIRST]) == Told(1, 0)
    assert desk.unwanted(ONE) == [ONE]

    notes = desk.notes()
    assert [note.lifted for note in notes] == [False, True, False]
    assert notes[0].at < notes[1].at < notes[2].at


def test_a_lift_outweighs_the_lists_that_are_there(desk: Desk) -> None:
    desk.put_list([ONE, TWO], at=MORNING + timedelta(seconds=3))

    assert desk.suppressing.lift(desk.admin, [FIRST]) == Told(1, 0)
    assert desk.unwanted(ONE, TWO) == [TWO]
    assert desk.suppressing.lift(desk.admin, [FIRST]) == Told(0, 1)

    desk.put_list([ONE], list="lst_later", at=MORNING + timedelta(hours=1))
    assert desk.unwanted(ONE) == [ONE]
    assert desk.suppressing.lift(desk.admin, [FIRST]) == Told(1, 0)
    assert desk.unwanted(ONE) == []


def test_a_recipients_stop_is_kept_whoever_said_it_before(desk: Desk) -> None:
    desk.suppressing.add(desk.admin, [FIRST])

    assert desk.suppressing.opt_out("wsp_a", ONE, "STOP", "inbox")
    assert not desk.suppressing.opt_out("wsp_a", ONE, "STOP", "inbox")
    assert desk.suppressing.add(desk.admin, [FIRST]) == Told(0, 1)
    entry = desk.entry(ONE)
    assert entry is not None
    assert (entry.source, entry.by, entry.note) == (Source.RECIPIENT, "system:inbox", "STOP")
    record = desk.world.records.audit[-1]
    assert (record.actor.role, record.action) == ("system", "suppression.opted_out")


def test_a_recipients_start_is_the_last_word(desk: Desk) -> None:
    assert not desk.suppressing.opt_in("wsp_a", ONE, "START", "inbox")
    desk.suppressing.opt_out("wsp_a", ONE, "x" * 500, "inbox")

    assert desk.suppressing.opt_in("wsp_a", ONE, "START", "inbox")
    assert desk.unwanted(ONE) == []


@pytest.mark.parametrize(
    ("numbers", "fields"),
    [
        ([], ["numbers"]),
        (many(1001), ["numbers"]),
        ([FIRST, "", "12", FIRST, "abc", "\ud800"], [f"numbers.{n}" for n in (1, 2, 4, 5)]),
    ],
)
@pytest.mark.parametrize("lift", [False, True])
def test_if_one_number_is_none_nothing_is_written(
    desk: Desk, numbers: list[str], fields: list[str], *, lift: bool
) -> None:
    say = desk.suppressing.lift if lift else desk.suppressing.add
    before = len(desk.world.records.audit)

    with pytest.raises(Invalid) as refused:
        say(desk.admin, numbers)

    assert [problem.field for problem in refused.value.problems] == fields
    assert (desk.entry(ONE), desk.notes()) == (None, [])
    assert len(desk.world.records.audit) == before


@pytest.mark.parametrize("note", ["x" * 201, "\x00", "\ud800"])
def test_a_note_that_nobody_can_read_is_refused(desk: Desk, note: str) -> None:
    with pytest.raises(Invalid) as refused:
        desk.suppressing.add(desk.admin, [FIRST], note)
    assert [problem.field for problem in refused.value.problems] == ["note"]


def test_many_go_in_several_transactions_of_what_the_database_takes(desk: Desk) -> None:
    assert desk.suppressing.add(desk.admin, many(1000)) == Told(1000, 0)

    notes = desk.notes()
    assert [len(note.numbers) for note in notes] == [AT_ONCE] * 10 + [20]
    assert len({number for note in notes for number in note.numbers}) == 1000


def test_a_call_that_broke_off_is_made_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, calls = Records.commit, []

    def dying(self: Records, *changed: Any) -> None:
        calls.append(changed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        commit(self, *changed)

    with monkeypatch.context() as patch:
        patch.setattr(Records, "commit", dying)
        with pytest.raises(KeyboardInterrupt):
            desk.suppressing.add(desk.admin, many(300))

    assert desk.suppressing.add(desk.admin, many(300)) == Told(300 - 2 * AT_ONCE, 2 * AT_ONCE)


@pytest.mark.parametrize(("count", "named"), [(1, 1), (NAMED, NAMED), (NAMED + 1, 0)])
def test_the_audit_log_names_few_by_their_hashes_and_counts_many(
    desk: Desk, count: int, named: int
) -> None:
    desk.suppressing.add(desk.admin, many(count), "of +447400000001")

    record = desk.world.records.audit[-1]
    hashes = [desk.ctn_hash(int(number)) for number in many(count)]
    assert (record.action, record.after["numbers"]) == ("suppression.added", count)
    assert record.object == (hashes[0] if count == 1 else "suppressions")
    assert record.after.get("ctn_hash", "") == ", ".join(hashes[:named])
    assert "4474" not in repr(record)


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.MODERATOR])
def test_who_lacks_the_right_changes_nothing(desk: Desk, role: Role) -> None:
    desk.put_list([ONE])
    caller = desk.world.person("other@example.com", role)

    for attempt in (
        lambda: desk.suppressing.add(caller, [FIRST]),
        lambda: desk.suppressing.lift(caller, [FIRST]),
        lambda: desk.suppressing.withdraw(caller, "lst_a"),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert desk.unwanted(ONE, TWO) == [ONE]


# --- at once ---


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], *, times: int = 1
) -> None:
    """`act` happens between what the next calls read and what they write."""
    commit, left = Records.commit, [times]

    def late(self: Records, *changed: Any) -> None:
        if left[0]:
            left[0] -= 1
            with monkeypatch.context() as patch:
                patch.setattr(Records, "commit", commit)
                act()
        commit(self, *changed)

    monkeypatch.setattr(Records, "commit", late)


def test_of_two_that_add_a_number_at_once_one_finds_it_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: desk.suppressing.add(desk.admin, [FIRST], "theirs"))

    assert desk.suppressing.add(desk.admin, [FIRST, SECOND], "ours") == Told(1, 1)
    entry = desk.entry(ONE)
    assert entry is not None
    assert entry.note == "theirs"
    assert desk.unwanted(ONE, TWO) == [ONE, TWO]


@pytest.mark.parametrize("lifted", [False, True])
def test_of_add_and_lift_at_once_notes_and_entry_tell_the_same_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, lifted: bool
) -> None:
    add, lift = desk.suppressing.add, desk.suppressing.lift
    ours, theirs = (lift, add) if lifted else (add, lift)
    for each in (ours, theirs):
        each(desk.admin, [FIRST])
    # Both see the same; the others are first, and then say the contrary.
    meanwhile(monkeypatch, lambda: [each(desk.admin, [FIRST]) for each in (ours, theirs)])

    assert ours(desk.admin, [FIRST]) == Told(1, 0)

    entry = desk.entry(ONE)
    assert entry is not None
    assert entry.lifted is lifted
    assert desk.notes()[-1].lifted is lifted
    assert desk.notes()[-1].at == entry.at
    times = [note.at for note in desk.notes()]
    assert times == sorted(set(times))


def test_who_never_gets_a_turn_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.suppressing.add(desk.admin, [FIRST])

    def turn() -> None:
        entry = desk.entry(ONE)
        assert entry is not None
        desk.world.changes.save(replace(entry, note="mine"), samples.audit())

    meanwhile(monkeypatch, turn, times=99)
    with pytest.raises(Stale):
        desk.suppressing.lift(desk.admin, [FIRST])


# --- lists ---


def test_a_withdrawn_list_holds_no_more_and_leaves_a_note(desk: Desk) -> None:
    desk.put_list([ONE])

    withdrawn = desk.suppressing.withdraw(desk.admin, "lst_a")

    assert withdrawn.withdrawn_at == MORNING
    assert desk.world.suppressions.lists("wsp_a") == [withdrawn]
    assert desk.unwanted(ONE) == []
    (note,) = desk.notes()
    assert (note.list, note.lifted, note.numbers) == ("lst_a", True, ())
    record = desk.world.records.audit[-1]
    assert (record.action, record.object) == ("suppression_list.withdrawn", "lst_a")


def test_a_list_is_withdrawn_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put_list([ONE])
    meanwhile(monkeypatch, lambda: desk.suppressing.withdraw(desk.admin, "lst_a"))

    with pytest.raises(Stale):
        desk.suppressing.withdraw(desk.admin, "lst_a")
    with pytest.raises(IllegalMove):
        desk.suppressing.withdraw(desk.admin, "lst_a")


def test_another_workspaces_list_is_none(desk: Desk) -> None:
    for workspace in ("wsp_b", MASTER):
        desk.put_list([ONE], workspace=workspace)
    with pytest.raises(NotFound):
        desk.suppressing.withdraw(desk.admin, "lst_a")


def test_a_super_admin_suppresses_for_all(desk: Desk) -> None:
    world = desk.world
    world.installation.add_workspace(MASTER, "Installation", "UTC")
    ruler: Caller = replace(desk.admin, workspace=MASTER)

    assert desk.suppressing.add(ruler, [FIRST]) == Told(1, 0)
    assert desk.unwanted(ONE) == [ONE]
    assert desk.suppressing.lift(desk.admin, [FIRST]) == Told(0, 1)
    assert desk.unwanted(ONE) == [ONE]
    assert desk.notes() == []
