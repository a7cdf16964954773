"""Lists: an uploaded file of recipients and what became of it (SPEC 5.1, 5.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import IllegalMove, require
from chalicelib.sms.countries import COUNTRIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

PART_BYTES: Final = 8 * 1024 * 1024  # S3 wants 5 MiB or more of every part but the last
ENDINGS: Final = (".csv", ".txt", ".csv.gz", ".txt.gz")
NAME_MAX: Final = 200


class ListStatus(StrEnum):
    UPLOADING = "uploading"
    INGESTING = "ingesting"
    READY = "ready"
    FAILED = "failed"


# Every move that there is. READY and FAILED are final: a list never changes once it can be used.
_MOVES: Mapping[ListStatus, frozenset[ListStatus]] = {
    ListStatus.UPLOADING: frozenset({ListStatus.INGESTING, ListStatus.FAILED}),
    ListStatus.INGESTING: frozenset({ListStatus.READY, ListStatus.FAILED}),
    ListStatus.READY: frozenset(),
    ListStatus.FAILED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class ListCounts:
    valid: int = 0
    duplicate: int = 0
    invalid: Mapping[str, int] = field(default_factory=dict)
    # Values that cannot be put into a text and so count as empty, by column (sms/columns.py).
    emptied: Mapping[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        return sum(self.invalid.values())


@dataclass(frozen=True, slots=True)
class RecipientList:
    id: str
    workspace: str
    name: str
    author: str
    status: ListStatus
    size: int
    default_country: str | None
    upload: str
    created_at: datetime
    counts: ListCounts = field(default_factory=ListCounts)
    # Headings of the further columns, as texts call them (SPEC 4.9).
    columns: tuple[str, ...] = ()
    digest: str | None = None
    failure: str | None = None
    version: int = 0

    @property
    def parts(self) -> int:
        return -(-self.size // PART_BYTES)


def check_move(recipients: RecipientList, to: ListStatus) -> None:
    if to not in _MOVES[recipients.status]:
        raise IllegalMove("list", recipients.status.value, f"become {to.value}")


def check_upload(name: str, size: int, limit: int, default_country: str | None = None) -> None:
    require(
        (
            default_country is None or default_country in COUNTRIES,
            "default_country",
            "must be a country's ISO code of two capital letters, such as GB",
        ),
        (0 < len(name) <= NAME_MAX, "name", f"use 1 to {NAME_MAX} characters"),
        (name.lower().endswith(ENDINGS), "name", f"must end in one of {', '.join(ENDINGS)}"),
        (0 < size <= limit, "size", f"must be 1 to {limit} bytes"),
    )


def upload_key(workspace: str, list_id: str) -> str:
    return f"{workspace}/{list_id}"


def list_prefix(workspace: str, list_id: str) -> str:
    return f"lists/{workspace}/{list_id}"
