"""Every route as everyone: each role, API keys, strangers and nobody; in one's own workspace, in
another's and in none; with credentials that hold, have expired and were revoked.

Cases are made from the route table and the table of rights. A route without a body or a path value
here fails, so that nobody adds one without its case.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import app
from chalicelib import bootstrap
from chalicelib.api.routing import ROUTES, VISIT, WORKSPACE, Audience, Route
from chalicelib.domain.rights import KEY_RIGHTS, RIGHTS, Right, Scope, Standing
from tests.fakes.gateway import Gateway
from tests.fakes.matrix import BODIES, CLONE, MISSING, City

if TYPE_CHECKING:
    from tests.fakes.gateway import Answer

GATEWAY = Gateway(app)
OURS, THEIRS, NOWHERE = "wsp_a", "wsp_b", "wsp_none"
IN_WORKSPACE = [each for each in ROUTES if each.audience is Audience.MEMBER]
TWINS = [each for each in ROUTES if each.audience is Audience.VISITOR]
PERSONAL = [each for each in ROUTES if each.audience is Audience.PERSON]
OF_INSTALLATION = [each for each in ROUTES if each.audience is Audience.SUPER_ADMIN]
MEMBERS = [standing for standing in Standing if standing is not Standing.SUPER_ADMIN]
REFUSED = {401, 403, 404}


@pytest.fixture(scope="module")
def built() -> City:
    return City()


@pytest.fixture
def city(built: City, monkeypatch: pytest.MonkeyPatch) -> City:
    built.restore()
    monkeypatch.setattr(bootstrap, "api", lambda: built.world.api)
    return built


def ask(
    city: City, route: Route, token: str | None, workspace: str = OURS, **values: str
) -> Answer:
    """The route's own sample request, in a city that nothing has happened to yet."""
    city.restore()
    path = route.path.replace("{workspace}", workspace)
    for name, value in {**city.places, **values}.items():
        path = path.replace("{" + name + "}", value)
    assert "{" not in path, f"no value for {path} in tests/fakes/matrix.py"
    if route.method in {"POST", "PATCH", "PUT"}:
        assert (route.method, _below(route)) in BODIES, f"no body for {_below(route)}"
    body: Any = BODIES.get((route.method, _below(route)))
    return GATEWAY.call(route.method, path, city.body(body), token=token)


def _below(route: Route) -> str:
    return route.path.removeprefix(VISIT).removeprefix(WORKSPACE)


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def outcome(answer: Answer) -> tuple[int, str]:
    return answer.status, repr(answer.body)


def test_every_workspace_route_states_its_right() -> None:
    assert all(isinstance(each.right, Right) for each in IN_WORKSPACE + TWINS)
    assert set(Standing) == set(MEMBERS) | {Standing.SUPER_ADMIN}


@pytest.mark.parametrize("standing", MEMBERS)
@pytest.mark.parametrize("route", IN_WORKSPACE, ids=name)
def test_a_member_may_what_the_table_says(city: City, route: Route, standing: Standing) -> None:
    assert route.right is not None
    scope = RIGHTS[route.right].scopes[standing]
    token = city.tokens[standing]
    own, others = city.objects_by(standing), city.objects_by_another
    if city.has_author(route):
        expected = {Scope.NONE: (403, 403), Scope.OWN: (200, 403), Scope.ALL: (200, 200)}[scope]
        # What one moderates is by somebody else (self-approval is off).
        cases = [(others, expected[1])]
        if route.right is not Right.DECIDE:
            cases.append((own, expected[0]))
    else:
        enough = scope is Scope.ALL or scope is route.needs
        cases = [(others, 200 if enough else 403)]
    for values, expected_status in cases:
        answer = ask(city, route, token, **values)
        if expected_status == 403:
            assert answer.status == 403, answer.body
        else:
            assert answer.status not in REFUSED | {400, 500}, answer.body


@pytest.mark.parametrize("standing", MEMBERS)
@pytest.mark.parametrize(
    "route",
    [each for each in IN_WORKSPACE if each.right and not RIGHTS[each.right].fixed],
    ids=name,
)
def test_a_changed_table_holds_at_once(city: City, route: Route, standing: Standing) -> None:
    """Turn the right around for one standing: the same token gets the other answer."""
    assert route.right is not None
    scope = Scope.ALL if RIGHTS[route.right].scopes[standing] is Scope.NONE else Scope.NONE
    city.permit({route.right: {standing: scope}})
    try:
        answer = ask(city, route, city.tokens[standing], **city.objects_by_another)
    finally:
        city.permit({})
    if scope is Scope.NONE:
        assert answer.status == 403
    else:
        assert answer.status not in {401, 403, 404}, answer.body


@pytest.mark.parametrize("route", IN_WORKSPACE, ids=name)
def test_a_key_may_what_its_scopes_say(city: City, route: Route) -> None:
    for right in KEY_RIGHTS:
        answer = ask(city, route, city.keys[right], **city.objects_by_another)
        if right is route.right and not route.path.endswith(CLONE):
            assert answer.status not in REFUSED, answer.body
        else:
            assert answer.status == 403, (right, answer.body)


@pytest.mark.parametrize("route", IN_WORKSPACE, ids=name)
def test_another_workspace_is_as_one_that_is_not_there(city: City, route: Route) -> None:
    for standing in MEMBERS:
        token = city.tokens[standing]
        foreign = outcome(ask(city, route, token, THEIRS))
        assert foreign[0] == 404
        assert foreign == outcome(ask(city, route, token, NOWHERE))
    for token in city.keys.values():
        foreign = outcome(ask(city, route, token, THEIRS))
        assert foreign[0] == 401
        assert foreign == outcome(ask(city, route, token, NOWHERE))


@pytest.mark.parametrize("route", IN_WORKSPACE, ids=name)
def test_a_stranger_and_a_super_admin_find_no_workspace(city: City, route: Route) -> None:
    for token in (city.stranger, city.super_admin):
        ours = outcome(ask(city, route, token, OURS))
        assert ours[0] == 404
        assert ours == outcome(ask(city, route, token, NOWHERE))


@pytest.mark.parametrize("route", IN_WORKSPACE, ids=name)
def test_what_is_another_workspaces_is_as_what_is_not_there(city: City, route: Route) -> None:
    token = city.tokens[Standing.ADMIN]
    for parameter in city.parameters(route):
        foreign = outcome(ask(city, route, token, **{parameter: city.foreign[parameter]}))
        missing = outcome(ask(city, route, token, **{parameter: MISSING[parameter]}))
        if RIGHTS[route.right or Right.VIEW].scopes[Standing.ADMIN] is Scope.NONE:
            assert foreign[0] == missing[0] == 403
        else:
            assert foreign[0] == 404
        assert foreign == missing


@pytest.mark.parametrize("route", [*IN_WORKSPACE, *TWINS, *PERSONAL, *OF_INSTALLATION], ids=name)
def test_nothing_is_open_to_a_credential_that_does_not_hold(city: City, route: Route) -> None:
    answers = {
        kind: outcome(ask(city, route, token)) for kind, token in city.dead_credentials().items()
    }
    assert {status for status, _ in answers.values()} == {401}
    assert len(set(answers.values())) == 1, answers
    assert ask(city, route, None).status == 401


@pytest.mark.parametrize("route", TWINS, ids=name)
def test_a_super_admin_enters_by_the_twin_alone_and_leaves_a_record(
    city: City, route: Route
) -> None:
    answer = ask(city, route, city.super_admin, **city.objects_by_another)
    assert answer.status not in REFUSED | {400, 500}, answer.body
    visit = next(
        each for each in reversed(city.world.records.audit) if each.action == "workspace.visited"
    )
    assert (visit.workspace, visit.actor.role) == (OURS, "super_admin")
    entered = f"{route.method} {VISIT.replace('{workspace}', OURS)}"
    assert str(visit.after["request"]).startswith(entered)


@pytest.mark.parametrize("route", TWINS, ids=name)
def test_a_visit_that_cannot_be_recorded_does_not_happen(city: City, route: Route) -> None:
    city.world.audit_log.away = True
    try:
        before = city.changed()
        answer = ask(city, route, city.super_admin, **city.objects_by_another)
        assert answer.status == 503
        assert city.changed() == before
    finally:
        city.world.audit_log.away = False


@pytest.mark.parametrize("route", TWINS, ids=name)
def test_the_twin_is_nobody_elses(city: City, route: Route) -> None:
    for standing in MEMBERS:
        token = city.tokens[standing]
        ours = outcome(ask(city, route, token, OURS))
        assert ours[0] == 404
        assert ours == outcome(ask(city, route, token, NOWHERE))
    assert ask(city, route, city.super_admin, NOWHERE).status == 404
    for token in city.keys.values():
        assert ask(city, route, token).status == 401


@pytest.mark.parametrize("route", OF_INSTALLATION, ids=name)
def test_the_installation_is_the_super_admins(city: City, route: Route) -> None:
    assert ask(city, route, city.super_admin).status not in REFUSED | {400, 500}
    for token in (*(city.tokens[standing] for standing in MEMBERS), city.stranger):
        assert ask(city, route, token).status == 404
    for token in city.keys.values():
        assert ask(city, route, token).status == 401


@pytest.mark.parametrize("route", PERSONAL, ids=name)
def test_what_is_a_persons_own_is_no_keys(city: City, route: Route) -> None:
    assert ask(city, route, city.stranger).status not in {401, 403, 500}
    for token in city.keys.values():
        assert ask(city, route, token).status == 401


def test_a_member_who_is_removed_is_out_at_once(city: City) -> None:
    token = city.tokens[Standing.AUTHOR]
    route = next(each for each in IN_WORKSPACE if name(each) == f"GET {WORKSPACE}")
    assert ask(city, route, token).status == 200
    member = city.world.directory.member(OURS, city.people[Standing.AUTHOR])
    assert member is not None
    city.world.changes.commit(remove=[member], audit=city.world.audit())
    path = route.path.replace("{workspace}", OURS)
    assert GATEWAY.call("GET", path, token=token).status == 404


def test_a_session_that_expires_between_two_requests_is_no_good(city: City) -> None:
    route = next(each for each in IN_WORKSPACE if name(each) == f"GET {WORKSPACE}")
    token = city.tokens[Standing.ADMIN]
    before = city.world.clock.now()
    city.world.clock.advance(timedelta(hours=8))
    try:
        assert ask(city, route, token).status == 401
    finally:
        city.world.clock.advance(before - city.world.clock.now())


def test_a_forged_member_record_of_another_person_helps_nobody(city: City) -> None:
    """A right hangs on the record of this user in this workspace, not on any."""
    stranger = city.world.directory.user_by_email("stranger@example.com")
    assert stranger is not None
    admin = city.world.directory.member(OURS, city.people[Standing.ADMIN])
    assert admin is not None
    city.world.records.put(replace(admin, workspace=THEIRS, user=stranger.id))
    route = next(each for each in IN_WORKSPACE if name(each) == f"GET {WORKSPACE}")
    path = route.path.replace("{workspace}", OURS)
    assert GATEWAY.call("GET", path, token=city.stranger).status == 404
