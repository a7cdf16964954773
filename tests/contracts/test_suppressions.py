"""Entries, suppression lists and notes of changes: each workspace's own, whole and in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import Exists, Stale
from chalicelib.domain.suppression import Source
from chalicelib.usecases.ports import next_version
from tests.fakes import samples
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from tests.contracts.conftest import Ports

LATER = MORNING + timedelta(seconds=1, microseconds=1)


def test_entries_come_back_by_their_tokens_as_they_were_written(ports: Ports) -> None:
    said = samples.suppression()
    lifted = samples.suppression(
        token=0, number=1, source=Source.RECIPIENT, at=LATER, by="", note="", lifted=True
    )
    ports.changes.commit(said, lifted, audit=samples.audit())

    found = ports.suppressions.find("wsp_a", [said.token, 0, 5, 0])

    assert found == {said.token: next_version(said), 0: next_version(lifted)}
    assert ports.suppressions.find("wsp_a", []) == {}
    assert ports.suppressions.find("wsp_b", [said.token, 0]) == {}


def test_more_entries_are_found_at_once_than_go_into_one_request(ports: Ports) -> None:
    for first in range(0, 150, 75):
        entries = [samples.suppression(token=each) for each in range(first, first + 75)]
        ports.changes.commit(*entries, audit=samples.audit())

    assert len(ports.suppressions.find("wsp_a", list(range(200)))) == 150


def test_one_of_two_that_write_an_entry_at_once_is_refused(ports: Ports) -> None:
    said = ports.changes.save(samples.suppression(), samples.audit())
    ports.changes.save(replace(said, lifted=True), samples.audit())

    with pytest.raises(Stale):
        ports.changes.save(replace(said, note="late"), samples.audit())
    with pytest.raises(Exists):
        ports.changes.save(samples.suppression(), samples.audit())


def test_entries_come_page_by_page_in_the_order_of_their_tokens(ports: Ports) -> None:
    tokens = [0, 9, 10, 16, 2**63, 2**64 - 1]
    entries = [samples.suppression(token=token, number=token) for token in tokens]
    ports.changes.commit(
        *reversed(entries), samples.suppression(workspace="wsp_b"), audit=samples.audit()
    )

    first = ports.suppressions.page("wsp_a", after=None, limit=4)
    second = ports.suppressions.page("wsp_a", after=first.next, limit=4)

    assert [entry.token for entry in (*first.items, *second.items)] == tokens
    assert second.next is None
    assert list(ports.suppressions.page("wsp_c", after=None, limit=4).items) == []


def test_all_numbers_are_told_and_since_when_they_are_lifted(ports: Ports) -> None:
    ports.changes.commit(
        samples.suppression(),
        samples.suppression(token=1, number=4915, at=LATER, lifted=True),
        samples.suppression(workspace="wsp_b", number=7),
        audit=samples.audit(),
    )

    assert list(ports.suppressions.numbers("wsp_a")) == [
        (4915, LATER),
        (491700000001, None),
    ]
    assert list(ports.suppressions.numbers("wsp_c")) == []


def test_what_is_suppressed_again_is_not_told_as_lifted(ports: Ports) -> None:
    lifted = ports.changes.save(samples.suppression(lifted=True), samples.audit())
    ports.changes.save(replace(lifted, lifted=False), samples.audit())

    assert list(ports.suppressions.numbers("wsp_a")) == [(491700000001, None)]


def test_lists_come_newest_first_withdrawn_ones_among_them(ports: Ports) -> None:
    old = samples.suppression_list(list="lst_1", withdrawn_at=LATER)
    new = samples.suppression_list(list="lst_2", at=LATER)
    ports.changes.commit(
        old, new, samples.suppression_list(workspace="wsp_b"), audit=samples.audit()
    )

    assert ports.suppressions.lists("wsp_a") == [next_version(new), next_version(old)]
    assert ports.suppressions.lists("wsp_c") == []


def test_changes_come_oldest_first_from_an_instant_on(ports: Ports) -> None:
    first = samples.suppression_change(id="sup_9", at=MORNING - timedelta(milliseconds=1))
    second = samples.suppression_change(id="sup_8", lifted=True)
    third = samples.suppression_change(id="sup_7", at=LATER, numbers=(), list="lst_a")
    ports.changes.commit(
        third,
        first,
        second,
        samples.suppression_change(workspace="wsp_b"),
        audit=samples.audit(),
    )

    within = MORNING + timedelta(microseconds=999)
    assert ports.suppressions.changes("wsp_a", within) == [
        next_version(second),
        next_version(third),
    ]
    assert len(ports.suppressions.changes("wsp_a", MORNING - timedelta(days=40))) == 3
    assert ports.suppressions.changes("wsp_a", LATER + timedelta(milliseconds=1)) == []


def test_a_change_may_be_noted_of_many_numbers_or_none(ports: Ports) -> None:
    many = samples.suppression_change(numbers=tuple(range(1_000)))
    none = samples.suppression_change(id="sup_b", numbers=())
    ports.changes.commit(many, none, audit=samples.audit())

    told = ports.suppressions.changes("wsp_a", MORNING)

    assert [len(note.numbers) for note in told] == [1_000, 0]


def test_a_transaction_takes_a_note_and_98_entries(ports: Ports) -> None:
    entries = [samples.suppression(token=token, number=token) for token in range(98)]
    ports.changes.commit(*entries, samples.suppression_change(), audit=samples.audit())

    assert len(list(ports.suppressions.numbers("wsp_a"))) == 98
