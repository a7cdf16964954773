"""A credential is read once in a few seconds, and over within five of its revocation (SPEC 2.5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.credentials import Rotation, hashcheck_of
from chalicelib.usecases.access import REMEMBERED, Remembered
from tests.fakes import samples
from tests.fakes.programs import HERE, Clients, CountingDirectory, Keys, Kind, Place, holds
from tests.fakes.services import FakeClock

if TYPE_CHECKING:
    from chalicelib.domain.credentials import ApiKey

TICK = timedelta(microseconds=1)
AT_ONCE = Rotation(overlap_hours=0)


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture(params=[Keys, Clients], ids=["key", "client"])
def kind(request: pytest.FixtureRequest, place: Place) -> Kind:
    made: Kind = request.param(place.desk)
    return made


class Checks:
    """A process's checks of one secret; `reads` has what each of them cost."""

    def __init__(self, place: Place, kind: Kind, name: str, secret: str | None) -> None:
        self.place, self.kind = place, kind
        self.name, self.secret = name, secret
        self.reads: list[int] = []

    def hold(self) -> bool:
        before = self.place.directory.reads
        held = holds(self.kind, self.place.access, self.name, self.secret)
        self.reads.append(self.place.directory.reads - before)
        return held


def checks(place: Place, kind: Kind) -> Checks:
    issued = kind.create(place.admin)
    return Checks(place, kind, issued.record.id, issued.secret)


def test_it_is_read_once_in_four_seconds(place: Place, kind: Kind) -> None:
    busy = checks(place, kind)
    at_once = timedelta(0)
    for wait in (at_once, at_once, REMEMBERED - TICK, TICK, at_once):
        place.clock.advance(wait)
        assert busy.hold()
    assert busy.reads == [1, 0, 0, 1, 0]


def test_both_forms_of_a_clients_credential_share_a_reading(place: Place) -> None:
    issued = Clients(place.desk).create(place.admin)
    username, password = issued.record.username, issued.secret or ""
    place.access.client(username, password)
    place.access.client_by_hash(username, hashcheck_of(username, password))
    assert place.directory.reads == 1


def test_a_wrong_secret_costs_one_reading_each(place: Place, kind: Kind) -> None:
    good = checks(place, kind)
    assert good.hold()
    wrong = Checks(place, kind, good.name, f"{good.secret}x")
    assert not wrong.hold()
    assert not wrong.hold()
    assert wrong.reads == [1, 1]
    assert good.hold()
    assert good.reads == [1, 0]


def test_one_that_was_not_there_holds_as_soon_as_it_is(place: Place, kind: Kind) -> None:
    early = checks(place, kind)
    record = kind.get(place.admin, early.name)
    place.records.remove(record)
    assert not early.hold()
    place.records.put(record)
    assert early.hold()


def test_a_new_secret_holds_at_once_where_the_old_one_was_just_used(
    place: Place, kind: Kind
) -> None:
    old = checks(place, kind)
    assert old.hold()
    rotated = kind.rotate(place.admin, old.name, AT_ONCE)
    assert holds(kind, place.access, old.name, rotated.secret)
    # That reading is remembered as well: the old one is over before its four seconds are.
    assert not old.hold()


def test_the_age_of_what_is_remembered_counts_from_before_it_was_read(
    place: Place, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = checks(place, kind)
    for name in ("api_key", "client"):
        read = getattr(CountingDirectory, name)

        def slowly(*place_of_it: object, read: object = read) -> object:
            assert callable(read)
            seen: object = read(*place_of_it)
            place.clock.advance(timedelta(seconds=3))
            return seen

        monkeypatch.setattr(CountingDirectory, name, slowly)
    # Read by a process of its own: this one knows its directory by the names of before.
    place.access = place.process()
    assert slow.hold()
    monkeypatch.undo()
    kind.revoke(place.admin, slow.name)
    place.clock.advance(REMEMBERED - timedelta(seconds=3))
    assert not slow.hold()


def test_a_clock_that_is_set_back_makes_nothing_younger(place: Place, kind: Kind) -> None:
    busy = checks(place, kind)
    assert busy.hold()
    kind.revoke(place.admin, busy.name)
    place.clock.advance(-timedelta(hours=1))
    assert not busy.hold()


def test_a_secret_ends_on_time_while_it_is_remembered(place: Place, kind: Kind) -> None:
    busy = checks(place, kind)
    kind.rotate(place.admin, busy.name, Rotation(overlap_hours=1))
    place.clock.advance(timedelta(hours=1) - TICK)
    assert busy.hold()
    place.clock.advance(TICK)
    assert not busy.hold()


def test_a_revoked_one_is_over_within_five_seconds_everywhere(place: Place, kind: Kind) -> None:
    busy = checks(place, kind)
    assert busy.hold()
    kind.revoke(place.other, busy.name)
    assert not holds(kind, place.process(), busy.name, busy.secret)
    # One second is left for the reading and the answer.
    place.clock.advance(timedelta(seconds=4))
    assert not busy.hold()


def test_nothing_that_opens_anything_is_remembered(place: Place) -> None:
    key, client = Keys(place.desk).create(place.admin), Clients(place.desk).create(place.admin)
    assert holds(Keys(place.desk), place.access, key.record.id, key.secret)
    assert holds(Clients(place.desk), place.access, client.record.id, client.secret)
    remembered = repr((place.access._keys._known, place.access._clients._known))
    hashcheck = hashcheck_of(client.record.username, str(client.secret))
    for opens in (key.secret, client.secret, hashcheck):
        assert str(opens) not in remembered
    for record in (key.record, client.record):
        assert record.secrets[0].digest in remembered


# --- how many -------------------------------------------------------------------------------------


class Shelf:
    """Remembers two; `asked` has the names of those that were read."""

    def __init__(self, most: int = 2) -> None:
        self.asked: list[str] = []
        self.kept = Remembered(self.read, FakeClock(), most)

    def read(self, workspace: str, name: str) -> ApiKey:
        self.asked.append(name)
        return samples.api_key(workspace=workspace, id=name)

    def show(self, *names: str, digest: str = samples.secret().digest) -> None:
        for name in names:
            self.kept.holder(HERE, name, digest)


def test_only_so_many_are_remembered_and_the_longest_known_goes_first() -> None:
    shelf = Shelf()
    shelf.show("one", "two", "three", "three", "two", "one", "three")
    assert shelf.asked == ["one", "two", "three", "one"]


def test_one_that_was_read_again_is_not_the_longest_known() -> None:
    shelf = Shelf()
    shelf.show("one", "two")
    shelf.show("one", digest="wrong")
    shelf.show("three", "one")
    assert shelf.asked == ["one", "two", "one", "three"]


def test_one_name_in_two_workspaces_is_two() -> None:
    kept = Shelf().kept
    held = [kept.holder(workspace, "one", samples.secret().digest) for workspace in ("a", "b")]
    assert [found and found[0].workspace for found in held] == ["a", "b"]


def test_threads_share_what_is_remembered() -> None:
    shelf = Shelf(most=8)
    names = [f"key_{number}" for number in range(20)]
    with ThreadPoolExecutor(4) as threads:
        for shown in [threads.submit(shelf.show, *names) for _ in range(40)]:
            shown.result()
    assert len(shelf.kept._known) == 8
