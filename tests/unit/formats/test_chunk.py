from __future__ import annotations

import zlib
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.formats import chunk
from chalicelib.domain.formats.chunk import MAX_RECIPIENTS, MAX_VALUES, Chunk
from chalicelib.domain.formats.frame import FormatError, column, number, texts
from chalicelib.sms.columns import COLUMNS_MAX, VALUE_MAX
from chalicelib.sms.merge import NAME_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

U64 = st.integers(0, 2**64 - 1)
RECIPIENTS = st.lists(st.tuples(U64 | st.integers(0, 5), U64), max_size=30)
NAMES = st.sets(st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), max_size=4)
VALUES = st.text(st.characters(codec="utf-8"), max_size=VALUE_MAX)


def make(
    recipients: list[tuple[int, int]], columns: dict[str, Sequence[str]] | None = None
) -> Chunk:
    ordered = sorted(recipients)
    return Chunk(
        array("Q", [token for token, _ in ordered]),
        array("Q", [phone for _, phone in ordered]),
        columns or {},
    )


@given(RECIPIENTS)
def test_a_chunk_comes_back(recipients: list[tuple[int, int]]) -> None:
    whole = make(recipients)
    data = chunk.encode(whole)
    assert chunk.decode(data) == whole
    assert chunk.encode(chunk.decode(data)) == data


@given(RECIPIENTS, NAMES, st.data())
def test_of_its_columns_those_come_back_that_are_asked_for(
    recipients: list[tuple[int, int]], names: set[str], data: st.DataObject
) -> None:
    values = st.lists(VALUES, min_size=len(recipients), max_size=len(recipients))
    columns: dict[str, Sequence[str]] = {name: data.draw(values) for name in names}
    whole = make(recipients, columns)
    packed = chunk.encode(whole)
    assert chunk.decode(packed, names) == whole
    assert chunk.decode(packed) == make(recipients)
    some = data.draw(st.sets(st.sampled_from(sorted(names)))) if names else set()
    assert chunk.decode(packed, {*some, "stranger"}).columns == {
        name: columns[name] for name in some
    }
    # Whichever column came first in the file.
    turned = dict(reversed(columns.items()))
    assert chunk.encode(make(recipients, turned)) == packed


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
    assert data[:4] == b"MCC\x02"
    rows = "0111 0212 0313 0414 0515 0616 0717 0818  0000 0000 0000 0000 0000 0000 0021 1122"
    assert zlib.decompress(data[4:]) == bytes.fromhex(f"00000002 {rows} 00")


def test_the_bytes_of_columns_stay_what_they_are() -> None:
    data = chunk.encode(make([(1, 2), (3, 4)], {"ort": ["", "Zoë"], "a": ["x", "yz"]}))
    assert data[:4] == b"MCC\x02"
    columns = b"\x02" + b"\x01\x03" + b"\0\0\0\x04aort"
    columns += b"\x01\x02" + b"\0\0\0\x03xyz" + b"\x00\x03" + "\0\0\0\x04Zoë".encode()
    assert zlib.decompress(data[4:])[4 + 2 * 16 :] == columns


def test_a_full_chunk_fits_and_is_small() -> None:
    full = make([(place * 2**50, 447000000000 + place * 7919) for place in range(10_000)])
    data = chunk.encode(full)
    assert chunk.decode(data) == full
    assert len(data) < 10_000 * 12


def test_the_fullest_chunk_with_the_longest_names_fits() -> None:
    share = MAX_VALUES // MAX_RECIPIENTS // COLUMNS_MAX - 1
    value = "ü" * (share // 2) + "x" * (share % 2)
    columns: dict[str, Sequence[str]] = {
        chr(0x10000 + place) * NAME_MAX: [value] * MAX_RECIPIENTS for place in range(COLUMNS_MAX)
    }
    full = make([(place, place) for place in range(MAX_RECIPIENTS)], columns)
    assert chunk.decode(chunk.encode(full), columns) == full


def test_words_are_found_again() -> None:
    names = [f"Anna {place % 300}" for place in range(10_000)]
    rows = [(place * 2**50, 447000000000 + place * 7919) for place in range(10_000)]
    bare = len(chunk.encode(make(rows)))
    assert len(chunk.encode(make(rows, {"name": names}))) - bare < 10_000 * 3


@given(st.binary(max_size=80))
def test_any_bytes_are_a_chunk_or_refused(data: bytes) -> None:
    columns = sealed(number(0) + data)
    for candidate in (data, b"MCC\x02" + data, sealed(data), columns):
        try:
            chunk.decode(candidate, {"a"})
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
    return b"MCC\x02" + zlib.compress(body)


def of_one(*columns: bytes) -> bytes:
    """A chunk of one recipient: its number of columns and what follows."""
    return sealed(number(1) + bytes(16) + b"".join(columns))


MANY = [f"{place:02}" for place in range(COLUMNS_MAX + 1)]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"MCC\x01" + zlib.compress(b""), "version"),
        (sealed(number(1) + bytes(15)), "missing"),
        (of_one(), "missing"),
        (of_one(b"\0", b"\0"), "left over"),
        (sealed(number(2**32 - 1)), "missing"),
        (sealed(number(2) + column("Q", [2, 1]) + bytes(17)), "ascending"),
        (sealed(number(10_001) + bytes(160_016) + b"\0"), "at most"),
        (sealed(bytes(10**8)), "more than"),
        (of_one(b"\1", texts(["a"])), "missing"),
        (of_one(b"\1", texts(["a"]), b"\5", number(1), b"x"), "long as they should"),
        (of_one(b"\1", texts(["b"]), b"\5", number(9), b"x"), "missing"),
        (of_one(b"\1", texts(["a"]), b"\1", number(1), b"\xff"), "UTF-8"),
        (of_one(b"\1", texts(["a"]), texts(["\ud800"])), "UTF-8"),
        (of_one(b"\1", texts(["\ud800"]), texts(["x"])), "UTF-8"),
        (of_one(b"\1", texts([""]), texts(["x"])), "names of 1 to 64"),
        (of_one(b"\1", texts(["n" * 65]), texts(["x"])), "names of 1 to 64"),
        (of_one(b"\2", texts(["b", "a"]), texts(["x"]), texts(["x"])), "order of their names"),
        (of_one(b"\2", texts(["a", "a"]), texts(["x"]), texts(["x"])), "each once"),
        (of_one(b"\x15", texts(MANY), *[texts(["x"])] * 21), "20 columns at most"),
    ],
)
def test_a_chunk_that_is_none_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        chunk.decode(data, {"a"})


@pytest.mark.parametrize(
    ("tokens", "numbers", "columns", "complaint"),
    [
        ([1], [], {}, "as many"),
        ([2, 1], [0, 0], {}, "ascending"),
        ([0] * 10_001, [0] * 10_001, {}, "10000 recipients at most"),
        ([1], [1], {"a": []}, "a value for each"),
        ([1], [1], {"a": ["x", "y"]}, "a value for each"),
        ([], [], {name: [] for name in MANY}, "20 columns at most"),
        ([], [], {"": []}, "names of 1 to 64"),
        ([], [], {"n" * 65: []}, "names of 1 to 64"),
    ],
)
def test_a_chunk_that_could_not_be_used_is_not_made(
    tokens: list[int], numbers: list[int], columns: dict[str, list[str]], complaint: str
) -> None:
    with pytest.raises(FormatError, match=complaint):
        Chunk(array("Q", tokens), array("Q", numbers), columns)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"a": ["x" * 256]}, "255 is the limit"),
        ({"a": ["\ud83d"]}, "half a character"),
        ({"\ud83d": ["x"]}, "half a character"),
    ],
)
def test_a_value_that_could_not_be_read_is_not_written(
    columns: dict[str, list[str]], complaint: str
) -> None:
    with pytest.raises(FormatError, match=complaint):
        chunk.encode(make([(1, 2)], {**columns}))


def test_values_have_a_limit_together() -> None:
    rows = [(place, place) for place in range(MAX_RECIPIENTS)]
    columns: dict[str, Sequence[str]] = {
        str(place): ["x" * VALUE_MAX] * MAX_RECIPIENTS for place in range(4)
    }
    with pytest.raises(FormatError, match="is the limit"):
        chunk.encode(make(rows, columns))
