"""The gate before every dispatch: what would be sent is compared with what was approved (SPEC 4.3).

Read from the records each time, so neither a changed record nor a forged request passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chalicelib.domain.campaign import check_gate, content_digest
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.recipient_list import ListStatus

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.sender import Revision
    from chalicelib.usecases.ports import Campaigns

_GONE: Final = "is not there any more: its author has to choose another, and submit it again."


def content(campaigns: Campaigns, campaign: Campaign) -> tuple[Revision, RecipientList | None]:
    """What a campaign would send: its sender's revision, and its list, which a Trigger has not."""
    workspace, written = campaign.workspace, campaign.content
    if written.sender is None or written.revision is None:
        raise Conflict("It has no sender.")
    revision = campaigns.revision(workspace, written.sender, written.revision)
    return revision, _list(campaigns, workspace, written.list) if written.list else None


def check(campaigns: Campaigns, campaign: Campaign) -> tuple[Revision, RecipientList | None]:
    """Raise Conflict unless it is approved and unchanged; return what it may send."""
    revision, recipients = content(campaigns, campaign)
    check_gate(campaign, content_digest(campaign, revision, recipients))
    return revision, recipients


def _list(campaigns: Campaigns, workspace: str, list_id: str) -> RecipientList:
    try:
        recipients = campaigns.recipient_list(workspace, list_id)
    except NotFound:
        raise Conflict(f"Its list {_GONE}") from None
    if recipients.status is ListStatus.DELETED:
        raise Conflict(f"Its list, {recipients.name}, {_GONE}")
    return recipients


def channel_of(campaign: Campaign, revision: Revision) -> str:
    return campaign.content.channel or revision.channel
