"""Joining with a code: people ask, their address is proven, an admin decides (SPEC 2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import (
    Conflict,
    Invalid,
    NotFound,
)
from chalicelib.domain.identity import User
from chalicelib.domain.invitation import APPLICATION_LENGTH, Applicant, JoinRequest, JoinStatus
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import MASTER
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


@pytest.fixture
def code(people: People, admin: Caller) -> str:
    return people.settings.make_join_code(admin).join_code or ""


@pytest.fixture
def ann(people: People) -> User:
    return people.add_user(ANN)


def request_of(people: People, user: str) -> JoinRequest:
    request = people.directory.join_request(ACME, user)
    assert request is not None
    return request


# --- asking with an account ---


def test_who_is_signed_in_asks_and_waits(people: People, code: str, ann: User) -> None:
    asked = people.joining.ask_as(ann.id, f" {code}\n", HERE)
    assert asked == request_of(people, ann.id)
    assert (asked.email, asked.name, asked.status) == (ANN, "Ann", JoinStatus.PENDING)
    assert people.directory.member(ACME, ann.id) is None
    record = people.records.audit[-1]
    assert (record.action, record.workspace, record.object) == (
        "join_request.created",
        ACME,
        ann.id,
    )
    assert (record.actor.user, record.actor.address) == (ann.id, HERE.address)


def test_asking_again_changes_nothing(people: People, code: str, ann: User) -> None:
    first = people.joining.ask_as(ann.id, code, HERE)
    audits = len(people.records.audit)
    assert people.joining.ask_as(ann.id, code, HERE) == first
    late = interrupt(people, lambda _: None)
    assert late.joining.ask_as(ann.id, code, HERE) == first
    assert len(people.records.audit) == audits


def test_asked_twice_at_once_there_is_one_request(people: People, code: str, ann: User) -> None:
    late = interrupt(people, lambda on: on.joining.ask_as(ann.id, code, HERE))
    assert late.joining.ask_as(ann.id, code, HERE) == request_of(people, ann.id)
    assert people.actions().count("join_request.created") == 1


def test_a_member_asks_for_nothing(people: People, admin: Caller, code: str) -> None:
    with pytest.raises(Conflict, match="a member of this workspace already"):
        people.joining.ask_as(admin.user, code, HERE)


def test_whatever_is_wrong_with_a_code_the_answer_is_one(
    people: People, admin: Caller, code: str, ann: User
) -> None:
    replaced = code
    code = people.settings.make_join_code(admin).join_code or ""
    letters = code.removeprefix(ACME)
    answers = set()
    for bad in (
        "",
        ACME,
        f"{ACME}.",
        f"{ACME}.AAAAAAAAAA",
        code + "A",
        code[:-1],
        replaced,
        OTHER + letters,  # has no code
        "wsp_missing" + letters,
        MASTER + letters,
        f"{ACME}.\u00c4\ud800",
    ):
        with pytest.raises(NotFound) as refusal:
            people.joining.ask_as(ann.id, bad, HERE)
        answers.add(str(refusal.value))
        with pytest.raises(NotFound) as refusal:
            people.joining.ask(bad, "bob@example.com", "Bob")
        answers.add(str(refusal.value))
    assert answers == {"There is no such join code."}
    assert people.errands.posted == []


def test_a_removed_code_stops_new_requests_and_leaves_those_that_wait(
    people: People, admin: Caller, code: str, ann: User
) -> None:
    people.joining.ask_as(ann.id, code, HERE)
    people.settings.remove_join_code(admin)
    with pytest.raises(NotFound):
        people.joining.ask_as(people.add_user("bob@example.com").id, code, HERE)
    people.joining.approve(admin, ann.id, Role.AUTHOR)
    assert people.member(ACME, ann.id).role is Role.AUTHOR


# --- asking without an account ---


def confirmation(people: People, code: str, email: str = ANN, name: str = "Ann") -> str:
    """The token of the mail that follows when somebody without an account asks."""
    people.joining.ask(code, email, name)
    (letter,) = people.post()
    assert letter.to == email
    return token_in(letter)


def test_who_has_no_account_asks_and_nothing_is_told_or_made(people: People, code: str) -> None:
    users = len(people.records.all(User))
    people.joining.ask(code, " Ann@Example.com ", " Ann ")
    assert people.errands.posted == [Errand(ErrandKind.JOIN, ACME, email=ANN, name="Ann")]
    assert len(people.records.all(User)) == users
    assert people.records.all(JoinRequest) == []


def test_asking_tells_nothing_of_accounts(people: People, code: str, ann: User) -> None:
    people.joining.ask(code, ann.email, "Ann")
    people.joining.ask(code, "bob@example.com", "Ann")
    first, second = people.errands.posted
    assert (first.kind, first.workspace, first.name) == (second.kind, second.workspace, second.name)


@pytest.mark.parametrize(
    ("email", "name", "field"), [("ann", "Ann", "email"), (ANN, "", "name"), (ANN, "A\nn", "name")]
)
def test_bad_requests_name_their_field(
    people: People, code: str, email: str, name: str, field: str
) -> None:
    with pytest.raises(Invalid, match=field):
        people.joining.ask(code, email, name)


def test_a_proven_address_becomes_an_account_and_a_request(
    people: People, admin: Caller, code: str
) -> None:
    request = people.joining.confirm(confirmation(people, code), PASSWORD, HERE)
    user = people.directory.user_by_email(ANN)
    assert user is not None
    assert (user.name, user.password_hash) == ("Ann", people.passwords.hash(PASSWORD))
    assert request == request_of(people, user.id)
    assert (request.email, request.name, request.status) == (ANN, "Ann", JoinStatus.PENDING)
    assert people.records.all(Applicant) == []
    assert people.directory.member(ACME, user.id) is None
    assert people.records.audit[-1].after == {"new_account": True}
    people.joining.approve(admin, user.id, Role.MODERATOR)
    assert people.member(ACME, user.id).role is Role.MODERATOR


def test_whatever_is_wrong_with_a_token_the_answer_is_one(people: People, code: str) -> None:
    good = confirmation(people, code)
    answers = set()
    for bad in (
        "",
        "mca_",
        "\ud800",
        good + "x",
        good[:-1],
        good.replace("mca_", "mci_"),
        good.replace(ACME, OTHER),
        good.replace(ANN.encode().hex(), b"bob@example.com".hex()),
        good.replace(ANN.encode().hex(), "zz"),
    ):
        with pytest.raises(Invalid) as refusal:
            people.joining.confirm(bad, PASSWORD, HERE)
        answers.add(str(refusal.value))
    people.joining.confirm(good, PASSWORD, HERE)
    with pytest.raises(Invalid) as refusal:
        people.joining.confirm(good, PASSWORD, HERE)
    assert answers == {str(refusal.value)}


def test_a_token_holds_for_a_day(people: People, code: str) -> None:
    token = confirmation(people, code)
    people.clock.advance(APPLICATION_LENGTH)
    with pytest.raises(Invalid, match="token"):
        people.joining.confirm(token, PASSWORD, HERE)


def test_the_newest_mail_is_the_one_that_counts(people: People, code: str) -> None:
    first = confirmation(people, code)
    people.clock.advance(APPLICATION_LENGTH / 2)
    second = confirmation(people, code, name="Ann B")
    with pytest.raises(Invalid, match="token"):
        people.joining.confirm(first, PASSWORD, HERE)
    assert people.joining.confirm(second, PASSWORD, HERE).name == "Ann B"


def test_a_bad_password_leaves_the_token_good(people: People, code: str) -> None:
    token = confirmation(people, code)
    with pytest.raises(Invalid, match="password"):
        people.joining.confirm(token, "short", HERE)
    assert people.joining.confirm(token, PASSWORD, HERE).status is JoinStatus.PENDING


def test_an_account_that_came_up_meanwhile_is_used(people: People, code: str) -> None:
    token = confirmation(people, code)
    late = interrupt(people, lambda on: on.add_user(ANN))
    with pytest.raises(Conflict, match="sign in, then use the join code"):
        late.joining.confirm(token, PASSWORD, HERE)


def test_confirmed_twice_at_once_there_is_one_account(people: People, code: str) -> None:
    token = confirmation(people, code)
    late = interrupt(people, lambda on: on.joining.confirm(token, PASSWORD, HERE))
    with pytest.raises(Invalid, match="token"):
        late.joining.confirm(token, PASSWORD, HERE)
    assert len(people.records.all(JoinRequest)) == 1


def test_nothing_of_a_token_is_stored_or_logged(people: People, code: str) -> None:
    token = confirmation(people, code)
    secret = token.rpartition("_")[2]
    assert secret not in repr([people.records.all(Applicant), people.records.audit])
