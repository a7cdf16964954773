"""A list of that purpose suppresses its numbers from the moment it is ready, and not before."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import NotFound
from chalicelib.domain.recipient_list import ListCounts, ListPurpose, ListStatus
from chalicelib.domain.rights import Role
from chalicelib.domain.suppression import SuppressionList
from chalicelib.sms.unpacking import BadFile
from chalicelib.usecases.ingest_list import Ingest
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.wishes import Wishes
from tests.fakes import samples
from tests.fakes.services import MORNING
from tests.fakes.suppressions import stored_list
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.domain.formats.manifest import ChunkEntry
    from chalicelib.usecases.ports import Blobs
    from chalicelib.usecases.ports.ingest import Source

NUMBERS = [447400000001, 447400000002]


@dataclass
class Read:
    """What a pipeline would gather from a file with these numbers."""

    held: list[int]
    columns: tuple[str, ...] = ()
    invalid: Mapping[str, int] = field(default_factory=dict)
    emptied: Mapping[str, int] = field(default_factory=dict)

    @property
    def numbers(self) -> int:
        return len(self.held)

    def store(self, blobs: Blobs, prefix: str) -> list[ChunkEntry]:
        _, workspace, list_id = prefix.split("/")
        return stored_list(blobs, workspace, list_id, self.held)


def ingest(world: World, numbers: list[int] | None, read: type[Read] = Read) -> None:
    @contextmanager
    def pipeline(source: Source) -> Iterator[Any]:
        del source
        if numbers is None:
            raise BadFile("It is no list.")
        yield read(numbers)

    Ingest(
        directory=world.directory,
        campaigns=world.campaigns,
        changes=world.changes,
        uploads=world.uploads,
        blobs=world.blobs,
        data_keys=world.data_keys,
        clock=world.clock,
        auditor=world.auditor,
        pipeline=pipeline,
        limit=1,
    ).run("wsp_a", "lst_a")


@pytest.fixture
def world() -> World:
    return World()


def upload(world: World, purpose: ListPurpose) -> None:
    made = samples.recipient_list(
        purpose=purpose, status=ListStatus.UPLOADING, counts=ListCounts(), digest=None
    )
    world.changes.save(made, samples.audit())


def unwanted(world: World) -> list[int]:
    wishes = Wishes(world.suppressions, world.blobs, world.clock)
    return wishes.unwanted("wsp_a").places(NUMBERS)


def test_a_ready_list_suppresses_its_numbers_and_tells_so(world: World) -> None:
    upload(world, ListPurpose.SUPPRESSION)
    ingest(world, NUMBERS)

    (held,) = world.suppressions.lists("wsp_a")
    assert held == next_version(SuppressionList("wsp_a", "lst_a", MORNING))
    (note,) = world.suppressions.changes("wsp_a", MORNING)
    assert (note.list, note.lifted, note.numbers) == ("lst_a", False, ())
    assert unwanted(world) == [0, 1]


def test_a_list_is_ready_once_however_often_it_is_delivered(world: World) -> None:
    upload(world, ListPurpose.SUPPRESSION)
    ingest(world, NUMBERS)
    world.api.suppressing.withdraw(world.person("admin@example.com", Role.ADMIN), "lst_a")
    ingest(world, NUMBERS)

    assert unwanted(world) == []
    assert len(world.suppressions.changes("wsp_a", MORNING)) == 2


def test_a_list_that_is_still_read_cannot_be_withdrawn_yet(world: World) -> None:
    admin = world.person("admin@example.com", Role.ADMIN)
    upload(world, ListPurpose.SUPPRESSION)
    reading = replace(world.campaigns.recipient_list("wsp_a", "lst_a"), status=ListStatus.INGESTING)
    world.changes.save(reading, samples.audit())

    with pytest.raises(NotFound):
        world.api.suppressing.withdraw(admin, "lst_a")
    ingest(world, NUMBERS)

    assert unwanted(world) == [0, 1]
    world.api.suppressing.withdraw(admin, "lst_a")
    assert unwanted(world) == []


def test_of_two_that_end_an_ingest_at_once_one_brings_the_list_into_force(world: World) -> None:
    upload(world, ListPurpose.SUPPRESSION)

    class Twice(Read):
        def store(self, blobs: Blobs, prefix: str) -> list[ChunkEntry]:
            if not world.suppressions.lists("wsp_a"):
                ingest(world, NUMBERS)
            return super().store(blobs, prefix)

    ingest(world, NUMBERS, Twice)

    assert len(world.suppressions.lists("wsp_a")) == 1
    assert len(world.suppressions.changes("wsp_a", MORNING)) == 1


@pytest.mark.parametrize("numbers", [None, []])
def test_a_list_that_fails_suppresses_nothing(world: World, numbers: list[int] | None) -> None:
    upload(world, ListPurpose.SUPPRESSION)
    ingest(world, numbers)

    assert world.suppressions.lists("wsp_a") == []
    assert world.suppressions.changes("wsp_a", MORNING) == []


def test_a_list_of_recipients_suppresses_nobody(world: World) -> None:
    upload(world, ListPurpose.RECIPIENTS)
    ingest(world, NUMBERS)

    assert world.campaigns.recipient_list("wsp_a", "lst_a").status is ListStatus.READY
    assert world.suppressions.lists("wsp_a") == []
    assert unwanted(world) == []
