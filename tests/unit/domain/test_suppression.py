"""When something is left to say of a number, and when a list holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import IllegalMove
from chalicelib.domain.recipient_list import ListPurpose, ListStatus
from chalicelib.domain.suppression import (
    Source,
    SuppressionChange,
    SuppressionList,
    in_force,
    instant_after,
    newest_of,
    says_already,
    withdraw,
)
from tests.fakes import samples
from tests.fakes.services import MORNING

BEFORE, AFTER = MORNING - timedelta(hours=1), MORNING + timedelta(hours=1)
ADDED = samples.suppression()
STOPPED = samples.suppression(source=Source.RECIPIENT)
LIFTED = samples.suppression(lifted=True)


@pytest.mark.parametrize(
    ("entry", "source", "already"),
    [
        (None, Source.ADDED, False),
        (LIFTED, Source.ADDED, False),
        (LIFTED, Source.RECIPIENT, False),
        (ADDED, Source.ADDED, True),
        (ADDED, Source.RECIPIENT, False),
        (STOPPED, Source.ADDED, True),
        (STOPPED, Source.RECIPIENT, True),
    ],
)
def test_who_wants_no_messages_need_not_be_told_twice(
    entry: object, source: Source, *, already: bool
) -> None:
    said = says_already(entry, source, None, lifted=False)  # type: ignore[arg-type]
    assert said is already


@pytest.mark.parametrize(
    ("entry", "newest", "already"),
    [
        (None, None, True),
        (None, MORNING, False),
        (ADDED, None, False),
        (ADDED, BEFORE, False),
        (LIFTED, None, True),
        (LIFTED, BEFORE, True),
        (LIFTED, MORNING, False),
        (LIFTED, AFTER, False),
    ],
)
def test_a_lift_is_said_again_where_a_list_came_since(
    entry: object, newest: object, *, already: bool
) -> None:
    said = says_already(entry, Source.ADDED, newest, lifted=True)  # type: ignore[arg-type]
    assert said is already


def test_what_outweighs_something_has_a_later_time() -> None:
    tick = timedelta(microseconds=1)
    assert instant_after(MORNING) == MORNING
    assert instant_after(MORNING, BEFORE) == MORNING
    assert instant_after(MORNING, BEFORE, MORNING) == MORNING + tick
    assert instant_after(MORNING, AFTER, BEFORE) == AFTER + tick


def test_the_newest_list_is_one_that_holds() -> None:
    old = samples.suppression_list(at=BEFORE)
    withdrawn = samples.suppression_list(at=AFTER, withdrawn_at=AFTER)

    assert newest_of([]) is None
    assert newest_of([withdrawn]) is None
    assert newest_of([withdrawn, samples.suppression_list(), old]) == MORNING


def test_a_list_is_withdrawn_once() -> None:
    withdrawn = withdraw(samples.suppression_list(), AFTER)

    assert withdrawn == samples.suppression_list(withdrawn_at=AFTER)
    with pytest.raises(IllegalMove):
        withdraw(withdrawn, AFTER)


def test_only_a_ready_list_of_that_purpose_comes_into_force() -> None:
    ready = samples.recipient_list(purpose=ListPurpose.SUPPRESSION)
    failed = samples.recipient_list(purpose=ListPurpose.SUPPRESSION, status=ListStatus.FAILED)

    assert in_force(samples.recipient_list(), MORNING, "sup_1") == ()
    assert in_force(failed, MORNING, "sup_1") == ()
    assert in_force(ready, MORNING, "sup_1") == (
        SuppressionList("wsp_a", "lst_a", MORNING),
        SuppressionChange("wsp_a", "sup_1", MORNING, list="lst_a"),
    )
