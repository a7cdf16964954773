from __future__ import annotations

import zlib
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.formats import chunk
from chalicelib.domain.formats.chunk import Chunk
from chalicelib.domain.formats.frame import FormatError, column, number

U64 = st.integers(0, 2**64 - 1)
RECIPIENTS = st.lists(st.tuples(U64 | st.integers(0, 5), U64), max_size=30)


def make(recipients: list[tuple[int, int]]) -> Chunk:
    ordered = sorted(recipients)
    return Chunk(
        array("Q", [token for token, _ in ordered]), array("Q", [phone for _, phone in ordered])
    )


@given(RECIPIENTS)
def test_a_chunk_comes_back(recipients: list[tuple[int, int]]) -> None:
    whole = make(recipients)
    data = chunk.encode(whole)
    assert chunk.decode(data) == whole
    assert chunk.encode(chunk.decode(data)) == data


@given(RECIPIENTS, U64)
def test_a_recipient_is_found_by_its_token(
    recipients: list[tuple[int, int]], stranger: int
) -> None:
    whole = make(recipients)
    tokens = whole.tokens.tolist()
    for token in (*tokens, stranger):
        found = chunk.find(whole, token.to_bytes(8, "big"))
        assert found == (tokens.index(token) if token in tokens else None)


def test_the_bytes_stay_what_they_are() -> None:
    data = chunk.encode(make([(0x0102030405060708, 0x11), (0x1112131415161718, 0x2122)]))
    assert data[:4] == b"MCC\x01"
    assert zlib.decompress(data[4:]) == bytes.fromhex(
        "00000002  0111 0212 0313 0414 0515 0616 0717 0818  0000 0000 0000 0000 0000 0000 0021 1122"
    )


def test_a_full_chunk_fits_and_is_small() -> None:
    full = make([(place * 2**50, 447000000000 + place * 7919) for place in range(10_000)])
    data = chunk.encode(full)
    assert chunk.decode(data) == full
    assert len(data) < 10_000 * 12


@given(st.binary(max_size=80))
def test_any_bytes_are_a_chunk_or_refused(data: bytes) -> None:
    for candidate in (data, b"MCC\x01" + data, b"MCC\x01" + zlib.compress(data)):
        try:
            chunk.decode(candidate)
        except FormatError:
            continue


@given(RECIPIENTS, st.data())
def test_damage_is_noticed(recipients: list[tuple[int, int]], data: st.DataObject) -> None:
    whole = chunk.encode(make(recipients))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(FormatError):
        chunk.decode(whole[:cut])
    with pytest.raises(FormatError):
        chunk.decode(whole + b"x")
    with pytest.raises(FormatError):
        chunk.decode(whole[:cut] + bytes((whole[cut] ^ 0xFF,)) + whole[cut + 1 :])


def sealed(body: bytes) -> bytes:
    return b"MCC\x01" + zlib.compress(body)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"MCC\x02" + zlib.compress(b""), "version"),
        (sealed(number(1) + bytes(15)), "missing"),
        (sealed(number(1) + bytes(17)), "left over"),
        (sealed(number(2**32 - 1)), "missing"),
        (sealed(number(2) + column("Q", [2, 1]) + bytes(16)), "ascending"),
        (sealed(bytes(4 + 160_000 + 1)), "more than"),
        (sealed(bytes(10**8)), "more than"),
    ],
)
def test_a_chunk_that_is_none_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        chunk.decode(data)


@pytest.mark.parametrize(
    ("tokens", "numbers", "complaint"),
    [
        ([1], [], "as many"),
        ([2, 1], [0, 0], "ascending"),
        ([0] * 10_001, [0] * 10_001, "at most"),
    ],
)
def test_a_chunk_that_could_not_be_used_is_not_made(
    tokens: list[int], numbers: list[int], complaint: str
) -> None:
    with pytest.raises(FormatError, match=complaint):
        Chunk(array("Q", tokens), array("Q", numbers))
