from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.formats.frame import (
    Format,
    FormatError,
    Reader,
    column,
    look_up,
    number,
    texts,
)

FORMAT = Format(name="thing", magic=b"ABC", version=2, limit=100)
LIMITS = {"B": 2**8, "H": 2**16, "I": 2**32, "Q": 2**64}


@given(st.binary(max_size=100))
def test_what_is_sealed_can_be_read(body: bytes) -> None:
    for strategy in (zlib.Z_RLE, zlib.Z_DEFAULT_STRATEGY):
        sealed = FORMAT.seal(body, strategy=strategy)
        assert sealed.startswith(b"ABC\x02")
        reader = FORMAT.unseal(sealed)
        assert reader.take(len(body)) == body
        reader.finish()


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for candidate in (data, b"ABC\x02" + data):
        try:
            FORMAT.unseal(candidate)
        except FormatError:
            continue


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "This is no thing"),
        (b"AB", "This is no thing"),
        (b"ABD\x02", "This is no thing"),
        (b"ABC", "not of version 2"),
        (b"ABC\x01", "not of version 2"),
        (b"ABC\x02", "ends too early"),
        (b"ABC\x02nonsense", "damaged"),
        (b"ABC\x02" + zlib.compress(b"x")[:-1], "ends too early"),
        (b"ABC\x02" + zlib.compress(b"x") + b"x", "something follows"),
        (b"ABC\x02" + zlib.compress(b"x" * 101), "more than 100"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        FORMAT.unseal(data)


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = b"ABC\x02" + zlib.compress(bytes(200_000_000), 1)
    with pytest.raises(FormatError, match="more than 100"):
        FORMAT.unseal(bomb)


def test_nothing_is_sealed_that_could_not_be_read() -> None:
    FORMAT.seal(bytes(100))
    with pytest.raises(FormatError, match="101 bytes"):
        FORMAT.seal(bytes(101))


@given(st.data(), st.sampled_from(sorted(LIMITS)))
def test_a_column_comes_back(data: st.DataObject, typecode: str) -> None:
    values = data.draw(st.lists(st.integers(0, LIMITS[typecode] - 1), max_size=8))
    reader = Reader(column(typecode, values))
    assert reader.column(typecode, len(values)).tolist() == values
    reader.finish()


def test_a_column_is_its_high_octets_then_its_low_ones() -> None:
    assert column("H", [0x0102, 0x0304]) == b"\x01\x03\x02\x04"
    assert number(0x01020304) == b"\x01\x02\x03\x04"
    assert column("Q", [0x0102030405060708]) == bytes(range(1, 9))


@pytest.mark.parametrize(("typecode", "value"), [("B", 256), ("H", -1), ("I", 2**32), ("Q", 2**64)])
def test_a_number_that_does_not_fit_is_refused(typecode: str, value: int) -> None:
    with pytest.raises(FormatError, match="does not fit"):
        column(typecode, [value])


@given(st.lists(st.text(st.characters(), max_size=9) | st.sampled_from(["\ud83d", "\ude00"])))
def test_texts_come_back_whatever_is_in_them(values: list[str]) -> None:
    reader = Reader(texts(values))
    assert reader.texts(len(values)) == values
    reader.finish()


def test_a_text_has_255_characters_at_most() -> None:
    assert Reader(texts(["ж" * 255])).texts(1) == ["ж" * 255]
    with pytest.raises(FormatError, match="256 characters"):
        texts(["", "x" * 256])


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"\x01" + number(1) + b"\xff", "not UTF-8"),
        (b"\x02" + number(1) + b"x", "not as long"),
        (b"\x01" + number(2) + b"xx", "not as long"),
        (b"\x01" + number(2) + b"x", "1 bytes are missing"),
        (b"", "1 bytes are missing"),
    ],
)
def test_damaged_texts_are_refused(body: bytes, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        Reader(body).texts(1)


def test_a_body_is_read_to_its_end() -> None:
    reader = Reader(b"abc")
    assert reader.take(2) == b"ab"
    with pytest.raises(FormatError, match="1 bytes are left over"):
        reader.finish()
    with pytest.raises(FormatError, match="2 bytes are missing"):
        reader.take(3)


def test_a_value_that_stands_for_nothing_is_refused() -> None:
    assert look_up({1: "one"}, [1, 1]) == ["one", "one"]
    with pytest.raises(FormatError, match="7 stands for nothing"):
        look_up({1: "one"}, [1, 7])
