"""How many of a list want no messages: at once, elsewhere, and how old it is (SPEC 4.2, 5.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from chalicelib.domain.errors import NotFound, Unavailable
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.suppression import LOOK_BACK
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases import screening as module
from chalicelib.usecases.screening import GOOD_AT_MOST, GOOD_FOR, Screened, Screener
from chalicelib.usecases.surveying import GONE_AFTER, WRITE_EVERY, Progress
from tests.fakes.services import FakeClock, FakeSurveys
from tests.fakes.stopping import say, say_list, withdraw
from tests.fakes.world import World

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.screening import Screening

NUMBERS = [447_700_900_000 + n for n in range(6)]
COMPLETE = Progress.COMPLETE


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def recipients(world: World) -> RecipientList:
    return world.ready_list(NUMBERS, per_chunk=2)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six recipients are too many to be counted within a request."""
    monkeypatch.setattr(module, "AT_ONCE", 5)


def screener(world: World) -> Screener:
    return Screener(world.campaigns, world.changes, world.wishes, world.clock)


def look(world: World, recipients: RecipientList) -> Screened:
    found = screener(world).look(recipients, world.surveys)
    assert found is not None
    return found


def screen(world: World, recipients: RecipientList) -> Screening | None:
    return screener(world).screen(world.workspace, recipients.id)


def asked(world: World) -> int:
    return len(world.surveys.screenings)


def test_nobody_is_counted_at_once_whatever_the_list(
    world: World, recipients: RecipientList, elsewhere: None
) -> None:
    del elsewhere
    world.blobs.objects.clear()
    assert look(world, recipients) == Screened(COMPLETE, 6, 6, 0, world.clock.now())
    assert asked(world) == 0


def test_a_short_list_is_counted_at_once(world: World, recipients: RecipientList) -> None:
    say(world, NUMBERS[0], 491_700_000_000)
    say(world, NUMBERS[1], workspace=MASTER)
    say(world, NUMBERS[2], workspace="wsp_other")
    say_list(world, NUMBERS[3:5])
    assert look(world, recipients) == Screened(COMPLETE, 6, 6, 4, world.clock.now())
    assert asked(world) == 0
    assert world.campaigns.screening(world.workspace, recipients.id) is None


def test_a_list_that_is_not_ready_is_not_counted(world: World, recipients: RecipientList) -> None:
    reading = replace(recipients, status=ListStatus.FAILED)
    assert screener(world).look(reading, world.surveys) is None
    world.records.put(reading)
    assert screen(world, reading) is None
    assert screener(world).screen(world.workspace, "lst_none") is None


def test_a_list_of_which_something_is_missing_is_somebody_elses(
    world: World, recipients: RecipientList
) -> None:
    say(world, NUMBERS[0])
    world.blobs.objects.clear()
    assert look(world, recipients) == Screened(Progress.NONE, 6, 0)
    assert asked(world) == 1
    with pytest.raises(NotFound):
        screen(world, recipients)


@pytest.mark.parametrize("many", ["entries", "listed"])
def test_many_are_counted_elsewhere(
    world: World, recipients: RecipientList, monkeypatch: pytest.MonkeyPatch, many: str
) -> None:
    monkeypatch.setattr(module, f"FEW_{many.upper()}", 1)
    say(world, NUMBERS[0], NUMBERS[1])
    named = say_list(world, NUMBERS[2:4])
    assert look(world, recipients).progress is Progress.NONE
    assert world.surveys.screenings == [(world.workspace, recipients.id)]
    if many == "listed":
        withdraw(world, named)
        assert look(world, recipients).suppressed == 2
        gone = say_list(world, NUMBERS)
        world.records.remove(world.campaigns.recipient_list(world.workspace, gone))
        world.blobs.objects.clear()
        assert look(world, recipients).progress is Progress.NONE


@pytest.mark.usefixtures("elsewhere")
def test_a_long_list_is_counted_elsewhere_and_tells_how_old_it_is(
    world: World, recipients: RecipientList
) -> None:
    say(world, NUMBERS[0], NUMBERS[5])
    assert look(world, recipients) == Screened(Progress.NONE, 6, 0)
    assert world.surveys.screenings == [(world.workspace, recipients.id)]
    counted_at = world.clock.advance(LOOK_BACK + timedelta(seconds=1))
    made = screen(world, recipients)
    assert made is not None
    assert (made.suppressed, made.as_of, made.complete) == (2, counted_at, True)
    shown = Screened(COMPLETE, 6, 6, 2, counted_at)
    world.clock.advance(GOOD_AT_MOST - timedelta(seconds=1))
    assert look(world, recipients) == shown
    assert screen(world, recipients) == made, "it comes again: nothing changes"
    assert asked(world) == 1
    world.clock.advance(timedelta(seconds=1))
    assert look(world, recipients) == shown
    assert asked(world) == 2, "old, whatever was said"


@pytest.mark.usefixtures("elsewhere")
def test_what_was_said_since_is_counted_anew_after_a_while(
    world: World, recipients: RecipientList
) -> None:
    say(world, NUMBERS[0])
    screen(world, recipients)
    first = world.clock.now()
    world.clock.advance(timedelta(seconds=40))
    say(world, NUMBERS[1])
    assert look(world, recipients).suppressed == 1
    assert asked(world) == 0, "not every STOP counts ten millions anew"
    world.clock.advance(GOOD_FOR)
    assert look(world, recipients) == Screened(COMPLETE, 6, 6, 1, first)
    assert asked(world) == 1
    made = screen(world, recipients)
    assert made is not None
    assert made.suppressed == 2
    world.clock.advance(GOOD_FOR)
    assert look(world, recipients).suppressed == 2
    assert asked(world) == 1


@pytest.mark.usefixtures("elsewhere")
def test_a_chunk_that_was_written_anew_makes_it_another_list(
    world: World, recipients: RecipientList
) -> None:
    say(world, NUMBERS[0])
    screen(world, recipients)
    changed = replace(recipients, digest="beef")
    world.records.put(changed)
    assert look(world, changed).suppressed is None
    again = screen(world, changed)
    assert again is not None
    assert (again.digest, again.suppressed) == ("beef", 1)


class Ticking(FakeClock):
    """Every look at it takes a while."""

    def __init__(self, began: datetime, step: timedelta) -> None:
        super().__init__(began)
        self._step = step

    @override
    def now(self) -> datetime:
        return self.advance(self._step)


class Watching:
    """Changes that tell what is seen whenever something was written."""

    def __init__(self, world: World, recipients: RecipientList) -> None:
        self._world, self._recipients = world, recipients
        self.seen: list[Screened] = []

    def keep(self, record: Screening) -> Screening:
        stored = self._world.changes.keep(record)
        found = Screener(
            self._world.campaigns,
            self._world.changes,
            self._world.wishes,
            FakeClock(stored.written_at),
        ).look(self._recipients, self._world.surveys)
        assert found is not None
        self.seen.append(found)
        return stored


@pytest.mark.usefixtures("elsewhere")
def test_while_it_is_counted_it_shows_how_far(world: World, recipients: RecipientList) -> None:
    say(world, NUMBERS[0])
    watching = Watching(world, recipients)
    clock = Ticking(world.clock.now(), WRITE_EVERY)
    made = Screener(world.campaigns, watching, world.wishes, clock).screen(  # type: ignore[arg-type]
        world.workspace, recipients.id
    )
    assert made is not None
    assert [(one.progress, one.counted, one.suppressed) for one in watching.seen] == [
        (Progress.COUNTING, 0, None),
        (Progress.COUNTING, 2, None),
        (Progress.COUNTING, 4, None),
        (COMPLETE, 6, 1),
    ]
    assert asked(world) == 0
    # A recount shows the older one all the while.
    watching.seen.clear()
    clock.advance(GOOD_AT_MOST)
    say(world, NUMBERS[1])
    Screener(world.campaigns, watching, world.wishes, clock).screen(  # type: ignore[arg-type]
        world.workspace, recipients.id
    )
    assert [one.suppressed for one in watching.seen] == [1, 1, 1, 2]


@pytest.mark.usefixtures("elsewhere")
def test_of_two_at_once_one_counts_and_one_that_is_gone_is_followed(
    world: World, recipients: RecipientList
) -> None:
    say(world, NUMBERS[0])
    screen(world, recipients)
    stored = world.campaigns.screening(world.workspace, recipients.id)
    assert stored is not None
    now = world.clock.now()
    begun = replace(stored, counted=2, suppressed=None, as_of=None, written_at=now)
    world.records.put(begun)
    assert screen(world, recipients) is None
    assert look(world, recipients) == Screened(Progress.COUNTING, 6, 2)
    world.clock.advance(GONE_AFTER)
    assert look(world, recipients) == Screened(Progress.NONE, 6, 0)
    assert asked(world) == 1
    made = screen(world, recipients)
    assert made is not None
    assert made.suppressed == 1


@pytest.mark.usefixtures("elsewhere")
def test_who_is_overtaken_stops(
    world: World, recipients: RecipientList, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(world, NUMBERS[0])
    unwanted = type(world.wishes).unwanted

    def meanwhile(*arguments: object) -> object:
        monkeypatch.undo()
        monkeypatch.setattr(module, "AT_ONCE", 5)
        assert screen(world, recipients) is not None
        return unwanted(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.wishes), "unwanted", meanwhile)
    assert screen(world, recipients) is None


@pytest.mark.usefixtures("elsewhere")
def test_a_list_that_goes_while_it_is_counted(
    world: World, recipients: RecipientList, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(world, NUMBERS[0])
    unwanted = type(world.wishes).unwanted

    def meanwhile(*arguments: object) -> object:
        world.records.remove(recipients)
        world.blobs.objects.clear()
        return unwanted(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.wishes), "unwanted", meanwhile)
    assert screen(world, recipients) is None


class AwaySurveys(FakeSurveys):
    @override
    def request_screening(self, workspace: str, list_id: str) -> None:
        raise Unavailable("The queue of surveys")


@pytest.mark.usefixtures("elsewhere")
def test_a_queue_that_is_away_keeps_nobody_from_looking(
    world: World, recipients: RecipientList
) -> None:
    say(world, NUMBERS[0])
    found = screener(world).look(recipients, AwaySurveys())
    assert found == Screened(Progress.NONE, 6, 0)


def test_the_review_plans_without_them(world: World, recipients: RecipientList) -> None:
    say(world, NUMBERS[0], NUMBERS[1])
    campaign = world.draft(list=recipients.id, text="x" * 200)
    found = world.api.reviews.review(world.author, campaign.id)
    assert found.screened == Screened(COMPLETE, 6, 6, 2, world.clock.now())
    assert found.plan is not None
    assert (found.plan.recipients, found.parts) == (4, 8)
    say(world, *NUMBERS)
    found = world.api.reviews.review(world.author, campaign.id)
    assert found.plan is not None
    assert (found.plan.recipients, found.parts) == (0, 0)


@pytest.mark.usefixtures("elsewhere")
def test_nobody_waits_for_the_count(world: World, recipients: RecipientList) -> None:
    """The build decides: what is not counted yet keeps nothing from being approved."""
    say(world, NUMBERS[0])
    campaign = world.draft(list=recipients.id)
    found = world.api.reviews.review(world.author, campaign.id)
    assert found.screened == Screened(Progress.NONE, 6, 0)
    assert found.plan is not None
    assert (found.plan.recipients, found.parts) == (6, 6)
    submitted = world.desk.submit(world.author, campaign.id)
    assert world.approve(submitted).approval == "approved"
