"""The records in memory, under the same conditions as the real ones (tests/contracts compares).

All fakes of one test share one `Records`: what `FakeChanges` commits, the others read. `audit`
holds the audit records in the order in which they were written.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import count
from operator import attrgetter, itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chalicelib.domain.audit import AuditRecord, key_of
from chalicelib.domain.campaign import Campaign, DeletedCampaign
from chalicelib.domain.campaign_listing import line_of, matches, place_of
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
from chalicelib.domain.errors import Conflict, Exists, NotFound, Stale, Unavailable
from chalicelib.domain.identity import Device, PasswordReset, Session, User, normal_email
from chalicelib.domain.ingest_progress import IngestProgress
from chalicelib.domain.invitation import Applicant, Invitation, JoinRequest
from chalicelib.domain.ledger import Counters
from chalicelib.domain.list_keeping import ListRemoval, ListRound, ListUse
from chalicelib.domain.lockout import Attempts
from chalicelib.domain.membership import Member, Roster
from chalicelib.domain.moderation import ItemKind, QueueItem, QueueMark
from chalicelib.domain.recipient_list import OpenList, RecipientList
from chalicelib.domain.request import MadeOnce
from chalicelib.domain.screening import Screening
from chalicelib.domain.seals import Seal
from chalicelib.domain.sender import Revision, Sender
from chalicelib.domain.suppression import Suppression, SuppressionChange, SuppressionList
from chalicelib.domain.survey import Survey
from chalicelib.domain.workspace import Workspace
from chalicelib.usecases.ports import Page, next_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from chalicelib.domain.campaign_listing import CampaignLine, CampaignQuery
    from chalicelib.domain.channel import Lease
    from chalicelib.usecases.ports import AuditQuery, R, Versioned

T = TypeVar("T")

IDENTITY: dict[type, tuple[str, ...]] = {
    Workspace: ("id",),
    Roster: ("workspace",),
    Member: ("workspace", "user"),
    User: ("id",),
    Session: ("user", "digest"),
    Device: ("user", "digest"),
    Attempts: ("subject", "place"),
    PasswordReset: ("user",),
    Invitation: ("workspace", "id"),
    JoinRequest: ("workspace", "user"),
    Applicant: ("workspace", "email"),
    ApiKey: ("workspace", "id"),
    Client: ("workspace", "id"),
    MadeOnce: ("workspace", "user", "key"),
    Sender: ("workspace", "id"),
    Revision: ("workspace", "sender", "number"),
    RecipientList: ("workspace", "id"),
    OpenList: ("workspace", "list"),
    Campaign: ("workspace", "id"),
    DeletedCampaign: ("workspace", "id"),
    QueueItem: ("workspace", "submitted_at", "kind", "object", "revision"),
    Survey: ("workspace", "campaign"),
    Screening: ("workspace", "list"),
    ListUse: ("workspace", "list", "campaign"),
    ListRemoval: ("due_at", "workspace", "list"),
    ListRound: ("workspace",),
    Erasure: ("workspace", "id"),
    OpenErasure: ("workspace", "erasure"),
    ErasureTurn: ("workspace",),
    Suppression: ("workspace", "token"),
    SuppressionList: ("workspace", "list"),
    SuppressionChange: ("workspace", "at", "id"),
    IngestProgress: ("workspace", "list"),
    Window: ("workspace", "campaign", "number"),
    LiveCampaign: ("workspace", "campaign"),
    Channel: ("id",),
    Traffic: ("channel", "workspace", "campaign"),
    Offer: ("channel", "workspace", "campaign", "window", "chunk"),
    ChunkRecord: ("workspace", "campaign", "number"),
    JournalItem: ("workspace", "campaign", "chunk", "writer", "sequence"),
    InboxItem: ("channel", "waiting", "received_at", "key"),
    AuditRecord: ("workspace", "at", "id"),
    Seal: ("workspace", "number"),
}
CHANGEABLE = (
    Workspace,
    Roster,
    Member,
    User,
    Session,
    Device,
    Attempts,
    PasswordReset,
    Invitation,
    JoinRequest,
    Applicant,
    ApiKey,
    Client,
    MadeOnce,
    Sender,
    Revision,
    RecipientList,
    OpenList,
    Campaign,
    DeletedCampaign,
    QueueItem,
    Survey,
    Screening,
    ListUse,
    ListRemoval,
    ListRound,
    Erasure,
    OpenErasure,
    ErasureTurn,
    Suppression,
    SuppressionList,
    SuppressionChange,
    Window,
    LiveCampaign,
    Channel,
)


def identity(record: object) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in IDENTITY[type(record)])


class Records:
    def __init__(self) -> None:
        self.lock = Lock()
        self.audit: list[AuditRecord] = []
        self._stored: dict[type, dict[tuple[Any, ...], Any]] = {kind: {} for kind in IDENTITY}

    def find(self, kind: type[T], *key: object) -> T | None:
        return cast("T | None", self._stored[kind].get(key))

    def get(self, kind: type[T], name: str, *key: object) -> T:
        found = self.find(kind, *key)
        if found is None:
            raise NotFound(name)
        return found

    def all(self, kind: type[T], **where: object) -> list[T]:
        with self.lock:
            found = sorted(self._stored[kind].items(), key=lambda entry: entry[0])
        return [
            record
            for _, record in found
            if all(getattr(record, name) == value for name, value in where.items())
        ]

    def page(
        self, kind: type[T], workspace: str, after: str | None, limit: int, by: str = "id"
    ) -> Page[T]:
        """Newest first: by id, backwards."""
        place = attrgetter(by)
        newest_first = sorted(self.all(kind, workspace=workspace), key=place, reverse=True)
        return _cut([each for each in newest_first if not after or place(each) < after], limit, by)

    def ascending(
        self, kind: type[T], after: str | None, limit: int, by: str, **where: object
    ) -> Page[T]:
        place = attrgetter(by)
        ordered = sorted(self.all(kind, **where), key=place)
        return _cut([each for each in ordered if not after or place(each) > after], limit, by)

    def put(self, record: object) -> None:
        with self.lock:
            self._put(record)

    def add(self, record: object) -> bool:
        with self.lock:
            kept = self._stored[type(record)].setdefault(identity(record), record)
        return kept is record

    def remove(self, record: object) -> None:
        with self.lock:
            self._stored[type(record)].pop(identity(record), None)

    def change(self, record: T, holds: Callable[[T], bool], **changes: object) -> bool:
        with self.lock:
            stored = self.find(type(record), *identity(record))
            if stored is None or not holds(stored):
                return False
            self._put(replace(cast("Any", stored), **changes))
            return True

    def commit(
        self,
        records: Iterable[Versioned],
        audit: AuditRecord | None,
        remove: Iterable[Versioned] = (),
    ) -> None:
        """All or nothing."""
        written, removed = list(records), list(remove)
        with self.lock:
            refusals = [
                *map(self._refusal, written),
                *map(self._removal_refusal, removed),
                self._audit_refusal(audit),
            ]
            for refusal in filter(None, refusals):
                raise refusal
            for record in written:
                self._put(self._next(record))
            for record in removed:
                del self._stored[type(record)][identity(record)]
            if audit is not None:
                self._note(audit)

    def append(self, audit: AuditRecord) -> None:
        with self.lock:
            if self._audit_refusal(audit) is None:
                self._note(audit)

    def _put(self, record: object) -> None:
        self._stored[type(record)][identity(record)] = record

    def _note(self, audit: AuditRecord) -> None:
        self._put(audit)
        self.audit.append(audit)

    def _refusal(self, record: Versioned) -> Conflict | None:
        stored = self.find(type(record), *identity(record))
        if isinstance(record, User):
            holder = self.user_of(record.email)
            if holder not in {None, record.id} or (holder is None and record.version):
                return Exists("Another user has this mail address.")
        if not record.version:
            return Exists("It is there already.") if stored else None
        return None if stored and stored.version == record.version else Stale()

    def _removal_refusal(self, record: Versioned) -> Conflict | None:
        stored = self.find(type(record), *identity(record))
        return None if stored and stored.version == record.version else Stale()

    def _audit_refusal(self, audit: AuditRecord | None) -> Conflict | None:
        if audit is not None and self.find(AuditRecord, *identity(audit)) is not None:
            return Exists("There is such an audit record already.")
        return None

    def _next(self, record: Versioned) -> Versioned:
        record = next_version(record)
        if isinstance(record, Channel):
            stored = self.find(Channel, record.id)
            return replace(record, lease=stored.lease if stored else record.lease)
        return record

    def user_of(self, email: str) -> str | None:
        wanted = normal_email(email)
        users = self._stored[User].values()
        return next((user.id for user in users if normal_email(user.email) == wanted), None)


def _cut(records: list[T], limit: int, by: str) -> Page[T]:
    shown = records[:limit]
    return Page(shown, attrgetter(by)(shown[-1]) if len(records) > limit else None)


class FakeChanges:
    def __init__(self, records: Records) -> None:
        self._records = records

    def commit(
        self, *records: Versioned, remove: Sequence[Versioned] = (), audit: AuditRecord
    ) -> None:
        for record in (*records, *remove):
            assert isinstance(record, CHANGEABLE), f"{record} is no record that Changes takes"
        self._records.commit(records, audit, remove)

    def save(self, record: R, audit: AuditRecord) -> R:
        self.commit(record, audit=audit)
        return next_version(record)

    def keep(self, record: R) -> R:
        self._records.commit([record], None)
        return next_version(record)

    def forget(self, record: Versioned) -> None:
        with suppress(Stale):
            self._records.commit([], None, [record])


class FakeDirectory:
    def __init__(self, records: Records) -> None:
        self._records = records

    def workspace(self, workspace: str) -> Workspace:
        return self._records.get(Workspace, "workspace", workspace)

    def workspaces(self, *, after: str | None, limit: int) -> Page[Workspace]:
        return self._records.ascending(Workspace, after, limit, "id")

    def seat(self, workspace: str, user: str) -> tuple[Workspace, Member] | None:
        place = self._records.find(Workspace, workspace)
        member = self._records.find(Member, workspace, user)
        return (place, member) if place and member else None

    def member(self, workspace: str, user: str) -> Member | None:
        return self._records.find(Member, workspace, user)

    def members(self, workspace: str, *, after: str | None, limit: int) -> Page[Member]:
        return self._records.ascending(Member, after, limit, "user", workspace=workspace)

    def memberships(self, user: str) -> list[Member]:
        return self._records.all(Member, user=user)

    def roster(self, workspace: str) -> Roster:
        return self._records.find(Roster, workspace) or Roster(workspace)

    def user(self, user: str) -> User:
        return self._records.get(User, "user", user)

    def users(self, users: Sequence[str]) -> dict[str, User]:
        found = (self._records.find(User, user) for user in users)
        return {user.id: user for user in found if user}

    def user_by_email(self, email: str) -> User | None:
        user = self._records.user_of(email)
        return self._records.find(User, user) if user else None

    def made_once(self, workspace: str, user: str, key: str) -> MadeOnce | None:
        return self._records.find(MadeOnce, workspace, user, key)

    def session(self, user: str, digest: str) -> Session | None:
        return self._records.find(Session, user, digest)

    def sessions(self, user: str) -> list[Session]:
        return self._records.all(Session, user=user)

    def device(self, user: str, digest: str) -> Device | None:
        return self._records.find(Device, user, digest)

    def attempts(self, subject: str, place: str) -> Attempts | None:
        return self._records.find(Attempts, subject, place)

    def password_reset(self, user: str) -> PasswordReset | None:
        return self._records.find(PasswordReset, user)

    def invitation(self, workspace: str, invitation: str) -> Invitation:
        return self._records.get(Invitation, "invitation", workspace, invitation)

    def invitations(self, workspace: str, *, after: str | None, limit: int) -> Page[Invitation]:
        return self._records.page(Invitation, workspace, after, limit)

    def join_request(self, workspace: str, user: str) -> JoinRequest | None:
        return self._records.find(JoinRequest, workspace, user)

    def join_requests(self, workspace: str, *, after: str | None, limit: int) -> Page[JoinRequest]:
        return self._records.page(JoinRequest, workspace, after, limit, by="user")

    def applicant(self, workspace: str, email: str) -> Applicant | None:
        return self._records.find(Applicant, workspace, normal_email(email))

    def api_key(self, workspace: str, key: str) -> ApiKey:
        return self._records.get(ApiKey, "API key", workspace, key)

    def api_keys(self, workspace: str, *, after: str | None, limit: int) -> Page[ApiKey]:
        return self._records.page(ApiKey, workspace, after, limit)

    def client(self, workspace: str, client: str) -> Client:
        return self._records.get(Client, "client", workspace, client)

    def clients(self, workspace: str, *, after: str | None, limit: int) -> Page[Client]:
        return self._records.page(Client, workspace, after, limit)


class FakeAuditLog:
    """`away` makes it answer as the real one does while the table is away."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.away = False

    def append(self, record: AuditRecord) -> None:
        self._answer()
        self._records.append(record)

    def page(
        self, workspace: str, query: AuditQuery, *, after: str | None, limit: int
    ) -> Page[AuditRecord]:
        self._answer()
        newest_first = sorted(
            self._records.all(AuditRecord, workspace=workspace), key=key_of, reverse=True
        )
        found = [
            record
            for record in newest_first
            if (query.since is None or record.at >= query.since)
            and (query.until is None or record.at < query.until)
            and query.actor in {None, record.actor.user}
            and query.action in {None, record.action}
            and query.object in {None, record.object}
            and query.author in {None, record.author}
            and (after is None or key_of(record) < after)
        ]
        shown = found[:limit]
        return Page(shown, key_of(shown[-1]) if len(found) > limit else None)

    def since(
        self, workspace: str, since: datetime, *, after: str | None, limit: int
    ) -> Page[AuditRecord]:
        self._answer()
        found = [
            record
            for record in sorted(self._records.all(AuditRecord, workspace=workspace), key=key_of)
            if record.at >= since and (after is None or key_of(record) > after)
        ]
        shown = found[:limit]
        return Page(shown, key_of(shown[-1]) if len(found) > limit else None)

    def last_seal(self, workspace: str) -> Seal | None:
        self._answer()
        seals = self._records.all(Seal, workspace=workspace)
        return seals[-1] if seals else None

    def seals(self, workspace: str, *, after: int, limit: int) -> list[Seal]:
        self._answer()
        found = self._records.all(Seal, workspace=workspace)
        return [seal for seal in found if seal.number > after][:limit]

    def seals_back_to(self, workspace: str, since: datetime) -> list[Seal]:
        self._answer()
        found: list[Seal] = []
        for seal in reversed(self._records.all(Seal, workspace=workspace)):
            found.append(seal)
            if seal.at < since:
                break
        return found

    def add_seal(self, seal: Seal) -> bool:
        self._answer()
        return self._records.add(seal)

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("The audit log")


class FakeCampaigns:
    def __init__(self, records: Records) -> None:
        self._records = records

    def campaign(self, workspace: str, campaign: str) -> Campaign:
        return self._records.get(Campaign, "campaign", workspace, campaign)

    def campaigns(
        self, workspace: str, query: CampaignQuery, *, after: str | None, limit: int
    ) -> Page[CampaignLine]:
        lines = map(line_of, self._records.all(Campaign, workspace=workspace))
        placed = sorted(
            ((place_of(line, query.sort), line) for line in lines if matches(line, query)),
            key=itemgetter(0),
            reverse=not query.ascending,
        )
        beyond = [
            (place, line)
            for place, line in placed
            if not after or (place > after if query.ascending else place < after)
        ]
        shown = beyond[:limit]
        return Page([line for _, line in shown], shown[-1][0] if len(beyond) > limit else None)

    def deleted_campaigns(
        self, workspace: str, *, after: str | None, limit: int
    ) -> Page[DeletedCampaign]:
        return self._records.page(DeletedCampaign, workspace, after, limit)

    def recipient_list(self, workspace: str, list_id: str) -> RecipientList:
        return self._records.get(RecipientList, "list", workspace, list_id)

    def recipient_lists(
        self, workspace: str, *, after: str | None, limit: int
    ) -> Page[RecipientList]:
        return self._records.page(RecipientList, workspace, after, limit)

    def lists_made_before(
        self, workspace: str, moment: datetime, *, after: str | None, limit: int
    ) -> Page[RecipientList]:
        known = self._records.all(RecipientList, workspace=workspace)
        beyond = [
            each for each in known if each.created_at < moment and (not after or each.id > after)
        ]
        return _cut(beyond, limit, "id")

    def list_use(self, workspace: str, list_id: str, campaign: str) -> ListUse | None:
        return self._records.find(ListUse, workspace, list_id, campaign)

    def list_uses(self, workspace: str, list_id: str) -> list[ListUse]:
        return self._records.all(ListUse, workspace=workspace, list=list_id)[::-1]

    def list_removals(self, due: datetime, limit: int) -> list[ListRemoval]:
        return [each for each in self._records.all(ListRemoval) if each.due_at <= due][:limit]

    def list_round(self, workspace: str) -> ListRound | None:
        return self._records.find(ListRound, workspace)

    def erasure(self, workspace: str, erasure: str) -> Erasure:
        return self._records.get(Erasure, "erasure", workspace, erasure)

    def erasures(self, workspace: str, *, after: str | None, limit: int) -> Page[Erasure]:
        return self._records.page(Erasure, workspace, after, limit)

    def open_erasures(self) -> list[OpenErasure]:
        return self._records.all(OpenErasure)

    def erasure_turn(self, workspace: str) -> ErasureTurn | None:
        return self._records.find(ErasureTurn, workspace)

    def sender(self, workspace: str, sender: str) -> Sender:
        return self._records.get(Sender, "sender", workspace, sender)

    def senders(self, workspace: str, *, after: str | None, limit: int) -> Page[Sender]:
        return self._records.page(Sender, workspace, after, limit)

    def revision(self, workspace: str, sender: str, number: int) -> Revision:
        return self._records.get(Revision, "revision of this sender", workspace, sender, number)

    def revisions(self, workspace: str, sender: str) -> list[Revision]:
        return self._records.all(Revision, workspace=workspace, sender=sender)

    def revisions_with_address(self, workspace: str, address: str) -> list[Revision]:
        return self._records.all(Revision, workspace=workspace, address=address)

    def screening(self, workspace: str, list_id: str) -> Screening | None:
        return self._records.find(Screening, workspace, list_id)

    def survey(self, workspace: str, campaign: str) -> Survey | None:
        return self._records.find(Survey, workspace, campaign)

    def progress(self, workspace: str, list_id: str) -> IngestProgress | None:
        return self._records.find(IngestProgress, workspace, list_id)

    def note_progress(self, progress: IngestProgress) -> None:
        self._records.put(progress)

    def forget_progress(self, progress: IngestProgress) -> None:
        self._records.remove(progress)

    def open_list(self, workspace: str, list_id: str) -> OpenList | None:
        return self._records.find(OpenList, workspace, list_id)

    def open_lists(self) -> list[OpenList]:
        return self._records.all(OpenList)

    def windows(self, workspace: str, campaign: str) -> list[Window]:
        return self._records.all(Window, workspace=workspace, campaign=campaign)

    def put_window(self, window: Window) -> Window:
        self._records.commit([window], None)
        return next_version(window)

    def live(self) -> list[LiveCampaign]:
        return self._records.all(LiveCampaign)

    def forget_live(self, marker: LiveCampaign) -> None:
        self._records.remove(marker)


class FakeQueue:
    """`touched` counts the items that were read."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._marks: dict[str, QueueMark] = {}
        self._turns = count(1)
        self.touched = 0

    def waiting(
        self, workspace: str, kind: ItemKind | None, *, after: str | None, limit: int
    ) -> Page[QueueItem]:
        items = sorted(
            (_queue_place(item), item)
            for item in self._records.all(QueueItem, workspace=workspace)
            if kind in {None, item.kind}
        )
        beyond = [(place, item) for place, item in items if not after or place > after]
        shown = beyond[:limit]
        self.touched += len(shown)
        return Page([item for _, item in shown], shown[-1][0] if len(beyond) > limit else None)

    def mark(self, workspace: str) -> QueueMark:
        self.touched += 1
        return self._marks.get(workspace, QueueMark(workspace))

    def begin(self, workspace: str, token: str, until: datetime) -> None:
        with self._records.lock:
            mark = self._marks.get(workspace, QueueMark(workspace))
            self._turn(mark, {**mark.under_way, token: until})

    def end(self, workspace: str, token: str) -> None:
        with self._records.lock:
            mark = self._marks.get(workspace, QueueMark(workspace))
            left = {key: until for key, until in mark.under_way.items() if key != token}
            self._turn(mark, left)

    def _turn(self, mark: QueueMark, under_way: Mapping[str, datetime]) -> None:
        self._marks[mark.workspace] = replace(
            mark, turn=str(next(self._turns)), under_way=under_way
        )


def _queue_place(item: QueueItem) -> str:
    since = item.submitted_at.isoformat(timespec="microseconds")
    return f"{since}#{item.kind}#{item.object}#{item.revision:06}"


class FakeDelivery:
    def __init__(self, records: Records) -> None:
        self._records = records

    def channel(self, channel: str) -> Channel:
        return self._records.get(Channel, "channel", channel)

    def channels(self) -> list[Channel]:
        return self._records.all(Channel)

    def take_lease(self, channel: Channel, lease: Lease) -> bool:
        return self._records.change(
            channel, lambda stored: stored.lease in {channel.lease, lease}, lease=lease
        )

    def traffic(self, channel: str) -> list[Traffic]:
        return self._records.all(Traffic, channel=channel)

    def add_traffic(self, traffic: Traffic) -> None:
        self._records.put(traffic)

    def add_chunks(self, chunks: Iterable[ChunkRecord]) -> None:
        for chunk in chunks:
            self._records.add(chunk)

    def chunk(self, workspace: str, campaign: str, number: int) -> ChunkRecord:
        return self._records.get(ChunkRecord, "chunk", workspace, campaign, number)

    def chunks(self, workspace: str, campaign: str) -> list[ChunkRecord]:
        return self._records.all(ChunkRecord, workspace=workspace, campaign=campaign)

    def adopt(self, chunk: ChunkRecord, epoch: int) -> bool:
        return self._records.change(chunk, lambda stored: stored.epoch <= epoch, epoch=epoch)

    def intend(self, chunk: ChunkRecord, epoch: int, mark: int) -> bool:
        return self._records.change(
            chunk,
            lambda stored: stored.epoch == epoch and stored.intent <= mark,
            intent=mark,
        )

    def swap_ledger(
        self, chunk: ChunkRecord, ledger: str, counters: Counters, *, settled: bool
    ) -> bool:
        return self._records.change(
            chunk,
            lambda stored: stored.ledger in {chunk.ledger, ledger},
            ledger=ledger,
            counters=counters,
            settled=settled,
        )

    def lose_ledger(self, chunk: ChunkRecord) -> bool:
        return self._records.change(
            chunk,
            lambda stored: stored.ledger in {chunk.ledger, ""},
            ledger="",
            counters=Counters(total=chunk.recipients, pending=chunk.recipients),
            settled=False,
            as_of=None,
        )

    def add_offers(self, offers: Iterable[Offer]) -> None:
        for offer in offers:
            self._records.add(offer)

    def offers(self, channel: str) -> list[Offer]:
        return self._records.all(Offer, channel=channel)

    def remove_offer(self, offer: Offer) -> None:
        self._records.remove(offer)

    def append(self, item: JournalItem) -> None:
        self._records.add(item)

    def journal(self, workspace: str, campaign: str, chunk: int) -> list[JournalItem]:
        return self._records.all(JournalItem, workspace=workspace, campaign=campaign, chunk=chunk)

    def drop(self, items: Iterable[JournalItem]) -> None:
        for item in items:
            self._records.remove(item)

    def receive(self, item: InboxItem) -> None:
        self._records.put(item)

    def inbox(self, channel: str, *, waiting: bool, limit: int) -> list[InboxItem]:
        return self._records.all(InboxItem, channel=channel, waiting=waiting)[:limit]

    def discard(self, item: InboxItem) -> None:
        self._records.remove(item)
