"""Signing in and out, who one is, one's sessions, password and second factor (SPEC 2.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Response

from chalicelib.api.http import (
    DEVICE_COOKIE,
    SESSION_COOKIE,
    body,
    cookie,
    kept_cookie,
    ok,
)
from chalicelib.api.routing import Ask, anyone, person
from chalicelib.api.shapes import Listing, Status
from chalicelib.api.shapes import people as shapes
from chalicelib.domain.identity import DEVICE_LENGTH, SESSION_LENGTH, csrf_token, digest_of
from chalicelib.usecases.identity import SignInRequest

if TYPE_CHECKING:
    from chalicelib.usecases.identity import SignedIn

routes = Blueprint(__name__)

ME = "/v1/me"
SESSIONS = ME + "/sessions"
FACTOR = ME + "/second-factor"
RESET = "/v1/password-reset"
GONE = timedelta(0)


@anyone(routes, "GET", "/v1/health")
def health(_: Ask) -> Status:
    return Status("ok")


@anyone(routes, "POST", "/v1/sign-in")
def sign_in(ask: Ask) -> Response:
    given = body(ask.request, shapes.SignIn)
    result = ask.api.identity.sign_in(
        SignInRequest(
            email=given.email,
            password=given.password,
            code=given.code,
            device=given.device or cookie(ask.request, DEVICE_COOKIE) or None,
        ),
        ask.origin,
    )
    return ok(
        _signed_in(result, cookies=given.cookie), 201, _cookies(result) if given.cookie else None
    )


def _signed_in(result: SignedIn, *, cookies: bool) -> shapes.SignedIn:
    return shapes.SignedIn(
        token=None if cookies else result.token,
        device=None if cookies else result.device,
        csrf=csrf_token(result.token),
        expires_at=result.session.expires_at,
        user=shapes.person(result.user),
        workspaces=shapes.seats(result.memberships),
    )


def _cookies(result: SignedIn) -> dict[str, list[str]]:
    kept = [kept_cookie(SESSION_COOKIE, result.token, SESSION_LENGTH)]
    if result.device is not None:
        kept.append(kept_cookie(DEVICE_COOKIE, result.device, DEVICE_LENGTH))
    return {"Set-Cookie": kept}


@person(routes, "POST", "/v1/sign-out")
def sign_out(ask: Ask) -> Response:
    ask.api.identity.sign_out(ask.token, ask.origin)
    return ok(
        Status("signed out"),
        headers={"Set-Cookie": kept_cookie(SESSION_COOKIE, "", GONE)},
    )


@person(routes, "GET", ME)
def me(ask: Ask) -> shapes.Me:
    user, memberships = ask.api.identity.whoami(ask.token)
    return shapes.Me(shapes.person(user), shapes.seats(memberships), csrf_token(ask.token))


@person(routes, "GET", SESSIONS)
def show_sessions(ask: Ask) -> Listing:
    current = digest_of(ask.token)
    found = ask.api.identity.sessions(ask.token)
    return Listing([shapes.session(item, current) for item in found], None)


@person(routes, "DELETE", SESSIONS)
def end_other_sessions(ask: Ask) -> shapes.Ended:
    return shapes.Ended(ask.api.identity.end_other_sessions(ask.token, ask.origin))


@person(routes, "DELETE", SESSIONS + "/{session_id}")
def end_session(ask: Ask, session_id: str) -> Status:
    ask.api.identity.end_session(ask.token, session_id, ask.origin)
    return Status("ended")


@person(routes, "POST", ME + "/password")
def change_password(ask: Ask) -> Status:
    given = body(ask.request, shapes.ChangePassword)
    ask.api.account.change_password(ask.token, given.current, given.new, ask.origin)
    return Status("changed")


@anyone(routes, "POST", RESET)
def ask_reset(ask: Ask) -> Response:
    """The same answer whether the address has an account or not."""
    ask.api.account.request_reset(body(ask.request, shapes.AskReset).email)
    return ok(Status("if that address has an account, a mail is on its way"), 202)


@anyone(routes, "POST", RESET + "/confirm")
def reset_password(ask: Ask) -> Status:
    given = body(ask.request, shapes.Reset)
    ask.api.account.reset_password(given.token, given.password, ask.origin)
    return Status("changed")


@person(routes, "POST", FACTOR)
def begin_second_factor(ask: Ask) -> Response:
    given = body(ask.request, shapes.Confirmation)
    secret, uri = ask.api.account.begin_second_factor(ask.token, given.password, ask.origin)
    return ok(shapes.Factor(secret, uri), 201)


@person(routes, "POST", FACTOR + "/confirm")
def confirm_second_factor(ask: Ask) -> shapes.Recovery:
    given = body(ask.request, shapes.Code)
    codes = ask.api.account.confirm_second_factor(ask.token, given.code, ask.origin)
    return shapes.Recovery(codes)


@person(routes, "POST", FACTOR + "/remove")
def remove_second_factor(ask: Ask) -> Status:
    given = body(ask.request, shapes.RemoveFactor)
    ask.api.account.remove_second_factor(ask.token, given.password, given.code, ask.origin)
    return Status("removed")
