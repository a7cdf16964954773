"""What a kind of record is: which model stores it, in which table, under which key, until when."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chalicelib.adapters.dynamo.keys import Key
    from chalicelib.adapters.dynamo.models import Item

T = TypeVar("T")


class Table(StrEnum):
    """Names of the fields of `settings.Tables`."""

    DIRECTORY = "directory"
    CAMPAIGNS = "campaigns"
    DELIVERY = "delivery"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    record: type[T]
    name: str
    table: Table
    model: type[Item]
    key: Callable[[T], Key]
    expiry: Callable[[T], datetime] | None = None
    # Fields that others write by themselves: changing a record leaves them as they are.
    apart: frozenset[str] = frozenset()
    # Fields that items lack which are older than them, and the attribute that tells all the same.
    told_by: Mapping[str, str] = field(default_factory=dict)
    # Attributes beside the fields, made of them: what indexes and filters need. None: left out.
    made: Mapping[str, Callable[[T], str | None]] = field(default_factory=dict)

    def to_model(self, record: T) -> Item:
        item = self.model(*self.key(record))
        for column in fields(self.record):  # type: ignore[arg-type]
            setattr(item, column.name, getattr(record, column.name))
        for name, make in self.made.items():
            setattr(item, name, make(record))
        if self.expiry is not None:
            item.ttl = self.expiry(record)  # type: ignore[attr-defined]
        return item

    def to_record(self, item: Item) -> T:
        """A field that is not stored has its default: the item is older than the field."""
        stored: dict[str, Any] = {}
        for column in fields(self.record):  # type: ignore[arg-type]
            value = getattr(item, column.name)
            if value is None and column.name in self.told_by:
                value = getattr(item, self.told_by[column.name])
            if value is not None or column.default is column.default_factory is MISSING:
                stored[column.name] = value
        return self.record(**stored)
