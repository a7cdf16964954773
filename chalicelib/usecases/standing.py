"""What all use cases have in common that change who may do what (SPEC 2.2).

The acting person's rights are read again next to the change: a Caller is as old as its request. A
change that met another one is decided anew, on what is there then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from chalicelib.domain.errors import Exists, NotFound, Outdated, Stale
from chalicelib.domain.membership import roster_with
from chalicelib.domain.rights import Role, check, scopes_of
from chalicelib.domain.workspace import MASTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.membership import Member
    from chalicelib.domain.rights import Right
    from chalicelib.usecases.auditing import Caller
    from chalicelib.usecases.ports import Directory, Versioned

T = TypeVar("T")

# Each round that is lost is one that somebody else won.
ROUNDS: Final = 5


def anew(decide: Callable[[], T]) -> T:
    for _ in range(ROUNDS - 1):
        try:
            return decide()
        except Outdated:  # the caller named a version: there is nothing to decide anew
            raise
        except (Stale, Exists):
            continue
    return decide()


def must_still(directory: Directory, caller: Caller, right: Right) -> None:
    """A super admin acts by their membership of the master workspace, wherever they act."""
    caller.must(right)
    home = MASTER if caller.actor.role == Role.SUPER_ADMIN else caller.workspace
    seat = directory.seat(home, caller.user)
    if seat is None:
        raise NotFound("workspace")
    workspace, member = seat
    check(scopes_of(member.standing, workspace.permissions), caller.user, right)


def seated(directory: Directory, member: Member) -> tuple[Versioned, ...]:
    """What to commit for this member to be what they are: the roster too, if it changes."""
    roster = roster_with(directory.roster(member.workspace), member.user, member.role)
    return (member, roster) if roster else (member,)
