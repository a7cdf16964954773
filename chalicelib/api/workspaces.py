"""A workspace's settings and its people: members, invitations, join requests (SPEC 2.2, 2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api.http import if_match, versioned
from chalicelib.api.routing import Call, member, super_admin
from chalicelib.api.shapes import Acknowledged, Listing, Paging
from chalicelib.api.shapes import workspaces as shapes
from chalicelib.domain.errors import (
    AlreadyDecided,
    Conflict,
    IllegalMove,
    KeyReused,
    Outdated,
    Stale,
    TooMany,
)
from chalicelib.domain.rights import Right

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.domain.invitation import Invitation

routes = Blueprint(__name__)

MEMBERS = "/members"
MEMBER = MEMBERS + "/{user_id}"
INVITATIONS = "/invitations"
INVITATION = INVITATIONS + "/{invitation_id}"
JOIN_CODE = "/join-code"
JOIN_REQUESTS = "/join-requests"
JOIN_REQUEST = JOIN_REQUESTS + "/{user_id}"


@super_admin(routes, "GET", "/workspaces", query=Paging, gives=Listing[shapes.WorkspaceOut])
def show_workspaces(call: Call, query: Paging) -> Listing[shapes.WorkspaceOut]:
    """All workspaces of the installation."""
    page = call.api.settings.page(call.who, *query.at)
    return Listing([shapes.workspace(item) for item in page.items], page.next)


@super_admin(
    routes,
    "POST",
    "/workspaces",
    takes=shapes.NewWorkspace,
    gives=shapes.WorkspaceOut,
    status=201,
    refuses=(KeyReused,),
    etag=True,
)
def create_workspace(call: Call, new: shapes.NewWorkspace) -> Response:
    """A workspace, and an invitation for its first admin."""
    made = call.api.settings.create(call.who, new.name, new.time_zone, new.admin_email, call.key)
    return versioned(shapes.workspace(made), made.version, 201)


@member(routes, "GET", "", Right.VIEW, gives=shapes.WorkspaceOut, etag=True)
def show_workspace(call: Call) -> Response:
    """The workspace and its settings."""
    item = call.api.settings.get(call.who)
    return versioned(shapes.workspace(item), item.version)


@member(
    routes,
    "PATCH",
    "",
    Right.ADMINISTER,
    takes=shapes.Settings,
    gives=shapes.WorkspaceOut,
    refuses=(Outdated, Stale),
    etag=True,
)
def change_settings(call: Call, given: shapes.Settings) -> Response:
    """What is left out stays as it is."""
    item = call.api.settings.revise(call.who, shapes.revision(given), if_match(call.request))
    return versioned(shapes.workspace(item), item.version)


@member(routes, "GET", "/rights", Right.VIEW, gives=shapes.Rights)
def show_rights(call: Call) -> shapes.Rights:
    """What each role may do in this workspace, as it is now."""
    return shapes.rights(call.api.settings.get(call.who))


@member(routes, "GET", MEMBERS, Right.VIEW, query=Paging, gives=Listing[shapes.MemberOut])
def show_members(call: Call, query: Paging) -> Listing[shapes.MemberOut]:
    """Who belongs to the workspace, and as what."""
    page = call.api.members.page(call.who, *query.at)
    return Listing([shapes.member(item) for item in page.items], page.next)


@member(routes, "GET", MEMBER, Right.VIEW, gives=shapes.MemberOut, etag=True)
def show_member(call: Call, user_id: str) -> Response:
    """One member."""
    item = call.api.members.get(call.who, user_id)
    return versioned(shapes.member(item), item.member.version)


@member(
    routes,
    "PATCH",
    MEMBER,
    Right.ADMINISTER,
    takes=shapes.RoleShape,
    gives=shapes.MemberOut,
    refuses=(Outdated, Stale, Conflict),
    etag=True,
)
def change_role(call: Call, given: shapes.RoleShape, user_id: str) -> Response:
    """Takes effect on the very next request. Nobody changes their own, and one admin stays."""
    item = call.api.members.change_role(
        call.who,
        user_id,
        given.role,
        is_moderator=given.is_moderator,
        expected_version=if_match(call.request),
    )
    return versioned(shapes.member(item), item.member.version)


@member(routes, "DELETE", MEMBER, Right.ADMINISTER, gives=Acknowledged, refuses=(Stale, Conflict))
def remove_member(call: Call, user_id: str) -> Acknowledged:
    """Ends their invitations of others, and the secrets that they saw, too."""
    call.api.members.remove(call.who, user_id)
    return Acknowledged("removed")


@member(
    routes,
    "POST",
    INVITATIONS,
    Right.ADMINISTER,
    takes=shapes.NewInvitation,
    gives=shapes.InvitationOut,
    status=201,
    refuses=(KeyReused, Conflict, Stale),
)
def invite(call: Call, new: shapes.NewInvitation) -> shapes.InvitationOut:
    """A mail with a token that is good once, for seven days."""
    item = call.api.invitations.invite(
        call.who, new.email, new.role, is_moderator=new.is_moderator, key=call.key
    )
    return _invitation(call, item)


@member(
    routes,
    "GET",
    INVITATIONS,
    Right.ADMINISTER,
    query=Paging,
    gives=Listing[shapes.InvitationOut],
)
def show_invitations(call: Call, query: Paging) -> Listing[shapes.InvitationOut]:
    """Open ones, and those that were accepted, revoked or not taken in time."""
    page = call.api.invitations.page(call.who, *query.at)
    return Listing([_invitation(call, item) for item in page.items], page.next)


@member(routes, "GET", INVITATION, Right.ADMINISTER, gives=shapes.InvitationOut)
def show_invitation(call: Call, invitation_id: str) -> shapes.InvitationOut:
    """One invitation."""
    return _invitation(call, call.api.invitations.get(call.who, invitation_id))


@member(
    routes,
    "POST",
    INVITATION + "/revoke",
    Right.ADMINISTER,
    gives=shapes.InvitationOut,
    refuses=(IllegalMove, Stale),
)
def revoke_invitation(call: Call, invitation_id: str) -> shapes.InvitationOut:
    """Its token is no good any more."""
    return _invitation(call, call.api.invitations.revoke(call.who, invitation_id))


@member(
    routes,
    "POST",
    INVITATION + "/resend",
    Right.ADMINISTER,
    gives=shapes.InvitationOut,
    refuses=(IllegalMove, Stale, TooMany),
)
def resend_invitation(call: Call, invitation_id: str) -> shapes.InvitationOut:
    """Another mail, and seven days from now."""
    return _invitation(call, call.api.invitations.resend(call.who, invitation_id))


@member(routes, "GET", JOIN_CODE, Right.ADMINISTER, gives=shapes.JoinCode)
def show_join_code(call: Call) -> shapes.JoinCode:
    """What people show who ask to join."""
    return shapes.JoinCode(call.api.settings.join_code(call.who))


@member(
    routes,
    "POST",
    JOIN_CODE,
    Right.ADMINISTER,
    gives=shapes.JoinCode,
    status=201,
    refuses=(Stale,),
)
def make_join_code(call: Call) -> shapes.JoinCode:
    """A new one; the one before it is no good any more."""
    return shapes.JoinCode(call.api.settings.make_join_code(call.who).join_code)


@member(routes, "DELETE", JOIN_CODE, Right.ADMINISTER, gives=shapes.JoinCode, refuses=(Stale,))
def remove_join_code(call: Call) -> shapes.JoinCode:
    """Nobody can ask any more; requests that are there stay."""
    return shapes.JoinCode(call.api.settings.remove_join_code(call.who).join_code)


@member(
    routes,
    "GET",
    JOIN_REQUESTS,
    Right.ADMINISTER,
    query=Paging,
    gives=Listing[shapes.JoinRequestOut],
)
def show_join_requests(call: Call, query: Paging) -> Listing[shapes.JoinRequestOut]:
    """Those that wait, and those that were decided."""
    page = call.api.joining.page(call.who, *query.at)
    return Listing([shapes.join_request(item) for item in page.items], page.next)


@member(
    routes,
    "POST",
    JOIN_REQUEST + "/approve",
    Right.ADMINISTER,
    takes=shapes.RoleShape,
    gives=shapes.JoinRequestOut,
    refuses=(AlreadyDecided, Conflict, Stale),
)
def approve_join_request(
    call: Call, given: shapes.RoleShape, user_id: str
) -> shapes.JoinRequestOut:
    """Makes them a member. Nobody decides on their own request."""
    return shapes.join_request(
        call.api.joining.approve(call.who, user_id, given.role, is_moderator=given.is_moderator)
    )


@member(
    routes,
    "POST",
    JOIN_REQUEST + "/reject",
    Right.ADMINISTER,
    gives=shapes.JoinRequestOut,
    refuses=(AlreadyDecided, Stale),
)
def reject_join_request(call: Call, user_id: str) -> shapes.JoinRequestOut:
    """They may ask again."""
    return shapes.join_request(call.api.joining.reject(call.who, user_id))


def _invitation(call: Call, item: Invitation) -> shapes.InvitationOut:
    return shapes.invitation(item, call.api.clock.now())
