"""Who is told that something of theirs was rejected, and what (SPEC 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.campaign import Approval
from chalicelib.domain.errors import NotFound
from chalicelib.domain.sender import RevisionStatus, is_number
from chalicelib.domain.workspace import MASTER

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.decision import Decision
    from chalicelib.domain.identity import User
    from chalicelib.domain.sender import Revision
    from chalicelib.usecases.ports import Campaigns, Directory


@dataclass(frozen=True, slots=True)
class Rejection:
    to: User
    note: str


@dataclass(frozen=True, slots=True)
class RejectionMails:
    """None where there is nothing to tell any more: it was edited or submitted again meanwhile, or
    its author has left, who is to read nothing of this workspace.
    """

    directory: Directory
    campaigns: Campaigns

    def campaign(self, workspace: str, campaign_id: str) -> tuple[Campaign, Rejection] | None:
        try:
            campaign = self.campaigns.campaign(workspace, campaign_id)
        except NotFound:
            return None
        if campaign.approval is not Approval.REJECTED:
            return None
        rejection = self._told(workspace, campaign.author, campaign.decision)
        return (campaign, rejection) if rejection else None

    def revision(self, workspace: str, target: str) -> tuple[Revision, Rejection] | None:
        sender, _, number = target.partition("#")
        if not is_number(number):
            return None
        try:
            revision = self.campaigns.revision(workspace, sender, int(number))
        except NotFound:
            return None
        if revision.status is not RevisionStatus.REJECTED:
            return None
        rejection = self._told(workspace, revision.author, revision.decision)
        return (revision, rejection) if rejection else None

    def _told(self, workspace: str, author: str, decision: Decision | None) -> Rejection | None:
        # Super admins write in workspaces that they do not belong to.
        seats = (self.directory.member(place, author) for place in (workspace, MASTER))
        if decision is None or not any(seats):
            return None
        return Rejection(self.directory.user(author), decision.note)


def revision_target(sender: str, number: int) -> str:
    return f"{sender}#{number}"
