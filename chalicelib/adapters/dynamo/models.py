"""One model per kind of record, several on one table: how each field is stored, and nothing else.
Those of the campaigns table are in `campaign_models`.

Tables, connection and keys come from elsewhere (`store`, `keys`), so a model has no state.
`expires_at` is the tables' TTL attribute, in whole seconds; where a record has a field of that
name, its exact value is stored as `expires`.
"""

from __future__ import annotations

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.models import Model

from chalicelib.adapters.dynamo.attributes import (
    Choice,
    Coverage,
    Granted,
    Nested,
    Packed,
    Real,
    Several,
    Whole,
    numbers,
)
from chalicelib.domain.audit import Actor
from chalicelib.domain.channel import Lease
from chalicelib.domain.credentials import Secret
from chalicelib.domain.formats import inbox, journal
from chalicelib.domain.identity import SecondFactor
from chalicelib.domain.invitation import InvitationStatus, JoinStatus
from chalicelib.domain.ledger import Counters
from chalicelib.domain.rights import Right, Role
from chalicelib.domain.workspace import DailyLimit, DailyWindow, LimitUnit, Retention


def window_map() -> Nested[DailyWindow]:
    return Nested(DailyWindow, numbers(DailyWindow), null=True)


def limit_map() -> Nested[DailyLimit]:
    return Nested(DailyLimit, {"count": Whole(), "unit": Choice(LimitUnit)}, null=True)


class Item(Model):
    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class Versioned(Item):
    version = Whole()


class Expiring(Item):
    ttl = TTLAttribute(attr_name="expires_at")
    expires_at = UTCDateTimeAttribute(attr_name="expires")


# --- directory ---


class WorkspaceItem(Versioned):
    id = UnicodeAttribute()
    name = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    self_approval = BooleanAttribute()
    wrapped_data_key = BinaryAttribute(legacy_encoding=False)
    created_at = UTCDateTimeAttribute()
    daily_window = window_map()
    daily_limit = limit_map()
    retention = Nested(Retention, numbers(Retention))
    permissions = Granted()
    join_code = UnicodeAttribute(null=True)


class ListedItem(Item):
    id = UnicodeAttribute()


class RosterItem(Versioned):
    workspace = UnicodeAttribute()
    admins = Several(UnicodeAttribute())


class MemberItem(Versioned):
    workspace = UnicodeAttribute()
    # Hash key of the index `by_member`: only members have this attribute, so only they are in it.
    user = UnicodeAttribute(attr_name="member")
    role = Choice(Role)
    is_moderator = BooleanAttribute()
    created_at = UTCDateTimeAttribute()


class UserItem(Versioned):
    id = UnicodeAttribute()
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    password_hash = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    second_factor = Nested(
        SecondFactor,
        {
            "wrapped_seed": BinaryAttribute(legacy_encoding=False),
            "confirmed": BooleanAttribute(),
            "last_step": Whole(),
            "recovery": Several(UnicodeAttribute()),
        },
        null=True,
    )
    devices_since = UTCDateTimeAttribute(null=True)


class EmailItem(Item):
    email = UnicodeAttribute()
    user = UnicodeAttribute()


class TokenItem(Versioned, Expiring):
    """What a token of a user's stands for; the token itself is never stored."""

    user = UnicodeAttribute()
    digest = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()


class SessionItem(TokenItem):
    address = UnicodeAttribute()
    agent = UnicodeAttribute()


class AttemptsItem(Versioned, Expiring):
    subject = UnicodeAttribute()
    place = UnicodeAttribute()
    failures = Whole()
    locked_until = UTCDateTimeAttribute(null=True)


class InvitationItem(Versioned, Expiring):
    id = UnicodeAttribute()
    workspace = UnicodeAttribute()
    email = UnicodeAttribute()
    role = Choice(Role)
    is_moderator = BooleanAttribute()
    invited_by = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    status = Choice(InvitationStatus)
    digest = UnicodeAttribute(null=True)
    mailed_at = UTCDateTimeAttribute(null=True)
    accepted_by = UnicodeAttribute(null=True)


class JoinItem(Versioned):
    workspace = UnicodeAttribute()
    user = UnicodeAttribute()
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    status = Choice(JoinStatus)
    decided_by = UnicodeAttribute(null=True)
    decided_at = UTCDateTimeAttribute(null=True)


class ApplicantItem(Versioned, Expiring):
    workspace = UnicodeAttribute()
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    digest = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    mailed_at = UTCDateTimeAttribute(null=True)


class ClientItem(Versioned):
    id = UnicodeAttribute()
    workspace = UnicodeAttribute()
    name = UnicodeAttribute()
    secrets = Several(
        Nested(
            Secret,
            {
                "digest": UnicodeAttribute(),
                "issued_to": UnicodeAttribute(),
                "issued_at": UTCDateTimeAttribute(),
                "valid_until": UTCDateTimeAttribute(),
            },
        )
    )
    created_by = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    expires_at = UTCDateTimeAttribute(attr_name="expires", null=True)
    revoked_at = UTCDateTimeAttribute(null=True)


class KeyItem(ClientItem):
    scopes = Several(Choice(Right))


class MadeOnceItem(Versioned, Expiring):
    workspace = UnicodeAttribute()
    user = UnicodeAttribute()
    key = UnicodeAttribute()
    digest = UnicodeAttribute()
    target = UnicodeAttribute()


# --- delivery ---


class ChannelItem(Versioned):
    id = UnicodeAttribute()
    name = UnicodeAttribute()
    host = UnicodeAttribute()
    port = Whole()
    server_name = UnicodeAttribute()
    system_id = UnicodeAttribute()
    secret = UnicodeAttribute()
    rate = Real()
    window = Whole()
    lease = Nested(
        Lease,
        {
            "owner": UnicodeAttribute(),
            "epoch": Whole(),
            "expires_at": UTCDateTimeAttribute(),
        },
        null=True,
    )


class TrafficItem(Versioned, Expiring):
    channel = UnicodeAttribute()
    workspace = UnicodeAttribute()
    campaign = UnicodeAttribute()
    list = UnicodeAttribute()
    since = UTCDateTimeAttribute()


class OfferItem(Versioned):
    workspace = UnicodeAttribute()
    campaign = UnicodeAttribute()
    channel = UnicodeAttribute()
    window = Whole()
    chunk = Whole()
    first = Whole()
    last = Whole()


class ChunkItem(Versioned):
    workspace = UnicodeAttribute()
    campaign = UnicodeAttribute()
    number = Whole()
    list = UnicodeAttribute()
    source = UnicodeAttribute()
    recipients = Whole()
    epoch = Whole()
    intent = Whole()
    ledger = UnicodeAttribute()
    counters = Nested(Counters, numbers(Counters))
    settled = BooleanAttribute()
    as_of = UTCDateTimeAttribute(null=True)


class JournalEntry(Item):
    workspace = UnicodeAttribute()
    campaign = UnicodeAttribute()
    chunk = Whole()
    writer = UnicodeAttribute()
    sequence = Whole()
    outcomes = Packed(journal.encode, journal.decode)


class InboxEntry(Item):
    channel = UnicodeAttribute()
    key = UnicodeAttribute()
    received_at = UTCDateTimeAttribute()
    receipts = Packed(inbox.encode, inbox.decode)
    waiting = BooleanAttribute()


# --- audit ---


class AuditItem(Expiring):
    id = UnicodeAttribute()
    workspace = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    actor = Nested(
        Actor,
        {name: UnicodeAttribute() for name in ("user", "role", "address", "agent", "request")},
    )
    action = UnicodeAttribute()
    object = UnicodeAttribute()
    author = UnicodeAttribute()
    before = JSONAttribute()
    after = JSONAttribute()


class SealItem(Expiring):
    workspace = UnicodeAttribute()
    number = Whole()
    at = UTCDateTimeAttribute()
    previous = UnicodeAttribute()
    previous_expires_at = UTCDateTimeAttribute()
    records = Coverage()
    hash = UnicodeAttribute()
