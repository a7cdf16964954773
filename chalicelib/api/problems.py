"""Which errors a route can answer, and how the OpenAPI document shows them: a schema and an example
for each type, a response for each set of types that share a status.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from chalicelib.api.errors import (
    CONTENT_TYPE,
    TABLE,
    UNEXPECTED,
    UNSUPPORTED_MEDIA,
    Kind,
    document_of,
    kind_of,
    kind_of_type,
)
from chalicelib.api.http import SAFE
from chalicelib.api.routing import Audience
from chalicelib.domain.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from chalicelib.domain.rights import RIGHTS, Scope, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chalicelib.api.routing import Route

Json = dict[str, Any]

HEADERS: Final[dict[int, Json]] = {
    401: {
        "WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": "Bearer"}},
    },
    429: {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}},
    503: {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}},
}
KINDS: Final = (*(kind for _, kind in TABLE), UNSUPPORTED_MEDIA, UNEXPECTED)
_EXAMPLE_OF_INVALID: Final = [{"field": "name", "message": "use 1 to 100 printable characters"}]


def problems_of(route: Route) -> list[Kind]:
    """By status, then as the table has them: the narrower type first."""
    kinds = {kind_of_type(error) for error in _refusals(route)}
    kinds |= {UNSUPPORTED_MEDIA, UNEXPECTED}
    return sorted(kinds, key=lambda kind: (kind.status, KINDS.index(kind)))


def is_shut(route: Route) -> bool:
    """Whether it asks for what no workspace can let a member do: super admins have the twin."""
    if route.audience is not Audience.MEMBER or route.right is None:
        return False
    rule = RIGHTS[route.right]
    members = set(Standing) - {Standing.SUPER_ADMIN}
    return rule.fixed and all(rule.scopes[standing] is Scope.NONE for standing in members)


def _refusals(route: Route) -> Iterator[type[Exception]]:
    # Parameters that nobody knows are refused by every route.
    yield Invalid
    if not is_shut(route):
        yield from route.contract.refuses
    changes = route.method not in SAFE
    if route.audience is Audience.ANYONE:
        # What changes nothing here reads no record either.
        if changes:
            yield Unavailable
        return
    yield from (Unauthenticated, Unavailable)
    # Without a CSRF token beside a cookie.
    if changes or route.audience is Audience.MEMBER:
        yield Forbidden
    if route.audience is not Audience.PERSON or "{" in route.path:
        yield NotFound


def answers_of(route: Route) -> Json:
    """By status, as references."""
    return {
        str(status): {"$ref": f"#/components/responses/{_name(kinds)}"}
        for status, kinds in _by_status(problems_of(route))
    }


def responses(routes: Iterable[Route]) -> Json:
    """Every response that `answers_of` refers to."""
    groups = {
        _name(kinds): (status, kinds)
        for route in routes
        for status, kinds in _by_status(problems_of(route))
    }
    return {name: _response(*groups[name]) for name in sorted(groups)}


def schemas() -> Json:
    return {_schema_name(kind): _schema(kind) for kind in KINDS}


def _by_status(kinds: Iterable[Kind]) -> Iterator[tuple[int, list[Kind]]]:
    for status, several in groupby(kinds, attrgetter("status")):
        yield status, list(several)


def _name(kinds: Iterable[Kind]) -> str:
    return ".".join(kind.type for kind in kinds)


def _schema_name(kind: Kind) -> str:
    return "".join(part.capitalize() for part in kind.type.split("-")) + "Problem"


def _response(status: int, kinds: list[Kind]) -> Json:
    references = [{"$ref": f"#/components/schemas/{_schema_name(kind)}"} for kind in kinds]
    said = "\n".join(f"- `{kind.type}`: {kind.means}" for kind in kinds)
    shown: Json = {
        "description": kinds[0].means if len(kinds) == 1 else said,
        "content": {
            CONTENT_TYPE: {"schema": references[0] if len(kinds) == 1 else {"oneOf": references}}
        },
    }
    return {**shown, "headers": HEADERS[status]} if status in HEADERS else shown


def _schema(kind: Kind) -> Json:
    properties: Json = {
        "type": {"const": kind.uri},
        "title": {"const": kind.title},
        "status": {"const": kind.status},
        "detail": {"type": "string", "description": "What is wrong here, and what helps."},
        "request_id": {"type": "string", "description": "To find it in the log."},
    }
    example = document_of(kind, kind.means, "c6af9ac6-7b61-11e6-9a41-93e8deadbeef")
    if kind is kind_of(Invalid()):
        properties["errors"] = {
            "type": "array",
            "items": {"$ref": "#/components/schemas/FieldProblem"},
        }
        example["errors"] = _EXAMPLE_OF_INVALID
    return {
        "title": kind.title,
        "description": kind.means,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "examples": [example],
    }
