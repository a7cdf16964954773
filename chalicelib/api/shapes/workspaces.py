"""Workspaces, their settings and their people."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from chalicelib.api.shapes import Shape
from chalicelib.domain.errors import require
from chalicelib.domain.rights import RIGHTS, Right, Role, Scope, Standing, scopes_of
from chalicelib.domain.workspace import DailyLimit, DailyWindow, LimitUnit, Retention
from chalicelib.usecases.settings import UNCHANGED, RetentionChanges, SettingsChanges

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.invitation import Invitation, JoinRequest
    from chalicelib.domain.membership import Member
    from chalicelib.domain.workspace import Workspace
    from chalicelib.usecases.members import MemberView

T = TypeVar("T")

TIME_OF_DAY = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)


class WindowShape(Shape, frozen=True):
    opens: str
    closes: str


class LimitShape(Shape, frozen=True):
    count: int
    unit: LimitUnit = LimitUnit.SEGMENTS


class RetentionShape(Shape, frozen=True):
    """What is left out stays as it is."""

    audit_days: int | UnsetType = UNSET
    list_days: int | UnsetType = UNSET
    ledger_days: int | UnsetType = UNSET
    message_days: int | UnsetType = UNSET
    export_days: int | UnsetType = UNSET


class Settings(Shape, frozen=True):
    """What is left out stays as it is; null takes a window or a limit away."""

    name: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    self_approval: bool | UnsetType = UNSET
    daily_window: WindowShape | UnsetType | None = UNSET
    daily_limit: LimitShape | UnsetType | None = UNSET
    retention: RetentionShape | UnsetType = UNSET
    # All of what differs from the table: {} makes everything as it was in the beginning.
    permissions: dict[Right, dict[Standing, Scope]] | UnsetType = UNSET


class NewWorkspace(Shape, frozen=True):
    name: str
    time_zone: str
    # Of its first admin, who gets an invitation.
    admin_email: str


class RoleShape(Shape, frozen=True):
    role: Role
    is_moderator: bool = False


class NewInvitation(Shape, frozen=True):
    email: str
    role: Role
    is_moderator: bool = False


class AcceptInvitation(Shape, frozen=True):
    token: str
    # Of someone who has no account yet; whoever is signed in needs neither.
    name: str | None = None
    password: str | None = None


class AskToJoin(Shape, frozen=True):
    code: str
    # Of someone who has no account yet; whoever is signed in needs neither.
    email: str | None = None
    name: str | None = None


class ConfirmJoin(Shape, frozen=True):
    token: str
    password: str


class WindowOut(msgspec.Struct, frozen=True):
    opens: str
    closes: str


class WorkspaceOut(msgspec.Struct, frozen=True):
    id: str
    name: str
    time_zone: str
    self_approval: bool
    daily_window: WindowOut | None
    daily_limit: DailyLimit | None
    retention: Retention
    permissions: dict[str, dict[str, str]]
    created_at: datetime
    version: int


class RightOut(msgspec.Struct, frozen=True):
    right: Right
    does: str
    scopes: dict[Standing, Scope]
    fixed: bool


class Rights(msgspec.Struct, frozen=True):
    """What each role may do in this workspace, as it is now."""

    items: list[RightOut]


class MemberOut(msgspec.Struct, frozen=True):
    user: str
    name: str
    # Null for those who do not administer the workspace.
    email: str | None
    role: Role
    is_moderator: bool
    created_at: datetime


class InvitationOut(msgspec.Struct, frozen=True):
    id: str
    email: str
    role: Role
    is_moderator: bool
    status: str
    invited_by: str
    accepted_by: str | None
    created_at: datetime
    expires_at: datetime
    mailed_at: datetime | None


class JoinRequestOut(msgspec.Struct, frozen=True):
    user: str
    email: str
    name: str
    status: str
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class SeatOut(msgspec.Struct, frozen=True):
    workspace: str
    user: str
    role: Role
    is_moderator: bool


class JoinCode(msgspec.Struct, frozen=True):
    code: str | None


def workspace(item: Workspace) -> WorkspaceOut:
    window = item.daily_window
    return WorkspaceOut(
        id=item.id,
        name=item.name,
        time_zone=item.time_zone,
        self_approval=item.self_approval,
        daily_window=WindowOut(_time(window.opens), _time(window.closes)) if window else None,
        daily_limit=item.daily_limit,
        retention=item.retention,
        permissions={
            right.value: {standing.value: scope.value for standing, scope in scopes.items()}
            for right, scopes in item.permissions.items()
        },
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
        status=item.status.value,
        created_at=item.created_at,
        decided_by=item.decided_by,
        decided_at=item.decided_at,
    )


def revision(given: Settings) -> SettingsChanges:
    kept = given.retention
    return SettingsChanges(
        name=_value(given.name),
        time_zone=_value(given.time_zone),
        self_approval=_value(given.self_approval),
        daily_window=_value(given.daily_window, _window_of),
        daily_limit=_value(given.daily_limit, lambda limit: DailyLimit(limit.count, limit.unit)),
        permissions=_value(given.permissions),
        retention=RetentionChanges()
        if isinstance(kept, UnsetType)
        else RetentionChanges(
            **{name: _value(getattr(kept, name)) for name in kept.__struct_fields__}
        ),
    )


def _value(given: T | UnsetType, made: Callable[[Any], Any] | None = None) -> Any:  # noqa: ANN401 - of each setting's own type
    if isinstance(given, UnsetType):
        return UNCHANGED
    return made(given) if made and given is not None else given


def _window_of(given: WindowShape) -> DailyWindow:
    require(
        *(
            (
                TIME_OF_DAY.fullmatch(getattr(given, name)) is not None,
                f"daily_window.{name}",
                "use a time of day such as 08:00, or 24:00 for its end",
            )
            for name in ("opens", "closes")
        )
    )
    return DailyWindow(_minutes(given.opens), _minutes(given.closes))


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
