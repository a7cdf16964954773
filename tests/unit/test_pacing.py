"""The pacer: the cap in every sliding second, the mean, and no burst after a rest (DESIGN 4.10)."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.pacing import CATCH_UP, HEADROOM, Pacer

RATES = st.sampled_from([0.5, 1.0, 7.0, 70.0, 333.3, 2_000.0, 20_000.0])
# Turns of the sender's loop: mostly a few milliseconds apart, now and then late, or after a rest.
GAPS = st.lists(
    st.one_of(
        st.floats(0.0, 0.01), st.floats(0.0, 0.05), st.floats(0.9, 1.1), st.sampled_from([1.0, 5.0])
    ),
    max_size=300,
)
SECOND = 1.0


def sends(rate: float, moments: list[float], wanted: int) -> list[tuple[float, int]]:
    pacer = Pacer(rate)
    return [(at, pacer.allowance(at, wanted)) for at in moments]


def busiest_second(granted: list[tuple[float, int]]) -> int:
    """Most messages in any half-open second; one that begins with a message is the worst."""
    most, total, start = 0, 0, 0
    for at, count in granted:
        total += count
        while granted[start][0] <= at - SECOND:
            total -= granted[start][1]
            start += 1
        most = max(most, total)
    return most


@given(rate=RATES, gaps=GAPS, wanted=st.integers(1, 100_000))
def test_no_sliding_second_has_more_than_the_cap(
    rate: float, gaps: list[float], wanted: int
) -> None:
    moments = [1_000.0 + at for at in accumulate(gaps)]
    assert busiest_second(sends(rate, moments, wanted)) <= max(1, int(rate))


@given(rate=RATES, gaps=GAPS, wanted=st.integers(-1, 50))
def test_nobody_gets_more_than_is_wanted_or_less_than_nothing(
    rate: float, gaps: list[float], wanted: int
) -> None:
    for _, granted in sends(rate, list(accumulate(gaps)), wanted):
        assert 0 <= granted <= max(0, wanted)


@pytest.mark.parametrize("rate", [7.0, 70.0, 2_000.0, 20_000.0])
@pytest.mark.parametrize("turn", [0.001, 0.0137, 0.02])
def test_the_mean_is_the_cap_within_half_a_percent(rate: float, turn: float) -> None:
    seconds = max(60.0, 2_000 / rate)
    moments = [turn * number for number in range(int(seconds / turn))]
    total = sum(granted for _, granted in sends(rate, moments, 100_000))
    assert total / seconds == pytest.approx(rate, rel=0.005)
    assert total <= rate * seconds + 1


def test_a_late_turn_is_caught_up() -> None:
    pacer = Pacer(100.0)
    on_time = sum(pacer.allowance(0.01 * turn, 10) for turn in range(100))
    late = pacer.allowance(1.04, 10)
    assert on_time + late == pytest.approx(104 * HEADROOM, abs=1.5)
    assert late > 1


def test_a_rest_is_not_saved_up() -> None:
    pacer = Pacer(100.0)
    pacer.allowance(0.0, 1)
    assert pacer.allowance(60.0, 1_000) <= 100 * CATCH_UP + 1


def test_what_nobody_wants_is_not_counted() -> None:
    pacer = Pacer(10.0)
    assert pacer.allowance(0.0, 0) == 0
    assert pacer.allowance(0.0, 1) == 1


def test_it_says_when_to_ask_again() -> None:
    pacer = Pacer(10.0)
    assert pacer.next_at(5.0) == 5.0
    assert pacer.allowance(5.0, 1) == 1
    assert pacer.next_at(5.0) == pytest.approx(5.0 - CATCH_UP + 0.1 / HEADROOM)
    assert pacer.allowance(pacer.next_at(5.0), 1) == 1


def test_at_the_cap_it_says_when_the_second_is_over() -> None:
    pacer = Pacer(0.9)
    assert pacer.allowance(5.0, 1) == 1
    assert pacer.allowance(5.5, 1) == 0
    assert pacer.next_at(5.5) == 6.0


@given(rate=RATES, gaps=GAPS)
def test_whoever_asks_when_told_is_soon_served(rate: float, gaps: list[float]) -> None:
    pacer = Pacer(rate)
    for now in accumulate(gaps, initial=1_000.0):
        pacer.allowance(now, 3)
    asked = 0
    granted = 0
    while not granted:
        now = pacer.next_at(now) + 1e-9
        granted = pacer.allowance(now, 1)
        asked += 1
    assert asked <= 3
