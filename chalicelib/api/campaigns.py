"""Campaigns: writing them, their review, their life, and what happened to their recipients (SPEC 4,
6.4). Decisions on them are in `moderation.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api.http import if_match, versioned
from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing, Paging
from chalicelib.api.shapes import campaigns as shapes
from chalicelib.api.shapes import review as review_shapes
from chalicelib.domain.errors import Conflict, IllegalMove, KeyReused, Outdated, Stale
from chalicelib.domain.rights import Right
from chalicelib.usecases.recipients import RecipientLine

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.domain.campaign import Campaign

routes = Blueprint(__name__)

CAMPAIGNS = "/campaigns"
ONE = CAMPAIGNS + "/{campaign_id}"
MOVED = (IllegalMove, Stale, Outdated)


@member(
    routes,
    "POST",
    CAMPAIGNS,
    Right.WRITE_CAMPAIGN,
    takes=shapes.CampaignFields,
    gives=shapes.CampaignOut,
    status=201,
    refuses=(KeyReused,),
    etag=True,
)
def create_campaign(call: Call, new: shapes.CampaignFields) -> Response:
    """Write a campaign: whole, or any part of it."""
    made = call.api.drafting.create(call.who, shapes.changes_of(new), call.key)
    return _answer(call, made, 201)


@member(
    routes,
    "GET",
    CAMPAIGNS,
    Right.VIEW,
    query=shapes.CampaignFilter,
    gives=Listing[shapes.CampaignLineOut],
)
def show_campaigns(call: Call, query: shapes.CampaignFilter) -> Listing[shapes.CampaignLineOut]:
    """Campaigns by filter and order. A page may hold less than `limit`, even nothing, and still
    name a next one.
    """
    page = call.api.campaigns.page(call.who, shapes.query_of(query), *query.at)
    now = call.api.clock.now()
    return Listing([shapes.line(item, now) for item in page.items], page.next)


@member(routes, "GET", ONE, Right.VIEW, gives=shapes.CampaignOut, etag=True)
def show_campaign(call: Call, campaign_id: str) -> Response:
    campaign = call.api.campaigns.get(call.who, campaign_id)
    totals = call.api.recipients.totals(campaign)
    shape = shapes.campaign(campaign, call.api.clock.now(), totals)
    return versioned(shape, campaign.version)


@member(
    routes,
    "PATCH",
    ONE,
    Right.WRITE_CAMPAIGN,
    takes=shapes.CampaignFields,
    gives=shapes.CampaignOut,
    refuses=MOVED,
    etag=True,
)
def edit_campaign(call: Call, given: shapes.CampaignFields, campaign_id: str) -> Response:
    """Change a New campaign. Whatever was submitted or approved before is void by that."""
    changes, expected = shapes.changes_of(given), if_match(call.request)
    return _answer(call, call.api.drafting.edit(call.who, campaign_id, changes, expected))


@member(routes, "DELETE", ONE, Right.DELETE_CAMPAIGN, status=204, refuses=MOVED)
def delete_campaign(call: Call, campaign_id: str) -> None:
    """Delete an archived campaign for good. Its audit records and totals stay."""
    call.api.campaigns.delete(call.who, campaign_id, if_match(call.request))


@member(
    routes,
    "POST",
    ONE + "/clone",
    Right.WRITE_CAMPAIGN,
    takes=shapes.CloneCampaign,
    gives=shapes.CampaignOut,
    status=201,
    refuses=(KeyReused,),
    etag=True,
)
def clone_campaign(call: Call, given: shapes.CloneCampaign, campaign_id: str) -> Response:
    """A draft of one's own, with all that is written in the original."""
    made = call.api.drafting.clone(call.who, campaign_id, given.name, call.key)
    return _answer(call, made, 201)


@member(routes, "GET", ONE + "/review", Right.VIEW, gives=review_shapes.Review)
def show_review(call: Call, campaign_id: str) -> review_shapes.Review:
    """What a moderator decides on: texts as they will read, counts, and the plan."""
    return review_shapes.review(call.api.reviews.review(call.who, campaign_id))


@member(
    routes,
    "GET",
    ONE + "/recipients",
    Right.VIEW,
    query=shapes.RecipientFilter,
    gives=Listing[RecipientLine],
)
def show_recipients(
    call: Call, query: shapes.RecipientFilter, campaign_id: str
) -> Listing[RecipientLine]:
    """Numbers are masked, unless `numbers=full` is asked for, and the right to it is there."""
    full = query.numbers is shapes.Numbers.FULL
    page = call.api.recipients.page(call.who, campaign_id, *query.at, full=full)
    return Listing(list(page.items), page.next)


@member(
    routes,
    "POST",
    ONE + "/submit",
    Right.WRITE_CAMPAIGN,
    gives=shapes.CampaignOut,
    refuses=MOVED,
    etag=True,
)
def submit_campaign(call: Call, campaign_id: str) -> Response:
    """Hand it in. Everything that keeps it from being sent is told at once."""
    submitted = call.api.campaigns.submit(call.who, campaign_id, if_match(call.request))
    return _answer(call, submitted)


@member(
    routes,
    "POST",
    ONE + "/withdraw",
    Right.WRITE_CAMPAIGN,
    gives=shapes.CampaignOut,
    refuses=MOVED,
    etag=True,
)
def withdraw_campaign(call: Call, campaign_id: str) -> Response:
    """Take back what waits for a decision."""
    withdrawn = call.api.campaigns.withdraw(call.who, campaign_id, if_match(call.request))
    return _answer(call, withdrawn)


@member(
    routes,
    "POST",
    ONE + "/start",
    Right.RUN_CAMPAIGN,
    gives=shapes.CampaignOut,
    refuses=(*MOVED, Conflict),
    etag=True,
)
def start_campaign(call: Call, campaign_id: str) -> Response:
    """Start what is approved. Too late for its time it is marked `missed_start` instead, and waits
    for somebody who moderates.
    """
    return _answer(call, call.api.campaigns.start(call.who, campaign_id, if_match(call.request)))


@member(
    routes,
    "POST",
    ONE + "/pause",
    Right.RUN_CAMPAIGN,
    gives=shapes.CampaignOut,
    refuses=MOVED,
    etag=True,
)
def pause_campaign(call: Call, campaign_id: str) -> Response:
    return _answer(call, call.api.campaigns.pause(call.who, campaign_id, if_match(call.request)))


@member(
    routes,
    "POST",
    ONE + "/resume",
    Right.RUN_CAMPAIGN,
    gives=shapes.CampaignOut,
    refuses=MOVED,
    etag=True,
)
def resume_campaign(call: Call, campaign_id: str) -> Response:
    return _answer(call, call.api.campaigns.resume(call.who, campaign_id, if_match(call.request)))


@member(
    routes,
    "POST",
    ONE + "/cancel",
    Right.RUN_CAMPAIGN,
    gives=shapes.CampaignOut,
    refuses=MOVED,
    etag=True,
)
def cancel_campaign(call: Call, campaign_id: str) -> Response:
    """End it for good; who was not sent anything yet gets nothing."""
    return _answer(call, call.api.campaigns.cancel(call.who, campaign_id, if_match(call.request)))


@member(
    routes,
    "POST",
    ONE + "/archive",
    Right.WRITE_CAMPAIGN,
    gives=shapes.CampaignOut,
    refuses=MOVED,
    etag=True,
)
def archive_campaign(call: Call, campaign_id: str) -> Response:
    """Out of the list, into the archive: New ones, and those that have ended."""
    return _answer(call, call.api.campaigns.archive(call.who, campaign_id, if_match(call.request)))


@member(
    routes,
    "POST",
    ONE + "/restore",
    Right.WRITE_CAMPAIGN,
    takes=shapes.RestoreCampaign,
    gives=shapes.CampaignOut,
    refuses=MOVED,
    etag=True,
)
def restore_campaign(call: Call, given: shapes.RestoreCampaign, campaign_id: str) -> Response:
    """Back into the list. Where its author has left the workspace, another one is named."""
    restored = call.api.campaigns.restore(
        call.who, campaign_id, given.author, if_match(call.request)
    )
    return _answer(call, restored)


@member(
    routes,
    "GET",
    "/deleted-campaigns",
    Right.VIEW_ARCHIVE,
    query=Paging,
    gives=Listing[shapes.DeletedCampaignOut],
)
def show_deleted(call: Call, query: Paging) -> Listing[shapes.DeletedCampaignOut]:
    """What stays of deleted campaigns, newest first."""
    page = call.api.campaigns.deleted(call.who, *query.at)
    return Listing([shapes.deleted(item) for item in page.items], page.next)


def _answer(call: Call, campaign: Campaign, status: int = 200) -> Response:
    return versioned(shapes.campaign(campaign, call.api.clock.now()), campaign.version, status)
