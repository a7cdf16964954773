"""The audit table: how much is read for a page, and how seals are packed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.dynamo import audit, kinds
from chalicelib.adapters.dynamo.attributes import EPOCH, Coverage
from chalicelib.adapters.dynamo.audit import DynamoAuditLog
from chalicelib.adapters.ids import UlidIds
from chalicelib.domain.audit import hash_of, key_of, to_json
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.seals import RECORDS_MAX, Covered
from chalicelib.usecases.ports import AuditQuery
from tests.fakes import samples
from tests.fakes.cloud import dynamodb, noted_calls
from tests.fakes.services import MORNING, FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.seals import Seal


@pytest.fixture
def log(store: Store) -> DynamoAuditLog:
    return DynamoAuditLog(store)


@pytest.fixture
def sent(store: Store) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    with noted_calls(store) as calls:
        yield calls


def appended(log: DynamoAuditLog, count: int, **changes: Any) -> list[AuditRecord]:
    records = [
        samples.audit(at=MORNING + timedelta(seconds=number), **changes) for number in range(count)
    ]
    for record in records:
        log.append(record)
    return records


# --- pages ---


def test_a_page_reads_what_it_shows_and_one_more(
    log: DynamoAuditLog, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    records = appended(log, 9)
    sent.clear()

    first = log.page("wsp_a", AuditQuery(), after=None, limit=3)
    second = log.page("wsp_a", AuditQuery(), after=first.next, limit=3)

    assert [*first.items, *second.items] == records[:2:-1]
    assert [(name, call["Limit"]) for name, call in sent] == [("Query", 5), ("Query", 5)]
    assert not any("ConsistentRead" in call or "FilterExpression" in call for _, call in sent)


def test_a_rare_action_is_looked_for_in_a_thousand_records_at_a_time(
    log: DynamoAuditLog, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    log.page("wsp_a", AuditQuery(action="rare"), after=None, limit=3)

    assert [(name, call["Limit"]) for name, call in sent] == [("Query", 1000)]


def test_a_page_that_has_looked_at_enough_goes_on_where_it_stopped(
    log: DynamoAuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "EVALUATED_MAX", 4)
    rare = samples.audit(at=MORNING - timedelta(seconds=1), action="rare")
    log.append(rare)
    appended(log, 10)

    pages: list[list[AuditRecord]] = []
    after = None
    while not pages or after is not None:
        page = log.page("wsp_a", AuditQuery(action="rare"), after=after, limit=3)
        pages.append(list(page.items))
        after = page.next

    # Four records the first time; then three, for the cursor's own one is looked at once more.
    assert pages == [[], [], [], [rare]]


def test_a_page_of_matches_does_not_skip_what_it_read_beyond_its_end(
    log: DynamoAuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "EVALUATED_MAX", 4)
    records = appended(log, 6, action="wanted")

    first = log.page("wsp_a", AuditQuery(action="wanted"), after=None, limit=2)
    second = log.page("wsp_a", AuditQuery(action="wanted"), after=first.next, limit=2)

    assert [*first.items, *second.items] == records[:1:-1]


@pytest.mark.parametrize("query", [AuditQuery(), AuditQuery(action="tested")])
def test_a_page_is_more_than_one_answer_of_dynamodb(log: DynamoAuditLog, query: AuditQuery) -> None:
    """DynamoDB answers a megabyte at most."""
    records = appended(log, 5, after={"note": "x" * 300_000})

    page = log.page("wsp_a", query, after=None, limit=5)

    assert list(page.items) == records[::-1]
    assert page.next is None


def test_a_period_that_ends_before_it_begins_is_not_asked_for(
    log: DynamoAuditLog, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    """DynamoDB would take it for a mistake."""
    later = MORNING + timedelta(seconds=1)

    assert (
        log.page("wsp_a", AuditQuery(since=later, until=MORNING), after=None, limit=3).items == []
    )
    assert log.page("wsp_a", AuditQuery(since=later), after="0", limit=3).items == []
    assert sent == []


def test_what_seals_are_made_of_is_read_consistently(
    log: DynamoAuditLog, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    log.since("wsp_a", MORNING, after=None, limit=3)
    log.last_seal("wsp_a")
    log.seals("wsp_a", after=0, limit=3)
    log.seals_back_to("wsp_a", MORNING)

    assert [call["ConsistentRead"] for _, call in sent] == [True] * 4


def test_looking_back_reads_no_more_seals_than_it_must(
    log: DynamoAuditLog, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    for number in range(1, 12):
        log.add_seal(samples.seal(number=number, at=MORNING + timedelta(minutes=number)))
    sent.clear()

    log.last_seal("wsp_a")
    log.seals_back_to("wsp_a", MORNING + timedelta(minutes=9))

    assert [(name, call["Limit"]) for name, call in sent] == [("Query", 1), ("Query", 8)]


def test_the_log_is_appended_to_and_never_changed(
    log: DynamoAuditLog, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    log.append(samples.audit())
    log.add_seal(samples.seal())

    assert [(name, call["ConditionExpression"]) for name, call in sent] == [
        ("PutItem", "attribute_not_exists (#0)"),
        ("PutItem", "attribute_not_exists (#0)"),
    ]


# --- seals ---


def raw(store: Store, seal: Seal) -> dict[str, Any]:
    """The item as DynamoDB has it."""
    pk, sk = kinds.SEAL.key(seal)
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    return dict(dynamodb().get_item(TableName=store.of(kinds.SEAL).table, Key=key)["Item"])


def full_seal() -> Seal:
    clock = FakeClock()
    ids = UlidIds(clock)
    records = (
        samples.audit(at=clock.advance(timedelta(milliseconds=9)), id=ids.new("aud"))
        for _ in range(RECORDS_MAX)
    )
    named = (
        Covered(key_of(record), hash_of(to_json(record)), record.expires_at) for record in records
    )
    return samples.seal(records=tuple(named))


def test_the_item_of_a_full_seal_is_small(store: Store) -> None:
    """500 hashes alone take 16 KB, and the chance in 500 ids 5 KB more."""
    seal = full_seal()
    store.of(kinds.SEAL).put(seal)

    item = raw(store, seal)
    size = sum(len(name) + len(next(iter(value.values()))) for name, value in item.items())
    assert 21_000 < size < 32_000


@pytest.mark.parametrize("hash_", ["2" * 63, "2" * 62, "2" * 66, "A" * 64, "g" * 64, " " * 64])
def test_a_seal_over_what_is_no_hash_is_not_written(store: Store, hash_: str) -> None:
    seal = samples.seal(records=(samples.covered(), samples.covered(hash=hash_)))

    with pytest.raises(ValueError, match=r"hexadecimal|hex"):
        store.of(kinds.SEAL).add(seal)

    assert store.of(kinds.SEAL).all("wsp_a#SEAL") == []


def test_a_damaged_seal_is_told_as_such() -> None:
    packed = Coverage().serialize(samples.seal().records)

    for damaged in (packed[:-1], b"MCJ" + packed[3:], packed + b"\0"):
        with pytest.raises(FormatError):
            Coverage().deserialize(damaged)


@given(
    st.lists(
        st.builds(
            Covered,
            st.text(st.characters(exclude_categories=["Cs"]), max_size=100),
            st.binary(min_size=32, max_size=32).map(bytes.hex),
            st.integers(0, 253_402_300_799_999).map(lambda ms: EPOCH + timedelta(milliseconds=ms)),
        ),
        max_size=20,
    )
)
def test_what_a_seal_names_is_read_as_it_was_packed(named: list[Covered]) -> None:
    assert Coverage().deserialize(Coverage().serialize(tuple(named))) == tuple(named)
