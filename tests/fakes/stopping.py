"""Saying who wants no messages, as the desk of suppressions writes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.suppression import Source, Suppression, SuppressionChange, SuppressionList

if TYPE_CHECKING:
    from tests.fakes.world import World


def say(world: World, *numbers: int, lifted: bool = False, workspace: str | None = None) -> None:
    place, now = workspace or world.workspace, world.clock.now()
    entries = []
    for number in numbers:
        stored = world.records.find(Suppression, place, number)
        entry = Suppression(place, number, number, Source.RECIPIENT, now, "", lifted=lifted)
        entries.append(replace(entry, version=stored.version if stored else 0))
    note = SuppressionChange(place, world.ids.new("sup"), now, lifted=lifted, numbers=numbers)
    world.changes.commit(*entries, note, audit=world.audit())


def say_list(world: World, numbers: list[int], *, per_chunk: int = 10_000) -> str:
    """A list, in force at once."""
    named = world.ready_list(numbers, per_chunk=per_chunk).id
    now = world.clock.now()
    note = SuppressionChange(world.workspace, world.ids.new("sup"), now, list=named)
    world.changes.commit(SuppressionList(world.workspace, named, now), note, audit=world.audit())
    return named


def withdraw(world: World, named: str) -> None:
    now = world.clock.now()
    (stored,) = [one for one in world.suppressions.lists(world.workspace) if one.list == named]
    note = SuppressionChange(world.workspace, world.ids.new("sup"), now, lifted=True, list=named)
    world.changes.commit(replace(stored, withdrawn_at=now), note, audit=world.audit())
