from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.formats import manifest
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest, digest_of, find_chunk

TOKENS = st.integers(0, 2**64 - 1)


def make(tokens: list[int]) -> Manifest:
    """Chunks of two tokens each."""
    ordered = sorted(tokens)[: len(tokens) // 2 * 2]
    chunks = tuple(
        ChunkEntry(
            number=place,
            key=f"lists/wsp_1/lst_1/chunk-{place:05}",
            count=2,
            first_token=f"{first:016x}",
            last_token=f"{last:016x}",
            sha256=hashlib.sha256(b"%d" % place).hexdigest(),
        )
        for place, (first, last) in enumerate(zip(ordered[::2], ordered[1::2], strict=True))
    )
    return Manifest(
        version=1,
        workspace="wsp_1",
        list="lst_1",
        digest=digest_of(chunks),
        counts=Counts(valid=2 * len(chunks), duplicate=1, invalid={"too_short": 3, "empty": 1}),
        chunks=chunks,
    )


WHOLE = make([1, 5, 9, 2**64 - 1])


@given(st.lists(TOKENS, max_size=20))
def test_a_manifest_comes_back(tokens: list[int]) -> None:
    whole = make(tokens)
    data = manifest.encode(whole)
    assert manifest.decode(data) == whole
    assert manifest.encode(manifest.decode(data)) == data


def test_people_can_read_it_and_the_order_of_reasons_leaves_no_trace() -> None:
    data = manifest.encode(WHOLE)
    other = msgspec.structs.replace(
        WHOLE, counts=Counts(valid=4, duplicate=1, invalid={"empty": 1, "too_short": 3})
    )
    assert manifest.encode(other) == data
    assert json.loads(data) == {
        "version": 1,
        "workspace": "wsp_1",
        "list": "lst_1",
        "digest": WHOLE.digest,
        "counts": {"valid": 4, "duplicate": 1, "invalid": {"empty": 1, "too_short": 3}},
        "chunks": [
            {
                "number": place,
                "key": f"lists/wsp_1/lst_1/chunk-0000{place}",
                "count": 2,
                "first_token": first,
                "last_token": last,
                "sha256": hashlib.sha256(b"%d" % place).hexdigest(),
            }
            for place, first, last in (
                (0, "0000000000000001", "0000000000000005"),
                (1, "0000000000000009", "ffffffffffffffff"),
            )
        ],
    }


def test_the_digest_is_over_the_chunks_digests_in_order() -> None:
    one, two = WHOLE.chunks
    together = bytes.fromhex(one.sha256) + bytes.fromhex(two.sha256)
    assert digest_of([one, two]) == hashlib.sha256(together).hexdigest()
    assert digest_of([two, one]) != digest_of([one, two])
    assert digest_of([]) == hashlib.sha256(b"").hexdigest()


@given(st.lists(TOKENS, max_size=20, unique=True), TOKENS)
def test_the_chunk_of_a_token_is_found(tokens: list[int], stranger: int) -> None:
    whole = make(tokens)
    for token in (*tokens, stranger):
        expected = [
            entry
            for entry in whole.chunks
            if int(entry.first_token, 16) <= token <= int(entry.last_token, 16)
        ]
        found = find_chunk(whole, token)
        assert found == (expected[0] if expected else None)


@pytest.mark.parametrize(
    ("token", "number"), [(0, None), (1, 0), (3, 0), (5, 0), (6, None), (9, 1), (2**64 - 1, 1)]
)
def test_edges_belong_to_their_chunk(token: int, number: int | None) -> None:
    found = find_chunk(WHOLE, token)
    assert (None if found is None else found.number) == number


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (("version",), 2, "version 2"),
        (("version",), "1", "no manifest"),
        (("digest",), "0" * 64, "digest"),
        (("digest",), WHOLE.digest + "\n", "no manifest"),
        (("digest",), WHOLE.digest.upper(), "no manifest"),
        (("counts", "valid"), 5, "add up"),
        (("counts", "duplicate"), -1, "no manifest"),
        (("counts", "invalid", "empty"), "1", "no manifest"),
        (("chunks", 1, "number"), 2, "numbered"),
        (("chunks", 1, "count"), 0, "no manifest"),
        (("chunks", 1, "first_token"), "0000000000000004", "order of their tokens"),
        (("chunks", 0, "first_token"), "0000000000000006", "order of their tokens"),
        (("chunks", 0, "first_token"), "1", "no manifest"),
        (("chunks", 0, "sha256"), "0" * 64, "digest"),
        (("chunks", 0, "key"), None, "no manifest"),
        (("chunks",), {}, "no manifest"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    place: tuple[str | int, ...], value: object, complaint: str
) -> None:
    plain: Any = json.loads(manifest.encode(WHOLE))
    inner = plain
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with pytest.raises(FormatError, match=complaint):
        manifest.decode(json.dumps(plain).encode())


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{}", b'{"version":1}', b'{"version":"\xff"}', b"[" * 100_000],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="no manifest"):
        manifest.decode(data)


def test_deep_nesting_is_refused_not_followed() -> None:
    with pytest.raises(FormatError, match="no manifest"):
        manifest.decode(b'{"version":1,"more":' + b"[" * 100_000)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_manifest_or_refused(data: bytes) -> None:
    whole = manifest.encode(WHOLE)
    for candidate in (data, whole[:40] + data, whole[:40] + data + whole[40:], whole + data):
        try:
            manifest.decode(candidate)
        except FormatError:
            continue


@given(st.integers(0, len(manifest.encode(WHOLE)) - 1))
def test_cut_short_is_noticed(length: int) -> None:
    with pytest.raises(FormatError):
        manifest.decode(manifest.encode(WHOLE)[:length])


def test_a_manifest_that_could_not_be_read_is_not_written() -> None:
    with pytest.raises(FormatError, match="digest"):
        manifest.encode(msgspec.structs.replace(WHOLE, digest="0" * 64))


# --- erased numbers ---


def test_a_manifest_of_before_says_nothing_of_what_is_stored() -> None:
    assert b"stored" not in manifest.encode(WHOLE)
    assert WHOLE.chunks[1].holds(b"1")
    assert not WHOLE.chunks[1].holds(b"0")


def test_while_a_chunk_is_replaced_either_is_the_one_that_is_meant() -> None:
    once = manifest.storing(WHOLE, 1, b"1", b"one less")
    twice = manifest.storing(once, 1, b"one less", b"two less")
    for told, good, bad in (
        (once, (b"1", b"one less"), (b"two less", b"0")),
        (twice, (b"one less", b"two less"), (b"1", b"0")),
    ):
        read = manifest.decode(manifest.encode(told))
        assert read == told
        assert (read.digest, read.counts) == (WHOLE.digest, WHOLE.counts)
        assert [read.chunks[1].holds(data) for data in (*good, *bad)] == [True, True, False, False]
        assert read.chunks[0] == WHOLE.chunks[0]
        assert read.chunks[1].sha256 == WHOLE.chunks[1].sha256


def test_a_chunks_edges_follow_it_and_keep_their_order() -> None:
    moved = manifest.decode(manifest.encode(manifest.spanning(WHOLE, 1, 7, 8)))
    assert (moved.chunks[1].first_token, moved.chunks[1].last_token) == (f"{7:016x}", f"{8:016x}")
    assert moved.chunks[0] == WHOLE.chunks[0]
    with pytest.raises(FormatError, match="order of their tokens"):
        manifest.encode(manifest.spanning(WHOLE, 1, 4, 8))


def test_what_stands_around_a_chunk() -> None:
    three = make([1, 5, 9, 12, 15, 20])
    assert [manifest.outside(three, number) for number in range(3)] == [
        (-1, 9),
        (5, 15),
        (12, 2**64),
    ]
