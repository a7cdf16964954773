"""Members, and the rules that keep a workspace in hands that are allowed to hold it (SPEC 2.2).

Nobody changes their own membership: neither up nor down nor out. The roster names a workspace's
admins; every change that makes or unmakes one rewrites it in the same transaction, so of two admins
who remove each other at once one comes too late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import Conflict, Forbidden, require
from chalicelib.domain.rights import Role, Standing
from chalicelib.domain.workspace import MASTER

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.audit import Facts

ADMINS: Final = frozenset({Role.ADMIN, Role.SUPER_ADMIN})


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


@dataclass(frozen=True, slots=True)
class Roster:
    """A workspace's admins. A workspace without any is a new one, whose first admin is invited."""

    workspace: str
    admins: tuple[str, ...] = ()
    version: int = 0


class LastAdmin(Conflict):
    def __init__(self) -> None:
        super().__init__("A workspace keeps at least one admin: make somebody else an admin first.")


def check_role(workspace: str, role: Role, *, is_moderator: bool) -> None:
    require(
        (
            (role is Role.SUPER_ADMIN) is (workspace == MASTER),
            "role",
            "members of the master workspace are super_admin, and nobody else is",
        ),
        (
            not is_moderator or role is Role.AUTHOR,
            "is_moderator",
            "only an author can carry it: moderators and admins may decide anyway",
        ),
    )


def check_other(by: str, member: Member) -> None:
    if by == member.user:
        raise Forbidden("Nobody changes their own membership: ask another admin.")


def change_role(member: Member, role: Role, *, is_moderator: bool, by: str) -> Member:
    check_other(by, member)
    check_role(member.workspace, role, is_moderator=is_moderator)
    return replace(member, role=role, is_moderator=is_moderator)


def roster_with(roster: Roster, user: str, role: Role) -> Roster | None:
    """The roster once `user` has `role`; None if it stays as it is."""
    return _roster(roster, user, admin=role in ADMINS)


def roster_without(roster: Roster, user: str) -> Roster | None:
    """The roster once `user` is gone; None if it stays as it is."""
    return _roster(roster, user, admin=False)


def _roster(roster: Roster, user: str, *, admin: bool) -> Roster | None:
    if admin is (user in roster.admins):
        return None
    if admin:
        return replace(roster, admins=(*roster.admins, user))
    left = tuple(other for other in roster.admins if other != user)
    if not left:
        raise LastAdmin
    return replace(roster, admins=left)


def facts(member: Member) -> Facts:
    return {"role": member.role.value, "is_moderator": member.is_moderator}
