"""Attributes that hold the records' own types, so that mapping a record is by field name alone."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pynamodb.attributes import Attribute
from pynamodb.constants import BINARY, LIST, MAP, NUMBER, STRING
from pynamodb.expressions.operand import Path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

    from pynamodb.expressions.update import Action

T = TypeVar("T")
E = TypeVar("E", bound="StrEnum")


class Whole(Attribute[int]):
    """A whole number. pynamodb's own goes through JSON, which takes ten times as long."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        return str(value)

    def deserialize(self, value: str) -> int:
        return int(value)


class Real(Attribute[float]):
    """A number with a fraction; DynamoDB gives 5.0 back as 5."""

    attr_type = NUMBER

    def serialize(self, value: float) -> str:
        return repr(value)

    def deserialize(self, value: str) -> float:
        return float(value)


class Choice(Attribute[E], Generic[E]):
    """A member of an enumeration by its value: values are stored, so they are never renamed."""

    attr_type = STRING

    def __init__(self, kind: type[E], *, null: bool = False) -> None:
        super().__init__(null=null)
        self._kind = kind

    def serialize(self, value: E) -> str:
        return value.value

    def deserialize(self, value: str) -> E:
        return self._kind(value)


class Texts(Attribute[tuple[str, ...]]):
    attr_type = LIST

    def serialize(self, value: tuple[str, ...]) -> list[dict[str, str]]:
        return [{STRING: text} for text in value]

    def deserialize(self, value: list[dict[str, str]]) -> tuple[str, ...]:
        return tuple(text[STRING] for text in value)


class Packed(Attribute[T], Generic[T]):
    """One binary attribute in a format of `domain/formats`."""

    attr_type = BINARY

    def __init__(self, encode: Callable[[T], bytes], decode: Callable[[bytes], T]) -> None:
        super().__init__()
        self._encode = encode
        self._decode = decode

    def serialize(self, value: T) -> bytes:
        return self._encode(value)

    def deserialize(self, value: bytes) -> T:
        return self._decode(value)


class Nested(Attribute[T], Generic[T]):
    """A frozen dataclass as a map, by field name. A field that is not stored has its default."""

    attr_type = MAP

    def __init__(
        self, kind: type[T], parts: Mapping[str, Attribute[Any]], *, null: bool = False
    ) -> None:
        super().__init__(null=null)
        self.kind = kind
        self.parts = parts

    def serialize(self, value: T) -> dict[str, dict[str, Any]]:
        return {
            name: {part.attr_type: part.serialize(getattr(value, name))}
            for name, part in self.parts.items()
            if getattr(value, name) is not None
        }

    def deserialize(self, value: Mapping[str, Mapping[str, Any]]) -> T:
        return self.kind(
            **{
                name: part.deserialize(part.get_value(dict(value[name])))
                for name, part in self.parts.items()
                if name in value
            }
        )

    def to(self, value: T) -> Action:
        """The update that sets it: `set` knows maps, not what becomes one."""
        return Path(self).set({MAP: self.serialize(value)})


def numbers(kind: type[Any]) -> dict[str, Attribute[Any]]:
    """The parts of a dataclass that has nothing but whole numbers."""
    return {field.name: Whole() for field in fields(kind)}
