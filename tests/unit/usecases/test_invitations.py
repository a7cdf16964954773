"""Invitations from the admin's click to the member (SPEC 2.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import (
    Conflict,
    Forbidden,
    IllegalMove,
    Invalid,
    KeyReused,
    NotFound,
    TooMany,
)
from chalicelib.domain.invitation import INVITATION_LENGTH, MAIL_PAUSE, Invitation
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import MASTER
from tests.unit.usecases.people import ACME, HERE, OTHER, PASSWORD, People, interrupt, token_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.auditing import Caller

ANN = "ann@example.com"


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def admin(people: People) -> Caller:
    return people.person("admin@example.com", Role.ADMIN)


def invited(people: People, admin: Caller, role: Role = Role.AUTHOR) -> str:
    """The token of a new invitation to Ann."""
    people.invitations.invite(admin, ANN, role)
    (letter,) = people.post()
    return token_in(letter)


# --- inviting ---


def test_an_admin_invites_and_the_mail_is_on_its_way(people: People, admin: Caller) -> None:
    made = people.invitations.invite(admin, " Ann@Example.com ", Role.AUTHOR, is_moderator=True)
    assert made == people.invitations.get(admin, made.id)
    assert (made.email, made.role, made.is_moderator) == (ANN, Role.AUTHOR, True)
    assert (made.invited_by, made.digest, made.mailed_at) == (admin.user, None, None)
    assert made.expires_at == people.clock.now() + INVITATION_LENGTH
    assert people.errands.posted == [Errand(ErrandKind.INVITATION, ACME, target=made.id)]
    record = people.records.audit[-1]
    assert (record.action, record.object, record.actor) == (
        "invitation.created",
        made.id,
        admin.actor,
    )
    assert record.after == {
        "email": ANN,
        "role": "author",
        "is_moderator": True,
        "status": "open",
    }


def test_invitations_are_listed_newest_first(people: People, admin: Caller) -> None:
    made = [
        people.invitations.invite(admin, f"p{number}@example.com", Role.AUTHOR).id
        for number in range(3)
    ]
    page = people.invitations.page(admin, None, 2)
    assert [item.id for item in page.items] == [made[2], made[1]]
    rest = people.invitations.page(admin, page.next, 2)
    assert ([item.id for item in rest.items], rest.next) == ([made[0]], None)


def test_bad_invitations_name_their_fields(people: People, admin: Caller) -> None:
    with pytest.raises(Invalid, match="email"):
        people.invitations.invite(admin, "ann", Role.AUTHOR)
    with pytest.raises(Invalid, match="role"):
        people.invitations.invite(admin, ANN, Role.SUPER_ADMIN)
    with pytest.raises(Invalid, match="is_moderator"):
        people.invitations.invite(admin, ANN, Role.ADMIN, is_moderator=True)
    assert people.errands.posted == []


def test_super_admins_invite_others_of_their_kind_alone(people: People) -> None:
    root = people.caller(MASTER, people.root.user)
    with pytest.raises(Invalid, match="role"):
        people.invitations.invite(root, ANN, Role.ADMIN)
    token = invited(people, root, Role.SUPER_ADMIN)
    member = people.invitations.accept(token, "Ann", PASSWORD, HERE)
    assert people.admins(MASTER) == {root.user, member.user}


def test_a_member_is_not_invited_again(people: People, admin: Caller) -> None:
    people.person(ANN, Role.AUTHOR)
    with pytest.raises(Conflict, match="is a member already"):
        people.invitations.invite(admin, "ANN@example.com", Role.ADMIN)


def test_members_of_other_workspaces_are_invited_like_anybody(
    people: People, admin: Caller
) -> None:
    people.person(ANN, Role.AUTHOR, OTHER)
    assert people.invitations.invite(admin, ANN, Role.AUTHOR).email == ANN


def test_an_address_has_one_open_invitation(people: People, admin: Caller) -> None:
    first = people.invitations.invite(admin, ANN, Role.AUTHOR)
    with pytest.raises(Conflict, match="open invitation already"):
        people.invitations.invite(admin, " ANN@example.com", Role.ADMIN)
    elsewhere = people.person("other@example.com", Role.ADMIN, OTHER)
    people.invitations.invite(elsewhere, ANN, Role.ADMIN)
    people.invitations.revoke(admin, first.id)
    second = people.invitations.invite(admin, ANN, Role.ADMIN)
    people.clock.advance(INVITATION_LENGTH)
    third = people.invitations.invite(admin, ANN, Role.ADMIN)
    states = {
        item.id: item.state_at(people.clock.now())
        for item in people.invitations.page(admin, None, 10).items
    }
    assert states == {first.id: "revoked", second.id: "expired", third.id: "open"}


def test_of_two_who_invite_the_same_address_at_once_one_is_told(
    people: People, admin: Caller
) -> None:
    second = people.person("second@example.com", Role.ADMIN)
    for _ in range(2):  # with no invitation before it, and with a revoked one
        late = interrupt(people, lambda on: on.invitations.invite(second, ANN, Role.AUTHOR))
        with pytest.raises(Conflict, match="open invitation already"):
            late.invitations.invite(admin, ANN, Role.ADMIN)
        (still_open,) = (
            item for item in people.records.all(Invitation) if item.holds_at(people.clock.now())
        )
        assert still_open.role is Role.AUTHOR
        people.invitations.revoke(admin, still_open.id)


def test_the_same_request_again_invites_once_and_mails_what_was_not_mailed(
    people: People, admin: Caller
) -> None:
    first = people.invitations.invite(admin, ANN, Role.AUTHOR, key="key-1")
    people.errands.posted.clear()  # as if the queue had not taken it
    assert people.invitations.invite(admin, ANN, Role.AUTHOR, key="key-1") == first
    assert len(people.post()) == 1
    people.invitations.invite(admin, ANN, Role.AUTHOR, key="key-1")
    assert people.post() == []
    assert people.actions() == ["invitation.created"]
    with pytest.raises(KeyReused):
        people.invitations.invite(admin, ANN, Role.ADMIN, key="key-1")


def test_the_same_request_twice_at_once_invites_once(people: People, admin: Caller) -> None:
    late = interrupt(people, lambda on: on.invitations.invite(admin, ANN, Role.AUTHOR, key="key-1"))
    made = late.invitations.invite(admin, ANN, Role.AUTHOR, key="key-1")
    assert people.records.all(Invitation) == [made]


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.MODERATOR])
def test_who_is_no_admin_invites_nobody_and_sees_no_invitation(
    people: People, admin: Caller, role: Role
) -> None:
    made = people.invitations.invite(admin, ANN, Role.AUTHOR)
    caller = people.person("who@example.com", role)
    calls: list[Callable[[], object]] = [
        lambda: people.invitations.invite(caller, "who-else@example.com", Role.ADMIN),
        lambda: people.invitations.page(caller, None, 10),
        lambda: people.invitations.get(caller, made.id),
        lambda: people.invitations.revoke(caller, made.id),
        lambda: people.invitations.resend(caller, made.id),
        lambda: people.invitations.revoke(caller, "inv_missing"),
    ]
    for refused in calls:
        with pytest.raises(Forbidden):
            refused()


def test_an_admin_who_was_removed_meanwhile_invites_nobody(people: People, admin: Caller) -> None:
    made = people.invitations.invite(admin, ANN, Role.AUTHOR, key="key-1")
    second = people.person("second@example.com", Role.ADMIN)
    people.members.remove(second, admin.user)
    calls: list[Callable[[], object]] = [
        lambda: people.invitations.invite(admin, "mine@example.com", Role.ADMIN),
        lambda: people.invitations.invite(admin, ANN, Role.AUTHOR, key="key-1"),
        lambda: people.invitations.revoke(admin, made.id),
        lambda: people.invitations.resend(admin, made.id),
    ]
    for refused in calls:
        with pytest.raises(NotFound, match="workspace"):
            refused()


def test_invitations_of_other_workspaces_do_not_exist(people: People, admin: Caller) -> None:
    elsewhere = people.person("other@example.com", Role.ADMIN, OTHER)
    made = people.invitations.invite(elsewhere, ANN, Role.AUTHOR)
    calls: list[Callable[[], object]] = [
        lambda: people.invitations.get(admin, made.id),
        lambda: people.invitations.revoke(admin, made.id),
        lambda: people.invitations.resend(admin, made.id),
    ]
    for refused in calls:
        with pytest.raises(NotFound, match="invitation"):
            refused()


# --- revoking and sending again ---


def test_a_revoked_invitation_opens_nothing(people: People, admin: Caller) -> None:
    token = invited(people, admin)
    (made,) = people.records.all(Invitation)
    assert people.invitations.revoke(admin, made.id).state_at(people.clock.now()) == "revoked"
    assert people.actions()[-1] == "invitation.revoked"
    with pytest.raises(Invalid, match="token"):
        people.invitations.accept(token, "Ann", PASSWORD, HERE)
    with pytest.raises(IllegalMove, match="revoked cannot be revoked"):
        people.invitations.revoke(admin, made.id)
    with pytest.raises(IllegalMove, match="revoked cannot be sent again"):
        people.invitations.resend(admin, made.id)


def test_sent_again_the_newest_mail_opens_for_all_its_time(people: People, admin: Caller) -> None:
    first = invited(people, admin)
    (made,) = people.records.all(Invitation)
    with pytest.raises(TooMany) as refusal:
        people.invitations.resend(admin, made.id)
    assert refusal.value.wait == MAIL_PAUSE
    people.clock.advance(INVITATION_LENGTH - timedelta(hours=1))
    people.invitations.resend(admin, made.id)
    assert people.actions()[-1] == "invitation.resent"
    (letter,) = people.post()
    second = token_in(letter)
    people.clock.advance(INVITATION_LENGTH - timedelta(hours=1))
    with pytest.raises(Conflict, match="open invitation already"):
        people.invitations.invite(admin, ANN, Role.ADMIN)
    with pytest.raises(Invalid, match="token"):
        people.invitations.accept(first, "Ann", PASSWORD, HERE)
    assert people.invitations.accept(second, "Ann", PASSWORD, HERE).workspace == ACME


def test_an_invitation_that_is_taken_while_it_is_revoked_is_taken(
    people: People, admin: Caller
) -> None:
    token = invited(people, admin)
    (made,) = people.records.all(Invitation)
    late = interrupt(people, lambda on: on.invitations.accept(token, "Ann", PASSWORD, HERE))
    with pytest.raises(IllegalMove, match="accepted cannot be revoked"):
        late.invitations.revoke(admin, made.id)


def test_an_invitation_that_is_revoked_while_it_is_taken_is_revoked(
    people: People, admin: Caller
) -> None:
    token = invited(people, admin)
    (made,) = people.records.all(Invitation)
    late = interrupt(people, lambda on: on.invitations.revoke(admin, made.id))
    with pytest.raises(Invalid, match="token"):
        late.invitations.accept(token, "Ann", PASSWORD, HERE)
    assert people.directory.user_by_email(ANN) is None
