from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.formats import journal
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.ledger import Outcome, OutcomeKind

ACCEPTED = Outcome(
    index=0x0102,
    part=1,
    parts=2,
    kind=OutcomeKind.ACCEPTED,
    at_ms=0x0102030405060708,
    space=CodeSpace.NETWORK,
    code=0x01020304,
    message_id="id",
)
BODY = bytes.fromhex("00000001 0102 01 02 06 03 01020304 0102030405060708 02 00000002 6964")


@st.composite
def some_outcome(draw: st.DrawFn) -> Outcome:
    parts = draw(st.integers(1, 10))
    return Outcome(
        index=draw(st.integers(0, 9_999)),
        part=draw(st.integers(0, parts - 1)),
        parts=parts,
        kind=draw(st.sampled_from(OutcomeKind)),
        at_ms=draw(st.integers(0, 2**64 - 1)),
        space=draw(st.sampled_from(CodeSpace)),
        code=draw(st.integers(0, 2**32 - 1)),
        message_id=draw(st.text(st.characters(), max_size=20)),
    )


OUTCOMES = st.lists(some_outcome(), max_size=8)


@given(OUTCOMES)
def test_outcomes_come_back_in_their_order(outcomes: list[Outcome]) -> None:
    data = journal.encode(outcomes)
    back = journal.decode(data)
    assert back == tuple(outcomes)
    assert all(type(outcome.kind) is OutcomeKind for outcome in back)
    assert all(type(outcome.space) is CodeSpace for outcome in back)
    assert journal.encode(back) == data


def test_the_bytes_stay_what_they_are() -> None:
    data = journal.encode([ACCEPTED])
    assert data[:4] == b"MCJ\x01"
    assert zlib.decompress(data[4:]) == BODY
    assert journal.decode(b"MCJ\x01" + zlib.compress(BODY)) == (ACCEPTED,)


def test_an_item_holds_500_outcomes_with_the_longest_ids() -> None:
    full = [replace(ACCEPTED, index=place, message_id="ж" * 255) for place in range(500)]
    assert journal.decode(journal.encode(full)) == tuple(full)
    with pytest.raises(FormatError, match="501 outcomes"):
        journal.encode([*full, ACCEPTED])


def test_a_kilobyte_holds_more_than_a_hundred_ordinary_outcomes() -> None:
    usual = [
        replace(
            ACCEPTED, index=n, part=0, at_ms=1_763_700_000_000 + 14 * n, message_id=f"{n * 3:010x}"
        )
        for n in range(500)
    ]
    assert len(journal.encode(usual)) < 5 * 1024


@given(st.binary(max_size=80))
def test_any_bytes_are_a_journal_item_or_refused(data: bytes) -> None:
    for candidate in (data, b"MCJ\x01" + data, b"MCJ\x01" + zlib.compress(data)):
        try:
            journal.decode(candidate)
        except FormatError:
            continue


@given(st.integers(0, len(BODY) - 1), st.integers(0, 255))
def test_a_changed_octet_gives_outcomes_or_is_refused(place: int, octet: int) -> None:
    body = BODY[:place] + bytes((octet,)) + BODY[place + 1 :]
    try:
        assert len(journal.decode(b"MCJ\x01" + zlib.compress(body))) <= 1
    except FormatError:
        return


@pytest.mark.parametrize(
    ("place", "octet", "complaint"),
    [
        (6, 2, "part 2 of 2"),
        (7, 11, "part 1 of 11"),
        (8, 0, "0 stands for nothing"),
        (8, 11, "11 stands for nothing"),
        (9, 5, "5 stands for nothing"),
        (22, 1, "not as long"),
        (3, 2, "missing"),
    ],
)
def test_an_item_that_makes_no_sense_is_refused(place: int, octet: int, complaint: str) -> None:
    body = BODY[:place] + bytes((octet,)) + BODY[place + 1 :]
    with pytest.raises(FormatError, match=complaint):
        journal.decode(b"MCJ\x01" + zlib.compress(body))


def test_an_item_is_read_to_its_end() -> None:
    with pytest.raises(FormatError, match="1 bytes are left over"):
        journal.decode(b"MCJ\x01" + zlib.compress(BODY + b"x"))


@given(OUTCOMES, st.data())
def test_damage_is_noticed(outcomes: list[Outcome], data: st.DataObject) -> None:
    whole = journal.encode(outcomes)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for damaged in (
        whole[:cut],
        whole + b"x",
        whole[:cut] + bytes((whole[cut] ^ 0xFF,)) + whole[cut + 1 :],
    ):
        with pytest.raises(FormatError):
            journal.decode(damaged)


@pytest.mark.parametrize(
    "outcome",
    [
        replace(ACCEPTED, index=65_536),
        replace(ACCEPTED, index=-1),
        replace(ACCEPTED, code=2**32),
        replace(ACCEPTED, at_ms=-1),
        replace(ACCEPTED, at_ms=2**64),
    ],
)
def test_a_number_that_does_not_fit_is_refused(outcome: Outcome) -> None:
    with pytest.raises(FormatError, match="does not fit"):
        journal.encode([outcome])


def test_an_id_that_does_not_fit_is_refused() -> None:
    with pytest.raises(FormatError, match="256 characters"):
        journal.encode([replace(ACCEPTED, message_id="x" * 256)])
