"""How records are stored: fields, keys, expiry."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from datetime import timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from pynamodb.expressions.operand import Path

from chalicelib.adapters.dynamo import kinds, transactions
from chalicelib.adapters.dynamo.attributes import Nested, Several
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.adapters.dynamo.kind import Kind
from chalicelib.domain.campaign import Campaign
from chalicelib.domain.campaign_listing import CampaignQuery, line_of
from chalicelib.domain.content import NAME_MAX, TEXT_MAX, Content, Overrides, digest_of
from chalicelib.domain.errors import Stale
from chalicelib.domain.ledger import Counters
from chalicelib.domain.moderation import ItemKind
from chalicelib.domain.recipient_list import ListCounts
from chalicelib.domain.rights import Right, Scope, Standing
from chalicelib.domain.workspace import LimitUnit, Retention
from chalicelib.usecases.ports import PAGE
from tests.fakes import samples
from tests.fakes.cloud import dynamodb
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pynamodb.attributes import Attribute

    from chalicelib.adapters.dynamo.store import Store

# What DynamoDB reads in one go.
MEGABYTE = 2**20
KINDS = [value for value in vars(kinds).values() if isinstance(value, Kind)]
KEYS = [
    (kinds.WORKSPACE, samples.workspace(), "wsp_a", "WORKSPACE"),
    (kinds.WORKSPACE, samples.settled_workspace(), "wsp_a", "WORKSPACE"),
    (kinds.LISTED, kinds.ListedWorkspace("wsp_a"), "master#WORKSPACE", "wsp_a"),
    (kinds.ROSTER, samples.roster(), "wsp_a", "ROSTER"),
    (kinds.MEMBER, samples.member(), "wsp_a#MEMBER", "usr_a"),
    (kinds.USER, samples.user(), "master#USER#usr_a", "USER"),
    (
        kinds.USER,
        samples.user(second_factor=samples.second_factor()),
        "master#USER#usr_a",
        "USER",
    ),
    (kinds.SESSION, samples.session(), "master#SESSION#usr_a", "d" * 64),
    (kinds.DEVICE, samples.device(), "master#DEVICE#usr_a", "a" * 64),
    (kinds.ATTEMPTS, samples.attempts(), f"master#ATTEMPTS#{'5' * 64}", "elsewhere"),
    (kinds.PASSWORD_RESET, samples.password_reset(), "master#USER#usr_a", "RESET"),
    (kinds.INVITATION, samples.invitation(), "wsp_a#INVITATION", "inv_a"),
    (kinds.JOIN_REQUEST, samples.join_request(), "wsp_a#JOIN", "usr_c"),
    (
        kinds.APPLICANT,
        samples.applicant(email="Grace@example.com"),
        "wsp_a#APPLICANT",
        hashlib.sha256(b"grace@example.com").hexdigest(),
    ),
    (kinds.API_KEY, samples.api_key(), "wsp_a#KEY", "key_a"),
    (kinds.CLIENT, samples.client(), "wsp_a#CLIENT", "cli_a"),
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
    (kinds.CAMPAIGN, samples.campaign(content=samples.full_content()), "wsp_a#CAMPAIGN", "cmp_a"),
    (
        kinds.CAMPAIGN_LINE,
        line_of(samples.campaign()),
        "wsp_a#LINE",
        "2026-03-02T09:00:00.000000+00:00#cmp_a",
    ),
    (
        kinds.CAMPAIGN_LINE,
        line_of(
            samples.campaign(
                archived_at=MORNING, created_at=MORNING.astimezone(timezone(timedelta(hours=2)))
            )
        ),
        "wsp_a#SHELF",
        "2026-03-02T09:00:00.000000+00:00#cmp_a",
    ),
    (kinds.DELETED_CAMPAIGN, samples.deleted_campaign(), "wsp_a#DELETED", "cmp_a"),
    (
        kinds.QUEUE_ITEM,
        samples.queue_item(submitted_at=MORNING + timedelta(microseconds=7)),
        "wsp_a#QUEUE",
        "2026-03-02T09:00:00.000007+00:00#campaign#cmp_a#000000",
    ),
    (
        kinds.QUEUE_ITEM,
        samples.queue_item(
            kind=ItemKind.REVISION,
            object="snd_a",
            revision=12,
            submitted_at=MORNING.astimezone(timezone(timedelta(hours=2))),
        ),
        "wsp_a#QUEUE",
        "2026-03-02T09:00:00.000000+00:00#revision#snd_a#000012",
    ),
    (kinds.SURVEY, samples.survey(), "wsp_a#SURVEY", "cmp_a"),
    (kinds.SCREENING, samples.screening(), "wsp_a#SCREENING", "lst_a"),
    (kinds.LIST_USE, samples.list_use(), "wsp_a#USE#lst_a", "cmp_a"),
    (
        kinds.LIST_REMOVAL,
        samples.list_removal(),
        "master#REMOVAL",
        "001772442000000#wsp_a#lst_a",
    ),
    (kinds.LIST_ROUND, samples.list_round(), "wsp_a#ROUND", "LIST"),
    (kinds.ERASURE, samples.erasure(), "wsp_a#ERASURE", "era_a"),
    (kinds.ERASURE, samples.done_erasure(), "wsp_a#ERASURE", "era_a"),
    (kinds.OPEN_ERASURE, samples.open_erasure(), "master#ERASING", "wsp_a#era_a"),
    (kinds.ERASURE_TURN, samples.erasure_turn(), "wsp_a#TURN", "ERASURE"),
    (kinds.INGEST_PROGRESS, samples.ingest_progress(), "wsp_a#PROGRESS", "lst_a"),
    (kinds.SUPPRESSION, samples.suppression(), "wsp_a#SUPPRESSION", "fedcba9876543210"),
    (
        kinds.SUPPRESSION,
        samples.suppression(token=0x2A, lifted=True),
        "wsp_a#SUPPRESSION",
        "000000000000002a",
    ),
    (kinds.SUPPRESSION_LIST, samples.suppression_list(), "wsp_a#SUPPRESSION-LIST", "lst_a"),
    (
        kinds.SUPPRESSION_CHANGE,
        samples.suppression_change(at=MORNING + timedelta(microseconds=1999)),
        "wsp_a#SUPPRESSION-CHANGE",
        "001772442000001#sup_a",
    ),
    (
        kinds.OPEN_LIST,
        samples.open_list(uploaded_at=MORNING, tries=2, asked_at=MORNING),
        "master#UPLOAD",
        "wsp_a#lst_a",
    ),
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
    (kinds.CHUNK, samples.chunk(number=7, as_of=MORNING), "wsp_a#CHUNK#cmp_a", "00007"),
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
    (kinds.SEAL, samples.seal(number=12), "wsp_a#SEAL", "000000000012"),
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

    assert attributes == expected | kind.made.keys() | ({"ttl"} if kind.expiry else set())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_nested_record_has_a_part_for_each_field(kind: Kind[Any]) -> None:
    for nested in nested_in(kind.model.get_attributes().values()):
        assert set(nested.parts) == {field.name for field in fields(nested.kind)}


def nested_in(attributes: Iterable[Attribute[Any]]) -> Iterator[Nested[Any]]:
    for attribute in attributes:
        one = attribute.one if isinstance(attribute, Several) else attribute
        if isinstance(one, Nested):
            yield one
            yield from nested_in(one.parts.values())


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


# When DynamoDB may remove an item: its record, and how long after the morning.
EXPIRIES = [
    (kinds.SESSION, samples.session(), timedelta(hours=8)),
    (kinds.DEVICE, samples.device(), timedelta(days=90)),
    (kinds.ATTEMPTS, samples.attempts(), timedelta(hours=24)),
    (kinds.PASSWORD_RESET, samples.password_reset(), timedelta(hours=1)),
    (kinds.INVITATION, samples.invitation(), timedelta(days=97)),
    (kinds.APPLICANT, samples.applicant(), timedelta(hours=24)),
    (kinds.MADE_ONCE, samples.made_once(), timedelta(hours=24)),
    (kinds.SCREENING, samples.screening(), timedelta(days=90, seconds=3)),
    (kinds.SUPPRESSION_CHANGE, samples.suppression_change(), timedelta(days=60)),
    (kinds.TRAFFIC, samples.traffic(), timedelta(days=5)),
    (kinds.AUDIT, samples.audit(expires_at=MORNING + timedelta(days=33)), timedelta(days=33)),
    (kinds.SEAL, samples.seal(), timedelta(days=90)),
]


@pytest.mark.parametrize(("kind", "record", "after"), EXPIRIES)
def test_what_expires_has_the_tables_ttl_in_seconds(
    store: Store, kind: Kind[Any], record: object, after: timedelta
) -> None:
    store.of(kind).put(record)

    assert raw(store, kind, record)["expires_at"] == {"N": str(int((MORNING + after).timestamp()))}


def test_every_kind_that_expires_has_its_time_checked() -> None:
    assert {id(kind) for kind, *_ in EXPIRIES} == {id(kind) for kind in KINDS if kind.expiry}


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        (kinds.API_KEY, samples.api_key()),
        (kinds.CLIENT, samples.client(expires_at=MORNING)),
        (kinds.JOIN_REQUEST, samples.join_request()),
        (kinds.WORKSPACE, samples.settled_workspace()),
    ],
)
def test_what_people_look_up_later_is_not_removed(
    store: Store, kind: Kind[Any], record: object
) -> None:
    store.of(kind).put(record)

    assert "expires_at" not in raw(store, kind, record)


@pytest.mark.parametrize(("kind", "record"), [(kind, record) for kind, record, *_ in KEYS])
def test_only_members_revisions_and_lines_are_in_an_index(
    store: Store, kind: Kind[Any], record: object
) -> None:
    store.of(kind).put(record)

    item = raw(store, kind, record)
    assert item.get("member") == ({"S": "usr_a"} if kind is kinds.MEMBER else None)
    assert item.get("from_address") == ({"S": "ACME"} if kind is kinds.REVISION else None)
    is_line = kind is kinds.CAMPAIGN_LINE
    assert ("start_place" in item, "sender_place" in item) == (is_line, is_line)


def test_a_line_has_its_places_and_what_a_search_looks_through(store: Store) -> None:
    content = samples.content(name="Straße", start_at=MORNING)
    line = line_of(samples.campaign(content=content, address="Acme"))
    store.of(kinds.CAMPAIGN_LINE).put(line)

    item = raw(store, kinds.CAMPAIGN_LINE, line)

    assert item["start_place"] == {"S": "2026-03-02T09:00:00.000000+00:00#cmp_a"}
    assert item["sender_place"] == {"S": "acme                #cmp_a"}
    assert item["searched"] == {"S": "cmp_a\nstrasse\nacme"}


def test_a_line_is_narrow(store: Store) -> None:
    """Whatever a text may hold: thousands are looked through at once."""
    ulid = "0" * 26
    campaign = samples.campaign(
        id=f"cmp_{ulid}",
        workspace=f"wsp_{ulid}",
        author=f"usr_{ulid}",
        content=samples.full_content(
            name="Spring sale, last week", text="x" * TEXT_MAX, sender=f"snd_{ulid}"
        ),
        address="ACMESHOP",
        started_at=MORNING,
        missed_at=MORNING,
    )
    longest = replace(campaign.content, name="\U0001f44b" * NAME_MAX)
    size = size_of(store.of(kinds.CAMPAIGN_LINE).serialized(line_of(campaign)))
    most = size_of(
        store.of(kinds.CAMPAIGN_LINE).serialized(line_of(replace(campaign, content=longest)))
    )

    assert size < MEGABYTE / 1_500
    # A page of the longest, as the largest page is, is one answer of DynamoDB all the same.
    assert most * (PAGE + 2) < MEGABYTE


def size_of(attributes: dict[str, Any]) -> int:
    """As DynamoDB counts a flat item, nearly: its keys are as long as its places."""
    values = sum(
        len(name) + len(str(value).encode()) for name, value in map(only_value, attributes.items())
    )
    return values + 2 * (len("pk") + 64)


def only_value(entry: tuple[str, dict[str, Any]]) -> tuple[str, Any]:
    name, typed = entry
    (value,) = typed.values()
    return name, value


def test_a_campaign_has_one_line_wherever_it_is(store: Store) -> None:
    changes = DynamoChanges(store)
    campaign = changes.keep(samples.campaign())
    lines = [("wsp_a#LINE", "2026-03-02T09:00:00.000000+00:00#cmp_a")]
    assert places(store, kinds.CAMPAIGN_LINE, "wsp_a#LINE", "wsp_a#SHELF") == lines

    archived = changes.keep(replace(campaign, archived_at=MORNING))
    shelf = [("wsp_a#SHELF", "2026-03-02T09:00:00.000000+00:00#cmp_a")]
    assert places(store, kinds.CAMPAIGN_LINE, "wsp_a#LINE", "wsp_a#SHELF") == shelf

    restored = changes.keep(replace(archived, archived_at=None))
    assert places(store, kinds.CAMPAIGN_LINE, "wsp_a#LINE", "wsp_a#SHELF") == lines

    changes.forget(restored)
    assert everything(store, kinds.CAMPAIGN) == []


def test_a_campaign_that_is_older_than_its_list_comes_into_it(store: Store) -> None:
    old = samples.campaign(version=3)
    store.of(kinds.CAMPAIGN).put(old)
    campaigns = DynamoCampaigns(store)
    assert campaigns.campaigns("wsp_a", CampaignQuery(), after=None, limit=5).items == []

    changed = DynamoChanges(store).keep(old)

    page = campaigns.campaigns("wsp_a", CampaignQuery(), after=None, limit=5)
    assert page.items == [line_of(changed)]


def test_a_revision_that_is_older_than_the_index_of_addresses_comes_into_it(
    store: Store,
) -> None:
    old = samples.revision(version=3)
    store.of(kinds.REVISION).put(old)
    without(store, kinds.REVISION, old, "from_address")
    campaigns = DynamoCampaigns(store)
    assert campaigns.revisions_with_address("wsp_a", "ACME") == []

    changed = DynamoChanges(store).keep(old)

    assert campaigns.revisions_with_address("wsp_a", "ACME") == [changed]


def test_an_index_that_lags_behind_finds_nothing_under_an_old_address(store: Store) -> None:
    revision = DynamoChanges(store).keep(samples.revision(address="SHOP"))
    pk, sk = kinds.REVISION.key(revision)
    dynamodb().update_item(
        TableName=store.of(kinds.REVISION).table,
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression="SET from_address = :old",
        ExpressionAttributeValues={":old": {"S": "ACME"}},
    )

    assert DynamoCampaigns(store).revisions_with_address("wsp_a", "ACME") == []


def places(store: Store, kind: Kind[Any], *partitions: str) -> list[tuple[str, str]]:
    found = [(item["pk"]["S"], item["sk"]["S"]) for item in everything(store, kind)]
    return [place for place in found if place[0] in partitions]


def test_removing_a_member_removes_the_item(store: Store) -> None:
    changes = DynamoChanges(store)
    member = changes.save(samples.member(), samples.audit())

    changes.commit(remove=[member], audit=samples.audit())

    assert everything(store, kinds.MEMBER) == []


def test_a_workspace_has_its_listing_for_as_long_as_it_is_there(store: Store) -> None:
    changes = DynamoChanges(store)
    workspace = changes.save(samples.workspace(), samples.audit())
    listed = {"pk": {"S": "master#WORKSPACE"}, "sk": {"S": "wsp_a"}, "id": {"S": "wsp_a"}}
    assert listed in everything(store, kinds.LISTED)

    changes.commit(remove=[workspace], audit=samples.audit())

    assert everything(store, kinds.LISTED) == []


def test_a_workspace_that_is_older_than_the_listing_comes_into_it(store: Store) -> None:
    old = samples.workspace(version=3)
    store.of(kinds.WORKSPACE).put(old)
    directory = DynamoDirectory(store)
    assert directory.workspaces(after=None, limit=5).items == []

    changed = DynamoChanges(store).save(replace(old, name="New"), samples.audit())

    assert directory.workspaces(after=None, limit=5).items == [changed]


def test_a_listed_workspace_without_its_item_is_left_out(store: Store) -> None:
    store.of(kinds.LISTED).put(kinds.ListedWorkspace("wsp_0"))
    workspace = DynamoChanges(store).save(samples.workspace(), samples.audit())

    page = DynamoDirectory(store).workspaces(after=None, limit=1)
    assert (page.items, page.next) == ([], "wsp_0")
    page = DynamoDirectory(store).workspaces(after=page.next, limit=1)
    assert (page.items, page.next) == ([workspace], None)


def everything(store: Store, kind: Kind[Any]) -> list[dict[str, Any]]:
    return list(dynamodb().scan(TableName=store.of(kind).table)["Items"])


def test_packed_records_are_one_binary_attribute(store: Store) -> None:
    store.of(kinds.JOURNAL).put(samples.journal_item())
    store.of(kinds.INBOX).put(samples.inbox_item())
    store.of(kinds.SEAL).put(samples.seal())

    assert set(raw(store, kinds.SEAL, samples.seal())["records"]) == {"B"}
    assert set(raw(store, kinds.JOURNAL, samples.journal_item())["outcomes"]) == {"B"}
    assert set(raw(store, kinds.INBOX, samples.inbox_item())["receipts"]) == {"B"}


def test_an_item_older_than_a_field_has_the_fields_default(store: Store) -> None:
    campaign = samples.campaign(recipients=3, run=2)
    chunk = samples.chunk(counters=Counters(total=3, pending=3))
    store.of(kinds.CAMPAIGN).put(campaign)
    store.of(kinds.CHUNK).put(chunk)
    without(store, kinds.CAMPAIGN, campaign, "recipients")
    without(store, kinds.CAMPAIGN, campaign, "content.overrides")
    without(store, kinds.CHUNK, chunk, "counters.in_doubt")

    assert store.of(kinds.CAMPAIGN).get(kinds.CAMPAIGN.key(campaign)) == replace(
        campaign, recipients=0
    )
    assert store.of(kinds.CHUNK).get(kinds.CHUNK.key(chunk)) == chunk


# What items lack that were stored before a field existed, and what is then read.
OLDER = [
    (kinds.WORKSPACE, samples.settled_workspace(), "daily_window", {"daily_window": None}),
    (kinds.WORKSPACE, samples.settled_workspace(), "daily_limit", {"daily_limit": None}),
    (kinds.WORKSPACE, samples.settled_workspace(), "retention", {"retention": Retention()}),
    (
        kinds.WORKSPACE,
        samples.settled_workspace(),
        "retention.list_days",
        {"retention": Retention(audit_days=120, ledger_days=60)},
    ),
    (kinds.WORKSPACE, samples.settled_workspace(), "permissions", {"permissions": {}}),
    (kinds.WORKSPACE, samples.settled_workspace(), "join_code", {"join_code": None}),
    (
        kinds.USER,
        samples.user(second_factor=samples.second_factor()),
        "second_factor",
        {"second_factor": None},
    ),
    (
        kinds.USER,
        samples.user(second_factor=samples.second_factor()),
        "second_factor.recovery",
        {"second_factor": samples.second_factor(recovery=())},
    ),
    (kinds.SESSION, samples.session(), "agent", {"agent": ""}),
    (kinds.REVISION, samples.revision(use="Parcels"), "use", {"use": ""}),
    (kinds.CAMPAIGN, samples.campaign(editors=("usr_b",)), "editors", {"editors": ()}),
    (kinds.QUEUE_ITEM, samples.queue_item(editors=("usr_b",)), "editors", {"editors": ()}),
    (kinds.RECIPIENT_LIST, samples.recipient_list(columns=("name",)), "columns", {"columns": ()}),
    (
        kinds.RECIPIENT_LIST,
        samples.recipient_list(counts=ListCounts(valid=3, emptied={"name": 1})),
        "counts.emptied",
        {"counts": ListCounts(valid=3)},
    ),
    (kinds.AUDIT, samples.audit(author="usr_a"), "author", {"author": ""}),
    # Its TTL says the same, in seconds.
    (kinds.AUDIT, samples.audit(expires_at=MORNING + timedelta(days=9)), "expires", {}),
]


@pytest.mark.parametrize(("kind", "record", "path", "read"), OLDER)
def test_an_item_older_than_a_new_field_is_read_all_the_same(
    store: Store, kind: Kind[Any], record: Any, path: str, read: dict[str, Any]
) -> None:
    store.of(kind).put(record)
    without(store, kind, record, path)

    assert store.of(kind).get(kind.key(record)) == replace(record, **read)


def without(store: Store, kind: Kind[Any], record: object, path: str) -> None:
    pk, sk = kind.key(record)
    names = {f"#{number}": name for number, name in enumerate(path.split("."))}
    dynamodb().update_item(
        TableName=store.of(kind).table,
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression=f"REMOVE {'.'.join(names)}",
        ExpressionAttributeNames=names,
    )


def test_an_update_removes_what_became_none(store: Store) -> None:
    """Channels are updated, not replaced; any kind that ever is must lose its fields too."""
    campaigns = store.of(kinds.CAMPAIGN)
    failed = samples.campaign(failure="It broke.", digest="e" * 64)
    campaigns.put(failed)
    mended = replace(failed, failure=None, address="SHOP")

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


def test_content_leaves_as_the_types_that_came_in(store: Store) -> None:
    stored = samples.campaign(content=samples.full_content())
    store.of(kinds.CAMPAIGN).put(stored)

    content = store.of(kinds.CAMPAIGN).get(kinds.CAMPAIGN.key(stored)).content

    for field in fields(Content):
        assert type(getattr(content, field.name)) is type(getattr(stored.content, field.name))
    for field in fields(Overrides):
        found, given = content.overrides, stored.content.overrides
        assert type(getattr(found, field.name)) is type(getattr(given, field.name))
    assert digest_of(content) == digest_of(stored.content)
    assert raw(store, kinds.CAMPAIGN, stored)["content"]["M"]["overrides"]["M"]["validity"] == {
        "N": "129600"
    }


def test_a_survey_counts_parts_by_number(store: Store) -> None:
    store.of(kinds.SURVEY).put(samples.survey())

    found = store.of(kinds.SURVEY).get(kinds.SURVEY.key(samples.survey()))

    assert {type(parts) for parts in found.by_parts} == {int}


def test_a_rate_without_a_fraction_is_still_a_rate(store: Store) -> None:
    store.of(kinds.CHANNEL).put(samples.channel(rate=70.0))

    rate = store.of(kinds.CHANNEL).get(kinds.CHANNEL.key(samples.channel())).rate

    assert type(rate) is float


def test_enumerations_come_back_as_themselves(store: Store) -> None:
    store.of(kinds.WORKSPACE).put(samples.settled_workspace())
    store.of(kinds.API_KEY).put(samples.api_key())

    workspace = store.of(kinds.WORKSPACE).get(kinds.WORKSPACE.key(samples.workspace()))
    key = store.of(kinds.API_KEY).get(kinds.API_KEY.key(samples.api_key()))

    assert {type(right) for right in (*workspace.permissions, *key.scopes)} == {Right}
    for scopes in workspace.permissions.values():
        assert {type(standing) for standing in scopes} == {Standing}
        assert {type(scope) for scope in scopes.values()} == {Scope}
    assert workspace.daily_limit is not None
    assert type(workspace.daily_limit.unit) is LimitUnit


def test_permissions_of_any_mapping_are_stored_as_plain_json(store: Store) -> None:
    changed = {Right.EXPORT: MappingProxyType({Standing.AUTHOR: Scope.NONE})}
    workspace = samples.workspace(permissions=MappingProxyType(changed))
    store.of(kinds.WORKSPACE).put(workspace)

    assert raw(store, kinds.WORKSPACE, workspace)["permissions"] == {
        "S": '{"exports:write": {"author": "none"}}'
    }
