"""A workspace's settings, its join code, and new workspaces (SPEC 2.1, 2.3, 4.8, 5.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import (
    Conflict,
    Exists,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    Outdated,
)
from chalicelib.domain.invitation import Invitation
from chalicelib.domain.membership import Roster
from chalicelib.domain.rights import Right, Role, Scope, Standing
from chalicelib.domain.workspace import MASTER, DailyLimit, DailyWindow, LimitUnit, Workspace
from chalicelib.usecases.settings import RetentionChanges, SettingsChanges
from tests.unit.usecases.people import ACME, HERE, OTHER, PASSWORD, People, interrupt, token_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.auditing import Caller


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def admin(people: People) -> Caller:
    return people.person("admin@example.com", Role.ADMIN)


@pytest.fixture
def root(people: People) -> Caller:
    return people.caller(MASTER, people.root.user)


# --- settings ---


def test_what_is_named_changes_and_all_else_stays(people: People, admin: Caller) -> None:
    before = people.settings.get(admin)
    window, limit = DailyWindow(480, 1200), DailyLimit(5, LimitUnit.MESSAGES)
    changed = people.settings.revise(
        admin,
        SettingsChanges(
            name=" Acme Ltd ",
            daily_window=window,
            daily_limit=limit,
            retention=RetentionChanges(list_days=10),
            permissions={Right.EXPORT: {Standing.AUTHOR: Scope.NONE}},
        ),
    )
    assert changed == people.directory.workspace(ACME)
    assert changed == replace(
        before,
        name="Acme Ltd",
        daily_window=window,
        daily_limit=limit,
        retention=replace(before.retention, list_days=10),
        permissions={Right.EXPORT: {Standing.AUTHOR: Scope.NONE}},
        version=before.version + 1,
    )
    again = people.settings.revise(
        admin, SettingsChanges(time_zone="Europe/Paris", self_approval=True, permissions={})
    )
    assert again == replace(
        changed,
        time_zone="Europe/Paris",
        self_approval=True,
        permissions={},
        version=changed.version + 1,
    )


def test_none_takes_a_window_and_a_limit_away(people: People, admin: Caller) -> None:
    people.settings.revise(
        admin,
        SettingsChanges(
            daily_window=DailyWindow(0, 10), daily_limit=DailyLimit(5, LimitUnit.SEGMENTS)
        ),
    )
    changed = people.settings.revise(admin, SettingsChanges(daily_window=None, daily_limit=None))
    assert (changed.daily_window, changed.daily_limit) == (None, None)


def test_the_log_has_the_settings_before_and_after(people: People, admin: Caller) -> None:
    people.settings.revise(admin, SettingsChanges(self_approval=True))
    record = people.records.audit[-1]
    assert (record.action, record.workspace, record.object) == ("workspace.changed", ACME, ACME)
    assert record.actor == admin.actor
    differing = {name for name in record.after if record.before[name] != record.after[name]}
    assert differing == {"self_approval", "version"}
    assert (record.before["version"], record.after["version"]) == (1, 2)


def test_changed_permissions_are_the_next_requests_rights(people: People, admin: Caller) -> None:
    author = people.person("author@example.com", Role.AUTHOR)
    people.settings.revise(
        admin, SettingsChanges(permissions={Right.MANAGE_SENDER: {Standing.AUTHOR: Scope.ALL}})
    )
    assert not author.may(Right.MANAGE_SENDER)
    assert people.caller(ACME, author.user).may(Right.MANAGE_SENDER)


def test_a_change_that_changes_nothing_is_not_written(people: People, admin: Caller) -> None:
    before = len(people.records.audit)
    assert people.settings.revise(admin, SettingsChanges(name="Acme")).version == 1
    assert people.settings.revise(admin, SettingsChanges()).version == 1
    assert len(people.records.audit) == before


def test_bad_settings_are_refused_whole(people: People, admin: Caller) -> None:
    with pytest.raises(Invalid) as refusal:
        people.settings.revise(
            admin,
            SettingsChanges(
                name="New",
                time_zone="Mars",
                permissions={Right.ADMINISTER: {Standing.AUTHOR: Scope.ALL}},
            ),
        )
    assert {problem.field for problem in refusal.value.problems} == {"time_zone"}
    with pytest.raises(Invalid, match=r"permissions\.workspace:administer\.author"):
        people.settings.revise(
            admin, SettingsChanges(permissions={Right.ADMINISTER: {Standing.AUTHOR: Scope.ALL}})
        )
    assert people.directory.workspace(ACME).version == 1


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.MODERATOR])
def test_who_is_no_admin_reads_settings_and_changes_none(people: People, role: Role) -> None:
    caller = people.person("who@example.com", role)
    assert people.settings.get(caller).name == "Acme"
    calls: list[Callable[[], object]] = [
        lambda: people.settings.revise(caller, SettingsChanges(name="Mine")),
        lambda: people.settings.make_join_code(caller),
        lambda: people.settings.remove_join_code(caller),
        lambda: people.settings.join_code(caller),
    ]
    for refused in calls:
        with pytest.raises(Forbidden):
            refused()


def test_an_admin_who_lost_the_role_meanwhile_changes_nothing(
    people: People, admin: Caller
) -> None:
    second = people.person("second@example.com", Role.ADMIN)
    people.members.change_role(second, admin.user, Role.AUTHOR)
    calls: list[Callable[[], object]] = [
        lambda: people.settings.revise(admin, SettingsChanges(name="Mine")),
        lambda: people.settings.make_join_code(admin),
        lambda: people.settings.remove_join_code(admin),
    ]
    for refused in calls:
        with pytest.raises(Forbidden):
            refused()


def test_a_version_that_the_caller_names_must_be_the_stored_one(
    people: People, admin: Caller
) -> None:
    with pytest.raises(Outdated):
        people.settings.revise(admin, SettingsChanges(name="New"), expected_version=2)
    assert people.settings.revise(admin, SettingsChanges(name="New"), 1).version == 2
    late = interrupt(
        people, lambda others: others.settings.revise(admin, SettingsChanges(self_approval=True))
    )
    with pytest.raises(Outdated):
        late.settings.revise(admin, SettingsChanges(name="Newer"), 2)


def test_without_a_version_both_of_two_changes_at_once_are_kept(
    people: People, admin: Caller
) -> None:
    late = interrupt(
        people, lambda others: others.settings.revise(admin, SettingsChanges(self_approval=True))
    )
    changed = late.settings.revise(admin, SettingsChanges(name="New"))
    assert (changed.name, changed.self_approval, changed.version) == ("New", True, 3)


def test_a_changed_retention_holds_for_new_audit_records(people: People, admin: Caller) -> None:
    people.settings.revise(admin, SettingsChanges(retention=RetentionChanges(audit_days=30)))
    people.clock.advance(timedelta(minutes=1))
    people.settings.revise(admin, SettingsChanges(self_approval=True))
    before, after = people.records.audit[-2:]
    assert before.expires_at - before.at == timedelta(days=90)
    assert after.expires_at - after.at == timedelta(days=30)
    with pytest.raises(Invalid, match=r"retention\.audit_days"):
        people.settings.revise(admin, SettingsChanges(retention=RetentionChanges(audit_days=1)))


def test_super_admins_revise_the_master_workspace_and_any_other(
    people: People, root: Caller
) -> None:
    assert people.settings.revise(root, SettingsChanges(name="Head")).id == MASTER
    visitor = people.visitor(OTHER, root.user)
    assert people.settings.revise(visitor, SettingsChanges(name="Seen to")).id == OTHER


# --- the join code ---


def test_a_join_code_is_made_replaced_and_removed(people: People, admin: Caller) -> None:
    assert people.settings.join_code(admin) is None
    first = people.settings.make_join_code(admin).join_code
    assert first is not None
    assert first.startswith(f"{ACME}.")
    assert people.settings.join_code(admin) == first
    second = people.settings.make_join_code(admin).join_code
    assert second not in {None, first}
    assert people.settings.remove_join_code(admin).join_code is None
    assert people.settings.remove_join_code(admin).join_code is None
    assert people.actions() == ["join_code.made", "join_code.made", "join_code.removed"]
    assert not any(
        code and code in str(record) for record in people.records.audit for code in (first, second)
    )


def test_only_who_decides_on_requests_sees_the_join_code(people: People, admin: Caller) -> None:
    people.settings.make_join_code(admin)
    author = people.person("author@example.com", Role.AUTHOR)
    assert people.settings.get(admin).join_code is not None
    assert people.settings.get(author).join_code is None


def test_nobody_asks_to_become_a_super_admin(people: People, root: Caller) -> None:
    with pytest.raises(Conflict, match="no join code"):
        people.settings.make_join_code(root)


# --- new workspaces ---


def test_a_new_workspace_waits_for_its_first_admin(people: People, root: Caller) -> None:
    made = people.settings.create(root, " Shop ", "Europe/Berlin", " Ann@Example.com ")
    assert made == people.directory.workspace(made.id)
    assert (made.id[:4], made.name, made.self_approval) == ("wsp_", "Shop", False)
    assert len(people.data_keys.unwrap(made.id, made.wrapped_data_key)) == 32
    assert people.roster(made.id) == Roster(made.id, (), 1)
    record = people.records.audit[-1]
    assert (record.action, record.workspace, record.actor) == (
        "workspace.created",
        made.id,
        root.actor,
    )
    assert record.after["admin_email"] == "ann@example.com"
    (letter,) = people.post()
    assert letter.to == "ann@example.com"
    people.invitations.accept(token_in(letter), "Ann", PASSWORD, HERE)
    (admin,) = people.admins(made.id)
    assert people.roster(made.id).admins == (admin,)
    assert people.caller(made.id, admin).may(Right.ADMINISTER)
    assert people.directory.member(made.id, root.user) is None


def test_the_same_request_again_makes_no_other_workspace(people: People, root: Caller) -> None:
    def ask(name: str = "Shop") -> Workspace:
        return people.settings.create(root, name, "UTC", "ann@example.com", "key-1")

    first = ask()
    people.errands.posted.clear()  # as if the queue had not taken it
    assert ask() == first
    assert len(people.records.all(Workspace)) == 4
    assert len(people.post()) == 1
    ask()
    assert people.post() == []
    with pytest.raises(KeyReused):
        ask("Another")


def test_of_the_same_request_twice_at_once_one_makes_it(people: People, root: Caller) -> None:
    def ask(on: People) -> Workspace:
        return on.settings.create(root, "Shop", "UTC", "ann@example.com", "key-1")

    late = interrupt(people, ask)
    assert ask(late) == ask(people)
    assert len(people.records.all(Workspace)) == 4
    assert len(people.records.all(Invitation)) == 1


def test_bad_new_workspaces_name_their_fields(people: People, root: Caller) -> None:
    with pytest.raises(Invalid, match="admin_email"):
        people.settings.create(root, "Shop", "UTC", "ann")
    with pytest.raises(Invalid) as refusal:
        people.settings.create(root, "", "Mars", "ann@example.com")
    assert {problem.field for problem in refusal.value.problems} == {"name", "time_zone"}
    assert people.errands.posted == []


def test_super_admins_alone_make_workspaces_and_see_all(
    people: People, admin: Caller, root: Caller
) -> None:
    assert [item.id for item in people.settings.page(root, None, 10).items] == [MASTER, ACME, OTHER]
    assert people.settings.page(root, MASTER, 1).next == ACME
    refused: list[Callable[[Caller], object]] = [
        lambda caller: people.settings.create(caller, "Mine", "UTC", "a@example.com"),
        lambda caller: people.settings.page(caller, None, 10),
    ]
    for action in refused:
        for caller in (admin, people.visitor(ACME, root.user)):
            with pytest.raises(Forbidden, match="super admins"):
                action(caller)
        with pytest.raises(NotFound):
            action(replace(admin, workspace=MASTER))


def test_a_workspace_that_is_there_is_not_made_again(people: People, root: Caller) -> None:
    people.ids.new = lambda prefix: f"{prefix}_acme"  # type: ignore[method-assign]
    with pytest.raises(Exists):
        people.settings.create(root, "Shop", "UTC", "ann@example.com")
