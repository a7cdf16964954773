"""The route table. A route is declared with who may call it and, inside a workspace, with the right
that it needs: one without cannot be declared. It is declared with its shapes too (`Terms`): they
are what its view gets, and what the OpenAPI document says of it.

The right is stated here for readers, docs and the test that tries every route as everyone; it is
the use case that checks it. Each workspace route has a twin for super admins, who enter workspaces
that they do not belong to by `/v1/installation` alone, and leave a record each time (SPEC 2.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

from chalice.app import Response

from chalicelib import bootstrap
from chalicelib.api.http import body, credential, nothing, ok, origin, query, refusal
from chalicelib.api.shapes import Shape
from chalicelib.domain.rights import Scope

if TYPE_CHECKING:
    from chalice.app import Blueprint, Request

    from chalicelib.bootstrap.api_use_cases import Api
    from chalicelib.domain.errors import MessageCenterError
    from chalicelib.domain.rights import Right
    from chalicelib.usecases.auditing import Caller
    from chalicelib.usecases.identity import Origin

View = Callable[..., Any]
Registration = Callable[[View], View]

WORKSPACE: Final = "/v1/workspaces/{workspace}"
VISIT: Final = "/v1/installation/workspaces/{workspace}"
INSTALLATION: Final = "/v1/installation"


class Audience(Enum):
    ANYONE = "anyone"
    PERSON = "whoever is signed in"
    MEMBER = "members of the workspace, and API keys"
    VISITOR = "super admins, each use recorded"
    SUPER_ADMIN = "super admins"


class Terms(TypedDict, total=False):
    """What a route is declared with; the defaults stand in `Contract`."""

    # The body; the view gets it as its second argument.
    takes: type[Shape]
    # The query string; the view gets it after the body.
    query: type[Shape]
    # The answer: a Struct, or a `Media` that is none of ours; None with status 204.
    gives: Any
    # Of success.
    status: int
    # What the view may raise beyond what any route of its kind may. KeyReused says as well that it
    # takes an Idempotency-Key, Outdated that it takes If-Match.
    refuses: tuple[type[MessageCenterError], ...]
    # Whether the answer carries one.
    etag: bool
    # Whether the answer may set cookies.
    cookies: bool
    # Whether If-None-Match can answer 304; without `etag` not every answer carries one.
    revalidates: bool
    # Whether one that anyone may use looks at who is signed in.
    knows_people: bool


@dataclass(frozen=True, slots=True)
class Contract:
    takes: type[Shape] | None = None
    query: type[Shape] | None = None
    gives: Any = None
    status: int = 200
    refuses: tuple[type[MessageCenterError], ...] = ()
    etag: bool = False
    cookies: bool = False
    revalidates: bool = False
    knows_people: bool = False

    def given(self, request: Request) -> list[Shape]:
        """Body and query, decoded."""
        found = []
        if self.takes is not None:
            found.append(body(request, self.takes))
        asked = query(request, self.query or Shape)
        return [*found, asked] if self.query is not None else found


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    audience: Audience
    view: View
    contract: Contract
    right: Right | None = None
    # ALL where one's own is not enough: what cannot be told apart by author.
    needs: Scope = Scope.OWN


ROUTES: list[Route] = []


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of anyone, or of a person whose session is `token`."""

    request: Request
    api: Api
    token: str = ""

    @property
    def origin(self) -> Origin:
        return origin(self.request)


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a workspace."""

    request: Request
    api: Api
    who: Caller

    @property
    def key(self) -> str | None:
        """The caller's own key of a request that makes something (CONTRACTS 5)."""
        key: str | None = self.request.headers.get("idempotency-key")
        return key


def anyone(routes: Blueprint, method: str, path: str, **terms: Unpack[Terms]) -> Registration:
    contract = Contract(**terms)

    def register(view: View) -> View:
        def answer(request: Request, **values: str) -> object:
            return view(Ask(request, bootstrap.api()), *contract.given(request), **values)

        return _register(routes, Route(method, path, Audience.ANYONE, view, contract), answer)

    return register


def person(routes: Blueprint, method: str, path: str, **terms: Unpack[Terms]) -> Registration:
    """The use case decides whether the token is a session."""
    contract = Contract(**terms)

    def register(view: View) -> View:
        def answer(request: Request, **values: str) -> object:
            ask = Ask(request, bootstrap.api(), credential(request))
            return view(ask, *contract.given(request), **values)

        return _register(routes, Route(method, path, Audience.PERSON, view, contract), answer)

    return register


def member(
    routes: Blueprint,
    method: str,
    path: str,
    right: Right,
    *,
    needs: Scope = Scope.OWN,
    **terms: Unpack[Terms],
) -> Registration:
    """`path` is what follows the workspace."""
    contract = Contract(**terms)

    def register(view: View) -> View:
        def answer(request: Request, workspace: str, **values: str) -> object:
            api = bootstrap.api()
            who = api.access.caller(credential(request), workspace, origin(request))
            return view(Call(request, api, who), *contract.given(request), **values)

        def visit(request: Request, workspace: str, **values: str) -> object:
            api = bootstrap.api()
            what = f"{request.method} {request.path.format(**(request.uri_params or {}))}"
            who = api.access.visitor(credential(request), workspace, origin(request), what)
            return view(Call(request, api, who), *contract.given(request), **values)

        twin = Route(method, VISIT + path, Audience.VISITOR, view, contract, right, needs)
        _register(routes, twin, visit)
        route = Route(method, WORKSPACE + path, Audience.MEMBER, view, contract, right, needs)
        return _register(routes, route, answer)

    return register


def super_admin(routes: Blueprint, method: str, path: str, **terms: Unpack[Terms]) -> Registration:
    """`path` is what follows the installation."""
    contract = Contract(**terms)

    def register(view: View) -> View:
        def answer(request: Request, **values: str) -> object:
            api = bootstrap.api()
            who = api.access.super_admin(credential(request), origin(request))
            return view(Call(request, api, who), *contract.given(request), **values)

        route = Route(method, INSTALLATION + path, Audience.SUPER_ADMIN, view, contract)
        return _register(routes, route, answer)

    return register


def _register(routes: Blueprint, route: Route, answer: View) -> View:
    """Give the view to Chalice, with what it returns, or raises, turned into an answer."""

    def safely(**values: str) -> Response:
        request = routes.current_request
        try:
            result = answer(request, **values)
        except Exception as error:  # noqa: BLE001 - the edge of the process, which reports
            return refusal(error, origin(request).request)
        if isinstance(result, Response):
            return result
        return nothing() if result is None else ok(result, route.contract.status)

    # Chalice finds a view in its module by this name when it packs.
    safely.__name__ = route.view.__name__
    routes.route(route.path, methods=[route.method])(safely)
    ROUTES.append(route)
    return route.view
