"""How failed attempts lock (SPEC 2.4)."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import TooMany
from chalicelib.domain.lockout import (
    ELSEWHERE,
    FORGOTTEN_AFTER,
    FREE,
    Attempts,
    begin,
    forgive,
    lock_after,
)
from tests.fakes import samples
from tests.fakes.services import MORNING as NOON

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("failures", "minutes"),
    [(0, 0), (1, 0), (2, 0), (3, 1), (4, 2), (5, 4), (6, 8), (7, 15), (8, 15), (10_000, 15)],
)
def test_the_lock_doubles_from_one_minute_to_fifteen(failures: int, minutes: int) -> None:
    assert lock_after(failures) == minutes * MINUTE


def test_an_attempt_counts_when_it_begins() -> None:
    first = begin(None, "s", ELSEWHERE, NOON)
    assert first == Attempts("s", ELSEWHERE, 1, None, NOON + FORGOTTEN_AFTER)
    third = begin(begin(first, "s", ELSEWHERE, NOON), "s", ELSEWHERE, NOON)
    assert (third.failures, third.locked_until) == (3, NOON + MINUTE)


def test_a_lock_refuses_to_its_end_and_says_how_long() -> None:
    locked = samples.attempts(locked_until=NOON + MINUTE)
    with pytest.raises(TooMany) as refusal:
        begin(locked, "s", ELSEWHERE, NOON + timedelta(seconds=20))
    assert refusal.value.wait == timedelta(seconds=40)
    begun = begin(locked, "s", ELSEWHERE, NOON + MINUTE)
    assert (begun.failures, begun.locked_until) == (4, NOON + 3 * MINUTE)


def test_it_is_written_over_the_record_that_was_read() -> None:
    known = samples.attempts(version=7, failures=1, locked_until=None)
    assert begin(known, "s", ELSEWHERE, NOON).version == 7
    assert begin(known, "s", ELSEWHERE, known.expires_at).version == 7


def test_after_a_day_of_quiet_the_count_begins_anew() -> None:
    known = samples.attempts(failures=9, locked_until=None, expires_at=NOON + FORGOTTEN_AFTER)
    just_before = NOON + FORGOTTEN_AFTER - timedelta(microseconds=1)
    assert begin(known, "s", ELSEWHERE, just_before).failures == 10
    assert begin(known, "s", ELSEWHERE, NOON + FORGOTTEN_AFTER).failures == 1


@given(st.integers(0, 12))
def test_a_forgiven_attempt_leaves_the_count_as_it_was(failures: int) -> None:
    known = samples.attempts(failures=failures, locked_until=None)
    forgiven = forgive(begin(known, "s", ELSEWHERE, NOON))
    assert (forgiven.failures, forgiven.locked_until) == (failures, None)
    assert forgive(samples.attempts(failures=0)).failures == 0


@given(st.lists(st.integers(0, 40 * 60), max_size=30))
def test_however_one_tries_each_attempt_after_the_free_ones_costs_its_wait(
    gaps: list[int],
) -> None:
    """No pattern of attempts gets more of them through than the table allows."""
    now, known, passed = NOON, None, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        with suppress(TooMany):
            known = begin(known, "s", ELSEWHERE, now)
            passed.append(now)
    for number, (one, following) in enumerate(pairwise(passed), start=1):
        assert following - one >= lock_after(number)
    assert len([at for at in passed if at - passed[0] < MINUTE]) <= FREE
