"""Attributes that hold the records' own types, so that mapping a record is by field name alone."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pynamodb.attributes import Attribute
from pynamodb.constants import BINARY, LIST, MAP, NUMBER, STRING
from pynamodb.expressions.operand import Path

from chalicelib.domain.formats.frame import Format, FormatError, column, number, texts
from chalicelib.domain.rights import Right, Scope, Standing
from chalicelib.domain.seals import Covered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

    from pynamodb.expressions.update import Action

    from chalicelib.domain.rights import Permissions

T = TypeVar("T")
E = TypeVar("E", bound="StrEnum")

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
SECOND: Final = timedelta(seconds=1)
HASH_BYTES: Final = 32
_NUMBER_BYTES: Final = 8
COVERAGE: Final = Format(name="seal", magic=b"MCS", version=1, limit=2**20)


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


class Seconds(Attribute[timedelta]):
    """A length of time in whole seconds."""

    attr_type = NUMBER

    def serialize(self, value: timedelta) -> str:
        return str(value // SECOND)

    def deserialize(self, value: str) -> timedelta:
        return int(value) * SECOND


class Tally(Attribute["Mapping[T, int]"], Generic[T]):
    """How many of each, as JSON. Its keys are texts there: `key` makes them what they were."""

    attr_type = STRING

    def __init__(self, key: Callable[[str], T]) -> None:
        super().__init__()
        self._key = key

    def serialize(self, value: Mapping[T, int]) -> str:
        return json.dumps({str(key): count for key, count in value.items()})

    def deserialize(self, value: str) -> Mapping[T, int]:
        return {self._key(key): count for key, count in json.loads(value).items()}


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


class Several(Attribute[tuple[T, ...]], Generic[T]):
    """A tuple as a list."""

    attr_type = LIST

    def __init__(self, one: Attribute[T]) -> None:
        super().__init__()
        self.one = one

    def serialize(self, value: tuple[T, ...]) -> list[dict[str, Any]]:
        return [{self.one.attr_type: self.one.serialize(item)} for item in value]

    def deserialize(self, value: list[dict[str, Any]]) -> tuple[T, ...]:
        return tuple(self.one.deserialize(self.one.get_value(item)) for item in value)


class Granted(Attribute["Permissions"]):
    """What a workspace changed of its roles' rights, as JSON: {right: {standing: scope}}."""

    attr_type = STRING

    def serialize(self, value: Permissions) -> str:
        return json.dumps({right: dict(scopes) for right, scopes in value.items()})

    def deserialize(self, value: str) -> Permissions:
        return {
            Right(right): {Standing(standing): Scope(scope) for standing, scope in scopes.items()}
            for right, scopes in json.loads(value).items()
        }


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


class Numbers(Attribute[tuple[int, ...]]):
    """Whole numbers of 64 bits, packed: a list of numbers takes three times the room."""

    attr_type = BINARY

    def serialize(self, value: tuple[int, ...]) -> bytes:
        return struct.pack(f"<{len(value)}Q", *value)

    def deserialize(self, value: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(value) // _NUMBER_BYTES}Q", value)


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


class Coverage(Attribute["tuple[Covered, ...]"]):
    """The records of a seal: 500 take some 30 KB, most of them hashes, which do not compress."""

    attr_type = BINARY

    def serialize(self, value: tuple[Covered, ...]) -> bytes:
        body = (
            number(len(value)),
            column("Q", [(item.expires_at - EPOCH) // MILLISECOND for item in value]),
            texts([item.key for item in value]),
            *[_octets(item.hash) for item in value],
        )
        return COVERAGE.seal(b"".join(body), strategy=zlib.Z_DEFAULT_STRATEGY)

    def deserialize(self, value: bytes) -> tuple[Covered, ...]:
        reader = COVERAGE.unseal(value)
        count = reader.number()
        ends = reader.column("Q", count)
        keys = reader.texts(count)
        hashes = [reader.take(HASH_BYTES).hex() for _ in range(count)]
        reader.finish()
        return tuple(
            Covered(key, hash_, EPOCH + end * MILLISECOND)
            for key, hash_, end in zip(keys, hashes, ends, strict=True)
        )


def _octets(hash_: str) -> bytes:
    octets = bytes.fromhex(hash_)
    if len(octets) != HASH_BYTES or octets.hex() != hash_:
        raise FormatError(f"{hash_!r} is no SHA-256 in lower-case hexadecimal digits.")
    return octets
