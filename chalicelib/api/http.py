"""What requests hold and what answers are made of (CONTRACTS 5)."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from chalice.app import Response

from chalicelib.api.errors import CONTENT_TYPE, UNEXPECTED, Kind, document_of, kind_of, problem
from chalicelib.domain.errors import (
    Forbidden,
    Invalid,
    Problem,
    TooMany,
    Unauthenticated,
    Unavailable,
    require,
)
from chalicelib.domain.identity import csrf_token, same
from chalicelib.telemetry import logger
from chalicelib.usecases.identity import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalice.app import Request

B = TypeVar("B", bound=msgspec.Struct)

PAGE_DEFAULT = 50
PAGE_MAX = 200
CURSOR_MAX = 100
# The prefix binds a cookie to this host, over TLS, for all paths.
SESSION_COOKIE: Final = "__Host-mc_session"
DEVICE_COOKIE: Final = "__Host-mc_device"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# How soon to come back when one of our services does not answer.
RETRY_SECONDS: Final = 5
# msgspec ends its sentences with the place, as in "Expected `str`, got `int` - at `$.name`".
_PLACE = re.compile(r"(?: - at (?:`key` in )?`\$\.?(?P<field>[^`]*)`)?$")
_MEMBER = re.compile(r"field `(?P<field>[^`]+)`")
_ETAG = re.compile(r'"(?P<version>\d{1,9})"')


def ok(body: object, status: int = 200, headers: dict[str, Any] | None = None) -> Response:
    return Response(
        msgspec.json.encode(body).decode(),
        headers={
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
        status_code=status,
    )


def versioned(body: object, version: int, status: int = 200) -> Response:
    """What can be edited, with the tag to send back as If-Match."""
    return ok(body, status, {"ETag": f'"{version}"'})


def frameworks_own(request: Request, proceed: Callable[[Request], Response]) -> Response:
    """Middleware: what Chalice refuses before any view is a problem document as well."""
    response = proceed(request)
    refused = response.status_code >= HTTPStatus.BAD_REQUEST and isinstance(response.body, dict)
    if not refused:
        return response
    status = HTTPStatus(response.status_code)
    kind = Kind(status.value, status.phrase.lower().replace(" ", "-"), status.phrase)
    detail = str(response.body.get("Message", status.description))
    return _problem(document_of(kind, detail, origin(request).request), status.value)


def refusal(error: Exception, request: str) -> Response:
    kind = kind_of(error)
    if kind is UNEXPECTED:
        logger("api").exception("unexpected error", extra={"request_id": request})
    response = _problem(problem(error, request), kind.status)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    elif isinstance(error, TooMany):
        seconds = math.ceil(error.wait / timedelta(seconds=1))
        response.headers["Retry-After"] = str(max(seconds, 1))
    elif isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _problem(document: dict[str, Any], status: int) -> Response:
    return Response(
        msgspec.json.encode(document).decode(),
        headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"},
        status_code=status,
    )


def body(request: Request, shape: type[B]) -> B:
    try:
        return msgspec.json.decode(request.raw_body or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise Invalid(_place(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(Problem("", f"The body is not valid JSON: {error}")) from error


def _place(sentence: str) -> Problem:
    found = _PLACE.search(sentence)
    where = found["field"] if found and found["field"] else ""
    member = _MEMBER.search(sentence)
    field = ".".join(part for part in (where, member["field"] if member else "") if part)
    return Problem(field, _PLACE.sub("", sentence))


def query_of(request: Request) -> Mapping[str, str]:
    return request.query_params or {}


def page_of(request: Request) -> tuple[str | None, int]:
    """Cursor and size of a page, from the query."""
    query = query_of(request)
    limit, after = query.get("limit", str(PAGE_DEFAULT)), query.get("after")
    require(
        (
            limit.isascii() and limit.isdecimal() and 0 < int(limit[:6]) <= PAGE_MAX,
            "limit",
            f"must be 1 to {PAGE_MAX}",
        ),
        (after is None or 0 < len(after) <= CURSOR_MAX, "after", "is not a cursor of this listing"),
    )
    return after, int(limit)


def if_match(request: Request) -> int | None:
    """The version that the caller means to change; None: whatever is there."""
    header: str = request.headers.get("if-match", "*").strip()
    if header == "*":
        return None
    tag = _ETAG.fullmatch(header)
    if tag is None:
        raise Invalid(Problem("If-Match", 'send the ETag that you read, such as "3", or leave it'))
    return int(tag["version"])


def credential(request: Request) -> str:
    token = presented(request)
    if not token:
        raise Unauthenticated("Send the token as `Authorization: Bearer …`.")
    return token


def presented(request: Request) -> str:
    """The token of a session or an API key, empty if there is none. One that comes as a cookie
    comes by itself, also from other sites' pages: what changes something needs the session's CSRF
    token too.
    """
    header: str = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    token = cookie(request, SESSION_COOKIE)
    if not token:
        return ""
    sent: str = request.headers.get("x-csrf-token", "")
    if request.method not in SAFE and not same(sent, csrf_token(token)):
        raise Forbidden("Send the session's CSRF token (`csrf` of GET /v1/me) as `X-CSRF-Token`.")
    return token


def cookie(request: Request, name: str) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


def kept_cookie(name: str, value: str, length: timedelta) -> str:
    """`length` 0 removes it."""
    seconds = length // timedelta(seconds=1)
    return f"{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict"


def origin(request: Request) -> Origin:
    return Origin(
        address=request.context.get("identity", {}).get("sourceIp", ""),
        agent=request.headers.get("user-agent", ""),
        request=request.context.get("requestId", ""),
    )
