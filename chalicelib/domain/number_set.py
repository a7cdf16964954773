"""Phone numbers by the million, and which of some others are among them.

Eight octets a number: a set of Python's takes eighty, so only few are kept in one. Numbers are
dealt into buckets, each in order, so that one is found by a short bisection, and no sorting needs
much room at once.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A prime, so that whatever numbers have in common they are dealt evenly.
BUCKETS: Final = 4093
FEW: Final = 100_000


class NumberSet:
    """Filled first, and then asked: `settle` stands between."""

    __slots__ = ("_buckets", "_few")

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(BUCKETS)]
        self._few: frozenset[int] | None = None

    def add(self, numbers: Iterable[int]) -> None:
        put = [bucket.append for bucket in self._buckets]
        for number in numbers:
            put[number % BUCKETS](number)

    def settle(self) -> None:
        for place, bucket in enumerate(self._buckets):
            self._buckets[place] = array("Q", sorted(set(bucket)))
        if len(self) <= FEW:
            self._few = frozenset(number for bucket in self._buckets for number in bucket)

    def __len__(self) -> int:
        return sum(map(len, self._buckets))

    def places(self, numbers: Sequence[int]) -> list[int]:
        """Where in `numbers` those stand that are in this set, in order."""
        if self._few is not None:
            there = self._few.intersection(numbers)
            return [place for place, each in enumerate(numbers) if each in there] if there else []
        buckets = self._buckets
        found = []
        for place, number in enumerate(numbers):
            bucket = buckets[number % BUCKETS]
            at = bisect_left(bucket, number)
            if at < len(bucket) and bucket[at] == number:
                found.append(place)
        return found
