"""The moderation queue and decisions (SPEC 4.3, 4.5)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import Paging, Shape
from chalicelib.api.shapes.campaigns import Instant  # noqa: TC001 - read when a shape is made
from chalicelib.domain.decision import NOTE_MAX
from chalicelib.domain.moderation import ItemKind

if TYPE_CHECKING:
    from chalicelib.usecases.moderation import Waiting

Digest = Annotated[
    str,
    Meta(
        max_length=64,
        description="`digest` of what the moderator was shown; if it is another by now, nothing is "
        "decided.",
        examples=["5f" * 32],
    ),
]


class QueueFilter(Paging, frozen=True):
    """Campaigns and revisions, or one kind alone."""

    kind: ItemKind | None = None


class Approve(Shape, frozen=True):
    """What exactly is approved."""

    digest: Digest
    note: Annotated[str, Meta(max_length=NOTE_MAX)] = ""


class Reject(Shape, frozen=True):
    """Why it is rejected; the author gets it by mail."""

    note: Annotated[str, Meta(min_length=1, max_length=NOTE_MAX, examples=["A typo in line 2."])]
    digest: Digest | None = None


class Release(Shape, frozen=True):
    """The new time; left out or null, now. A Spread's `date_to` then stays as it is."""

    # OnTime.
    start_at: Instant | None = None
    # Spread.
    date_from: Instant | None = None
    date_to: Instant | None = None


class QueueItemOut(msgspec.Struct, frozen=True):
    kind: ItemKind
    # A campaign's id, or a sender's.
    object: str
    # The revision's number; null for campaigns.
    revision: int | None
    author: str
    # A campaign's name, or the address that a revision shows.
    title: str
    # To send back with the decision.
    digest: str
    submitted_at: datetime
    # Of a campaign.
    recipients: int
    # Not what one wrote oneself, unless the workspace lets authors decide.
    may_decide: bool


def item(waiting: Waiting) -> QueueItemOut:
    item = waiting.item
    return QueueItemOut(
        kind=item.kind,
        object=item.object,
        revision=item.revision or None,
        author=item.author,
        title=item.title,
        digest=item.digest,
        submitted_at=item.submitted_at,
        recipients=item.recipients,
        may_decide=waiting.may_decide,
    )
