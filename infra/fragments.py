"""Reads the CloudFormation fragments and merges them.

Our YAML has short tags (`!Ref`), anchors and top-level `x-…` keys that only hold anchors.
CloudFormation takes neither anchors nor `x-…`, so what is deployed is always the JSON that
`infra.package` writes, never these files.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

if TYPE_CHECKING:
    from pathlib import Path

Json: TypeAlias = Any  # whatever JSON can hold; its shape is CloudFormation's affair
Document: TypeAlias = dict[str, Json]

_BARE_INTRINSICS = ("Ref", "Condition")


class _Loader(yaml.SafeLoader):
    """SafeLoader that knows CloudFormation's short tags."""


def _intrinsic(loader: _Loader, name: str, node: yaml.Node) -> Document:
    value: Json
    if isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        value = node.value
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in _BARE_INTRINSICS else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def parse(text: str) -> Document:
    loaded: Document = yaml.load(text, Loader=_Loader)  # noqa: S506 # nosec B506 - a SafeLoader with tags
    return {key: value for key, value in loaded.items() if not key.startswith("x-")}


def read(path: Path) -> Document:
    return parse(path.read_text(encoding="utf-8"))


def merge(base: Json, over: Json) -> Json:
    """`over` wins; dictionaries are merged key by key, as Chalice merges its template."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: merge(base.get(key), value) for key, value in over.items()}


def dump(document: Document) -> str:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
