"""The route table. A route is declared with who may call it and, inside a workspace, with the right
that it needs: one without cannot be declared.

The right is stated here for readers, docs and the test that tries every route as everyone; it is
the use case that checks it. Each workspace route has a twin for super admins, who enter workspaces
that they do not belong to by `/v1/installation` alone, and leave a record each time (SPEC 2.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from chalice.app import Response

from chalicelib import bootstrap
from chalicelib.api.http import credential, ok, origin, refusal
from chalicelib.domain.rights import Scope

if TYPE_CHECKING:
    from chalice.app import Blueprint, Request

    from chalicelib.bootstrap.api_use_cases import Api
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


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    audience: Audience
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


def anyone(routes: Blueprint, method: str, path: str) -> Registration:
    def register(view: View) -> View:
        def answer(**values: str) -> object:
            return view(Ask(routes.current_request, bootstrap.api()), **values)

        return _register(routes, Route(method, path, Audience.ANYONE), view, answer)

    return register


def person(routes: Blueprint, method: str, path: str) -> Registration:
    """The use case decides whether the token is a session."""

    def register(view: View) -> View:
        def answer(**values: str) -> object:
            request = routes.current_request
            return view(Ask(request, bootstrap.api(), credential(request)), **values)

        return _register(routes, Route(method, path, Audience.PERSON), view, answer)

    return register


def member(
    routes: Blueprint, method: str, path: str, right: Right, *, needs: Scope = Scope.OWN
) -> Registration:
    """`path` is what follows the workspace."""

    def register(view: View) -> View:
        def answer(workspace: str, **values: str) -> object:
            request, api = routes.current_request, bootstrap.api()
            who = api.access.caller(credential(request), workspace, origin(request))
            return view(Call(request, api, who), **values)

        def visit(workspace: str, **values: str) -> object:
            request, api = routes.current_request, bootstrap.api()
            what = f"{request.method} {request.path.format(**(request.uri_params or {}))}"
            who = api.access.visitor(credential(request), workspace, origin(request), what)
            return view(Call(request, api, who), **values)

        twin = Route(method, VISIT + path, Audience.VISITOR, right, needs)
        _register(routes, twin, view, visit)
        route = Route(method, WORKSPACE + path, Audience.MEMBER, right, needs)
        return _register(routes, route, view, answer)

    return register


def super_admin(routes: Blueprint, method: str, path: str) -> Registration:
    """`path` is what follows the installation."""

    def register(view: View) -> View:
        def answer(**values: str) -> object:
            request, api = routes.current_request, bootstrap.api()
            who = api.access.super_admin(credential(request), origin(request))
            return view(Call(request, api, who), **values)

        route = Route(method, INSTALLATION + path, Audience.SUPER_ADMIN)
        return _register(routes, route, view, answer)

    return register


def _register(routes: Blueprint, route: Route, view: View, answer: View) -> View:
    """Give the view to Chalice, with what it returns, or raises, turned into an answer."""

    def safely(**values: str) -> Response:
        try:
            result = answer(**values)
        except Exception as error:  # noqa: BLE001 - the edge of the process, which reports
            return refusal(error, origin(routes.current_request).request)
        return result if isinstance(result, Response) else ok(result)

    # Chalice finds a view in its module by this name when it packs.
    safely.__name__ = view.__name__
    routes.route(route.path, methods=[route.method])(safely)
    ROUTES.append(route)
    return view
