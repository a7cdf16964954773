"""Senders, lists, campaigns and their windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.adapters.dynamo import keys, transactions
from chalicelib.adapters.dynamo.changes import change_step
from chalicelib.adapters.dynamo.keys import Key
from chalicelib.adapters.dynamo.kinds import (
    CAMPAIGN,
    LIVE_CAMPAIGN,
    RECIPIENT_LIST,
    REVISION,
    SENDER,
    WINDOW,
)
from chalicelib.usecases.ports import next_version

if TYPE_CHECKING:
    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.delivery import LiveCampaign, Window
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.sender import Revision, Sender
    from chalicelib.usecases.ports import Page


class DynamoCampaigns:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._campaigns = store.of(CAMPAIGN)
        self._lists = store.of(RECIPIENT_LIST)
        self._senders = store.of(SENDER)
        self._revisions = store.of(REVISION)
        self._windows = store.of(WINDOW)
        self._live = store.of(LIVE_CAMPAIGN)

    def campaign(self, workspace: str, campaign: str) -> Campaign:
        return self._campaigns.get(Key(keys.campaigns(workspace), campaign))

    def campaigns(self, workspace: str, *, after: str | None, limit: int) -> Page[Campaign]:
        return self._campaigns.page(keys.campaigns(workspace), after=after, limit=limit)

    def recipient_list(self, workspace: str, list_id: str) -> RecipientList:
        return self._lists.get(Key(keys.lists(workspace), list_id))

    def recipient_lists(
        self, workspace: str, *, after: str | None, limit: int
    ) -> Page[RecipientList]:
        return self._lists.page(keys.lists(workspace), after=after, limit=limit)

    def sender(self, workspace: str, sender: str) -> Sender:
        return self._senders.get(Key(keys.senders(workspace), sender))

    def senders(self, workspace: str) -> list[Sender]:
        return self._senders.all(keys.senders(workspace))

    def revision(self, workspace: str, sender: str, number: int) -> Revision:
        return self._revisions.get(keys.revision(workspace, sender, number))

    def windows(self, workspace: str, campaign: str) -> list[Window]:
        return self._windows.all(keys.windows(workspace, campaign))

    def put_window(self, window: Window) -> Window:
        # A transaction of one item, for its token: a plain put that is retried after a lost answer
        # would find its own version and take it for somebody else's.
        transactions.write(self._store, [change_step(self._store, WINDOW, window)])
        return next_version(window)

    def live(self) -> list[LiveCampaign]:
        return self._live.all(keys.LIVE)

    def forget_live(self, marker: LiveCampaign) -> None:
        self._live.remove(marker)
