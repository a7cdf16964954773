"""Asking who wants no messages: entries and lists, of the workspace and of the installation.

Ask for all of it once (`unwanted`), and then for what is new (`changes`), which costs one small
read a workspace where nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.errors import NotFound
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifests
from chalicelib.domain.number_set import NumberSet
from chalicelib.domain.recipient_list import list_prefix
from chalicelib.domain.suppression import LOOK_BACK
from chalicelib.domain.workspace import MASTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from chalicelib.domain.suppression import SuppressionChange, SuppressionList
    from chalicelib.usecases.ports import Blobs, Clock, Suppressions


class Unwanted(Protocol):
    """The numbers that wanted no messages at `as_of`, said by the workspace or for all."""

    @property
    def as_of(self) -> datetime: ...

    def __bool__(self) -> bool:
        """Whether there are any."""
        ...

    def places(self, numbers: Sequence[int]) -> list[int]:
        """Where in `numbers` they stand, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Gathered:
    as_of: datetime
    numbers: NumberSet

    def __bool__(self) -> bool:
        return len(self.numbers) > 0

    def places(self, numbers: Sequence[int]) -> list[int]:
        return self.numbers.places(numbers)


@dataclass(frozen=True, slots=True)
class Wishes:
    suppressions: Suppressions
    blobs: Blobs
    clock: Clock

    def unwanted(self, workspace: str) -> Unwanted:
        """`as_of` is an instant before anything was read: ask for `changes` since then.

        What is said for all workspaces holds whatever the workspace says.
        """
        as_of = self.clock.now()
        numbers = NumberSet()
        for source in dict.fromkeys((MASTER, workspace)):
            lifted: dict[int, datetime] = {}
            numbers.add(self._said(source, lifted))
            for each in self.suppressions.lists(source):
                if each.withdrawn_at is None:
                    numbers.add(_unless_lifted(self._listed(each), each.at, lifted))
        numbers.settle()
        return Gathered(as_of, numbers)

    def changes(self, workspaces: Iterable[str], since: datetime) -> list[SuppressionChange]:
        """What was noted since then in these workspaces and for all, oldest first.

        A note has its time before it is written, so those of the last LOOK_BACK before `since` are
        told again at every call: to hear one twice must change nothing. Of two about the same
        number the later one holds, `at` and then `id`, within its workspace: what is said for all
        (workspace MASTER) is lifted there alone. Notes are kept for CHANGES_KEPT. `since` is when
        it was asked before, by the asker's clock, or `as_of` of what it goes by.
        """
        begin = since - LOOK_BACK
        notes = [
            note
            for workspace in dict.fromkeys((MASTER, *workspaces))
            for note in self.suppressions.changes(workspace, begin)
        ]
        return sorted(notes, key=attrgetter("at", "id"))

    def listed(self, workspace: str, list_id: str) -> Iterator[Sequence[int]]:
        """The numbers of a list, chunk by chunk: a change may name one."""
        manifest = manifests.decode(self.blobs.get(f"{list_prefix(workspace, list_id)}/manifest"))
        for entry in manifest.chunks:
            yield chunk_format.decode(self.blobs.get(entry.key)).numbers

    def _said(self, workspace: str, lifted: dict[int, datetime]) -> Iterator[int]:
        """Numbers of entries; those that are lifted go to `lifted`."""
        for number, lifted_at in self.suppressions.numbers(workspace):
            if lifted_at is None:
                yield number
            else:
                lifted[number] = lifted_at

    def _listed(self, each: SuppressionList) -> Iterator[int]:
        """A list that is gone meanwhile was withdrawn before; any other must be there."""
        try:
            for numbers in self.listed(each.workspace, each.list):
                yield from numbers
        except NotFound:
            if each in self.suppressions.lists(each.workspace):
                raise


def _unless_lifted(
    numbers: Iterable[int], since: datetime, lifted: dict[int, datetime]
) -> Iterable[int]:
    """What was lifted after `since`, when its list came into force, is not wanted out."""
    if not lifted:
        return numbers
    return (each for each in numbers if each not in lifted or lifted[each] <= since)
