"""What requests and answers look like: JSON in snake_case, RFC 3339 UTC times (CONTRACTS 5). Their
docstrings, limits and examples become the OpenAPI document.
"""

from __future__ import annotations

from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")

PAGE_DEFAULT: Final = 50
PAGE_MAX: Final = 200
CURSOR_MAX: Final = 100


class Shape(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a caller sends; a field that nobody knows is a typing error, and told so."""


class Paging(Shape, frozen=True):
    """Which page: the query of a listing. One with filters is made from this."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX, description="How many at most.")] = PAGE_DEFAULT
    after: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=CURSOR_MAX,
                description="`next` of the page before; left out, the first page.",
            ),
        ]
        | None
    ) = None

    @property
    def at(self) -> tuple[str | None, int]:
        """As use cases take it: `page(who, *query.at)`."""
        return self.after, self.limit


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """A page: `next` is the cursor to send as `after`, null on the last one."""

    items: list[T]
    next: str | None


class Acknowledged(msgspec.Struct, frozen=True):
    """It is done, or will be."""

    status: Annotated[str, Meta(examples=["ok"])]


class FieldProblem(msgspec.Struct, frozen=True):
    """One thing wrong with one field, parameter or header."""

    field: Annotated[str, Meta(description="Empty: the body as a whole.", examples=["name"])]
    message: Annotated[str, Meta(examples=["use 1 to 100 printable characters"])]
