"""The table of rights (SPEC 2.2), and what a workspace may change of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Forbidden, Invalid
from chalicelib.domain.rights import (
    KEY_RIGHTS,
    RIGHTS,
    Permissions,
    Right,
    Scope,
    Standing,
    check,
    check_permissions,
    scopes_of,
)

# The table of the specification: author, author + is_moderator, moderator, admin, super admin.
SPECIFIED = {
    Right.WRITE_CAMPAIGN: "own own - all all",
    Right.DECIDE: "- all all all all",
    Right.RUN_CAMPAIGN: "own own - all all",
    Right.DELETE_CAMPAIGN: "- - - - all",
    Right.MANAGE_SENDER: "- - - all all",
    Right.WRITE_REVISION: "all all all all all",
    Right.ADMINISTER: "- - - all all",
    Right.VIEW: "all all all all all",
    Right.FEED: "own own - all all",
    Right.RELEASE: "- all all all all",
    Right.EXPORT: "own own - all all",
    Right.INTEGRATE: "- - - all all",
    Right.MANAGE_CHANNEL: "- - - - all",
    Right.FULL_NUMBERS: "- - - all all",
    Right.READ_AUDIT: "own own all all all",
    Right.VIEW_ARCHIVE: "all all - all all",
    Right.MONITOR: "- - - all all",
}
WORDS = {"-": Scope.NONE, "own": Scope.OWN, "all": Scope.ALL}
CELLS = [(right, standing) for right in Right for standing in Standing]


def test_the_table_is_the_specified_one() -> None:
    table = {
        right: dict(zip(Standing, (WORDS[word] for word in row.split()), strict=True))
        for right, row in SPECIFIED.items()
    }
    assert {right: dict(rule.scopes) for right, rule in RIGHTS.items()} == table


@pytest.mark.parametrize(("right", "standing"), CELLS)
def test_the_table_of_rights_is_what_check_enforces(right: Right, standing: Standing) -> None:
    scopes = scopes_of(standing, {})
    scope = RIGHTS[right].scopes[standing]
    for author, allowed in (
        ("usr_a", scope is not Scope.NONE),
        (None, scope is not Scope.NONE),
        ("usr_other", scope is Scope.ALL),
    ):
        if allowed:
            check(scopes, "usr_a", right, author=author)
        else:
            with pytest.raises(Forbidden, match="You have no right to"):
                check(scopes, "usr_a", right, author=author)


def test_a_refusal_says_what_is_refused_and_of_whom() -> None:
    scopes = scopes_of(Standing.AUTHOR, {})
    with pytest.raises(Forbidden, match=r"cancel campaigns of others in this workspace\.$"):
        check(scopes, "usr_a", Right.RUN_CAMPAIGN, author="usr_other")
    with pytest.raises(Forbidden, match=r"campaigns and revisions in this workspace\.$"):
        check(scopes, "usr_a", Right.DECIDE, author="usr_other")


def test_who_has_no_scopes_may_do_nothing() -> None:
    for right in Right:
        with pytest.raises(Forbidden):
            check({}, "usr_a", right, author="usr_a")


def test_a_change_moves_one_cell_alone() -> None:
    permissions = {Right.EXPORT: {Standing.AUTHOR: Scope.NONE}}
    check_permissions(permissions)
    assert scopes_of(Standing.AUTHOR, permissions) == {
        **scopes_of(Standing.AUTHOR, {}),
        Right.EXPORT: Scope.NONE,
    }
    assert scopes_of(Standing.ADMIN, permissions) == scopes_of(Standing.ADMIN, {})


@pytest.mark.parametrize("right", [Right.ADMINISTER, Right.MANAGE_CHANNEL, Right.DELETE_CAMPAIGN])
@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("scope", Scope)
def test_rights_that_reach_beyond_or_make_admins_are_nobodys_to_change(
    right: Right, standing: Standing, scope: Scope
) -> None:
    with pytest.raises(Invalid, match=f"permissions.{right}.{standing}: is the same in every"):
        check_permissions({right: {standing: scope}})


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("scope", Scope)
def test_no_workspace_changes_what_a_super_admin_may_do(right: Right, scope: Scope) -> None:
    with pytest.raises(Invalid, match=rf"permissions\.{right}\.super_admin"):
        check_permissions({right: {Standing.SUPER_ADMIN: scope}})


def test_own_is_no_scope_where_nothing_has_an_author() -> None:
    check_permissions({Right.EXPORT: {Standing.MODERATOR: Scope.OWN}})
    with pytest.raises(Invalid, match="use all or none"):
        check_permissions({Right.MONITOR: {Standing.MODERATOR: Scope.OWN}})


def test_all_bad_changes_are_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        check_permissions(
            {
                Right.ADMINISTER: {Standing.AUTHOR: Scope.ALL, Standing.ADMIN: Scope.NONE},
                Right.VIEW: {Standing.AUTHOR: Scope.OWN, Standing.MODERATOR: Scope.NONE},
            }
        )
    assert [problem.field for problem in refusal.value.problems] == [
        "permissions.workspace:administer.author",
        "permissions.workspace:administer.admin",
        "permissions.view.author",
    ]


_PERMISSIONS = st.dictionaries(
    st.sampled_from(Right), st.dictionaries(st.sampled_from(Standing), st.sampled_from(Scope))
)


@given(_PERMISSIONS)
def test_no_accepted_change_moves_admins_super_admins_or_the_installation(
    permissions: Permissions,
) -> None:
    try:
        check_permissions(permissions)
    except Invalid:
        return
    for standing in Standing:
        scopes = scopes_of(standing, permissions)
        assert set(scopes) == set(Right)
        for right in (Right.ADMINISTER, Right.MANAGE_CHANNEL, Right.DELETE_CAMPAIGN):
            assert scopes[right] is RIGHTS[right].scopes[standing]
    assert scopes_of(Standing.SUPER_ADMIN, permissions) == scopes_of(Standing.SUPER_ADMIN, {})


def test_keys_decide_nothing_and_manage_nobody() -> None:
    assert (
        frozenset(Right)
        - {
            Right.DECIDE,
            Right.RELEASE,
            Right.ADMINISTER,
            Right.INTEGRATE,
            Right.DELETE_CAMPAIGN,
            Right.MANAGE_CHANNEL,
        }
        == KEY_RIGHTS
    )
