"""The sweep's care for uploads: what it drops, what it asks for again, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import pytest

from chalicelib.domain.audit import system
from chalicelib.domain.recipient_list import (
    PART_BYTES,
    UPLOAD_TIME,
    ListStatus,
    NewList,
    OpenList,
)
from chalicelib.sms.unpacking import BadFile
from chalicelib.usecases.ingest_list import Ingest
from chalicelib.usecases.lists import Lists
from chalicelib.usecases.tending_uploads import QUIET, READING_TIME, TRIES
from tests.fakes import samples
from tests.fakes.records import FakeCampaigns
from tests.fakes.world import World

if TYPE_CHECKING:
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.ports.ingest import Source

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world() -> World:
    return World()


def begun(world: World, size: int = PART_BYTES + 5) -> RecipientList:
    return world.lists.begin(world.author, NewList("all.csv", size))


def sent(world: World, recipients: RecipientList) -> None:
    key = f"{world.workspace}/{recipients.id}"
    for number in range(1, recipients.parts + 1):
        world.uploads.send(key, recipients.upload, number, b"x" * recipients.part_length(number))


def completed(world: World) -> RecipientList:
    recipients = begun(world)
    sent(world, recipients)
    return world.lists.complete(world.author, recipients.id)


def reading(world: World) -> RecipientList:
    recipients = replace(completed(world), status=ListStatus.INGESTING)
    return world.changes.save(recipients, world.audit())


def sweep(world: World) -> None:
    for marker in world.upload_sweep.markers():
        world.upload_sweep.tend(marker)


def sweep_until(world: World, age: timedelta, recipients: RecipientList) -> None:
    """Each minute, as it happens."""
    while world.clock.now() < recipients.created_at + age:
        world.clock.advance(MINUTE)
        sweep(world)


def now(world: World, recipients: RecipientList) -> RecipientList:
    return world.campaigns.recipient_list(world.workspace, recipients.id)


def marker(world: World, recipients: RecipientList) -> OpenList | None:
    return world.campaigns.open_list(world.workspace, recipients.id)


def test_an_upload_that_goes_on_is_left_alone_and_not_even_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipients = begun(world)
    world.clock.advance(UPLOAD_TIME - MINUTE)
    monkeypatch.delattr(FakeCampaigns, "recipient_list")
    sweep(world)
    assert marker(world, recipients) is not None


def test_an_upload_that_nobody_goes_on_with_is_dropped_and_told(world: World) -> None:
    recipients = begun(world)
    key = f"{world.workspace}/{recipients.id}"
    world.uploads.send(key, recipients.upload, 1, b"x" * PART_BYTES)
    world.clock.advance(UPLOAD_TIME)
    sweep(world)
    failed = now(world, recipients)
    assert failed.status is ListStatus.FAILED
    assert failed.failure == "The upload was not completed within a day, so its parts were dropped."
    assert marker(world, recipients) is None
    assert world.uploads.open == {}
    record = world.records.audit[-1]
    assert (record.action, record.actor) == ("list.failed", system("sweep"))
    assert record.after["failure"] == failed.failure
    sweep(world)
    assert world.records.audit[-1] == record
    assert world.ingests.requested == []


def test_a_list_that_is_read_in_time_leaves_nothing_to_do(world: World) -> None:
    recipients = completed(world)
    world.clock.advance(QUIET - MINUTE)
    sweep(world)
    assert world.ingests.requested == []
    assert now(world, recipients).status is ListStatus.UPLOADING


def test_a_list_whose_notification_was_lost_is_asked_for_all_day_and_then_fails(
    world: World,
) -> None:
    recipients = completed(world)
    world.clock.advance(QUIET)
    sweep(world)
    sweep(world)
    assert world.ingests.requested == [(world.workspace, recipients.id)]
    sweep_until(world, READING_TIME - MINUTE, recipients)
    assert now(world, recipients).status is ListStatus.UPLOADING
    asked = len(world.ingests.requested)
    assert READING_TIME / QUIET - 3 < asked <= READING_TIME / QUIET
    world.clock.advance(MINUTE)
    sweep(world)
    failed = now(world, recipients)
    assert failed.status is ListStatus.FAILED
    assert failed.failure is not None
    assert "could not be read" in failed.failure
    assert marker(world, recipients) is None
    assert len(world.ingests.requested) == asked


def test_waiting_in_the_queue_takes_nothing_off_the_tries(world: World) -> None:
    recipients = completed(world)
    sweep_until(world, 2 * TRIES * QUIET, recipients)
    stored = now(world, recipients)
    world.changes.save(replace(stored, status=ListStatus.INGESTING), world.audit())
    sweep_until(world, 2 * TRIES * QUIET + QUIET + MINUTE, recipients)
    assert now(world, recipients).status is ListStatus.INGESTING


def test_a_reading_that_goes_on_is_left_alone(world: World) -> None:
    recipients = reading(world)
    for _ in range(8):
        at = world.clock.advance(QUIET / 2)
        note = samples.ingest_progress(
            workspace=world.workspace,
            list=recipients.id,
            begun_at=recipients.created_at,
            written_at=at,
        )
        world.campaigns.note_progress(note)
        world.clock.advance(QUIET / 2)
        sweep(world)
    assert world.ingests.requested == []


def test_a_reading_that_died_is_tried_again_some_times_and_then_fails(world: World) -> None:
    recipients = reading(world)
    at = world.clock.advance(MINUTE)
    world.campaigns.note_progress(
        samples.ingest_progress(workspace=world.workspace, list=recipients.id, written_at=at)
    )
    for tries in range(1, TRIES + 1):
        world.clock.advance(QUIET)
        sweep(world)
        assert world.ingests.requested == [(world.workspace, recipients.id)] * tries
        assert now(world, recipients).status is ListStatus.INGESTING
    world.clock.advance(QUIET)
    sweep(world)
    assert now(world, recipients).status is ListStatus.FAILED
    assert world.campaigns.progress(world.workspace, recipients.id) is None
    assert marker(world, recipients) is None
    assert len(world.ingests.requested) == TRIES


def test_a_reading_that_never_said_anything_fails_after_a_day_at_the_latest(world: World) -> None:
    recipients = reading(world)
    world.clock.advance(READING_TIME)
    sweep(world)
    assert now(world, recipients).status is ListStatus.FAILED
    assert world.ingests.requested == []


def test_a_completion_that_broke_off_may_be_repeated_for_a_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipients = begun(world)
    sent(world, recipients)

    def cut(*_: object) -> None:
        raise ConnectionError("cut")

    with monkeypatch.context() as patch:
        patch.setattr(type(world.uploads), "complete", cut)
        with pytest.raises(ConnectionError):
            world.lists.complete(world.author, recipients.id)
    world.clock.advance(UPLOAD_TIME - MINUTE)
    sweep(world)
    assert world.ingests.requested == []
    audits = len(world.records.audit)
    assert world.lists.complete(world.author, recipients.id).status is ListStatus.UPLOADING
    assert len(world.records.audit) == audits
    assert world.uploads.is_there(f"{world.workspace}/{recipients.id}")


def test_what_was_completed_and_is_not_there_is_told_as_lost(world: World) -> None:
    recipients = completed(world)
    world.uploads.objects.clear()
    world.clock.advance(UPLOAD_TIME)
    sweep(world)
    failure = now(world, recipients).failure
    assert failure is not None
    assert "lost on its way" in failure


@pytest.mark.parametrize("status", [ListStatus.READY, ListStatus.FAILED, ListStatus.DELETED])
def test_a_marker_of_what_is_over_goes(world: World, status: ListStatus) -> None:
    recipients = completed(world)
    world.records.put(replace(recipients, status=status))
    world.clock.advance(QUIET)
    sweep(world)
    assert marker(world, recipients) is None
    assert now(world, recipients).status is status


def test_a_marker_of_no_list_goes(world: World) -> None:
    world.changes.keep(OpenList(world.workspace, "lst_gone", world.clock.now()))
    world.clock.advance(UPLOAD_TIME)
    sweep(world)
    assert world.campaigns.open_lists() == []


def test_who_completes_at_the_last_moment_is_not_undone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipients = begun(world)
    sent(world, recipients)
    world.clock.advance(UPLOAD_TIME)
    (old,) = world.upload_sweep.markers()
    real = FakeCampaigns.recipient_list

    def completing(self: FakeCampaigns, workspace: str, list_id: str) -> RecipientList:
        found = real(self, workspace, list_id)
        with monkeypatch.context() as patch:
            patch.setattr(FakeCampaigns, "recipient_list", real)
            Lists.complete(world.lists, world.author, list_id)
        return found

    monkeypatch.setattr(FakeCampaigns, "recipient_list", completing)
    world.upload_sweep.tend(old)
    monkeypatch.setattr(FakeCampaigns, "recipient_list", real)
    assert now(world, recipients).status is ListStatus.UPLOADING
    assert world.uploads.is_there(f"{world.workspace}/{recipients.id}")


def test_an_end_by_the_author_leaves_no_marker(world: World) -> None:
    recipients = begun(world)
    assert marker(world, recipients) is not None
    world.lists.abort(world.author, recipients.id)
    assert marker(world, recipients) is None


def test_the_end_of_its_reading_leaves_no_marker_and_its_beginning_does(world: World) -> None:
    recipients = completed(world)
    seen: list[OpenList | None] = []

    def unreadable(source: Source) -> NoReturn:
        seen.append(marker(world, recipients))
        raise BadFile(f"It has {sum(map(len, source.blocks))} octets of nothing.")

    done = Ingest(
        directory=world.directory,
        campaigns=world.campaigns,
        changes=world.changes,
        uploads=world.uploads,
        blobs=world.blobs,
        data_keys=world.data_keys,
        clock=world.clock,
        auditor=world.auditor,
        pipeline=unreadable,
        limit=recipients.size,
    ).run(world.workspace, recipients.id)
    assert done is not None
    assert done.status is ListStatus.FAILED
    assert [each and each.list for each in seen] == [recipients.id]
    assert marker(world, recipients) is None
