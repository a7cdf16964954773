"""Who reads what of the audit log, what counts as sealed, and how much one answer holds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.audit import Actor, key_of, to_json
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.rights import Right, Scope
from chalicelib.domain.seals import (
    ORIGIN,
    SignedCheckpoint,
    checkpoint_to_json,
    head_of,
    next_seal,
    seal_to_json,
)
from chalicelib.usecases.audit_desk import CHECKPOINTS, RECENT, SEALS, AuditDesk
from chalicelib.usecases.auditing import Auditor, Caller, Recorder, Retentions
from chalicelib.usecases.ports import AuditQuery
from chalicelib.usecases.sealing import Keeper
from tests.fakes import samples
from tests.fakes.audit_fallback import FakeAuditFallback, FakeCheckpoints
from tests.fakes.records import FakeAuditLog, FakeDirectory, Records
from tests.fakes.services import MORNING, FakeClock, FakeIds

if TYPE_CHECKING:
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.seals import Seal
    from chalicelib.usecases.audit_desk import Shown

WORKSPACE = "wsp_a"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ANY = AuditQuery()


class Office:
    """The desk, what stands behind it, and a log with one sealed record."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        records = Records()
        records.put(samples.workspace())
        self.log = FakeAuditLog(records)
        self.checkpoints = FakeCheckpoints()
        self.fallback = FakeAuditFallback()
        self.keeper = Keeper(self.log, self.checkpoints, self.clock)
        self.desk = AuditDesk(
            log=self.log,
            checkpoints=self.checkpoints,
            clock=self.clock,
            recorder=Recorder(self.log, self.fallback, self.clock),
            auditor=Auditor(self.clock, FakeIds(), Retentions(FakeDirectory(records), self.clock)),
        )
        self.write()
        self.keeper.seal(WORKSPACE)

    def write(self, **changes: Any) -> AuditRecord:
        at = changes.pop("at", self.clock.now())
        written = samples.audit(at=at, expires_at=at + 90 * DAY, **changes)
        self.log.append(written)
        return written

    def sealed(self, query: AuditQuery = ANY, limit: int = 50) -> dict[str, bool]:
        page = self.desk.page(READER, query, None, limit)
        return {record.id: sealed for record, sealed in page.items}


def caller(scope: Scope, user: str = "usr_a", workspace: str = WORKSPACE) -> Caller:
    return Caller(workspace, user, {Right.READ_AUDIT: scope}, Actor(user, "role"))


READER = caller(Scope.ALL)


@pytest.fixture
def office() -> Office:
    return Office()


# --- who reads what ---


def test_who_may_read_all_reads_what_was_asked_for(office: Office) -> None:
    other = office.write(author="usr_b", action="campaign.created")
    page = office.desk.page(READER, AuditQuery(action="campaign.created"), None, 50)
    assert [record for record, _ in page.items] == [other]
    assert len(office.desk.page(READER, ANY, None, 50).items) == 2


def test_who_may_read_of_their_own_gets_no_more_whatever_they_ask_for(office: Office) -> None:
    own = office.write(author="usr_b")
    for query in (ANY, AuditQuery(author="usr_a")):
        page = office.desk.page(caller(Scope.OWN, "usr_b"), query, None, 50)
        assert [record for record, _ in page.items] == [own]


def test_another_workspaces_log_is_another(office: Office) -> None:
    there = caller(Scope.ALL, workspace="wsp_b")
    assert not office.desk.page(there, ANY, None, 50).items
    assert not office.desk.seals(there, 0, 50)
    assert not office.desk.records(there, None, None, 50).items


@pytest.mark.parametrize("scope", [Scope.NONE, Scope.OWN])
def test_the_chain_is_for_those_who_may_read_all(office: Office, scope: Scope) -> None:
    who = caller(scope)
    for ask in (
        lambda: office.desk.records(who, None, None, 50),
        lambda: office.desk.seals(who, 0, 50),
        lambda: office.desk.checkpoints(who),
        lambda: office.desk.checkpoint(who),
    ):
        with pytest.raises(Forbidden):
            ask()
    if scope is Scope.NONE:
        with pytest.raises(Forbidden):
            office.desk.page(who, ANY, None, 50)


# --- what is sealed ---


def test_what_is_young_is_sealed_when_a_seal_names_it(office: Office) -> None:
    first = office.write(id="aud_first")
    office.keeper.seal(WORKSPACE)
    second = office.write(id="aud_second", at=MORNING - 5 * SECOND)
    office.clock.advance(RECENT - 10 * SECOND)
    third = office.write(id="aud_third")
    shown = office.sealed()
    assert (shown[first.id], shown[second.id], shown[third.id]) == (True, False, False)


def test_seals_of_clocks_that_are_behind_count_as_well(office: Office) -> None:
    office.clock.advance(DAY)
    records = [office.write() for _ in range(3)]
    for number, record in enumerate(records, start=2):
        newest = office.log.last_seal(WORKSPACE)
        at = office.clock.now() - (6 - number) * SECOND
        assert office.log.add_seal(next_seal(newest, WORKSPACE, [record], at))
    assert set(office.sealed(limit=3).values()) == {True}


def test_what_is_old_is_sealed_if_sealing_went_on_after_it(office: Office) -> None:
    """A late record's seal, whose keys are older than all others, is a newest seal as well."""
    old = office.write()
    office.keeper.seal(WORKSPACE)
    office.clock.advance(DAY)
    late = office.write(at=MORNING - DAY)
    office.keeper.seal(WORKSPACE, MORNING - DAY)
    office.clock.advance(DAY)
    unsealed = office.write(at=MORNING + DAY + MINUTE)
    shown = office.sealed()
    assert (shown[old.id], shown[late.id], shown[unsealed.id]) == (True, True, False)


def test_where_nothing_is_sealed_nothing_is_shown_as_sealed() -> None:
    office = Office()
    office.write(workspace="wsp_b", id="aud_b")
    there = caller(Scope.ALL, workspace="wsp_b")
    for _ in range(2):
        assert [shown.sealed for shown in office.desk.page(there, ANY, None, 9).items] == [False]
        office.clock.advance(DAY)


class Counting(FakeAuditLog):
    def __init__(self, log: FakeAuditLog) -> None:
        super().__init__(log._records)
        self.asked: list[str] = []

    def last_seal(self, workspace: str) -> Seal | None:
        self.asked.append("last_seal")
        return super().last_seal(workspace)

    def seals_back_to(self, workspace: str, since: Any) -> list[Seal]:
        self.asked.append("seals_back_to")
        return super().seals_back_to(workspace, since)


def test_it_costs_one_query_at_most(office: Office) -> None:
    log = Counting(office.log)
    office.desk._log = log
    office.sealed()
    assert log.asked == ["seals_back_to"]
    office.clock.advance(DAY)
    office.sealed()
    assert log.asked == ["seals_back_to", "last_seal"]
    office.sealed(AuditQuery(action="never"))
    assert len(log.asked) == 2


# --- how much one answer holds ---


def bytes_of(items: Any) -> int:
    return len(json.dumps([to_json(item) for item in items]))


def test_pages_of_large_records_stay_below_what_an_answer_may_hold(office: Office) -> None:
    for number in range(60):
        office.write(at=MORNING + number * SECOND, after={"text": "ä" * 20_000})
    seen: list[AuditRecord] = []
    after = None
    while True:
        page = office.desk.records(READER, MORNING + SECOND, after, 200)
        assert bytes_of(page.items) < 4_000_000
        seen += page.items
        after = page.next
        if after is None:
            break
    assert len({key_of(record) for record in seen}) == len(seen) == 59
    shown: list[Shown] = []
    while True:
        found = office.desk.page(READER, ANY, after, 200)
        assert bytes_of([each.record for each in found.items]) < 4_000_000
        shown += found.items
        after = found.next
        if after is None:
            break
    assert len({key_of(record) for record, _ in shown}) == len(shown) == 61


def test_a_record_of_any_size_is_shown(office: Office) -> None:
    office.write(after={"text": "x" * 4_000_000}, at=MORNING + SECOND)
    page = office.desk.records(READER, MORNING + SECOND, None, 200)
    assert len(page.items) == 1


def test_so_many_seals_of_full_size_fit() -> None:
    records = [samples.audit(workspace="wsp_" + "0" * 26) for _ in range(500)]
    seal = next_seal(None, WORKSPACE, records, MORNING)
    assert SEALS * len(json.dumps(seal_to_json(seal))) < 4_000_000


def test_seals_are_paged_by_number(office: Office) -> None:
    for _ in range(SEALS + 3):
        office.write()
        office.keeper.seal(WORKSPACE)
    assert [seal.number for seal in office.desk.seals(READER, 2, 2)] == [3, 4]
    assert len(office.desk.seals(READER, 0, 200)) == SEALS
    assert office.desk.seals(READER, SEALS + 4, 200) == []


# --- checkpoints ---


def test_the_head_is_signed_with_all_that_there_is(office: Office) -> None:
    office.write()
    signed, key = office.desk.checkpoint(READER)
    newest = office.log.last_seal(WORKSPACE)
    assert newest is not None
    assert newest.number == 2
    assert signed.checkpoint == head_of(newest, MORNING)
    assert key == office.checkpoints.public_key()
    assert office.checkpoints.stored(WORKSPACE) == []


def test_signing_leaves_a_record(office: Office) -> None:
    office.clock.advance(SECOND)
    office.desk.checkpoint(READER)
    (record,) = (each for each, _ in office.desk.page(READER, ANY, None, 1).items)
    assert (record.action, record.object, record.actor.user, dict(record.after)) == (
        "audit.exported",
        WORKSPACE,
        "usr_a",
        {"seal": 1},
    )


def test_a_log_without_a_seal_has_a_head_as_well(office: Office) -> None:
    signed, _ = office.desk.checkpoint(caller(Scope.ALL, workspace="wsp_b"))
    assert (signed.checkpoint.seal, signed.checkpoint.hash) == (0, ORIGIN)


def test_the_head_of_a_chain_of_which_all_has_expired_is_what_was_signed(office: Office) -> None:
    office.keeper.checkpoint(WORKSPACE)
    seal = office.log.last_seal(WORKSPACE)
    assert seal is not None
    office.log._records.remove(seal)
    now = office.clock.advance(200 * DAY)
    signed, _ = office.desk.checkpoint(READER)
    assert signed.checkpoint == head_of(seal, now)
    assert [each.checkpoint.seal for each in office.desk.checkpoints(READER)] == [1]


def test_checkpoints_are_those_that_still_stand_for_something(office: Office) -> None:
    for _ in range(5):
        office.clock.advance(DAY)
        office.write()
        office.keeper.seal(WORKSPACE)
        office.keeper.checkpoint(WORKSPACE)
    for seal in office.log.seals(WORKSPACE, after=0, limit=3):
        office.log._records.remove(seal)
    assert [each.checkpoint.seal for each in office.desk.checkpoints(READER)] == [3, 4, 5, 6]


def test_of_checkpoints_the_newest_so_many_are_given(office: Office) -> None:
    (seal,) = office.log.seals(WORKSPACE, after=0, limit=1)
    head = head_of(seal, MORNING)
    for number in range(1, CHECKPOINTS + 3):
        office.checkpoints.store(SignedCheckpoint(replace(head, seal=number), "s" * 96))
    given = office.desk.checkpoints(READER)
    assert [given[0].checkpoint.seal, len(given)] == [3, CHECKPOINTS]
    shown = [
        {"checkpoint": checkpoint_to_json(each.checkpoint), "signature": each.signature}
        for each in given
    ]
    assert len(json.dumps(shown)) < 4_000_000
