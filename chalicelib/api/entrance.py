"""Ways into a workspace, for those who are not in it yet (SPEC 2.3): accept an invitation, or ask
with a join code. Whoever is signed in comes as who they are, others make an account on the way.
"""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.http import presented
from chalicelib.api.routing import Ask, anyone
from chalicelib.api.shapes import Acknowledged
from chalicelib.api.shapes import workspaces as shapes
from chalicelib.domain.errors import (
    Conflict,
    Forbidden,
    NotFound,
    Stale,
    Unauthenticated,
    require,
)

routes = Blueprint(__name__)

JOIN = "/v1/join-requests"


@anyone(
    routes,
    "POST",
    "/v1/invitations/accept",
    takes=shapes.AcceptInvitation,
    gives=shapes.SeatOut,
    status=201,
    refuses=(Unauthenticated, Forbidden, Conflict, Stale),
    knows_people=True,
)
def accept_invitation(ask: Ask, given: shapes.AcceptInvitation) -> shapes.SeatOut:
    """Become a member, by the token in the invitation's mail."""
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
    return shapes.seat(joined)


@anyone(
    routes,
    "POST",
    JOIN,
    takes=shapes.AskToJoin,
    gives=Acknowledged,
    status=202,
    refuses=(Unauthenticated, Forbidden, NotFound, Conflict, Stale),
    knows_people=True,
)
def ask_to_join(ask: Ask, given: shapes.AskToJoin) -> Acknowledged:
    """Ask with a workspace's join code; an admin decides. Whoever is not signed in gets a mail
    first, which proves the address.
    """
    token = presented(ask.request)
    if token:
        user = ask.api.identity.session(token).user
        ask.api.joining.ask_as(user, given.code, ask.origin)
        return Acknowledged("an admin will decide")
    require(
        (given.email is not None, "email", "give one, or sign in first if you have an account"),
        (given.name is not None, "name", "give one, or sign in first"),
    )
    ask.api.joining.ask(given.code, given.email or "", given.name or "")
    return Acknowledged("a mail is on its way")


@anyone(
    routes,
    "POST",
    JOIN + "/confirm",
    takes=shapes.ConfirmJoin,
    gives=Acknowledged,
    status=202,
    refuses=(Conflict, Stale),
)
def confirm_join(ask: Ask, given: shapes.ConfirmJoin) -> Acknowledged:
    """Makes the account of whoever holds the mail, and their request."""
    ask.api.joining.confirm(given.token, given.password, ask.origin)
    return Acknowledged("an admin will decide")
