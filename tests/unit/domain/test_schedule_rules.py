"""What holds for every plan: everybody has a day, no limit is passed, nobody is woken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.content import Mode
from chalicelib.domain.eligible import eligible, total
from chalicelib.domain.schedule import (
    PlanRequest,
    Terms,
    outline,
)
from chalicelib.domain.workspace import LimitUnit
from tests.unit.domain.plans import (
    DAY,
    MICROSECOND,
    instants,
    is_open,
    local_days,
    per_day,
    requests,
    whole_parts,
)


@given(requests())
def test_everybody_has_a_day_or_is_left(request: PlanRequest) -> None:
    planned = outline(request)
    assert planned.recipients + planned.left == request.recipients
    assert planned.fits == (planned.objection is None) == (planned.left == 0)
    assert planned.recipients == sum(per_day(planned))
    assert 0 not in per_day(planned)
    if planned.begins_at is not None and planned.finishes_at is not None:
        assert planned.due(planned.begins_at) == 0
        assert planned.due(planned.begins_at + MICROSECOND) >= 1
        assert planned.due(planned.finishes_at) == planned.recipients


@given(requests())
def test_no_day_passes_a_limit(request: PlanRequest) -> None:
    planned = outline(request)
    if planned.begins_at is None or planned.finishes_at is None:
        return
    for terms in (request.campaign, request.workspace):
        if terms.limit is None:
            continue
        for begin, end in local_days(planned.begins_at, planned.finishes_at, terms.hours.zone):
            count = planned.due(end) - planned.due(begin)
            segmented = terms.limit.unit is LimitUnit.SEGMENTS
            assert count * (request.parts if segmented else 1) <= terms.limit.count


@given(requests())
def test_nothing_is_dealt_faster_than_the_channel(request: PlanRequest) -> None:
    planned = outline(request)
    assert planned.rate * request.parts <= request.rate
    for day in planned.days:
        for share in day.shares:
            seconds = Fraction(total(share.spans) // MICROSECOND, 10**6)
            assert share.recipients * request.parts <= request.rate * seconds
            assert share.rate <= planned.rate


@given(requests(), st.integers(0, 999))
def test_nobody_is_sent_to_outside_eligible_time(request: PlanRequest, part: int) -> None:
    planned = outline(request)
    until = request.deadline if request.end is None else request.end
    previous = request.begin
    for day in planned.days:
        for span in (span for share in day.shares for span in share.spans):
            assert request.begin <= previous <= span.begin < span.end
            assert until is None or span.end <= until
            assert request.deadline is None or span.end <= request.deadline
            middle = span.begin + part * span.length // 1_000
            for instant in (span.begin, middle, span.end - MICROSECOND):
                assert is_open(instant, request.campaign.hours)
                assert is_open(instant, request.workspace.hours)
                assert instant.astimezone(request.campaign.hours.zone).date() == day.date
            # Nobody between the spans.
            assert planned.due(span.begin) == planned.due(previous)
            previous = span.end


@given(requests(), st.lists(instants, min_size=2, max_size=6))
def test_what_is_due_only_grows(request: PlanRequest, moments: list[datetime]) -> None:
    planned = outline(request)
    due = [planned.due(moment) for moment in sorted(moments)]
    assert due == sorted(due)
    assert due[0] >= 0
    assert due[-1] <= planned.recipients


@given(requests(), st.integers(0, 3_000), st.lists(instants, min_size=1, max_size=6))
def test_more_recipients_hold_nobody_back(
    request: PlanRequest, further: int, moments: list[datetime]
) -> None:
    few = outline(request)
    more = outline(replace(request, recipients=request.recipients + further))
    assert few.recipients <= more.recipients
    assert all(few.due(moment) <= more.due(moment) for moment in moments)


@given(requests(), instants)
def test_without_a_bound_a_spread_is_even_to_one(request: PlanRequest, moment: datetime) -> None:
    request = replace(
        request,
        mode=Mode.SPREAD,
        end=request.begin + 5 * DAY,
        deadline=None,
        rate=Fraction(10**9),
        campaign=replace(request.campaign, limit=None),
        workspace=replace(request.workspace, limit=None),
    )
    planned = outline(request)
    assume(planned.days)
    spans = eligible(
        request.begin,
        request.begin + 5 * DAY,
        request.campaign.hours,
        request.workspace.hours,
    )
    before = sum(
        max(min(moment, span.end) - span.begin, timedelta(0)) // MICROSECOND for span in spans
    )
    exact = Fraction(request.recipients * before, total(spans) // MICROSECOND)
    assert abs(planned.due(moment) - exact) < 1


@given(requests(whole_parts), st.fractions(0, 1))
def test_the_rest_can_be_planned_anew_at_any_instant(request: PlanRequest, when: Fraction) -> None:
    """As after a pause: what went out today is counted, what did not still fits."""
    first = outline(request)
    if first.begins_at is None or first.finishes_at is None:
        return
    ticks = (first.finishes_at - request.begin) // MICROSECOND
    moment = request.begin + int(ticks * when) * MICROSECOND
    done = first.due(moment)
    assume(done < first.recipients)

    def counted(terms: Terms) -> Terms:
        midnight = datetime.combine(
            moment.astimezone(terms.hours.zone), time(), terms.hours.zone
        ).astimezone(UTC)
        today = done - first.due(midnight)
        unit = terms.limit.unit if terms.limit else LimitUnit.MESSAGES
        return replace(
            terms, used=int(today * (request.parts if unit is LimitUnit.SEGMENTS else 1))
        )

    rest = outline(
        replace(
            request,
            begin=moment,
            recipients=first.recipients - done,
            campaign=counted(request.campaign),
            workspace=counted(request.workspace),
        )
    )
    assert rest.fits
    assert done + rest.recipients == first.recipients
    assert rest.begins_at is not None
    assert rest.begins_at >= moment
    assert rest.finishes_at is not None
    # A spread takes all the time that it is given.
    assert request.mode is Mode.SPREAD or rest.finishes_at <= first.finishes_at


@given(requests())
def test_positions_have_the_days_that_the_days_count(request: PlanRequest) -> None:
    planned = outline(request)
    position = 0
    for day in planned.days:
        assert planned.day_of(position) == day
        position += day.recipients
        assert planned.day_of(position - 1) == day
    assert planned.day_of(position) is None
