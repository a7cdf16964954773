"""Senders: a list of immutable revisions, each decided by a person (SPEC 3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import require
from chalicelib.sms import gsm

if TYPE_CHECKING:
    from datetime import datetime

ALPHANUMERIC_MAX: Final = 11
# SPEC 3.1 speaks of 21 digits, but SMPP's field holds 20 characters and their end.
NUMERIC_MAX: Final = 20
# Longer strings of digits are long numbers: no subscriber number of E.164 is shorter.
SHORT_CODE_MAX: Final = 8


class RevisionStatus(StrEnum):
    DRAFT = "draft"
    PENDING = "pending_approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class NumberType:
    ton: int
    npi: int


# SPEC 3.3
ALPHANUMERIC: Final = NumberType(5, 0)
LONG_NUMBER: Final = NumberType(1, 1)
SHORT_CODE: Final = NumberType(3, 0)
DESTINATION: Final = NumberType(1, 1)


@dataclass(frozen=True, slots=True)
class Sender:
    id: str
    workspace: str
    name: str
    current_revision: int | None
    created_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class Revision:
    sender: str
    number: int
    workspace: str
    status: RevisionStatus
    address: str
    source: NumberType
    destination: NumberType
    channel: str
    author: str
    created_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    version: int = 0


def default_type(address: str) -> NumberType:
    if not address.isdecimal():
        return ALPHANUMERIC
    return SHORT_CODE if len(address) <= SHORT_CODE_MAX else LONG_NUMBER


def check_address(address: str) -> None:
    if address.isascii() and address.isdecimal():
        require(
            (
                len(address) <= NUMERIC_MAX,
                "address",
                f"a number may have {NUMERIC_MAX} digits at most",
            )
        )
        return
    require(
        (
            0 < len(address) <= ALPHANUMERIC_MAX and address.isascii() and gsm.is_gsm(address),
            "address",
            f"a name may have 1 to {ALPHANUMERIC_MAX} plain characters (ASCII and GSM)",
        )
    )
