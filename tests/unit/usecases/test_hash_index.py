"""When a list is indexed, and what is there of an index at any moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.formats import hash_index
from chalicelib.domain.recipient_list import ListStatus, list_prefix
from chalicelib.usecases.hash_index import Indexer
from functions.ingest.indexing import store_parts
from tests.fakes.world import World

if TYPE_CHECKING:
    from chalicelib.domain.formats.manifest import Manifest
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.ports import Blobs

NUMBERS = list(range(447_400_100_000, 447_400_100_030))


@pytest.fixture
def world() -> World:
    return World()


def indexer(world: World, hashing: Any = store_parts) -> Indexer:
    return Indexer(world.directory, world.campaigns, world.blobs, world.data_keys, hashing)


def of_index(world: World, made: RecipientList) -> dict[str, bytes]:
    prefix = f"{list_prefix(made.workspace, made.id)}/hashes/"
    return {
        key.removeprefix(prefix): data
        for key, data in world.blobs.objects.items()
        if key.startswith(prefix)
    }


def test_a_ready_list_is_indexed_once(world: World) -> None:
    made = world.ready_list(NUMBERS, per_chunk=10)
    before = dict(world.blobs.objects)
    assert indexer(world).index(made.workspace, made.id)
    found = of_index(world, made)
    index = hash_index.decode(found["index"])
    assert (set(found), index.parts, index.digest) == ({"index", "00"}, (30,), made.digest)
    assert len(found["00"]) == 30 * 8
    assert not indexer(world, None).index(made.workspace, made.id)
    assert {key: world.blobs.objects[key] for key in before} == before


@pytest.mark.parametrize("status", [each for each in ListStatus if each is not ListStatus.READY])
def test_no_other_list_is_indexed(world: World, status: ListStatus) -> None:
    made = world.ready_list(NUMBERS)
    world.records.put(replace(made, status=status))
    assert not indexer(world).index(made.workspace, made.id)
    assert of_index(world, made) == {}


def test_no_list_has_no_index(world: World) -> None:
    assert not indexer(world).index(world.workspace, "lst_none")


def test_what_was_killed_is_made_again_to_the_same_bytes(world: World) -> None:
    made = world.ready_list(NUMBERS)
    indexer(world).index(made.workspace, made.id)
    whole = of_index(world, made)
    prefix = list_prefix(made.workspace, made.id)
    world.blobs.delete(hash_index.index_key(prefix))
    world.blobs.put(hash_index.part_key(prefix, 0), b"half")

    def killed(blobs: Blobs, prefix: str, manifest: Manifest, key: bytes) -> list[int]:
        store_parts(blobs, prefix, manifest, key)
        raise Unavailable("S3")

    with pytest.raises(Unavailable):
        indexer(world, killed).index(made.workspace, made.id)
    assert "index" not in of_index(world, made)
    assert indexer(world).index(made.workspace, made.id)
    assert of_index(world, made) == whole
