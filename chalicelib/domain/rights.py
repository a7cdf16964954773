"""What each role may do (SPEC 2.2): the one table of rights. API, use cases, docs and tests read
it, nothing else decides.

A scope of OWN means "what this member authored". A workspace may change what its roles may do,
within limits: `fixed` rights stay as they are (they reach beyond the workspace, or would let
someone who is no admin make admins), and the super admin's column is nobody's to change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chalicelib.domain.errors import Forbidden, Invalid, Problem


class Role(StrEnum):
    AUTHOR = "author"
    MODERATOR = "moderator"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class Standing(StrEnum):
    """A column of the table: the role, with an author's moderator flag told apart."""

    AUTHOR = "author"
    AUTHOR_MODERATOR = "author_moderator"
    MODERATOR = "moderator"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class Right(StrEnum):
    """Values are stored and part of the API: they are never renamed."""

    WRITE_CAMPAIGN = "campaigns:write"
    DECIDE = "approvals:decide"
    RUN_CAMPAIGN = "campaigns:run"
    DELETE_CAMPAIGN = "campaigns:delete"
    MANAGE_SENDER = "senders:manage"
    WRITE_REVISION = "revisions:write"
    ADMINISTER = "workspace:administer"
    VIEW = "view"
    FEED = "recipients:feed"
    RELEASE = "starts:release"
    EXPORT = "exports:write"
    INTEGRATE = "integrations:manage"
    MANAGE_CHANNEL = "channels:manage"
    FULL_NUMBERS = "numbers:full"
    READ_AUDIT = "audit:read"
    VIEW_ARCHIVE = "archive:view"
    MONITOR = "monitoring:read"


class Scope(StrEnum):
    NONE = "none"
    OWN = "own"
    ALL = "all"


Scopes = Mapping[Right, Scope]
# What a workspace changed, and nothing else.
Permissions = Mapping[Right, Mapping[Standing, Scope]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `does` completes "You have no right to …"."""

    does: str
    scopes: Mapping[Standing, Scope]
    fixed: bool = False
    # Whether an API key may have it: a person approves every campaign (SPEC 4.3), and people alone
    # manage people and credentials.
    by_key: bool = True

    @property
    def has_authors(self) -> bool:
        """Whether OWN means anything: only what has an author can be somebody's own."""
        return Scope.OWN in self.scopes.values()


def _row(*scopes: Scope) -> dict[Standing, Scope]:
    return dict(zip(Standing, scopes, strict=True))


_NO, _OWN, _ALL = Scope.NONE, Scope.OWN, Scope.ALL

RIGHTS: Final[Mapping[Right, Rule]] = {
    Right.WRITE_CAMPAIGN: Rule(
        "create, edit, submit and archive campaigns", _row(_OWN, _OWN, _NO, _ALL, _ALL)
    ),
    Right.DECIDE: Rule(
        "approve and reject campaigns and revisions",
        _row(_NO, _ALL, _ALL, _ALL, _ALL),
        by_key=False,
    ),
    Right.RUN_CAMPAIGN: Rule(
        "start, pause, resume and cancel campaigns", _row(_OWN, _OWN, _NO, _ALL, _ALL)
    ),
    Right.DELETE_CAMPAIGN: Rule(
        "delete campaigns", _row(_NO, _NO, _NO, _NO, _ALL), fixed=True, by_key=False
    ),
    Right.MANAGE_SENDER: Rule("create and archive senders", _row(_NO, _NO, _NO, _ALL, _ALL)),
    Right.WRITE_REVISION: Rule(
        "create and submit revisions of senders", _row(_ALL, _ALL, _ALL, _ALL, _ALL)
    ),
    Right.ADMINISTER: Rule(
        "manage members, roles, invitations, join requests and settings",
        _row(_NO, _NO, _NO, _ALL, _ALL),
        fixed=True,
        by_key=False,
    ),
    Right.VIEW: Rule(
        "view campaigns, senders, lists, masked recipients and totals",
        _row(_ALL, _ALL, _ALL, _ALL, _ALL),
    ),
    Right.FEED: Rule("upload lists and feed Trigger campaigns", _row(_OWN, _OWN, _NO, _ALL, _ALL)),
    Right.RELEASE: Rule(
        "release or reschedule a missed start", _row(_NO, _ALL, _ALL, _ALL, _ALL), by_key=False
    ),
    Right.EXPORT: Rule("export recipients", _row(_OWN, _OWN, _NO, _ALL, _ALL)),
    Right.INTEGRATE: Rule(
        "manage suppression lists, clients, endpoints and API keys",
        _row(_NO, _NO, _NO, _ALL, _ALL),
        by_key=False,
    ),
    Right.MANAGE_CHANNEL: Rule(
        "manage channels", _row(_NO, _NO, _NO, _NO, _ALL), fixed=True, by_key=False
    ),
    Right.FULL_NUMBERS: Rule("see full phone numbers", _row(_NO, _NO, _NO, _ALL, _ALL)),
    Right.READ_AUDIT: Rule("read the audit log", _row(_OWN, _OWN, _ALL, _ALL, _ALL)),
    Right.VIEW_ARCHIVE: Rule("view the archive", _row(_ALL, _ALL, _NO, _ALL, _ALL)),
    Right.MONITOR: Rule("see monitoring and diagnostics", _row(_NO, _NO, _NO, _ALL, _ALL)),
}
KEY_RIGHTS: Final = frozenset(right for right, rule in RIGHTS.items() if rule.by_key)


# Made once: every request asks, and most workspaces change nothing.
_UNCHANGED: Final[Mapping[Standing, Scopes]] = {
    standing: MappingProxyType({right: rule.scopes[standing] for right, rule in RIGHTS.items()})
    for standing in Standing
}


def scopes_of(standing: Standing, permissions: Permissions) -> Scopes:
    """What someone of this standing may do, under what the workspace changed."""
    if not permissions:
        return _UNCHANGED[standing]
    return {
        right: permissions.get(right, {}).get(standing, rule.scopes[standing])
        for right, rule in RIGHTS.items()
    }


def check_permissions(permissions: Permissions) -> None:
    """Raise Invalid naming every change that no workspace may make."""
    problems = [
        Problem(f"permissions.{right}.{standing}", message)
        for right, changes in permissions.items()
        for standing, scope in changes.items()
        if (message := _objection(RIGHTS[right], standing, scope))
    ]
    if problems:
        raise Invalid(*problems)


def _objection(rule: Rule, standing: Standing, scope: Scope) -> str:
    if rule.fixed:
        return "is the same in every workspace: leave it out"
    if standing is Standing.SUPER_ADMIN:
        return "no workspace changes what a super admin may do: leave it out"
    if scope is Scope.OWN and not rule.has_authors:
        return "has no authors to tell apart: use all or none"
    return ""


def check(scopes: Scopes, user: str, right: Right, *, author: str | None = None) -> None:
    """Raise Forbidden unless `right` is among the scopes, over what `author` made if given."""
    scope = scopes.get(right, Scope.NONE)
    if scope is Scope.ALL:
        return
    if scope is Scope.OWN and author in {None, user}:
        return
    whose = " of others" if scope is Scope.OWN else ""
    raise Forbidden(f"You have no right to {RIGHTS[right].does}{whose} in this workspace.")
