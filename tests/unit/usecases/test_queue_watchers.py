"""Whoever watches the queue through its mark sees what is in it (domain/moderation.py, rules 1 and
2), whatever becomes of those who change it meanwhile.

Changes begin, commit and end in any order, or stop anywhere between. Each of them may also lose the
answer of its commit: then nobody knows whether, and when, the database did it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from chalicelib.domain.errors import Stale, Unavailable
from chalicelib.domain.moderation import CHANGE_MAX, QueueItem, campaign_item, standing
from chalicelib.domain.rights import Role
from chalicelib.usecases.queueing import QueueBell
from tests.fakes import samples
from tests.fakes.records import FakeQueue
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.ports import Page

READERS = 2
# Of several that are never over nothing can be told for long.
AT_ONCE = 3
SECOND = timedelta(seconds=1)


class InterruptedQueue(FakeQueue):
    """Things happen before and after the queue is read. The `deaf` one hears of no end."""

    before: Callable[[], None] = staticmethod(lambda: None)
    after: Callable[[], None] = staticmethod(lambda: None)
    deaf = False

    def waiting(self, *given: Any, **more: Any) -> Page[QueueItem]:
        self.before()
        page = super().waiting(*given, **more)
        self.after()
        return page

    def end(self, workspace: str, token: str) -> None:
        if self.deaf:
            raise Unavailable("The database")
        super().end(workspace, token)


class WatchedWorld(World):
    queue: InterruptedQueue

    def keep_records(self) -> None:
        super().keep_records()
        self.queue = InterruptedQueue(self.records)


@dataclass(slots=True)
class Change:
    """Puts an item into the queue, or takes one out."""

    item: QueueItem
    adds: bool
    begun_at: datetime
    bell: AbstractContextManager[None]
    committed: bool = False
    # Whoever made it does nothing more about it; its commit may still be on the way.
    left: bool = False
    # It was said that it is over.
    heard: bool = False


@dataclass(slots=True)
class Reader:
    tag: str | None = None
    page: list[QueueItem] = field(default_factory=list)


class Watching(RuleBasedStateMachine):
    @initialize()
    def settle(self) -> None:
        self.world = WatchedWorld()
        self.who = self.world.person("watcher@example.com", Role.MODERATOR)
        self.world.clock.advance(CHANGE_MAX)
        self.bell = QueueBell(self.world.queue, self.world.clock, self.world.ids)
        self.changes: list[Change] = []
        self.readers = [Reader() for _ in range(READERS)]
        self.made = 0

    def now(self) -> datetime:
        return self.world.clock.now()

    def in_queue(self) -> list[QueueItem]:
        page = FakeQueue(self.world.records).waiting("wsp_a", None, after=None, limit=1000)
        return list(page.items)

    # --- changes ---

    @rule(adds=st.booleans())
    def begin(self, *, adds: bool) -> None:
        if len(self.unheard()) >= AT_ONCE:
            return
        there = self.in_queue()
        if adds or not there:
            self.made += 1
            item = campaign_item(
                samples.campaign(id=f"cmp_{self.made:04}", digest="d" * 64, submitted_at=self.now())
            )
        else:
            item = replace(there[0], version=0)
        change = Change(item, adds or not there, self.now(), self.bell.changing("wsp_a"))
        change.bell.__enter__()
        self.changes.append(change)

    def unheard(self) -> list[Change]:
        """Those that nobody knows to be over, and that may not be."""
        return [change for change in self.open_changes() if not change.heard]

    def open_changes(self, **where: bool) -> list[Change]:
        """Of those that may still act: no request lives longer than `CHANGE_MAX`."""
        return [
            change
            for change in self.changes
            if self.now() < change.begun_at + CHANGE_MAX
            and all(getattr(change, name) == value for name, value in where.items())
        ]

    def act(self, number: int, step: str) -> None:
        """One more step of one of those that can take it, if any can."""
        able = {
            "commit": self.open_changes(committed=False),
            "end": self.open_changes(committed=True, left=False),
            "refuse": self.open_changes(committed=False, left=False),
            "lose": self.open_changes(left=False),
        }[step]
        if not able:
            return
        change = able[number % len(able)]
        match step:
            case "commit":
                self.commit(change)
            case "end":
                self.leave(change, None)
            case "refuse":
                self.leave(change, Stale())
                self.changes.remove(change)
            case "lose":
                self.leave(change, Unavailable("The database"))

    def commit(self, change: Change) -> None:
        """Of two that take the same item out one does."""
        records = self.world.records
        change.committed = True
        with suppress(Stale):
            if change.adds:
                records.commit([change.item], None)
            else:
                records.commit([], None, [standing(change.item)])

    def leave(self, change: Change, error: Exception | None) -> None:
        change.left = True
        change.heard = not isinstance(error, Unavailable) and not self.world.queue.deaf
        with suppress(Stale, Unavailable):
            change.bell.__exit__(type(error) if error else None, error, None)

    numbers = st.integers(0, 5)
    steps = st.sampled_from(["commit", "commit", "end", "end", "refuse", "lose"])
    happenings = st.lists(st.tuples(st.none() | numbers, steps), max_size=3)

    @rule(number=numbers, step=steps)
    def go_on(self, number: int, step: str) -> None:
        self.act(number, step)

    @rule()
    def nobody_hears_that_it_is_over(self) -> None:
        self.world.queue.deaf = True
        self.act(0, "end")
        self.world.queue.deaf = False

    @rule(seconds=st.sampled_from([1, 20, 50]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(timedelta(seconds=seconds))

    # --- readers ---

    @rule(
        number=st.integers(0, READERS - 1),
        before=happenings,
        after=happenings,
    )
    def look(
        self,
        number: int,
        before: list[tuple[int | None, str]],
        after: list[tuple[int | None, str]],
    ) -> None:
        queue = self.world.queue
        queue.before, queue.after = partial(self.happen, before), partial(self.happen, after)
        self.read(self.readers[number])
        queue.before = queue.after = lambda: None

    def happen(self, what: list[tuple[int | None, str]]) -> None:
        for number, step in what:
            if number is not None:
                self.act(number, step)
            elif step == "commit":
                self.change_at_once()
            else:
                self.begin(adds=step == "end")

    def change_at_once(self) -> None:
        self.begin(adds=True)
        change = self.changes[-1] if self.changes else None
        if change is not None and change in self.open_changes(committed=False, left=False):
            self.commit(change)
            self.leave(change, None)

    def read(self, reader: Reader) -> bool:
        """Whether nothing had changed."""
        page = self.world.api.moderation.queue(self.who, None, None, 1000, reader.tag)
        if page is None:
            assert reader.page == self.in_queue(), "what has changed was not told"
            return True
        reader.tag, reader.page = page.tag, [each.item for each in page.items]
        return False

    @invariant()
    def there_is_a_tag_unless_a_change_may_be_under_way(self) -> None:
        mark = self.world.queue.mark("wsp_a")
        assert (mark.tag(self.now()) is None) == bool(self.unheard())

    @precondition(lambda self: self.changes)
    @rule()
    def all_is_quiet(self) -> None:
        self.world.clock.advance(CHANGE_MAX)
        for reader in self.readers:
            self.read(reader)
            assert reader.page == self.in_queue()
        # The first has cleared away what was left; now one reading of one item is enough.
        assert self.world.queue.mark("wsp_a").under_way == {}
        for reader in self.readers:
            touched = self.world.queue.touched
            assert self.read(reader)
            assert self.world.queue.touched == touched + 1
        self.changes.clear()


TestWatching = Watching.TestCase
TestWatching.settings = settings(max_examples=100, stateful_step_count=30)
