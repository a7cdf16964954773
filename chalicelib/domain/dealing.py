"""How many recipients each slot of a plan gets (SPEC 4.6): whole numbers, exact, without a float.

Slots follow each other in time. A pool is a run of slots that together may get so many: what the
channel lets out in one slot, or a daily limit over the slots of its day. Days of two sorts cut the
line (the campaign's and the workspace's), and no two slots lie on the same day of both. So of two
pools that a slot is in, only one goes on to the next: taking what one can from left to right takes
the most that there is. And running totals may be rounded down: what lies between two of them is
never rounded above a whole number that bounded it before.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heappop, heappush
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Pool:
    slots: range
    room: int


def earliest(recipients: int, slots: int, pools: Sequence[Pool]) -> list[int]:
    """Each slot takes what it can before the next one takes any. Every slot is in a pool."""
    rooms = [pool.room for pool in pools]
    shares = []
    for mine in _pools_of(slots, pools):
        share = min(recipients, *(rooms[number] for number in mine))
        for number in mine:
            rooms[number] -= share
        recipients -= share
        shares.append(share)
    return shares


def evenly(recipients: int, weights: Sequence[int], pools: Sequence[Pool]) -> list[int]:
    """In proportion to the weights; what a full pool cannot take goes to the others likewise.

    If not all fit, as many as do. More recipients never make a running total smaller.
    """
    fair = fair_caps(weights, pools)
    if recipients <= sum(fair):
        return _level(recipients, weights, fair)
    # Where days overlap, fair shares may leave room that only unfair ones can use. A mean of two
    # dealings that keep within the pools keeps within them too.
    most = earliest(recipients + sum(pool.room for pool in pools), len(weights), pools)
    return most if recipients >= sum(most) else _between(fair, most, recipients)


def fair_caps(weights: Sequence[int], pools: Sequence[Pool]) -> list[int]:
    """What each slot has when all rise at once, by weight, each until a pool of its own is full."""
    mine = _pools_of(len(weights), pools)
    rooms = [pool.room for pool in pools]
    loads = [sum(weights[slot] for slot in pool.slots) for pool in pools]
    levels = [(Fraction(rooms[pool], loads[pool]), pool) for pool in range(len(pools))]
    heapify(levels)
    caps: dict[int, int] = {}
    while levels:
        level, full = heappop(levels)
        # Its level may have changed since; then it stands here once more.
        if not loads[full] or level != Fraction(rooms[full], loads[full]):
            continue
        risen = dict(_dealt(rooms[full], [n for n in pools[full].slots if n not in caps], weights))
        caps.update(risen)
        for slot, share in risen.items():
            for pool in mine[slot]:
                rooms[pool] -= share
                loads[pool] -= weights[slot]
                if loads[pool]:
                    heappush(levels, (Fraction(rooms[pool], loads[pool]), pool))
    return [caps[slot] for slot in range(len(weights))]


def _level(recipients: int, weights: Sequence[int], caps: Sequence[int]) -> list[int]:
    """By weight, but none above its cap; all of them fit."""
    shares = dict(enumerate(caps))
    rising = set(shares)
    load = sum(weights)
    for slot in sorted(rising, key=lambda slot: Fraction(caps[slot], weights[slot])):
        if caps[slot] * load < recipients * weights[slot]:
            rising.remove(slot)
            recipients -= caps[slot]
            load -= weights[slot]
    shares.update(_dealt(recipients, sorted(rising), weights))
    return [shares[slot] for slot in range(len(weights))]


def _dealt(
    recipients: int, slots: Sequence[int], weights: Sequence[int]
) -> Iterable[tuple[int, int]]:
    """By weight, exact to one: differences of a running total that is rounded down."""
    reached = list(accumulate((weights[slot] for slot in slots), initial=0))
    marks = [recipients * weight // reached[-1] for weight in reached]
    return zip(slots, (after - before for before, after in pairwise(marks)), strict=True)


def _between(low: Sequence[int], high: Sequence[int], recipients: int) -> list[int]:
    """The mean of the two that has so many."""
    share, whole = recipients - sum(low), sum(high) - sum(low)
    marks = [
        less + (more - less) * share // whole
        for less, more in zip(accumulate(low), accumulate(high), strict=True)
    ]
    return [after - before for before, after in pairwise([0, *marks])]


def _pools_of(slots: int, pools: Sequence[Pool]) -> list[list[int]]:
    mine: list[list[int]] = [[] for _ in range(slots)]
    for number, pool in enumerate(pools):
        for slot in pool.slots:
            mine[slot].append(number)
    return mine
