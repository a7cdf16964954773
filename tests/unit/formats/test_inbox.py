from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.formats import inbox
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.formats.inbox import RawReceipt

RECEIPT = RawReceipt(
    received_ms=0x0102030405060708,
    source="447911123456",
    destination="Shop",
    message_id="a1",
    state=2,
    error=0x01020304,
    short_message=b"id:a1 stat:DELIVRD",
)
BODY = b"".join(
    (
        bytes.fromhex("00000001 0102030405060708 00000002 01020304 0012"),
        b"\x0c\x00\x00\x00\x0c447911123456",
        b"\x04\x00\x00\x00\x04Shop",
        b"\x02\x00\x00\x00\x02a1",
        b"id:a1 stat:DELIVRD",
    )
)
RECEIPTS = st.lists(
    st.builds(
        RawReceipt,
        received_ms=st.integers(0, 2**64 - 1),
        source=st.text(st.characters(), max_size=21),
        destination=st.text(st.characters(), max_size=21),
        message_id=st.text(st.characters(), max_size=65),
        state=st.integers(0, 2**32 - 1),
        error=st.integers(0, 2**32 - 1),
        short_message=st.binary(max_size=99),
    ),
    max_size=6,
)


@given(RECEIPTS)
def test_receipts_come_back_in_their_order(receipts: list[RawReceipt]) -> None:
    data = inbox.encode(receipts)
    assert inbox.decode(data) == tuple(receipts)
    assert inbox.encode(inbox.decode(data)) == data


def test_the_bytes_stay_what_they_are() -> None:
    data = inbox.encode([RECEIPT])
    assert data[:4] == b"MCI\x01"
    assert zlib.decompress(data[4:]) == BODY
    assert inbox.decode(b"MCI\x01" + zlib.compress(BODY)) == (RECEIPT,)


def test_an_item_holds_500_receipts_with_the_longest_texts() -> None:
    longest = replace(
        RECEIPT,
        source="ж" * 255,
        destination="ж" * 255,
        message_id="ж" * 255,
        short_message=bytes(65_535),
    )
    assert inbox.decode(inbox.encode([longest] * 500)) == (longest,) * 500
    with pytest.raises(FormatError, match="501 receipts"):
        inbox.encode([RECEIPT] * 501)


def test_texts_that_are_alike_take_little() -> None:
    usual = [
        replace(
            RECEIPT, message_id=f"{n * 3:010x}", short_message=f"id:{n * 3:010x} {TEXT}".encode()
        )
        for n in range(500)
    ]
    assert len(inbox.encode(usual)) < sum(len(receipt.short_message) for receipt in usual) / 5


TEXT = (
    "sub:001 dlvrd:001 submit date:2511211437 done date:2511211438 stat:DELIVRD err:000 text:Dear"
)


@given(st.binary(max_size=80))
def test_any_bytes_are_an_inbox_item_or_refused(data: bytes) -> None:
    for candidate in (data, b"MCI\x01" + data, b"MCI\x01" + zlib.compress(data)):
        try:
            inbox.decode(candidate)
        except FormatError:
            continue


@given(st.integers(0, len(BODY) - 1), st.integers(0, 255))
def test_a_changed_octet_gives_receipts_or_is_refused(place: int, octet: int) -> None:
    body = BODY[:place] + bytes((octet,)) + BODY[place + 1 :]
    try:
        assert len(inbox.decode(b"MCI\x01" + zlib.compress(body))) <= 1
    except FormatError:
        return


@given(RECEIPTS, st.data())
def test_damage_is_noticed(receipts: list[RawReceipt], data: st.DataObject) -> None:
    whole = inbox.encode(receipts)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for damaged in (whole[:cut], whole + b"x", b"MCI\x02" + whole[4:]):
        with pytest.raises(FormatError):
            inbox.decode(damaged)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (BODY[:-1], "1 bytes are missing"),
        (BODY + b"x", "1 bytes are left over"),
        (BODY[:3] + b"\x02" + BODY[4:], "missing"),
    ],
)
def test_an_item_of_another_length_is_refused(body: bytes, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        inbox.decode(b"MCI\x01" + zlib.compress(body))


@pytest.mark.parametrize(
    "receipt",
    [
        replace(RECEIPT, received_ms=-1),
        replace(RECEIPT, state=2**32),
        replace(RECEIPT, error=-1),
        replace(RECEIPT, short_message=bytes(65_536)),
    ],
)
def test_what_does_not_fit_is_refused(receipt: RawReceipt) -> None:
    with pytest.raises(FormatError, match="does not fit"):
        inbox.encode([receipt])
