"""Shares of slots against slow references: a flow for how many, exact levels for who gets what."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.dealing import Pool, earliest, evenly, fair_caps


@dataclass(frozen=True)
class Line:
    """Slots in a row, each on a campaign's and on a workspace's day, each with a cap of its own."""

    weights: list[int]
    caps: list[int]
    # By slot: which day of the campaign, and of the workspace.
    ours: list[int]
    theirs: list[int]
    our_rooms: list[int]
    their_rooms: list[int]

    @property
    def pools(self) -> list[Pool]:
        return [
            *(Pool(range(slot, slot + 1), cap) for slot, cap in enumerate(self.caps)),
            *_days(self.ours, self.our_rooms),
            *_days(self.theirs, self.their_rooms),
        ]


def _days(of_slots: list[int], rooms: list[int]) -> list[Pool]:
    return [
        Pool(range(of_slots.index(day), of_slots.index(day) + of_slots.count(day)), room)
        for day, room in enumerate(rooms)
    ]


@st.composite
def lines(draw: st.DrawFn) -> Line:
    # Between two slots the campaign's day ends, or the workspace's, or both.
    cuts = draw(st.lists(st.sampled_from([(1, 0), (0, 1), (1, 1)]), max_size=9))
    ours = list(accumulate((cut[0] for cut in cuts), initial=0))
    theirs = list(accumulate((cut[1] for cut in cuts), initial=0))
    rooms = st.integers(0, 40)
    return Line(
        weights=draw(st.lists(st.integers(1, 30), min_size=len(ours), max_size=len(ours))),
        caps=draw(st.lists(rooms, min_size=len(ours), max_size=len(ours))),
        ours=ours,
        theirs=theirs,
        our_rooms=draw(st.lists(rooms, min_size=ours[-1] + 1, max_size=ours[-1] + 1)),
        their_rooms=draw(st.lists(rooms, min_size=theirs[-1] + 1, max_size=theirs[-1] + 1)),
    )


@st.composite
def tight_lines(draw: st.DrawFn) -> Line:
    """Campaign's and workspace's days by turns, and the channel no matter: fair is not fullest."""
    ours, theirs = [0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 2, 3]
    rooms = draw(st.lists(st.integers(0, 40), min_size=7, max_size=7))
    weights = draw(st.lists(st.integers(1, 30), min_size=6, max_size=6))
    return Line(weights, [100] * 6, ours, theirs, rooms[:3], rooms[3:])


def keeps(line: Line, shares: list[int]) -> bool:
    return min(shares) >= 0 and all(
        sum(shares[slot] for slot in pool.slots) <= pool.room for pool in line.pools
    )


def most_of(line: Line) -> int:
    """The greatest flow from campaign's days through slots to workspace's days, path by path."""
    shares = [0] * len(line.weights)
    used_ours, used_theirs = [0] * len(line.our_rooms), [0] * len(line.their_rooms)

    def reach(day: int, seen: set[int]) -> bool:
        """Whether one more can go from this day of the campaign, moving others if need be."""
        for slot in [slot for slot, ours in enumerate(line.ours) if ours == day]:
            theirs = line.theirs[slot]
            if shares[slot] == line.caps[slot] or theirs in seen:
                continue
            seen.add(theirs)
            if used_theirs[theirs] < line.their_rooms[theirs]:
                used_theirs[theirs] += 1
                shares[slot] += 1
                return True
            for other in [n for n, day_ in enumerate(line.theirs) if day_ == theirs and shares[n]]:
                if other != slot and reach(line.ours[other], seen):
                    shares[other] -= 1
                    shares[slot] += 1
                    return True
        return False

    for day, room in enumerate(line.our_rooms):
        while used_ours[day] < room and reach(day, set()):
            used_ours[day] += 1
    return sum(shares)


def slow_levels(line: Line) -> list[Fraction]:
    """All rise together; whichever pool is full first stops its slots."""
    stopped: dict[int, Fraction] = {}
    while len(stopped) < len(line.weights):
        found = []
        for pool in line.pools:
            rising = [slot for slot in pool.slots if slot not in stopped]
            if rising:
                room = pool.room - sum(stopped[slot] for slot in pool.slots if slot in stopped)
                found.append((room / Fraction(sum(line.weights[slot] for slot in rising)), rising))
        level, slots = min(found)
        stopped.update({slot: level * line.weights[slot] for slot in slots})
    return [stopped[slot] for slot in range(len(line.weights))]


def alone(weights: list[int], caps: list[int]) -> Line:
    """Every slot a day of its own, for both."""
    days = list(range(len(weights)))
    return Line(weights, caps, days, days, [*caps], [*caps])


@given(lines(), st.integers(0, 400))
def test_all_that_fit_are_dealt_and_no_pool_overflows(line: Line, recipients: int) -> None:
    fit = min(recipients, most_of(line))
    for shares in (
        evenly(recipients, line.weights, line.pools),
        earliest(recipients, len(line.weights), line.pools),
    ):
        assert sum(shares) == fit
        assert keeps(line, shares)


@given(tight_lines())
def test_what_fair_shares_leave_is_dealt_as_well(line: Line) -> None:
    fair, most = sum(fair_caps(line.weights, line.pools)), most_of(line)
    for recipients in range(fair, most + 2):
        shares = evenly(recipients, line.weights, line.pools)
        assert sum(shares) == min(recipients, most)
        assert keeps(line, shares)


@given(lines() | tight_lines(), st.integers(0, 200), st.integers(0, 20))
def test_more_recipients_never_hold_others_back(line: Line, few: int, further: int) -> None:
    fair = sum(fair_caps(line.weights, line.pools))
    for less, more in (
        (few, few + further),
        (fair, fair + further),
        (fair + 1, fair + 1 + further),
    ):
        for before, after in (
            (
                evenly(less, line.weights, line.pools),
                evenly(more, line.weights, line.pools),
            ),
            (
                earliest(less, len(line.weights), line.pools),
                earliest(more, len(line.weights), line.pools),
            ),
        ):
            assert all(a <= b for a, b in zip(accumulate(before), accumulate(after), strict=True))


@given(lines(), st.integers(0, 200))
def test_nothing_can_be_earlier(line: Line, recipients: int) -> None:
    first = accumulate(earliest(recipients, len(line.weights), line.pools))
    others = accumulate(evenly(recipients, line.weights, line.pools))
    assert all(early >= later for early, later in zip(first, others, strict=True))


@given(lines())
def test_fair_caps_are_those_of_the_exact_levels(line: Line) -> None:
    caps = fair_caps(line.weights, line.pools)
    assert keeps(line, caps)
    exact = slow_levels(line)
    assert all(abs(cap - level) < 2 for cap, level in zip(caps, exact, strict=True))


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 40)), min_size=1, max_size=10),
    st.integers(0, 400),
)
def test_full_slots_leave_the_rest_to_the_others_by_weight(
    slots: list[tuple[int, int]], recipients: int
) -> None:
    weights, caps = [weight for weight, _ in slots], [cap for _, cap in slots]
    shares = evenly(recipients, weights, alone(weights, caps).pools)
    # The level at which the caps let just so many through, found among the slots' own levels.
    recipients = min(recipients, sum(caps))
    exact: list[Fraction] = []
    for full in sorted({Fraction(cap, weight) for weight, cap in slots} | {Fraction(0)}):
        rising = [slot for slot in slots if Fraction(slot[1], slot[0]) > full]
        fixed = sum(cap for weight, cap in slots if Fraction(cap, weight) <= full)
        load = sum(weight for weight, _ in rising)
        level = Fraction(recipients - fixed, load) if load else full
        exact = [min(Fraction(cap), level * weight) for weight, cap in slots]
        if sum(exact) == recipients and level >= 0:
            break
    assert sum(exact) == recipients
    for place in range(len(slots)):
        assert abs(shares[place] - exact[place]) < 1
        assert sum(shares[: place + 1]) == int(sum(exact[: place + 1]))


@given(st.integers(0, 10**9), st.integers(1, 60))
def test_equal_slots_get_what_the_formula_says(recipients: int, slots: int) -> None:
    line = alone([86_400_000_000] * slots, [10**9] * slots)
    assert evenly(recipients, line.weights, line.pools) == [
        (slot + 1) * recipients // slots - slot * recipients // slots for slot in range(slots)
    ]


def test_overlapping_days_take_all_that_fits_though_it_is_less_even() -> None:
    # The middle slot shares a campaign's day with the first, a workspace's with the last.
    line = Line([1, 1, 1], [9, 9, 9], [0, 0, 1], [0, 1, 1], [2, 9], [9, 2])
    assert fair_caps(line.weights, line.pools) == [1, 1, 1]
    assert evenly(3, line.weights, line.pools) == [1, 1, 1]
    assert evenly(4, line.weights, line.pools) == [2, 0, 2]
    assert evenly(5, line.weights, line.pools) == [2, 0, 2]
    assert earliest(3, 3, line.pools) == [2, 0, 1]


def test_a_hair_less_than_one_is_none() -> None:
    line = alone([10**11, 1], [1, 1])
    assert evenly(1, line.weights, line.pools) == [0, 1]


def test_between_the_fairest_and_the_fullest_is_their_mean() -> None:
    line = Line([1] * 6, [9] * 6, [0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 2, 3], [4, 5, 4], [9, 3, 3, 9])
    # Running totals: 3, 4, 6, 7, 9, 11 and 4, 4, 7, 9, 10, 13.
    assert evenly(11, line.weights, line.pools) == [3, 1, 2, 1, 2, 2]
    assert evenly(12, line.weights, line.pools) == [3, 1, 2, 2, 1, 3]
    assert evenly(13, line.weights, line.pools) == [4, 0, 3, 2, 1, 3]


@pytest.mark.parametrize("recipients", [0, 1, 6])
def test_without_room_there_is_nothing(recipients: int) -> None:
    line = alone([1, 1, 1], [0, 0, 0])
    assert evenly(recipients, line.weights, line.pools) == [0, 0, 0]
    assert earliest(recipients, 3, line.pools) == [0, 0, 0]
