"""JSON Schemas of the shapes for the OpenAPI document: what msgspec says of them, and what it
leaves out, which is the keys of maps, and the form of a time that need not name its zone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import inspect

from chalicelib.api.examples import example_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]

PREFIX: Final = "#/components/schemas/"
_PAGE: Final = re.compile(r"Listing_(\w+?)(?:Out)?_")
# What the source says to those who read the source.
_REFERENCES: Final = re.compile(r"\s*\((?:SPEC|DESIGN|CONTRACTS)[^)]*\)")


class Schemas:
    """Of these types, by names that are fit to be seen."""

    def __init__(self, types: Iterable[Any]) -> None:
        types = list(types)
        shown, found = msgspec.json.schema_components(types, ref_template=PREFIX + "{name}")
        for kind in inspect.multi_type_info(types):
            _complete_all(kind, found, set())
        names = _public(found)
        self.components: Json = {
            names[name]: {**_renamed(schema, names), "title": names[name]}
            for name, schema in sorted(found.items())
        }
        self._references = {
            repr(kind): _renamed(schema, names) for kind, schema in zip(types, shown, strict=True)
        }

    def of(self, kind: Any) -> Json:  # noqa: ANN401 - whatever msgspec knows
        """A reference to it."""
        reference: Json = self._references[repr(kind)]
        return reference

    def resolved(self, schema: Json) -> Json:
        while "$ref" in schema:
            schema = self.components[schema["$ref"].removeprefix(PREFIX)]
        return schema

    def drop(self, kind: Any) -> None:  # noqa: ANN401 - as above
        """What stands elsewhere in another form."""
        self.components.pop(self.of(kind)["$ref"].removeprefix(PREFIX), None)

    def illustrate(self, kind: Any) -> None:  # noqa: ANN401 - as above
        """Put an example into the schema, made of those of its fields."""
        schema = self.resolved(self.of(kind))
        schema.setdefault("examples", [example_of(schema, self.resolved)])


def as_told(text: str | None) -> str:
    """A docstring for callers: paragraphs, without the source's line breaks and references."""
    parts = (" ".join(part.split()) for part in (text or "").strip().split("\n\n"))
    return _REFERENCES.sub("", "\n\n".join(parts))


def _public(found: Json) -> dict[str, str]:
    """Names by msgspec → ours: without `Out`, where nothing else is called so."""
    names = {}
    for name in found:
        page = _PAGE.fullmatch(name)
        plain = f"{page[1]}Page" if page else name.removesuffix("Out")
        names[name] = name if plain in found and plain != name else plain
    return names


def _renamed(node: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - any value of JSON
    if isinstance(node, list):
        return [_renamed(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _renamed(value, names) for key, value in node.items()}
    reference = changed.get("$ref")
    if isinstance(reference, str):
        changed["$ref"] = PREFIX + names[reference.removeprefix(PREFIX)]
    if isinstance(changed.get("description"), str):
        changed["description"] = as_told(changed["description"])
    return changed


def _complete_all(kind: inspect.Type, found: Json, seen: set[str]) -> None:
    """Each record among these types, once."""
    if isinstance(kind, inspect.Metadata):
        _complete_all(kind.type, found, seen)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            _complete_all(each, found, seen)
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType):
        _complete_all(kind.item_type, found, seen)
    elif isinstance(kind, inspect.DictType):
        _complete_all(kind.value_type, found, seen)
    elif isinstance(kind, inspect.StructType | inspect.DataclassType):
        name = getattr(kind.cls, "__name__", "")
        if repr(kind.cls) in seen:
            return
        seen.add(repr(kind.cls))
        for field in kind.fields:
            _complete_all(field.type, found, seen)
            if name in found:
                _complete(found[name]["properties"][field.encode_name], field.type)


def _complete(schema: Json, kind: inspect.Type) -> None:
    if isinstance(kind, inspect.Metadata):
        _complete(schema, kind.type)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            for choice in schema.get("anyOf", [schema]):
                _complete(choice, each)
    elif isinstance(kind, inspect.DateTimeType) and schema.get("type") == "string":
        schema["format"] = "date-time"
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType) and "items" in schema:
        _complete(schema["items"], kind.item_type)
    elif isinstance(kind, inspect.DictType) and "additionalProperties" in schema:
        _complete_map(schema, kind)


def _complete_map(schema: Json, kind: inspect.DictType) -> None:
    if isinstance(kind.key_type, inspect.EnumType):
        schema["propertyNames"] = {"$ref": PREFIX + kind.key_type.cls.__name__}
    _complete(schema["additionalProperties"], kind.value_type)
