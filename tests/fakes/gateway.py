"""Calls the API as API Gateway does: an event in, status and body out. Every answer is held against
the OpenAPI document.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.described import described

if TYPE_CHECKING:
    from chalice.app import Chalice


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any
    # Of those that may come more than once.
    several: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Gateway:
    app: Chalice

    def event(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        query: dict[str, str] | None = None,
        raw: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        resource, values = self._resource(path, method)
        sent = {
            "Host": "127.0.0.1",
            "User-Agent": "test",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return {
            "httpMethod": method,
            "path": path,
            "resource": resource,
            "pathParameters": values or None,
            "headers": sent,
            "multiValueHeaders": {name: [value] for name, value in sent.items()},
            "queryStringParameters": query,
            "multiValueQueryStringParameters": query and {k: [v] for k, v in query.items()},
            "body": raw if raw is not None else json.dumps(body) if body is not None else None,
            "isBase64Encoded": False,
            "stageVariables": None,
            "requestContext": {
                "httpMethod": method,
                "resourcePath": resource,
                "requestId": "req-1",
                "identity": {"sourceIp": "192.0.2.1", "userAgent": "test"},
            },
        }

    def send(self, event: dict[str, Any]) -> Answer:
        given = self.app(event, None)
        headers: dict[str, str] = given["headers"]
        several: dict[str, list[str]] = given["multiValueHeaders"]
        answer = Answer(given["statusCode"], headers, _content(headers, given["body"]), several)
        described().check(event, answer)
        return answer

    def call(self, method: str, path: str, body: object = None, **more: Any) -> Answer:
        return self.send(self.event(method, path, body, **more))

    def _resource(self, path: str, method: str) -> tuple[str, dict[str, str]]:
        for pattern, methods in self.app.routes.items():
            expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
            found = re.fullmatch(expression, path)
            if found and method in methods:
                return pattern, found.groupdict()
        raise LookupError(f"no route for {method} {path}")


def _content(headers: dict[str, str], body: str) -> Any:
    return json.loads(body) if "json" in headers.get("Content-Type", "") else body
