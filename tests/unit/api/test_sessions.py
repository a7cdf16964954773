"""Signing in over HTTP: tokens, cookies and their CSRF token, lists of sessions, refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.api.http import DEVICE_COOKIE, SESSION_COOKIE
from tests.fakes.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.gateway import Answer, Gateway
    from tests.fakes.world import World

EMAIL = "author@example.com"


def attempt(gateway: Gateway, password: str = PASSWORD, **more: object) -> Answer:
    return gateway.call("POST", "/v1/sign-in", {"email": EMAIL, "password": password, **more})


def cookies(answer: Answer) -> dict[str, str]:
    found = [each.split(";")[0].partition("=") for each in answer.several["Set-Cookie"]]
    return {name: value for name, _, value in found}


def test_a_browser_gets_cookies_that_no_script_reads_and_no_token(gateway: Gateway) -> None:
    answer = attempt(gateway, cookie=True)
    assert (answer.body["token"], answer.body["device"]) == (None, None)
    assert set(cookies(answer)) == {SESSION_COOKIE, DEVICE_COOKIE}
    for cookie in answer.several["Set-Cookie"]:
        assert all(mark in cookie for mark in ("Path=/;", "Secure", "HttpOnly", "SameSite=Strict"))


def test_a_cookie_reads_but_changes_nothing_without_the_csrf_token(gateway: Gateway) -> None:
    answer = attempt(gateway, cookie=True)
    jar = {"Cookie": f"other=1; {SESSION_COOKIE}={cookies(answer)[SESSION_COOKIE]}"}
    me = gateway.call("GET", "/v1/me", headers=jar)
    assert me.status == 200
    assert me.body["csrf"] == answer.body["csrf"]
    for forged in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}):
        refused = gateway.call("POST", "/v1/sign-out", headers={**jar, **forged})
        assert refused.status == 403
        assert "X-CSRF-Token" in refused.body["detail"]
    sent = {**jar, "X-CSRF-Token": me.body["csrf"]}
    left = gateway.call("POST", "/v1/sign-out", headers=sent)
    assert left.status == 200
    assert "Max-Age=0" in left.headers["Set-Cookie"]
    assert gateway.call("GET", "/v1/me", headers=jar).status == 401


def test_a_workspace_route_takes_no_cookie_without_csrf_either(gateway: Gateway) -> None:
    answer = attempt(gateway, cookie=True)
    jar = {"Cookie": f"{SESSION_COOKIE}={cookies(answer)[SESSION_COOKIE]}"}
    path = "/v1/workspaces/wsp_a/lists"
    new = {"name": "a.csv", "size": 9}
    assert gateway.call("GET", path, headers=jar).status == 200
    assert gateway.call("POST", path, new, headers=jar).status == 403
    sent = {**jar, "X-CSRF-Token": answer.body["csrf"]}
    assert gateway.call("POST", path, new, headers=sent).status == 201


def test_a_bearer_token_needs_no_csrf_token(
    gateway: Gateway, sign_in: Callable[[str], str]
) -> None:
    assert gateway.call("POST", "/v1/sign-out", token=sign_in(EMAIL)).status == 200


@pytest.mark.parametrize("header", ["", "=", "a=b; ;;", f"{SESSION_COOKIE}", "\x7f=\udcff", "[]=1"])
def test_a_broken_cookie_is_none(gateway: Gateway, header: str) -> None:
    assert gateway.call("GET", "/v1/me", headers={"Cookie": header}).status == 401


def test_three_failures_lock_and_say_for_how_long(world: World, gateway: Gateway) -> None:
    for _ in range(3):
        assert attempt(gateway, "wrong horse battery").status == 401
    locked = attempt(gateway)
    assert (locked.status, locked.headers["Retry-After"]) == (429, "60")
    assert locked.body["type"].endswith(":too-many-attempts")
    world.clock.advance(timedelta(seconds=60))
    assert attempt(gateway).status == 201


def test_the_device_of_an_earlier_sign_in_is_let_in(gateway: Gateway) -> None:
    by_cookie = cookies(attempt(gateway, cookie=True))[DEVICE_COOKIE]
    by_body = attempt(gateway).body["device"]
    for _ in range(3):
        attempt(gateway, "wrong horse battery")
    assert attempt(gateway).status == 429
    assert attempt(gateway, device=by_body).status == 201
    jar = {"Cookie": f"{DEVICE_COOKIE}={by_cookie}"}
    given = {"email": EMAIL, "password": PASSWORD}
    assert gateway.call("POST", "/v1/sign-in", given, headers=jar).status == 201


def test_an_unknown_account_answers_as_a_wrong_password_does(gateway: Gateway) -> None:
    def answers(email: str) -> list[Answer]:
        given = {"email": email, "password": "wrong horse battery"}
        return [gateway.call("POST", "/v1/sign-in", given) for _ in range(5)]

    for known, unknown in zip(answers(EMAIL), answers("nobody@example.com"), strict=True):
        assert (known.status, known.body, known.headers) == (
            unknown.status,
            unknown.body,
            unknown.headers,
        )


def test_ones_sessions_are_listed_and_ended(
    gateway: Gateway, sign_in: Callable[[str], str]
) -> None:
    here, there, third = sign_in(EMAIL), sign_in(EMAIL), sign_in(EMAIL)
    listed = gateway.call("GET", "/v1/me/sessions", token=here).body["items"]
    assert len(listed) == 3
    (current,) = [each for each in listed if each["current"]]
    assert current["address"] == "192.0.2.1"
    others = [each["id"] for each in listed if not each["current"]]
    assert gateway.call("DELETE", f"/v1/me/sessions/{others[0]}", token=here).status == 200
    assert gateway.call("DELETE", f"/v1/me/sessions/{others[0]}", token=here).status == 404
    still = [gateway.call("GET", "/v1/me", token=token).status for token in (here, there, third)]
    assert sorted(still) == [200, 200, 401]
    assert gateway.call("DELETE", "/v1/me/sessions", token=here).body == {"sessions": 1}
    assert gateway.call("GET", "/v1/me", token=here).status == 200


def test_nobody_ends_a_session_of_somebody_else(
    gateway: Gateway, sign_in: Callable[[str], str]
) -> None:
    mine, theirs = sign_in(EMAIL), sign_in("moderator@example.com")
    (listed,) = gateway.call("GET", "/v1/me/sessions", token=theirs).body["items"]
    assert gateway.call("DELETE", f"/v1/me/sessions/{listed['id']}", token=mine).status == 404
    assert gateway.call("GET", "/v1/me", token=theirs).status == 200


def test_a_second_factor_from_beginning_to_end(
    gateway: Gateway, sign_in: Callable[[str], str]
) -> None:
    token = sign_in(EMAIL)
    factor = "/v1/me/second-factor"
    begun = gateway.call("POST", factor, {"password": PASSWORD}, token=token)
    assert begun.status == 201
    assert begun.body["uri"].startswith("otpauth://totp/")
    assert gateway.call("GET", "/v1/me", token=token).body["user"]["second_factor"] is False
    wrong = gateway.call("POST", factor + "/confirm", {"code": "0000000"}, token=token)
    assert wrong.status == 400


def test_a_reset_answers_alike_whether_there_is_an_account(world: World, gateway: Gateway) -> None:
    answers = [
        gateway.call("POST", "/v1/password-reset", {"email": email})
        for email in (EMAIL, "nobody@example.com")
    ]
    assert answers[0].status == answers[1].status == 202
    assert answers[0].body == answers[1].body
    assert [errand.email for errand in world.errands.posted] == [EMAIL, "nobody@example.com"]


def test_signing_in_outlives_an_audit_log_that_is_away(world: World, gateway: Gateway) -> None:
    world.audit_log.away = True
    assert attempt(gateway).status == 201
    assert attempt(gateway, "wrong horse battery").status == 401
    assert [record.action for record in world.fallback.waiting] == [
        "session.opened",
        "session.refused",
    ]
