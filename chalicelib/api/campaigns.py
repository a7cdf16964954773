"""Campaigns, their moderation and what happened to their recipients (SPEC 4, 6.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api.http import body, ok, page_of, query_of
from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Answer
from chalicelib.api.shapes import campaigns as shapes
from chalicelib.domain.errors import require
from chalicelib.domain.rights import Right
from chalicelib.usecases.campaigns import NewCampaign

if TYPE_CHECKING:
    from chalice.app import Response

routes = Blueprint(__name__)

CAMPAIGNS = "/campaigns"
ONE = CAMPAIGNS + "/{campaign_id}"


@member(routes, "GET", "/senders", Right.VIEW)
def show_senders(call: Call) -> Answer:
    senders = call.api.campaigns.senders(call.who)
    return {"items": [shapes.sender(item) for item in senders], "next": None}


@member(routes, "POST", CAMPAIGNS, Right.WRITE_CAMPAIGN)
def create_campaign(call: Call) -> Response:
    new = body(call.request, shapes.NewCampaign)
    campaign = call.api.campaigns.create(
        call.who, NewCampaign(new.name, new.text, new.sender, new.list, new.auto_start), call.key
    )
    return ok(shapes.campaign(campaign), 201)


@member(routes, "GET", CAMPAIGNS, Right.VIEW)
def show_campaigns(call: Call) -> Answer:
    page = call.api.campaigns.page(call.who, *page_of(call.request))
    return {"items": [shapes.campaign(item) for item in page.items], "next": page.next}


@member(routes, "GET", ONE, Right.VIEW)
def show_campaign(call: Call, campaign_id: str) -> Answer:
    campaign = call.api.campaigns.get(call.who, campaign_id)
    return shapes.campaign(campaign, call.api.recipients.totals(campaign))


@member(routes, "GET", ONE + "/recipients", Right.VIEW)
def show_recipients(call: Call, campaign_id: str) -> Answer:
    """Numbers are masked, unless `numbers=full` is asked for, and the right to it is there."""
    numbers = query_of(call.request).get("numbers", "masked")
    require((numbers in {"masked", "full"}, "numbers", "must be masked or full"))
    page = call.api.recipients.page(
        call.who, campaign_id, *page_of(call.request), full=numbers == "full"
    )
    return {"items": page.items, "next": page.next}


@member(routes, "POST", ONE + "/submit", Right.WRITE_CAMPAIGN)
def submit_campaign(call: Call, campaign_id: str) -> Answer:
    return shapes.campaign(call.api.campaigns.submit(call.who, campaign_id))


@member(routes, "POST", ONE + "/approve", Right.DECIDE)
def approve_campaign(call: Call, campaign_id: str) -> Answer:
    return _decide(call, campaign_id, approve=True)


@member(routes, "POST", ONE + "/reject", Right.DECIDE)
def reject_campaign(call: Call, campaign_id: str) -> Answer:
    return _decide(call, campaign_id, approve=False)


def _decide(call: Call, campaign_id: str, *, approve: bool) -> Answer:
    note = body(call.request, shapes.Note).note
    return shapes.campaign(
        call.api.campaigns.decide(call.who, campaign_id, approve=approve, note=note)
    )


@member(routes, "POST", ONE + "/start", Right.RUN_CAMPAIGN)
def start_campaign(call: Call, campaign_id: str) -> Answer:
    return shapes.campaign(call.api.campaigns.start(call.who, campaign_id))


@member(routes, "POST", ONE + "/pause", Right.RUN_CAMPAIGN)
def pause_campaign(call: Call, campaign_id: str) -> Answer:
    return shapes.campaign(call.api.campaigns.pause(call.who, campaign_id))


@member(routes, "POST", ONE + "/resume", Right.RUN_CAMPAIGN)
def resume_campaign(call: Call, campaign_id: str) -> Answer:
    return shapes.campaign(call.api.campaigns.resume(call.who, campaign_id))


@member(routes, "POST", ONE + "/cancel", Right.RUN_CAMPAIGN)
def cancel_campaign(call: Call, campaign_id: str) -> Answer:
    return shapes.campaign(call.api.campaigns.cancel(call.who, campaign_id))
