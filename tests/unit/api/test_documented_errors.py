"""Every error that the document names for a route occurs in a test: what any route can answer is
provoked here, route by route; what takes a story is told by the tests of its kind. The last test
compares.

The other way round, every answer to any test is in the document (tests/fakes/described.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app import app
from chalicelib import bootstrap
from chalicelib.api.errors import UNEXPECTED, UNSUPPORTED_MEDIA, kind_of_type
from chalicelib.api.http import SAFE, SESSION_COOKIE
from chalicelib.api.problems import is_shut, problems_of
from chalicelib.api.routing import ROUTES, VISIT, WORKSPACE, Audience, Route
from chalicelib.domain.errors import (
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from chalicelib.domain.request import MadeOnce
from chalicelib.domain.rights import KEY_RIGHTS, Standing
from tests.fakes import post, records
from tests.fakes.described import described
from tests.fakes.gateway import Gateway
from tests.fakes.matrix import BODIES, City
from tests.fakes.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.gateway import Answer

GATEWAY = Gateway(app)
OURS = "wsp_a"
BY_ANYONE: dict[tuple[str, str], Any] = {
    ("POST", "/v1/sign-in"): {"email": "author@example.com", "password": PASSWORD},
    ("POST", "/v1/password-reset"): {"email": "author@example.com"},
    ("POST", "/v1/password-reset/confirm"): {"token": "mcr_1_x", "password": "another battery"},
    ("POST", "/v1/invitations/accept"): {
        "token": "mci_wsp_a.of_secret",
        "name": "Ann",
        "password": "another battery",
    },
    ("POST", "/v1/join-requests"): {"code": "wsp_a.x", "email": "a@example.com", "name": "Ann"},
    ("POST", "/v1/join-requests/confirm"): {
        "token": "mca_wsp_a.6140622e63_x",
        "password": "another battery",
    },
}
# Whose credential opens it.
OPENS: dict[Audience, Callable[[City], str | None]] = {
    Audience.ANYONE: lambda _: None,
    Audience.PERSON: lambda city: city.stranger,
    Audience.MEMBER: lambda city: city.tokens[Standing.ADMIN],
    Audience.VISITOR: lambda city: city.super_admin,
    Audience.SUPER_ADMIN: lambda city: city.super_admin,
}


def routes_with(error: type[Exception]) -> list[Route]:
    return [route for route in ROUTES if kind_of_type(error) in problems_of(route)]


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.fixture(scope="module")
def built() -> City:
    return City()


@pytest.fixture
def city(built: City, monkeypatch: pytest.MonkeyPatch) -> City:
    built.restore()
    monkeypatch.setattr(bootstrap, "api", lambda: built.world.api)
    return built


def event(city: City, route: Route, **more: Any) -> dict[str, Any]:
    """The sample request, by whom it is for."""
    path = route.path.replace("{workspace}", OURS)
    for place, value in city.places.items():
        path = path.replace("{" + place + "}", value)
    below = route.path.removeprefix(VISIT).removeprefix(WORKSPACE)
    body = BY_ANYONE.get((route.method, below), BODIES.get((route.method, below)))
    sent = {"token": OPENS[route.audience](city), **more}
    return GATEWAY.event(route.method, path, city.body(body), **sent)


def ask(city: City, route: Route, **more: Any) -> Answer:
    return GATEWAY.send(event(city, route, **more))


def is_refused(answer: Answer, error: type[Exception]) -> bool:
    kind = kind_of_type(error)
    return (answer.status, answer.body["type"]) == (kind.status, kind.uri)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_a_parameter_that_nobody_knows_is_refused(city: City, route: Route) -> None:
    answer = ask(city, route, query={"colour": "red"})
    assert is_refused(answer, Invalid), answer.body
    assert [each["field"] for each in answer.body["errors"]] == ["colour"]


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_a_parameter_that_comes_twice_is_refused(city: City, route: Route) -> None:
    sent = event(city, route, query={"limit": "1"})
    sent["multiValueQueryStringParameters"] = {"limit": ["1", "2"]}
    assert is_refused(GATEWAY.send(sent), Invalid)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_another_content_type_is_refused(city: City, route: Route) -> None:
    sent = event(city, route)
    sent["headers"]["Content-Type"] = "text/plain"
    sent["multiValueHeaders"]["Content-Type"] = ["text/plain"]
    answer = GATEWAY.send(sent)
    assert (answer.status, answer.body["type"]) == (415, UNSUPPORTED_MEDIA.uri)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_a_fault_of_ours_is_told_as_such(
    city: City, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("on fire")

    monkeypatch.setattr(bootstrap, "api", broken)
    answer = ask(city, route)
    assert (answer.status, answer.body["type"]) == (500, UNEXPECTED.uri)


@pytest.mark.parametrize(
    "route",
    [
        each
        for each in routes_with(Unauthenticated)
        if each.audience is not Audience.ANYONE or each.contract.knows_people
    ],
    ids=name,
)
def test_a_credential_that_does_not_hold(city: City, route: Route) -> None:
    assert is_refused(ask(city, route, token="mcs_1_x"), Unauthenticated)


@pytest.mark.parametrize("route", routes_with(Forbidden), ids=name)
def test_what_one_may_not_do(city: City, route: Route) -> None:
    """By a key without the right; what keys cannot use at all, by a cookie without CSRF token."""
    if route.audience is Audience.MEMBER:
        other = next(right for right in sorted(KEY_RIGHTS) if right is not route.right)
        answer = ask(city, route, token=city.keys[other])
    else:
        assert route.method not in SAFE
        session = OPENS[route.audience](city) or city.stranger
        answer = ask(city, route, token=None, headers={"Cookie": f"{SESSION_COOKIE}={session}"})
    assert is_refused(answer, Forbidden)


@pytest.mark.parametrize(
    "route",
    [each for each in routes_with(NotFound) if each.audience is not Audience.ANYONE],
    ids=name,
)
def test_what_is_not_there(city: City, route: Route) -> None:
    """For those who do not belong there, nothing is; who does asks for what is missing."""
    if route.audience is Audience.PERSON:
        assert is_refused(ask(city, route), NotFound)
    else:
        assert is_refused(ask(city, route, token=city.stranger), NotFound)


@pytest.mark.parametrize("route", routes_with(Unavailable), ids=name)
def test_a_service_that_does_not_answer(
    city: City, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise Unavailable("The database")

    for each in ("find", "get", "all", "commit"):
        monkeypatch.setattr(records.Records, each, away)
    monkeypatch.setattr(post.FakeErrands, "post", away)
    assert is_refused(ask(city, route), Unavailable)


@pytest.mark.parametrize("route", routes_with(KeyReused), ids=name)
def test_a_key_of_another_request(city: City, route: Route) -> None:
    user = city.people[Standing.ADMIN]
    workspace = OURS
    if route.audience is not Audience.MEMBER:
        me = GATEWAY.call("GET", "/v1/me", token=city.super_admin).body
        user = me["user"]["id"]
        workspace = OURS if route.audience is Audience.VISITOR else me["workspaces"][0]["id"]
    ends = city.world.clock.now().replace(year=9999)
    city.world.changes.keep(MadeOnce(workspace, user, "key-1", "other", "thing", ends))
    answer = ask(city, route, headers={"Idempotency-Key": "key-1"})
    assert is_refused(answer, KeyReused)


def documented() -> set[tuple[str, str, str]]:
    """A twin answers as its route does, and is not asked for the same again; but for what no member
    can do.
    """
    shut = {(route.method, route.view) for route in ROUTES if is_shut(route)}
    return {
        (route.method, route.path, kind.uri)
        for route in ROUTES
        if route.audience is not Audience.VISITOR or (route.method, route.view) in shut
        for kind in problems_of(route)
    }


def test_every_documented_error_has_occurred(whole_run: bool) -> None:  # noqa: FBT001 - a fixture
    if not whole_run:
        pytest.skip("only a run of all of tests/unit/api has told every story")
    missing = sorted(documented() - described().occurred)
    assert not missing, "documented, but never answered:\n" + "\n".join(map(str, missing))
