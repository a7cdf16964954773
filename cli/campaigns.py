"""Campaigns: write, submit, run, and look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.command import Command, Context, Run, argument
from cli.errors import Exit, UsageError
from cli.screen import count, moment
from cli.senders import sender_id
from cli.watch import totals_line

if TYPE_CHECKING:
    from argparse import Namespace

    from cli.client import Client
    from cli.shapes import Campaign

_ID = argument("id", metavar="CAMPAIGN")


def create(context: Context, given: Namespace) -> Exit:
    client = context.client()
    campaign = client.create_campaign(_written(client, given))
    context.screen.show(campaign)
    context.screen.say(f"{campaign['id']} is created. Next: mc submit {campaign['id']}")
    return Exit.OK


def edit(context: Context, given: Namespace) -> Exit:
    client = context.client()
    written = _written(client, given)
    if not written:
        raise UsageError("Say what to change, such as --text.")
    campaign = client.edit_campaign(given.id, written)
    context.screen.show(campaign)
    context.screen.say(f"{campaign['id']} is changed. Next: mc submit {campaign['id']}")
    return Exit.OK


def clone(context: Context, given: Namespace) -> Exit:
    campaign = context.client().clone_campaign(given.id, given.name)
    context.screen.show(campaign)
    context.screen.say(f"{campaign['id']} is a copy. Next: mc submit {campaign['id']}")
    return Exit.OK


def _written(client: Client, given: Namespace) -> dict[str, Any]:
    """What was said on the command line, as the API calls it."""
    said = {name: getattr(given, name) for name in WRITTEN}
    if given.sender is not None:
        said["sender"] = sender_id(client, given.sender)
    return {name: value for name, value in said.items() if value is not None}


def show(context: Context, given: Namespace) -> Exit:
    client = context.client()
    if given.id is not None:
        return _show_one(context, client.campaign(given.id))
    filters = {name: getattr(given, name) for name in ("status", "mode", "search", "sort")}
    campaigns = list(client.campaigns(**{name: said for name, said in filters.items() if said}))
    context.screen.show({"items": campaigns})
    context.screen.table(
        ("campaign", "name", "mode", "status", "approval", "recipients", "created", "starts"),
        (
            (
                item["id"],
                item["name"],
                item["mode"],
                item["status"],
                "missed start" if item["missed_start"] else item["approval"],
                f"{item['recipients']:,}",
                moment(item["created_at"]),
                moment(item["starts_at"]),
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
        "mode": campaign["mode"],
        "text": campaign["text"],
        "from": f"{campaign['address']} ({campaign['sender']}, revision {campaign['revision']})"
        if campaign["sender"]
        else "",
        "list": campaign["list"] or "",
        "at": moment(campaign["start_at"] or campaign["date_from"]),
        "until": moment(campaign["date_to"]),
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
    if campaign["totals"]:
        facts["totals"] = totals_line(campaign["totals"])
    context.screen.facts({name: value for name, value in facts.items() if value})
    return Exit.OK


def status_of(campaign: Campaign) -> str:
    missed = "missed its start" if campaign["missed_start"] else None
    why = campaign["pause_reason"] or campaign["failure"] or missed
    return f"{campaign['status']} ({why})" if why else campaign["status"]


def _action(action: str, done: str) -> Run:
    def run(context: Context, given: Namespace) -> Exit:
        return tell(context, context.client().act(given.id, action), done)

    return run


def tell(context: Context, campaign: Campaign, done: str) -> Exit:
    """What was done to it, and what can be done next."""
    context.screen.show(campaign)
    context.screen.say(f"{campaign['id']} is {done}; its status is {status_of(campaign)}.")
    hint = _next(campaign)
    if hint:
        context.screen.say(hint)
    return Exit.OK


def _next(campaign: Campaign) -> str | None:
    if campaign["missed_start"]:
        return f"Somebody who moderates gives it a new time: mc release {campaign['id']}"
    if campaign["approval"] == "submitted":
        recipients = count(campaign["recipients"], "recipient")
        return f"{recipients}. Somebody who moderates decides: mc approve {campaign['id']}"
    if campaign["approval"] == "approved" and campaign["status"] == "new":
        return f"Next: mc start {campaign['id']}"
    if campaign["status"] in {"building", "pending", "sending"}:
        return f"Watch it: mc watch {campaign['id']}"
    return None


# As the API calls them.
WRITTEN = (
    "mode",
    "name",
    "text",
    "list",
    "start_at",
    "date_from",
    "date_to",
    "deadline",
    "auto_start",
    "transliterate",
)
_WORDS = (
    argument("--mode", choices=("on_demand", "on_time", "spread", "trigger")),
    argument("--name"),
    argument("--text", help="what is sent; {{name}} stands for a column of the list"),
    argument("--sender", help="its id or its name (mc senders)"),
    argument("--list", help="a list that was uploaded (mc lists)"),
    argument("--start-at", metavar="TIME", help="on_time: such as 2026-12-01T09:00:00Z"),
    argument("--date-from", metavar="TIME", help="spread: its begin"),
    argument("--date-to", metavar="TIME", help="spread: its end"),
    argument("--deadline", metavar="TIME", help="nothing is sent after it"),
    argument(
        "--auto-start", action="store_true", default=None, help="start as soon as it is approved"
    ),
    argument(
        "--transliterate",
        action="store_true",
        default=None,
        help="write letters that GSM lacks with those that it has",
    ),
)

COMMANDS = (
    Command(
        ("campaigns",),
        "all campaigns, or one",
        show,
        (
            argument("id", nargs="?", metavar="CAMPAIGN"),
            argument("--status", help="such as new,paused"),
            argument("--mode", help="such as on_time,spread"),
            argument("--search", help="part of an id, a name or a sender's address"),
            argument("--sort", choices=("created", "start", "sender")),
        ),
    ),
    Command(("campaign", "create"), "write a campaign, or any part of one", create, _WORDS),
    Command(("campaign", "edit"), "change a new campaign", edit, (_ID, *_WORDS)),
    Command(
        ("campaign", "clone"),
        "copy what is written in a campaign",
        clone,
        (_ID, argument("--name")),
    ),
    Command(("submit",), "hand a campaign in for approval", _action("submit", "submitted"), (_ID,)),
    Command(("withdraw",), "take a submission back", _action("withdraw", "withdrawn"), (_ID,)),
    Command(("start",), "start an approved campaign", _action("start", "started"), (_ID,)),
    Command(("pause",), "hold a campaign", _action("pause", "paused"), (_ID,)),
    Command(("resume",), "go on with a paused campaign", _action("resume", "resumed"), (_ID,)),
    Command(("cancel",), "end a campaign for good", _action("cancel", "cancelled"), (_ID,)),
    Command(("archive",), "put a campaign away", _action("archive", "archived"), (_ID,)),
    Command(("restore",), "take it out of the archive", _action("restore", "restored"), (_ID,)),
)
