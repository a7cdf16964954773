"""Which of some numbers are among many, however few or many they are."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import number_set
from chalicelib.domain.number_set import NumberSet

NUMBERS = st.integers(1, 40) | st.integers(0, 2**64 - 1)


@pytest.mark.parametrize("few", [0, 100_000])
@settings(max_examples=40)
@given(known=st.lists(st.lists(NUMBERS)), asked=st.lists(NUMBERS))
def test_the_places_of_those_that_are_known_come_in_order(
    few: int, known: list[list[int]], asked: list[int]
) -> None:
    every = {number for some in known for number in some}
    expected = [place for place, number in enumerate(asked) if number in every]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(number_set, "FEW", few)
        patch.setattr(number_set, "BUCKETS", 5)  # so that many share one, and it is quick
        numbers = NumberSet()
        for some in known:
            numbers.add(some)
        numbers.settle()

        assert len(numbers) == len(every)
        assert numbers.places(array("Q", asked)) == expected


@pytest.mark.parametrize("few", [0, 100_000])
def test_numbers_that_share_a_bucket_are_told_apart(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_set, "FEW", few)
    numbers = NumberSet()
    numbers.add([number_set.BUCKETS * each for each in (1, 3, 3)])
    numbers.settle()

    assert len(numbers) == 2
    assert numbers.places([number_set.BUCKETS * each for each in range(6)]) == [1, 3]
