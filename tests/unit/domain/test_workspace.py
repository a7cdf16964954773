"""Settings of a workspace (SPEC 4.8, 5.6): what is refused, and how the audit log has them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.rights import Right, Scope, Standing
from chalicelib.domain.workspace import (
    DAYS_MAX,
    LIMIT_MAX,
    DailyLimit,
    DailyWindow,
    LimitUnit,
    Retention,
    check_settings,
    facts,
    is_zone,
)
from tests.fakes import samples

if TYPE_CHECKING:
    from chalicelib.domain.workspace import Workspace


def settled(**changes: Any) -> Workspace:
    return samples.settled_workspace(**changes)


def test_good_settings_pass() -> None:
    check_settings(samples.workspace())
    check_settings(settled())
    check_settings(settled(daily_window=DailyWindow(0, 24 * 60), daily_limit=None))
    check_settings(settled(name="n" * 100, retention=Retention(30, 1, 1, DAYS_MAX, 1)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"name": "Acme\r\nBcc: everyone"}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"daily_window": DailyWindow(600, 600)}, "daily_window"),
        ({"daily_window": DailyWindow(1200, 600)}, "daily_window"),
        ({"daily_window": DailyWindow(-1, 600)}, "daily_window"),
        ({"daily_window": DailyWindow(0, 24 * 60 + 1)}, "daily_window"),
        ({"daily_limit": DailyLimit(0, LimitUnit.SEGMENTS)}, "daily_limit.count"),
        ({"daily_limit": DailyLimit(LIMIT_MAX + 1, LimitUnit.MESSAGES)}, "daily_limit.count"),
        ({"retention": Retention(audit_days=29)}, "retention.audit_days"),
        ({"retention": Retention(audit_days=DAYS_MAX + 1)}, "retention.audit_days"),
        ({"retention": Retention(list_days=0)}, "retention.list_days"),
        ({"retention": Retention(ledger_days=DAYS_MAX + 1)}, "retention.ledger_days"),
        ({"retention": Retention(message_days=-1)}, "retention.message_days"),
        ({"retention": Retention(export_days=0)}, "retention.export_days"),
        (
            {"permissions": {Right.ADMINISTER: {Standing.AUTHOR: Scope.ALL}}},
            "permissions.workspace:administer.author",
        ),
    ],
)
def test_a_bad_setting_names_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_settings(settled(**changes))
    assert [problem.field for problem in refusal.value.problems] == [field]


def test_all_bad_settings_are_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        check_settings(settled(name="", time_zone="x", retention=Retention(export_days=0)))
    fields = [problem.field for problem in refusal.value.problems]
    assert fields == ["name", "time_zone", "retention.export_days"]


@pytest.mark.parametrize("name", ["UTC", "Europe/London", "America/Argentina/Buenos_Aires"])
def test_zones_go_by_their_names(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize(
    "name", ["", "Europe", "Europe/", "../../etc/passwd", "/etc/passwd", "a\0b", "GMT+1", "x" * 300]
)
def test_what_is_no_zone_is_refused_and_leads_nowhere(name: str) -> None:
    assert not is_zone(name)


def test_audit_records_are_kept_for_so_many_days() -> None:
    assert Retention().audit == timedelta(days=90)
    assert Retention(audit_days=30).audit == timedelta(days=30)


def test_the_log_has_every_setting_and_no_secret() -> None:
    assert facts(settled(version=2)) == {
        "name": "Acme",
        "time_zone": "Europe/Berlin",
        "self_approval": False,
        "daily_window": "480-1200",
        "daily_limit": "10000 segments",
        "retention": "audit 120, lists 30, ledger 60, messages 90, exports 7",
        "permissions": "exports:write:admin=all exports:write:author=none",
        "join_code": "set",
        "version": 2,
    }
    plain = facts(samples.workspace())
    assert [
        plain[name] for name in ("daily_window", "daily_limit", "permissions", "join_code")
    ] == [None] * 4
