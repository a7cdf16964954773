"""A moderator's decision on a campaign or a revision (SPEC 4.3)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import require

if TYPE_CHECKING:
    from datetime import datetime

NOTE_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Decision:
    by: str
    at: datetime
    note: str = ""


def check_note(note: str, *, approve: bool) -> None:
    require(
        (approve or bool(note.strip()), "note", "say why it is rejected"),
        (len(note) <= NOTE_MAX, "note", f"use {NOTE_MAX} characters at most"),
        (is_readable(note), "note", "holds a character that cannot be shown"),
    )


def is_readable(text: str) -> bool:
    """Lines of whatever script, but nothing that no screen, record or mail can hold."""
    return all(char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"} for char in text)
