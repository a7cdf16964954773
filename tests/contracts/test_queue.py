"""The moderation queue: what waits, oldest first, and the mark that tells whether it changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import Stale
from chalicelib.domain.moderation import ItemKind, QueueItem, QueueMark, standing
from tests.fakes import samples
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contracts.conftest import Ports

SOON = MORNING + timedelta(seconds=60, microseconds=1)


def waiting(ports: Ports, kind: ItemKind | None = None) -> list[QueueItem]:
    return list(ports.queue.waiting("wsp_a", kind, after=None, limit=99).items)


def pages(ports: Ports, kind: ItemKind | None, limit: int) -> Iterator[list[str]]:
    after = None
    while True:
        page = ports.queue.waiting("wsp_a", kind, after=after, limit=limit)
        yield [item.object for item in page.items]
        after = page.next
        if after is None:
            return


# --- what waits ---


def test_an_empty_queue_has_one_empty_page(ports: Ports) -> None:
    assert list(pages(ports, None, 2)) == [[]]


def test_what_waits_comes_oldest_first_whatever_it_is(ports: Ports) -> None:
    for number in (3, 1, 2):
        at = MORNING + timedelta(microseconds=number)
        item = samples.queue_item(object=f"cmp_{9 - number}", submitted_at=at)
        ports.changes.commit(item, audit=samples.audit())
    revision = samples.queue_item(
        kind=ItemKind.REVISION, object="snd_a", submitted_at=MORNING - timedelta(days=1)
    )
    ports.changes.commit(revision, audit=samples.audit())

    assert [item.object for item in waiting(ports)] == ["snd_a", "cmp_8", "cmp_7", "cmp_6"]


def test_items_of_the_same_moment_are_all_there_in_one_order(ports: Ports) -> None:
    items = [
        samples.queue_item(kind=kind, object=name, revision=number)
        for kind, name, number in (
            (ItemKind.REVISION, "snd_a", 10),
            (ItemKind.CAMPAIGN, "cmp_b", 0),
            (ItemKind.REVISION, "snd_a", 9),
            (ItemKind.CAMPAIGN, "cmp_a", 0),
        )
    ]
    for item in items:
        ports.changes.commit(item, audit=samples.audit())

    found = [(item.object, item.revision) for item in waiting(ports)]

    assert found == [("cmp_a", 0), ("cmp_b", 0), ("snd_a", 9), ("snd_a", 10)]
    assert list(pages(ports, None, 1)) == [["cmp_a"], ["cmp_b"], ["snd_a"], ["snd_a"]]


def test_what_waits_elsewhere_is_in_no_list(ports: Ports) -> None:
    ports.changes.commit(samples.queue_item(), audit=samples.audit())

    assert ports.queue.waiting("wsp_b", None, after=None, limit=9).items == []


@pytest.mark.parametrize("limit", [1, 2, 3, 99])
@pytest.mark.parametrize("kind", [None, *ItemKind])
def test_a_kind_is_paged_as_the_whole_is(ports: Ports, kind: ItemKind | None, limit: int) -> None:
    kinds = [ItemKind.CAMPAIGN] * 4 + [ItemKind.REVISION] * 3 + [ItemKind.CAMPAIGN] * 2
    for number, each in enumerate(kinds):
        at = MORNING + timedelta(seconds=number)
        item = samples.queue_item(kind=each, object=f"obj_{number}", submitted_at=at)
        ports.changes.commit(item, audit=samples.audit())
    expected = [f"obj_{number}" for number, each in enumerate(kinds) if kind in {None, each}]

    found = list(pages(ports, kind, limit))

    assert [name for page in found for name in page] == expected
    assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)
    assert found[-1] != []


def test_a_page_goes_on_where_its_last_item_has_left_the_queue(ports: Ports) -> None:
    for number in range(4):
        at = MORNING + timedelta(seconds=number)
        item = samples.queue_item(object=f"cmp_{number}", submitted_at=at)
        ports.changes.commit(item, audit=samples.audit())
    first = ports.queue.waiting("wsp_a", None, after=None, limit=2)

    ports.changes.commit(remove=[first.items[1]], audit=samples.audit())
    second = ports.queue.waiting("wsp_a", None, after=first.next, limit=2)

    assert [item.object for item in second.items] == ["cmp_2", "cmp_3"]
    assert second.next is None


@pytest.mark.parametrize("cursor", ["", "x" * 5000, "\u20ac" * 5000, "\ud800"])
def test_a_forged_cursor_is_some_place_or_none(ports: Ports, cursor: str) -> None:
    item = ports.changes.save(samples.queue_item(), samples.audit())

    page = ports.queue.waiting("wsp_a", None, after=cursor, limit=2)

    assert page.items == ([] if cursor else [item])


def test_an_item_leaves_the_queue_as_it_came_into_it(ports: Ports) -> None:
    item = samples.queue_item()
    ports.changes.commit(item, audit=samples.audit())

    ports.changes.commit(remove=[standing(item)], audit=samples.audit())

    assert waiting(ports) == []
    with pytest.raises(Stale):
        ports.changes.commit(remove=[standing(item)], audit=samples.audit())


def test_an_item_of_another_submission_is_another_item(ports: Ports) -> None:
    first, again = samples.queue_item(), samples.queue_item(submitted_at=SOON, digest="d" * 64)
    ports.changes.commit(again, audit=samples.audit())

    with pytest.raises(Stale):
        ports.changes.commit(remove=[standing(first)], audit=samples.audit())

    assert waiting(ports) == [replace(again, version=1)]


# --- its mark ---


def test_a_queue_that_never_changed_has_an_empty_mark(ports: Ports) -> None:
    assert ports.queue.mark("wsp_a") == QueueMark("wsp_a")


def test_a_change_is_under_way_until_it_says_that_it_is_over(ports: Ports) -> None:
    ports.queue.begin("wsp_a", "chg_1", SOON)
    assert ports.queue.mark("wsp_a").under_way == {"chg_1": SOON}

    ports.queue.end("wsp_a", "chg_1")
    assert ports.queue.mark("wsp_a").under_way == {}


def test_several_changes_are_under_way_at_once(ports: Ports) -> None:
    ports.queue.begin("wsp_a", "chg_1", SOON)
    ports.queue.begin("wsp_a", "chg_2", MORNING)
    ports.queue.end("wsp_a", "chg_1")
    ports.queue.begin("wsp_a", "chg_3", SOON)

    assert ports.queue.mark("wsp_a").under_way == {"chg_2": MORNING, "chg_3": SOON}


def test_every_beginning_and_every_end_gives_another_turn(ports: Ports) -> None:
    turns = [ports.queue.mark("wsp_a").turn]
    for _ in range(3):
        ports.queue.begin("wsp_a", "chg_1", SOON)
        turns.append(ports.queue.mark("wsp_a").turn)
        ports.queue.end("wsp_a", "chg_1")
        turns.append(ports.queue.mark("wsp_a").turn)

    assert len(set(turns)) == len(turns)


def test_a_change_that_ends_twice_or_never_began_is_over(ports: Ports) -> None:
    ports.queue.end("wsp_a", "chg_1")
    ports.queue.begin("wsp_a", "chg_1", SOON)
    ports.queue.end("wsp_a", "chg_1")
    before = ports.queue.mark("wsp_a")
    ports.queue.end("wsp_a", "chg_1")

    assert ports.queue.mark("wsp_a").under_way == {}
    assert ports.queue.mark("wsp_a").turn != before.turn


def test_a_change_that_begins_again_is_believed_anew(ports: Ports) -> None:
    ports.queue.begin("wsp_a", "chg_1", MORNING)
    ports.queue.begin("wsp_a", "chg_1", SOON)

    assert ports.queue.mark("wsp_a").under_way == {"chg_1": SOON}


def test_each_workspace_has_a_mark_of_its_own(ports: Ports) -> None:
    ports.queue.begin("wsp_a", "chg_1", SOON)

    assert ports.queue.mark("wsp_b") == QueueMark("wsp_b")


def test_the_mark_is_not_in_the_queue(ports: Ports) -> None:
    ports.queue.begin("wsp_a", "chg_1", SOON)

    assert waiting(ports) == []


def test_the_tag_changes_with_every_change_and_is_none_while_there_is_one(ports: Ports) -> None:
    tags = [ports.queue.mark("wsp_a").tag(MORNING)]
    for token in ("chg_1", "chg_2"):
        ports.queue.begin("wsp_a", token, SOON)
        assert ports.queue.mark("wsp_a").tag(MORNING) is None
        ports.queue.end("wsp_a", token)
        tags.append(ports.queue.mark("wsp_a").tag(MORNING))
    ports.queue.begin("wsp_a", "chg_3", SOON)
    tags.append(ports.queue.mark("wsp_a").tag(SOON))

    assert None not in tags
    assert len(set(tags)) == len(tags)
