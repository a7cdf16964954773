"""What was said since: the last word holds, in whatever order and how often it is heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from chalicelib.domain.number_set import NumberSet
from chalicelib.domain.suppression import SuppressionChange
from chalicelib.domain.told import Told

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NUMBERS = [10, 20, 30, 40]


def note(
    second: int, *numbers: int, lifted: bool = False, named: str | None = None
) -> SuppressionChange:
    at = BEGIN + timedelta(seconds=second)
    return SuppressionChange("wsp_a", f"sup_{second:03}", at, lifted, numbers, named)


def listed(*numbers: int) -> NumberSet:
    found = NumberSet()
    found.add(numbers)
    found.settle()
    return found


def test_nothing_said_is_nobody_unwanted() -> None:
    told = Told()
    assert not told.hear([])
    assert told.places(NUMBERS) == set()
    assert told.missing == []
    assert len(told) == 0


@pytest.mark.parametrize(
    "order", list(permutations([note(1, 10, 20), note(2, 20, lifted=True), note(3, 30)]))
)
def test_the_last_word_about_a_number_holds(order: tuple[SuppressionChange, ...]) -> None:
    told = Told()
    for each in order:
        told.hear([each])
    assert told.places(NUMBERS) == {0, 2}


def test_of_one_instant_the_later_id_holds() -> None:
    told = Told()
    first, second = note(1, 10), note(1, 10, lifted=True)
    told.hear([replace(second, id="sup_b"), first])
    assert told.places(NUMBERS) == set(), "sup_b is later than sup_001"


def test_what_was_heard_already_is_no_news() -> None:
    told = Told()
    assert told.hear([note(1, 10)])
    assert not told.hear([note(1, 10)])
    assert told.hear([note(1, 10), note(2, 20)])
    assert not told.hear([])


def test_a_list_holds_once_its_numbers_are_there() -> None:
    told = Told()
    told.hear([note(5, named="lst_1")])
    assert told.missing == ["lst_1"]
    assert told.places(NUMBERS) == set()
    told.load("lst_1", listed(20, 40, 50))
    assert told.missing == []
    assert len(told) == 3
    assert told.places(NUMBERS) == {1, 3}


def test_a_list_that_is_withdrawn_holds_no_more() -> None:
    told = Told()
    told.hear([note(1, 20), note(5, named="lst_1")])
    told.load("lst_1", listed(20, 40))
    told.hear([note(6, named="lst_1", lifted=True)])
    assert told.places(NUMBERS) == {1}
    assert len(told) == 0
    told.load("lst_1", listed(20, 40))
    assert told.places(NUMBERS) == {1}, "fetched in vain"
    told.hear([note(7, named="lst_1")])
    assert told.missing == ["lst_1"]


def test_a_number_that_is_lifted_outweighs_older_lists_alone() -> None:
    told = Told()
    told.hear([note(4, 20, lifted=True), note(5, named="lst_1"), note(6, 40, lifted=True)])
    told.load("lst_1", listed(20, 30, 40))
    assert told.places(NUMBERS) == {1, 2}
