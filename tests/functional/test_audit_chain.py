"""The chain in DynamoDB: it reads back as it was hashed, and what is done to the table shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.adapters.dynamo.audit import DynamoAuditLog
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.kinds import AUDIT, SEAL
from chalicelib.domain.audit import key_of
from chalicelib.domain.audit_check import check
from chalicelib.domain.audit_findings import Fault, Findings
from chalicelib.domain.seals import RECORDS_MAX, seal_hash, seal_to_json
from chalicelib.usecases.sealing import Keeper, Sealer, Tampered
from tests.fakes import exports, samples
from tests.fakes.audit_fallback import FakeCheckpoints
from tests.fakes.cloud import TABLES, dynamodb
from tests.fakes.services import MORNING, FakeClock

if TYPE_CHECKING:
    from chalicelib.adapters.dynamo.store import Store

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
WORKSPACE = "wsp_a"


class Chain:
    def __init__(self, store: Store) -> None:
        self.log = DynamoAuditLog(store)
        self.changes = DynamoChanges(store)
        self.clock = FakeClock(MORNING + timedelta(microseconds=123_456))
        self.keeper = Keeper(self.log, FakeCheckpoints(), self.clock)
        self.records = [
            samples.audit(
                at=MORNING + number * SECOND,
                before={"name": "Größe 👋", "none": None, "count": 2**53, "on": True},
            )
            for number in range(9)
        ]
        # With a change, by itself, and once more.
        self.changes.commit(samples.workspace(), audit=self.records[0])
        for record in self.records[1:]:
            self.log.append(record)
        self.keeper.seal(WORKSPACE)
        self.log.append(self.records[-1])
        self.clock.advance(HOUR)
        self.late = samples.audit(at=MORNING + 3 * SECOND)
        self.log.append(self.late)
        Sealer(self.log, self.clock).seal(WORKSPACE, MORNING)

    def check(self) -> Findings:
        page = self.log.since(WORKSPACE, MORNING, after=None, limit=1_000)
        seals = self.log.seals(WORKSPACE, after=0, limit=1_000)
        at = MORNING + 2 * HOUR
        lines = exports.export(seals, page.items, at, at + SECOND)
        return check(exports.reading(lines), exports.verify)


@pytest.fixture
def chain(store: Store) -> Chain:
    return Chain(store)


def test_what_was_sealed_reads_back_as_it_was_hashed(chain: Chain) -> None:
    first, second = chain.log.seals(WORKSPACE, after=0, limit=9)
    assert [len(first.records), len(second.records)] == [9, 1]
    for seal in (first, second):
        assert seal_hash(seal_to_json(seal)) == seal.hash
    found = chain.check()
    assert (found.clean, found.intact) == (True, 10)


def test_seals_of_full_size_fit_an_item(chain: Chain) -> None:
    for number in range(RECORDS_MAX):
        chain.log.append(samples.audit(at=MORNING + HOUR + number * SECOND))
    chain.clock.advance(HOUR)
    assert chain.keeper.seal(WORKSPACE) == RECORDS_MAX
    last = chain.log.last_seal(WORKSPACE)
    assert last is not None
    assert len(last.records) == RECORDS_MAX


def place(key: Any) -> dict[str, Any]:
    return {"TableName": TABLES.audit, "Key": {"pk": {"S": key.pk}, "sk": {"S": key.sk}}}


def change(key: Any, name: str, value: str) -> None:
    """As somebody might who can write the table."""
    dynamodb().update_item(
        **place(key),
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": {"S": value}},
        ConditionExpression="attribute_exists(pk)",
    )


def test_a_record_that_was_changed_in_the_table_is_named(chain: Chain) -> None:
    change(AUDIT.key(chain.records[4]), "action", "tampered.with")
    found = chain.check()
    assert found.faults == {Fault.ALTERED: 1}
    assert found.first is not None
    assert found.first.key == key_of(chain.records[4])


def test_a_record_that_was_removed_from_the_table_is_named(chain: Chain) -> None:
    dynamodb().delete_item(**place(AUDIT.key(chain.late)))
    found = chain.check()
    assert found.faults == {Fault.DELETED: 1}
    assert found.first is not None
    assert found.first.id == chain.late.id


def test_a_seal_that_was_changed_in_the_table_is_never_signed(chain: Chain) -> None:
    assert chain.keeper.checkpoint(WORKSPACE)
    first, second = chain.log.seals(WORKSPACE, after=0, limit=9)
    chain.clock.advance(HOUR)
    change(SEAL.key(second), "previous", "f" * 64)
    with pytest.raises(Tampered):
        chain.keeper.checkpoint(WORKSPACE)
    change(SEAL.key(second), "previous", first.hash)
    assert not chain.keeper.checkpoint(WORKSPACE)
