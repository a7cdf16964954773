"""Workspaces and their settings (SPEC 2.1, 4.8, 5.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import require
from chalicelib.domain.rights import check_permissions

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.audit import Facts
    from chalicelib.domain.rights import Permissions

# Holds what belongs to the installation itself: people, channels, inbox (DESIGN 3). Its members are
# the super admins.
MASTER: Final = "master"

NAME_MAX: Final = 100
DAY_MINUTES: Final = 24 * 60
LIMIT_MAX: Final = 1_000_000_000
DAYS_MAX: Final = 3650
# Less would let an admin act and be forgotten before anybody looks.
AUDIT_DAYS_MIN: Final = 30


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """When messages may go out, in minutes of the local day; outside are the quiet hours."""

    opens: int
    closes: int


class LimitUnit(StrEnum):
    SEGMENTS = "segments"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class DailyLimit:
    count: int
    unit: LimitUnit


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days things are kept; of audit records, for those written from now on."""

    audit_days: int = 90
    list_days: int = 90
    ledger_days: int = 365
    message_days: int = 90
    export_days: int = 7

    @property
    def audit(self) -> timedelta:
        return timedelta(days=self.audit_days)


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
    # None: the whole day.
    daily_window: DailyWindow | None = None
    daily_limit: DailyLimit | None = None
    retention: Retention = field(default_factory=Retention)
    permissions: Permissions = field(default_factory=dict)
    # None: nobody can ask to join.
    join_code: str | None = None
    version: int = 0


def check_settings(workspace: Workspace) -> None:
    kept, name = workspace.retention, workspace.name.strip()
    require(
        # Mails carry it in their subject.
        (
            0 < len(name) <= NAME_MAX and workspace.name.isprintable(),
            "name",
            f"use 1 to {NAME_MAX} printable characters",
        ),
        (is_zone(workspace.time_zone), "time_zone", "use a name such as Europe/London or UTC"),
        *daily_checks(workspace.daily_window, workspace.daily_limit),
        (
            AUDIT_DAYS_MIN <= kept.audit_days <= DAYS_MAX,
            "retention.audit_days",
            f"must be {AUDIT_DAYS_MIN} to {DAYS_MAX}",
        ),
        *(
            (0 < days <= DAYS_MAX, f"retention.{name}", f"must be 1 to {DAYS_MAX}")
            for name, days in (
                ("list_days", kept.list_days),
                ("ledger_days", kept.ledger_days),
                ("message_days", kept.message_days),
                ("export_days", kept.export_days),
            )
        ),
    )
    check_permissions(workspace.permissions)


def daily_checks(
    window: DailyWindow | None, limit: DailyLimit | None
) -> tuple[tuple[bool, str, str], ...]:
    return (
        (
            window is None or 0 <= window.opens < window.closes <= DAY_MINUTES,
            "daily_window",
            "must open before it closes, between 00:00 and 24:00",
        ),
        (
            limit is None or 0 < limit.count <= LIMIT_MAX,
            "daily_limit.count",
            f"must be 1 to {LIMIT_MAX}; leave daily_limit null for none",
        ),
    )


def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    # A name may lead to a folder, hold a zero byte, or be a path out of the zones.
    except (KeyError, ValueError, OSError):
        return False
    return True


def facts(workspace: Workspace) -> Facts:
    """The settings as the audit log keeps them, before and after a change."""
    window, limit, kept = workspace.daily_window, workspace.daily_limit, workspace.retention
    changed = sorted(
        f"{right}:{standing}={scope}"
        for right, scopes in workspace.permissions.items()
        for standing, scope in scopes.items()
    )
    return {
        "name": workspace.name,
        "time_zone": workspace.time_zone,
        "self_approval": workspace.self_approval,
        "daily_window": f"{window.opens}-{window.closes}" if window else None,
        "daily_limit": f"{limit.count} {limit.unit}" if limit else None,
        "retention": (
            f"audit {kept.audit_days}, lists {kept.list_days}, ledger {kept.ledger_days}, "
            f"messages {kept.message_days}, exports {kept.export_days}"
        ),
        "permissions": " ".join(changed) or None,
        "join_code": "set" if workspace.join_code else None,
        "version": workspace.version,
    }
