"""Domain error → problem document (RFC 9457). One table; the core knows nothing of HTTP."""

from __future__ import annotations

from typing import Any, NamedTuple

from chalicelib.domain import errors

CONTENT_TYPE = "application/problem+json"


class Kind(NamedTuple):
    status: int
    type: str
    title: str


# The first row whose type fits decides, so narrower types stand above wider ones.
TABLE: tuple[tuple[type[Exception], Kind], ...] = (
    (errors.Invalid, Kind(400, "invalid-request", "The request is not valid")),
    (
        errors.SecondFactorNeeded,
        Kind(401, "second-factor-needed", "A code is needed as well"),
    ),
    (errors.Unauthenticated, Kind(401, "unauthenticated", "Sign in first")),
    (errors.Forbidden, Kind(403, "forbidden", "Not allowed")),
    (errors.NotFound, Kind(404, "not-found", "Not found")),
    (errors.KeyReused, Kind(422, "idempotency-key-reused", "The key belongs to another request")),
    (errors.AlreadyDecided, Kind(409, "already-decided", "Decided already")),
    (errors.IllegalMove, Kind(409, "illegal-move", "Not possible in this state")),
    (errors.Outdated, Kind(412, "outdated", "Changed since it was read")),
    (errors.Stale, Kind(409, "changed-meanwhile", "Changed meanwhile")),
    (errors.Exists, Kind(409, "exists-already", "It exists already")),
    (errors.Conflict, Kind(409, "conflict", "Not possible now")),
    (errors.TooMany, Kind(429, "too-many-attempts", "Too many attempts")),
    (errors.Unavailable, Kind(503, "unavailable", "Not available at the moment")),
)
UNEXPECTED = Kind(500, "internal-error", "Something went wrong on our side")


def kind_of(error: Exception) -> Kind:
    return next((kind for type_, kind in TABLE if isinstance(error, type_)), UNEXPECTED)


def document_of(kind: Kind, detail: str, request: str) -> dict[str, Any]:
    return {
        "type": f"urn:message-center:problem:{kind.type}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "request_id": request,
    }


def problem(error: Exception, request: str) -> dict[str, Any]:
    """What the caller is told; of an unexpected error only where to find it in the log."""
    kind = kind_of(error)
    if kind is UNEXPECTED:
        detail = "Try again; if it stays, tell the operator the request id."
    else:
        detail = str(error)
    document = document_of(kind, detail, request)
    if isinstance(error, errors.Invalid):
        document["errors"] = [
            {"field": item.field, "message": item.message} for item in error.problems
        ]
    return document
