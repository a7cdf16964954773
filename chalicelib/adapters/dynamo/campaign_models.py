"""Models of the campaigns table: senders, lists, campaigns, the moderation queue (`models`)."""

from __future__ import annotations

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib.adapters.dynamo.attributes import (
    Choice,
    Nested,
    Numbers,
    Seconds,
    Several,
    Tally,
    Whole,
    numbers,
)
from chalicelib.adapters.dynamo.models import Item, Versioned, limit_map, window_map
from chalicelib.domain.campaign import Approval, PauseReason, Status
from chalicelib.domain.content import Content, InDoubt, Mode, Overrides, Tlv
from chalicelib.domain.decision import Decision
from chalicelib.domain.erasure import Suppressed
from chalicelib.domain.moderation import ItemKind
from chalicelib.domain.recipient_list import ListCounts, ListPurpose, ListStatus
from chalicelib.domain.sender import NumberType, RevisionStatus
from chalicelib.domain.suppression import Source


def decision_map() -> Nested[Decision]:
    return Nested(
        Decision,
        {"by": UnicodeAttribute(), "at": UTCDateTimeAttribute(), "note": UnicodeAttribute()},
        null=True,
    )


class SenderItem(Versioned):
    id = UnicodeAttribute()
    workspace = UnicodeAttribute()
    name = UnicodeAttribute()
    current_revision = Whole(null=True)
    created_at = UTCDateTimeAttribute()
    revisions = Whole()
    archived_at = UTCDateTimeAttribute(null=True)


class RevisionItem(Versioned):
    sender = UnicodeAttribute()
    number = Whole()
    workspace = UnicodeAttribute()
    status = Choice(RevisionStatus)
    address = UnicodeAttribute()
    source = Nested(NumberType, numbers(NumberType))
    destination = Nested(NumberType, numbers(NumberType))
    channel = UnicodeAttribute()
    author = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    use = UnicodeAttribute()
    submitted_at = UTCDateTimeAttribute(null=True)
    decision = decision_map()
    archived_from = Choice(RevisionStatus, null=True)
    # The address once more: range key of an index, in which only revisions are.
    from_address = UnicodeAttribute()


class ListItem(Versioned):
    id = UnicodeAttribute()
    workspace = UnicodeAttribute()
    name = UnicodeAttribute()
    author = UnicodeAttribute()
    status = Choice(ListStatus)
    size = Whole()
    default_country = UnicodeAttribute(null=True)
    upload = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    purpose = Choice(ListPurpose)
    sha256 = UnicodeAttribute(null=True)
    number_column = UnicodeAttribute(null=True)
    counts = Nested(
        ListCounts,
        {
            "valid": Whole(),
            "duplicate": Whole(),
            "invalid": Tally(str),
            "emptied": Tally(str),
        },
    )
    columns = Several(UnicodeAttribute())
    digest = UnicodeAttribute(null=True)
    failure = UnicodeAttribute(null=True)


class OpenListItem(Versioned):
    workspace = UnicodeAttribute()
    list = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    uploaded_at = UTCDateTimeAttribute(null=True)
    tries = Whole()
    asked_at = UTCDateTimeAttribute(null=True)


class CampaignItem(Versioned):
    id = UnicodeAttribute()
    workspace = UnicodeAttribute()
    author = UnicodeAttribute()
    content = Nested(
        Content,
        {
            "mode": Choice(Mode),
            "name": UnicodeAttribute(),
            "text": UnicodeAttribute(),
            "free_text": BooleanAttribute(),
            "sender": UnicodeAttribute(),
            "revision": Whole(),
            "channel": UnicodeAttribute(),
            "list": UnicodeAttribute(),
            "start_at": UTCDateTimeAttribute(),
            "date_from": UTCDateTimeAttribute(),
            "date_to": UTCDateTimeAttribute(),
            "deadline": UTCDateTimeAttribute(),
            "time_zone": UnicodeAttribute(),
            "daily_window": window_map(),
            "daily_limit": limit_map(),
            "ignore_daily_window": BooleanAttribute(),
            "auto_start": BooleanAttribute(),
            "transliterate": BooleanAttribute(),
            "in_doubt": Choice(InDoubt),
            "overrides": Nested(
                Overrides,
                {
                    "saddr": UnicodeAttribute(),
                    "saddr_sender": UnicodeAttribute(),
                    "saddr_revision": Whole(),
                    "ston": Whole(),
                    "snpi": Whole(),
                    "dton": Whole(),
                    "dnpi": Whole(),
                    "validity": Seconds(),
                    "tlvs": Several(
                        Nested(
                            Tlv, {"tag": Whole(), "value": BinaryAttribute(legacy_encoding=False)}
                        )
                    ),
                },
            ),
        },
    )
    created_at = UTCDateTimeAttribute()
    address = UnicodeAttribute()
    editors = Several(UnicodeAttribute())
    status = Choice(Status)
    approval = Choice(Approval)
    digest = UnicodeAttribute(null=True)
    submitted_at = UTCDateTimeAttribute(null=True)
    decision = decision_map()
    missed_at = UTCDateTimeAttribute(null=True)
    paused_from = Choice(Status, null=True)
    pause_reason = Choice(PauseReason, null=True)
    run = Whole()
    recipients = Whole()
    chunks = Whole()
    started_at = UTCDateTimeAttribute(null=True)
    sent_at = UTCDateTimeAttribute(null=True)
    finished_at = UTCDateTimeAttribute(null=True)
    failure = UnicodeAttribute(null=True)
    archived_at = UTCDateTimeAttribute(null=True)


class LineItem(Item):
    id = UnicodeAttribute()
    workspace = UnicodeAttribute()
    name = UnicodeAttribute()
    mode = Choice(Mode)
    status = Choice(Status)
    approval = Choice(Approval)
    author = UnicodeAttribute()
    sender = UnicodeAttribute(null=True)
    address = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    starts_at = UTCDateTimeAttribute(null=True)
    recipients = Whole()
    missed_at = UTCDateTimeAttribute(null=True)
    archived_at = UTCDateTimeAttribute(null=True)
    # Made of the others: range keys of the indexes, which no other item has, so only lines are in
    # them; and what a search looks through, since DynamoDB does not overlook case.
    start_place = UnicodeAttribute()
    sender_place = UnicodeAttribute()
    searched = UnicodeAttribute()


class DeletedItem(Versioned):
    id = UnicodeAttribute()
    workspace = UnicodeAttribute()
    author = UnicodeAttribute()
    mode = Choice(Mode)
    status = Choice(Status)
    created_at = UTCDateTimeAttribute()
    deleted_at = UTCDateTimeAttribute()
    deleted_by = UnicodeAttribute()
    recipients = Whole()
    totals = Tally(str)
    started_at = UTCDateTimeAttribute(null=True)
    finished_at = UTCDateTimeAttribute(null=True)


class WaitingItem(Versioned):
    workspace = UnicodeAttribute()
    kind = Choice(ItemKind)
    object = UnicodeAttribute()
    revision = Whole()
    author = UnicodeAttribute()
    title = UnicodeAttribute()
    digest = UnicodeAttribute()
    submitted_at = UTCDateTimeAttribute()
    editors = Several(UnicodeAttribute())
    recipients = Whole()


class SurveyItem(Versioned):
    workspace = UnicodeAttribute()
    campaign = UnicodeAttribute()
    digest = UnicodeAttribute()
    begun_at = UTCDateTimeAttribute()
    written_at = UTCDateTimeAttribute()
    recipients = Whole()
    counted = Whole()
    by_parts = Tally(int)
    by_encoding = Tally(str)
    too_long = Whole()
    empty = Tally(str)
    samples = Several(UnicodeAttribute())


class ScreeningItem(Versioned):
    workspace = UnicodeAttribute()
    list = UnicodeAttribute()
    digest = UnicodeAttribute()
    asked_at = UTCDateTimeAttribute()
    written_at = UTCDateTimeAttribute()
    recipients = Whole()
    counted = Whole()
    found = Whole()
    suppressed = Whole(null=True)
    as_of = UTCDateTimeAttribute(null=True)
    ttl = TTLAttribute(attr_name="expires_at")


class ListUseItem(Versioned):
    workspace = UnicodeAttribute()
    list = UnicodeAttribute()
    campaign = UnicodeAttribute()


class ListRemovalItem(Versioned):
    workspace = UnicodeAttribute()
    list = UnicodeAttribute()
    due_at = UTCDateTimeAttribute()


class ListRoundItem(Versioned):
    workspace = UnicodeAttribute()
    begun_at = UTCDateTimeAttribute()
    after = UnicodeAttribute()


class ErasureItem(Versioned):
    id = UnicodeAttribute()
    workspace = UnicodeAttribute()
    ctn_hash = UnicodeAttribute()
    asked_by = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    keep_suppressed = BooleanAttribute()
    token = Whole(null=True)
    after = UnicodeAttribute()
    come_through = BooleanAttribute()
    waiting = Several(UnicodeAttribute())
    lists = Whole()
    erased = Whole()
    noted = UnicodeAttribute()
    suppressed = Choice(Suppressed, null=True)
    finished_at = UTCDateTimeAttribute(null=True)


class OpenErasureItem(Versioned):
    workspace = UnicodeAttribute()
    erasure = UnicodeAttribute()


class ErasureTurnItem(Versioned):
    workspace = UnicodeAttribute()
    until = UTCDateTimeAttribute()


class ProgressItem(Item):
    workspace = UnicodeAttribute()
    list = UnicodeAttribute()
    size = Whole()
    octets = Whole()
    lines = Whole()
    stored = Whole()
    recipients = Whole()
    begun_at = UTCDateTimeAttribute()
    written_at = UTCDateTimeAttribute()


class SuppressionItem(Versioned):
    workspace = UnicodeAttribute()
    token = Whole()
    number = Whole()
    source = Choice(Source)
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute()
    note = UnicodeAttribute()
    lifted = BooleanAttribute()
    # `at` once more, where it is lifted: who reads millions of them needs it of these alone.
    lifted_at = UnicodeAttribute(null=True)


class SuppressionListItem(Versioned):
    workspace = UnicodeAttribute()
    list = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    withdrawn_at = UTCDateTimeAttribute(null=True)


class SuppressionChangeItem(Versioned):
    ttl = TTLAttribute(attr_name="expires_at")
    workspace = UnicodeAttribute()
    id = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    lifted = BooleanAttribute()
    numbers = Numbers()
    list = UnicodeAttribute(null=True)


class WindowItem(Versioned):
    workspace = UnicodeAttribute()
    campaign = UnicodeAttribute()
    number = Whole()
    opens_at = UTCDateTimeAttribute()
    opened = BooleanAttribute()
    settled = BooleanAttribute()
    tokens = Several(UnicodeAttribute())


class LiveItem(Versioned):
    workspace = UnicodeAttribute()
    campaign = UnicodeAttribute()
