"""What keeps a list from going (SPEC 5.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.list_keeping import WRITERS_GONE, Hold, ListRemoval, hold_of, removals
from tests.fakes import samples
from tests.fakes.services import MORNING

KEPT = timedelta(days=30)
DAY = timedelta(days=1)


def hold(now: Any = MORNING, **changes: Any) -> Hold | None:
    campaign = samples.campaign(content=samples.content(list="lst_a"), **changes)
    return hold_of(campaign, "lst_a", KEPT, now)


@pytest.mark.parametrize(
    ("status", "approval"),
    [
        (Status.NEW, Approval.SUBMITTED),
        (Status.NEW, Approval.APPROVED),
        *(
            (status, Approval.APPROVED)
            for status in (Status.BUILDING, Status.PENDING, Status.SENDING, Status.PAUSED)
        ),
    ],
)
def test_a_campaign_that_may_still_send_holds_its_list(status: Status, approval: Approval) -> None:
    assert hold(status=status, approval=approval) == Hold("cmp_a", None)


@pytest.mark.parametrize("approval", [Approval.DRAFT, Approval.REJECTED])
def test_one_that_nobody_is_asked_about_holds_nothing(approval: Approval) -> None:
    assert hold(status=Status.NEW, approval=approval) is None


@pytest.mark.parametrize("status", [Status.DONE, Status.CANCELLED, Status.FAILED, Status.EXPIRED])
def test_what_was_sent_holds_the_list_as_long_as_it_is_kept(status: Status) -> None:
    ended = {"status": status, "approval": Approval.APPROVED, "finished_at": MORNING, "chunks": 2}
    assert hold(MORNING + KEPT - DAY, **ended) == Hold("cmp_a", MORNING + KEPT)
    assert hold(MORNING + KEPT, **ended) is None


@pytest.mark.parametrize("changes", [{"chunks": 0}, {"finished_at": None}])
def test_where_nothing_was_sent_nothing_is_kept(changes: dict[str, Any]) -> None:
    ended = {"status": Status.CANCELLED, "finished_at": MORNING, "chunks": 2, **changes}
    assert hold(**ended) is None


def test_one_that_was_given_another_list_since_holds_this_no_more() -> None:
    campaign = samples.campaign(
        content=samples.content(list="lst_b"), status=Status.NEW, approval=Approval.APPROVED
    )
    assert hold_of(campaign, "lst_a", KEPT, MORNING) is None


def test_a_hold_says_what_helps() -> None:
    assert "cancel it" in Hold("cmp_a", None).sentence
    assert "2026-03-02T09:00:00+00:00" in Hold("cmp_a", MORNING).sentence


def test_what_is_stored_is_removed_at_once_and_when_nobody_writes_any_more() -> None:
    assert removals(samples.recipient_list(), MORNING) == (
        ListRemoval("wsp_a", "lst_a", MORNING),
        ListRemoval("wsp_a", "lst_a", MORNING + WRITERS_GONE),
    )
