"""What an ingest keeps of its lines: bounded, in order, each number once."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import tokens
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats.chunk import MAX_RECIPIENTS, MAX_VALUES
from chalicelib.sms.columns import COLUMNS_MAX, VALUE_MAX
from chalicelib.usecases import gathering
from chalicelib.usecases.gathering import COMPACT_FROM, Numbers, Rows

if TYPE_CHECKING:
    from chalicelib.usecases.gathering import Gathered

KEY = b"k" * 32
FIRST = 447400000000
VALUE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12)


def found(gathered: Gathered, *names: str) -> dict[int, tuple[str, ...]]:
    """Each number with its values, as they can be read back from the chunks."""
    rows: dict[int, tuple[str, ...]] = {}
    for chunk in gathered.chunks():
        back = chunk_format.decode(chunk_format.encode(chunk), names)
        columns = [back.columns[name] for name in names]
        for place, number in enumerate(back.numbers):
            assert number not in rows
            rows[number] = tuple(column[place] for column in columns)
    return rows


def test_duplicates_are_dropped_while_they_come() -> None:
    numbers = Numbers(KEY)
    for _ in range(10):
        for place in range(3_000):
            numbers.add(str(FIRST + place % 3))
        assert sum(map(len, numbers._parts)) <= 3 * COMPACT_FROM
    assert (numbers.added, numbers.compact()) == (30_000, 3)
    assert len(found(numbers)) == 3


def test_duplicates_are_dropped_with_their_values() -> None:
    rows = Rows(KEY, ("a",))
    for turn in range(10):
        for place in range(3_000):
            rows.add(str(FIRST + place % 3), [f"{turn}-{place}" * 5])
        held = sum(len(part.rows) + len(part._values) for part in rows._parts)
        assert held <= 3 * COMPACT_FROM
    assert (rows.added, rows.compact()) == (30_000, 3)
    assert found(rows, "a") == {FIRST + place: (f"0-{place}" * 5,) for place in range(3)}


@given(
    st.lists(st.tuples(st.integers(0, 9), VALUE, VALUE), max_size=60),
    st.sampled_from([1, 100, COMPACT_FROM]),
)
def test_the_first_lines_values_stay_however_often_it_was_compacted(
    lines: list[tuple[int, str, str]], full: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gathering, "COMPACT_FROM", full)
        rows = Rows(KEY, ("a", "b"))
        first: dict[int, tuple[str, ...]] = {}
        for place, one, other in lines:
            rows.add(str(FIRST + place), [one, other])
            first.setdefault(FIRST + place, (one, other))
        assert rows.compact() == len(first)
        assert found(rows, "a", "b") == first


def test_both_kinds_come_in_the_order_of_tokens() -> None:
    chance = random.Random(1)  # noqa: S311 - examples, no secrets
    lines = [str(FIRST + chance.randrange(15_000)) for _ in range(30_000)]
    bare, with_values = Numbers(KEY), Rows(KEY, ("a",))
    for line in lines:
        bare.add(line)
        with_values.add(line, [line[-2:]])
    assert bare.compact() == with_values.compact() == len(set(lines))
    expected = sorted((tokens.hasher(KEY)(line)[: tokens.SHORT], int(line)) for line in set(lines))
    for gathered in (bare, with_values):
        chunks = list(gathered.chunks())
        assert [len(chunk.numbers) for chunk in chunks[:-1]] == [MAX_RECIPIENTS]
        assert [
            (token.to_bytes(8, "big"), number)
            for chunk in chunks
            for token, number in zip(chunk.tokens, chunk.numbers, strict=True)
        ] == expected


def test_long_values_make_smaller_chunks() -> None:
    columns = tuple(str(place) for place in range(COLUMNS_MAX))
    rows = Rows(KEY, columns)
    values = ["\N{GRINNING FACE}" * VALUE_MAX] * COLUMNS_MAX
    size = COLUMNS_MAX * (4 * VALUE_MAX + 1)
    for place in range(1_000):
        rows.add(str(FIRST + place), values)
    assert rows.compact() == 1_000
    counts = [len(chunk_format.encode(chunk)) and len(chunk.numbers) for chunk in rows.chunks()]
    assert counts[:-1] == [MAX_VALUES // size] * (len(counts) - 1)
    assert sum(counts) == 1_000


def test_there_may_be_nothing() -> None:
    for gathered in (Numbers(KEY), Rows(KEY, ("a",))):
        assert gathered.compact() == 0
        assert list(gathered.chunks()) == []
