from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.formats import ledger as codec
from chalicelib.domain.formats.frame import FormatError, column, number, texts
from chalicelib.domain.ledger import Fact, Ledger, Outcome, OutcomeKind, PartRecord, merge

RECIPIENTS = 10_000


@st.composite
def some_outcome(draw: st.DrawFn) -> Outcome:
    parts = draw(st.integers(1, 10))
    return Outcome(
        index=draw(st.integers(0, 3) | st.integers(0, RECIPIENTS - 1)),
        part=draw(st.integers(0, parts - 1)),
        parts=parts,
        kind=draw(st.sampled_from(OutcomeKind)),
        at_ms=draw(st.integers(0, 2**64 - 1) | st.integers(0, 9)),
        space=draw(st.sampled_from(CodeSpace)),
        code=draw(st.integers(0, 2**32 - 1)),
        message_id=draw(st.text(st.characters(), max_size=10)),
    )


OUTCOMES = st.lists(some_outcome(), max_size=12)


@given(OUTCOMES)
def test_a_ledger_comes_back(outcomes: list[Outcome]) -> None:
    ledger = merge(Ledger(RECIPIENTS), outcomes)
    back = codec.decode(codec.encode(ledger))
    assert back == ledger
    facts = [
        fact
        for parts in back.records.values()
        for part in parts
        for fact in (part.submission, part.receipt)
        if fact is not None
    ]
    assert all(type(fact.kind) is OutcomeKind for fact in facts)
    assert all(type(fact.space) is CodeSpace for fact in facts)


@given(OUTCOMES)
def test_the_order_of_merging_leaves_no_trace(outcomes: list[Outcome]) -> None:
    one = merge(Ledger(RECIPIENTS), outcomes)
    other = merge(Ledger(RECIPIENTS), reversed(outcomes))
    assert codec.encode(one) == codec.encode(other)
    assert codec.encode(codec.decode(codec.encode(one))) == codec.encode(one)


def body(**changes: bytes) -> bytes:
    """Recipients 1 (two parts: nothing, then both facts) and 2 (accepted after doubt) of 4."""
    columns = {
        "recipients": number(4),
        "known": number(2),
        "gaps": column("H", [1, 0]),
        "sizes": bytes([2, 1]),
        "doubted": bytes([0, 0, 1]),
        "submission kinds": bytes([0, 6, 6]),
        "submission times": column("Q", [1000, 2**64 - 10]),
        "submission spaces": bytes([1, 1]),
        "submission codes": column("I", [0, 0]),
        "submission ids": texts(["a1", "a2"]),
        "receipt kinds": bytes([0, 9, 0]),
        "receipt times": column("Q", [5000]),
        "receipt spaces": bytes([2]),
        "receipt codes": column("I", [5]),
        "receipt ids": texts(["00A1"]),
    }
    unknown = set(changes) - {name.replace(" ", "_") for name in columns}
    assert not unknown
    return b"".join(changes.get(name.replace(" ", "_"), value) for name, value in columns.items())


def sealed(plain: bytes) -> bytes:
    return b"MCL\x01" + zlib.compress(plain)


def test_the_bytes_stay_what_they_are() -> None:
    one = Fact(OutcomeKind.ACCEPTED, 1000, CodeSpace.COMMAND_STATUS, 0, "a1")
    two = Fact(OutcomeKind.ACCEPTED, 990, CodeSpace.COMMAND_STATUS, 0, "a2")
    receipt = Fact(OutcomeKind.FAILED, 5000, CodeSpace.RECEIPT, 5, "00A1")
    ledger = Ledger(
        4,
        {
            2: (PartRecord(two, None, doubted=True),),
            1: (PartRecord(), PartRecord(one, receipt)),
        },
    )
    data = codec.encode(ledger)
    assert data[:4] == b"MCL\x01"
    assert zlib.decompress(data[4:]) == body()
    assert codec.decode(sealed(body())) == ledger


@pytest.mark.parametrize(
    ("plain", "complaint"),
    [
        (body(recipients=number(2)), "more recipients"),
        (body(recipients=number(10_001)), "more recipients"),
        (body(gaps=column("H", [1, 2])), "more recipients"),
        (body(known=number(2**32 - 1)), "missing"),
        (body(sizes=bytes([3, 0])), "1 to 10 parts"),
        (body(sizes=bytes([11, 1])), "1 to 10 parts"),
        (body(doubted=bytes([0, 0, 2])), "2 stands for nothing"),
        (body(submission_kinds=bytes([0, 6, 10])), "10 stands for nothing"),
        (body(submission_kinds=bytes([0, 6, 11])), "11 stands for nothing"),
        (body(receipt_kinds=bytes([0, 6, 0])), "6 stands for nothing"),
        (body(receipt_spaces=bytes([5])), "5 stands for nothing"),
        (body(receipt_ids=b"\x01" + number(1) + b"\xff"), "not UTF-8"),
        (body()[:-1], "missing"),
        (body() + b"x", "left over"),
        (bytes(2**26 + 1), "more than"),
    ],
)
def test_a_ledger_that_makes_no_sense_is_refused(plain: bytes, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        codec.decode(sealed(plain))


def test_an_empty_ledger_and_a_full_one_fit() -> None:
    assert codec.decode(codec.encode(Ledger(0))) == Ledger(0)
    long = "x" * 255
    full = PartRecord(
        Fact(OutcomeKind.REFUSED, 2**63, CodeSpace.NETWORK, 2**32 - 1, long),
        Fact(OutcomeKind.DELIVERED, 0, CodeSpace.NETWORK, 2**32 - 1, long),
        doubted=True,
    )
    ledger = Ledger(RECIPIENTS, dict.fromkeys(range(RECIPIENTS), (full,) * 10))
    assert codec.decode(codec.encode(ledger)) == ledger


def test_a_chunk_has_10_000_recipients_at_most() -> None:
    with pytest.raises(FormatError, match="10001 recipients"):
        codec.encode(Ledger(10_001))


def test_an_ordinary_recipient_takes_few_bytes() -> None:
    outcomes = [
        Outcome(n, 0, 1, kind, at_ms + 14 * n, CodeSpace.RECEIPT, 2, f"{n * 3:010x}")
        for n in range(1000)
        for kind, at_ms in (
            (OutcomeKind.ACCEPTED, 1_763_700_000_000),
            (OutcomeKind.DELIVERED, 1_763_700_009_000),
        )
    ]
    assert len(codec.encode(merge(Ledger(1000), outcomes))) < 1000 * 16


@given(st.binary(max_size=80))
def test_any_bytes_are_a_ledger_or_refused(data: bytes) -> None:
    for candidate in (data, b"MCL\x01" + data, sealed(data)):
        try:
            codec.decode(candidate)
        except FormatError:
            continue


@given(st.integers(0, len(body()) - 1), st.integers(0, 255))
def test_a_changed_octet_gives_a_ledger_that_can_be_written_or_is_refused(
    place: int, octet: int
) -> None:
    plain = body()
    try:
        ledger = codec.decode(sealed(plain[:place] + bytes((octet,)) + plain[place + 1 :]))
    except FormatError:
        return
    assert codec.decode(codec.encode(ledger)) == ledger


@given(OUTCOMES, st.data())
def test_damage_is_noticed(outcomes: list[Outcome], data: st.DataObject) -> None:
    whole = codec.encode(merge(Ledger(RECIPIENTS), outcomes))
    cut = data.draw(st.integers(0, len(whole) - 1))
    for damaged in (whole[:cut], whole + b"x", b"MCL\x02" + whole[4:]):
        with pytest.raises(FormatError):
            codec.decode(damaged)
