"""Requests to join, as admins decide on them (SPEC 2.3)."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import (
    AlreadyDecided,
    Conflict,
    Forbidden,
    Invalid,
    MessageCenterError,
    NotFound,
)
from chalicelib.domain.invitation import JoinRequest, JoinStatus
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.membership import Member
from chalicelib.domain.rights import Role
from tests.unit.usecases.people import ACME, HERE, OTHER, People, interrupt

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.identity import User
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


def test_an_admin_approves_with_a_role(people: People, admin: Caller, code: str, ann: User) -> None:
    people.joining.ask_as(ann.id, code, HERE)
    decided = people.joining.approve(admin, ann.id, Role.AUTHOR, is_moderator=True)
    assert decided == request_of(people, ann.id)
    assert (decided.status, decided.decided_by) == (JoinStatus.APPROVED, admin.user)
    member = people.member(ACME, ann.id)
    assert (member.role, member.is_moderator) == (Role.AUTHOR, True)
    record = people.records.audit[-1]
    assert (record.action, record.object, record.actor) == (
        "join_request.approved",
        ann.id,
        admin.actor,
    )
    assert record.after == {"status": "approved", "role": "author", "is_moderator": True}
    assert people.errands.posted == [Errand(ErrandKind.DECISION, ACME, target=ann.id)]


def test_who_is_approved_as_admin_stands_in_the_roster(
    people: People, admin: Caller, code: str, ann: User
) -> None:
    people.joining.ask_as(ann.id, code, HERE)
    people.joining.approve(admin, ann.id, Role.ADMIN)
    assert people.roster(ACME).admins == (admin.user, ann.id)


def test_who_was_rejected_may_ask_again(
    people: People, admin: Caller, code: str, ann: User
) -> None:
    people.joining.ask_as(ann.id, code, HERE)
    assert people.joining.reject(admin, ann.id).status is JoinStatus.REJECTED
    assert people.directory.member(ACME, ann.id) is None
    assert people.records.audit[-1].action == "join_request.rejected"
    assert people.errands.posted == [Errand(ErrandKind.DECISION, ACME, target=ann.id)]
    again = people.joining.ask_as(ann.id, code, HERE)
    assert (again.status, again.decided_by, again.decided_at) == (JoinStatus.PENDING, None, None)
    people.joining.approve(admin, ann.id, Role.AUTHOR)
    people.members.remove(admin, ann.id)
    assert people.joining.ask_as(ann.id, code, HERE).status is JoinStatus.PENDING


def test_requests_are_decided_once(people: People, admin: Caller, code: str, ann: User) -> None:
    people.joining.ask_as(ann.id, code, HERE)
    people.joining.reject(admin, ann.id)
    calls: list[Callable[[], object]] = [
        lambda: people.joining.approve(admin, ann.id, Role.AUTHOR),
        lambda: people.joining.reject(admin, ann.id),
    ]
    for again in calls:
        with pytest.raises(AlreadyDecided, match="rejected"):
            again()
    people.joining.ask_as(ann.id, code, HERE)
    people.joining.approve(admin, ann.id, Role.AUTHOR)
    with pytest.raises(AlreadyDecided, match="approved"):
        people.joining.reject(admin, ann.id)


def test_of_two_who_decide_at_once_one_is_told(
    people: People, admin: Caller, code: str, ann: User
) -> None:
    second = people.person("second@example.com", Role.ADMIN)
    people.joining.ask_as(ann.id, code, HERE)
    late = interrupt(people, lambda on: on.joining.reject(second, ann.id))
    with pytest.raises(AlreadyDecided, match="rejected"):
        late.joining.approve(admin, ann.id, Role.ADMIN)
    assert people.directory.member(ACME, ann.id) is None
    assert people.roster(ACME).admins == (admin.user, second.user)


def test_two_threads_decide_once(people: People, admin: Caller, code: str) -> None:
    decisions: list[Callable[[str], JoinRequest]] = [
        lambda user: people.joining.approve(admin, user, Role.ADMIN),
        lambda user: people.joining.reject(admin, user),
    ]
    for number in range(100):
        user = people.add_user(f"p{number}@example.com").id
        people.joining.ask_as(user, code, HERE)
        outcomes = _at_once(user, decisions)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [
            "AlreadyDecided",
            "JoinRequest",
        ]
        approved = request_of(people, user).status is JoinStatus.APPROVED
        assert approved is (people.directory.member(ACME, user) is not None)
    assert set(people.roster(ACME).admins) == people.admins(ACME)


def _at_once(user: str, decisions: list[Callable[[str], JoinRequest]]) -> list[object]:
    start, outcomes = Barrier(len(decisions)), list[object]()

    def decide(decision: Callable[[str], JoinRequest]) -> None:
        start.wait()
        try:
            outcomes.append(decision(user))
        except MessageCenterError as refusal:
            outcomes.append(refusal)

    threads = [Thread(target=decide, args=(decision,)) for decision in decisions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_who_became_a_member_meanwhile_is_not_made_one_again(
    people: People, admin: Caller, code: str, ann: User
) -> None:
    people.joining.ask_as(ann.id, code, HERE)
    late = interrupt(people, lambda on: on.add_member(ACME, ann, Role.AUTHOR))
    with pytest.raises(Conflict, match="a member already"):
        late.joining.approve(admin, ann.id, Role.ADMIN)
    assert people.member(ACME, ann.id).role is Role.AUTHOR
    assert people.roster(ACME).admins == (admin.user,)
    # What is left of it can be put away, and nobody is told that they were rejected.
    people.joining.reject(admin, ann.id)
    assert people.post() == []
    assert people.member(ACME, ann.id).role is Role.AUTHOR


def test_a_bad_role_is_refused(people: People, admin: Caller, code: str, ann: User) -> None:
    people.joining.ask_as(ann.id, code, HERE)
    with pytest.raises(Invalid, match="role"):
        people.joining.approve(admin, ann.id, Role.SUPER_ADMIN)
    with pytest.raises(Invalid, match="is_moderator"):
        people.joining.approve(admin, ann.id, Role.ADMIN, is_moderator=True)
    assert request_of(people, ann.id).status is JoinStatus.PENDING


def test_nobody_decides_on_their_own_request(people: People, code: str) -> None:
    people.joining.ask_as(people.root.user, code, HERE)
    visitor = people.visitor(ACME, people.root.user)
    calls: list[Callable[[], object]] = [
        lambda: people.joining.approve(visitor, people.root.user, Role.ADMIN),
        lambda: people.joining.reject(visitor, people.root.user),
    ]
    for decide in calls:
        with pytest.raises(Forbidden, match="own request"):
            decide()
    assert people.directory.member(ACME, people.root.user) is None


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.MODERATOR])
def test_who_is_no_admin_decides_nothing_and_sees_no_request(
    people: People, code: str, ann: User, role: Role
) -> None:
    people.joining.ask_as(ann.id, code, HERE)
    caller = people.person("who@example.com", role)
    calls: list[Callable[[], object]] = [
        lambda: people.joining.page(caller, None, 10),
        lambda: people.joining.approve(caller, ann.id, role),
        lambda: people.joining.reject(caller, ann.id),
        lambda: people.joining.reject(caller, "usr_missing"),
    ]
    for refused in calls:
        with pytest.raises(Forbidden):
            refused()


def test_an_admin_who_lost_the_role_meanwhile_decides_nothing(
    people: People, admin: Caller, code: str, ann: User
) -> None:
    people.joining.ask_as(ann.id, code, HERE)
    second = people.person("second@example.com", Role.ADMIN)
    people.members.remove(second, admin.user)
    calls: list[Callable[[], object]] = [
        lambda: people.joining.approve(admin, ann.id, Role.ADMIN),
        lambda: people.joining.reject(admin, ann.id),
    ]
    for refused in calls:
        with pytest.raises(NotFound, match="workspace"):
            refused()
    assert request_of(people, ann.id).status is JoinStatus.PENDING


def test_requests_of_other_workspaces_do_not_exist(people: People, code: str, ann: User) -> None:
    people.joining.ask_as(ann.id, code, HERE)
    elsewhere = people.person("other@example.com", Role.ADMIN, OTHER)
    assert people.joining.page(elsewhere, None, 10).items == []
    calls: list[Callable[[], object]] = [
        lambda: people.joining.approve(elsewhere, ann.id, Role.AUTHOR),
        lambda: people.joining.reject(elsewhere, ann.id),
    ]
    for refused in calls:
        with pytest.raises(NotFound, match="join request"):
            refused()


def test_requests_come_in_pages(people: People, admin: Caller, code: str) -> None:
    users = [people.add_user(f"p{number}@example.com").id for number in range(3)]
    for user in users:
        people.joining.ask_as(user, code, HERE)
    page = people.joining.page(admin, None, 2)
    assert [item.user for item in page.items] == [users[2], users[1]]
    assert [item.user for item in people.joining.page(admin, page.next, 2).items] == [users[0]]
    assert people.records.all(Member, workspace=ACME)[0].user == admin.user
