"""Holds what the API takes and answers against the OpenAPI document: an answer that the document
does not know fails its test, and so does a request that was taken although the document refuses it.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jsonschema_rs import Draft202012Validator, Registry

from chalicelib.api.openapi import document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.gateway import Answer

Json = dict[str, Any]

HERE: Final = "urn:openapi"
PROBLEM: Final = "application/problem+json"
# Header → where its value says that there is one.
TOLD: Final = ("ETag", "Retry-After", "WWW-Authenticate", "Set-Cookie")


@dataclass(slots=True)
class Described:
    content: Json
    # Every (method, path, type of problem) that was answered.
    occurred: set[tuple[str, str, str]] = field(default_factory=set)
    _validators: dict[str, Draft202012Validator] = field(default_factory=dict)
    _registry: Registry = field(init=False)

    def __post_init__(self) -> None:
        self._registry = Registry([(HERE, _strict(self.content))])

    def check(self, event: Json, answer: Answer) -> None:
        method, path = event["httpMethod"], event["resource"]
        where = f"{method} {path} answered {answer.status}"
        operation = self.content["paths"][path][method.lower()]
        told = self.resolved(operation["responses"].get(str(answer.status)))
        assert told is not None, f"{where}, which is not documented: {answer.body}"
        self._check_headers(told, answer, where)
        self._check_content(told, answer, where)
        if answer.headers.get("Content-Type") == PROBLEM:
            self.occurred.add((method, path, answer.body["type"]))
        if answer.status < 400:
            self._check_request(operation, event, where)

    def resolved(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            found: Any = self.content
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def errors(self, schema: Json, value: Any) -> list[str]:
        """What `value` is not, of what a schema of the document asks for."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(
                _elsewhere(schema), registry=self._registry, validate_formats=True
            )
        return [
            f"{error.instance_path}: {error}" for error in self._validators[key].iter_errors(value)
        ]

    def problem_types(self, operation: Json) -> Iterator[str]:
        for response in operation["responses"].values():
            content = self.resolved(response).get("content", {})
            schema = content.get(PROBLEM, {}).get("schema")
            for each in schema.get("oneOf", [schema]) if schema else ():
                yield self.resolved(each)["properties"]["type"]["const"]

    def _check_headers(self, told: Json, answer: Answer, where: str) -> None:
        headers = told.get("headers", {})
        for name, header in headers.items():
            if self.resolved(header).get("required"):
                assert name in answer.headers, f"{where} without {name}"
        undocumented = [name for name in TOLD if name in answer.headers and name not in headers]
        assert not undocumented, f"{where} with {undocumented}, which is not documented"

    def _check_content(self, told: Json, answer: Answer, where: str) -> None:
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        content = told.get("content", {})
        assert kind in content or not (kind or content), f"{where} as {kind!r}, not {list(content)}"
        if kind:
            errors = self.errors(content[kind]["schema"], answer.body)
            assert not errors, f"{where} with what is not documented: {errors}"

    def _check_request(self, operation: Json, event: Json, where: str) -> None:
        taken = operation.get("requestBody")
        if taken is not None:
            body = json.loads(event["body"] or "{}")
            errors = self.errors(taken["content"]["application/json"]["schema"], body)
            assert not errors, f"{where} to a body that the document refuses: {errors}"
        known = {
            each["name"]: each
            for each in map(self.resolved, operation.get("parameters", ()))
            if each["in"] == "query"
        }
        for name, text in (event["queryStringParameters"] or {}).items():
            assert name in known, f"{where} to the parameter {name}, which is not documented"
            schema = known[name]["schema"]
            errors = self.errors(schema, self._value(self.resolved(schema), text))
            assert not errors, f"{where} to {name}={text}, which the document refuses: {errors}"

    def _value(self, schema: Json, text: str) -> Any:
        match schema.get("type"):
            case "integer":
                return int(text)
            case "boolean":
                return {"true": True, "false": False}[text]
            case "array":
                return [
                    self._value(self.resolved(schema["items"]), part) for part in text.split(",")
                ]
        return text


@cache
def described() -> Described:
    return Described(document())


def _elsewhere(node: Any) -> Any:
    """References, as they read from outside of the document."""
    if isinstance(node, list):
        return [_elsewhere(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: HERE + value if key == "$ref" else _elsewhere(value) for key, value in node.items()
    }


def _strict(content: Json) -> Json:
    """As the document, and no field in it that is not documented. Callers have to bear new ones."""
    strict = deepcopy(content)
    for schema in strict["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return strict
