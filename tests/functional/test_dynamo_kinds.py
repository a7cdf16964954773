"""How records are stored: fields, keys, expiry."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pynamodb.expressions.operand import Path

from chalicelib.adapters.dynamo import kinds, transactions
from chalicelib.adapters.dynamo.attributes import Nested
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.kinds import Kind
from chalicelib.domain.campaign import Campaign
from chalicelib.domain.errors import Stale
from chalicelib.domain.ledger import Counters
from tests.fakes import samples
from tests.fakes.cloud import dynamodb
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from chalicelib.adapters.dynamo.store import Store

KINDS = [value for value in vars(kinds).values() if isinstance(value, Kind)]
KEYS = [
    (kinds.WORKSPACE, samples.workspace(), "wsp_a", "WORKSPACE"),
    (kinds.MEMBER, samples.member(), "wsp_a#MEMBER", "usr_a"),
    (kinds.USER, samples.user(), "master#USER#usr_a", "USER"),
    (kinds.SESSION, samples.session(), f"master#SESSION#{'d' * 64}", "SESSION"),
    (
        kinds.MADE_ONCE,
        samples.made_once(),
        "wsp_a#REQUEST",
        f"usr_a#{hashlib.sha256(b'key-1').hexdigest()}",
    ),
    (
        kinds.EMAIL,
        kinds.EmailAddress("Ada@example.com", "usr_a"),
        "master#EMAIL#b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72",
        "EMAIL",
    ),
    (kinds.SENDER, samples.sender(), "wsp_a#SENDER", "snd_a"),
    (kinds.REVISION, samples.revision(number=12), "wsp_a#REVISION", "snd_a#000012"),
    (kinds.RECIPIENT_LIST, samples.recipient_list(), "wsp_a#LIST", "lst_a"),
    (kinds.CAMPAIGN, samples.campaign(), "wsp_a#CAMPAIGN", "cmp_a"),
    (kinds.WINDOW, samples.window(number=3), "wsp_a#WINDOW#cmp_a", "000003"),
    (kinds.LIVE_CAMPAIGN, samples.live(), "master#LIVE", "wsp_a#cmp_a"),
    (kinds.CHANNEL, samples.channel(), "master#CHANNEL", "chn_a"),
    (kinds.TRAFFIC, samples.traffic(), "master#TRAFFIC#chn_a", "wsp_a#cmp_a"),
    (
        kinds.OFFER,
        samples.offer(window=2, chunk=7),
        "master#OFFER#chn_a",
        "wsp_a#cmp_a#000002#00007",
    ),
    (kinds.CHUNK, samples.chunk(number=7), "wsp_a#CHUNK#cmp_a", "00007"),
    (
        kinds.JOURNAL,
        samples.journal_item(chunk=7, sequence=31),
        "wsp_a#JOURNAL#cmp_a#00007",
        "bridge-a.1#0000000031",
    ),
    (kinds.INBOX, samples.inbox_item(), "master#INBOX#chn_a", "001772442000000#1-1"),
    (
        kinds.INBOX,
        samples.inbox_item(waiting=True, received_at=MORNING + timedelta(microseconds=1999)),
        "master#WAITING#chn_a",
        "001772442000001#1-1",
    ),
    (kinds.AUDIT, samples.audit(id="aud_1"), "wsp_a", "001772442000000#aud_1"),
]


def raw(store: Store, kind: Kind[Any], record: object) -> dict[str, Any]:
    """The item as DynamoDB has it."""
    pk, sk = kind.key(record)
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    return dict(dynamodb().get_item(TableName=store.of(kind).table, Key=key)["Item"])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_model_has_an_attribute_for_each_field_and_no_other(kind: Kind[Any]) -> None:
    attributes = set(kind.model.get_attributes())
    expected = {field.name for field in fields(kind.record)} | {"pk", "sk"}

    assert attributes == expected | ({"ttl"} if kind.expiry else set())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_nested_record_has_a_part_for_each_field(kind: Kind[Any]) -> None:
    for attribute in kind.model.get_attributes().values():
        if isinstance(attribute, Nested):
            assert set(attribute.parts) == {field.name for field in fields(attribute.kind)}


def test_every_kind_has_its_key_checked() -> None:
    assert {id(kind) for kind, *_ in KEYS} == {id(kind) for kind in KINDS}


@pytest.mark.parametrize(("kind", "record", "pk", "sk"), KEYS)
def test_a_record_is_stored_under_its_key(
    store: Store, kind: Kind[Any], record: object, pk: str, sk: str
) -> None:
    store.of(kind).put(record)

    item = raw(store, kind, record)
    assert (item["pk"], item["sk"]) == ({"S": pk}, {"S": sk})
    assert store.of(kind).find(kind.key(record)) == record


@pytest.mark.parametrize(
    ("kind", "record", "expires"),
    [
        (kinds.SESSION, samples.session(), MORNING + timedelta(hours=8)),
        (kinds.MADE_ONCE, samples.made_once(), MORNING + timedelta(hours=24)),
        (kinds.TRAFFIC, samples.traffic(), MORNING + timedelta(days=5)),
        (kinds.AUDIT, samples.audit(), MORNING + timedelta(days=90)),
    ],
    ids=["session", "made once", "traffic", "audit"],
)
def test_what_expires_has_the_tables_ttl_in_seconds(
    store: Store, kind: Kind[Any], record: object, expires: Any
) -> None:
    store.of(kind).put(record)

    assert raw(store, kind, record)["expires_at"] == {"N": str(int(expires.timestamp()))}


def test_only_members_are_in_the_index_of_members(store: Store) -> None:
    store.of(kinds.MEMBER).put(samples.member())
    store.of(kinds.SESSION).put(samples.session())

    assert raw(store, kinds.MEMBER, samples.member())["member"] == {"S": "usr_a"}
    assert "member" not in raw(store, kinds.SESSION, samples.session())


def test_packed_records_are_one_binary_attribute(store: Store) -> None:
    store.of(kinds.JOURNAL).put(samples.journal_item())
    store.of(kinds.INBOX).put(samples.inbox_item())

    assert set(raw(store, kinds.JOURNAL, samples.journal_item())["outcomes"]) == {"B"}
    assert set(raw(store, kinds.INBOX, samples.inbox_item())["receipts"]) == {"B"}


def test_an_item_older_than_a_field_has_the_fields_default(store: Store) -> None:
    campaign = samples.campaign(recipients=3, run=2)
    chunk = samples.chunk(counters=Counters(total=3, pending=3))
    store.of(kinds.CAMPAIGN).put(campaign)
    store.of(kinds.CHUNK).put(chunk)
    without(store, kinds.CAMPAIGN, campaign, "recipients")
    without(store, kinds.CHUNK, chunk, "counters.in_doubt")

    assert store.of(kinds.CAMPAIGN).get(kinds.CAMPAIGN.key(campaign)) == replace(
        campaign, recipients=0
    )
    assert store.of(kinds.CHUNK).get(kinds.CHUNK.key(chunk)) == chunk


def without(store: Store, kind: Kind[Any], record: object, path: str) -> None:
    pk, sk = kind.key(record)
    dynamodb().update_item(
        TableName=store.of(kind).table,
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression=f"REMOVE {path}",
    )


def test_an_update_removes_what_became_none(store: Store) -> None:
    """Channels are updated, not replaced; any kind that ever is must lose its fields too."""
    campaigns = store.of(kinds.CAMPAIGN)
    failed = samples.campaign(failure="It broke.", digest="e" * 64)
    campaigns.put(failed)
    mended = replace(failed, failure=None, name="Summer")

    step = transactions.update(campaigns, mended, Path("version") == 0, Stale())
    transactions.write(store, [step])

    assert campaigns.get(kinds.CAMPAIGN.key(mended)) == mended
    assert "failure" not in raw(store, kinds.CAMPAIGN, mended)


def test_a_record_that_nobody_may_change_is_refused(store: Store) -> None:
    with pytest.raises(KeyError, match="ChunkRecord"):
        DynamoChanges(store).commit(samples.chunk(), audit=samples.audit())


def test_records_leave_as_the_types_that_came_in(store: Store) -> None:
    stored = samples.campaign()
    store.of(kinds.CAMPAIGN).put(stored)

    found = store.of(kinds.CAMPAIGN).get(kinds.CAMPAIGN.key(stored))

    assert type(found) is Campaign
    for field in fields(Campaign):
        assert type(getattr(found, field.name)) is type(getattr(stored, field.name))


def test_a_rate_without_a_fraction_is_still_a_rate(store: Store) -> None:
    store.of(kinds.CHANNEL).put(samples.channel(rate=70.0))

    rate = store.of(kinds.CHANNEL).get(kinds.CHANNEL.key(samples.channel())).rate

    assert type(rate) is float
