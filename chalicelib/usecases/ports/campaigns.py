"""Senders, lists, campaigns and their windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.delivery import (
        LiveCampaign,
        Window,
    )
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.sender import Revision, Sender
    from chalicelib.usecases.ports.records import Page


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
