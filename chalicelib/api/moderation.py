"""Moderation: the queue of what waits for a decision, the decisions, and missed starts (SPEC 4.3,
4.5).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chalice.app import Blueprint, Response

from chalicelib.api.http import if_match, ok, versioned
from chalicelib.api.routing import Call, member
from chalicelib.api.senders import REVISION, revision_number
from chalicelib.api.shapes import Listing
from chalicelib.api.shapes import campaigns as campaign_shapes
from chalicelib.api.shapes import moderation as shapes
from chalicelib.api.shapes import senders as sender_shapes
from chalicelib.domain.errors import (
    AlreadyDecided,
    Conflict,
    IllegalMove,
    Outdated,
    Stale,
)
from chalicelib.domain.rights import Right

if TYPE_CHECKING:
    from chalice.app import Request

    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.sender import Revision

routes = Blueprint(__name__)

CAMPAIGN: Final = "/campaigns/{campaign_id}"
DECIDED: Final = (AlreadyDecided, IllegalMove, Outdated, Stale, Conflict)
# Of one person's own answers, and asked for each time.
KEPT: Final = {"Cache-Control": "private, no-cache"}
# A proxy that compresses makes a tag weak.
_TAG: Final = re.compile(r'(?:W/)?"(?P<tag>[0-9a-f]{1,64})"')


@member(
    routes,
    "GET",
    "/moderation",
    Right.DECIDE,
    query=shapes.QueueFilter,
    gives=Listing[shapes.QueueItemOut],
    revalidates=True,
)
def show_queue(call: Call, query: shapes.QueueFilter) -> Response:
    """What waits for a decision, oldest first. To ask every few seconds, send the ETag back as
    If-None-Match; while the queue changes there is none.
    """
    known = _known(call.request)
    page = call.api.moderation.queue(call.who, query.kind, *query.at, known)
    if page is None:
        return Response("", headers={"ETag": f'"{known}"', **KEPT}, status_code=304)
    tag = {"ETag": f'"{page.tag}"'} if page.tag else {}
    items = [shapes.item(waiting) for waiting in page.items]
    return ok(Listing(items, page.next), headers={**KEPT, **tag})


@member(
    routes,
    "POST",
    CAMPAIGN + "/approve",
    Right.DECIDE,
    takes=shapes.Approve,
    gives=campaign_shapes.CampaignOut,
    refuses=DECIDED,
    etag=True,
)
def approve_campaign(call: Call, given: shapes.Approve, campaign_id: str) -> Response:
    """Approve exactly what was shown. With `auto_start` it starts; too late for its time, it is
    marked `missed_start` instead.
    """
    decided = call.api.moderation.decide_campaign(
        call.who,
        campaign_id,
        approve=True,
        note=given.note,
        shown=given.digest,
        expected=if_match(call.request),
    )
    return _campaign(call, decided)


@member(
    routes,
    "POST",
    CAMPAIGN + "/reject",
    Right.DECIDE,
    takes=shapes.Reject,
    gives=campaign_shapes.CampaignOut,
    refuses=DECIDED,
    etag=True,
)
def reject_campaign(call: Call, given: shapes.Reject, campaign_id: str) -> Response:
    """The author is told why, and may change it and submit it again."""
    decided = call.api.moderation.decide_campaign(
        call.who,
        campaign_id,
        approve=False,
        note=given.note,
        shown=given.digest,
        expected=if_match(call.request),
    )
    return _campaign(call, decided)


@member(
    routes,
    "POST",
    CAMPAIGN + "/release",
    Right.RELEASE,
    takes=shapes.Release,
    gives=campaign_shapes.CampaignOut,
    refuses=(IllegalMove, Outdated, Stale, Conflict),
    etag=True,
)
def release_campaign(call: Call, given: shapes.Release, campaign_id: str) -> Response:
    """Give a missed start another time: an approval of the campaign as it is with that."""
    released = call.api.moderation.release(
        call.who,
        campaign_id,
        given.start_at,
        date_from=given.date_from,
        date_to=given.date_to,
        expected=if_match(call.request),
    )
    return _campaign(call, released)


@member(
    routes,
    "POST",
    REVISION + "/approve",
    Right.DECIDE,
    takes=shapes.Approve,
    gives=sender_shapes.RevisionOut,
    refuses=DECIDED,
    etag=True,
)
def approve_revision(call: Call, given: shapes.Approve, sender_id: str, number: str) -> Response:
    """Approve exactly what was shown. New campaigns of the sender use it from now on."""
    decided = call.api.moderation.decide_revision(
        call.who,
        sender_id,
        revision_number(number),
        approve=True,
        note=given.note,
        shown=given.digest,
        expected=if_match(call.request),
    )
    return _revision(decided)


@member(
    routes,
    "POST",
    REVISION + "/reject",
    Right.DECIDE,
    takes=shapes.Reject,
    gives=sender_shapes.RevisionOut,
    refuses=DECIDED,
    etag=True,
)
def reject_revision(call: Call, given: shapes.Reject, sender_id: str, number: str) -> Response:
    """The author is told why; what is to be different is another revision."""
    decided = call.api.moderation.decide_revision(
        call.who,
        sender_id,
        revision_number(number),
        approve=False,
        note=given.note,
        shown=given.digest,
        expected=if_match(call.request),
    )
    return _revision(decided)


def _campaign(call: Call, item: Campaign) -> Response:
    return versioned(campaign_shapes.campaign(item, call.api.clock.now()), item.version)


def _revision(item: Revision) -> Response:
    return versioned(sender_shapes.revision(item), item.version)


def _known(request: Request) -> str | None:
    found = _TAG.search(request.headers.get("if-none-match", ""))
    return found["tag"] if found else None
