"""What audit records keep of a campaign (SPEC 8.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.content import described

if TYPE_CHECKING:
    from chalicelib.domain.audit import Facts
    from chalicelib.domain.campaign import Campaign


def facts(campaign: Campaign) -> Facts:
    """Its standing."""
    return {
        "name": campaign.content.name,
        "author": campaign.author,
        "status": campaign.status.value,
        "approval": campaign.approval.value,
        "digest": campaign.digest,
        "note": campaign.decision.note if campaign.decision else None,
        "missed_start": campaign.missed_at is not None,
        "pause_reason": campaign.pause_reason.value if campaign.pause_reason else None,
        "run": campaign.run,
        "failure": campaign.failure,
        "archived": campaign.archived_at is not None,
    }


def written_facts(campaign: Campaign) -> Facts:
    """Its standing and what is written in it, for the records of what changes the latter."""
    return {**described(campaign.content), **facts(campaign)}
