"""Senders and their revisions: write, submit, decide, and look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.command import Command, Context, Run, argument
from cli.errors import Exit, UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from cli.client import Client
    from cli.shapes import Revision


def senders(context: Context, given: Namespace) -> Exit:
    del given
    found = list(context.client().senders())
    context.screen.show({"items": found})
    context.screen.table(
        ("sender", "name", "approved revision"),
        ((item["id"], item["name"], str(item["current_revision"] or "none")) for item in found),
    )
    return Exit.OK


def sender_id(client: Client, wanted: str) -> str:
    """By id, or by its name where only one has it."""
    found = [item["id"] for item in client.senders() if item["name"] == wanted]
    if len(found) > 1:
        raise UsageError(f"Several senders are named {wanted}: give an id (mc senders).")
    return found[0] if found else wanted


def create(context: Context, given: Namespace) -> Exit:
    sender = context.client().create_sender(given.name)
    context.screen.show(sender)
    context.screen.say(
        f"{sender['id']} is created. Next: mc revision add {sender['id']} --address … --channel …"
    )
    return Exit.OK


def revisions(context: Context, given: Namespace) -> Exit:
    client = context.client()
    found = client.revisions(sender_id(client, given.sender))
    context.screen.show({"items": found})
    context.screen.table(
        ("revision", "status", "address", "channel", "use", "note"),
        (
            (
                str(item["number"]),
                item["status"],
                item["address"],
                item["channel"],
                item["use"],
                item["decision"]["note"] if item["decision"] else "",
            )
            for item in found
        ),
    )
    return Exit.OK


def add(context: Context, given: Namespace) -> Exit:
    client = context.client()
    sender = sender_id(client, given.sender)
    revision = client.add_revision(sender, given.address, given.channel, given.use)
    return _tell(context, revision, "written")


def _action(action: str, done: str) -> Run:
    def run(context: Context, given: Namespace) -> Exit:
        client = context.client()
        sender = sender_id(client, given.sender)
        return _tell(context, client.act_on_revision(sender, given.number, action), done)

    return run


def _decision(*, approve: bool) -> Run:
    def run(context: Context, given: Namespace) -> Exit:
        client = context.client()
        sender = sender_id(client, given.sender)
        decided = client.decide_revision(sender, given.number, approve=approve, note=given.note)
        return _tell(context, decided, "approved" if approve else "rejected")

    return run


def _tell(context: Context, revision: Revision, done: str) -> Exit:
    number, sender = revision["number"], revision["sender"]
    context.screen.show(revision)
    context.screen.say(f"Revision {number} of {sender} ({revision['address']}) is {done}.")
    following = {"draft": "submit", "pending_approval": "approve"}.get(revision["status"])
    if following:
        context.screen.say(f"Next: mc revision {following} {sender} {number}")
    return Exit.OK


_SENDER = argument("sender", metavar="SENDER", help="its id or its name")
_ONE = (_SENDER, argument("number", type=int, metavar="REVISION"))

COMMANDS = (
    Command(("senders",), "the senders that a campaign can use", senders),
    Command(
        ("sender", "create"), "make a sender, still without a revision", create, (argument("name"),)
    ),
    Command(("revisions",), "a sender's revisions", revisions, (_SENDER,)),
    Command(
        ("revision", "add"),
        "write a revision: a sender's address and where it leads",
        add,
        (
            _SENDER,
            argument("--address", required=True, help="what recipients see: a name or a number"),
            argument("--channel", required=True, help="the channel's id"),
            argument("--use", default="", help="what it is for, for those who approve it"),
        ),
    ),
    Command(
        ("revision", "submit"),
        "hand a revision in for approval",
        _action("submit", "submitted"),
        _ONE,
    ),
    Command(
        ("revision", "withdraw"),
        "take a revision's submission back",
        _action("withdraw", "withdrawn"),
        _ONE,
    ),
    Command(
        ("revision", "approve"),
        "approve a revision",
        _decision(approve=True),
        (*_ONE, argument("--note", default="", help="what its author is told")),
    ),
    Command(
        ("revision", "reject"),
        "reject a revision",
        _decision(approve=False),
        (*_ONE, argument("--note", required=True, help="why; its author is told")),
    ),
    Command(
        ("revision", "archive"), "hide a revision from choice", _action("archive", "archived"), _ONE
    ),
    Command(("revision", "restore"), "bring a revision back", _action("restore", "restored"), _ONE),
)
