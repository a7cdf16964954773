"""Lists beyond the plain upload: what they are for, going on with them, progress, rejects."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from chalicelib.domain.recipient_list import (
    PART_BYTES,
    UPLOAD_TIME,
    ListCounts,
    ListPurpose,
    ListStatus,
    NewList,
    RecipientList,
)
from chalicelib.domain.rights import Role
from chalicelib.usecases.drafting import ContentChanges
from tests.fakes import samples
from tests.fakes.world import World

if TYPE_CHECKING:
    from chalicelib.usecases.auditing import Caller

SUPPRESSION = NewList("stop.csv", 10, purpose=ListPurpose.SUPPRESSION)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def admin(world: World) -> Caller:
    return world.person("admin@example.com", Role.ADMIN)


def key(recipients: RecipientList) -> str:
    return f"{recipients.workspace}/{recipients.id}"


def ended(world: World, status: ListStatus, rejected: int = 3) -> RecipientList:
    made = samples.recipient_list(
        workspace=world.workspace,
        author=world.author.user,
        status=status,
        counts=ListCounts(valid=5, invalid={"too_short": rejected} if rejected else {}),
    )
    return world.changes.save(made, world.audit())


# --- what it is for -----------------------------------------------------------------------------


def test_what_is_said_at_the_beginning_stays_with_the_list(world: World, admin: Caller) -> None:
    new = replace(SUPPRESSION, sha256="0f" * 32, number_column="phone", default_country="GB")
    begun = world.lists.begin(admin, new)
    assert world.lists.get(world.moderator, begun.id) == begun
    said = (begun.purpose, begun.sha256, begun.number_column, begun.default_country)
    assert said == (ListPurpose.SUPPRESSION, "0f" * 32, "phone", "GB")
    assert world.records.audit[-1].after == {
        "name": "stop.csv",
        "size": 10,
        "purpose": "suppression",
        "sha256": "0f" * 32,
    }


def test_suppression_lists_are_for_those_who_manage_them(world: World, admin: Caller) -> None:
    with pytest.raises(Forbidden, match="suppression lists"):
        world.lists.begin(world.author, SUPPRESSION)
    assert world.uploads.open == {}
    begun = world.lists.begin(admin, SUPPRESSION)
    # Whoever was an admin and no longer is does not go on with it, though it is their own.
    former = replace(world.author, user=admin.user)
    for act in (world.lists.complete, world.lists.abort, world.lists.parts):
        with pytest.raises(Forbidden, match="suppression lists"):
            act(former, begun.id)
    with pytest.raises(Forbidden, match="suppression lists"):
        world.lists.part_urls(former, begun.id, [1])


def test_no_campaign_goes_to_a_suppression_list(world: World) -> None:
    ready = world.ready_list([447_700_900_001])
    draft = world.draft(list=ready.id)
    stop = world.changes.save(replace(ready, purpose=ListPurpose.SUPPRESSION), world.audit())
    # Named before it turned out to be one, as a forged record might.
    with pytest.raises(Invalid, match="list: is a suppression list, whose numbers get nothing"):
        world.desk.submit(world.author, draft.id)
    with pytest.raises(Invalid, match="list: is a suppression list"):
        world.draft(list=stop.id)
    other = world.draft()
    with pytest.raises(Invalid, match="list: is a suppression list"):
        world.api.drafting.edit(world.author, other.id, ContentChanges(list=stop.id))


# --- going on with it ---------------------------------------------------------------------------


def test_the_parts_that_have_arrived_are_told(world: World) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 2 * PART_BYTES + 5))
    assert world.lists.parts(world.author, begun.id) == {}
    world.uploads.send(key(begun), begun.upload, 3, b"short")
    world.uploads.send(key(begun), begun.upload, 1, b"x" * 7)
    assert world.lists.parts(world.author, begun.id) == {1: 7, 3: 5}
    with pytest.raises(Conflict, match=r"1 of 3 parts and 12 of .* missing parts \(1, 2\)"):
        world.lists.complete(world.author, begun.id)


def test_of_many_missing_parts_the_first_are_named(world: World) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 12 * PART_BYTES))
    with pytest.raises(Conflict, match=r"\(1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more\)"):
        world.lists.complete(world.author, begun.id)


def test_parts_are_the_authors_own_and_of_this_workspace(world: World, admin: Caller) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 5))
    other = world.person("other@example.com", Role.AUTHOR)
    with pytest.raises(Forbidden):
        world.lists.parts(other, begun.id)
    assert world.lists.parts(admin, begun.id) == {}
    with pytest.raises(NotFound):
        world.lists.parts(replace(world.author, workspace="wsp_b"), begun.id)


def test_an_upload_that_is_over_tells_no_parts(world: World) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 5))
    world.uploads.send(key(begun), begun.upload, 1, b"12345")
    world.lists.complete(world.author, begun.id)
    with pytest.raises(Conflict, match="Completing it tells which"):
        world.lists.parts(world.author, begun.id)
    assert world.lists.complete(world.author, begun.id).status is ListStatus.UPLOADING
    world.changes.save(
        replace(world.lists.get(world.author, begun.id), status=ListStatus.INGESTING), world.audit()
    )
    with pytest.raises(Conflict, match="the list is ingesting"):
        world.lists.parts(world.author, begun.id)


def test_an_upload_whose_parts_are_gone_is_not_complete(world: World) -> None:
    """As when S3 dropped them, and no sweep came by yet."""
    begun = world.lists.begin(world.author, NewList("all.csv", 5))
    world.clock.advance(UPLOAD_TIME + timedelta(minutes=1))
    world.uploads.abort(key(begun), begun.upload)
    with pytest.raises(Conflict, match="parts are gone: begin another"):
        world.lists.complete(world.author, begun.id)


def test_a_list_from_before_there_were_markers_is_completed_and_aborted(world: World) -> None:
    for act in (world.lists.complete, world.lists.abort):
        begun = world.lists.begin(world.author, NewList("all.csv", 5))
        world.uploads.send(key(begun), begun.upload, 1, b"12345")
        marker = world.campaigns.open_list(world.workspace, begun.id)
        assert marker is not None
        world.changes.forget(marker)
        act(world.author, begun.id)
        assert world.campaigns.open_list(world.workspace, begun.id) is None


def test_of_two_completions_at_once_one_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 5))
    world.uploads.send(key(begun), begun.upload, 1, b"12345")
    real = type(world.campaigns).open_list

    def other_first(self: object, workspace: str, list_id: str) -> object:
        found = real(self, workspace, list_id)  # type: ignore[arg-type] # a method of the fake
        with monkeypatch.context() as patch:
            patch.setattr(type(world.campaigns), "open_list", real)
            patch.setattr(type(world.uploads), "complete", lambda *_: None)
            world.lists.complete(world.author, list_id)
        return found

    monkeypatch.setattr(type(world.campaigns), "open_list", other_first)
    with pytest.raises(Stale):
        world.lists.complete(world.author, begun.id)
    uploaded = [each for each in world.records.audit if each.action == "list.uploaded"]
    assert len(uploaded) == 1


# --- progress -----------------------------------------------------------------------------------


def test_only_a_list_that_is_being_read_has_progress(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 1000))
    note = samples.ingest_progress(workspace=world.workspace, list=begun.id)
    world.campaigns.note_progress(note)
    reading = replace(begun, status=ListStatus.INGESTING)
    assert world.lists.progress(reading) == note
    assert world.lists.progress(replace(reading, id="lst_other")) is None
    # Nothing is read for the others.
    monkeypatch.delattr(type(world.campaigns), "progress")
    for status in set(ListStatus) - {ListStatus.INGESTING}:
        assert world.lists.progress(replace(begun, status=status)) is None


# --- rejected lines -----------------------------------------------------------------------------


def test_rejected_lines_are_fetched_by_right_and_told_in_the_audit_log(
    world: World, admin: Caller
) -> None:
    ready = ended(world, ListStatus.READY)
    world.blobs.put(f"lists/{world.workspace}/{ready.id}/rejects", b"line,reason,value")
    for other in (world.author, world.moderator):
        with pytest.raises(Forbidden, match="full phone numbers"):
            world.lists.rejects(other, ready.id)
    audits = len(world.records.audit)
    address = world.lists.rejects(admin, ready.id)
    assert f"lists/{world.workspace}/{ready.id}/rejects" in address
    assert f"{ready.id}-rejects.csv.gz" in address
    (record,) = world.records.audit[audits:]
    assert (record.action, record.object, record.actor) == ("rejects.read", ready.id, admin.actor)
    assert record.after == {"lines": 3}


@pytest.mark.parametrize(
    ("status", "rejected", "stored"),
    [
        (ListStatus.READY, 0, True),
        (ListStatus.READY, 3, False),
        (ListStatus.INGESTING, 3, True),
        (ListStatus.DELETED, 3, True),
    ],
)
def test_where_there_are_none_there_is_nothing_to_fetch(
    world: World, admin: Caller, status: ListStatus, rejected: int, *, stored: bool
) -> None:
    found = ended(world, status, rejected)
    if stored:
        world.blobs.put(f"lists/{world.workspace}/{found.id}/rejects", b"line,reason,value")
    audits = len(world.records.audit)
    with pytest.raises(NotFound, match="no such file of rejected lines"):
        world.lists.rejects(admin, found.id)
    with pytest.raises(NotFound):
        world.lists.rejects(replace(admin, workspace="wsp_b"), found.id)
    assert len(world.records.audit) == audits
