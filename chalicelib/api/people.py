"""Signing in and out, who one is, one's sessions, password and second factor (SPEC 2.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Response

from chalicelib.api.http import DEVICE_COOKIE, SESSION_COOKIE, cookie, kept_cookie, ok
from chalicelib.api.routing import Ask, anyone, person
from chalicelib.api.shapes import Acknowledged, Listing
from chalicelib.api.shapes import people as shapes
from chalicelib.domain.errors import (
    Conflict,
    SecondFactorNeeded,
    Stale,
    TooMany,
    Unauthenticated,
)
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


@anyone(routes, "GET", "/v1/health", gives=Acknowledged)
def health(_: Ask) -> Acknowledged:
    """Whether the API runs."""
    return Acknowledged("ok")


@anyone(
    routes,
    "POST",
    "/v1/sign-in",
    takes=shapes.SignIn,
    gives=shapes.SignedIn,
    status=201,
    refuses=(Unauthenticated, SecondFactorNeeded, TooMany),
    cookies=True,
)
def sign_in(ask: Ask, given: shapes.SignIn) -> Response:
    """A session of eight hours. Failed attempts lock the account, for a minute and then longer;
    whether there is such an account, no answer tells.
    """
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


@person(routes, "POST", "/v1/sign-out", gives=Acknowledged, cookies=True)
def sign_out(ask: Ask) -> Response:
    """Ends the session that the request comes with."""
    ask.api.identity.sign_out(ask.token, ask.origin)
    return ok(
        Acknowledged("signed out"),
        headers={"Set-Cookie": kept_cookie(SESSION_COOKIE, "", GONE)},
    )


@person(routes, "GET", ME, gives=shapes.Me)
def me(ask: Ask) -> shapes.Me:
    """Who is signed in, and in which workspaces."""
    user, memberships = ask.api.identity.whoami(ask.token)
    return shapes.Me(shapes.person(user), shapes.seats(memberships), csrf_token(ask.token))


@person(routes, "GET", SESSIONS, gives=Listing[shapes.SessionOut])
def show_sessions(ask: Ask) -> Listing[shapes.SessionOut]:
    """One's sessions that hold, newest first; all on one page."""
    current = digest_of(ask.token)
    found = ask.api.identity.sessions(ask.token)
    return Listing([shapes.session(item, current) for item in found], None)


@person(routes, "DELETE", SESSIONS, gives=shapes.Ended)
def end_other_sessions(ask: Ask) -> shapes.Ended:
    """All but the one of this request."""
    return shapes.Ended(ask.api.identity.end_other_sessions(ask.token, ask.origin))


@person(routes, "DELETE", SESSIONS + "/{session_id}", gives=Acknowledged)
def end_session(ask: Ask, session_id: str) -> Acknowledged:
    """One of one's own; it may be the one of this request."""
    ask.api.identity.end_session(ask.token, session_id, ask.origin)
    return Acknowledged("ended")


@person(
    routes,
    "POST",
    ME + "/password",
    takes=shapes.ChangePassword,
    gives=Acknowledged,
    refuses=(TooMany, Stale),
)
def change_password(ask: Ask, given: shapes.ChangePassword) -> Acknowledged:
    """Ends all other sessions; no device is known any more."""
    ask.api.account.change_password(ask.token, given.current, given.new, ask.origin)
    return Acknowledged("changed")


@anyone(routes, "POST", RESET, takes=shapes.AskReset, gives=Acknowledged, status=202)
def ask_reset(ask: Ask, given: shapes.AskReset) -> Acknowledged:
    """The same answer whether the address has an account or not."""
    ask.api.account.request_reset(given.email)
    return Acknowledged("if that address has an account, a mail is on its way")


@anyone(
    routes, "POST", RESET + "/confirm", takes=shapes.Reset, gives=Acknowledged, refuses=(Stale,)
)
def reset_password(ask: Ask, given: shapes.Reset) -> Acknowledged:
    """Ends all sessions; no device is known any more. A second factor stays."""
    ask.api.account.reset_password(given.token, given.password, ask.origin)
    return Acknowledged("changed")


@person(
    routes,
    "POST",
    FACTOR,
    takes=shapes.Confirmation,
    gives=shapes.Factor,
    status=201,
    refuses=(TooMany, Conflict, Stale),
)
def begin_second_factor(ask: Ask, given: shapes.Confirmation) -> shapes.Factor:
    """A new secret for an authenticator app; sign-in asks for nothing before it is confirmed."""
    secret, uri = ask.api.account.begin_second_factor(ask.token, given.password, ask.origin)
    return shapes.Factor(secret, uri)


@person(
    routes,
    "POST",
    FACTOR + "/confirm",
    takes=shapes.Code,
    gives=shapes.Recovery,
    refuses=(TooMany, Conflict, Stale),
)
def confirm_second_factor(ask: Ask, given: shapes.Code) -> shapes.Recovery:
    """From now on a sign-in needs a code."""
    codes = ask.api.account.confirm_second_factor(ask.token, given.code, ask.origin)
    return shapes.Recovery(codes)


@person(
    routes,
    "POST",
    FACTOR + "/remove",
    takes=shapes.RemoveFactor,
    gives=Acknowledged,
    refuses=(TooMany, Conflict, Stale),
)
def remove_second_factor(ask: Ask, given: shapes.RemoveFactor) -> Acknowledged:
    """The password is enough again."""
    ask.api.account.remove_second_factor(ask.token, given.password, given.code, ask.origin)
    return Acknowledged("removed")
