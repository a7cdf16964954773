"""What an owner knows of who wants no messages: since the build, and before it takes a job."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import Conflict
from chalicelib.domain.suppression import CHANGES_KEPT, LOOK_BACK, SuppressionChange
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases import heeding as module
from chalicelib.usecases.heeding import KEPT_FOR, Heard, Heeding, ListKey
from chalicelib.usecases.ownership import Held, Job, Ownership, Term
from tests.fakes.services import FakeClock
from tests.fakes.stopping import say, say_list, withdraw
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS = [447_700_900_000 + n for n in range(5)]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def heeding(world: World) -> Heeding:
    return Heeding(world.wishes, world.clock)


def job_of(world: World) -> Job:
    """Of a campaign that is built now."""
    campaign = world.approved_campaign(NUMBERS)
    world.driver.build(world.workspace, campaign)
    world.driver.open(world.workspace, campaign, 0, "token")
    owner = Ownership(world.delivery, world.campaigns, world.blobs)
    taken = owner.take_offers(Term(world.channel, 1, count()), Held(), 1_000, 0).jobs
    return next(job for job in taken if job.key.campaign == campaign)


def unwanted(heard: Heard, job: Job) -> set[int] | None:
    """Numbers; None: no news of it."""
    places = heard.places.get(job.key)
    return None if places is None else {job.numbers[place] for place in places}


def hear(
    world: World, heeding: Heeding, held: Sequence[Job] = (), fresh: Sequence[Job] = ()
) -> Heard:
    world.clock.advance(timedelta(seconds=1))
    return heeding.hear(held, fresh)


def test_with_nothing_in_hand_nobody_is_asked(
    heeding: Heeding, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(type(world.suppressions), "changes")
    assert heeding.hear((), ()).taken == ()


def test_what_was_said_between_build_and_taking_is_known(world: World, heeding: Heeding) -> None:
    job = job_of(world)
    world.clock.advance(timedelta(hours=5))
    say(world, NUMBERS[1])
    say(world, NUMBERS[2], workspace=MASTER)
    say(world, NUMBERS[3], workspace="wsp_other")
    heard = hear(world, heeding, fresh=[job])
    assert heard.taken == (job,)
    assert unwanted(heard, job) == {NUMBERS[1], NUMBERS[2]}


def test_what_is_said_in_mid_campaign_is_told_once_and_lifted_again(
    world: World, heeding: Heeding
) -> None:
    job = job_of(world)
    assert unwanted(hear(world, heeding, fresh=[job]), job) == set()
    assert unwanted(hear(world, heeding, held=[job]), job) is None
    say(world, NUMBERS[4])
    assert unwanted(hear(world, heeding, held=[job]), job) == {NUMBERS[4]}
    assert unwanted(hear(world, heeding, held=[job]), job) is None
    say(world, NUMBERS[4], lifted=True)
    assert unwanted(hear(world, heeding, held=[job]), job) == set()
    say(world, NUMBERS[0], workspace=MASTER)
    assert unwanted(hear(world, heeding, held=[job]), job) == {NUMBERS[0]}
    say(world, NUMBERS[0], lifted=True)
    heard = hear(world, heeding, held=[job])
    assert unwanted(heard, job) == {NUMBERS[0]}, "lifted by the workspace, not for all"


def test_an_older_job_makes_it_ask_from_its_own_build(world: World, heeding: Heeding) -> None:
    older = job_of(world)
    world.clock.advance(timedelta(hours=1))
    say(world, NUMBERS[1])
    world.clock.advance(timedelta(hours=1))
    newer = job_of(world)
    assert len(newer.places) == 4
    hear(world, heeding, fresh=[newer])
    heard = hear(world, heeding, held=[newer], fresh=[older])
    assert unwanted(heard, older) == {NUMBERS[1]}


@pytest.mark.parametrize("age", [None, CHANGES_KEPT])
def test_where_notes_may_be_gone_everything_is_asked_anew(
    world: World, heeding: Heeding, age: timedelta | None
) -> None:
    say(world, NUMBERS[0])
    world.clock.advance(timedelta(days=1))
    job = job_of(world)
    as_of = world.clock.now() - age if age else None
    old = replace(job, chunk=replace(job.chunk, as_of=as_of))
    assert unwanted(hear(world, heeding, fresh=[old]), old) == {NUMBERS[0]}
    say(world, NUMBERS[1])
    assert unwanted(hear(world, heeding, held=[old]), old) == {NUMBERS[0], NUMBERS[1]}


def test_a_list_of_many_is_fetched_before_more_is_taken(world: World, heeding: Heeding) -> None:
    held, job = job_of(world), job_of(world)
    hear(world, heeding, fresh=[held])
    named = say_list(world, NUMBERS[:2], per_chunk=1)
    heard = hear(world, heeding, held=[held], fresh=[job])
    key = ListKey(world.workspace, named)
    assert heard.missing == (key,)
    assert heard.taken == ()
    heeding.load(key, heeding.fetch(key, heard.room))
    heard = hear(world, heeding, held=[held], fresh=[job])
    assert heard.taken == (job,)
    assert unwanted(heard, held) == unwanted(heard, job) == set(NUMBERS[:2])
    assert heard.room == module.MOST_LISTED - 2
    withdraw(world, named)
    assert unwanted(hear(world, heeding, held=[held]), held) == set()


def test_a_list_that_is_too_long_is_not_held(world: World, heeding: Heeding) -> None:
    key = ListKey(world.workspace, say_list(world, NUMBERS))
    with pytest.raises(Conflict, match="clone"):
        heeding.fetch(key, 4)


def test_a_workspace_that_is_not_needed_is_forgotten(world: World, heeding: Heeding) -> None:
    job = job_of(world)
    named = say_list(world, NUMBERS)
    heard = hear(world, heeding, fresh=[job])
    key = ListKey(world.workspace, named)
    assert heard.missing == (key,)
    numbers = heeding.fetch(key, heard.room)
    world.clock.advance(KEPT_FOR)
    elsewhere = replace(job, offer=replace(job.offer, workspace="wsp_b"))
    assert hear(world, heeding, fresh=[elsewhere]).missing == ()
    heeding.load(key, numbers)
    heard = hear(world, heeding, held=[elsewhere], fresh=[job])
    assert heard.missing == (key,), "asked from its build again"


@pytest.mark.parametrize("wrong", [timedelta(minutes=-10), timedelta(minutes=10)])
def test_the_bridges_clock_may_be_wrong(world: World, wrong: timedelta) -> None:
    job = job_of(world)
    heeding = Heeding(world.wishes, FakeClock(world.clock.now() + wrong))
    heeding.hear((), [job])
    for number in NUMBERS[:2]:
        world.clock.advance(timedelta(minutes=1))
        say(world, number)
        assert number in (unwanted(heeding.hear([job], ()), job) or ())


def test_a_note_that_was_written_late_is_heard(world: World, heeding: Heeding) -> None:
    job = job_of(world)
    hear(world, heeding, fresh=[job])
    late = world.clock.now()
    world.clock.advance(LOOK_BACK - timedelta(seconds=2))
    say(world, NUMBERS[0])
    assert unwanted(hear(world, heeding, held=[job]), job) == {NUMBERS[0]}
    note = SuppressionChange(world.workspace, "sup_a", late, numbers=(NUMBERS[1],))
    world.changes.commit(note, audit=world.audit())
    assert unwanted(hear(world, heeding, held=[job]), job) == set(NUMBERS[:2])
