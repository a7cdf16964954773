"""Senders, lists, campaigns and their windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.adapters.dynamo import keys, kinds, lines, pages, transactions
from chalicelib.adapters.dynamo.changes import change_step
from chalicelib.adapters.dynamo.keys import Key
from chalicelib.adapters.dynamo.pages import Search
from chalicelib.adapters.ids import first_of
from chalicelib.usecases.ports import Page, next_version

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.campaign import Campaign, DeletedCampaign
    from chalicelib.domain.campaign_listing import CampaignLine, CampaignQuery
    from chalicelib.domain.delivery import LiveCampaign, Window
    from chalicelib.domain.erasure import Erasure, ErasureTurn, OpenErasure
    from chalicelib.domain.ingest_progress import IngestProgress
    from chalicelib.domain.list_keeping import ListRemoval, ListRound, ListUse
    from chalicelib.domain.recipient_list import OpenList, RecipientList
    from chalicelib.domain.screening import Screening
    from chalicelib.domain.sender import Revision, Sender
    from chalicelib.domain.survey import Survey


class DynamoCampaigns:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._campaigns = store.of(kinds.CAMPAIGN)
        self._lines = store.of(kinds.CAMPAIGN_LINE)
        self._deleted = store.of(kinds.DELETED_CAMPAIGN)
        self._lists = store.of(kinds.RECIPIENT_LIST)
        self._uses = store.of(kinds.LIST_USE)
        self._removals = store.of(kinds.LIST_REMOVAL)
        self._rounds = store.of(kinds.LIST_ROUND)
        self._erasures = store.of(kinds.ERASURE)
        self._open_erasures = store.of(kinds.OPEN_ERASURE)
        self._turns = store.of(kinds.ERASURE_TURN)
        self._progress = store.of(kinds.INGEST_PROGRESS)
        self._open_lists = store.of(kinds.OPEN_LIST)
        self._senders = store.of(kinds.SENDER)
        self._revisions = store.of(kinds.REVISION)
        self._surveys = store.of(kinds.SURVEY)
        self._screenings = store.of(kinds.SCREENING)
        self._windows = store.of(kinds.WINDOW)
        self._live = store.of(kinds.LIVE_CAMPAIGN)

    def campaign(self, workspace: str, campaign: str) -> Campaign:
        return self._campaigns.get(Key(keys.campaigns(workspace), campaign))

    def campaigns(
        self, workspace: str, query: CampaignQuery, *, after: str | None, limit: int
    ) -> Page[CampaignLine]:
        if not lines.is_possible(query):
            return Page([], None)
        search = lines.search(workspace, query)
        return pages.look(self._lines, search, after=after, limit=limit)

    def deleted_campaigns(
        self, workspace: str, *, after: str | None, limit: int
    ) -> Page[DeletedCampaign]:
        return self._deleted.page(keys.deleted_campaigns(workspace), after=after, limit=limit)

    def recipient_list(self, workspace: str, list_id: str) -> RecipientList:
        return self._lists.get(Key(keys.lists(workspace), list_id))

    def recipient_lists(
        self, workspace: str, *, after: str | None, limit: int
    ) -> Page[RecipientList]:
        return self._lists.page(keys.lists(workspace), after=after, limit=limit)

    def lists_made_before(
        self, workspace: str, moment: datetime, *, after: str | None, limit: int
    ) -> Page[RecipientList]:
        # Ids sort by time, and this one is nobody's.
        search = Search(
            keys.lists(workspace), last=first_of("lst", moment), ascending=True, consistent=True
        )
        return pages.look(self._lists, search, after=after, limit=limit)

    def list_use(self, workspace: str, list_id: str, campaign: str) -> ListUse | None:
        return self._uses.find(Key(keys.list_uses(workspace, list_id), campaign))

    def list_uses(self, workspace: str, list_id: str) -> list[ListUse]:
        return self._uses.all(keys.list_uses(workspace, list_id))[::-1]

    def list_removals(self, due: datetime, limit: int) -> list[ListRemoval]:
        search = Search(keys.REMOVALS, last=keys.until(due), ascending=True, consistent=True)
        return list(pages.look(self._removals, search, after=None, limit=limit).items)

    def list_round(self, workspace: str) -> ListRound | None:
        return self._rounds.find(keys.list_round(workspace))

    def erasure(self, workspace: str, erasure: str) -> Erasure:
        return self._erasures.get(Key(keys.erasures(workspace), erasure))

    def erasures(self, workspace: str, *, after: str | None, limit: int) -> Page[Erasure]:
        return self._erasures.page(keys.erasures(workspace), after=after, limit=limit)

    def open_erasures(self) -> list[OpenErasure]:
        return self._open_erasures.all(keys.ERASING)

    def erasure_turn(self, workspace: str) -> ErasureTurn | None:
        return self._turns.find(keys.erasure_turn(workspace))

    def progress(self, workspace: str, list_id: str) -> IngestProgress | None:
        return self._progress.find(keys.progress(workspace, list_id))

    def note_progress(self, progress: IngestProgress) -> None:
        self._progress.put(progress)

    def forget_progress(self, progress: IngestProgress) -> None:
        self._progress.remove(progress)

    def open_list(self, workspace: str, list_id: str) -> OpenList | None:
        return self._open_lists.find(keys.open_list(workspace, list_id))

    def open_lists(self) -> list[OpenList]:
        return self._open_lists.all(keys.OPEN_LISTS)

    def sender(self, workspace: str, sender: str) -> Sender:
        return self._senders.get(Key(keys.senders(workspace), sender))

    def senders(self, workspace: str, *, after: str | None, limit: int) -> Page[Sender]:
        return self._senders.page(keys.senders(workspace), after=after, limit=limit)

    def revision(self, workspace: str, sender: str, number: int) -> Revision:
        return self._revisions.get(keys.revision(workspace, sender, number))

    def revisions(self, workspace: str, sender: str) -> list[Revision]:
        return self._revisions.all(keys.revisions(workspace), prefix=keys.revisions_of(sender))

    def revisions_with_address(self, workspace: str, address: str) -> list[Revision]:
        """The index tells which they are: a moment late of a draft's new address, never of what was
        submitted since. How they stand is read from themselves.
        """
        places = self._revisions.places(
            keys.BY_ADDRESS, keys.revisions(workspace), keys.FROM_ADDRESS, address
        )
        found = self._revisions.find_all(places).values()
        named = (revision for revision in found if revision.address == address)
        return sorted(named, key=lambda revision: (revision.sender, revision.number))

    def survey(self, workspace: str, campaign: str) -> Survey | None:
        return self._surveys.find(keys.survey(workspace, campaign))

    def screening(self, workspace: str, list_id: str) -> Screening | None:
        return self._screenings.find(keys.screening(workspace, list_id))

    def windows(self, workspace: str, campaign: str) -> list[Window]:
        return self._windows.all(keys.windows(workspace, campaign))

    def put_window(self, window: Window) -> Window:
        # A transaction of one item, for its token: a plain put that is retried after a lost answer
        # would find its own version and take it for somebody else's.
        transactions.write(self._store, [change_step(self._store, kinds.WINDOW, window)])
        return next_version(window)

    def live(self) -> list[LiveCampaign]:
        return self._live.all(keys.LIVE)

    def forget_live(self, marker: LiveCampaign) -> None:
        self._live.remove(marker)
