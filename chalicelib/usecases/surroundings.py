"""What the records hold, at this moment, of the things that a campaign's content names.

The review shows what submission would refuse, so both collect it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from chalicelib.domain.errors import NotFound
from chalicelib.domain.submission import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.domain.channel import Channel
    from chalicelib.domain.content import Content
    from chalicelib.domain.sender import Revision, Sender
    from chalicelib.usecases.ports import Campaigns, Delivery, Directory

T = TypeVar("T")


def surroundings(
    directory: Directory,
    delivery: Delivery,
    campaigns: Campaigns,
    workspace_id: str,
    content: Content,
    now: datetime,
) -> Surroundings:
    named, overrides = content.list, content.overrides
    sender, revision = _revision(campaigns, workspace_id, content.sender, content.revision)
    saddr_sender, saddr = _revision(
        campaigns, workspace_id, overrides.saddr_sender, overrides.saddr_revision
    )
    recipients = _found(lambda: campaigns.recipient_list(workspace_id, named)) if named else None
    return Surroundings(
        now=now,
        workspace=directory.workspace(workspace_id),
        sender=sender,
        revision=revision,
        channel=_channel(delivery, content, revision),
        list=recipients,
        saddr_sender=saddr_sender,
        saddr=saddr,
        columns=recipients.columns if recipients else (),
    )


def _revision(
    campaigns: Campaigns, workspace: str, sender: str | None, number: int | None
) -> tuple[Sender | None, Revision | None]:
    if sender is None or number is None:
        return None, None
    return (
        _found(lambda: campaigns.sender(workspace, sender)),
        _found(lambda: campaigns.revision(workspace, sender, number)),
    )


def _channel(delivery: Delivery, content: Content, revision: Revision | None) -> Channel | None:
    named = content.channel or (revision.channel if revision else None)
    return _found(lambda: delivery.channel(named)) if named else None


def _found(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except NotFound:
        return None
