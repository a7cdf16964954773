"""Senders, lists, campaigns and their windows; the moderation queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.campaign import Campaign, DeletedCampaign
    from chalicelib.domain.campaign_listing import CampaignLine, CampaignQuery
    from chalicelib.domain.delivery import (
        LiveCampaign,
        Window,
    )
    from chalicelib.domain.erasure import Erasure, ErasureTurn, OpenErasure
    from chalicelib.domain.ingest_progress import IngestProgress
    from chalicelib.domain.list_keeping import ListRemoval, ListRound, ListUse
    from chalicelib.domain.moderation import ItemKind, QueueItem, QueueMark
    from chalicelib.domain.recipient_list import OpenList, RecipientList
    from chalicelib.domain.screening import Screening
    from chalicelib.domain.sender import Revision, Sender
    from chalicelib.domain.survey import Survey
    from chalicelib.usecases.ports.records import Page


class Campaigns(Protocol):
    """Senders, lists, campaigns and their windows. A missing one raises NotFound."""

    def campaign(self, workspace: str, campaign: str) -> Campaign: ...

    def campaigns(
        self, workspace: str, query: CampaignQuery, *, after: str | None, limit: int
    ) -> Page[CampaignLine]:
        """In a bounded number of reads, whatever is asked: a page may hold less than `limit`, even
        nothing, and still name a next one. `after` is a place under the same sort.
        """
        ...

    def deleted_campaigns(
        self, workspace: str, *, after: str | None, limit: int
    ) -> Page[DeletedCampaign]: ...

    def recipient_list(self, workspace: str, list_id: str) -> RecipientList: ...

    def recipient_lists(
        self, workspace: str, *, after: str | None, limit: int
    ) -> Page[RecipientList]: ...

    def lists_made_before(
        self, workspace: str, moment: datetime, *, after: str | None, limit: int
    ) -> Page[RecipientList]:
        """Oldest first, read consistently, deleted ones among them."""
        ...

    def list_use(self, workspace: str, list_id: str, campaign: str) -> ListUse | None: ...

    def list_uses(self, workspace: str, list_id: str) -> list[ListUse]:
        """Newest campaign first, read consistently."""
        ...

    def list_removals(self, due: datetime, limit: int) -> list[ListRemoval]:
        """Of all workspaces, those that are due, longest first."""
        ...

    def list_round(self, workspace: str) -> ListRound | None: ...

    def erasure(self, workspace: str, erasure: str) -> Erasure: ...

    def erasures(self, workspace: str, *, after: str | None, limit: int) -> Page[Erasure]: ...

    def open_erasures(self) -> list[OpenErasure]:
        """Of all workspaces; of each, oldest first."""
        ...

    def erasure_turn(self, workspace: str) -> ErasureTurn | None: ...

    def progress(self, workspace: str, list_id: str) -> IngestProgress | None:
        """Of a list that is being read; for showing, so it may lag behind."""
        ...

    def note_progress(self, progress: IngestProgress) -> None:
        """Write a machine's own record over what was there."""
        ...

    def forget_progress(self, progress: IngestProgress) -> None: ...

    def open_list(self, workspace: str, list_id: str) -> OpenList | None:
        """None once it is over, and of lists from before there were markers."""
        ...

    def open_lists(self) -> list[OpenList]:
        """Of all workspaces."""
        ...

    def sender(self, workspace: str, sender: str) -> Sender: ...

    def senders(self, workspace: str, *, after: str | None, limit: int) -> Page[Sender]:
        """Newest first, archived ones among them."""
        ...

    def revision(self, workspace: str, sender: str, number: int) -> Revision: ...

    def revisions(self, workspace: str, sender: str) -> list[Revision]:
        """Oldest first."""
        ...

    def revisions_with_address(self, workspace: str, address: str) -> list[Revision]:
        """Of all senders; by the exact address, whatever their status."""
        ...

    def survey(self, workspace: str, campaign: str) -> Survey | None: ...

    def screening(self, workspace: str, list_id: str) -> Screening | None: ...

    def windows(self, workspace: str, campaign: str) -> list[Window]: ...

    def put_window(self, window: Window) -> Window:
        """Write a machine's own record: by version like `commit`, without audit."""
        ...

    def live(self) -> list[LiveCampaign]: ...

    def forget_live(self, marker: LiveCampaign) -> None: ...


class Queue(Protocol):
    """What waits for moderators, and its mark (domain/moderation.py)."""

    def waiting(
        self, workspace: str, kind: ItemKind | None, *, after: str | None, limit: int
    ) -> Page[QueueItem]:
        """Oldest first, read consistently."""
        ...

    def mark(self, workspace: str) -> QueueMark:
        """One item, read consistently; a workspace whose queue never changed has an empty one."""
        ...

    def begin(self, workspace: str, token: str, until: datetime) -> None:
        """A change is under way. Gives the mark a new turn, too."""
        ...

    def end(self, workspace: str, token: str) -> None:
        """The change is over, whatever came of it. Gives the mark another turn."""
        ...
