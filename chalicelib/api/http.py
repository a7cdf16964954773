"""What requests hold and what answers are made of (CONTRACTS 5)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from chalice.app import MultiDict, Response
from msgspec import inspect, structs

from chalicelib.api.errors import CONTENT_TYPE, UNEXPECTED, Kind, document_of, kind_of, problem
from chalicelib.api.sentences import problem_in
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

# The prefix binds a cookie to this host, over TLS, for all paths.
SESSION_COOKIE: Final = "__Host-mc_session"
CSRF_HEADER: Final = "X-CSRF-Token"
DEVICE_COOKIE: Final = "__Host-mc_device"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# How soon to come back when one of our services does not answer.
RETRY_SECONDS: Final = 5
_ETAG = re.compile(r'"(?P<version>\d{1,9})"')
# Beyond this a number with a point is not exact any more.
EXACT: Final = 2**53
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})", re.ASCII)
_TRUTHS = {"true": True, "false": False}


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


def nothing() -> Response:
    """It is done, and there is nothing to say."""
    return Response("", headers={"Cache-Control": "no-store"}, status_code=HTTPStatus.NO_CONTENT)


def versioned(body: object, version: int, status: int = 200) -> Response:
    """What can be edited, with the tag to send back as If-Match."""
    return ok(body, status, {"ETag": f'"{version}"'})


@dataclass(frozen=True, slots=True)
class Media:
    """What an answer is when it is none of our shapes."""

    type: str
    # As JSON Schema has it.
    schema: Mapping[str, object]


CSV: Final = Media("text/csv", {"type": "string"})


def attachment(content: str, media: Media, name: str) -> Response:
    """A text to keep as a file; browsers must not take it for a page."""
    return Response(
        content,
        headers={
            "Content-Type": f"{media.type}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def frameworks_own(request: Request, proceed: Callable[[Request], Response]) -> Response:
    """Middleware: what Chalice refuses before any view is a problem document as well."""
    response = proceed(request)
    refused = response.status_code >= HTTPStatus.BAD_REQUEST and isinstance(response.body, dict)
    if not refused:
        return response
    status = HTTPStatus(response.status_code)
    kind = Kind(status.value, status.phrase.lower().replace(" ", "-"), status.phrase, "")
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
        raw = request.raw_body or b"{}"
        try:
            return msgspec.json.decode(raw, type=shape)
        except msgspec.ValidationError:
            # To JSON 1.0 is the same number as 1, to msgspec it is not.
            return msgspec.convert(_with_whole_numbers(msgspec.json.decode(raw)), shape)
    except msgspec.ValidationError as error:
        raise Invalid(problem_in(str(error))) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Invalid(Problem("", f"The body is not valid JSON: {error}")) from error


def _with_whole_numbers(node: object) -> object:
    if isinstance(node, dict):
        return {name: _with_whole_numbers(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_with_whole_numbers(value) for value in node]
    if isinstance(node, float) and node.is_integer() and abs(node) < EXACT:
        return int(node)
    return node


def query(request: Request, shape: type[B]) -> B:
    """What stands behind the `?`: each parameter once, with commas between several values where it
    takes them. One that nobody knows is refused like a body's field.
    """
    given = request.query_params or MultiDict({})
    repeated = [name for name in given if len(given.getlist(name)) > 1]
    require(*((False, name, "give it once, with commas between values") for name in repeated))
    readers = _readers(shape)
    values = {name: readers.get(name, str)(text) for name, text in given.items()}
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as error:
        found = problem_in(str(error))
        # A parameter has no parts of its own.
        raise Invalid(Problem(found.field.partition("[")[0], found.message)) from error


@cache
def _readers(shape: type[msgspec.Struct]) -> dict[str, Callable[[str], object]]:
    """By parameter, what makes JSON's value of its text. msgspec's own lax reading takes more than
    the document says, such as `5.0` for 5 and seconds for a time.
    """
    return {
        field.encode_name: _reader(inspect.type_info(field.type)) for field in structs.fields(shape)
    }


def _reader(kind: inspect.Type) -> Callable[[str], object]:
    if isinstance(kind, inspect.Metadata):
        return _reader(kind.type)
    if isinstance(kind, inspect.UnionType):
        return next(_reader(each) for each in kind.types if not isinstance(each, inspect.NoneType))
    if isinstance(kind, inspect.ListType):
        of_one = _reader(kind.item_type)
        return lambda text: [of_one(part) for part in text.split(",")]
    if isinstance(kind, inspect.IntType):
        return lambda text: int(text) if _INTEGER.fullmatch(text) else text
    if isinstance(kind, inspect.BoolType):
        return lambda text: _TRUTHS.get(text, text)
    return str


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
    sent: str = request.headers.get(CSRF_HEADER, "")
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
