"""Plans that cannot be, and what people are told (SPEC 4.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from chalicelib.domain.eligible import Hours
from chalicelib.domain.schedule import (
    PlanRequest,
    Terms,
    outline,
)
from chalicelib.domain.workspace import DailyWindow
from tests.unit.domain.plans import (
    BUSINESS,
    FRIDAY,
    LONDON,
    SECOND,
    at_once,
    messages,
    segments,
    spread,
)

IN_LONDON = "2026-04-01 01:00 (Europe/London)"


@pytest.mark.parametrize(
    ("request_", "left", "objection"),
    [
        (
            spread(recipients=100_000, campaign=Terms(Hours(LONDON), messages(8_000))),
            52_000,
            (
                f"Only 48,000 of 100,000 recipients fit before {IN_LONDON}: "
                "choose a later date_to, a higher daily limit or a shorter list"
            ),
        ),
        (
            spread(recipients=100_000, rate=Fraction(1, 10)),
            100_000 - 43_200,
            (
                f"Only 43,200 of 100,000 recipients fit before {IN_LONDON}: "
                "choose a later date_to, a faster channel or a shorter list"
            ),
        ),
        (
            spread(
                recipients=100_000,
                rate=Fraction(1, 10),
                workspace=Terms(Hours(LONDON), segments(1)),
                parts=Fraction(2),
            ),
            100_000,
            (
                f"Only 0 of 100,000 recipients fit before {IN_LONDON}: "
                "choose a later date_to, a higher daily limit or a faster channel"
            ),
        ),
        (
            at_once(recipients=11, rate=Fraction(1), deadline=FRIDAY + 10 * SECOND),
            1,
            (
                "Only 10 of 11 recipients fit before 2026-03-27 00:00 (Europe/London): "
                "choose a later deadline, a faster channel or a shorter list"
            ),
        ),
        (
            at_once(campaign=Terms(Hours(LONDON), messages(2))),
            1_000 - 2 * 366,
            (
                "Only 732 of 1,000 recipients fit into 366 days: "
                "choose a higher daily limit or a shorter list"
            ),
        ),
        (
            at_once(workspace=Terms(Hours(LONDON), segments(1)), parts=Fraction(2)),
            1_000,
            "Only 0 of 1,000 recipients fit into 366 days: choose a higher daily limit",
        ),
        (
            spread(end=None),
            1_000,
            "A spread campaign has no plan without date_from and date_to: write both",
        ),
        (
            spread(end=FRIDAY + timedelta(days=366, microseconds=1)),
            1_000,
            "It takes more than 366 days: choose an earlier date_to",
        ),
        (
            spread(end=FRIDAY),
            1_000,
            (
                "Its date_to is not after its start, 2026-03-27 00:00 (Europe/London): "
                "choose a later date_to"
            ),
        ),
        (
            at_once(deadline=datetime(1, 1, 1, tzinfo=UTC)),
            1_000,
            (
                "Its deadline is not after its start, 2026-03-27 00:00 (Europe/London): "
                "choose a later deadline"
            ),
        ),
        (
            at_once(begin=datetime.max.replace(tzinfo=UTC)),
            1_000,
            "Its start is too far ahead: choose an earlier one",
        ),
        (
            spread(
                campaign=Terms(Hours(LONDON, DailyWindow(0, 540))),
                workspace=Terms(Hours(LONDON, BUSINESS)),
            ),
            1_000,
            (
                "The daily windows leave no time from 2026-03-27 00:00 (Europe/London) "
                f"to {IN_LONDON}: choose other times or a wider window"
            ),
        ),
    ],
)
def test_objections_say_what_is_wrong_and_what_would_do(
    request_: PlanRequest, left: int, objection: str
) -> None:
    planned = outline(request_)
    assert (planned.left, planned.objection, planned.fits) == (left, objection, False)
    assert planned.recipients == request_.recipients - left


def test_a_spread_of_all_the_days_that_there_may_be() -> None:
    planned = outline(spread(end=FRIDAY + timedelta(days=366), recipients=366_000))
    assert planned.fits
    # From midnight UTC in winter to midnight UTC in winter.
    assert len(planned.days) == 366
