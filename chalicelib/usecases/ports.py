"""What the use cases need from the world, as Protocols. Adapters fulfil them, fakes stand in for
them.

Every fake and its real adapter pass one suite (tests/contracts).

Writing: a record carries the version that was read. `commit` writes version + 1 on condition that
the stored one is still what was read (0 = there is none yet) and raises `Stale` or `Exists`
otherwise; the audit record goes in the same transaction (DESIGN 3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.channel import Channel, Lease
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
    from chalicelib.domain.identity import Device, PasswordReset, Session, User
    from chalicelib.domain.invitation import Applicant, Invitation, JoinRequest
    from chalicelib.domain.ledger import Counters
    from chalicelib.domain.letters import Errand, Letter
    from chalicelib.domain.lockout import Attempts
    from chalicelib.domain.membership import Member, Roster
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.request import MadeOnce
    from chalicelib.domain.seals import Checkpoint, Seal, SignedCheckpoint
    from chalicelib.domain.sender import Revision, Sender
    from chalicelib.domain.workspace import Workspace


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


R = TypeVar("R", bound=Versioned)
T = TypeVar("T")

PAGE: Final = 200


def next_version(record: R) -> R:
    """The record as it is once it was committed."""
    return cast("R", replace(cast("Any", record), version=record.version + 1))


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    next: str | None


class Listing(Protocol[T]):
    def __call__(self, *, after: str | None, limit: int) -> Page[T]: ...


def every(listing: Listing[T]) -> Iterator[T]:
    """All of a listing, page by page."""
    after: str | None = None
    while True:
        page = listing(after=after, limit=PAGE)
        yield from page.items
        after = page.next
        if after is None:
            return


class Clock(Protocol):
    def now(self) -> datetime: ...


class Ids(Protocol):
    def new(self, prefix: str) -> str:
        """A fresh id; ids of one prefix sort by time."""
        ...

    def token(self) -> str:
        """256 random bits as text."""
        ...


class Passwords(Protocol):
    def hash(self, password: str) -> str: ...

    def match(self, stored: str | None, password: str) -> bool:
        """Whether they belong together; takes as long when nothing is stored."""
        ...

    def common(self, password: str) -> bool:
        """Whether it is on the bundled list of common ones, or hardly more than one of them."""
        ...


class Changes(Protocol):
    """The writing side: changes of records, each with its audit record.

    A user's mail address is theirs for good and nobody else's: `Exists`. A channel's lease is its
    owner's: changing the channel leaves it as it is. While the database is away: `Unavailable`.
    """

    def commit(
        self, *records: Versioned, remove: Sequence[Versioned] = (), audit: AuditRecord
    ) -> None:
        """All or nothing. What is removed must be as it was read, too: `Stale`."""
        ...

    def save(self, record: R, audit: AuditRecord) -> R:
        """Commit one record and return it as stored."""
        ...

    def keep(self, record: R) -> R:
        """Write a record without audit, by version like `commit`: nobody's act (attempts), or one
        whose audit record goes its own way (sessions; SPEC 8.2).
        """
        ...

    def forget(self, record: Versioned) -> None:
        """Remove a record without audit; one that has changed since, or is gone, is left alone."""
        ...


class Directory(Protocol):
    def workspace(self, workspace: str) -> Workspace: ...

    def workspaces(self, *, after: str | None, limit: int) -> Page[Workspace]:
        """All of the installation, the master workspace included, by id."""
        ...

    def seat(self, workspace: str, user: str) -> tuple[Workspace, Member] | None:
        """A member and their workspace, in one reading; None if either is missing."""
        ...

    def member(self, workspace: str, user: str) -> Member | None: ...

    def members(self, workspace: str, *, after: str | None, limit: int) -> Page[Member]:
        """By user's id."""
        ...

    def memberships(self, user: str) -> list[Member]:
        """For showing: it may lag behind. Rights are checked by `seat`."""
        ...

    def roster(self, workspace: str) -> Roster:
        """An empty one (version 0) where none was written yet."""
        ...

    def user(self, user: str) -> User: ...

    def users(self, users: Sequence[str]) -> dict[str, User]:
        """Those that are there, by id."""
        ...

    def user_by_email(self, email: str) -> User | None:
        """Takes as many readings for an address that nobody has."""
        ...

    def made_once(self, workspace: str, user: str, key: str) -> MadeOnce | None: ...

    def session(self, user: str, digest: str) -> Session | None: ...

    def sessions(self, user: str) -> list[Session]:
        """All that are stored, also such as have expired and are not removed yet."""
        ...

    def device(self, user: str, digest: str) -> Device | None: ...

    def attempts(self, subject: str, place: str) -> Attempts | None: ...

    def password_reset(self, user: str) -> PasswordReset | None: ...

    def invitation(self, workspace: str, invitation: str) -> Invitation: ...

    def invitations(self, workspace: str, *, after: str | None, limit: int) -> Page[Invitation]:
        """Newest first."""
        ...

    def join_request(self, workspace: str, user: str) -> JoinRequest | None: ...

    def join_requests(self, workspace: str, *, after: str | None, limit: int) -> Page[JoinRequest]:
        """By user's id, newest first."""
        ...

    def applicant(self, workspace: str, email: str) -> Applicant | None: ...

    def api_key(self, workspace: str, key: str) -> ApiKey: ...

    def api_keys(self, workspace: str, *, after: str | None, limit: int) -> Page[ApiKey]:
        """Newest first."""
        ...

    def client(self, workspace: str, client: str) -> Client: ...

    def clients(self, workspace: str, *, after: str | None, limit: int) -> Page[Client]:
        """Newest first."""
        ...


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which records: of a period (`since` <= at < `until`), by what is not None."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    object: str | None = None
    # Only what concerns this author's own.
    author: str | None = None


class AuditLog(Protocol):
    """The audit table: records and seals, append-only. While it is away: `Unavailable`."""

    def append(self, record: AuditRecord) -> None:
        """Put if absent: the same record again is written once."""
        ...

    def page(
        self, workspace: str, query: AuditQuery, *, after: str | None, limit: int
    ) -> Page[AuditRecord]:
        """Newest first. A page looks at a bounded number of records, so it may have fewer than
        `limit`, or none, and still a next one.
        """
        ...

    def since(
        self, workspace: str, since: datetime, *, after: str | None, limit: int
    ) -> Page[AuditRecord]:
        """Oldest first, read consistently."""
        ...

    def last_seal(self, workspace: str) -> Seal | None: ...

    def seals(self, workspace: str, *, after: int, limit: int) -> list[Seal]:
        """Those numbered above `after`, in order, read consistently."""
        ...

    def seals_back_to(self, workspace: str, since: datetime) -> list[Seal]:
        """The newest ones, newest first, down to and including the first made before `since`."""
        ...

    def add_seal(self, seal: Seal) -> bool:
        """Put if absent on its number; False if there is one."""
        ...


class AuditFallback(Protocol):
    """Where audit records wait while the audit table is away (SPEC 8.2): it survives the process
    and holds 200 MB over all writers.
    """

    def keep(self, record: AuditRecord) -> bool:
        """False if there is no room left, or this store does not answer either."""
        ...

    def drain(self, take: Callable[[AuditRecord], None]) -> int:
        """Give every record that waits to `take`, oldest first, and remove what was taken; returns
        how many. If `take` raises, what it did not take stays. Records that are kept meanwhile, or
        by someone else's drain at once, are not lost; `take` may see one twice.
        """
        ...

    def size(self) -> int:
        """Bytes that wait, by what the cap counts."""
        ...


class Checkpoints(Protocol):
    """Signed marks of the chains' heads, kept apart from the table (SPEC 8.2, DESIGN 3)."""

    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint: ...

    def public_key(self) -> bytes:
        """PEM, to verify offline."""
        ...

    def store(self, signed: SignedCheckpoint) -> None:
        """Keep it for good; the same again is written over."""
        ...

    def stored(self, workspace: str, *, above: int = 0) -> list[SignedCheckpoint]:
        """Those of seals numbered above `above`, by seal number, oldest first."""
        ...

    def newest(self, workspace: str) -> SignedCheckpoint | None:
        """That of the highest seal number; reads no other."""
        ...


class Mail(Protocol):
    def send(self, letter: Letter) -> None: ...


class Errands(Protocol):
    """Mails to be written, soon and outside of the request (functions/mailer): whether an address
    has an account is found out where nobody can measure it.
    """

    def post(self, errand: Errand) -> None: ...


class Campaigns(Protocol):
    """Senders, lists, campaigns and their windows. A missing one raises NotFound."""

    def campaign(self, workspace: str, campaign: str) -> Campaign: ...

    def campaigns(self, workspace: str, *, after: str | None, limit: int) -> Page[Campaign]: ...

    def recipient_list(self, workspace: str, list_id: str) -> RecipientList: ...

    def recipient_lists(
        self, workspace: str, *, after: str | None, limit: int
    ) -> Page[RecipientList]: ...

    def sender(self, workspace: str, sender: str) -> Sender: ...

    def senders(self, workspace: str) -> list[Sender]: ...

    def revision(self, workspace: str, sender: str, number: int) -> Revision: ...

    def windows(self, workspace: str, campaign: str) -> list[Window]: ...

    def put_window(self, window: Window) -> Window:
        """Write a machine's own record: by version like `commit`, without audit."""
        ...

    def live(self) -> list[LiveCampaign]: ...

    def forget_live(self, marker: LiveCampaign) -> None: ...


class Delivery(Protocol):
    """Chunks, offers, journal, inbox and the owner's lease (DESIGN 4).

    What answers with a bool may be repeated after its answer was lost: the same call again is True.
    """

    def channel(self, channel: str) -> Channel: ...

    def channels(self) -> list[Channel]: ...

    def take_lease(self, channel: Channel, lease: Lease) -> bool:
        """Write `lease` on condition that nobody changed it since `channel` was read."""
        ...

    def traffic(self, channel: str) -> list[Traffic]: ...

    def add_traffic(self, traffic: Traffic) -> None: ...

    def add_chunks(self, chunks: Iterable[ChunkRecord]) -> None:
        """Add those that are not there; others are left as they are."""
        ...

    def chunk(self, workspace: str, campaign: str, number: int) -> ChunkRecord: ...

    def chunks(self, workspace: str, campaign: str) -> list[ChunkRecord]: ...

    def adopt(self, chunk: ChunkRecord, epoch: int) -> bool:
        """Raise the chunk's epoch to `epoch`; False if it is higher already."""
        ...

    def intend(self, chunk: ChunkRecord, epoch: int, mark: int) -> bool:
        """Move the mark of first attempts on; False if the epoch is another or the mark further."""
        ...

    def swap_ledger(
        self, chunk: ChunkRecord, ledger: str, counters: Counters, *, settled: bool
    ) -> bool:
        """Point to a new ledger object; False if the pointer moved since `chunk` was read."""
        ...

    def add_offers(self, offers: Iterable[Offer]) -> None: ...

    def offers(self, channel: str) -> list[Offer]: ...

    def remove_offer(self, offer: Offer) -> None: ...

    def append(self, item: JournalItem) -> None:
        """Put if absent: the same item twice is written once."""
        ...

    def journal(self, workspace: str, campaign: str, chunk: int) -> list[JournalItem]: ...

    def drop(self, items: Iterable[JournalItem]) -> None: ...

    def receive(self, item: InboxItem) -> None:
        """Write it; the same key again is written over."""
        ...

    def inbox(self, channel: str, *, waiting: bool, limit: int) -> list[InboxItem]:
        """Oldest first; fresh ones or those that wait for another try."""
        ...

    def discard(self, item: InboxItem) -> None: ...


class Blobs(Protocol):
    """Immutable objects: chunks, manifests, rejects, ledgers."""

    def get(self, key: str) -> bytes:
        """The object, or NotFound."""
        ...

    def put(self, key: str, data: bytes) -> None: ...

    def delete(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class StoredUpload:
    size: int
    parts: int


class Uploads(Protocol):
    """Files on their way in: straight from the caller to the bucket (SPEC 5.1)."""

    def begin(self, key: str) -> str: ...

    def part_urls(self, key: str, upload: str, lengths: Mapping[int, int]) -> dict[int, str]:
        """A presigned address for each part number; each signs its exact length."""
        ...

    def stored(self, key: str, upload: str) -> StoredUpload:
        """What has arrived; NotFound if the upload is no longer open."""
        ...

    def complete(self, key: str, upload: str) -> None:
        """Put the parts together; an upload that is no longer open is left alone."""
        ...

    def abort(self, key: str, upload: str) -> None:
        """Drop the parts; an upload that is no longer open is left alone."""
        ...

    def read(self, key: str) -> Iterator[bytes]: ...


class DataKeys(Protocol):
    """Per-workspace keys, wrapped by the installation's one KMS key (SPEC 5.5)."""

    def create(self, workspace: str) -> bytes:
        """A new key, wrapped."""
        ...

    def unwrap(self, workspace: str, wrapped: bytes) -> bytes:
        """The plain key; NotFound if it was wrapped for another workspace."""
        ...


class Executions(Protocol):
    """Executions of the state machine, one a campaign and run (DESIGN 4.4)."""

    def start(self, workspace: str, campaign: str, run: int) -> None:
        """Start it; an execution of that run that is there already is left alone."""
        ...

    def running(self, workspace: str, campaign: str, run: int) -> bool: ...

    def resume(self, token: str) -> None:
        """Tell the execution that waits with this token to go on; a token nobody waits for is
        ignored.
        """
        ...

    def fail(self, token: str, error: str) -> None:
        """End the execution that waits with this token; the sweep starts another."""
        ...


class Secrets(Protocol):
    def get(self, name: str) -> str: ...
