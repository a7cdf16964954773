"""Members, the roster of admins, and what nobody may do to either (SPEC 2.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Conflict, Forbidden, Invalid
from chalicelib.domain.membership import (
    ADMINS,
    LastAdmin,
    Roster,
    change_role,
    check_other,
    check_role,
    facts,
    roster_with,
    roster_without,
)
from chalicelib.domain.rights import Role, Standing
from chalicelib.domain.workspace import MASTER
from tests.fakes import samples


@pytest.mark.parametrize("role", Role)
def test_super_admins_are_the_members_of_the_master_workspace_and_nobody_else(role: Role) -> None:
    for workspace, allowed in (
        (MASTER, role is Role.SUPER_ADMIN),
        ("wsp_a", role is not Role.SUPER_ADMIN),
    ):
        if allowed:
            check_role(workspace, role, is_moderator=False)
        else:
            with pytest.raises(Invalid, match="role"):
                check_role(workspace, role, is_moderator=False)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SUPER_ADMIN])
def test_only_an_author_carries_the_moderator_flag(role: Role) -> None:
    if role is Role.AUTHOR:
        check_role("wsp_a", role, is_moderator=True)
        return
    with pytest.raises(Invalid, match="is_moderator"):
        check_role("wsp_a", role, is_moderator=True)


def test_a_bad_role_names_every_field() -> None:
    with pytest.raises(Invalid) as refusal:
        check_role("wsp_a", Role.SUPER_ADMIN, is_moderator=True)
    assert {problem.field for problem in refusal.value.problems} == {"role", "is_moderator"}


def test_nobody_changes_their_own_membership() -> None:
    member = samples.member(user="usr_a", role=Role.ADMIN, is_moderator=False)
    check_other("usr_b", member)
    with pytest.raises(Forbidden, match="another admin"):
        check_other("usr_a", member)
    for role in (Role.AUTHOR, Role.MODERATOR, Role.ADMIN):
        with pytest.raises(Forbidden, match="own membership"):
            change_role(member, role, is_moderator=False, by="usr_a")


def test_a_changed_role_is_checked_and_changes_nothing_else() -> None:
    member = samples.member(role=Role.AUTHOR, is_moderator=True, version=3)
    changed = change_role(member, Role.ADMIN, is_moderator=False, by="usr_b")
    assert changed == samples.member(role=Role.ADMIN, is_moderator=False, version=3)
    assert facts(changed) == {"role": "admin", "is_moderator": False}
    for role, is_moderator in ((Role.SUPER_ADMIN, False), (Role.MODERATOR, True)):
        with pytest.raises(Invalid):
            change_role(member, role, is_moderator=is_moderator, by="usr_b")


@pytest.mark.parametrize(
    ("role", "is_moderator", "standing"),
    [
        (Role.AUTHOR, False, Standing.AUTHOR),
        (Role.AUTHOR, True, Standing.AUTHOR_MODERATOR),
        (Role.MODERATOR, False, Standing.MODERATOR),
        (Role.ADMIN, False, Standing.ADMIN),
        (Role.SUPER_ADMIN, False, Standing.SUPER_ADMIN),
    ],
)
def test_a_member_has_one_standing(role: Role, is_moderator: bool, standing: Standing) -> None:  # noqa: FBT001 - a column of the table
    assert samples.member(role=role, is_moderator=is_moderator).standing is standing


def test_the_last_admin_stays() -> None:
    alone = Roster("wsp_a", ("usr_a",), 4)
    with pytest.raises(LastAdmin, match="at least one admin"):
        roster_without(alone, "usr_a")
    with pytest.raises(LastAdmin):
        roster_with(alone, "usr_a", Role.MODERATOR)
    assert isinstance(LastAdmin(), Conflict)


def test_a_roster_stays_as_it_is_where_no_admin_comes_or_goes() -> None:
    roster = Roster("wsp_a", ("usr_a", "usr_b"), 4)
    assert roster_without(roster, "usr_c") is None
    assert roster_with(roster, "usr_c", Role.AUTHOR) is None
    assert roster_with(roster, "usr_a", Role.ADMIN) is None
    assert roster_with(Roster("wsp_a"), "usr_a", Role.AUTHOR) is None


_STEPS = st.lists(
    st.tuples(st.sampled_from(["usr_a", "usr_b", "usr_c"]), st.sampled_from([*Role, None])),
    max_size=30,
)


@given(_STEPS)
def test_the_roster_is_the_members_who_are_admins_and_never_empty_again(
    steps: list[tuple[str, Role | None]],
) -> None:
    roster, roles = Roster("wsp_a"), dict[str, Role]()
    for user, role in steps:
        others = {name for name, each in roles.items() if each in ADMINS and name != user}
        try:
            changed = roster_with(roster, user, role) if role else roster_without(roster, user)
        except LastAdmin:
            assert roles.get(user) in ADMINS
            assert role not in ADMINS
            assert not others
            continue
        roster = changed or roster
        roles.pop(user, None)
        if role:
            roles[user] = role
        assert sorted(roster.admins) == sorted(
            name for name, each in roles.items() if each in ADMINS
        )
