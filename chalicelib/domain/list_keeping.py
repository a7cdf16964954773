"""How long lists are kept, and what keeps one from going (SPEC 5.6).

A list is used by the campaigns that were submitted with it. It stays while one of them may still
send, and while the ledgers of one are kept, since a ledger knows recipients by their places in the
list's chunks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.campaign import ENDED, LIVE, Approval
from chalicelib.domain.recipient_list import ListStatus

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.recipient_list import RecipientList

# Whoever may still be writing to a list that is deleted is done after so long: no function lasts
# longer than a quarter of an hour.
WRITERS_GONE: Final = timedelta(hours=1)
# Every workspace's lists are looked through so often, and no sooner than the last time has ended.
ROUND_EVERY: Final = timedelta(hours=1)
_ASKED: Final = frozenset({Approval.SUBMITTED, Approval.APPROVED})
# What has an age. The others are under way, or gone.
AGEING: Final = frozenset({ListStatus.READY, ListStatus.FAILED})


@dataclass(frozen=True, slots=True)
class ListUse:
    """That a campaign was submitted with a list."""

    workspace: str
    list: str
    campaign: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class ListRemoval:
    """That what is stored of a deleted list is to be removed."""

    workspace: str
    list: str
    due_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class ListRound:
    """How far a workspace's lists have been looked through; `after` is empty between two rounds."""

    workspace: str
    begun_at: datetime
    after: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """What a list has to stay for. Until None: as long as the campaign runs, or may."""

    campaign: str
    until: datetime | None

    @property
    def sentence(self) -> str:
        if self.until is None:
            return (
                f"Campaign {self.campaign} uses it and is not over: cancel it, or take its "
                "submission back, and try again."
            )
        return (
            f"What campaign {self.campaign} sent is kept until {self.until.isoformat()}, and is "
            "told by this list: it goes after that, or when the campaign is deleted."
        )


def hold_of(campaign: Campaign, list_id: str, kept: timedelta, now: datetime) -> Hold | None:
    """`kept`: for how long after its end a campaign's ledgers are."""
    if campaign.content.list != list_id:
        # It was edited since.
        return None
    if campaign.status in LIVE or (campaign.status not in ENDED and campaign.approval in _ASKED):
        return Hold(campaign.id, None)
    if not campaign.chunks or campaign.finished_at is None:
        # Nothing was ever sent of it.
        return None
    until = campaign.finished_at + kept
    return Hold(campaign.id, until) if now < until else None


def removals(recipients: RecipientList, now: datetime) -> tuple[ListRemoval, ListRemoval]:
    """At once, and again when nobody can have written anything since."""
    return (
        ListRemoval(recipients.workspace, recipients.id, now),
        ListRemoval(recipients.workspace, recipients.id, now + WRITERS_GONE),
    )
