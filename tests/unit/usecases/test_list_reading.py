"""Recipients of a list, and looking one up, on an index that the real maker makes."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import hash_index
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.formats.chunk import NUMBERS_OCTETS, Chunk
from chalicelib.domain.formats.hash_index import Index
from chalicelib.domain.recipient_list import ListStatus, list_prefix
from chalicelib.domain.rights import Role
from chalicelib.usecases.hash_index import Indexer
from chalicelib.usecases.list_reading import REMEMBERED_MAX, ListReading, Wanted
from functions.ingest.indexing import store_parts
from tests.fakes.storage import FakeBlobs
from tests.fakes.world import World

if TYPE_CHECKING:
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.auditing import Caller

FIRST = 447_400_100_000
NUMBERS = list(range(FIRST, FIRST + 25))
NAMES = [f"Anna {place}" for place in range(25)]
MISSING = "+447400999999"


class NotedBlobs(FakeBlobs):
    """What was read, and how many octets of it."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[tuple[str, int]] = []

    def get(self, key: str) -> bytes:
        self.read.append((key.rpartition("/")[2], -1))
        return super().get(key)

    def get_range(self, key: str, begin: int, length: int) -> bytes:
        self.read.append((key.rpartition("/")[2], length))
        return self.objects[key][begin : begin + length] if key in self.objects else self.get(key)


@pytest.fixture
def world() -> World:
    return World(blobs=NotedBlobs())


@pytest.fixture
def noted(world: World) -> list[tuple[str, int]]:
    assert isinstance(world.blobs, NotedBlobs)
    return world.blobs.read


@pytest.fixture
def admin(world: World) -> Caller:
    return world.person("admin@example.com", Role.ADMIN)


def reading(world: World) -> ListReading:
    return world.api.list_reading


def indexer(world: World) -> Indexer:
    return Indexer(world.directory, world.campaigns, world.blobs, world.data_keys, store_parts)


def a_list(world: World, **changes: Any) -> RecipientList:
    """In chunks of ten, with an index."""
    made = world.ready_list(NUMBERS, per_chunk=10, columns={"name": NAMES}, **changes)
    assert indexer(world).index(world.workspace, made.id)
    return made


def hash_of(world: World, number: int) -> bytes:
    return tokens.hasher(world.data_key())(str(number))


def readings(world: World) -> list[Any]:
    return [record for record in world.records.audit if record.action == "numbers.read"]


def all_pages(world: World, caller: Caller, list_id: str, limit: int, *, full: bool) -> list[Any]:
    found: list[Any] = []
    after: str | None = None
    while True:
        page = reading(world).page(caller, list_id, after, limit, full=full)
        assert len(page.items) <= limit
        found += page.items
        after = page.next
        if after is None:
            return found


# --- pages ---


@pytest.mark.parametrize("limit", [1, 3, 10, 11, 200])
def test_each_recipient_comes_once_masked_and_without_values(world: World, limit: int) -> None:
    lines = all_pages(world, world.author, a_list(world).id, limit, full=False)
    hashes = {hash_of(world, number).hex(): str(number)[-4:] for number in NUMBERS}
    assert {line.ctn_hash: line.number[-4:] for line in lines} == hashes
    assert len(lines) == len(NUMBERS)
    for line in lines:
        assert line.number[:-4] == "********"
        assert line.values is None
    assert readings(world) == []


def test_full_numbers_come_with_their_values_and_each_page_is_recorded(
    world: World, admin: Caller
) -> None:
    made = a_list(world)
    lines = all_pages(world, admin, made.id, 7, full=True)
    assert {line.number: line.values for line in lines} == {
        str(number): {"name": name} for number, name in zip(NUMBERS, NAMES, strict=True)
    }
    assert {(each.object, each.author, each.actor.user) for each in readings(world)} == {
        (made.id, made.author, admin.user)
    }
    assert [each.after["from"] for each in readings(world)] == ["0.0", "0.7", "1.0", "1.7", "2.0"]


def test_a_place_is_where_a_page_can_begin(world: World) -> None:
    made = a_list(world)
    lines = all_pages(world, world.author, made.id, 200, full=False)
    for line in lines:
        page = reading(world).page(world.author, made.id, line.place, 1)
        assert list(page.items) == [line]


@pytest.mark.parametrize("after", ["3.0", "99999.0", "0.10", "0.9999"])
def test_behind_the_end_there_is_nothing(world: World, after: str) -> None:
    page = reading(world).page(world.author, a_list(world).id, after, 10)
    assert list(page.items) == []
    assert page.next == ("1.0" if after.startswith("0.") else None)


@pytest.mark.parametrize("after", ["x", "1", "-1.0", "0.-1", "1.1.1", "9" * 30])
def test_what_is_no_cursor_is_refused(world: World, after: str) -> None:
    with pytest.raises(Invalid, match="after"):
        reading(world).page(world.author, a_list(world).id, after, 10)


def test_masked_pages_fetch_numbers_alone(world: World, noted: list[tuple[str, int]]) -> None:
    made = a_list(world)
    noted.clear()
    reading(world).page(world.author, made.id, None, 5)
    reading(world).page(world.author, made.id, "0.5", 5)
    assert noted == [("manifest", -1), *[("chunk-00000", NUMBERS_OCTETS)] * 2]


def test_what_was_erased_is_not_shown(world: World, admin: Caller) -> None:
    made = a_list(world)
    key = f"{list_prefix(world.workspace, made.id)}/chunk-00001"
    chunk = chunk_format.decode(world.blobs.get(key), ("name",))
    gone = chunk.numbers[4]
    numbers = array("Q", chunk.numbers)
    numbers[4] = 2**63
    world.blobs.put(key, chunk_format.encode(Chunk(numbers, chunk.columns)))
    for full in (False, True):
        lines = all_pages(world, admin, made.id, 3, full=full)
        assert len(lines) == len(NUMBERS) - 1
        assert hash_of(world, gone).hex() not in {line.ctn_hash for line in lines}
        assert hash_of(world, 2**63).hex() not in {line.ctn_hash for line in lines}
    for wanted in (Wanted(number=f"+{gone}"), Wanted(ctn_hash=hash_of(world, gone))):
        assert reading(world).look_up(world.author, made.id, wanted) is None


# --- look-up ---


@pytest.mark.parametrize("number", [NUMBERS[0], NUMBERS[12], NUMBERS[-1]])
def test_a_number_and_its_hash_find_the_same(world: World, number: int) -> None:
    made = a_list(world)
    by_number = reading(world).look_up(world.author, made.id, Wanted(number=f"+{number}"))
    by_hash = reading(world).look_up(world.author, made.id, Wanted(ctn_hash=hash_of(world, number)))
    assert by_number is not None
    assert by_number == by_hash
    assert by_number.ctn_hash == hash_of(world, number).hex()
    assert (by_number.number, by_number.values) == ("********" + str(number)[-4:], None)
    page = reading(world).page(world.author, made.id, by_number.place, 1)
    assert list(page.items) == [by_number]
    assert readings(world) == []


def test_every_recipient_is_found_either_way(world: World) -> None:
    made = a_list(world)
    for number in NUMBERS:
        for wanted in (Wanted(number=f"+{number}"), Wanted(ctn_hash=hash_of(world, number))):
            found = reading(world).look_up(world.author, made.id, wanted)
            assert found is not None
            assert found.ctn_hash == hash_of(world, number).hex()


def test_what_is_not_in_the_list_is_not_found(world: World, admin: Caller) -> None:
    made = a_list(world)
    for wanted in (
        Wanted(number=MISSING),
        Wanted(ctn_hash=hash_of(world, int(MISSING))),
        Wanted(ctn_hash=b"\x00" * 32),
        Wanted(ctn_hash=b"\xff" * 32),
        # Begins as one that is there.
        Wanted(ctn_hash=hash_of(world, NUMBERS[3])[:20] + b"\x00" * 12),
    ):
        for full in (False, True):
            assert reading(world).look_up(admin, made.id, wanted, full=full) is None


@pytest.mark.parametrize(
    ("number", "default_country", "country"),
    [
        ("+44 7400 100007", None, None),
        ("0044 (7400) 100-007", None, None),
        ("447400100007", None, None),
        ("07400 100007", "GB", None),
        ("07400 100007", None, "GB"),
        ("07400 100007", "FR", "GB"),
        ("\u202a+44\u00a07400\u00a0100007\u202c", "FR", None),
    ],
)
def test_a_number_is_found_however_it_is_written(
    world: World, number: str, default_country: str | None, country: str | None
) -> None:
    made = a_list(world)
    world.records.put(replace(made, default_country=default_country))
    found = reading(world).look_up(world.author, made.id, Wanted(number=number, country=country))
    assert found is not None
    assert found.ctn_hash == hash_of(world, 447_400_100_007).hex()


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted(), "number"),
        (Wanted(number="+447400100007", ctn_hash=b"\x00" * 32), "number"),
        (Wanted(number="none"), "number"),
        (Wanted(number=""), "number"),
        (Wanted(number="+44 7400 1"), "number"),
        (Wanted(number="+447400100007", country="XX"), "country"),
    ],
)
def test_what_cannot_be_looked_up_is_named_and_not_shown(
    world: World, wanted: Wanted, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        reading(world).look_up(world.author, a_list(world).id, wanted)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert "7400" not in str(refused.value)


@pytest.mark.parametrize("by_hash", [False, True])
def test_in_full_it_is_recorded_by_hash(world: World, admin: Caller, *, by_hash: bool) -> None:
    made = a_list(world)
    ctn_hash = hash_of(world, NUMBERS[4])
    wanted = Wanted(ctn_hash=ctn_hash) if by_hash else Wanted(number=f"+{NUMBERS[4]}")
    found = reading(world).look_up(admin, made.id, wanted, full=True)
    assert found is not None
    assert (found.number, found.values) == (str(NUMBERS[4]), {"name": "Anna 4"})
    (record,) = readings(world)
    assert (record.object, record.after) == (made.id, {"ctn_hash": ctn_hash.hex()})
    assert str(NUMBERS[4]) not in str(record)


def test_what_a_super_admin_reads_without_a_record_is_nothing(
    world: World, admin: Caller, noted: list[tuple[str, int]]
) -> None:
    made = a_list(world)
    visitor = replace(admin, actor=replace(admin.actor, role="super_admin"))
    reading(world).page(world.author, made.id, None, 1)
    noted.clear()
    world.audit_log.away = True
    with pytest.raises(Unavailable):
        reading(world).page(visitor, made.id, None, 10, full=True)
    wanted = Wanted(number=f"+{NUMBERS[0]}")
    with pytest.raises(Unavailable):
        reading(world).look_up(visitor, made.id, wanted, full=True)
    assert noted == []


def test_the_right_to_full_numbers_is_needed_for_them(world: World) -> None:
    made = a_list(world)
    with pytest.raises(Forbidden):
        reading(world).page(world.author, made.id, None, 10, full=True)
    with pytest.raises(Forbidden):
        reading(world).look_up(world.author, made.id, Wanted(number=MISSING), full=True)
    assert readings(world) == []


@pytest.mark.parametrize("status", [each for each in ListStatus if each is not ListStatus.READY])
def test_a_list_that_is_not_ready_shows_nothing(world: World, status: ListStatus) -> None:
    made = a_list(world)
    world.records.put(replace(made, status=status))
    with pytest.raises(Conflict, match=status.value):
        reading(world).page(world.author, made.id, None, 10)
    with pytest.raises(Conflict, match=status.value):
        reading(world).look_up(world.author, made.id, Wanted(number=MISSING))


@pytest.mark.parametrize("gone", ["manifest", "chunk-00000", "hashes/00"])
def test_a_list_that_is_deleted_under_the_reader_is_told_as_such(world: World, gone: str) -> None:
    made = a_list(world)
    first = reading(world).page(world.author, made.id, None, 1).items[0]
    world.blobs.delete(f"{list_prefix(world.workspace, made.id)}/{gone}")
    world.api.list_reading._layouts.clear()
    wanted = Wanted(ctn_hash=bytes.fromhex(first.ctn_hash))
    with pytest.raises(Conflict, match="being deleted"):
        reading(world).look_up(world.author, made.id, wanted)


def test_another_workspaces_list_is_none(world: World) -> None:
    made = a_list(world)
    world.installation.add_workspace("wsp_b", "Others", "UTC")
    other = replace(world.author, workspace="wsp_b")
    with pytest.raises(NotFound):
        reading(world).page(other, made.id, None, 10)
    with pytest.raises(NotFound):
        reading(world).look_up(other, made.id, Wanted(number=f"+{NUMBERS[0]}"))


def test_the_same_number_has_another_hash_elsewhere(world: World) -> None:
    made = a_list(world)
    world.installation.add_workspace("wsp_b", "Others", "UTC")
    wrapped = world.directory.workspace("wsp_b").wrapped_data_key
    theirs = tokens.hasher(world.data_keys.unwrap("wsp_b", wrapped))(str(NUMBERS[0]))
    assert reading(world).look_up(world.author, made.id, Wanted(ctn_hash=theirs)) is None


# --- what it reads ---


def test_once_a_list_is_known_a_number_is_one_read_and_a_hash_two(
    world: World, noted: list[tuple[str, int]]
) -> None:
    made = a_list(world)
    by_number = Wanted(number=f"+{NUMBERS[0]}")
    by_hash = Wanted(ctn_hash=hash_of(world, NUMBERS[0]))
    noted.clear()
    reading(world).look_up(world.author, made.id, by_number)
    assert [name[:6] for name, _ in noted] == ["manife", "chunk-"]
    reading(world).look_up(world.author, made.id, by_hash)
    noted.clear()
    reading(world).look_up(world.author, made.id, by_number)
    assert [length for _, length in noted] == [NUMBERS_OCTETS]
    noted.clear()
    reading(world).look_up(world.author, made.id, by_hash)
    (part, octets), (chunk, _) = noted
    assert (part, octets, chunk[:6]) == ("00", len(NUMBERS) * 8, "chunk-")


def test_few_lists_are_remembered_and_the_longest_unused_goes(
    world: World, noted: list[tuple[str, int]]
) -> None:
    lists = [world.ready_list([FIRST + place]).id for place in range(REMEMBERED_MAX + 1)]

    def manifests() -> int:
        return sum(name == "manifest" for name, _ in noted)

    for list_id in lists[:-1]:
        reading(world).page(world.author, list_id, None, 1)
    reading(world).page(world.author, lists[0], None, 1)
    assert manifests() == REMEMBERED_MAX
    reading(world).page(world.author, lists[-1], None, 1)
    assert manifests() == REMEMBERED_MAX + 1
    reading(world).page(world.author, lists[0], None, 1)
    assert manifests() == REMEMBERED_MAX + 1
    reading(world).page(world.author, lists[1], None, 1)
    assert manifests() == REMEMBERED_MAX + 2


def test_another_content_of_a_list_is_read_anew(world: World) -> None:
    """Nothing of what was remembered counts for it."""
    made, other = a_list(world), world.ready_list([FIRST + 99])
    assert len(all_pages(world, world.author, made.id, 200, full=False)) == len(NUMBERS)
    prefix = list_prefix(world.workspace, made.id)
    manifest = world.blobs.get(f"{list_prefix(world.workspace, other.id)}/manifest")
    world.blobs.put(f"{prefix}/manifest", manifest)
    world.records.put(replace(made, digest=other.digest))
    (line,) = all_pages(world, world.author, made.id, 200, full=False)
    assert line.number.endswith("0099")


def test_by_hash_it_waits_for_the_index_and_by_number_it_does_not(world: World) -> None:
    made = world.ready_list(NUMBERS, per_chunk=10)
    by_hash = Wanted(ctn_hash=hash_of(world, NUMBERS[0]))
    for _ in range(2):
        with pytest.raises(Conflict, match="being indexed"):
            reading(world).look_up(world.author, made.id, by_hash)
    wanted = Wanted(number=f"+{NUMBERS[0]}")
    assert reading(world).look_up(world.author, made.id, wanted) is not None
    indexer(world).index(world.workspace, made.id)
    assert reading(world).look_up(world.author, made.id, by_hash) is not None


def test_a_hash_that_chance_put_elsewhere_is_found(world: World) -> None:
    """The window does not have it, as may happen once in a thousand million."""
    made = a_list(world)
    prefix = list_prefix(world.workspace, made.id)
    manifest = manifest_format.decode(world.blobs.get(f"{prefix}/manifest"))
    wanted = hash_of(world, NUMBERS[0])
    crowd = 4_000
    # All others at the far end.
    far = b"\x00" if wanted[0] >= 0x80 else b"\xff"
    entries = [hash_index.entry(0, 0, far * 32, 0)[1]] * crowd
    for chunk in manifest.chunks:
        there = chunk_format.decode(world.blobs.get(chunk.key)).numbers
        if NUMBERS[0] in there:
            place = there.index(NUMBERS[0])
            entries.append(hash_index.entry(chunk.number, place, wanted, 0)[1])
    data = b"".join(entry.to_bytes(8, "big") for entry in sorted(entries))
    world.blobs.put(hash_index.part_key(prefix, 0), data)
    index = Index(1, manifest.digest, (crowd + 1,))
    world.blobs.put(hash_index.index_key(prefix), hash_index.encode(index))
    found = reading(world).look_up(world.author, made.id, Wanted(ctn_hash=wanted))
    assert found is not None
    assert found.ctn_hash == wanted.hex()


def test_a_number_that_is_gone_from_its_chunk_is_not_found(world: World) -> None:
    """Erased after the index was made: neither another number nor none at all stands for it."""
    made = a_list(world)
    wanted = Wanted(ctn_hash=hash_of(world, NUMBERS[0]))
    prefix = list_prefix(world.workspace, made.id)
    for number in range(3):
        key = f"{prefix}/chunk-{number:05}"
        for left in (array("Q", [FIRST + 77] * 10), array("Q")):
            world.blobs.put(key, chunk_format.encode(Chunk(left)))
    assert reading(world).look_up(world.author, made.id, wanted) is None


def test_a_part_without_entries_is_not_read(world: World, noted: list[tuple[str, int]]) -> None:
    made = a_list(world)
    prefix = list_prefix(world.workspace, made.id)
    index = Index(1, made.digest or "", (0, 25))
    world.blobs.put(hash_index.index_key(prefix), hash_index.encode(index))
    noted.clear()
    wanted = Wanted(ctn_hash=b"\x00" * 32)
    assert reading(world).look_up(world.author, made.id, wanted) is None
    assert [name for name, _ in noted] == ["manifest", "index"]
