"""Every key, in one place. A partition key begins with the workspace, or with `master` for what
belongs to the installation (DESIGN 3); ids hold no `#`.

Numbers are padded so that they sort, and what many callers write at once (users, sessions, chunks)
has a partition of its own.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.identity import email_digest
from chalicelib.domain.workspace import MASTER

if TYPE_CHECKING:
    from chalicelib.domain.delivery import InboxItem, JournalItem, Offer
    from chalicelib.domain.list_keeping import ListRemoval
    from chalicelib.domain.moderation import QueueItem
    from chalicelib.domain.suppression import SuppressionChange

WORKSPACES: Final = f"{MASTER}#WORKSPACE"
CHANNELS: Final = f"{MASTER}#CHANNEL"
LIVE: Final = f"{MASTER}#LIVE"
REMOVALS: Final = f"{MASTER}#REMOVAL"
ERASING: Final = f"{MASTER}#ERASING"
OPEN_LISTS: Final = f"{MASTER}#UPLOAD"
BY_MEMBER: Final = "by_member"
MEMBER: Final = "member"
# Of revisions, and of lines of campaigns: their partitions are the indexes' too.
BY_ADDRESS: Final = "by_address"
FROM_ADDRESS: Final = "from_address"
BY_START: Final = "by_start"
START_PLACE: Final = "start_place"
BY_SENDER: Final = "by_sender"
SENDER_PLACE: Final = "sender_place"
# Of few suppressions among millions, which are read with as little as can be.
LIFTED_AT: Final = "lifted_at"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


# DynamoDB refuses longer ones, and callers' ids are parts of keys.
PK_MAX: Final = 2048
SK_MAX: Final = 1024


class Key(NamedTuple):
    pk: str
    sk: str

    @property
    def possible(self) -> bool:
        """Whether anything can stand there."""
        return 0 < _bytes(self.pk) <= PK_MAX and 0 < _bytes(self.sk) <= SK_MAX


def is_text(text: str) -> bool:
    """Whether DynamoDB can be asked for it: half a character may come from a caller."""
    return not text or _bytes(text) > 0


def _bytes(text: str) -> int:
    """0 for what is no text: half a character can come in a path."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return 0


def place(cursor: str) -> str:
    """Where a page goes on: a forged cursor may be longer than any key, so it is cut."""
    return cursor.encode(errors="replace")[:SK_MAX].decode(errors="ignore")


def workspace(workspace_id: str) -> Key:
    return Key(workspace_id, "WORKSPACE")


def listed(workspace_id: str) -> Key:
    return Key(WORKSPACES, workspace_id)


def roster(workspace_id: str) -> Key:
    return Key(workspace_id, "ROSTER")


def members(workspace_id: str) -> str:
    return f"{workspace_id}#MEMBER"


def member(workspace_id: str, user_id: str) -> Key:
    return Key(members(workspace_id), user_id)


def user(user_id: str) -> Key:
    return Key(f"{MASTER}#USER#{user_id}", "USER")


def password_reset(user_id: str) -> Key:
    return Key(f"{MASTER}#USER#{user_id}", "RESET")


def email(address: str) -> Key:
    return Key(f"{MASTER}#EMAIL#{email_digest(address)}", "EMAIL")


def sessions(user_id: str) -> str:
    return f"{MASTER}#SESSION#{user_id}"


def device(user_id: str, digest: str) -> Key:
    return Key(f"{MASTER}#DEVICE#{user_id}", digest)


def attempts(subject: str, place: str) -> Key:
    return Key(f"{MASTER}#ATTEMPTS#{subject}", place)


def invitations(workspace_id: str) -> str:
    return f"{workspace_id}#INVITATION"


def join_requests(workspace_id: str) -> str:
    return f"{workspace_id}#JOIN"


def applicant(workspace_id: str, address: str) -> Key:
    return Key(f"{workspace_id}#APPLICANT", email_digest(address))


def api_keys(workspace_id: str) -> str:
    return f"{workspace_id}#KEY"


def clients(workspace_id: str) -> str:
    return f"{workspace_id}#CLIENT"


def made_once(workspace_id: str, user_id: str, key: str) -> Key:
    """The caller's key may hold anything, so it stands as its digest."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return Key(f"{workspace_id}#REQUEST", f"{user_id}#{digest}")


def senders(workspace_id: str) -> str:
    return f"{workspace_id}#SENDER"


def revisions(workspace_id: str) -> str:
    return f"{workspace_id}#REVISION"


def revision(workspace_id: str, sender: str, number: int) -> Key:
    return Key(revisions(workspace_id), numbered(sender, number))


def revisions_of(sender: str) -> str:
    """What the places of its revisions begin with."""
    return f"{sender}#"


def numbered(sender: str, number: int) -> str:
    return f"{revisions_of(sender)}{number:06}"


def lists(workspace_id: str) -> str:
    return f"{workspace_id}#LIST"


def campaigns(workspace_id: str) -> str:
    return f"{workspace_id}#CAMPAIGN"


def lines(workspace_id: str, *, archived: bool) -> str:
    return f"{workspace_id}#{'SHELF' if archived else 'LINE'}"


def deleted_campaigns(workspace_id: str) -> str:
    return f"{workspace_id}#DELETED"


def survey(workspace_id: str, campaign: str) -> Key:
    return Key(f"{workspace_id}#SURVEY", campaign)


def screening(workspace_id: str, list_id: str) -> Key:
    return Key(f"{workspace_id}#SCREENING", list_id)


def list_uses(workspace_id: str, list_id: str) -> str:
    return f"{workspace_id}#USE#{list_id}"


def list_removal(record: ListRemoval) -> Key:
    """The longest due first."""
    place = f"{milliseconds(record.due_at)}#{record.workspace}#{record.list}"
    return Key(REMOVALS, place)


def list_round(workspace_id: str) -> Key:
    return Key(f"{workspace_id}#ROUND", "LIST")


def erasures(workspace_id: str) -> str:
    return f"{workspace_id}#ERASURE"


def open_erasure(workspace_id: str, erasure: str) -> Key:
    return Key(ERASING, f"{workspace_id}#{erasure}")


def erasure_turn(workspace_id: str) -> Key:
    return Key(f"{workspace_id}#TURN", "ERASURE")


def progress(workspace_id: str, list_id: str) -> Key:
    return Key(f"{workspace_id}#PROGRESS", list_id)


def suppressions(workspace_id: str) -> str:
    return f"{workspace_id}#SUPPRESSION"


def suppression(workspace_id: str, token: int) -> Key:
    return Key(suppressions(workspace_id), f"{token:016x}")


def suppression_lists(workspace_id: str) -> str:
    return f"{workspace_id}#SUPPRESSION-LIST"


def suppression_changes(workspace_id: str) -> str:
    return f"{workspace_id}#SUPPRESSION-CHANGE"


def suppression_change(record: SuppressionChange) -> Key:
    """Oldest first."""
    place = f"{milliseconds(record.at)}#{record.id}"
    return Key(suppression_changes(record.workspace), place)


def open_list(workspace_id: str, list_id: str) -> Key:
    return Key(OPEN_LISTS, f"{workspace_id}#{list_id}")


def queue(workspace_id: str) -> str:
    return f"{workspace_id}#QUEUE"


def queue_item(record: QueueItem) -> Key:
    """Oldest first."""
    since_ = record.submitted_at.astimezone(UTC).isoformat(timespec="microseconds")
    place = f"{since_}#{record.kind}#{numbered(record.object, record.revision)}"
    return Key(queue(record.workspace), place)


def queue_mark(workspace_id: str) -> Key:
    return Key(f"{workspace_id}#MARK", "QUEUE")


def windows(workspace_id: str, campaign: str) -> str:
    return f"{workspace_id}#WINDOW#{campaign}"


def window(workspace_id: str, campaign: str, number: int) -> Key:
    return Key(windows(workspace_id, campaign), f"{number:06}")


def live(workspace_id: str, campaign: str) -> Key:
    return Key(LIVE, f"{workspace_id}#{campaign}")


def traffic(channel: str) -> str:
    return f"{MASTER}#TRAFFIC#{channel}"


def offers(channel: str) -> str:
    return f"{MASTER}#OFFER#{channel}"


def offer(record: Offer) -> Key:
    place = f"{record.workspace}#{record.campaign}#{record.window:06}#{record.chunk:05}"
    return Key(offers(record.channel), place)


def chunks(workspace_id: str, campaign: str) -> str:
    return f"{workspace_id}#CHUNK#{campaign}"


def chunk(workspace_id: str, campaign: str, number: int) -> Key:
    return Key(chunks(workspace_id, campaign), f"{number:05}")


def journal(workspace_id: str, campaign: str, chunk_number: int) -> str:
    return f"{workspace_id}#JOURNAL#{campaign}#{chunk_number:05}"


def journal_item(record: JournalItem) -> Key:
    partition = journal(record.workspace, record.campaign, record.chunk)
    return Key(partition, f"{record.writer}#{record.sequence:010}")


def journal_of(pk: str) -> tuple[str, str, int] | None:
    """Workspace, campaign and chunk of a journal item's partition; None for any other's."""
    match pk.split("#"):
        case [workspace_id, "JOURNAL", campaign, number]:
            return workspace_id, campaign, int(number)
    return None


def inbox(channel: str, *, waiting: bool) -> str:
    """Items that wait for another try have a partition that rings no doorbell."""
    return f"{MASTER}#{'WAITING' if waiting else 'INBOX'}#{channel}"


def inbox_item(record: InboxItem) -> Key:
    """Oldest first."""
    place = f"{milliseconds(record.received_at)}#{record.key}"
    return Key(inbox(record.channel, waiting=record.waiting), place)


def inbox_of(pk: str) -> str | None:
    """The channel of a fresh inbox item's partition; None for any other's."""
    match pk.split("#"):
        case ["master", "INBOX", channel]:
            return channel
    return None


def milliseconds(instant: datetime) -> str:
    return f"{(instant - _EPOCH) // timedelta(milliseconds=1):015}"


def until(instant: datetime) -> str:
    """What is of this instant, or before, stands below it; nothing stands there."""
    return f"{milliseconds(instant)}#~"


def since(instant: datetime) -> str:
    """Audit records from this instant on stand above it; none stands there."""
    return f"{-((_EPOCH - instant) // timedelta(milliseconds=1)):015}#"


def seals(workspace_id: str) -> str:
    return f"{workspace_id}#SEAL"


def seal(number: int) -> str:
    return f"{number:012}"
