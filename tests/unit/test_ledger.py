from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.ledger import (
    RECEIPTS,
    BadOutcome,
    Counters,
    Fact,
    Ledger,
    Outcome,
    OutcomeKind,
    PartRecord,
    RecipientState,
    count,
    final,
    merge,
    settled,
    state_of,
)

RECIPIENTS = 4
KINDS = tuple(OutcomeKind)


@st.composite
def some_outcome(draw: st.DrawFn) -> Outcome:
    """Few values of each kind, so that outcomes meet."""
    parts = draw(st.integers(1, 3))
    return Outcome(
        index=draw(st.integers(0, RECIPIENTS - 1)),
        part=draw(st.integers(0, parts - 1)),
        parts=parts,
        kind=draw(st.sampled_from(KINDS)),
        at_ms=draw(st.integers(0, 2)),
        space=draw(st.sampled_from(CodeSpace)),
        code=draw(st.integers(0, 1)),
        message_id=draw(st.sampled_from(["", "a", "b"])),
    )


OUTCOMES = st.lists(some_outcome(), max_size=12)
EMPTY = Ledger(RECIPIENTS)


def outcome(
    kind: OutcomeKind,
    at_ms: int = 5,
    message_id: str = "",
    *,
    index: int = 0,
    part: int = 0,
    parts: int = 1,
) -> Outcome:
    return Outcome(index, part, parts, kind, at_ms, CodeSpace.NONE, 0, message_id)


def part_of(*outcomes: Outcome) -> PartRecord:
    (part,) = merge(Ledger(1), outcomes).records[0]
    return part


def state(*outcomes: Outcome) -> RecipientState:
    return state_of(merge(Ledger(1), outcomes).records[0])


@given(OUTCOMES)
def test_folding_twice_changes_nothing(outcomes: list[Outcome]) -> None:
    once = merge(EMPTY, outcomes)
    assert merge(once, outcomes) == once
    assert merge(once, reversed(outcomes)) == once


@given(OUTCOMES, st.data())
def test_order_does_not_matter(outcomes: list[Outcome], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(outcomes))
    assert merge(EMPTY, shuffled) == merge(EMPTY, outcomes)


@given(OUTCOMES, OUTCOMES)
def test_how_outcomes_are_grouped_does_not_matter(one: list[Outcome], two: list[Outcome]) -> None:
    assert merge(merge(EMPTY, one), two) == merge(EMPTY, one + two)


@given(OUTCOMES)
def test_merging_leaves_the_ledger_that_it_was_given(outcomes: list[Outcome]) -> None:
    before = merge(EMPTY, outcomes[:6])
    records = dict(before.records)
    merge(before, outcomes[6:])
    assert before.records == records


@given(OUTCOMES)
def test_counters_add_up_to_all_recipients(outcomes: list[Outcome]) -> None:
    ledger = merge(EMPTY, outcomes)
    counters = count(ledger)
    assert counters.total == RECIPIENTS
    assert sum(getattr(counters, state.value) for state in RecipientState) == RECIPIENTS
    assert final(ledger) == (counters.pending == counters.sent == 0)


@given(OUTCOMES)
def test_a_receipt_never_loses_the_submission(outcomes: list[Outcome]) -> None:
    receipts = [outcome for outcome in outcomes if outcome.kind in RECEIPTS]
    submissions = [outcome for outcome in outcomes if outcome.kind not in RECEIPTS]
    without = merge(EMPTY, submissions)
    for place, parts in merge(EMPTY, outcomes).records.items():
        for number, part in enumerate(parts):
            before = without.records.get(place, ())[number : number + 1]
            assert part.submission == (before[0].submission if before else None)
    assert all(
        part.submission is None
        for parts in merge(EMPTY, receipts).records.values()
        for part in parts
    )


SUBMISSIONS_WEAKEST_FIRST = (
    OutcomeKind.LAPSED,
    OutcomeKind.CANCELLED,
    OutcomeKind.SUPPRESSED,
    OutcomeKind.IN_DOUBT,
    OutcomeKind.REFUSED,
    OutcomeKind.ACCEPTED,
)
RECEIPTS_WEAKEST_FIRST = (
    OutcomeKind.UNKNOWN,
    OutcomeKind.EXPIRED,
    OutcomeKind.FAILED,
    OutcomeKind.DELIVERED,
)


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        (order[weak], order[strong])
        for order in (SUBMISSIONS_WEAKEST_FIRST, RECEIPTS_WEAKEST_FIRST)
        for strong in range(len(order))
        for weak in range(strong)
    ],
)
@pytest.mark.parametrize(("early", "late"), [(1, 2), (2, 1), (1, 1)])
def test_the_stronger_fact_stays_whenever_it_happened(
    weaker: OutcomeKind, stronger: OutcomeKind, early: int, late: int
) -> None:
    both = (outcome(weaker, early, "weak"), outcome(stronger, late, "strong"))
    for order in permutations(both):
        part = part_of(*order)
        (fact,) = (fact for fact in (part.submission, part.receipt) if fact is not None)
        assert fact == Fact(stronger, late, CodeSpace.NONE, 0, "strong")


def test_every_kind_has_its_place_in_one_of_the_two_orders() -> None:
    assert sorted(SUBMISSIONS_WEAKEST_FIRST + RECEIPTS_WEAKEST_FIRST) == sorted(KINDS)
    assert set(RECEIPTS_WEAKEST_FIRST) == RECEIPTS


@pytest.mark.parametrize("kind", KINDS)
def test_of_equal_facts_the_earlier_one_stays(kind: OutcomeKind) -> None:
    part = part_of(outcome(kind, 7, "later"), outcome(kind, 6, "earlier"))
    assert part.message_id == "earlier"
    assert (part.receipt if kind in RECEIPTS else part.submission) == Fact(
        kind, 6, CodeSpace.NONE, 0, "earlier"
    )


def test_the_submission_s_id_comes_first_the_receipt_s_is_better_than_none() -> None:
    receipt = outcome(OutcomeKind.DELIVERED, message_id="r")
    assert part_of(receipt, outcome(OutcomeKind.ACCEPTED, message_id="s")).message_id == "s"
    assert part_of(receipt, outcome(OutcomeKind.ACCEPTED)).message_id == "r"
    assert part_of(receipt).message_id == "r"
    assert part_of(outcome(OutcomeKind.DELIVERED)).message_id == ""
    assert PartRecord().message_id == ""


def test_that_a_part_was_in_doubt_stays_known() -> None:
    doubt = outcome(OutcomeKind.IN_DOUBT)
    answered = part_of(doubt, outcome(OutcomeKind.ACCEPTED), outcome(OutcomeKind.DELIVERED))
    assert answered.doubted
    assert not part_of(outcome(OutcomeKind.ACCEPTED), outcome(OutcomeKind.DELIVERED)).doubted


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (OutcomeKind.SUPPRESSED, RecipientState.SUPPRESSED),
        (OutcomeKind.CANCELLED, RecipientState.CANCELLED),
        (OutcomeKind.LAPSED, RecipientState.EXPIRED),
        (OutcomeKind.IN_DOUBT, RecipientState.UNKNOWN),
        (OutcomeKind.REFUSED, RecipientState.FAILED),
        (OutcomeKind.ACCEPTED, RecipientState.SENT),
        (OutcomeKind.UNKNOWN, RecipientState.UNKNOWN),
        (OutcomeKind.EXPIRED, RecipientState.EXPIRED),
        (OutcomeKind.FAILED, RecipientState.FAILED),
        (OutcomeKind.DELIVERED, RecipientState.DELIVERED),
    ],
)
def test_one_fact_makes_the_state(kind: OutcomeKind, expected: RecipientState) -> None:
    assert state(outcome(kind)) is expected


@pytest.mark.parametrize("receipt", sorted(RECEIPTS))
@pytest.mark.parametrize("submission", SUBMISSIONS_WEAKEST_FIRST)
def test_a_receipt_makes_the_state_wherever_there_is_one(
    receipt: OutcomeKind, submission: OutcomeKind
) -> None:
    assert state(outcome(receipt, 1), outcome(submission, 2)) is state(outcome(receipt))


def test_nothing_known_is_pending() -> None:
    assert state_of(()) is RecipientState.PENDING
    assert state_of((PartRecord(),)) is RecipientState.PENDING


FIRST_OF = (
    (RecipientState.FAILED, OutcomeKind.FAILED),
    (RecipientState.EXPIRED, OutcomeKind.EXPIRED),
    (RecipientState.CANCELLED, OutcomeKind.CANCELLED),
    (RecipientState.SUPPRESSED, OutcomeKind.SUPPRESSED),
    (RecipientState.UNKNOWN, OutcomeKind.IN_DOUBT),
    (RecipientState.PENDING, None),
    (RecipientState.SENT, OutcomeKind.ACCEPTED),
    (RecipientState.DELIVERED, OutcomeKind.DELIVERED),
)


@pytest.mark.parametrize("first", range(len(FIRST_OF)))
@pytest.mark.parametrize("second", range(len(FIRST_OF)))
def test_parts_together_make_one_state(first: int, second: int) -> None:
    kinds = (FIRST_OF[first][1], FIRST_OF[second][1])
    parts = tuple(PartRecord() if kind is None else part_of(outcome(kind)) for kind in kinds)
    assert state_of(parts) is FIRST_OF[min(first, second)][0]


def test_delivered_takes_all_of_three_parts_failed_takes_one() -> None:
    delivered, sent, failed = (
        part_of(outcome(kind))
        for kind in (OutcomeKind.DELIVERED, OutcomeKind.ACCEPTED, OutcomeKind.FAILED)
    )
    assert state_of((delivered, delivered, delivered)) is RecipientState.DELIVERED
    assert state_of((delivered, sent, delivered)) is RecipientState.SENT
    assert state_of((delivered, sent, failed)) is RecipientState.FAILED


def test_a_chunk_is_counted() -> None:
    ledger = merge(
        Ledger(9),
        [
            outcome(OutcomeKind.ACCEPTED, index=0),
            outcome(OutcomeKind.ACCEPTED, index=1, part=0, parts=2),
            outcome(OutcomeKind.DELIVERED, index=1, part=0, parts=2),
            outcome(OutcomeKind.DELIVERED, index=1, part=1, parts=2),
            outcome(OutcomeKind.IN_DOUBT, index=2, part=0, parts=2),
            outcome(OutcomeKind.IN_DOUBT, index=2, part=1, parts=2),
            outcome(OutcomeKind.REFUSED, index=3),
            outcome(OutcomeKind.SUPPRESSED, index=4),
            outcome(OutcomeKind.LAPSED, index=5),
            outcome(OutcomeKind.CANCELLED, index=6),
            outcome(OutcomeKind.IN_DOUBT, index=7),
            outcome(OutcomeKind.EXPIRED, index=7),
        ],
    )
    assert count(ledger) == Counters(
        total=9,
        pending=1,
        sent=1,
        delivered=1,
        failed=1,
        unknown=1,
        suppressed=1,
        expired=2,
        cancelled=1,
        segments=4,
        in_doubt=2,
    )


def test_counters_add_field_by_field() -> None:
    assert count(Ledger(3)) == Counters(total=3, pending=3)
    one, two = Counters(*range(11)), Counters(*range(10, 120, 10))
    assert one + two == Counters(*(n + 10 * (n + 1) for n in range(11)))
    assert sum([one, two], Counters()) == one + two


def test_settled_needs_every_part_of_every_recipient() -> None:
    first = outcome(OutcomeKind.ACCEPTED, index=0)
    half = outcome(OutcomeKind.IN_DOUBT, index=1, part=1, parts=2)
    assert settled(Ledger(0))
    assert not settled(Ledger(2))
    assert not settled(merge(Ledger(2), [first]))
    assert not settled(merge(Ledger(2), [first, half]))
    # A receipt that comes before the answer proves that the part went out.
    whole = outcome(OutcomeKind.DELIVERED, index=1, part=0, parts=2)
    assert settled(merge(Ledger(2), [first, half, whole]))


def test_final_needs_a_receipt_for_everything_that_was_accepted() -> None:
    accepted = outcome(OutcomeKind.ACCEPTED, index=0)
    doubt = outcome(OutcomeKind.IN_DOUBT, index=1)
    assert final(Ledger(0))
    assert not final(Ledger(2))
    assert not final(merge(Ledger(2), [doubt]))
    assert not final(merge(Ledger(2), [accepted, doubt]))
    assert final(merge(Ledger(2), [accepted, doubt, outcome(OutcomeKind.FAILED, index=0)]))


@pytest.mark.parametrize(("part", "parts"), [(-1, 1), (1, 1), (0, 0), (3, 2), (0, 11)])
def test_an_outcome_names_a_part_that_there_is(part: int, parts: int) -> None:
    with pytest.raises(BadOutcome, match=f"part {part} of {parts}"):
        outcome(OutcomeKind.ACCEPTED, part=part, parts=parts)


@pytest.mark.parametrize("index", [-1, 2])
def test_an_outcome_names_a_recipient_that_there_is(index: int) -> None:
    with pytest.raises(BadOutcome, match=f"recipient {index}"):
        merge(Ledger(2), [outcome(OutcomeKind.ACCEPTED, index=index)])
