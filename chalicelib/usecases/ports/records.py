"""Records and how they are written.

A record carries the version that was read. `commit` writes version + 1 on condition that the stored
one is still what was read (0 = there is none yet) and raises `Stale` or `Exists` otherwise; the
audit record goes in the same transaction (DESIGN 3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.domain.audit import AuditRecord


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


R = TypeVar("R", bound=Versioned)
T = TypeVar("T")

PAGE: Final = 200


def next_version(record: R) -> R:
    """The record as it is once it was committed."""
    return cast("R", replace(cast("Any", record), version=record.version + 1))


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    next: str | None


class Listing(Protocol[T]):
    def __call__(self, *, after: str | None, limit: int) -> Page[T]: ...


def every(listing: Listing[T]) -> Iterator[T]:
    """All of a listing, page by page."""
    after: str | None = None
    while True:
        page = listing(after=after, limit=PAGE)
        yield from page.items
        after = page.next
        if after is None:
            return


class Changes(Protocol):
    """The writing side: changes of records, each with its audit record.

    A user's mail address is theirs for good and nobody else's: `Exists`. A channel's lease is its
    owner's: changing the channel leaves it as it is. While the database is away: `Unavailable`.
    """

    def commit(
        self, *records: Versioned, remove: Sequence[Versioned] = (), audit: AuditRecord
    ) -> None:
        """All or nothing. What is removed must be as it was read, too: `Stale`."""
        ...

    def save(self, record: R, audit: AuditRecord) -> R:
        """Commit one record and return it as stored."""
        ...

    def keep(self, record: R) -> R:
        """Write a record without audit, by version like `commit`: nobody's act (attempts), or one
        whose audit record goes its own way (sessions; SPEC 8.2).
        """
        ...

    def forget(self, record: Versioned) -> None:
        """Remove a record without audit; one that has changed since, or is gone, is left alone."""
        ...
