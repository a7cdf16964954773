"""Workspaces, their settings and their people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.shapes import Shape
from chalicelib.api.shapes.daily import (
    LimitShape,
    WindowOut,
    WindowShape,
    ZoneName,
    limit_of,
    value,
    window,
    window_of,
)
from chalicelib.api.shapes.people import Email, MailedToken, NewPassword, PersonName
from chalicelib.domain.invitation import InvitationStatus, JoinStatus
from chalicelib.domain.rights import RIGHTS, Right, Role, Scope, Standing, scopes_of
from chalicelib.domain.workspace import AUDIT_DAYS_MIN, DAYS_MAX, NAME_MAX, DailyLimit, Retention
from chalicelib.usecases.settings import RetentionChanges, SettingsChanges

if TYPE_CHECKING:
    from chalicelib.domain.invitation import Invitation, JoinRequest
    from chalicelib.domain.membership import Member
    from chalicelib.domain.workspace import Workspace
    from chalicelib.usecases.members import MemberView

INVITATION_STATES: Final = [*(each.value for each in InvitationStatus), "expired"]
WorkspaceName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=NAME_MAX,
        description="Printable characters, not all of them spaces.",
        examples=["Acme"],
    ),
]
WorkspaceId = Annotated[str, Meta(examples=["wsp_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
UserId = Annotated[str, Meta(examples=["usr_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
Days = Annotated[int, Meta(ge=1, le=DAYS_MAX)]
IsModerator = Annotated[
    bool, Meta(description="Only an author can carry it: others may decide anyway, or never.")
]
JoinCodeText = Annotated[str, Meta(examples=["wsp_01jqz7c3n2v6w8x9y0a1b2c3d4.7K2MP9QXVA"])]


class RetentionShape(Shape, frozen=True):
    """For how many days things are kept. What is left out stays as it is."""

    audit_days: Annotated[int, Meta(ge=AUDIT_DAYS_MIN, le=DAYS_MAX)] | UnsetType = UNSET
    list_days: Days | UnsetType = UNSET
    ledger_days: Days | UnsetType = UNSET
    message_days: Days | UnsetType = UNSET
    export_days: Days | UnsetType = UNSET


class Settings(Shape, frozen=True):
    """What is left out stays as it is; null takes a window or a limit away."""

    name: WorkspaceName | UnsetType = UNSET
    time_zone: ZoneName | UnsetType = UNSET
    self_approval: (
        Annotated[bool, Meta(description="Whether one may approve what one wrote.")] | UnsetType
    ) = UNSET
    daily_window: WindowShape | UnsetType | None = UNSET
    daily_limit: LimitShape | UnsetType | None = UNSET
    retention: RetentionShape | UnsetType = UNSET
    permissions: (
        Annotated[
            dict[Right, dict[Standing, Scope]],
            Meta(
                description="All of what differs from the table of rights: {} makes everything as "
                "it was in the beginning.",
                examples=[{"exports:write": {"author": "none"}}],
            ),
        ]
        | UnsetType
    ) = UNSET


class NewWorkspace(Shape, frozen=True):
    name: WorkspaceName
    time_zone: ZoneName
    # Of its first admin, who gets an invitation.
    admin_email: Email


class RoleShape(Shape, frozen=True):
    role: Role
    is_moderator: IsModerator = False


class NewInvitation(Shape, frozen=True):
    email: Email
    role: Role
    is_moderator: IsModerator = False


class AcceptInvitation(Shape, frozen=True):
    """Whoever is signed in needs neither name nor password; others get an account with them."""

    token: MailedToken
    name: PersonName | None = None
    password: NewPassword | None = None


class AskToJoin(Shape, frozen=True):
    """Whoever is signed in needs neither address nor name."""

    code: JoinCodeText
    email: Email | None = None
    name: PersonName | None = None


class ConfirmJoin(Shape, frozen=True):
    token: MailedToken
    password: NewPassword


class WorkspaceOut(msgspec.Struct, frozen=True):
    id: WorkspaceId
    name: WorkspaceName
    time_zone: ZoneName
    self_approval: bool
    daily_window: WindowOut | None
    daily_limit: DailyLimit | None
    retention: Retention
    permissions: Annotated[
        dict[Right, dict[Standing, Scope]],
        Meta(description="What differs from the table of rights.", examples=[{}]),
    ]
    created_at: datetime
    version: int


class RightOut(msgspec.Struct, frozen=True):
    right: Right
    does: Annotated[str, Meta(examples=["export recipients"])]
    scopes: dict[Standing, Scope]
    fixed: Annotated[bool, Meta(description="Whether it is the same in every workspace.")]


class Rights(msgspec.Struct, frozen=True):
    """What each role may do in this workspace, as it is now."""

    items: list[RightOut]


class MemberOut(msgspec.Struct, frozen=True):
    user: UserId
    name: Annotated[str, Meta(examples=["Ann Author"])]
    email: Annotated[
        str | None,
        Meta(
            description="Null for those who do not administer the workspace.",
            examples=["ann@example.com"],
        ),
    ]
    role: Role
    is_moderator: bool
    created_at: datetime


class InvitationOut(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(examples=["inv_01jqz7c3n2v6w8x9y0a1b2c3d4"])]
    email: Email
    role: Role
    is_moderator: bool
    status: Annotated[str, Meta(extra_json_schema={"enum": INVITATION_STATES})]
    invited_by: UserId
    accepted_by: UserId | None
    created_at: datetime
    expires_at: datetime
    mailed_at: Annotated[datetime | None, Meta(description="Null until its mail has left.")]


class JoinRequestOut(msgspec.Struct, frozen=True):
    user: UserId
    email: Email
    name: PersonName
    status: JoinStatus
    created_at: datetime
    decided_by: UserId | None
    decided_at: datetime | None


class SeatOut(msgspec.Struct, frozen=True):
    """The place in the workspace that somebody got."""

    workspace: WorkspaceId
    user: UserId
    role: Role
    is_moderator: bool


class JoinCode(msgspec.Struct, frozen=True):
    code: Annotated[JoinCodeText | None, Meta(description="Null: nobody can ask to join.")]


def workspace(item: Workspace) -> WorkspaceOut:
    return WorkspaceOut(
        id=item.id,
        name=item.name,
        time_zone=item.time_zone,
        self_approval=item.self_approval,
        daily_window=window(item.daily_window),
        daily_limit=item.daily_limit,
        retention=item.retention,
        permissions={right: dict(scopes) for right, scopes in item.permissions.items()},
        created_at=item.created_at,
        version=item.version,
    )


def rights(item: Workspace) -> Rights:
    columns = {standing: scopes_of(standing, item.permissions) for standing in Standing}
    return Rights(
        [
            RightOut(
                right=right,
                does=rule.does,
                scopes={standing: columns[standing][right] for standing in Standing},
                fixed=rule.fixed,
            )
            for right, rule in RIGHTS.items()
        ]
    )


def member(view: MemberView) -> MemberOut:
    item = view.member
    return MemberOut(
        user=item.user,
        name=view.name,
        email=view.email,
        role=item.role,
        is_moderator=item.is_moderator,
        created_at=item.created_at,
    )


def seat(item: Member) -> SeatOut:
    return SeatOut(item.workspace, item.user, item.role, item.is_moderator)


def invitation(item: Invitation, now: datetime) -> InvitationOut:
    return InvitationOut(
        id=item.id,
        email=item.email,
        role=item.role,
        is_moderator=item.is_moderator,
        status=item.state_at(now),
        invited_by=item.invited_by,
        accepted_by=item.accepted_by,
        created_at=item.created_at,
        expires_at=item.expires_at,
        mailed_at=item.mailed_at,
    )


def join_request(item: JoinRequest) -> JoinRequestOut:
    return JoinRequestOut(
        user=item.user,
        email=item.email,
        name=item.name,
        status=item.status,
        created_at=item.created_at,
        decided_by=item.decided_by,
        decided_at=item.decided_at,
    )


def revision(given: Settings) -> SettingsChanges:
    kept = given.retention
    return SettingsChanges(
        name=value(given.name),
        time_zone=value(given.time_zone),
        self_approval=value(given.self_approval),
        daily_window=value(given.daily_window, window_of),
        daily_limit=value(given.daily_limit, limit_of),
        permissions=value(given.permissions),
        retention=RetentionChanges()
        if isinstance(kept, UnsetType)
        else RetentionChanges(
            **{name: value(getattr(kept, name)) for name in kept.__struct_fields__}
        ),
    )
