"""Changes of some fields, where None is a value and so cannot say that one stays as it is."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Unchanged(Enum):
    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


def given(changes: DataclassInstance) -> dict[str, Any]:
    """The fields that are to change, for `replace`."""
    named = ((field.name, getattr(changes, field.name)) for field in fields(changes))
    return {name: value for name, value in named if value is not UNCHANGED}
