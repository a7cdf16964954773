"""A workspace's settings and its people: members, invitations, join requests (SPEC 2.2, 2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api.http import body, if_match, ok, page_of, versioned
from chalicelib.api.routing import Call, member, super_admin
from chalicelib.api.shapes import Listing, Status
from chalicelib.api.shapes import workspaces as shapes
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


@super_admin(routes, "GET", "/workspaces")
def show_workspaces(call: Call) -> Listing:
    page = call.api.settings.page(call.who, *page_of(call.request))
    return Listing([shapes.workspace(item) for item in page.items], page.next)


@super_admin(routes, "POST", "/workspaces")
def create_workspace(call: Call) -> Response:
    new = body(call.request, shapes.NewWorkspace)
    made = call.api.settings.create(call.who, new.name, new.time_zone, new.admin_email, call.key)
    return versioned(shapes.workspace(made), made.version, 201)


@member(routes, "GET", "", Right.VIEW)
def show_workspace(call: Call) -> Response:
    item = call.api.settings.get(call.who)
    return versioned(shapes.workspace(item), item.version)


@member(routes, "PATCH", "", Right.ADMINISTER)
def change_settings(call: Call) -> Response:
    given = body(call.request, shapes.Settings)
    item = call.api.settings.revise(call.who, shapes.revision(given), if_match(call.request))
    return versioned(shapes.workspace(item), item.version)


@member(routes, "GET", "/rights", Right.VIEW)
def show_rights(call: Call) -> shapes.Rights:
    return shapes.rights(call.api.settings.get(call.who))


@member(routes, "GET", MEMBERS, Right.VIEW)
def show_members(call: Call) -> Listing:
    page = call.api.members.page(call.who, *page_of(call.request))
    return Listing([shapes.member(item) for item in page.items], page.next)


@member(routes, "GET", MEMBER, Right.VIEW)
def show_member(call: Call, user_id: str) -> Response:
    item = call.api.members.get(call.who, user_id)
    return versioned(shapes.member(item), item.member.version)


@member(routes, "PATCH", MEMBER, Right.ADMINISTER)
def change_role(call: Call, user_id: str) -> Response:
    given = body(call.request, shapes.RoleShape)
    item = call.api.members.change_role(
        call.who,
        user_id,
        given.role,
        is_moderator=given.is_moderator,
        expected_version=if_match(call.request),
    )
    return versioned(shapes.member(item), item.member.version)


@member(routes, "DELETE", MEMBER, Right.ADMINISTER)
def remove_member(call: Call, user_id: str) -> Status:
    call.api.members.remove(call.who, user_id)
    return Status("removed")


@member(routes, "POST", INVITATIONS, Right.ADMINISTER)
def invite(call: Call) -> Response:
    new = body(call.request, shapes.NewInvitation)
    item = call.api.invitations.invite(
        call.who, new.email, new.role, is_moderator=new.is_moderator, key=call.key
    )
    return ok(_invitation(call, item), 201)


@member(routes, "GET", INVITATIONS, Right.ADMINISTER)
def show_invitations(call: Call) -> Listing:
    page = call.api.invitations.page(call.who, *page_of(call.request))
    return Listing([_invitation(call, item) for item in page.items], page.next)


@member(routes, "GET", INVITATION, Right.ADMINISTER)
def show_invitation(call: Call, invitation_id: str) -> shapes.InvitationOut:
    return _invitation(call, call.api.invitations.get(call.who, invitation_id))


@member(routes, "POST", INVITATION + "/revoke", Right.ADMINISTER)
def revoke_invitation(call: Call, invitation_id: str) -> shapes.InvitationOut:
    return _invitation(call, call.api.invitations.revoke(call.who, invitation_id))


@member(routes, "POST", INVITATION + "/resend", Right.ADMINISTER)
def resend_invitation(call: Call, invitation_id: str) -> shapes.InvitationOut:
    return _invitation(call, call.api.invitations.resend(call.who, invitation_id))


@member(routes, "GET", JOIN_CODE, Right.ADMINISTER)
def show_join_code(call: Call) -> shapes.JoinCode:
    return shapes.JoinCode(call.api.settings.join_code(call.who))


@member(routes, "POST", JOIN_CODE, Right.ADMINISTER)
def make_join_code(call: Call) -> Response:
    """A new one; the one before it is no good any more."""
    return ok(shapes.JoinCode(call.api.settings.make_join_code(call.who).join_code), 201)


@member(routes, "DELETE", JOIN_CODE, Right.ADMINISTER)
def remove_join_code(call: Call) -> shapes.JoinCode:
    return shapes.JoinCode(call.api.settings.remove_join_code(call.who).join_code)


@member(routes, "GET", JOIN_REQUESTS, Right.ADMINISTER)
def show_join_requests(call: Call) -> Listing:
    page = call.api.joining.page(call.who, *page_of(call.request))
    return Listing([shapes.join_request(item) for item in page.items], page.next)


@member(routes, "POST", JOIN_REQUEST + "/approve", Right.ADMINISTER)
def approve_join_request(call: Call, user_id: str) -> shapes.JoinRequestOut:
    given = body(call.request, shapes.RoleShape)
    return shapes.join_request(
        call.api.joining.approve(call.who, user_id, given.role, is_moderator=given.is_moderator)
    )


@member(routes, "POST", JOIN_REQUEST + "/reject", Right.ADMINISTER)
def reject_join_request(call: Call, user_id: str) -> shapes.JoinRequestOut:
    return shapes.join_request(call.api.joining.reject(call.who, user_id))


def _invitation(call: Call, item: Invitation) -> shapes.InvitationOut:
    return shapes.invitation(item, call.api.clock.now())
