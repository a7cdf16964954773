"""Members: seen by all, changed by admins, and never out of an admin's hands (SPEC 2.2)."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import (
    Forbidden,
    Invalid,
    MessageCenterError,
    NotFound,
    Outdated,
    Stale,
)
from chalicelib.domain.membership import LastAdmin
from chalicelib.domain.rights import KEY_RIGHTS, Right, Role, Scope
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.standing import ROUNDS
from tests.unit.usecases.people import ACME, OTHER, People, interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.usecases.auditing import Caller


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def admin(people: People) -> Caller:
    return people.person("admin@example.com", Role.ADMIN)


@pytest.fixture
def author(people: People) -> Caller:
    return people.person("author@example.com", Role.AUTHOR)


# --- seeing ---


def test_every_member_sees_who_is_there_and_admins_see_addresses(
    people: People, admin: Caller, author: Caller
) -> None:
    shown = people.members.page(author, None, 10).items
    assert [(item.member.user, item.name, item.email) for item in shown] == [
        (admin.user, "Admin", None),
        (author.user, "Author", None),
    ]
    shown = people.members.page(admin, None, 10).items
    assert [item.email for item in shown] == ["admin@example.com", "author@example.com"]
    assert people.members.get(author, admin.user).email is None
    assert people.members.get(admin, author.user).email == "author@example.com"


def test_members_come_in_pages(people: People, admin: Caller) -> None:
    users = [
        admin.user,
        *(people.person(f"p{number}@example.com", Role.AUTHOR).user for number in range(4)),
    ]
    seen, after = list[str](), None
    for _ in range(3):
        page = people.members.page(admin, after, 2)
        seen += [item.member.user for item in page.items]
        after = page.next
    assert seen == sorted(users)
    assert after is None


def test_a_workspace_shows_its_own_members_alone(people: People, admin: Caller) -> None:
    stranger = people.person("stranger@example.com", Role.AUTHOR, OTHER)
    assert [item.member.user for item in people.members.page(admin, None, 10).items] == [admin.user]
    for user in (stranger.user, "usr_missing"):
        with pytest.raises(NotFound, match="no such member"):
            people.members.get(admin, user)
        with pytest.raises(NotFound, match="no such member"):
            people.members.change_role(admin, user, Role.AUTHOR)
        with pytest.raises(NotFound, match="no such member"):
            people.members.remove(admin, user)


def test_who_may_not_view_sees_nobody(people: People, author: Caller) -> None:
    blind = replace(author, scopes={**author.scopes, Right.VIEW: Scope.NONE})
    with pytest.raises(Forbidden, match="view"):
        people.members.page(blind, None, 10)
    with pytest.raises(Forbidden, match="view"):
        people.members.get(blind, author.user)


# --- changing ---


def test_an_admin_changes_a_role_and_the_log_says_from_what_to_what(
    people: People, admin: Caller, author: Caller
) -> None:
    shown = people.members.change_role(admin, author.user, Role.AUTHOR, is_moderator=True)
    assert (shown.member.is_moderator, shown.email) == (True, "author@example.com")
    assert shown.member == people.member(ACME, author.user)
    record = people.records.audit[-1]
    assert (record.action, record.workspace, record.object) == ("member.changed", ACME, author.user)
    assert (record.actor, record.before, record.after) == (
        admin.actor,
        {"role": "author", "is_moderator": False},
        {"role": "author", "is_moderator": True},
    )


def test_a_changed_role_is_the_next_requests_rights(
    people: People, admin: Caller, author: Caller
) -> None:
    people.members.change_role(admin, author.user, Role.MODERATOR)
    assert people.caller(ACME, author.user).scopes[Right.DECIDE] is Scope.ALL
    assert people.caller(ACME, author.user).scopes[Right.WRITE_CAMPAIGN] is Scope.NONE


def test_what_is_so_already_is_not_written_again(
    people: People, admin: Caller, author: Caller
) -> None:
    before = len(people.records.audit)
    people.members.change_role(admin, author.user, Role.AUTHOR)
    assert len(people.records.audit) == before
    assert people.member(ACME, author.user).version == 1


def test_a_removed_member_is_gone_and_may_do_nothing(
    people: People, admin: Caller, author: Caller
) -> None:
    people.members.remove(admin, author.user)
    assert people.directory.seat(ACME, author.user) is None
    record = people.records.audit[-1]
    assert (record.action, record.object) == ("member.removed", author.user)
    assert record.before == {"role": "author", "is_moderator": False}
    with pytest.raises(NotFound, match="member"):
        people.members.remove(admin, author.user)


def test_the_roster_names_the_admins_and_changes_with_them(
    people: People, admin: Caller, author: Caller
) -> None:
    assert people.roster(ACME).admins == (admin.user,)
    people.members.change_role(admin, author.user, Role.ADMIN)
    assert people.roster(ACME).admins == (admin.user, author.user)
    people.members.change_role(admin, author.user, Role.MODERATOR)
    assert people.roster(ACME).admins == (admin.user,)
    people.members.change_role(admin, author.user, Role.ADMIN)
    people.members.remove(people.caller(ACME, author.user), admin.user)
    assert people.roster(ACME).admins == (author.user,)


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.MODERATOR])
def test_who_is_no_admin_changes_nobody(people: People, admin: Caller, role: Role) -> None:
    caller = people.person("who@example.com", role)
    for change in (
        lambda: people.members.change_role(caller, admin.user, Role.AUTHOR),
        lambda: people.members.remove(caller, admin.user),
        # Their own role neither, nor themselves; and nothing tells them who is there.
        lambda: people.members.change_role(caller, caller.user, Role.ADMIN),
        lambda: people.members.remove(caller, caller.user),
        lambda: people.members.remove(caller, "usr_missing"),
    ):
        with pytest.raises(Forbidden, match="manage members"):
            change()
    assert people.roster(ACME).admins == (admin.user,)


def test_nobody_changes_themselves(people: People, admin: Caller, author: Caller) -> None:
    people.members.change_role(admin, author.user, Role.ADMIN)
    for role in (Role.AUTHOR, Role.MODERATOR, Role.ADMIN):
        with pytest.raises(Forbidden, match="own membership"):
            people.members.change_role(admin, admin.user, role)
    with pytest.raises(Forbidden, match="own membership"):
        people.members.remove(admin, admin.user)
    root = people.caller(MASTER, people.root.user)
    with pytest.raises(Forbidden, match="own membership"):
        people.members.remove(root, root.user)


def test_nobody_becomes_super_admin_and_no_super_admin_anything_else(
    people: People, admin: Caller, author: Caller
) -> None:
    with pytest.raises(Invalid, match="role"):
        people.members.change_role(admin, author.user, Role.SUPER_ADMIN)
    other = people.add_member(MASTER, people.add_user("second@example.com"), Role.SUPER_ADMIN)
    root = people.caller(MASTER, people.root.user)
    for role in (Role.AUTHOR, Role.MODERATOR, Role.ADMIN):
        with pytest.raises(Invalid, match="role"):
            people.members.change_role(root, other.user, role)


def test_an_admin_of_one_workspace_changes_nobody_in_another(people: People, admin: Caller) -> None:
    stranger = people.person("stranger@example.com", Role.AUTHOR, OTHER)
    foreign = replace(admin, workspace=OTHER)
    with pytest.raises(NotFound, match="workspace"):
        people.members.change_role(foreign, stranger.user, Role.MODERATOR)
    with pytest.raises(NotFound, match="workspace"):
        people.members.remove(foreign, stranger.user)


def test_a_key_of_an_admins_is_no_admin(people: People, admin: Caller, author: Caller) -> None:
    key = replace(
        admin,
        scopes=dict.fromkeys(KEY_RIGHTS, Scope.ALL),
        actor=replace(admin.actor, user="key_a", role="api_key"),
    )
    with pytest.raises(Forbidden):
        people.members.remove(key, author.user)
    assert people.members.page(key, None, 10).items[0].email is None


def test_a_version_that_the_caller_names_must_be_the_stored_one(
    people: People, admin: Caller, author: Caller
) -> None:
    with pytest.raises(Outdated):
        people.members.change_role(admin, author.user, Role.MODERATOR, expected_version=7)
    shown = people.members.change_role(admin, author.user, Role.MODERATOR, expected_version=1)
    assert shown.member.version == 2

    def change(others: People) -> None:
        others.members.change_role(admin, author.user, Role.AUTHOR)

    with pytest.raises(Outdated):
        interrupt(people, change).members.change_role(
            admin, author.user, Role.ADMIN, expected_version=2
        )


# --- super admins, from outside ---


def test_a_super_admin_changes_members_of_a_workspace_that_is_not_theirs(
    people: People, admin: Caller, author: Caller
) -> None:
    visitor = people.visitor(ACME, people.root.user)
    assert people.members.get(visitor, author.user).email == "author@example.com"
    people.members.change_role(visitor, author.user, Role.ADMIN)
    people.members.remove(visitor, admin.user)
    assert people.records.audit[-1].actor.role == "super_admin"
    with pytest.raises(LastAdmin):
        people.members.remove(visitor, author.user)
    with pytest.raises(LastAdmin):
        people.members.change_role(visitor, author.user, Role.AUTHOR)
    assert people.admins(ACME) == {author.user}


def test_who_is_no_super_admin_any_more_visits_nobody(people: People, author: Caller) -> None:
    second = people.add_member(MASTER, people.add_user("second@example.com"), Role.SUPER_ADMIN)
    visitor = people.visitor(ACME, second.user)
    people.members.remove(people.caller(MASTER, people.root.user), second.user)
    with pytest.raises(NotFound, match="workspace"):
        people.members.remove(visitor, author.user)


# --- what somebody else did meanwhile ---


def test_an_admin_who_was_removed_meanwhile_does_nothing_more(
    people: People, admin: Caller, author: Caller
) -> None:
    second = people.person("second@example.com", Role.ADMIN)
    people.members.remove(second, admin.user)
    with pytest.raises(NotFound, match="workspace"):
        people.members.change_role(admin, author.user, Role.MODERATOR)
    with pytest.raises(NotFound, match="workspace"):
        people.members.remove(admin, author.user)


def test_an_admin_who_lost_the_role_meanwhile_does_nothing_more(
    people: People, admin: Caller, author: Caller
) -> None:
    second = people.person("second@example.com", Role.ADMIN)
    people.members.change_role(second, admin.user, Role.AUTHOR, is_moderator=True)
    with pytest.raises(Forbidden, match="manage members"):
        people.members.change_role(admin, author.user, Role.MODERATOR)
    with pytest.raises(Forbidden, match="manage members"):
        people.members.remove(admin, second.user)


def test_of_two_admins_who_remove_each_other_one_comes_too_late(
    people: People, admin: Caller
) -> None:
    second = people.person("second@example.com", Role.ADMIN)
    late = interrupt(people, lambda others: others.members.remove(second, admin.user))
    with pytest.raises(NotFound, match="workspace"):
        late.members.remove(admin, second.user)
    assert people.admins(ACME) == {second.user} == set(people.roster(ACME).admins)


def test_of_two_admins_who_demote_each_other_one_comes_too_late(
    people: People, admin: Caller
) -> None:
    second = people.person("second@example.com", Role.ADMIN)
    late = interrupt(
        people, lambda others: others.members.change_role(second, admin.user, Role.AUTHOR)
    )
    with pytest.raises(Forbidden):
        late.members.change_role(admin, second.user, Role.AUTHOR)
    assert people.admins(ACME) == {second.user} == set(people.roster(ACME).admins)


def test_two_who_remove_the_last_two_admins_leave_one(people: People, admin: Caller) -> None:
    second = people.person("second@example.com", Role.ADMIN)
    visitor = people.visitor(ACME, people.root.user)
    late = interrupt(people, lambda others: others.members.remove(visitor, second.user))
    with pytest.raises(LastAdmin):
        late.members.remove(visitor, admin.user)
    assert people.admins(ACME) == {admin.user} == set(people.roster(ACME).admins)


def test_a_role_is_decided_anew_on_what_somebody_else_made_of_it(
    people: People, admin: Caller, author: Caller
) -> None:
    second = people.person("second@example.com", Role.ADMIN)
    late = interrupt(
        people, lambda others: others.members.change_role(second, author.user, Role.MODERATOR)
    )
    late.members.change_role(admin, author.user, Role.ADMIN)
    assert people.member(ACME, author.user).role is Role.ADMIN
    assert people.records.audit[-1].before == {"role": "moderator", "is_moderator": False}
    late = interrupt(people, lambda others: others.members.remove(second, author.user))
    with pytest.raises(NotFound, match="member"):
        late.members.remove(admin, author.user)


def test_who_loses_every_round_is_told_so(people: People, admin: Caller, author: Caller) -> None:
    roles: Iterator[Role] = iter([Role.MODERATOR, Role.AUTHOR] * ROUNDS)
    visitor = people.visitor(ACME, people.root.user)
    late = interrupt(
        people,
        lambda others: others.members.change_role(visitor, author.user, next(roles)),
        times=ROUNDS,
    )
    with pytest.raises(Stale):
        late.members.change_role(admin, author.user, Role.ADMIN)
    assert people.roster(ACME).admins == (admin.user,)


@pytest.mark.parametrize("how", ["remove", "demote", "both"])
def test_two_threads_never_leave_a_workspace_without_an_admin(how: str) -> None:
    for _ in range(150):
        _one_round(how)


def _one_round(how: str) -> None:
    """Two admins turn on each other at once."""
    people = People()
    first = people.person("first@example.com", Role.ADMIN)
    second = people.person("second@example.com", Role.ADMIN)
    start, refusals = Barrier(2), list[MessageCenterError]()

    def turn(caller: Caller, other: Caller, *, remove: bool) -> None:
        start.wait()
        try:
            if remove:
                people.members.remove(caller, other.user)
            else:
                people.members.change_role(caller, other.user, Role.AUTHOR)
        except MessageCenterError as refusal:
            refusals.append(refusal)

    threads = [
        Thread(target=turn, args=(first, second), kwargs={"remove": how != "demote"}),
        Thread(target=turn, args=(second, first), kwargs={"remove": how == "remove"}),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (left,) = people.admins(ACME)
    assert people.roster(ACME).admins == (left,)
    assert len(refusals) == 1
