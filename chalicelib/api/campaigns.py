"""Campaigns, their moderation and what happened to their recipients (SPEC 4, 6.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api import shapes
from chalicelib.api.http import Call, body, member, ok, page_of
from chalicelib.usecases.campaigns import NewCampaign

if TYPE_CHECKING:
    from chalice.app import Response

routes = Blueprint(__name__)

ROOT = "/v1/workspaces/{workspace}"
CAMPAIGNS = ROOT + "/campaigns"
ONE = CAMPAIGNS + "/{campaign_id}"


@routes.route(ROOT, methods=["GET"])
@member(routes)
def show_workspace(call: Call) -> shapes.Answer:
    return shapes.workspace(call.api.campaigns.workspace(call.who))


@routes.route(ROOT + "/senders", methods=["GET"])
@member(routes)
def show_senders(call: Call) -> shapes.Answer:
    senders = call.api.campaigns.senders(call.who)
    return {"items": [shapes.sender(item) for item in senders], "next": None}


@routes.route(CAMPAIGNS, methods=["POST"])
@member(routes)
def create_campaign(call: Call) -> Response:
    new = body(call.request, shapes.NewCampaign)
    campaign = call.api.campaigns.create(
        call.who, NewCampaign(new.name, new.text, new.sender, new.list, new.auto_start), call.key
    )
    return ok(shapes.campaign(campaign), 201)


@routes.route(CAMPAIGNS, methods=["GET"])
@member(routes)
def show_campaigns(call: Call) -> shapes.Answer:
    page = call.api.campaigns.page(call.who, *page_of(call.request))
    return {"items": [shapes.campaign(item) for item in page.items], "next": page.next}


@routes.route(ONE, methods=["GET"])
@member(routes)
def show_campaign(call: Call, campaign_id: str) -> shapes.Answer:
    campaign = call.api.campaigns.get(call.who, campaign_id)
    return shapes.campaign(campaign, call.api.recipients.totals(campaign))


@routes.route(ONE + "/recipients", methods=["GET"])
@member(routes)
def show_recipients(call: Call, campaign_id: str) -> shapes.Answer:
    page = call.api.recipients.page(call.who, campaign_id, *page_of(call.request))
    return {"items": page.items, "next": page.next}


@routes.route(ONE + "/submit", methods=["POST"])
@member(routes)
def submit_campaign(call: Call, campaign_id: str) -> shapes.Answer:
    return shapes.campaign(call.api.campaigns.submit(call.who, campaign_id))


@routes.route(ONE + "/approve", methods=["POST"])
@member(routes)
def approve_campaign(call: Call, campaign_id: str) -> shapes.Answer:
    return _decide(call, campaign_id, approve=True)


@routes.route(ONE + "/reject", methods=["POST"])
@member(routes)
def reject_campaign(call: Call, campaign_id: str) -> shapes.Answer:
    return _decide(call, campaign_id, approve=False)


def _decide(call: Call, campaign_id: str, *, approve: bool) -> shapes.Answer:
    note = body(call.request, shapes.Note).note
    return shapes.campaign(
        call.api.campaigns.decide(call.who, campaign_id, approve=approve, note=note)
    )


@routes.route(ONE + "/start", methods=["POST"])
@member(routes)
def start_campaign(call: Call, campaign_id: str) -> shapes.Answer:
    return shapes.campaign(call.api.campaigns.start(call.who, campaign_id))


@routes.route(ONE + "/pause", methods=["POST"])
@member(routes)
def pause_campaign(call: Call, campaign_id: str) -> shapes.Answer:
    return shapes.campaign(call.api.campaigns.pause(call.who, campaign_id))


@routes.route(ONE + "/resume", methods=["POST"])
@member(routes)
def resume_campaign(call: Call, campaign_id: str) -> shapes.Answer:
    return shapes.campaign(call.api.campaigns.resume(call.who, campaign_id))


@routes.route(ONE + "/cancel", methods=["POST"])
@member(routes)
def cancel_campaign(call: Call, campaign_id: str) -> shapes.Answer:
    return shapes.campaign(call.api.campaigns.cancel(call.who, campaign_id))
