"""Campaigns and senders: write, submit, decide, run, and look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.command import Command, Context, Run, argument
from cli.errors import Exit, UsageError
from cli.screen import count, moment
from cli.watch import totals_line

if TYPE_CHECKING:
    from argparse import Namespace

    from cli.client import Client
    from cli.shapes import Campaign

_ID = argument("id", metavar="CAMPAIGN")


def senders(context: Context, given: Namespace) -> Exit:
    del given
    found = context.client().senders()
    context.screen.show({"items": found})
    context.screen.table(
        ("sender", "name", "approved revision"),
        ((item["id"], item["name"], str(item["current_revision"] or "none")) for item in found),
    )
    return Exit.OK


def create(context: Context, given: Namespace) -> Exit:
    client = context.client()
    campaign = client.create_campaign(
        name=given.name,
        text=given.text,
        sender=_sender(client, given.sender),
        list_id=given.list,
        auto_start=given.auto_start,
    )
    context.screen.show(campaign)
    context.screen.say(f"{campaign['id']} is created. Next: mc submit {campaign['id']}")
    return Exit.OK


def _sender(client: Client, wanted: str) -> str:
    """By id, or by its name where only one has it."""
    found = [item["id"] for item in client.senders() if item["name"] == wanted]
    if len(found) > 1:
        raise UsageError(f"Several senders are named {wanted}: give an id (mc senders).")
    return found[0] if found else wanted


def show(context: Context, given: Namespace) -> Exit:
    client = context.client()
    if given.id is not None:
        return _show_one(context, client.campaign(given.id))
    campaigns = list(client.campaigns())
    context.screen.show({"items": campaigns})
    context.screen.table(
        ("campaign", "name", "status", "approval", "recipients", "created"),
        (
            (
                item["id"],
                item["name"],
                item["status"],
                item["approval"],
                f"{item['recipients']:,}",
                moment(item["created_at"]),
            )
            for item in campaigns
        ),
    )
    return Exit.OK


def _show_one(context: Context, campaign: Campaign) -> Exit:
    context.screen.show(campaign)
    facts = {
        "campaign": campaign["id"],
        "name": campaign["name"],
        "text": campaign["text"],
        "sender": f"{campaign['sender']}, revision {campaign['revision']}",
        "list": campaign["list"],
        "status": status_of(campaign),
        "approval": campaign["approval"],
        "recipients": f"{campaign['recipients']:,}",
        "created": moment(campaign["created_at"]),
        "started": moment(campaign["started_at"]),
        "all sent": moment(campaign["sent_at"]),
        "finished": moment(campaign["finished_at"]),
    }
    if campaign["decision"] and campaign["decision"]["note"]:
        facts["note"] = campaign["decision"]["note"]
    if "totals" in campaign:
        facts["totals"] = totals_line(campaign["totals"])
    context.screen.facts({name: value for name, value in facts.items() if value})
    return Exit.OK


def status_of(campaign: Campaign) -> str:
    why = campaign["pause_reason"] or campaign["failure"]
    return f"{campaign['status']} ({why})" if why else campaign["status"]


def _action(action: str, done: str) -> Run:
    def run(context: Context, given: Namespace) -> Exit:
        campaign = context.client().act(given.id, action, getattr(given, "note", None))
        context.screen.show(campaign)
        context.screen.say(f"{campaign['id']} is {done}; its status is {campaign['status']}.")
        hint = _next(campaign)
        if hint:
            context.screen.say(hint)
        return Exit.OK

    return run


def _next(campaign: Campaign) -> str | None:
    if campaign["approval"] == "submitted":
        recipients = count(campaign["recipients"], "recipient")
        return f"{recipients}. Somebody who moderates decides: mc approve {campaign['id']}"
    if campaign["approval"] == "approved" and campaign["status"] == "new":
        return f"Next: mc start {campaign['id']}"
    if campaign["status"] in {"building", "pending", "sending"}:
        return f"Watch it: mc watch {campaign['id']}"
    return None


_NOTE = argument("--note", default="", help="what the author is told")
_REASON = argument("--note", required=True, help="why; the author is told")

COMMANDS = (
    Command(("senders",), "the senders that a campaign can use", senders),
    Command(
        ("campaigns",),
        "all campaigns, or one",
        show,
        (argument("id", nargs="?", metavar="CAMPAIGN"),),
    ),
    Command(
        ("campaign", "create"),
        "write a campaign",
        create,
        (
            argument("--name", required=True),
            argument("--text", required=True, help="what is sent"),
            argument("--sender", required=True, help="its id or its name (mc senders)"),
            argument("--list", required=True, help="a list that was uploaded (mc lists)"),
            argument("--auto-start", action="store_true", help="start as soon as it is approved"),
        ),
    ),
    Command(("submit",), "hand a campaign in for approval", _action("submit", "submitted"), (_ID,)),
    Command(("approve",), "approve a campaign", _action("approve", "approved"), (_ID, _NOTE)),
    Command(("reject",), "reject a campaign", _action("reject", "rejected"), (_ID, _REASON)),
    Command(("start",), "start an approved campaign", _action("start", "started"), (_ID,)),
    Command(("pause",), "hold a campaign", _action("pause", "paused"), (_ID,)),
    Command(("resume",), "go on with a paused campaign", _action("resume", "resumed"), (_ID,)),
    Command(("cancel",), "end a campaign for good", _action("cancel", "cancelled"), (_ID,)),
)
