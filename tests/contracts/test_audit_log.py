"""The audit log: append-only records, pages of them by period and by what is asked for; seals."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from chalicelib.domain.audit import Actor, AuditRecord, hash_of, key_of, to_json
from chalicelib.domain.seals import RECORDS_MAX, Covered
from chalicelib.usecases.ports import AuditQuery
from tests.fakes import samples
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from chalicelib.domain.seals import Seal
    from chalicelib.usecases.ports import AuditLog
    from tests.contracts.conftest import Ports

ALL = AuditQuery()
SECOND = timedelta(seconds=1)


@pytest.fixture
def log(ports: Ports) -> AuditLog:
    return ports.audit_log


def written(log: AuditLog, *records: AuditRecord) -> list[AuditRecord]:
    for record in records:
        log.append(record)
    return list(records)


def at_seconds(log: AuditLog, *seconds: int, **changes: Any) -> list[AuditRecord]:
    times = (MORNING + second * SECOND for second in seconds)
    return written(log, *(samples.audit(at=at, **changes) for at in times))


def walk(
    log: AuditLog, query: AuditQuery = ALL, limit: int = 2, workspace: str = "wsp_a"
) -> list[list[AuditRecord]]:
    pages, after = [], None
    while True:
        page = log.page(workspace, query, after=after, limit=limit)
        pages.append(list(page.items))
        after = page.next
        if after is None:
            return pages


def found(log: AuditLog, query: AuditQuery, limit: int = 2) -> list[AuditRecord]:
    return [record for page in walk(log, query, limit) for record in page]


def walk_since(
    log: AuditLog, since: datetime, limit: int, workspace: str = "wsp_a"
) -> list[list[AuditRecord]]:
    pages, after = [], None
    while True:
        page = log.since(workspace, since, after=after, limit=limit)
        pages.append(list(page.items))
        after = page.next
        if after is None:
            return pages


# --- records ---


def test_an_appended_record_reads_as_it_was_to_the_last_bit(ports: Ports) -> None:
    record = samples.audit(
        at=MORNING + timedelta(milliseconds=7),
        expires_at=MORNING + timedelta(days=30, milliseconds=7),
        actor=Actor("system:sweep", "system"),
        author="usr_b",
        before={},
        after={"status": "new", "note": None, "size": 2**40, "auto_start": False, "name": "Zoë 👋"},
    )

    ports.audit_log.append(record)

    ((read,),) = walk(ports.audit_log)
    assert read == record
    assert hash_of(to_json(read)) == hash_of(to_json(record))
    assert ports.audit("wsp_a") == [record]


def test_a_record_that_is_appended_twice_is_there_once_and_as_it_was(ports: Ports) -> None:
    record = samples.audit()
    ports.audit_log.append(record)
    ports.audit_log.append(record)
    ports.audit_log.append(replace(record, action="forged"))

    assert ports.audit("wsp_a") == [record]


def test_what_was_committed_with_a_change_is_in_the_log_too(ports: Ports) -> None:
    committed = samples.audit()
    ports.changes.commit(samples.sender(), audit=committed)
    ports.audit_log.append(committed)

    assert walk(ports.audit_log) == [[committed]]


def test_records_come_newest_first_page_by_page(log: AuditLog) -> None:
    three, one, five, two, four = at_seconds(log, 3, 1, 5, 2, 4)

    assert walk(log) == [[five, four], [three, two], [one]]


def test_the_last_page_knows_that_it_is_even_when_it_is_full(log: AuditLog) -> None:
    one, two = at_seconds(log, 1, 2)

    page = log.page("wsp_a", ALL, after=None, limit=2)

    assert list(page.items) == [two, one]
    assert page.next is None


def test_a_log_without_records_has_one_empty_page(log: AuditLog) -> None:
    assert walk(log) == [[]]
    assert walk_since(log, MORNING, 2) == [[]]


def test_records_of_one_millisecond_come_one_by_one(log: AuditLog) -> None:
    records = written(log, *(samples.audit() for _ in range(5)))

    newest_first = sorted(records, key=key_of, reverse=True)
    assert walk(log, limit=1) == [[record] for record in newest_first]
    assert walk_since(log, MORNING, 1) == [[record] for record in reversed(newest_first)]


def test_another_workspaces_records_are_in_no_page(log: AuditLog) -> None:
    at_seconds(log, 1, 2, workspace="wsp_b")
    (mine,) = at_seconds(log, 3)

    assert walk(log) == [[mine]]
    assert walk(log, AuditQuery(action="tested")) == [[mine]]
    assert walk_since(log, MORNING, 5) == [[mine]]
    assert walk(log, workspace="wsp_c") == [[]]
    assert walk(log, workspace="wsp") == [[]]


@pytest.mark.parametrize("workspace", ["", "x" * 2049])
def test_a_workspace_that_no_key_can_hold_has_no_log(log: AuditLog, workspace: str) -> None:
    assert walk(log, workspace=workspace) == [[]]
    assert walk_since(log, MORNING, 2, workspace) == [[]]
    assert log.last_seal(workspace) is None
    assert log.seals(workspace, after=0, limit=2) == []
    assert log.seals_back_to(workspace, MORNING) == []


def test_a_period_has_its_begin_and_not_its_end(log: AuditLog) -> None:
    _, one, two, three = at_seconds(log, 0, 1, 2, 3)

    begin, end = MORNING + SECOND, MORNING + 3 * SECOND
    assert found(log, AuditQuery(since=begin, until=end)) == [two, one]
    assert found(log, AuditQuery(since=begin)) == [three, two, one]
    assert found(log, AuditQuery(until=begin + SECOND), limit=1)[0] == one
    assert found(log, AuditQuery(since=end, until=end)) == []
    assert found(log, AuditQuery(since=end, until=begin)) == []


@pytest.mark.parametrize("microseconds", [1, 999])
def test_a_period_is_meant_to_the_microsecond(log: AuditLog, microseconds: int) -> None:
    """Keys hold milliseconds, and records stand at whole ones."""
    before, after = written(
        log, samples.audit(), samples.audit(at=MORNING + timedelta(milliseconds=1))
    )
    between = MORNING + timedelta(microseconds=microseconds)

    assert found(log, AuditQuery(since=between)) == [after]
    assert found(log, AuditQuery(until=between)) == [before]
    assert walk_since(log, between, 5) == [[after]]


def test_a_period_may_be_of_any_time(log: AuditLog) -> None:
    (one,) = at_seconds(log, 1)
    first = datetime.min.replace(tzinfo=MORNING.tzinfo)
    last = datetime.max.replace(tzinfo=MORNING.tzinfo)

    assert found(log, AuditQuery(since=first, until=last)) == [one]
    assert found(log, AuditQuery(since=last)) == []
    assert found(log, AuditQuery(until=first)) == []
    assert walk_since(log, first, 5) == [[one]]
    assert walk_since(log, last, 5) == [[]]


FILTERS = {
    "actor": "usr_z",
    "action": "campaign.approved",
    "object": "cmp_z",
    "author": "usr_z",
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_page_has_what_is_asked_for(log: AuditLog, name: str) -> None:
    value = FILTERS[name]
    other = samples.audit(at=MORNING + SECOND)
    wanted = samples.audit(
        at=MORNING + 2 * SECOND,
        **{name: Actor(value, "admin") if name == "actor" else value},
    )
    written(log, other, wanted)

    assert found(log, replace(ALL, **cast("Any", {name: value}))) == [wanted]
    assert found(log, replace(ALL, **cast("Any", {name: value[:-1]}))) == []


def test_what_is_asked_for_holds_together(log: AuditLog) -> None:
    actor = Actor("usr_z", "admin")
    both = samples.audit(actor=actor, action="a.done", object="cmp_z", author="usr_y")
    written(
        log,
        replace(both, id="aud_1"),
        replace(both, id="aud_2", action="b.done"),
        replace(both, id="aud_3", actor=Actor("usr_y", "admin")),
        replace(both, id="aud_4", object="cmp_y"),
        replace(both, id="aud_5", author="usr_z"),
        replace(both, id="aud_6", at=MORNING + SECOND),
    )

    query = AuditQuery(
        since=MORNING,
        until=MORNING + SECOND,
        actor="usr_z",
        action="a.done",
        object="cmp_z",
        author="usr_y",
    )
    assert [record.id for record in found(log, query)] == ["aud_1"]


def test_an_author_without_name_is_nobodys(log: AuditLog) -> None:
    (record,) = at_seconds(log, 1, author="")

    assert found(log, AuditQuery(author="usr_a")) == []
    assert found(log, AuditQuery(author="")) == [record]


def test_what_is_asked_for_comes_page_by_page_without_gap_or_repetition(log: AuditLog) -> None:
    at_seconds(log, *range(0, 20, 2), action="other")
    wanted = at_seconds(log, *range(1, 20, 2), action="wanted")

    for limit in (1, 3, 10, 11):
        pages = walk(log, AuditQuery(action="wanted", since=MORNING + 2 * SECOND), limit)
        assert [record for page in pages for record in page] == wanted[:0:-1]
        assert all(len(page) <= limit for page in pages)


def test_a_page_goes_on_however_many_are_added(log: AuditLog) -> None:
    """Records are added at the end of time, but also late ones come, out of the fallback store."""
    one, two, five = at_seconds(log, 1, 2, 5)
    first = log.page("wsp_a", ALL, after=None, limit=1)
    assert list(first.items) == [five]

    (late, _) = at_seconds(log, 3, 6)

    rest = log.page("wsp_a", ALL, after=first.next, limit=5)
    assert list(rest.items) == [late, two, one]
    assert rest.next is None


@pytest.mark.parametrize("query", [ALL, AuditQuery(action="tested")], ids=["all", "filtered"])
def test_a_cursor_need_not_be_a_records_key(log: AuditLog, query: AuditQuery) -> None:
    one, two, three = at_seconds(log, 1, 2, 3)
    gone = key_of(samples.audit(at=MORNING + 2 * SECOND, id="zzz"))

    assert list(log.page("wsp_a", query, after=gone, limit=5).items) == [two, one]
    assert list(log.page("wsp_a", query, after=key_of(three), limit=5).items) == [two, one]
    assert list(log.page("wsp_a", query, after=key_of(one), limit=5).items) == []


@pytest.mark.parametrize("cursor", ["!", "~", "\u20ac" * 700, "0" * 5000, "9" * 5000, "a\x00b"])
def test_a_forged_cursor_is_a_place_in_the_log_and_no_more(log: AuditLog, cursor: str) -> None:
    one, two, three = at_seconds(log, 1, 2, 3)
    at_seconds(log, 1, workspace="wsp_b")
    log.add_seal(samples.seal())

    query = AuditQuery(since=MORNING + 2 * SECOND, until=MORNING + 3 * SECOND)
    everything = [three, two, one] if cursor > "1" else []
    period = [two] if cursor > "1" else []
    assert list(log.page("wsp_a", ALL, after=cursor, limit=5).items) == everything
    assert list(log.page("wsp_a", query, after=cursor, limit=5).items) == period
    rest = [] if cursor > "1" else [two, three]
    assert list(log.since("wsp_a", MORNING + 2 * SECOND, after=cursor, limit=5).items) == rest


def test_since_comes_oldest_first_page_by_page(log: AuditLog) -> None:
    three, one, five, two, four = at_seconds(log, 3, 1, 5, 2, 4)

    assert walk_since(log, MORNING, 2) == [[one, two], [three, four], [five]]
    assert walk_since(log, MORNING + 2 * SECOND, 2) == [[two, three], [four, five]]
    assert walk_since(log, MORNING + 6 * SECOND, 2) == [[]]


def test_since_goes_on_after_its_cursor_but_never_before_its_time(log: AuditLog) -> None:
    one, two, three = at_seconds(log, 1, 2, 3)

    page = log.since("wsp_a", MORNING + 2 * SECOND, after=key_of(one), limit=5)
    assert list(page.items) == [two, three]
    page = log.since("wsp_a", MORNING, after=key_of(two), limit=5)
    assert list(page.items) == [three]


# --- seals ---


def sealed(log: AuditLog, *numbers: int, **changes: Any) -> list[Seal]:
    """Seal n is made n minutes after the morning."""
    seals = [
        samples.seal(number=number, at=MORNING + timedelta(minutes=number), **changes)
        for number in numbers
    ]
    for seal in seals:
        assert log.add_seal(seal)
    return seals


def test_there_are_no_seals_at_first(log: AuditLog) -> None:
    log.append(samples.audit())

    assert log.last_seal("wsp_a") is None
    assert log.seals("wsp_a", after=0, limit=5) == []
    assert log.seals_back_to("wsp_a", MORNING) == []


def test_a_seal_reads_as_it_was(log: AuditLog) -> None:
    seal = samples.seal(
        at=MORNING + timedelta(milliseconds=1),
        expires_at=MORNING + timedelta(days=90, milliseconds=999),
        records=(
            samples.covered(),
            Covered(
                key_of(samples.audit(at=MORNING + timedelta(milliseconds=3))),
                "00" + "f" * 62,
                MORNING + timedelta(days=3650, milliseconds=123),
            ),
        ),
    )

    assert log.add_seal(seal)

    assert log.last_seal("wsp_a") == seal
    assert log.seals("wsp_a", after=0, limit=5) == [seal]
    assert log.seals_back_to("wsp_a", MORNING) == [seal]


@pytest.mark.parametrize("count", [0, RECORDS_MAX])
def test_a_seal_names_none_or_many(log: AuditLog, count: int) -> None:
    named = [samples.audit(at=MORNING + timedelta(milliseconds=number)) for number in range(count)]
    seal = samples.seal(
        records=tuple(
            Covered(key_of(record), hash_of(to_json(record)), record.expires_at) for record in named
        )
    )

    assert log.add_seal(seal)

    assert log.last_seal("wsp_a") == seal


def test_a_number_is_sealed_once(log: AuditLog) -> None:
    (first,) = sealed(log, 1)

    assert not log.add_seal(replace(first, hash="0" * 64))

    assert log.seals("wsp_a", after=0, limit=5) == [first]
    assert log.add_seal(replace(first, workspace="wsp_b"))


def test_seals_come_by_number_after_the_one_that_is_known(log: AuditLog) -> None:
    ten, nine, one, two = sealed(log, 10, 9, 1, 2)
    sealed(log, 11, workspace="wsp_b")

    assert log.seals("wsp_a", after=0, limit=9) == [one, two, nine, ten]
    assert log.seals("wsp_a", after=0, limit=2) == [one, two]
    assert log.seals("wsp_a", after=2, limit=1) == [nine]
    assert log.seals("wsp_a", after=5, limit=9) == [nine, ten]
    assert log.seals("wsp_a", after=10, limit=9) == []
    assert log.last_seal("wsp_a") == ten


def test_seals_go_back_to_the_first_one_before_a_time(log: AuditLog) -> None:
    seals = sealed(log, *range(1, 21))
    newest_first = seals[::-1]

    assert log.seals_back_to("wsp_a", seals[14].at) == newest_first[:7]
    assert log.seals_back_to("wsp_a", seals[14].at + SECOND) == newest_first[:6]
    assert log.seals_back_to("wsp_a", MORNING) == newest_first
    assert log.seals_back_to("wsp_a", seals[-1].at + SECOND) == newest_first[:1]


def test_seals_are_in_no_page_of_records(log: AuditLog) -> None:
    sealed(log, 1)
    (record,) = at_seconds(log, 1)

    assert walk(log) == [[record]]
    assert walk_since(log, MORNING, 5) == [[record]]
