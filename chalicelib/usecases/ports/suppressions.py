"""Who wants no messages (domain/suppression.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from chalicelib.domain.suppression import Suppression, SuppressionChange, SuppressionList
    from chalicelib.usecases.ports.records import Page


class Suppressions(Protocol):
    def find(self, workspace: str, tokens: Collection[int]) -> dict[int, Suppression]:
        """Those that there are, by token, read consistently."""
        ...

    def page(self, workspace: str, *, after: str | None, limit: int) -> Page[Suppression]:
        """In the order of tokens, lifted ones among them."""
        ...

    def numbers(self, workspace: str) -> Iterator[tuple[int, datetime | None]]:
        """Of every entry, the number and since when it is lifted, if it is: there may be
        millions.
        """
        ...

    def lists(self, workspace: str) -> list[SuppressionList]:
        """Withdrawn ones among them, newest first."""
        ...

    def changes(self, workspace: str, since: datetime) -> list[SuppressionChange]:
        """Oldest first, to the millisecond, read consistently; `since` is of the last weeks
        (CHANGES_KEPT). What is written later may have an earlier time: Wishes.changes looks back.
        """
        ...
