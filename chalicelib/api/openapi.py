"""The OpenAPI 3.1 document of this API, made from the route table and the shapes (CONTRACTS 5): it
has what is declared there and nothing else, and that is what views are held to.
"""

from __future__ import annotations

import re
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from chalicelib.api import problems
from chalicelib.api.http import CSRF_HEADER, SAFE, SESSION_COOKIE, Media
from chalicelib.api.routing import ROUTES, Audience
from chalicelib.api.schemas import Schemas, as_told
from chalicelib.api.shapes import FieldProblem
from chalicelib.domain.errors import KeyReused, Outdated
from chalicelib.domain.request import KEY_MAX
from chalicelib.domain.rights import KEY_RIGHTS, RIGHTS, Scope
from chalicelib.domain.sender import REVISIONS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.api.routing import Route

Json = dict[str, Any]

VERSION: Final = "1"
VISITS: Final = "visits"
_ABOUT: Final = """
Moderated SMS campaigns for many workspaces.

JSON in snake_case, times in RFC 3339 UTC, ids are opaque strings. Bodies are `application/json`;
fields and parameters that nobody knows are refused. A parameter comes once; where it takes several
values, they stand with commas between them.

**Who asks.** A session (`POST /v1/sign-in`) or, inside a workspace, an API key goes along as
`Authorization: Bearer …`. Browsers may keep the session in a cookie; what changes something then
needs `X-CSRF-Token` too. Inside a workspace every route needs a right, `x-right`. What belongs to
a workspace that is not the caller's answers as what is missing does.

**Super admins** enter workspaces that they do not belong to by the routes below
`/v1/installation/workspaces/{workspace}`, tagged `visits`: each is the twin of the member's route
that its name ends in, and each use of one is recorded in that workspace's audit log.

**Pages** hold up to `limit` items; `next` is the cursor to send as `after`, null on the last one.

**Changes.** What has an `ETag` takes it back as `If-Match`, and refuses to overwrite what somebody
else changed. What makes something takes an `Idempotency-Key`: sent again with the same key and the
same content within 24 hours, it answers what it made the first time.

**Errors** are problem documents (RFC 9457); their `type` never changes. What never reaches this API
is refused by the gateway before it, in its own words: paths that do not exist (403), bodies beyond
6 MB (413) and too many requests (429).
"""
_ID: Final = {"type": "string", "minLength": 1, "maxLength": 64}


def _id(prefix: str, what: str) -> Json:
    schema = {**_ID, "pattern": f"^{prefix}_[0-9a-z_]+$"}
    return {
        "description": what,
        "schema": schema,
        "example": f"{prefix}_01jqz7c3n2v6w8x9y0a1b2c3d4",
    }


PATH_VALUES: Final[dict[str, Json]] = {
    "workspace": {
        "description": "The workspace.",
        "schema": {**_ID, "pattern": "^[0-9a-z_-]+$"},
        "example": "wsp_01jqz7c3n2v6w8x9y0a1b2c3d4",
    },
    "campaign_id": _id("cmp", "The campaign."),
    "list_id": _id("lst", "The list."),
    "erasure_id": _id("era", "The erasure."),
    "sender_id": _id("snd", "The sender."),
    "number": {
        "description": "The revision's number.",
        "schema": {"type": "integer", "minimum": 1, "maximum": REVISIONS_MAX},
        "example": 1,
    },
    "user_id": _id("usr", "The person."),
    "invitation_id": _id("inv", "The invitation."),
    "key_id": _id("key", "The API key."),
    "client_id": _id("cli", "The client."),
    "session_id": {
        "description": "The session.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "example": "5f" * 32,
    },
}
HEADERS: Final[Json] = {
    "ETag": {
        "description": "The version, to send back as If-Match.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9a-f]+"$'},
    },
    "RetryAfter": {
        "description": "In so many seconds.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "SetCookie": {
        "description": "The session's cookie, and the device's; one header each.",
        "schema": {"type": "string"},
    },
}
PARAMETERS: Final[Json] = {
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that was read: the change is refused if there is another version. "
        "`*`, or none: whatever is there.",
        "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,9}")$'},
        "example": "*",
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of what is there already.",
        "schema": {"type": "string"},
        "example": '"5f5f"',
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The caller's own key of this request, so that it can be sent again.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": KEY_MAX,
            "pattern": "^[!-~]([ -~]*[!-~])?$",
        },
    },
}
SECURITY: Final[Json] = {
    "session": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "mcs_…",
        "description": "The `token` of POST /v1/sign-in; it lasts eight hours.",
    },
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "mck_…",
        "description": "The `token` of an API key, for the rights that it was given.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "A browser's session; no script can read it.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "The session's `csrf`, with a cookie where something changes.",
    },
}


def document(routes: Sequence[Route] = ROUTES) -> Json:
    schemas = Schemas(_types(routes))
    for kind in _types(routes):
        schemas.illustrate(kind)
    paths: Json = {}
    for route in sorted(routes, key=lambda route: (route.path, route.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    # Queries stand as parameters, one by one.
    for query in {route.contract.query for route in routes if route.contract.query}:
        schemas.drop(query)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Message Center",
            "version": VERSION,
            "description": _ABOUT.strip(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": _tags(routes),
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**schemas.components, **problems.schemas()}.items())),
            "responses": problems.responses(routes),
            "parameters": {
                **PARAMETERS,
                **{name: _path_parameter(name) for name in PATH_VALUES},
            },
            "headers": HEADERS,
            "securitySchemes": SECURITY,
        },
    }


def operation_id(route: Route) -> str:
    name: str = route.view.__name__
    return f"visit_{name}" if route.audience is Audience.VISITOR else name


def _types(routes: Sequence[Route]) -> list[Any]:
    """Bodies, queries and answers, each once and in the table's order."""
    named = [
        kind
        for route in routes
        for kind in (route.contract.takes, route.contract.query, route.contract.gives)
        if kind is not None and not isinstance(kind, Media)
    ]
    return [*{repr(kind): kind for kind in named}.values(), FieldProblem]


def _operation(route: Route, schemas: Schemas) -> Json:
    contract = route.contract
    shown: Json = {
        "operationId": operation_id(route),
        "summary": route.view.__name__.replace("_", " ").capitalize(),
        "description": _description(route),
        "tags": [_tag(route)],
        "x-audience": route.audience.value,
    }
    if route.right is not None:
        shown["x-right"] = route.right.value
    parameters = [*_path_references(route), *_query(route, schemas), *_headers(route)]
    if parameters:
        shown["parameters"] = parameters
    if contract.takes is not None:
        shape = schemas.resolved(schemas.of(contract.takes))
        shown["requestBody"] = {
            "required": bool(shape.get("required")),
            "content": {"application/json": {"schema": schemas.of(contract.takes)}},
        }
    shown["responses"] = {str(contract.status): _success(route, schemas), **_others(route)}
    shown["security"] = _security(route)
    return shown


def _description(route: Route) -> str:
    parts = [as_told(route.view.__doc__)]
    if route.right is not None:
        whose = ", over all" if route.needs is Scope.ALL else ""
        parts.append(f"Needs the right `{route.right}`{whose}: to {RIGHTS[route.right].does}.")
    if problems.is_shut(route):
        parts.append(f"No member has it: for super admins, `visit_{route.view.__name__}` does it.")
    if route.audience is Audience.VISITOR:
        parts.append("For super admins; recorded in the workspace's audit log.")
    elif route.audience is Audience.SUPER_ADMIN:
        parts.append("For super admins.")
    return "\n\n".join(part for part in parts if part)


def _tag(route: Route) -> str:
    if route.audience is Audience.VISITOR:
        return VISITS
    return str(route.view.__module__).rpartition(".")[2]


def _tags(routes: Sequence[Route]) -> list[Json]:
    modules = {_tag(route): route.view.__module__ for route in routes}
    modules.pop(VISITS, None)
    told = [
        {"name": name, "description": _about_module(module)} for name, module in modules.items()
    ]
    twins = "For super admins, in workspaces that they do not belong to; each use is recorded."
    return [*told, {"name": VISITS, "description": twins}]


def _about_module(module: str) -> str:
    return as_told(sys.modules[module].__doc__).split("\n\n")[0]


# --- what it takes ---


def _path_parameter(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, **PATH_VALUES[name]}


def _path_references(route: Route) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {"$ref": f"#/components/parameters/{name}"}


def _query(route: Route, schemas: Schemas) -> Iterator[Json]:
    if route.contract.query is None:
        return
    shape = schemas.resolved(schemas.of(route.contract.query))
    for name, field in shape["properties"].items():
        schema = _without_null(field)
        parameter: Json = {"name": name, "in": "query"}
        if name in shape.get("required", ()):
            parameter["required"] = True
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        if schemas.resolved(schema).get("type") == "array":
            parameter |= {"style": "form", "explode": False}
        yield {**parameter, "schema": schema}


def _without_null(field: Json) -> Json:
    """A parameter that is left out is none; there is no word for null."""
    kept = {name: value for name, value in field.items() if name != "anyOf"}
    if kept.get("default", ...) is None:
        del kept["default"]
    choices = [each for each in field.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) > 1:
        return {**kept, "anyOf": choices}
    return {**kept, **choices[0]} if choices else kept


def _headers(route: Route) -> Iterator[Json]:
    if Outdated in route.contract.refuses:
        yield {"$ref": "#/components/parameters/IfMatch"}
    if KeyReused in route.contract.refuses:
        yield {"$ref": "#/components/parameters/IdempotencyKey"}
    if route.contract.revalidates:
        yield {"$ref": "#/components/parameters/IfNoneMatch"}


def _security(route: Route) -> list[Json]:
    in_browser: Json = {"cookie": []}
    if route.method not in SAFE:
        in_browser["csrf"] = []
    people: list[Json] = [{"session": []}, in_browser]
    if route.audience is Audience.ANYONE:
        return [{}, *people] if route.contract.knows_people else []
    if route.audience is Audience.MEMBER and route.right in KEY_RIGHTS:
        return [people[0], {"api_key": []}, in_browser]
    return people


# --- what it answers ---


def _success(route: Route, schemas: Schemas) -> Json:
    contract = route.contract
    shown: Json = {"description": HTTPStatus(contract.status).phrase}
    headers: Json = {}
    if contract.etag:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    elif contract.revalidates:
        headers["ETag"] = {**HEADERS["ETag"], "required": False}
    if contract.cookies:
        headers["Set-Cookie"] = {"$ref": "#/components/headers/SetCookie"}
    if headers:
        shown["headers"] = headers
    if isinstance(contract.gives, Media):
        shown["content"] = {contract.gives.type: {"schema": contract.gives.schema}}
    elif contract.gives is not None:
        shown["content"] = {"application/json": {"schema": schemas.of(contract.gives)}}
    return shown


def _others(route: Route) -> Json:
    tag = {"ETag": {"$ref": "#/components/headers/ETag"}}
    unchanged = {"304": {"description": "It is as the caller has it.", "headers": tag}}
    return {**(unchanged if route.contract.revalidates else {}), **problems.answers_of(route)}
