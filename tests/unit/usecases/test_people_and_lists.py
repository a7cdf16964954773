"""Uploads and the installation's own records, on fakes."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import (
    Conflict,
    Exists,
    Forbidden,
    Invalid,
    KeyReused,
)
from chalicelib.domain.recipient_list import PART_BYTES, ListStatus, NewList
from chalicelib.domain.rights import Role
from tests.fakes import samples
from tests.fakes.world import UPLOAD_MAX, World


@pytest.fixture
def world() -> World:
    return World()


def test_an_upload_from_begin_to_complete(world: World) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", PART_BYTES + 5, "GB"))
    assert (begun.status, begun.parts) == (ListStatus.UPLOADING, 2)
    urls = world.lists.part_urls(world.author, begun.id, [1, 2])
    assert set(urls) == {1, 2}
    with pytest.raises(Conflict, match="0 of 2 parts"):
        world.lists.complete(world.author, begun.id)
    key = f"{world.workspace}/{begun.id}"
    world.uploads.send(key, begun.upload, 1, b"x" * PART_BYTES)
    with pytest.raises(Conflict, match="1 of 2 parts"):
        world.lists.complete(world.author, begun.id)
    world.uploads.send(key, begun.upload, 2, b"y" * 4)
    with pytest.raises(Conflict, match=r"1 of 2 parts and 8388612 of 8388613 .* parts \(2\)"):
        world.lists.complete(world.author, begun.id)
    world.uploads.send(key, begun.upload, 2, b"y" * 5)
    world.lists.complete(world.author, begun.id)
    assert b"".join(world.uploads.read(key)) == b"x" * PART_BYTES + b"y" * 5
    assert world.lists.complete(world.author, begun.id).id == begun.id
    assert world.lists.get(world.moderator, begun.id).name == "all.csv"
    assert [item.id for item in world.lists.page(world.moderator, None, 10).items] == [begun.id]


def test_completing_what_is_ingested_already_answers_what_is_there(world: World) -> None:
    ready = world.ready_list([447_700_900_001])
    assert world.lists.complete(world.author, ready.id).status is ListStatus.READY
    with pytest.raises(Conflict, match="upload is over"):
        world.lists.part_urls(world.author, ready.id, [1])


@pytest.mark.parametrize("numbers", [[], [0], [3], [1] * 101])
def test_only_parts_that_the_upload_has_get_an_address(world: World, numbers: list[int]) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", PART_BYTES + 5))
    with pytest.raises(Invalid, match="parts"):
        world.lists.part_urls(world.author, begun.id, numbers)


def test_an_aborted_upload_is_over(world: World) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 10))
    aborted = world.lists.abort(world.author, begun.id)
    assert (aborted.status, aborted.failure) == (ListStatus.FAILED, "The upload was aborted.")
    with pytest.raises(Conflict):
        world.lists.abort(world.author, begun.id)


def test_uploads_are_the_authors_own_and_bounded(world: World) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 10))
    other = world.person("other@example.com", Role.AUTHOR)
    with pytest.raises(Forbidden, match="of others"):
        world.lists.complete(other, begun.id)
    with pytest.raises(Forbidden):
        world.lists.begin(world.moderator, NewList("all.csv", 10))
    with pytest.raises(Invalid, match="size"):
        world.lists.begin(world.author, NewList("all.csv", UPLOAD_MAX + 1))


def test_an_address_belongs_to_one_person(world: World) -> None:
    with pytest.raises(Exists):
        world.person("AUTHOR@example.com", Role.AUTHOR)


def test_what_an_operator_adds_is_checked(world: World) -> None:
    with pytest.raises(Invalid, match="is_moderator"):
        world.installation.add_member(
            world.workspace, world.moderator.user, Role.ADMIN, is_moderator=True
        )
    with pytest.raises(Invalid, match="rate"):
        world.installation.add_channel(samples.channel(id="chn_b", rate=0))
    with pytest.raises(Invalid, match="password"):
        world.installation.add_person("new@example.com", "New", "short")


def test_a_request_sent_again_answers_what_it_made(world: World) -> None:
    new = NewList("all.csv", 10)
    first = world.lists.begin(world.author, new, "key-1")
    audits = len(world.records.audit)
    assert world.lists.begin(world.author, new, "key-1").id == first.id
    assert len(world.records.audit) == audits
    assert world.lists.begin(world.author, new, "key-2").id != first.id
    assert world.lists.begin(world.author, new).id != first.id
    with pytest.raises(KeyReused, match="another request"):
        world.lists.begin(world.author, NewList("other.csv", 10), "key-1")
    other = world.person("other@example.com", Role.AUTHOR)
    assert world.lists.begin(other, new, "key-1").id != first.id


def test_of_two_at_once_one_makes_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    new = NewList("all.csv", 10)
    first = world.lists.begin(world.author, new, "key-1")
    made = world.directory.made_once(world.workspace, world.author.user, "key-1")
    answers = iter([None, made, None, None])
    monkeypatch.setattr(type(world.directory), "made_once", lambda *_: next(answers))
    assert world.lists.begin(world.author, new, "key-1").id == first.id
    with pytest.raises(Exists):
        world.lists.begin(world.author, new, "key-1")


@pytest.mark.parametrize("key", ["", "x" * 256, "l\u00e4ngst", "a\nb"])
def test_a_key_is_printable_and_bounded(world: World, key: str) -> None:
    with pytest.raises(Invalid, match="Idempotency-Key"):
        world.lists.begin(world.author, NewList("all.csv", 10), key)
