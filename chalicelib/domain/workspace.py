"""Workspaces, members and what each role may do (SPEC 2.1, 2.2).

`RIGHTS` is the one table of rights: API and use cases read it, nothing else decides. A scope of OWN
means "what this member authored".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# Holds what belongs to the installation itself: people, channels, inbox (DESIGN 3).
MASTER = "master"


class Role(StrEnum):
    AUTHOR = "author"
    MODERATOR = "moderator"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class Right(StrEnum):
    WRITE_CAMPAIGN = "create, edit and submit campaigns"
    DECIDE = "approve and reject"
    RUN_CAMPAIGN = "start, pause, resume and cancel campaigns"
    UPLOAD_LIST = "upload lists"
    VIEW = "view campaigns, senders, lists and masked recipients"


class Scope(Enum):
    NONE = 0
    OWN = 1
    ALL = 2


class Standing(Enum):
    """A column of the table: the role, with an author's moderator flag told apart."""

    AUTHOR = "author"
    AUTHOR_MODERATOR = "author + is_moderator"
    MODERATOR = "moderator"
    ADMIN = "admin"
    SUPER_ADMIN = "super admin"


def _row(*scopes: Scope) -> dict[Standing, Scope]:
    return dict(zip(Standing, scopes, strict=True))


_NO, _OWN, _ALL = Scope.NONE, Scope.OWN, Scope.ALL

RIGHTS: Mapping[Right, Mapping[Standing, Scope]] = {
    #                           author  +moderator  moderator  admin  super admin
    Right.WRITE_CAMPAIGN: _row(_OWN, _OWN, _NO, _ALL, _ALL),
    Right.DECIDE: _row(_NO, _ALL, _ALL, _ALL, _ALL),
    Right.RUN_CAMPAIGN: _row(_OWN, _OWN, _NO, _ALL, _ALL),
    Right.UPLOAD_LIST: _row(_OWN, _OWN, _NO, _ALL, _ALL),
    Right.VIEW: _row(_ALL, _ALL, _ALL, _ALL, _ALL),
}


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str
    name: str
    time_zone: str
    self_approval: bool
    # Wraps the HMAC key of this workspace's phone numbers (SPEC 5.5); the plain key is never
    # stored.
    wrapped_data_key: bytes
    created_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    workspace: str
    user: str
    role: Role
    is_moderator: bool
    created_at: datetime
    version: int = 0

    @property
    def standing(self) -> Standing:
        if self.role is Role.AUTHOR and self.is_moderator:
            return Standing.AUTHOR_MODERATOR
        return Standing[self.role.name]


def scope_of(member: Member, right: Right) -> Scope:
    return RIGHTS[right][member.standing]


def check(member: Member, right: Right, *, author: str | None = None) -> None:
    """Raise Forbidden unless `member` has `right`, over what `author` made where one is given."""
    scope = scope_of(member, right)
    if scope is Scope.ALL:
        return
    if scope is Scope.OWN and author in {None, member.user}:
        return
    whose = " of others" if scope is Scope.OWN else ""
    raise Forbidden(f"Your role in this workspace does not allow to {right.value}{whose}.")
