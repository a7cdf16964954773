"""Taking an invitation: an account or none, once, and by nobody else (SPEC 2.3)."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    MessageCenterError,
)
from chalicelib.domain.identity import User
from chalicelib.domain.invitation import INVITATION_LENGTH, Invitation, JoinStatus
from chalicelib.domain.membership import Member
from chalicelib.domain.rights import Role
from tests.unit.usecases.people import ACME, HERE, OTHER, PASSWORD, People, interrupt, token_in

if TYPE_CHECKING:
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


def test_who_has_no_account_gets_one_and_is_a_member(people: People, admin: Caller) -> None:
    token = invited(people, admin, Role.ADMIN)
    member = people.invitations.accept(token, " Ann ", PASSWORD, HERE)
    user = people.directory.user_by_email(ANN)
    assert user is not None
    assert (user.name, user.password_hash) == ("Ann", people.passwords.hash(PASSWORD))
    assert member == people.member(ACME, user.id)
    assert (member.role, member.is_moderator) == (Role.ADMIN, False)
    assert people.roster(ACME).admins == (admin.user, user.id)
    (invitation,) = people.records.all(Invitation)
    assert (invitation.status, invitation.accepted_by) == ("accepted", user.id)
    record = people.records.audit[-1]
    assert (record.action, record.workspace, record.object) == (
        "invitation.accepted",
        ACME,
        invitation.id,
    )
    assert (record.actor.user, record.actor.address) == (user.id, HERE.address)
    assert record.after == {
        "user": user.id,
        "new_account": True,
        "role": "admin",
        "is_moderator": False,
    }


def test_who_is_signed_in_accepts_as_they_are(people: People, admin: Caller) -> None:
    ann = people.add_user(ANN)
    token = invited(people, admin)
    with pytest.raises(Conflict, match="sign in, then accept"):
        people.invitations.accept(token, "Ann", PASSWORD, HERE)
    member = people.invitations.accept_as(ann.id, token, HERE)
    assert member == people.member(ACME, ann.id)
    assert len(people.records.all(User)) == 3


def test_an_invitation_is_for_its_address_alone(people: People, admin: Caller) -> None:
    token = invited(people, admin)
    eve = people.add_user("eve@example.com")
    with pytest.raises(Forbidden, match="for another mail address"):
        people.invitations.accept_as(eve.id, token, HERE)
    assert people.directory.member(ACME, eve.id) is None


def test_a_member_accepts_nothing(people: People, admin: Caller) -> None:
    ann = people.add_user(ANN)
    token = invited(people, admin, Role.ADMIN)
    people.add_member(ACME, ann, Role.AUTHOR)
    with pytest.raises(Conflict, match="a member of this workspace already"):
        people.invitations.accept_as(ann.id, token, HERE)
    assert people.member(ACME, ann.id).role is Role.AUTHOR


def test_a_removed_member_finds_no_way_back_in_an_old_mail(people: People, admin: Caller) -> None:
    ann = people.add_user(ANN)
    token = invited(people, admin, Role.ADMIN)
    people.add_member(ACME, ann, Role.AUTHOR)
    people.members.remove(admin, ann.id)
    (made,) = people.records.all(Invitation)
    assert people.records.audit[-1].after == {"revoked_invitations": made.id}
    with pytest.raises(Invalid, match="token"):
        people.invitations.accept_as(ann.id, token, HERE)
    assert people.directory.seat(ACME, ann.id) is None


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        ("", PASSWORD, "name"),
        ("Ann\n", PASSWORD, "name"),
        ("Ann", "short", "password"),
        ("Ann", "password password", "password"),
        ("Ann", ANN, "password"),
    ],
)
def test_a_bad_name_or_password_names_its_field_and_leaves_the_token_good(
    people: People, admin: Caller, name: str, password: str, field: str
) -> None:
    token = invited(people, admin)
    with pytest.raises(Invalid) as refusal:
        people.invitations.accept(token, name, password, HERE)
    assert [problem.field for problem in refusal.value.problems] == [field]
    assert people.invitations.accept(token, "Ann", PASSWORD, HERE).workspace == ACME


def test_all_that_is_wrong_with_a_token_looks_alike(people: People, admin: Caller) -> None:
    good = invited(people, admin)
    (made,) = people.records.all(Invitation)
    people.person("other@example.com", Role.ADMIN, OTHER)
    bad = {
        "",
        "mci_",
        "\ud800",
        good + "x",
        good[:-1],
        good.replace("mci_", "mca_"),
        good.replace(ACME, OTHER),
        good.replace(ACME, "wsp_missing"),
        good.replace(made.id.removeprefix("inv_"), "missing"),
    }
    eve = people.add_user("eve@example.com")
    answers = set()
    for token in bad:
        with pytest.raises(Invalid) as refusal:
            people.invitations.accept(token, "Ann", PASSWORD, HERE)
        answers.add(str(refusal.value))
        with pytest.raises(Invalid) as refusal:
            people.invitations.accept_as(eve.id, token, HERE)
        answers.add(str(refusal.value))
    people.invitations.accept(good, "Ann", PASSWORD, HERE)
    with pytest.raises(Invalid) as refusal:
        people.invitations.accept(good, "Ann", PASSWORD, HERE)
    answers.add(str(refusal.value))
    assert len(answers) == 1
    assert len(people.records.all(Member, workspace=ACME)) == 2


def test_an_expired_token_looks_like_any_other(people: People, admin: Caller) -> None:
    token = invited(people, admin)
    people.clock.advance(INVITATION_LENGTH)
    with pytest.raises(Invalid, match="unknown, used, revoked or expired"):
        people.invitations.accept(token, "Ann", PASSWORD, HERE)


def test_nothing_of_a_token_is_stored_or_logged(people: People, admin: Caller) -> None:
    token = invited(people, admin)
    people.invitations.accept(token, "Ann", PASSWORD, HERE)
    secret = token.rpartition("_")[2]
    stored = [people.records.all(kind) for kind in (Invitation, Member, User)]
    assert secret not in repr([stored, people.records.audit, people.errands.posted])


def test_accepted_twice_at_once_there_is_one_member(people: People, admin: Caller) -> None:
    token = invited(people, admin)
    late = interrupt(people, lambda on: on.invitations.accept(token, "Ann", PASSWORD, HERE))
    with pytest.raises(Invalid, match="token"):
        late.invitations.accept(token, "Ann", PASSWORD, HERE)
    assert len(people.records.all(Member, workspace=ACME)) == 2
    assert people.actions().count("invitation.accepted") == 1


def test_an_account_that_is_made_meanwhile_is_not_made_twice(people: People, admin: Caller) -> None:
    token = invited(people, admin)
    late = interrupt(people, lambda on: on.add_user(ANN))
    with pytest.raises(Conflict, match="sign in, then accept"):
        late.invitations.accept(token, "Ann", PASSWORD, HERE)


def test_two_first_admins_at_once_both_stand_in_the_roster(people: People) -> None:
    visitor = people.visitor(ACME, people.root.user)
    people.invitations.invite(visitor, ANN, Role.ADMIN)
    people.invitations.invite(visitor, "bob@example.com", Role.ADMIN)
    first, second = (token_in(letter) for letter in people.post())
    late = interrupt(people, lambda on: on.invitations.accept(first, "Ann", PASSWORD, HERE))
    late.invitations.accept(second, "Bob", PASSWORD, HERE)
    assert set(people.roster(ACME).admins) == people.admins(ACME)
    assert len(people.admins(ACME)) == 2


def test_two_threads_accept_once(people: People, admin: Caller) -> None:
    for number in range(100):
        email = f"p{number}@example.com"
        people.add_user(email)
        people.invitations.invite(admin, email, Role.AUTHOR)
        (letter,) = people.post()
        _race(people, email, token_in(letter))
    assert len(people.records.all(Member, workspace=ACME)) == 101


def _race(people: People, email: str, token: str) -> None:
    user = people.directory.user_by_email(email)
    assert user is not None
    start, outcomes = Barrier(2), list[object]()

    def accept() -> None:
        start.wait()
        try:
            outcomes.append(people.invitations.accept_as(user.id, token, HERE))
        except MessageCenterError as refusal:
            outcomes.append(refusal)

    threads = [Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Invalid", "Member"]


def test_an_invitation_settles_the_persons_own_request(people: People, admin: Caller) -> None:
    ann = people.add_user(ANN)
    code = people.settings.make_join_code(admin).join_code or ""
    assert people.joining.ask_as(ann.id, code, HERE).status is JoinStatus.PENDING
    people.invitations.accept_as(ann.id, invited(people, admin), HERE)
    assert people.joining.page(admin, None, 10).items == []


def test_an_author_may_come_as_a_moderator(people: People, admin: Caller) -> None:
    people.invitations.invite(admin, ANN, Role.AUTHOR, is_moderator=True)
    (letter,) = people.post()
    member = people.invitations.accept(token_in(letter), "Ann", PASSWORD, HERE)
    assert (member.role, member.is_moderator) == (Role.AUTHOR, True)
