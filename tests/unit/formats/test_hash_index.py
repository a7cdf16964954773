from __future__ import annotations

import hashlib
import json
import struct
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.formats import hash_index
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.formats.hash_index import (
    CHUNKS_MAX,
    PART_ENTRIES,
    Index,
    Standing,
    bits_for,
    candidates,
    entry,
    whole,
    window,
)

DIGEST = hashlib.sha256(b"list").hexdigest()
HASHES = st.binary(min_size=32, max_size=32)


def made(standings: dict[bytes, Standing], bits: int) -> tuple[Index, list[bytes]]:
    """An index as it is stored, of hashes and where they stand."""
    parts: dict[int, list[int]] = defaultdict(list)
    for ctn_hash, standing in standings.items():
        part, stands = entry(standing.chunk, standing.place, ctn_hash, bits)
        parts[part].append(stands)
    data = [struct.pack(f">{len(parts[part])}Q", *sorted(parts[part])) for part in range(1 << bits)]
    return Index(1, DIGEST, tuple(len(part) // 8 for part in data)), data


def looked_up(index: Index, data: list[bytes], ctn_hash: bytes) -> list[Standing]:
    near = window(index, ctn_hash)
    found = candidates(data[near.part][near.offset : near.offset + near.length], near)
    if found is None:
        found = candidates(data[near.part], whole(near))
    assert found is not None
    return found


def spread(count: int) -> dict[bytes, Standing]:
    return {
        hashlib.sha256(b"%d" % number).digest(): Standing(number // 1000, number % 1000)
        for number in range(count)
    }


@given(
    st.dictionaries(
        HASHES,
        st.builds(Standing, st.integers(0, CHUNKS_MAX - 1), st.integers(0, 9_999)),
        max_size=30,
    ),
    st.integers(0, 8),
    HASHES,
)
def test_whatever_is_in_it_is_found(
    standings: dict[bytes, Standing], bits: int, other: bytes
) -> None:
    index, data = made(standings, bits)
    assert index.bits == bits
    for ctn_hash, standing in standings.items():
        assert standing in looked_up(index, data, ctn_hash)
    for found in looked_up(index, data, other):
        assert found in standings.values()


def test_one_read_of_little_is_enough() -> None:
    standings = spread(20_000)
    index, data = made(standings, 0)
    for ctn_hash, standing in standings.items():
        near = window(index, ctn_hash)
        assert near.length < 8_000
        found = candidates(data[0][near.offset : near.offset + near.length], near)
        assert found == [standing]


def test_what_is_not_in_it_is_not_found() -> None:
    index, data = made(spread(5_000), 3)
    for number in range(5_000, 6_000):
        assert looked_up(index, data, hashlib.sha256(b"%d" % number).digest()) == []


@pytest.mark.parametrize("first", [b"\x00", b"\xff"])
def test_hashes_that_chance_put_elsewhere_are_found_in_the_whole_part(first: bytes) -> None:
    """All at one end, and the one that is wanted is expected at the other."""
    standings = {
        first * 2 + place.to_bytes(30, "big"): Standing(0, place) for place in range(2_000)
    }
    wanted = (b"\x7f" if first == b"\x00" else b"\x80") * 32
    standings[wanted] = Standing(1, 7)
    index, data = made(standings, 0)
    near = window(index, wanted)
    assert candidates(data[0][near.offset : near.offset + near.length], near) is None
    assert looked_up(index, data, wanted) == [Standing(1, 7)]


def test_hashes_that_begin_alike_are_all_candidates() -> None:
    one, other = b"\x12\x34\x56\x78\x9a" + b"\x00" * 27, b"\x12\x34\x56\x78\x9a" + b"\xff" * 27
    index, data = made({one: Standing(0, 1), other: Standing(0, 2)}, 8)
    assert looked_up(index, data, one) == [Standing(0, 1), Standing(0, 2)]


def test_a_part_without_entries_is_read_as_none() -> None:
    index, data = made({b"\x00" * 32: Standing(0, 0)}, 1)
    assert looked_up(index, data, b"\xff" * 32) == []


@pytest.mark.parametrize(
    ("recipients", "bits"),
    [
        (0, 0),
        (1, 0),
        (PART_ENTRIES, 0),
        (PART_ENTRIES + 1, 1),
        (2 * PART_ENTRIES, 1),
        (1_000_000, 5),
        (10_000_000, 8),
        (100_000_000, 8),
    ],
)
def test_small_lists_have_few_parts(recipients: int, bits: int) -> None:
    assert bits_for(recipients) == bits


def test_its_objects_stand_beside_the_lists_chunks() -> None:
    prefix = "lists/wsp_a/lst_a"
    assert hash_index.index_key(prefix) == "lists/wsp_a/lst_a/hashes/index"
    assert hash_index.part_key(prefix, 255) == "lists/wsp_a/lst_a/hashes/ff"


@pytest.mark.parametrize(("chunk", "place"), [(CHUNKS_MAX, 0), (0, 1 << 14)])
def test_what_does_not_fit_an_entry_is_refused(chunk: int, place: int) -> None:
    with pytest.raises(FormatError, match="no such chunk or place"):
        entry(chunk, place, b"\x00" * 32, 0)


def test_a_part_that_is_cut_is_refused() -> None:
    index, data = made(spread(100), 0)
    near = window(index, b"\x00" * 32)
    with pytest.raises(FormatError, match="has 8 bytes here, not"):
        candidates(data[0][:8], near)


def test_the_index_comes_back() -> None:
    index = Index(1, DIGEST, (3, 0, 2, 1))
    data = hash_index.encode(index)
    assert hash_index.decode(data) == index
    assert json.loads(data) == {"version": 1, "digest": DIGEST, "parts": [3, 0, 2, 1]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "of version 2, not 1"),
        ({"digest": "0"}, "no index of hashes"),
        ({"parts": [-1]}, "no index of hashes"),
        ({"parts": []}, "1, 2, 4 … 256 parts"),
        ({"parts": [1, 2, 3]}, "1, 2, 4 … 256 parts"),
        ({"parts": [0] * 512}, "1, 2, 4 … 256 parts"),
    ],
)
def test_what_is_no_index_is_refused(change: dict[str, Any], message: str) -> None:
    good = {"version": 1, "digest": DIGEST, "parts": [1]}
    with pytest.raises(FormatError, match=message):
        hash_index.decode(json.dumps({**good, **change}).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="no index of hashes"):
        hash_index.decode(data)
