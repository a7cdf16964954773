"""The quick way may say less than phonenumbers does, and never anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from chalicelib.sms import numbering
from chalicelib.sms.numbering import normalise_quickly, stands
from chalicelib.sms.phone import BadNumber, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def metadata_of(code: int) -> Iterator[PhoneMetadata]:
    for region in COUNTRY_CODE_TO_REGION_CODE[code]:
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        assert metadata is not None
        yield metadata


def examples() -> Iterator[str]:
    """One of every kind of number of every region."""
    for code in COUNTRY_CODE_TO_REGION_CODE:
        for metadata in metadata_of(code):
            for kind in ("mobile", *numbering._KINDS):
                description = getattr(metadata, kind)
                if description is not None and description.example_number:
                    yield f"{code}{description.example_number}"


EXAMPLES = sorted(set(examples()))


def answer(way: Callable[..., str], raw: str, country: str | None = None) -> str:
    try:
        return way(raw, default_country=country)
    except BadNumber as error:
        return f"bad: {error.reason}"


def test_nearly_every_example_is_taken_quickly() -> None:
    quick = [number for number in EXAMPLES if stands(number)]
    assert len(quick) > 0.95 * len(EXAMPLES)
    assert [answer(normalise, f"+{number}") for number in quick] == quick


digits = st.sampled_from("0123456789")


@st.composite
def nearly_numbers(draw: st.DrawFn) -> str:
    number = list(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(number)))
        number[at : at + draw(st.integers(0, 2))] = draw(st.lists(digits, max_size=2))
    return "".join(number)


@given(nearly_numbers())
def test_a_quick_yes_is_that_of_phonenumbers(number: str) -> None:
    if stands(number):
        assert answer(normalise, f"+{number}") == number


@given(
    st.sampled_from(["", "+", "00", "0", " ", "+0"]),
    nearly_numbers() | st.text(st.sampled_from("0123456789 +-a\u0664"), max_size=12),
    st.sampled_from([None, "GB", "US", "IT", "AR", "RU"]),
)
def test_both_ways_answer_alike(before: str, number: str, country: str | None) -> None:
    raw = before + number
    assert answer(normalise_quickly, raw, country) == answer(normalise, raw, country)
    assert answer(normalise_quickly, raw, country) == answer(normalise, raw, country)


def test_long_values_are_answered_alike_and_not_remembered() -> None:
    numbering._answer.cache_clear()
    for raw in (f"+44 {' ' * 99}7400 123456", "x" * 99):
        assert answer(normalise_quickly, raw) == answer(normalise, raw)
    assert numbering._answer.cache_info().currsize == 0


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("", id="empty"),
        pytest.param("0447400123456", id="no code begins with 0"),
        pytest.param("999", id="no such code"),
        pytest.param("44", id="a code alone"),
        pytest.param("44" + "7" * 30, id="too long to be parsed"),
        pytest.param("4407400123456", id="with a national prefix"),
        pytest.param("447700900123", id="reserved for drama"),
        pytest.param("590690000000000", id="no region of several"),
        pytest.param("12420000000", id="leading digits decide"),
    ],
)
def test_what_is_not_certain_is_left_to_phonenumbers(number: str) -> None:
    assert not stands(number)


def test_every_plan_is_built_from_whole_descriptions() -> None:
    """What `_whole` takes as "fits none" must not hide patterns of a new release."""
    for code in COUNTRY_CODE_TO_REGION_CODE:
        for metadata in metadata_of(code):
            for kind in ("general_desc", "mobile", *numbering._KINDS):
                description = getattr(metadata, kind)
                if description is not None and description.national_number_pattern:
                    assert min(description.possible_length) > 0
