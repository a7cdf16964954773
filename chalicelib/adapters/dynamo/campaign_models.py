"""Models of the campaigns table: senders, lists, campaigns, the moderation queue (`models`)."""

from __future__ import annotations

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib.adapters.dynamo.attributes import (
    Choice,
    Nested,
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
from chalicelib.domain.moderation import ItemKind
from chalicelib.domain.recipient_list import ListCounts, ListStatus
from chalicelib.domain.sender import NumberType, RevisionStatus


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
