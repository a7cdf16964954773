"""Campaigns: each workspace sees its own; pages; windows; the markers of live campaigns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import Exists, NotFound, Stale
from tests.fakes import samples

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

    assert ports.campaigns.campaigns("wsp_b", after=None, limit=10).items == []
    assert ports.campaigns.recipient_lists("wsp_b", after=None, limit=10).items == []
    assert ports.campaigns.senders("wsp_b") == []
    assert ports.campaigns.windows("wsp_b", "cmp_a") == []


def test_campaigns_come_newest_first_page_by_page(ports: Ports) -> None:
    for number in (3, 1, 5, 2, 4):
        ports.changes.commit(samples.campaign(id=f"cmp_{number}"), audit=samples.audit())

    pages = []
    after = None
    for _ in range(3):
        page = ports.campaigns.campaigns("wsp_a", after=after, limit=2)
        pages.append([campaign.id for campaign in page.items])
        after = page.next

    assert pages == [["cmp_5", "cmp_4"], ["cmp_3", "cmp_2"], ["cmp_1"]]
    assert after is None


def test_the_last_page_knows_that_it_is_even_when_it_is_full(ports: Ports) -> None:
    for number in (1, 2):
        ports.changes.commit(samples.recipient_list(id=f"lst_{number}"), audit=samples.audit())

    page = ports.campaigns.recipient_lists("wsp_a", after=None, limit=2)

    assert [recipients.id for recipients in page.items] == ["lst_2", "lst_1"]
    assert page.next is None


def test_a_page_goes_on_where_its_cursor_was_removed_or_never_was(ports: Ports) -> None:
    ports.changes.commit(samples.campaign(id="cmp_1"), audit=samples.audit())

    assert [c.id for c in ports.campaigns.campaigns("wsp_a", after="cmp_2", limit=1).items] == [
        "cmp_1"
    ]
    assert ports.campaigns.campaigns("wsp_a", after="cmp_1", limit=1).items == []


def test_senders_are_all_there(ports: Ports) -> None:
    for number in range(3):
        ports.changes.commit(samples.sender(id=f"snd_{number}"), audit=samples.audit())

    assert [sender.id for sender in ports.campaigns.senders("wsp_a")] == [
        "snd_0",
        "snd_1",
        "snd_2",
    ]


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


def test_live_campaigns_are_those_of_all_workspaces_until_forgotten(ports: Ports) -> None:
    ports.changes.commit(samples.live(), audit=samples.audit())
    ports.changes.commit(samples.live(workspace="wsp_b"), audit=samples.audit())

    one, other = ports.campaigns.live()
    assert (one.workspace, other.workspace) == ("wsp_a", "wsp_b")

    ports.campaigns.forget_live(one)
    ports.campaigns.forget_live(one)
    assert ports.campaigns.live() == [other]
