"""Which numbers can be erased, and when an erasure is done."""

from __future__ import annotations

import pytest

from chalicelib.domain.erasure import ErasureStatus, number_of
from chalicelib.domain.errors import Invalid
from tests.fakes import samples


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("+44 7700 900123", 447_700_900_123),
        ("0044 (7700) 900-123", 447_700_900_123),
        ("447700900123", 447_700_900_123),
        # No plan knows it any more; a list may.
        ("+999123456", 999_123_456),
        ("123456789012345", 123_456_789_012_345),
        ("1234", 1234),
    ],
)
def test_a_number_is_taken_in_whatever_way_it_is_written(raw: str, number: int) -> None:
    assert number_of(raw) == number


@pytest.mark.parametrize(
    "raw",
    ["", "Ann", "07700900123", "987", "1234567890123456", "+44x", "\u0664\u0664\u0664\u0664\u0664"],
)
def test_what_is_no_number_is_refused_and_not_repeated(raw: str) -> None:
    with pytest.raises(Invalid, match="number: ") as refused:
        number_of(raw)
    assert not raw or raw not in str(refused.value)


def test_it_runs_until_it_has_ended() -> None:
    assert samples.erasure().status is ErasureStatus.RUNNING
    assert samples.done_erasure().status is ErasureStatus.DONE
