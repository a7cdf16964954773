"""Numbers of whole blocks: each row is what it is by itself."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.tokens import Mixer
from chalicelib.sms.numbering import judge, plans
from chalicelib.sms.phone import BadNumber, Reason, dialled
from functions.ingest import mixing
from functions.ingest.fields import padded
from functions.ingest.numbers import DIGITS_MAX, GOOD, ODD, OUTCOMES, Judge
from tests.fakes import dirt

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTRIES = [None, "GB", "US", "CA", "IT", "AR", "BR", "HU", "RU", "KZ", "JE", "BS", "SM"]
JUDGES = {country: Judge(plans(), country) for country in COUNTRIES}


def judged(rows: Sequence[str], country: str | None) -> list[int | Reason | None]:
    """Number, reason, or None for what is odd."""
    octets = "\n".join([*rows, ""]).encode()
    ends = np.flatnonzero(np.frombuffer(octets, np.uint8) == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))[: len(ends)]
    found = JUDGES[country].judge(padded(octets), starts, ends)
    return [
        int(number) if outcome == GOOD else OUTCOMES[outcome]
        for number, outcome in zip(found.numbers, found.outcomes, strict=True)
    ]


def expected(row: str, country: str | None) -> int | Reason | None:
    try:
        abroad, digits = dialled(row)
    except BadNumber:
        return None
    if len(digits) > DIGITS_MAX or row.removeprefix("+").removeprefix("00") not in (digits, ""):
        return None
    answer = judge(digits, country, abroad=abroad)
    return int(answer) if isinstance(answer, str) and not isinstance(answer, Reason) else answer


@pytest.mark.parametrize("country", COUNTRIES)
def test_rows_are_judged_as_one_by_one(country: str | None) -> None:
    chance = random.Random(country or "")  # noqa: S311 - examples, no secrets
    rows = [dirt.number(chance, country).replace(" ", "") for _ in range(3_000)]
    rows += ["".join(chance.choices("0123456789", k=size)) for size in range(26) for _ in range(9)]
    rows += [f"{mark}{row}" for row in rows[-60:] for mark in ("+", "00", "0", "+0")]
    assert judged(rows, country) == [expected(row, country) for row in rows]


@given(
    st.lists(st.text(st.sampled_from("0123456789+x. "), max_size=22), max_size=12),
    st.sampled_from(COUNTRIES),
)
def test_any_rows_are_judged_as_one_by_one(rows: list[str], country: str | None) -> None:
    assert judged(rows, country) == [expected(row, country) for row in rows]


def test_the_last_rows_are_read_to_their_end_and_no_further() -> None:
    assert judged(["447400123456", "44740"], None) == [447400123456, Reason.TOO_SHORT]
    assert judged(["", "0", "00", "+"], None) == [None, Reason.TOO_SHORT, Reason.TOO_SHORT, None]
    assert judged([], None) == []
    assert OUTCOMES[ODD] is None


@given(st.binary(min_size=1, max_size=64), st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_tokens_are_those_of_single_numbers_and_give_them_back(
    key: bytes, numbers: list[int]
) -> None:
    mixer, whole = Mixer.of(key), np.array(numbers, np.uint64)
    tokens = mixing.tokens(mixer, whole)
    assert tokens.tolist() == [mixer.token(number) for number in numbers]
    assert mixing.numbers(mixer, tokens).tolist() == numbers
    assert whole.tolist() == numbers
