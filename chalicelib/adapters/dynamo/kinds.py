"""The kinds of record: which model stores it, in which table, under which key, until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from chalicelib.adapters.dynamo import campaign_models, keys, models
from chalicelib.adapters.dynamo.keys import Key
from chalicelib.adapters.dynamo.kind import Kind, Table
from chalicelib.domain.audit import AuditRecord, key_of
from chalicelib.domain.campaign import Campaign, DeletedCampaign
from chalicelib.domain.campaign_listing import CampaignLine, Sort, place_of, searched
from chalicelib.domain.channel import Channel
from chalicelib.domain.credentials import ApiKey, Client
from chalicelib.domain.delivery import (
    ChunkRecord,
    InboxItem,
    JournalItem,
    LiveCampaign,
    Offer,
    Traffic,
    Window,
)
from chalicelib.domain.erasure import Erasure, ErasureTurn, OpenErasure
from chalicelib.domain.identity import Device, PasswordReset, Session, User
from chalicelib.domain.ingest_progress import IngestProgress
from chalicelib.domain.invitation import Applicant, Invitation, JoinRequest
from chalicelib.domain.list_keeping import ListRemoval, ListRound, ListUse
from chalicelib.domain.lockout import Attempts
from chalicelib.domain.membership import Member, Roster
from chalicelib.domain.moderation import QueueItem
from chalicelib.domain.recipient_list import OpenList, RecipientList
from chalicelib.domain.request import MadeOnce
from chalicelib.domain.screening import SCREENING_KEPT, Screening
from chalicelib.domain.seals import Seal
from chalicelib.domain.sender import Revision, Sender
from chalicelib.domain.suppression import (
    CHANGES_KEPT,
    Suppression,
    SuppressionChange,
    SuppressionList,
)
from chalicelib.domain.survey import Survey
from chalicelib.domain.workspace import Workspace

# People may still want to know what became of one.
INVITATION_SHOWN: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """Makes an address unique, and finds its user; written with the user alone."""

    email: str
    user: str


@dataclass(frozen=True, slots=True)
class ListedWorkspace:
    """Finds all workspaces, whose items have partitions of their own; written with them alone."""

    id: str


WORKSPACE: Final = Kind(
    Workspace,
    "workspace",
    Table.DIRECTORY,
    models.WorkspaceItem,
    lambda record: keys.workspace(record.id),
)
LISTED: Final = Kind(
    ListedWorkspace,
    "listed workspace",
    Table.DIRECTORY,
    models.ListedItem,
    lambda record: keys.listed(record.id),
)
ROSTER: Final = Kind(
    Roster,
    "roster",
    Table.DIRECTORY,
    models.RosterItem,
    lambda record: keys.roster(record.workspace),
)
MEMBER: Final = Kind(
    Member,
    "member",
    Table.DIRECTORY,
    models.MemberItem,
    lambda record: keys.member(record.workspace, record.user),
)
USER: Final = Kind(
    User,
    "user",
    Table.DIRECTORY,
    models.UserItem,
    lambda record: keys.user(record.id),
)
EMAIL: Final = Kind(
    EmailAddress,
    "mail address",
    Table.DIRECTORY,
    models.EmailItem,
    lambda record: keys.email(record.email),
)
SESSION: Final = Kind(
    Session,
    "session",
    Table.DIRECTORY,
    models.SessionItem,
    lambda record: Key(keys.sessions(record.user), record.digest),
    expiry=lambda record: record.expires_at,
)
DEVICE: Final = Kind(
    Device,
    "device",
    Table.DIRECTORY,
    models.TokenItem,
    lambda record: keys.device(record.user, record.digest),
    expiry=lambda record: record.expires_at,
)
ATTEMPTS: Final = Kind(
    Attempts,
    "count of attempts",
    Table.DIRECTORY,
    models.AttemptsItem,
    lambda record: keys.attempts(record.subject, record.place),
    expiry=lambda record: record.expires_at,
)
PASSWORD_RESET: Final = Kind(
    PasswordReset,
    "password reset",
    Table.DIRECTORY,
    models.TokenItem,
    lambda record: keys.password_reset(record.user),
    expiry=lambda record: record.expires_at,
)
INVITATION: Final = Kind(
    Invitation,
    "invitation",
    Table.DIRECTORY,
    models.InvitationItem,
    lambda record: Key(keys.invitations(record.workspace), record.id),
    expiry=lambda record: record.expires_at + INVITATION_SHOWN,
)
JOIN_REQUEST: Final = Kind(
    JoinRequest,
    "join request",
    Table.DIRECTORY,
    models.JoinItem,
    lambda record: Key(keys.join_requests(record.workspace), record.user),
)
APPLICANT: Final = Kind(
    Applicant,
    "applicant",
    Table.DIRECTORY,
    models.ApplicantItem,
    lambda record: keys.applicant(record.workspace, record.email),
    expiry=lambda record: record.expires_at,
)
API_KEY: Final = Kind(
    ApiKey,
    "API key",
    Table.DIRECTORY,
    models.KeyItem,
    lambda record: Key(keys.api_keys(record.workspace), record.id),
)
CLIENT: Final = Kind(
    Client,
    "client",
    Table.DIRECTORY,
    models.ClientItem,
    lambda record: Key(keys.clients(record.workspace), record.id),
)
MADE_ONCE: Final = Kind(
    MadeOnce,
    "request with this key",
    Table.DIRECTORY,
    models.MadeOnceItem,
    lambda record: keys.made_once(record.workspace, record.user, record.key),
    expiry=lambda record: record.expires_at,
)
SENDER: Final = Kind(
    Sender,
    "sender",
    Table.CAMPAIGNS,
    campaign_models.SenderItem,
    lambda record: Key(keys.senders(record.workspace), record.id),
)
REVISION: Final = Kind(
    Revision,
    "revision of this sender",
    Table.CAMPAIGNS,
    campaign_models.RevisionItem,
    lambda record: keys.revision(record.workspace, record.sender, record.number),
    made={keys.FROM_ADDRESS: lambda record: record.address},
)
RECIPIENT_LIST: Final = Kind(
    RecipientList,
    "list",
    Table.CAMPAIGNS,
    campaign_models.ListItem,
    lambda record: Key(keys.lists(record.workspace), record.id),
)
CAMPAIGN: Final = Kind(
    Campaign,
    "campaign",
    Table.CAMPAIGNS,
    campaign_models.CampaignItem,
    lambda record: Key(keys.campaigns(record.workspace), record.id),
)
# In the partition, and so in both indexes' partitions, of its list: archived ones have their own.
CAMPAIGN_LINE: Final = Kind(
    CampaignLine,
    "line of a campaign",
    Table.CAMPAIGNS,
    campaign_models.LineItem,
    lambda record: Key(
        keys.lines(record.workspace, archived=record.archived_at is not None),
        place_of(record, Sort.CREATED),
    ),
    made={
        keys.START_PLACE: lambda record: place_of(record, Sort.START),
        keys.SENDER_PLACE: lambda record: place_of(record, Sort.SENDER),
        "searched": searched,
    },
)
DELETED_CAMPAIGN: Final = Kind(
    DeletedCampaign,
    "deleted campaign",
    Table.CAMPAIGNS,
    campaign_models.DeletedItem,
    lambda record: Key(keys.deleted_campaigns(record.workspace), record.id),
)
QUEUE_ITEM: Final = Kind(
    QueueItem,
    "item in the moderation queue",
    Table.CAMPAIGNS,
    campaign_models.WaitingItem,
    keys.queue_item,
)
SURVEY: Final = Kind(
    Survey,
    "survey",
    Table.CAMPAIGNS,
    campaign_models.SurveyItem,
    lambda record: keys.survey(record.workspace, record.campaign),
)
SCREENING: Final = Kind(
    Screening,
    "count of the suppressed",
    Table.CAMPAIGNS,
    campaign_models.ScreeningItem,
    lambda record: keys.screening(record.workspace, record.list),
    expiry=lambda record: record.written_at + SCREENING_KEPT,
)
LIST_USE: Final = Kind(
    ListUse,
    "use of a list",
    Table.CAMPAIGNS,
    campaign_models.ListUseItem,
    lambda record: Key(keys.list_uses(record.workspace, record.list), record.campaign),
)
LIST_REMOVAL: Final = Kind(
    ListRemoval,
    "removal of a list",
    Table.CAMPAIGNS,
    campaign_models.ListRemovalItem,
    keys.list_removal,
)
LIST_ROUND: Final = Kind(
    ListRound,
    "round over the lists",
    Table.CAMPAIGNS,
    campaign_models.ListRoundItem,
    lambda record: keys.list_round(record.workspace),
)
ERASURE: Final = Kind(
    Erasure,
    "erasure",
    Table.CAMPAIGNS,
    campaign_models.ErasureItem,
    lambda record: Key(keys.erasures(record.workspace), record.id),
)
OPEN_ERASURE: Final = Kind(
    OpenErasure,
    "open erasure",
    Table.CAMPAIGNS,
    campaign_models.OpenErasureItem,
    lambda record: keys.open_erasure(record.workspace, record.erasure),
)
ERASURE_TURN: Final = Kind(
    ErasureTurn,
    "turn to erase",
    Table.CAMPAIGNS,
    campaign_models.ErasureTurnItem,
    lambda record: keys.erasure_turn(record.workspace),
)
INGEST_PROGRESS: Final = Kind(
    IngestProgress,
    "progress of a list",
    Table.CAMPAIGNS,
    campaign_models.ProgressItem,
    lambda record: keys.progress(record.workspace, record.list),
)
SUPPRESSION: Final = Kind(
    Suppression,
    "suppression of this number",
    Table.CAMPAIGNS,
    campaign_models.SuppressionItem,
    lambda record: keys.suppression(record.workspace, record.token),
    made={keys.LIFTED_AT: lambda record: record.at.isoformat() if record.lifted else None},
)
SUPPRESSION_LIST: Final = Kind(
    SuppressionList,
    "suppression list",
    Table.CAMPAIGNS,
    campaign_models.SuppressionListItem,
    lambda record: Key(keys.suppression_lists(record.workspace), record.list),
)
SUPPRESSION_CHANGE: Final = Kind(
    SuppressionChange,
    "change of suppressions",
    Table.CAMPAIGNS,
    campaign_models.SuppressionChangeItem,
    keys.suppression_change,
    expiry=lambda record: record.at + CHANGES_KEPT,
)
OPEN_LIST: Final = Kind(
    OpenList,
    "list that is uploaded or read",
    Table.CAMPAIGNS,
    campaign_models.OpenListItem,
    lambda record: keys.open_list(record.workspace, record.list),
)
WINDOW: Final = Kind(
    Window,
    "window",
    Table.CAMPAIGNS,
    campaign_models.WindowItem,
    lambda record: keys.window(record.workspace, record.campaign, record.number),
)
LIVE_CAMPAIGN: Final = Kind(
    LiveCampaign,
    "live campaign",
    Table.CAMPAIGNS,
    campaign_models.LiveItem,
    lambda record: keys.live(record.workspace, record.campaign),
)
CHANNEL: Final = Kind(
    Channel,
    "channel",
    Table.DELIVERY,
    models.ChannelItem,
    lambda record: Key(keys.CHANNELS, record.id),
    # Its owner renews the lease every few seconds, without a version: a change must not undo that.
    apart=frozenset({"lease"}),
)
TRAFFIC: Final = Kind(
    Traffic,
    "traffic",
    Table.DELIVERY,
    models.TrafficItem,
    lambda record: Key(keys.traffic(record.channel), f"{record.workspace}#{record.campaign}"),
    expiry=lambda record: record.expires_at,
)
OFFER: Final = Kind(
    Offer,
    "offer",
    Table.DELIVERY,
    models.OfferItem,
    keys.offer,
)
CHUNK: Final = Kind(
    ChunkRecord,
    "chunk",
    Table.DELIVERY,
    models.ChunkItem,
    lambda record: keys.chunk(record.workspace, record.campaign, record.number),
)
JOURNAL: Final = Kind(
    JournalItem,
    "journal item",
    Table.DELIVERY,
    models.JournalEntry,
    keys.journal_item,
)
INBOX: Final = Kind(
    InboxItem,
    "inbox item",
    Table.DELIVERY,
    models.InboxEntry,
    keys.inbox_item,
)
AUDIT: Final = Kind(
    AuditRecord,
    "audit record",
    Table.AUDIT,
    models.AuditItem,
    lambda record: Key(record.workspace, key_of(record)),
    expiry=lambda record: record.expires_at,
    told_by={"expires_at": "ttl"},
)
SEAL: Final = Kind(
    Seal,
    "seal",
    Table.AUDIT,
    models.SealItem,
    lambda record: Key(keys.seals(record.workspace), keys.seal(record.number)),
    expiry=lambda record: record.expires_at,
)

# What `Changes` takes.
CHANGEABLE: Final[dict[type, Kind[Any]]] = {
    kind.record: kind
    for kind in (
        WORKSPACE,
        ROSTER,
        MEMBER,
        USER,
        SESSION,
        DEVICE,
        ATTEMPTS,
        PASSWORD_RESET,
        INVITATION,
        JOIN_REQUEST,
        APPLICANT,
        API_KEY,
        CLIENT,
        MADE_ONCE,
        SENDER,
        REVISION,
        RECIPIENT_LIST,
        OPEN_LIST,
        CAMPAIGN,
        DELETED_CAMPAIGN,
        QUEUE_ITEM,
        SURVEY,
        SCREENING,
        LIST_USE,
        LIST_REMOVAL,
        LIST_ROUND,
        ERASURE,
        OPEN_ERASURE,
        ERASURE_TURN,
        SUPPRESSION,
        SUPPRESSION_LIST,
        SUPPRESSION_CHANGE,
        WINDOW,
        LIVE_CAMPAIGN,
        CHANNEL,
    )
}
