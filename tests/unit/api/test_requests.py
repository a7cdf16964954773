"""What requests hold, decoded by the declared shapes; and what is said of those that do not fit."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from chalice.app import MultiDict
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from chalicelib.api.http import EXACT, body, query
from chalicelib.api.sentences import problem_in
from chalicelib.api.shapes import PAGE_MAX, Paging, Shape
from chalicelib.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(Shape, frozen=True):
    count: int


class Given(Shape, frozen=True):
    name: Annotated[str, Meta(min_length=2, max_length=3, pattern="^[a-z]*$")] = "abc"
    size: Annotated[int, Meta(ge=1, le=9)] = 1
    at: Annotated[datetime, Meta(tz=True)] | None = None
    inner: Inner | None = None
    parts: Annotated[list[int], Meta(min_length=1, max_length=2)] | None = None
    colour: Colour | None = None
    share: float = 0.0


class Asked(Paging, frozen=True):
    colours: list[Colour] | None = None
    sizes: list[int] | None = None
    archived: bool = False
    since: Annotated[datetime, Meta(tz=True)] | None = None
    colour: Colour | None = None


def sent(raw: bytes) -> Any:
    return SimpleNamespace(raw_body=raw)


def asked(**values: str | list[str]) -> Any:
    several = {key: value if isinstance(value, list) else [value] for key, value in values.items()}
    return SimpleNamespace(query_params=MultiDict(several) if several else None)


def told(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Invalid) as refused:
        call()
    (problem,) = refused.value.problems
    return problem.field, problem.message


@pytest.mark.parametrize(
    ("raw", "field", "message"),
    [
        (b'{"name": 1}', "name", "must be a text, not a whole number"),
        (b'{"name": "a"}', "name", "must have 2 or more characters"),
        (b'{"name": "abcd"}', "name", "must have at most 3 characters"),
        (b'{"name": "AB"}', "name", "must be written as ^[a-z]*$ says"),
        (b'{"size": 0}', "size", "must be at least 1"),
        (b'{"size": 10}', "size", "must be at most 9"),
        (b'{"size": 1.5}', "size", "must be a whole number, not a number"),
        (b'{"size": "1"}', "size", "must be a whole number, not a text"),
        (b'{"at": "now"}', "at", "must be a time such as 2026-03-01T09:00:00Z"),
        (
            b'{"at": "2026-03-01T09:00:00"}',
            "at",
            "must name its time zone, such as Z for UTC",
        ),
        (b'{"inner": []}', "inner", "must be an object or null, not a list"),
        (b'{"inner": {}}', "inner.count", "is needed"),
        (b'{"inner": {"count": 1, "x": 2}}', "inner.x", "is nothing that this request takes"),
        (b'{"parts": []}', "parts", "must have 1 or more items"),
        (b'{"parts": [1, 2, 3]}', "parts", "must have at most 2 items"),
        (b'{"parts": [1, true]}', "parts[1]", "must be a whole number, not true or false"),
        (b'{"colour": "green"}', "colour", "cannot be 'green': the API's document lists"),
        (b"[]", "", "must be an object, not a list"),
        (b"{", "", "The body is not valid JSON"),
        (b"\xff", "", "The body is not valid JSON"),
        (b"[" * 100_000, "", "The body is not valid JSON"),
        (b'{"name": ' + b"[" * 100_000, "", "The body is not valid JSON"),
    ],
)
def test_a_body_that_does_not_fit_is_told_where_and_why(
    raw: bytes, field: str, message: str
) -> None:
    where, why = told(lambda: body(sent(raw), Given))
    assert where == field
    assert why.startswith(message)


def test_an_empty_body_is_one_without_fields() -> None:
    assert body(sent(b""), Given) == Given()


@given(st.integers(1, 9))
def test_a_whole_number_may_be_written_with_a_point(size: int) -> None:
    raw = f'{{"size": {size}.0, "parts": [{size}e0], "share": 1.0}}'.encode()
    assert body(sent(raw), Given) == Given(size=size, parts=[size], share=1.0)


def test_a_number_that_is_not_exact_is_none() -> None:
    raw = f'{{"parts": [{EXACT}.0]}}'.encode()
    assert told(lambda: body(sent(raw), Given))[0] == "parts[0]"


def test_parameters_are_read_by_their_kind() -> None:
    found = query(
        asked(
            limit="7",
            after="null",
            colours="red,blue",
            sizes="1,-2",
            archived="true",
            since="2026-03-01T10:00:00+01:00",
        ),
        Asked,
    )
    assert found == Asked(
        limit=7,
        after="null",
        colours=[Colour.RED, Colour.BLUE],
        sizes=[1, -2],
        archived=True,
        since=datetime(2026, 3, 1, 9, tzinfo=UTC),
    )
    assert found.at == ("null", 7)
    assert query(asked(), Asked) == Asked()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": str(PAGE_MAX + 1)}, "limit"),
        ({"limit": "5.0"}, "limit"),
        ({"limit": "+5"}, "limit"),
        ({"limit": "05"}, "limit"),
        ({"limit": " 5"}, "limit"),
        ({"limit": "1_0"}, "limit"),
        ({"limit": "\u0661"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"limit": ""}, "limit"),
        ({"after": ""}, "after"),
        ({"after": "x" * 101}, "after"),
        ({"colours": "red,green"}, "colours"),
        ({"colours": "red,"}, "colours"),
        ({"colours": ["red", "blue"]}, "colours"),
        ({"sizes": "1,x"}, "sizes"),
        ({"archived": "1"}, "archived"),
        ({"archived": "True"}, "archived"),
        ({"since": "1767225600"}, "since"),
        ({"since": "2026-03-01"}, "since"),
        ({"since": "2026-03-01T09:00:00"}, "since"),
        ({"colour": "null"}, "colour"),
        ({"shape": "round"}, "shape"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(
    values: dict[str, str | list[str]], field: str
) -> None:
    assert told(lambda: query(asked(**values), Asked))[0] == field


def test_several_that_come_twice_are_all_named() -> None:
    with pytest.raises(Invalid) as refused:
        query(asked(limit=["1", "2"], after=["a", "a"], archived="true"), Asked)
    assert [each.field for each in refused.value.problems] == ["limit", "after"]


def test_what_no_sentence_of_ours_fits_stays_as_it_is() -> None:
    odd = "Expected `int` that's a multiple of 5"
    assert problem_in(f"{odd} - at `$.size`").message == odd
