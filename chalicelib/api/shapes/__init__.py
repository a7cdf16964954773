"""What requests and answers look like: JSON in snake_case, RFC 3339 UTC times (CONTRACTS 5)."""

from __future__ import annotations

from typing import Any

import msgspec

Answer = dict[str, Any]


class Shape(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a caller sends; a field that nobody knows is a typing error, and told so."""


class Listing(msgspec.Struct, frozen=True):
    """A page: `next` is the cursor to send as `after`, null on the last one."""

    items: list[Any]
    next: str | None


class Status(msgspec.Struct, frozen=True):
    status: str
