"""Lists: an uploaded file of recipients and what became of it (SPEC 5.1, 5.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import IllegalMove, require
from chalicelib.sms.countries import COUNTRIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

PART_BYTES: Final = 8 * 1024 * 1024  # S3 wants 5 MiB or more of every part but the last
ENDINGS: Final = (".csv", ".txt", ".csv.gz", ".txt.gz")
# These hold one number a line, and nothing else.
TEXT_ENDINGS: Final = (".txt", ".txt.gz")
NAME_MAX: Final = 200
HEADING_MAX: Final = 100
# S3 knows no part beyond this one.
PARTS_MAX: Final = 10_000
# Parts of an upload that is not completed are dropped after so long, as S3 does by itself at about
# that time (infra/data.yaml): what nobody will complete must not look as if somebody might.
UPLOAD_TIME: Final = timedelta(days=1)

_SHA256: Final = re.compile("[0-9a-f]{64}")


class ListPurpose(StrEnum):
    """What its numbers are for: campaigns, or to be left alone by them (domain/suppression.py)."""

    RECIPIENTS = "recipients"
    SUPPRESSION = "suppression"


class ListStatus(StrEnum):
    UPLOADING = "uploading"
    INGESTING = "ingesting"
    READY = "ready"
    FAILED = "failed"
    # Its time is over, or somebody deleted it: the record tells what it was, its numbers are gone.
    DELETED = "deleted"


# Every move that there is. What a list holds never changes once it can be used.
_MOVES: Mapping[ListStatus, frozenset[ListStatus]] = {
    ListStatus.UPLOADING: frozenset({ListStatus.INGESTING, ListStatus.FAILED, ListStatus.DELETED}),
    ListStatus.INGESTING: frozenset({ListStatus.READY, ListStatus.FAILED}),
    ListStatus.READY: frozenset({ListStatus.DELETED}),
    ListStatus.FAILED: frozenset({ListStatus.DELETED}),
    ListStatus.DELETED: frozenset(),
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
class OpenList:
    """Marks a list that is uploaded or read, for the sweep; it goes in the transaction that ends
    that.
    """

    workspace: str
    list: str
    created_at: datetime
    # When all parts were there.
    uploaded_at: datetime | None = None
    # When its reading was asked for again, the last time, and how often since it had begun.
    asked_at: datetime | None = None
    tries: int = 0
    version: int = 0


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
    purpose: ListPurpose = ListPurpose.RECIPIENTS
    # Of the file as it is uploaded, if the caller named it: the file is compared when it is read.
    sha256: str | None = None
    # The heading of the numbers' column; the first one unless the upload names another (SPEC 5.2).
    number_column: str | None = None
    counts: ListCounts = field(default_factory=ListCounts)
    # Headings of the further columns, as texts call them (SPEC 4.9).
    columns: tuple[str, ...] = ()
    digest: str | None = None
    failure: str | None = None
    version: int = 0

    @property
    def parts(self) -> int:
        return -(-self.size // PART_BYTES)

    def part_length(self, number: int) -> int:
        return min(PART_BYTES, self.size - (number - 1) * PART_BYTES)


def check_move(recipients: RecipientList, to: ListStatus) -> None:
    if to not in _MOVES[recipients.status]:
        raise IllegalMove("list", recipients.status.value, f"become {to.value}")


@dataclass(frozen=True, slots=True)
class NewList:
    """What a caller says of a file before it is uploaded."""

    name: str
    size: int
    default_country: str | None = None
    purpose: ListPurpose = ListPurpose.RECIPIENTS
    sha256: str | None = None
    number_column: str | None = None


def check_upload(new: NewList, limit: int) -> None:
    limit = min(limit, PARTS_MAX * PART_BYTES)
    column = new.number_column
    require(
        (
            new.default_country is None or new.default_country in COUNTRIES,
            "default_country",
            "must be a country's ISO code of two capital letters, such as GB",
        ),
        (0 < len(new.name) <= NAME_MAX, "name", f"use 1 to {NAME_MAX} characters"),
        (new.name.lower().endswith(ENDINGS), "name", f"must end in one of {', '.join(ENDINGS)}"),
        (0 < new.size <= limit, "size", f"must be 1 to {limit} bytes"),
        (
            new.sha256 is None or _SHA256.fullmatch(new.sha256) is not None,
            "sha256",
            "must be the file's SHA-256 as 64 hexadecimal digits in lower case",
        ),
        (
            column is None
            or (len(column) <= HEADING_MAX and column.isprintable() and bool(column.strip())),
            "number_column",
            f"use 1 to {HEADING_MAX} printable characters: a heading of the file's first row",
        ),
        (
            column is None or not new.name.lower().endswith(TEXT_ENDINGS),
            "number_column",
            "a .txt file has one number a line and no columns: leave this out",
        ),
    )


def lacking_parts(recipients: RecipientList, there: Mapping[int, int]) -> list[int]:
    """Numbers of the parts that have not arrived whole; `there` has the lengths of those that have
    arrived.
    """
    numbers = range(1, recipients.parts + 1)
    return [number for number in numbers if there.get(number) != recipients.part_length(number)]


def upload_key(workspace: str, list_id: str) -> str:
    return f"{workspace}/{list_id}"


def rejects_key(workspace: str, list_id: str) -> str:
    return f"{list_prefix(workspace, list_id)}/rejects"


def list_prefix(workspace: str, list_id: str) -> str:
    return f"lists/{workspace}/{list_id}"
