"""The moderation queue: what waits for a decision, campaigns and revisions alike (SPEC 4.3).

An item is written and removed in the same transaction as what it stands for, so the queue is never
wrong. Moderators look every few seconds. Mostly they would read the whole queue in vain, so each
workspace has a *mark*: whoever changes the queue says so on it before and after.

Rule 1: the tag of a mark changes with every change of the queue.
Rule 2: while a change is under way there is no tag: what is read meanwhile may be before or after
        it. A change that never says that it is over counts as over after `CHANGE_MAX`, which is
        more than any request lives; its token in the tag makes that moment show.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.content import digest_of
from chalicelib.domain.errors import Conflict, require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.sender import Revision

CHANGE_MAX: Final = timedelta(seconds=60)


class ItemKind(StrEnum):
    CAMPAIGN = "campaign"
    REVISION = "revision"


@dataclass(frozen=True, slots=True)
class QueueItem:
    """Never changed once it stands there, hence always of version 1 when it is removed."""

    workspace: str
    kind: ItemKind
    # A campaign's id, or a sender's.
    object: str
    # Of a revision, its number; 0 for campaigns.
    revision: int
    author: str
    title: str
    digest: str
    submitted_at: datetime
    recipients: int = 0
    # Others who changed it: they do not decide on it either.
    editors: tuple[str, ...] = ()
    version: int = 0

    @property
    def writers(self) -> frozenset[str]:
        return frozenset({self.author, *self.editors})


@dataclass(frozen=True, slots=True)
class QueueMark:
    workspace: str
    # Another one after every change.
    turn: str = ""
    # Changes under way: their tokens, and until when each is believed.
    under_way: Mapping[str, datetime] = field(default_factory=dict)

    def over(self, now: datetime) -> list[str]:
        """Changes that count as over without having said so."""
        return [token for token, until in self.under_way.items() if until <= now]

    def tag(self, now: datetime) -> str | None:
        """What a reader sends back to ask whether anything changed; None while something does."""
        if len(self.over(now)) < len(self.under_way):
            return None
        unfinished = ",".join(sorted(self.under_way))
        return hashlib.sha256(f"{self.turn}|{unfinished}".encode()).hexdigest()[:32]


def campaign_item(campaign: Campaign) -> QueueItem:
    """Of a submitted campaign."""
    if campaign.digest is None or campaign.submitted_at is None:
        raise ValueError(f"campaign {campaign.id} waits for no decision")
    return QueueItem(
        workspace=campaign.workspace,
        kind=ItemKind.CAMPAIGN,
        object=campaign.id,
        revision=0,
        author=campaign.author,
        title=campaign.content.name,
        digest=campaign.digest,
        submitted_at=campaign.submitted_at,
        recipients=campaign.recipients,
        editors=campaign.editors,
    )


def revision_item(revision: Revision) -> QueueItem:
    if revision.submitted_at is None:
        raise ValueError(f"revision {revision.number} waits for no decision")
    return QueueItem(
        workspace=revision.workspace,
        kind=ItemKind.REVISION,
        object=revision.sender,
        revision=revision.number,
        author=revision.author,
        title=revision.address,
        digest=revision_digest(revision),
        submitted_at=revision.submitted_at,
    )


def revision_digest(revision: Revision) -> str:
    """Of what is approved for ever (SPEC 3.1)."""
    return digest_of(
        [revision.sender, revision.number, revision.address, revision.channel, revision.use],
        [revision.source, revision.destination],
    )


def standing(item: QueueItem) -> QueueItem:
    """As it is in the queue, to be removed."""
    return replace(item, version=1)


def check_shown(digest: str | None, shown: str | None, *, approve: bool) -> None:
    """Raise unless what would be decided on is what the moderator was shown."""
    require((shown is not None or not approve, "digest", "send the digest of what you were shown"))
    if shown not in {None, digest}:
        raise Conflict(
            "It is not what you were shown: it was changed and submitted again. Read it anew."
        )
