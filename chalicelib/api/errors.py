"""Domain error → problem document (RFC 9457). One table; the core knows nothing of HTTP."""

from __future__ import annotations

from typing import Any, NamedTuple

from chalicelib.domain import errors

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:message-center:problem:"


class Kind(NamedTuple):
    status: int
    type: str
    title: str
    # What it means, for the OpenAPI document.
    means: str

    @property
    def uri(self) -> str:
        return TYPE_PREFIX + self.type


# The first row whose type fits decides, so narrower types stand above wider ones.
TABLE: tuple[tuple[type[Exception], Kind], ...] = (
    (
        errors.Invalid,
        Kind(
            400,
            "invalid-request",
            "The request is not valid",
            "A field, a parameter or a header is not as it must be: `errors` names each.",
        ),
    ),
    (
        errors.SecondFactorNeeded,
        Kind(
            401,
            "second-factor-needed",
            "A code is needed as well",
            "The password is right, and the account asks for a code too.",
        ),
    ),
    (
        errors.Unauthenticated,
        Kind(401, "unauthenticated", "Sign in first", "No credential came, or none that holds."),
    ),
    (
        errors.Forbidden,
        Kind(
            403,
            "forbidden",
            "Not allowed",
            "The right is missing, or the CSRF token that a session's cookie needs.",
        ),
    ),
    (
        errors.NotFound,
        Kind(
            404,
            "not-found",
            "Not found",
            "There is no such thing, or it belongs to a workspace that is not the caller's: both "
            "look alike.",
        ),
    ),
    (
        errors.KeyReused,
        Kind(
            422,
            "idempotency-key-reused",
            "The key belongs to another request",
            "This Idempotency-Key came with another request before.",
        ),
    ),
    (
        errors.AlreadyDecided,
        Kind(409, "already-decided", "Decided already", "Somebody else decided before."),
    ),
    (
        errors.IllegalMove,
        Kind(
            409,
            "illegal-move",
            "Not possible in this state",
            "The thing is in a state from which this cannot be done.",
        ),
    ),
    (
        errors.Outdated,
        Kind(
            412,
            "outdated",
            "Changed since it was read",
            "If-Match names another version than there is: read it again.",
        ),
    ),
    (
        errors.Stale,
        Kind(
            409,
            "changed-meanwhile",
            "Changed meanwhile",
            "Somebody else changed it at the same moment: read it again, and repeat.",
        ),
    ),
    (
        errors.Exists,
        Kind(409, "exists-already", "It exists already", "Another one has this place."),
    ),
    (
        errors.Conflict,
        Kind(
            409,
            "conflict",
            "Not possible now",
            "What there is stands against it: `detail` says what, and what helps.",
        ),
    ),
    (
        errors.TooMany,
        Kind(429, "too-many-attempts", "Too many attempts", "Come back after `Retry-After`."),
    ),
    (
        errors.Unavailable,
        Kind(
            503,
            "unavailable",
            "Not available at the moment",
            "A service that is needed does not answer; nothing was changed. Try again.",
        ),
    ),
)
UNEXPECTED = Kind(
    500,
    "internal-error",
    "Something went wrong on our side",
    "Try again; if it stays, tell the operator the request id.",
)
# Chalice's own: it looks at the Content-Type of every request.
UNSUPPORTED_MEDIA = Kind(
    415, "unsupported-media-type", "Unsupported Media Type", "Bodies are application/json."
)


def kind_of(error: Exception) -> Kind:
    return kind_of_type(type(error))


def kind_of_type(error: type[Exception]) -> Kind:
    return next((kind for type_, kind in TABLE if issubclass(error, type_)), UNEXPECTED)


def document_of(kind: Kind, detail: str, request: str) -> dict[str, Any]:
    return {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "request_id": request,
    }


def problem(error: Exception, request: str) -> dict[str, Any]:
    """What the caller is told; of an unexpected error only where to find it in the log."""
    kind = kind_of(error)
    detail = UNEXPECTED.means if kind is UNEXPECTED else str(error)
    document = document_of(kind, detail, request)
    if isinstance(error, errors.Invalid):
        document["errors"] = [
            {"field": item.field, "message": item.message} for item in error.problems
        ]
    return document
