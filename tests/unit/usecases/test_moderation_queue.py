"""The queue as moderators read it: in pages, and only when it has changed (SPEC 4.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import Forbidden, Unavailable
from chalicelib.domain.moderation import CHANGE_MAX, ItemKind
from chalicelib.domain.rights import Role
from tests.fakes.world import World
from tests.unit.usecases.deciding import (
    allow_self_approval,
    decide,
    decide_revision,
    handed_in,
    reject,
    revision_handed_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.auditing import Caller

HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def second(world: World) -> Caller:
    return world.person("second@example.com", Role.MODERATOR)


def test_the_queue_is_read_oldest_first_and_page_by_page(world: World) -> None:
    expected = []
    for number in range(3):
        expected.append((ItemKind.CAMPAIGN, handed_in(world, name=f"No. {number}").id))
        world.clock.advance(HOUR)
        revision_handed_in(world, f"SHOP{number}")
        expected.append((ItemKind.REVISION, world.sender))
        world.clock.advance(HOUR)
    found, after = [], None
    while True:
        page = world.api.moderation.queue(world.moderator, None, after, 4)
        assert page is not None
        found += [(each.item.kind, each.item.object) for each in page.items]
        assert all(each.may_decide for each in page.items)
        after = page.next
        if after is None:
            break
    assert found == expected
    revisions = world.api.moderation.queue(world.moderator, ItemKind.REVISION, None, 10)
    assert revisions is not None
    assert [each.item.revision for each in revisions.items] == [2, 3, 4]


def test_the_queue_is_for_those_who_decide(world: World) -> None:
    with pytest.raises(Forbidden, match="approve"):
        world.api.moderation.queue(world.author, None, None, 10)


def test_what_one_wrote_is_marked_so_where_it_matters(world: World) -> None:
    both = world.person("both@example.com", Role.AUTHOR, is_moderator=True)
    handed_in(world)
    world.author = both
    handed_in(world)

    def shown(who: Caller, known: str | None = None) -> tuple[list[bool], str | None]:
        page = world.api.moderation.queue(who, None, None, 10, known)
        assert page is not None
        return [each.may_decide for each in page.items], page.tag

    flags, tag = shown(both)
    assert flags == [True, False]
    assert shown(world.moderator)[0] == [True, True]
    allow_self_approval(world)
    member = world.directory.member(world.workspace, both.user)
    assert member is not None
    # The queue is as it was, what may be done with it is not.
    assert shown(world.caller(member), tag)[0] == [True, True]


def test_asking_whether_the_queue_has_changed_takes_one_reading(world: World) -> None:
    campaign = handed_in(world)
    handed_in(world)
    queue = world.api.moderation.queue
    first = queue(world.moderator, None, None, 10)
    assert first is not None
    assert first.tag is not None
    touched = world.queue.touched
    assert queue(world.moderator, None, None, 10, first.tag) is None
    assert world.queue.touched == touched + 1
    reject(world, campaign)
    changed = queue(world.moderator, None, None, 10, first.tag)
    assert changed is not None
    assert len(changed.items) == 1
    assert changed.tag not in {None, first.tag}
    world.desk.submit(world.author, campaign.id)
    assert queue(world.moderator, None, None, 10, changed.tag) is not None


@pytest.mark.parametrize("approve", [True, False])
def test_whoever_decides_is_heard_by_those_who_watch(world: World, *, approve: bool) -> None:
    campaign, revision = handed_in(world), revision_handed_in(world)
    queue = world.api.moderation.queue
    decisions: list[Callable[[], object]] = [
        lambda: decide(world, campaign, approve=approve, note="n"),
        lambda: decide_revision(world, revision, approve=approve, note="n"),
    ]
    for left, happens in zip((1, 0), decisions, strict=True):
        known = queue(world.moderator, None, None, 10)
        assert known is not None
        happens()
        page = queue(world.moderator, None, None, 10, known.tag)
        assert page is not None
        assert len(page.items) == left


def test_a_tag_is_of_one_answer(world: World, second: Caller) -> None:
    for _ in range(3):
        handed_in(world)
    queue = world.api.moderation.queue
    first = queue(world.moderator, None, None, 2)
    assert first is not None
    known = first.tag
    for who, kind, after, limit in (
        (second, None, None, 2),
        (world.moderator, ItemKind.CAMPAIGN, None, 2),
        (world.moderator, None, first.next, 2),
        (world.moderator, None, None, 3),
    ):
        assert queue(who, kind, after, limit, known) is not None
    assert queue(world.moderator, None, None, 2, known) is None


def test_while_the_queue_changes_it_has_no_tag(world: World) -> None:
    handed_in(world)
    queue = world.api.moderation.queue
    first = queue(world.moderator, None, None, 10)
    assert first is not None
    with world.api.moderation.bell.changing(world.workspace):
        during = queue(world.moderator, None, None, 10, first.tag)
        assert during is not None
        assert (len(during.items), during.tag) == (1, None)
        again = queue(world.moderator, None, None, 10, None)
        assert again is not None
    assert queue(world.moderator, None, None, 10, first.tag) is not None


def test_changes_that_never_said_they_were_over_are_cleared_away(world: World) -> None:
    queue, now = world.api.moderation.queue, world.clock.now()
    world.queue.begin(world.workspace, "chg_dead", now + CHANGE_MAX)
    world.queue.begin(world.workspace, "chg_alive", now + 2 * CHANGE_MAX)
    world.clock.advance(CHANGE_MAX)
    page = queue(world.moderator, None, None, 10)
    assert page is not None
    assert page.tag is None
    assert set(world.queue.mark(world.workspace).under_way) == {"chg_alive"}
    world.clock.advance(CHANGE_MAX)
    page = queue(world.moderator, None, None, 10)
    assert page is not None
    assert world.queue.mark(world.workspace).under_way == {}
    assert queue(world.moderator, None, None, 10, page.tag) is None


def test_the_queue_is_shown_even_if_nothing_can_be_cleared_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Unavailable("The database")

    handed_in(world)
    world.queue.begin(world.workspace, "chg_dead", world.clock.now())
    monkeypatch.setattr(world.queue, "end", fail)
    queue = world.api.moderation.queue
    page = queue(world.moderator, None, None, 10)
    assert page is not None
    assert len(page.items) == 1
    assert page.tag is not None
    assert queue(world.moderator, None, None, 10, page.tag) is None
