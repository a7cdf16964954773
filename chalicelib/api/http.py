"""Around every view: who calls, what they sent, and how errors leave (CONTRACTS 5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from chalice.app import Response

from chalicelib import bootstrap
from chalicelib.api.errors import CONTENT_TYPE, UNEXPECTED, Kind, document_of, kind_of, problem
from chalicelib.domain.errors import Invalid, Problem, Unauthenticated, require
from chalicelib.telemetry import logger
from chalicelib.usecases.identity import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice.app import Blueprint, Request

    from chalicelib.bootstrap import Api
    from chalicelib.usecases.auditing import Caller

B = TypeVar("B", bound=msgspec.Struct)
View = Callable[..., Any]

PAGE_DEFAULT = 50
PAGE_MAX = 200
CURSOR_MAX = 100
# msgspec ends its sentences with the place, as in "Expected `str`, got `int` - at `$.name`".
_PLACE = re.compile(r"(?: - at `\$\.?(?P<field>[^`]*)`)?$")
_MEMBER = re.compile(r"field `(?P<field>[^`]+)`")


@dataclass(frozen=True, slots=True)
class Call:
    """A member's request to a workspace."""

    request: Request
    api: Api
    who: Caller

    @property
    def key(self) -> str | None:
        """The caller's own key of a request that makes something (CONTRACTS 5)."""
        key: str | None = self.request.headers.get("idempotency-key")
        return key


def endpoint(routes: Blueprint) -> Callable[[View], View]:
    """Turn what a view returns, or raises, into an answer."""

    def around(view: View) -> View:
        @wraps(view)
        def answer(**path: str) -> Response:
            try:
                result = view(**path)
            except Exception as error:  # noqa: BLE001 - the edge of the process, which reports
                return _refusal(error, origin(routes.current_request).request)
            return result if isinstance(result, Response) else ok(result)

        return answer

    return around


def member(routes: Blueprint) -> Callable[[View], View]:
    """A view for members of the workspace in its path: it gets a `Call` and the rest of the
    path.
    """

    def around(view: View) -> View:
        @endpoint(routes)
        @wraps(view)
        def answer(workspace: str, **path: str) -> object:
            request, api = routes.current_request, bootstrap.api()
            who = api.identity.caller(bearer(request), workspace, origin(request))
            return view(Call(request, api, who), **path)

        return answer

    return around


def ok(body: object, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(body).decode(),
        headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
        status_code=status,
    )


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


def _refusal(error: Exception, request: str) -> Response:
    kind = kind_of(error)
    if kind is UNEXPECTED:
        logger("api").exception("unexpected error", extra={"request_id": request})
    response = _problem(problem(error, request), kind.status)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
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


def page_of(request: Request) -> tuple[str | None, int]:
    """Cursor and size of a page, from the query."""
    query: Mapping[str, str] = request.query_params or {}
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


def bearer(request: Request) -> str:
    header: str = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send the session's token as `Authorization: Bearer mcs_…`.")
    return token.strip()


def origin(request: Request) -> Origin:
    return Origin(
        address=request.context.get("identity", {}).get("sourceIp", ""),
        agent=request.headers.get("user-agent", ""),
        request=request.context.get("requestId", ""),
    )
