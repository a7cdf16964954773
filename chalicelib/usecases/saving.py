"""Saving what may wait for a decision: in one transaction it leaves the queue (SPEC 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.campaign import Approval
from chalicelib.domain.moderation import campaign_item, standing
from chalicelib.usecases.ports import next_version

if TYPE_CHECKING:
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.campaign import Campaign
    from chalicelib.usecases.ports import Changes
    from chalicelib.usecases.queueing import QueueBell


def save_unasked(
    bell: QueueBell, changes: Changes, before: Campaign, after: Campaign, audit: AuditRecord
) -> Campaign:
    """Save a campaign on which nobody is to decide now."""
    if before.approval is not Approval.SUBMITTED:
        return changes.save(after, audit)
    with bell.changing(before.workspace):
        changes.commit(after, remove=[standing(campaign_item(before))], audit=audit)
    return next_version(after)
