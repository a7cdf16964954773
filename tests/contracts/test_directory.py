"""Directory: who is who, and who belongs where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from chalicelib.domain.errors import Exists, NotFound
from chalicelib.domain.membership import Roster
from chalicelib.domain.rights import Role
from tests.fakes import samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.ports import Page
    from tests.contracts.conftest import Ports

TOO_LONG = ["x" * 2049, "\u20ac" * 700, ""]


class Listing(Protocol):
    def __call__(self, *, after: str | None, limit: int) -> Page[Any]: ...


# Listings of a workspace: how the records come, and a record of a given place in it.
NEWEST_FIRST: dict[str, tuple[Callable[..., Any], str]] = {
    "invitations": (samples.invitation, "id"),
    "join_requests": (samples.join_request, "user"),
    "api_keys": (samples.api_key, "id"),
    "clients": (samples.client, "id"),
}


def walk(listing: Listing, limit: int) -> list[list[Any]]:
    pages, after = [], None
    while True:
        page = listing(after=after, limit=limit)
        pages.append(list(page.items))
        after = page.next
        if after is None:
            return pages


def of_a(listing: Callable[..., Page[Any]], workspace: str = "wsp_a") -> Listing:
    return lambda *, after, limit: listing(workspace, after=after, limit=limit)


def test_what_is_not_there_is_not_found(ports: Ports) -> None:
    directory = ports.directory
    with pytest.raises(NotFound, match="workspace"):
        directory.workspace("wsp_none")
    with pytest.raises(NotFound, match="user"):
        directory.user("usr_none")
    with pytest.raises(NotFound, match="invitation"):
        directory.invitation("wsp_a", "inv_none")
    with pytest.raises(NotFound, match="API key"):
        directory.api_key("wsp_a", "key_none")
    with pytest.raises(NotFound, match="client"):
        directory.client("wsp_a", "cli_none")
    assert directory.member("wsp_a", "usr_none") is None
    assert directory.user_by_email("none@example.com") is None
    assert directory.session("usr_none", "0" * 64) is None
    assert directory.sessions("usr_none") == []
    assert directory.device("usr_none", "0" * 64) is None
    assert directory.attempts("0" * 64, "elsewhere") is None
    assert directory.password_reset("usr_none") is None
    assert directory.join_request("wsp_a", "usr_none") is None
    assert directory.applicant("wsp_a", "none@example.com") is None
    assert directory.memberships("usr_none") == []
    assert directory.users(["usr_none"]) == {}
    assert directory.users([]) == {}


def test_where_nothing_is_every_page_is_empty_and_the_last(ports: Ports) -> None:
    assert walk(ports.directory.workspaces, 2) == [[]]
    assert walk(of_a(ports.directory.members), 2) == [[]]
    for listing in NEWEST_FIRST:
        assert walk(of_a(getattr(ports.directory, listing)), 2) == [[]]


@pytest.mark.parametrize("name", TOO_LONG)
def test_a_name_that_no_key_can_hold_is_of_nothing(ports: Ports, name: str) -> None:
    directory = ports.directory
    for read in (
        lambda: directory.workspace(name),
        lambda: directory.user(name),
        lambda: directory.invitation("wsp_a", name),
        lambda: directory.invitation(name, "inv_a"),
        lambda: directory.api_key("wsp_a", name),
        lambda: directory.client("wsp_a", name),
    ):
        with pytest.raises(NotFound):
            read()
    for found in (
        directory.seat(name, "usr_a"),
        directory.seat("wsp_a", name),
        directory.member("wsp_a", name),
        directory.session(name, "d" * 64),
        directory.session("usr_a", name),
        directory.device("usr_a", name),
        directory.attempts(name, "elsewhere"),
        directory.attempts("5" * 64, name),
        directory.password_reset(name),
        directory.join_request("wsp_a", name),
        directory.applicant(name, "grace@example.com"),
        directory.applicant("wsp_a", name),
        directory.user_by_email(name),
    ):
        assert found is None
    assert directory.users([name, name]) == {}
    assert directory.sessions(name) == []
    assert directory.memberships(name) == []
    assert directory.members(name, after=None, limit=2).items == []
    assert directory.roster(name) == Roster(name)


# --- workspaces and members ---


def test_workspaces_come_by_id_page_by_page(ports: Ports) -> None:
    for number in (3, 1, 5, 2, 4):
        ports.changes.commit(samples.workspace(id=f"wsp_{number}"), audit=samples.audit())
    ports.changes.commit(samples.workspace(id="master"), audit=samples.audit())

    pages = walk(ports.directory.workspaces, 2)

    assert [[workspace.id for workspace in page] for page in pages] == [
        ["master", "wsp_1"],
        ["wsp_2", "wsp_3"],
        ["wsp_4", "wsp_5"],
    ]


def test_a_listed_workspace_is_as_it_was_written_last(ports: Ports) -> None:
    first = ports.changes.save(samples.workspace(), samples.audit())
    second = ports.changes.save(samples.settled_workspace(version=first.version), samples.audit())

    assert walk(ports.directory.workspaces, 10) == [[second]]


def test_a_removed_workspace_is_listed_no_more(ports: Ports) -> None:
    gone = ports.changes.save(samples.workspace(), samples.audit())
    kept = ports.changes.save(samples.workspace(id="wsp_b"), samples.audit())

    ports.changes.commit(remove=[gone], audit=samples.audit())

    assert walk(ports.directory.workspaces, 1) == [[kept]]


def test_a_workspace_that_was_refused_is_not_listed(ports: Ports) -> None:
    ports.changes.commit(samples.live(), audit=samples.audit())

    with pytest.raises(Exists):
        ports.changes.commit(samples.workspace(), samples.live(), audit=samples.audit())

    assert walk(ports.directory.workspaces, 1) == [[]]


def test_a_long_page_of_workspaces_has_them_all(ports: Ports) -> None:
    for number in range(103):
        ports.changes.keep(samples.workspace(id=f"wsp_{number:03}"))

    (page,) = walk(ports.directory.workspaces, 103)

    assert [workspace.id for workspace in page] == [f"wsp_{number:03}" for number in range(103)]


def test_a_seat_is_a_member_and_the_workspace(ports: Ports) -> None:
    workspace = ports.changes.save(samples.settled_workspace(), samples.audit())
    member = ports.changes.save(samples.member(), samples.audit())

    assert ports.directory.seat("wsp_a", "usr_a") == (workspace, member)


def test_there_is_no_seat_without_both(ports: Ports) -> None:
    ports.changes.commit(samples.workspace(), audit=samples.audit())
    ports.changes.commit(samples.member(workspace="wsp_b"), audit=samples.audit())

    assert ports.directory.seat("wsp_a", "usr_a") is None
    assert ports.directory.seat("wsp_b", "usr_a") is None
    assert ports.directory.seat("wsp_c", "usr_a") is None


def test_a_removed_member_has_no_seat_and_no_membership_left(ports: Ports) -> None:
    ports.changes.commit(samples.workspace(), audit=samples.audit())
    member = ports.changes.save(samples.member(), samples.audit())
    elsewhere = ports.changes.save(samples.member(workspace="wsp_b"), samples.audit())

    ports.changes.commit(remove=[member], audit=samples.audit())

    assert ports.directory.seat("wsp_a", "usr_a") is None
    assert ports.directory.memberships("usr_a") == [elsewhere]
    assert walk(of_a(ports.directory.members), 5) == [[]]


def test_a_member_of_one_workspace_is_none_of_another(ports: Ports) -> None:
    ports.changes.commit(samples.member(), audit=samples.audit())

    assert ports.directory.member("wsp_a", "usr_a") is not None
    assert ports.directory.member("wsp_b", "usr_a") is None
    assert walk(of_a(ports.directory.members, "wsp_b"), 5) == [[]]


def test_members_come_by_user_page_by_page(ports: Ports) -> None:
    for number in (3, 1, 5, 2, 4):
        ports.changes.commit(samples.member(user=f"usr_{number}"), audit=samples.audit())
    ports.changes.commit(samples.member(workspace="wsp_b"), audit=samples.audit())

    pages = walk(of_a(ports.directory.members), 2)

    assert [[member.user for member in page] for page in pages] == [
        ["usr_1", "usr_2"],
        ["usr_3", "usr_4"],
        ["usr_5"],
    ]


def test_memberships_are_those_of_one_user_in_all_workspaces(ports: Ports) -> None:
    author = ports.changes.save(samples.member(), samples.audit())
    admin = ports.changes.save(
        samples.member(workspace="wsp_b", role=Role.ADMIN, is_moderator=False), samples.audit()
    )
    ports.changes.commit(samples.member(user="usr_b"), audit=samples.audit())
    ports.changes.commit(
        samples.session(),
        samples.user(),
        samples.device(),
        samples.password_reset(),
        samples.join_request(user="usr_a"),
        samples.roster(),
        audit=samples.audit(),
    )

    found = ports.directory.memberships("usr_a")

    assert sorted(found, key=lambda member: member.workspace) == [author, admin]


def test_a_roster_that_was_never_written_is_empty(ports: Ports) -> None:
    ports.changes.commit(samples.roster(workspace="wsp_b"), audit=samples.audit())

    assert ports.directory.roster("wsp_a") == Roster("wsp_a")
    first = ports.changes.save(
        replace(ports.directory.roster("wsp_a"), admins=("usr_a",)), samples.audit()
    )
    assert ports.directory.roster("wsp_a") == first


# --- people ---


@pytest.mark.parametrize("address", ["ada@example.com", " ADA@example.com"])
def test_a_user_is_found_by_mail_address_in_whatever_case(ports: Ports, address: str) -> None:
    ada = ports.changes.save(samples.user(), samples.audit())

    assert ports.directory.user_by_email(address) == ada


def test_users_are_found_by_their_ids_however_many(ports: Ports) -> None:
    made = {}
    for number in range(103):
        user = samples.user(id=f"usr_{number}", email=f"{number}@example.com")
        made[user.id] = ports.changes.keep(user)

    assert ports.directory.users([*made, "usr_none"]) == made


def test_a_user_who_is_asked_for_twice_is_found_once(ports: Ports) -> None:
    ada = ports.changes.save(samples.user(), samples.audit())

    assert ports.directory.users(["usr_a", "usr_a", "usr_none"]) == {"usr_a": ada}


def test_a_key_is_one_persons_in_one_workspace(ports: Ports) -> None:
    made = ports.changes.save(samples.made_once(), samples.audit())
    assert ports.directory.made_once(made.workspace, made.user, made.key) == made
    assert ports.directory.made_once("wsp_b", made.user, made.key) is None
    assert ports.directory.made_once(made.workspace, "usr_b", made.key) is None
    assert ports.directory.made_once(made.workspace, made.user, "key-2") is None
    with pytest.raises(Exists):
        ports.changes.save(samples.made_once(target="cmp_b"), samples.audit())


def test_sessions_are_those_of_one_user_until_they_are_removed(ports: Ports) -> None:
    one = ports.changes.keep(samples.session(digest="1" * 64))
    two = ports.changes.keep(samples.session(digest="2" * 64))
    others = ports.changes.keep(samples.session(user="usr_b", digest="3" * 64))

    assert ports.directory.sessions("usr_a") == [one, two]
    assert ports.directory.session("usr_a", "1" * 64) == one
    assert ports.directory.session("usr_b", "1" * 64) is None
    assert ports.directory.session("usr_a", "3" * 64) is None

    ports.changes.commit(remove=[one], audit=samples.audit())
    ports.changes.forget(two)
    assert ports.directory.sessions("usr_a") == []
    assert ports.directory.sessions("usr_b") == [others]


def test_a_device_is_its_users_and_no_session(ports: Ports) -> None:
    device = ports.changes.keep(samples.device())

    assert ports.directory.device("usr_a", device.digest) == device
    assert ports.directory.device("usr_b", device.digest) is None
    assert ports.directory.session("usr_a", device.digest) is None
    assert ports.directory.sessions("usr_a") == []


def test_attempts_are_counted_by_subject_and_place(ports: Ports) -> None:
    elsewhere = ports.changes.keep(samples.attempts())
    known = ports.changes.keep(samples.attempts(place="a" * 64, failures=1, locked_until=None))

    assert ports.directory.attempts(elsewhere.subject, "elsewhere") == elsewhere
    assert ports.directory.attempts(elsewhere.subject, "a" * 64) == known
    assert ports.directory.attempts("6" * 64, "elsewhere") is None


def test_a_user_has_one_password_reset_which_is_no_part_of_the_user(ports: Ports) -> None:
    ada = ports.changes.save(samples.user(), samples.audit())
    reset = ports.changes.keep(samples.password_reset())

    with pytest.raises(Exists):
        ports.changes.keep(samples.password_reset(digest="0" * 64))
    renewed = ports.changes.keep(replace(reset, digest="0" * 64))

    assert ports.directory.password_reset("usr_a") == renewed
    assert ports.directory.password_reset("usr_b") is None
    assert ports.directory.user("usr_a") == ada


# --- what a workspace has of its own ---


def test_what_is_another_workspaces_is_not_found(ports: Ports) -> None:
    ports.changes.commit(
        samples.invitation(),
        samples.join_request(),
        samples.applicant(),
        samples.api_key(),
        samples.client(),
        samples.roster(),
        audit=samples.audit(),
    )

    with pytest.raises(NotFound):
        ports.directory.invitation("wsp_b", "inv_a")
    with pytest.raises(NotFound):
        ports.directory.api_key("wsp_b", "key_a")
    with pytest.raises(NotFound):
        ports.directory.client("wsp_b", "cli_a")
    assert ports.directory.join_request("wsp_b", "usr_c") is None
    assert ports.directory.applicant("wsp_b", "grace@example.com") is None
    assert ports.directory.roster("wsp_b") == Roster("wsp_b")
    for listing in NEWEST_FIRST:
        assert walk(of_a(getattr(ports.directory, listing), "wsp_b"), 5) == [[]]


def test_an_applicant_has_applied_by_mail_address_in_whatever_case(ports: Ports) -> None:
    applicant = ports.changes.keep(samples.applicant())

    assert ports.directory.applicant("wsp_a", " Grace@Example.com") == applicant
    with pytest.raises(Exists):
        ports.changes.keep(samples.applicant(digest="0" * 64))


@pytest.mark.parametrize("listing", NEWEST_FIRST)
def test_a_workspaces_own_come_newest_first_page_by_page(ports: Ports, listing: str) -> None:
    make, place = NEWEST_FIRST[listing]
    for number in (3, 1, 5, 2, 4):
        ports.changes.commit(make(**{place: f"id_{number}"}), audit=samples.audit())
    ports.changes.commit(make(workspace="wsp_b", **{place: "id_6"}), audit=samples.audit())

    pages = walk(of_a(getattr(ports.directory, listing)), 2)

    assert [[getattr(record, place) for record in page] for page in pages] == [
        ["id_5", "id_4"],
        ["id_3", "id_2"],
        ["id_1"],
    ]


@pytest.mark.parametrize("listing", NEWEST_FIRST)
def test_a_page_goes_on_however_its_place_has_changed(ports: Ports, listing: str) -> None:
    """What is added later is before the page that was shown; what the cursor names may be gone."""
    make, place = NEWEST_FIRST[listing]
    made = {
        number: ports.changes.save(make(**{place: f"id_{number}"}), samples.audit())
        for number in (1, 2, 4)
    }
    read = of_a(getattr(ports.directory, listing))
    first = read(after=None, limit=1)
    assert list(first.items) == [made[4]]

    ports.changes.commit(make(**{place: "id_5"}), remove=[made[4]], audit=samples.audit())
    between = ports.changes.save(make(**{place: "id_3"}), samples.audit())

    rest = read(after=first.next, limit=5)
    assert list(rest.items) == [between, made[2], made[1]]
    assert rest.next is None


def test_a_page_of_members_goes_on_however_its_place_has_changed(ports: Ports) -> None:
    made = {
        number: ports.changes.save(samples.member(user=f"usr_{number}"), samples.audit())
        for number in (2, 4, 5)
    }
    first = ports.directory.members("wsp_a", after=None, limit=1)

    ports.changes.commit(samples.member(user="usr_1"), remove=[made[2]], audit=samples.audit())
    between = ports.changes.save(samples.member(user="usr_3"), samples.audit())

    rest = ports.directory.members("wsp_a", after=first.next, limit=5)
    assert list(rest.items) == [between, made[4], made[5]]
    assert rest.next is None


def test_a_page_of_workspaces_goes_on_however_its_place_has_changed(ports: Ports) -> None:
    made = {
        number: ports.changes.save(samples.workspace(id=f"wsp_{number}"), samples.audit())
        for number in (2, 4, 5)
    }
    first = ports.directory.workspaces(after=None, limit=1)

    ports.changes.commit(samples.workspace(id="wsp_1"), remove=[made[2]], audit=samples.audit())
    between = ports.changes.save(samples.workspace(id="wsp_3"), samples.audit())

    rest = ports.directory.workspaces(after=first.next, limit=5)
    assert list(rest.items) == [between, made[4], made[5]]
    assert rest.next is None


@pytest.mark.parametrize("cursor", ["zzz", "\u20ac" * 700, "z" * 5000, "id_2#\x00"])
def test_a_forged_cursor_is_a_place_in_the_listing_and_no_more(ports: Ports, cursor: str) -> None:
    for number in (1, 2):
        ports.changes.commit(samples.client(id=f"id_{number}"), audit=samples.audit())
        ports.changes.commit(samples.member(user=f"id_{number}"), audit=samples.audit())
    ports.changes.commit(
        samples.client(workspace="wsp_b"), samples.member(workspace="wsp_b"), audit=samples.audit()
    )

    newest = ports.directory.clients("wsp_a", after=cursor, limit=5)
    ascending = ports.directory.members("wsp_a", after=cursor, limit=5)

    below = [client.id for client in newest.items]
    assert below == [id_ for id_ in ("id_2", "id_1") if id_ < cursor]
    assert [member.user for member in ascending.items] == [
        id_ for id_ in ("id_1", "id_2") if id_ > cursor
    ]


@pytest.mark.parametrize("name", ["", "\ud800", "#", "\x00", "x" * 3000, "wsp_a#MEMBER"])
def test_names_that_no_key_can_hold_are_nobodys(ports: Ports, name: str) -> None:
    assert ports.directory.seat(name, "usr_a") is None
    assert ports.directory.seat("wsp_a", name) is None
    assert ports.directory.member(name, "usr_a") is None
    with pytest.raises(NotFound):
        ports.directory.workspace(name)
    with pytest.raises(NotFound):
        ports.directory.api_key("wsp_a", name)
