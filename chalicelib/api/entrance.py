"""Ways into a workspace, for those who are not in it yet (SPEC 2.3): accept an invitation, or ask
with a join code. Whoever is signed in comes as who they are, others make an account on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api.http import body, ok, presented
from chalicelib.api.routing import Ask, anyone
from chalicelib.api.shapes import Status
from chalicelib.api.shapes import workspaces as shapes
from chalicelib.domain.errors import require

if TYPE_CHECKING:
    from chalice.app import Response

routes = Blueprint(__name__)

JOIN = "/v1/join-requests"


@anyone(routes, "POST", "/v1/invitations/accept")
def accept_invitation(ask: Ask) -> Response:
    given = body(ask.request, shapes.AcceptInvitation)
    token = presented(ask.request)
    if token:
        user = ask.api.identity.session(token).user
        joined = ask.api.invitations.accept_as(user, given.token, ask.origin)
    else:
        require(
            (given.name is not None, "name", "give one, or sign in first if you have an account"),
            (given.password is not None, "password", "choose one, or sign in first"),
        )
        joined = ask.api.invitations.accept(
            given.token, given.name or "", given.password or "", ask.origin
        )
    return ok(shapes.seat(joined), 201)


@anyone(routes, "POST", JOIN)
def ask_to_join(ask: Ask) -> Response:
    given = body(ask.request, shapes.AskToJoin)
    token = presented(ask.request)
    if token:
        user = ask.api.identity.session(token).user
        ask.api.joining.ask_as(user, given.code, ask.origin)
        return ok(Status("an admin will decide"), 202)
    require(
        (given.email is not None, "email", "give one, or sign in first if you have an account"),
        (given.name is not None, "name", "give one, or sign in first"),
    )
    ask.api.joining.ask(given.code, given.email or "", given.name or "")
    return ok(Status("a mail is on its way"), 202)


@anyone(routes, "POST", JOIN + "/confirm")
def confirm_join(ask: Ask) -> Response:
    given = body(ask.request, shapes.ConfirmJoin)
    ask.api.joining.confirm(given.token, given.password, ask.origin)
    return ok(Status("an admin will decide"), 202)
