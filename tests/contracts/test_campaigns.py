"""Senders, lists, what stays of campaigns, windows: each workspace sees its own, page by page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.adapters.ids import UlidIds
from chalicelib.domain.errors import Exists, NotFound, Stale
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.sender import RevisionStatus
from chalicelib.usecases.ports import next_version
from tests.fakes import samples
from tests.fakes.services import MORNING, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.conftest import Ports


@pytest.mark.parametrize("campaign", ["x" * 1025, "\u20ac" * 400])
def test_an_id_that_is_too_long_for_a_key_is_of_nothing(ports: Ports, campaign: str) -> None:
    with pytest.raises(NotFound):
        ports.campaigns.campaign("wsp_a", campaign)


@pytest.mark.parametrize(
    "read",
    [
        lambda ports: ports.campaigns.campaign("wsp_b", "cmp_a"),
        lambda ports: ports.campaigns.recipient_list("wsp_b", "lst_a"),
        lambda ports: ports.campaigns.sender("wsp_b", "snd_a"),
        lambda ports: ports.campaigns.revision("wsp_b", "snd_a", 1),
        lambda ports: ports.campaigns.revision("wsp_a", "snd_a", 2),
    ],
)
def test_what_is_another_workspaces_is_not_found(
    ports: Ports, read: Callable[[Ports], object]
) -> None:
    ports.changes.commit(
        samples.campaign(),
        samples.recipient_list(),
        samples.sender(),
        samples.revision(),
        audit=samples.audit(),
    )

    with pytest.raises(NotFound):
        read(ports)


def test_what_is_another_workspaces_is_in_no_list(ports: Ports) -> None:
    ports.changes.commit(
        samples.campaign(),
        samples.recipient_list(),
        samples.sender(),
        samples.window(),
        audit=samples.audit(),
    )

    ports.changes.commit(
        samples.revision(),
        samples.survey(),
        samples.screening(),
        samples.deleted_campaign(),
        audit=samples.audit(),
    )

    assert ports.campaigns.deleted_campaigns("wsp_b", after=None, limit=10).items == []
    assert ports.campaigns.recipient_lists("wsp_b", after=None, limit=10).items == []
    assert ports.campaigns.senders("wsp_b", after=None, limit=10).items == []
    assert ports.campaigns.revisions("wsp_b", "snd_a") == []
    assert ports.campaigns.revisions_with_address("wsp_b", "ACME") == []
    assert ports.campaigns.survey("wsp_b", "cmp_a") is None
    assert ports.campaigns.screening("wsp_b", "lst_a") is None
    assert ports.campaigns.windows("wsp_b", "cmp_a") == []


LISTS: dict[str, tuple[Callable[..., Any], Callable[..., Callable[..., Any]]]] = {
    "lists": (samples.recipient_list, lambda ports: ports.campaigns.recipient_lists),
    "senders": (samples.sender, lambda ports: ports.campaigns.senders),
    "deleted campaigns": (
        samples.deleted_campaign,
        lambda ports: ports.campaigns.deleted_campaigns,
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_the_newest_come_first_page_by_page(ports: Ports, name: str) -> None:
    make, of = LISTS[name]
    for number in (3, 1, 5, 2, 4):
        ports.changes.commit(make(id=f"x_{number}"), audit=samples.audit())

    pages = []
    after = None
    for _ in range(3):
        page = of(ports)("wsp_a", after=after, limit=2)
        pages.append([each.id for each in page.items])
        after = page.next

    assert pages == [["x_5", "x_4"], ["x_3", "x_2"], ["x_1"]]
    assert after is None


def test_the_last_page_knows_that_it_is_even_when_it_is_full(ports: Ports) -> None:
    for number in (1, 2):
        ports.changes.commit(samples.recipient_list(id=f"lst_{number}"), audit=samples.audit())

    page = ports.campaigns.recipient_lists("wsp_a", after=None, limit=2)

    assert [recipients.id for recipients in page.items] == ["lst_2", "lst_1"]
    assert page.next is None


@pytest.mark.parametrize("name", LISTS)
def test_a_page_goes_on_where_its_cursor_was_removed_or_never_was(ports: Ports, name: str) -> None:
    make, of = LISTS[name]
    ports.changes.commit(make(id="x_1"), audit=samples.audit())

    assert [each.id for each in of(ports)("wsp_a", after="x_2", limit=1).items] == ["x_1"]
    assert of(ports)("wsp_a", after="x_1", limit=1).items == []


# --- senders ---


def test_archived_senders_are_among_the_others(ports: Ports) -> None:
    ports.changes.commit(samples.sender(), audit=samples.audit())
    ports.changes.commit(samples.sender(id="snd_b", archived_at=MORNING), audit=samples.audit())

    page = ports.campaigns.senders("wsp_a", after=None, limit=9)

    assert [(each.id, each.archived_at) for each in page.items] == [
        ("snd_b", MORNING),
        ("snd_a", None),
    ]


def test_revisions_come_oldest_first_and_of_one_sender(ports: Ports) -> None:
    for number in (10, 9, 1):
        ports.changes.commit(samples.revision(number=number), audit=samples.audit())
    ports.changes.commit(samples.revision(sender="snd_a2", number=2), audit=samples.audit())

    numbers = [revision.number for revision in ports.campaigns.revisions("wsp_a", "snd_a")]

    assert numbers == [1, 9, 10]


@pytest.mark.parametrize("sender", ["", "snd", "snd_a#", "x" * 1025, "\ud800", "snd_a#000001"])
def test_a_sender_that_cannot_be_has_no_revisions(ports: Ports, sender: str) -> None:
    ports.changes.commit(samples.revision(), audit=samples.audit())

    assert ports.campaigns.revisions("wsp_a", sender) == []


def test_an_address_finds_its_revisions_of_all_senders_and_states(ports: Ports) -> None:
    found = [
        ports.changes.save(revision, samples.audit())
        for revision in (
            samples.revision(number=2, status=RevisionStatus.APPROVED),
            samples.revision(number=10, status=RevisionStatus.ARCHIVED),
            samples.revision(sender="snd_b", status=RevisionStatus.DRAFT),
        )
    ]
    for other in ("ACME2", "ACM", "acme", "A", "A#ACME"):
        ports.changes.commit(
            samples.revision(sender=f"snd_{other}", address=other), audit=samples.audit()
        )

    assert ports.campaigns.revisions_with_address("wsp_a", "ACME") == found


@pytest.mark.parametrize("address", ["", "ACM", "x" * 3000, "\ud800", "ACME#snd_a", "#"])
def test_an_address_of_nobody_finds_nothing(ports: Ports, address: str) -> None:
    ports.changes.commit(samples.revision(), audit=samples.audit())

    assert ports.campaigns.revisions_with_address("wsp_a", address) == []


def test_an_address_with_a_hash_is_an_address_like_any_other(ports: Ports) -> None:
    one = ports.changes.save(samples.revision(address="A"), samples.audit())
    other = ports.changes.save(samples.revision(sender="snd_b", address="A#B"), samples.audit())

    assert ports.campaigns.revisions_with_address("wsp_a", "A") == [one]
    assert ports.campaigns.revisions_with_address("wsp_a", "A#B") == [other]


def test_a_draft_is_found_by_the_address_that_it_has_now(ports: Ports) -> None:
    draft = ports.changes.save(samples.revision(status=RevisionStatus.DRAFT), samples.audit())

    changed = ports.changes.save(replace(draft, address="SHOP"), samples.audit())
    assert ports.campaigns.revisions_with_address("wsp_a", "ACME") == []
    assert ports.campaigns.revisions_with_address("wsp_a", "SHOP") == [changed]

    back = ports.changes.save(replace(changed, address="ACME"), samples.audit())
    assert ports.campaigns.revisions_with_address("wsp_a", "ACME") == [back]
    assert ports.campaigns.revisions_with_address("wsp_a", "SHOP") == []


def test_a_revision_is_found_in_the_state_that_it_has_now(ports: Ports) -> None:
    revision = ports.changes.save(samples.revision(), samples.audit())

    approved = replace(revision, status=RevisionStatus.APPROVED)
    approved = ports.changes.save(approved, samples.audit())

    assert ports.campaigns.revisions_with_address("wsp_a", "ACME") == [approved]


def test_a_removed_revision_is_found_by_nothing(ports: Ports) -> None:
    revision = ports.changes.save(samples.revision(), samples.audit())

    ports.changes.commit(remove=[revision], audit=samples.audit())

    assert ports.campaigns.revisions_with_address("wsp_a", "ACME") == []
    assert ports.campaigns.revisions("wsp_a", "snd_a") == []


# --- progress of lists ---


def test_progress_is_written_over_and_goes(ports: Ports) -> None:
    assert ports.campaigns.progress("wsp_a", "lst_a") is None
    first, later = samples.ingest_progress(), samples.ingest_progress(octets=1_000, stored=3)
    for progress in (first, later, samples.ingest_progress(list="lst_b")):
        ports.campaigns.note_progress(progress)
    assert ports.campaigns.progress("wsp_a", "lst_a") == later
    assert ports.campaigns.progress("wsp_b", "lst_a") is None
    ports.campaigns.forget_progress(first)
    ports.campaigns.forget_progress(first)
    assert ports.campaigns.progress("wsp_a", "lst_a") is None
    assert ports.campaigns.progress("wsp_a", "lst_b") is not None


# --- screenings ---


def test_a_list_has_one_screening_and_at_first_none(ports: Ports) -> None:
    assert ports.campaigns.screening("wsp_a", "lst_a") is None
    first = ports.changes.keep(samples.screening())
    second = ports.changes.keep(replace(first, counted=30_000))
    ports.changes.keep(samples.screening(list="lst_b"))
    assert ports.campaigns.screening("wsp_a", "lst_a") == second
    assert ports.campaigns.screening("wsp_b", "lst_a") is None
    with pytest.raises(Stale):
        ports.changes.keep(first)


# --- surveys ---


def test_a_campaign_has_one_survey_and_at_first_none(ports: Ports) -> None:
    assert ports.campaigns.survey("wsp_a", "cmp_a") is None

    first = ports.changes.keep(samples.survey())
    second = ports.changes.keep(replace(first, counted=10, by_parts={1: 10}))
    ports.changes.keep(samples.survey(campaign="cmp_b"))

    assert ports.campaigns.survey("wsp_a", "cmp_a") == second


# --- windows and markers ---


def test_windows_come_by_number_and_of_one_campaign(ports: Ports) -> None:
    for number in (10, 9, 0):
        ports.campaigns.put_window(samples.window(number=number))
    ports.campaigns.put_window(samples.window(campaign="cmp_b"))

    numbers = [window.number for window in ports.campaigns.windows("wsp_a", "cmp_a")]

    assert numbers == [0, 9, 10]


def test_a_window_is_written_by_version_and_without_audit(ports: Ports) -> None:
    first = ports.campaigns.put_window(samples.window())
    second = ports.campaigns.put_window(replace(first, tokens=("token",)))

    assert (first.version, second.version) == (1, 2)
    assert ports.campaigns.windows("wsp_a", "cmp_a") == [second]
    with pytest.raises(Exists):
        ports.campaigns.put_window(samples.window())
    with pytest.raises(Stale):
        ports.campaigns.put_window(replace(first, settled=True))
    assert ports.campaigns.windows("wsp_a", "cmp_a") == [second]
    assert ports.audit("wsp_a") == []


def test_open_lists_are_those_of_all_workspaces_until_they_are_over(ports: Ports) -> None:
    mine, other = samples.open_list(), samples.open_list(workspace="wsp_b")
    assert ports.campaigns.open_list("wsp_a", "lst_a") is None
    ports.changes.commit(mine, audit=samples.audit(id="aud_1"))
    ports.changes.commit(other, audit=samples.audit(id="aud_2"))
    mine, other = next_version(mine), next_version(other)
    assert ports.campaigns.open_lists() == [mine, other]

    asked = ports.changes.keep(replace(mine, uploaded_at=MORNING, asked_at=MORNING, tries=1))
    assert ports.campaigns.open_list("wsp_a", "lst_a") == asked

    begun = samples.recipient_list(status=ListStatus.UPLOADING, digest=None)
    begun = ports.changes.save(begun, samples.audit(id="aud_3"))
    with pytest.raises(Stale):
        ports.changes.commit(begun, remove=[mine], audit=samples.audit(id="aud_4"))
    assert ports.campaigns.recipient_list("wsp_a", begun.id) == begun
    ports.changes.commit(begun, remove=[asked], audit=samples.audit(id="aud_4"))
    assert ports.campaigns.open_list("wsp_a", "lst_a") is None
    assert ports.campaigns.open_lists() == [other]


def test_live_campaigns_are_those_of_all_workspaces_until_forgotten(ports: Ports) -> None:
    ports.changes.commit(samples.live(), audit=samples.audit())
    ports.changes.commit(samples.live(workspace="wsp_b"), audit=samples.audit())

    one, other = ports.campaigns.live()
    assert (one.workspace, other.workspace) == ("wsp_a", "wsp_b")

    ports.campaigns.forget_live(one)
    ports.campaigns.forget_live(one)
    assert ports.campaigns.live() == [other]


# --- keeping lists ---


def test_lists_are_found_by_their_age_oldest_first(ports: Ports) -> None:
    clock = FakeClock()
    ids = UlidIds(clock)
    made = []
    for number in range(5):
        each = samples.recipient_list(id=ids.new("lst"), created_at=clock.now())
        if number == 1:
            each = replace(each, status=ListStatus.DELETED)
        made.append(ports.changes.save(each, samples.audit()))
        clock.advance(timedelta(hours=1))
    other = samples.recipient_list(id=ids.new("lst"), workspace="wsp_b", created_at=MORNING)
    ports.changes.commit(other, audit=samples.audit())
    third = made[3].created_at

    first = ports.campaigns.lists_made_before("wsp_a", third, after=None, limit=2)
    rest = ports.campaigns.lists_made_before("wsp_a", third, after=first.next, limit=2)

    assert [first.items, rest.items] == [made[:2], made[2:3]]
    assert (first.next, rest.next) == (made[1].id, None)
    before = ports.campaigns.lists_made_before("wsp_a", MORNING, after=None, limit=2)
    assert (list(before.items), before.next) == ([], None)


def test_a_list_knows_the_campaigns_that_use_it(ports: Ports) -> None:
    uses = [
        ports.changes.keep(samples.list_use(campaign=campaign)) for campaign in ("cmp_1", "cmp_2")
    ]
    ports.changes.keep(samples.list_use(list="lst_a2"))
    ports.changes.keep(samples.list_use(workspace="wsp_b"))

    assert ports.campaigns.list_uses("wsp_a", "lst_a") == uses[::-1]
    assert ports.campaigns.list_use("wsp_a", "lst_a", "cmp_1") == uses[0]
    assert ports.campaigns.list_use("wsp_a", "lst_a", "cmp_3") is None
    with pytest.raises(Exists):
        ports.changes.keep(samples.list_use(campaign="cmp_1"))


def test_removals_come_when_they_are_due_the_longest_first(ports: Ports) -> None:
    moments = [MORNING + timedelta(milliseconds=number) for number in range(4)]
    kept = [
        ports.changes.keep(samples.list_removal(due_at=moment, workspace=f"wsp_{9 - place}"))
        for place, moment in enumerate(moments)
    ]

    assert ports.campaigns.list_removals(moments[2], 9) == kept[:3]
    assert ports.campaigns.list_removals(moments[2], 2) == kept[:2]
    ports.changes.forget(kept[0])
    assert ports.campaigns.list_removals(moments[2], 2) == kept[1:3]
    assert ports.campaigns.list_removals(MORNING - timedelta(1), 2) == []


def test_a_workspace_has_one_round_and_one_turn(ports: Ports) -> None:
    assert ports.campaigns.list_round("wsp_a") is None
    assert ports.campaigns.erasure_turn("wsp_a") is None

    of_lists = ports.changes.keep(samples.list_round())
    turn = ports.changes.keep(samples.erasure_turn())

    assert ports.campaigns.list_round("wsp_a") == of_lists
    assert ports.campaigns.erasure_turn("wsp_a") == turn
    assert ports.campaigns.list_round("wsp_b") is None
    with pytest.raises(Stale):
        ports.changes.keep(replace(turn, version=7))


def test_erasures_are_shown_newest_first_and_worked_on_oldest_first(ports: Ports) -> None:
    for number in (2, 1, 3):
        ports.changes.commit(samples.erasure(id=f"era_{number}"), audit=samples.audit())
        ports.changes.keep(samples.open_erasure(erasure=f"era_{number}"))
    ports.changes.keep(samples.open_erasure(workspace="wsp_b"))

    page = ports.campaigns.erasures("wsp_a", after=None, limit=2)
    rest = ports.campaigns.erasures("wsp_a", after=page.next, limit=2)

    assert [each.id for each in (*page.items, *rest.items)] == ["era_3", "era_2", "era_1"]
    assert [(each.workspace, each.erasure) for each in ports.campaigns.open_erasures()] == [
        ("wsp_a", "era_1"),
        ("wsp_a", "era_2"),
        ("wsp_a", "era_3"),
        ("wsp_b", "era_a"),
    ]
    assert ports.campaigns.erasure("wsp_a", "era_2").token == 2**64 - 1
    with pytest.raises(NotFound):
        ports.campaigns.erasure("wsp_b", "era_2")
