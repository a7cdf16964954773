"""The fallback store: what it kept waits until it is taken, whoever writes or drains (SPEC 8.2).

Its races run on a server that plays S3, in tests/functional.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.audit_fallback import S3AuditFallback
from chalicelib.domain.audit import Actor, AuditRecord, from_json, to_json
from tests.fakes import samples
from tests.fakes.audit_fallback import FakeAuditFallback
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.ports import AuditFallback
    from tests.fakes.cloud import Cloud

SEGMENTS = 3
SEGMENT_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """One store. Each time that it is opened stands for another process."""

    open: Callable[[], AuditFallback]
    cap: int


@pytest.fixture
def place(cloud: Cloud | None) -> Place:
    if cloud is None:
        fake = FakeAuditFallback(room=12)
        return Place(lambda: fake, SEGMENTS * SEGMENT_BYTES)
    clients, bucket = cloud.clients, cloud.bucket
    return Place(
        lambda: S3AuditFallback(clients, bucket, segments=SEGMENTS, segment_bytes=SEGMENT_BYTES),
        SEGMENTS * SEGMENT_BYTES,
    )


@pytest.fixture
def fallback(place: Place) -> AuditFallback:
    return place.open()


def drained(fallback: AuditFallback) -> list[AuditRecord]:
    taken: list[AuditRecord] = []
    assert fallback.drain(taken.append) == len(taken)
    return taken


def after(seconds: int, **changes: str) -> AuditRecord:
    return samples.audit(at=MORNING + timedelta(seconds=seconds), **changes)


def test_nothing_waits_at_first(fallback: AuditFallback) -> None:
    assert drained(fallback) == []
    assert fallback.size() == 0


def test_a_record_comes_back_as_it_was(fallback: AuditFallback) -> None:
    record = samples.audit(
        actor=Actor("usr_ü", "admin", "2001:db8::1", 'agent "\n\x00\ud800', "req"),
        before={"text": "Grüße 👋\u2028", "count": 0, "flag": False, "none": None},
    )
    assert fallback.keep(record)

    assert drained(fallback) == [record]


def test_what_was_taken_is_gone(place: Place, fallback: AuditFallback) -> None:
    fallback.keep(samples.audit())
    assert place.open().size() > 0

    assert len(drained(place.open())) == 1

    assert fallback.size() == 0
    assert drained(fallback) == []


def test_records_of_all_writers_come_oldest_first(place: Place) -> None:
    one, other = place.open(), place.open()
    records = [after(seconds) for seconds in range(6)]
    for at in (4, 1, 3):
        one.keep(records[at])
    for at in (2, 5, 0):
        other.keep(records[at])

    assert drained(place.open()) == records


def test_records_of_one_moment_come_by_id(fallback: AuditFallback) -> None:
    records = [samples.audit(id=f"aud_{name}") for name in "abc"]
    for at in (1, 2, 0):
        fallback.keep(records[at])

    assert drained(fallback) == records


def test_what_was_not_taken_stays(place: Place, fallback: AuditFallback) -> None:
    one, other = fallback, place.open()
    records = [after(seconds) for seconds in range(6)]
    for at, record in enumerate(records):
        (one, other)[at % 2].keep(record)
    taken: list[AuditRecord] = []

    def take_three(record: AuditRecord) -> None:
        if len(taken) == 3:
            raise TimeoutError
        taken.append(record)

    with pytest.raises(TimeoutError):
        place.open().drain(take_three)

    left = drained(fallback)
    assert taken == records[:3]
    # What was taken may come again, what was not must.
    assert set(map(id_of, records[3:])) <= set(map(id_of, left)) <= set(map(id_of, records))


def test_what_is_kept_during_a_drain_is_not_lost(place: Place, fallback: AuditFallback) -> None:
    first, second, third = after(0), after(1), after(2)
    fallback.keep(first)
    taken: list[AuditRecord] = []

    def take(record: AuditRecord) -> None:
        if not taken:
            assert fallback.keep(second)
            assert place.open().keep(third)
        taken.append(record)

    place.open().drain(take)
    taken += drained(fallback)

    assert set(map(id_of, taken)) == set(map(id_of, (first, second, third)))
    assert fallback.size() == 0


def test_two_drains_at_once_lose_nothing(place: Place, fallback: AuditFallback) -> None:
    records = [after(seconds) for seconds in range(4)]
    for record in records:
        place.open().keep(record)
    taken: list[AuditRecord] = []

    def take(record: AuditRecord) -> None:
        if not taken:
            taken.append(record)
            taken.extend(drained(place.open()))
        taken.append(record)

    fallback.drain(take)

    assert set(map(id_of, taken)) == set(map(id_of, records))
    assert drained(fallback) == []


def test_a_full_store_says_so_and_loses_nothing_it_took(place: Place) -> None:
    """Many writers of little use up no more room than few writers of much."""
    records = [after(seconds) for seconds in range(50)]
    kept = [record for record in records if place.open().keep(record)]

    assert 10 <= len(kept) < 50
    assert place.open().size() <= place.cap
    assert drained(place.open()) == kept
    assert place.open().keep(after(50))


def test_a_drained_store_can_be_filled_again(place: Place, fallback: AuditFallback) -> None:
    """By those, too, whose own segment was taken away meanwhile."""
    kept = 0
    for round_ in range(3):
        records = [after(60 * round_ + at) for at in range(8)]
        assert all(fallback.keep(record) for record in records)
        kept += len(records)
        assert drained(place.open()) == records

    assert kept == 24


def id_of(record: AuditRecord) -> str:
    return record.id


FACTS = st.dictionaries(
    st.text(max_size=9), st.text() | st.integers() | st.booleans() | st.none(), max_size=3
)
INSTANTS = st.integers(0, 4_000_000_000_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)


@given(
    st.builds(
        AuditRecord,
        id=st.text(),
        workspace=st.text(),
        at=INSTANTS,
        expires_at=INSTANTS,
        actor=st.builds(Actor, st.text(), st.text(), st.text(), st.text(), st.text()),
        action=st.text(),
        object=st.text(),
        author=st.text(),
        before=FACTS,
        after=FACTS,
    )
)
def test_a_record_can_be_told_from_its_json(record: AuditRecord) -> None:
    assert from_json(json.loads(json.dumps(to_json(record)))) == record


def test_a_field_that_its_json_does_not_have_yet_has_its_default() -> None:
    shown = to_json(samples.audit(author=""))
    del shown["author"]

    assert from_json(shown).author == ""
