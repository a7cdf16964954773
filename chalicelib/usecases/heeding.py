"""What an owner knows of who wants no messages, beyond what the build knew (SPEC 5.4, DESIGN 4.10).

A job's chunk names the instant of its build: whoever was suppressed then has an outcome. All that
was said since is read before the job is taken, and then every second. A workspace whose notes of
that time are gone is asked for everything anew. A bridge that starts, or takes over, does the same.

What is new is asked for by the times of the notes themselves: the clock of a bridge may be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.errors import Conflict
from chalicelib.domain.number_set import NumberSet
from chalicelib.domain.suppression import CHANGES_KEPT, LOOK_BACK
from chalicelib.domain.told import Told
from chalicelib.domain.workspace import MASTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chalicelib.usecases.ownership import ChunkKey, Job
    from chalicelib.usecases.ports import Clock
    from chalicelib.usecases.wishes import Unwanted, Wishes

# So long a workspace is remembered of which nothing is in hand.
KEPT_FOR: Final = timedelta(minutes=10)
# Numbers of whole lists, eight octets each, that are held at once.
MOST_LISTED: Final = 20_000_000
# Notes go while they are being read.
SURELY_KEPT: Final = CHANGES_KEPT - timedelta(days=1)
# Of a chunk that was built without asking.
_EVER: Final = datetime.min.replace(tzinfo=UTC)


class ListKey(NamedTuple):
    workspace: str
    list: str


@dataclass(frozen=True, slots=True)
class Heard:
    """`places` are those who want no messages, of each chunk of which that is news; `taken` are
    the fresh jobs of which all is known. `missing` are lists whose numbers are to be fetched, of
    which there is `room` for so many: until then no job of their workspace is taken.
    """

    taken: tuple[Job, ...]
    places: Mapping[ChunkKey, frozenset[int]]
    missing: tuple[ListKey, ...]
    room: int


@dataclass(slots=True)
class _Source:
    """What is known of one workspace: all that was said since `since`, up to `heard_to`."""

    since: datetime
    heard_to: datetime
    needed_at: datetime
    base: Unwanted | None = None
    told: Told = field(default_factory=Told)
    news: bool = False


class Heeding:
    """Its calls change what it knows: one at a time, but for `fetch`."""

    def __init__(self, wishes: Wishes, clock: Clock) -> None:
        self._wishes = wishes
        self._clock = clock
        self._sources: dict[str, _Source] = {}

    def hear(self, held: Sequence[Job], fresh: Sequence[Job]) -> Heard:
        """Read what is new, for the jobs in hand and those that are about to be."""
        now = self._clock.now()
        for job in (*held, *fresh):
            for workspace in _sources_of(job):
                self._need(workspace, job.chunk.as_of or _EVER, now)
        if held or fresh:
            self._listen(now)
        missing = tuple(self._missing())
        lacking = {key.workspace for key in missing}
        taken = tuple(job for job in fresh if lacking.isdisjoint(_sources_of(job)))
        touched = [job for job in held if self._has_news(job)]
        places = {job.key: self._places(job) for job in (*touched, *taken)}
        for source in self._sources.values():
            source.news = False
        held_already = sum(len(source.told) for source in self._sources.values())
        return Heard(taken, places, missing, MOST_LISTED - held_already)

    def fetch(self, key: ListKey, room: int) -> NumberSet:
        """The numbers of a whole list: seconds of work for millions."""
        numbers = NumberSet()
        for some in self._wishes.listed(*key):
            room -= len(some)
            if room < 0:
                raise Conflict(
                    "More numbers were suppressed by lists since it was built than the bridge "
                    "holds: cancel the campaign and clone it."
                )
            numbers.add(some)
        numbers.settle()
        return numbers

    def load(self, key: ListKey, numbers: NumberSet) -> None:
        source = self._sources.get(key.workspace)
        if source is not None:
            source.told.load(key.list, numbers)
            source.news = True

    def _need(self, workspace: str, since: datetime, now: datetime) -> None:
        source = self._sources.get(workspace)
        if source is None:
            source = self._sources[workspace] = _Source(since=now, heard_to=now, needed_at=now)
        source.needed_at = now
        if since >= source.since:
            return
        if now - since < SURELY_KEPT:
            source.since = source.heard_to = since
        else:
            source.base = self._wishes.unwanted(workspace)
            source.heard_to = min(source.heard_to, source.base.as_of)
            source.since = _EVER
        source.news = True

    def _listen(self, now: datetime) -> None:
        """Those of which nothing is in hand are asked no more, and forgotten after some time."""
        self._sources = {
            name: source
            for name, source in self._sources.items()
            if now - source.needed_at < KEPT_FOR
        }
        for name, source in self._sources.items():
            if source.needed_at == now:
                notes = self._wishes.suppressions.changes(name, source.heard_to - LOOK_BACK)
                source.news |= source.told.hear(notes)
                source.heard_to = max([source.heard_to, *(note.at for note in notes)])

    def _missing(self) -> Iterator[ListKey]:
        for name, source in self._sources.items():
            for each in source.told.missing:
                yield ListKey(name, each)

    def _has_news(self, job: Job) -> bool:
        return any(self._sources[name].news for name in _sources_of(job))

    def _places(self, job: Job) -> frozenset[int]:
        found: set[int] = set()
        for name in _sources_of(job):
            source = self._sources[name]
            found |= source.told.places(job.numbers)
            if source.base is not None:
                found.update(source.base.places(job.numbers))
        return frozenset(found)


def _sources_of(job: Job) -> Iterable[str]:
    return {MASTER, job.key.workspace}
