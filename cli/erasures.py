"""Erasing one number from all that a workspace keeps; deleting a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.command import Command, Context, argument
from cli.errors import Exit
from cli.screen import count, moment

if TYPE_CHECKING:
    from argparse import Namespace

    from cli.shapes import Erasure

WAITING = "still to come: {lists} (being uploaded or read, or something is wrong with them)"


def erase(context: Context, given: Namespace) -> Exit:
    begun = context.client().begin_erasure(given.number, keep_suppressed=given.keep_suppressed)
    context.screen.show(begun)
    context.screen.say(
        f"{begun['id']} erases it from every list, which takes some minutes. "
        f"How far it is: mc erasures {begun['id']}"
    )
    return Exit.OK


def show(context: Context, given: Namespace) -> Exit:
    client = context.client()
    if given.id is not None:
        erasure = client.erasure(given.id)
        context.screen.show(erasure)
        context.screen.facts(_facts(erasure))
        return Exit.OK
    erasures = list(client.erasures())
    context.screen.show({"items": erasures})
    context.screen.table(
        ("erasure", "hash", "status", "lists", "erased from", "asked", "done"),
        (
            (
                item["id"],
                item["ctn_hash"],
                item["status"],
                f"{item['lists']:,}",
                f"{item['erased']:,}",
                moment(item["created_at"]),
                moment(item["finished_at"]),
            )
            for item in erasures
        ),
    )
    return Exit.OK


def _facts(erasure: Erasure) -> dict[str, str]:
    facts = {
        "erasure": erasure["id"],
        "hash": erasure["ctn_hash"],
        "status": erasure["status"],
        "lists": f"{count(erasure['lists'], 'list')} looked through, in {erasure['erased']:,} "
        "of them it was",
        "suppressed": erasure["suppressed"] or "",
        "asked": f"{moment(erasure['created_at'])} by {erasure['asked_by']}",
        "done": moment(erasure["finished_at"]),
    }
    if erasure["waiting"]:
        facts["waiting"] = WAITING.format(lists=", ".join(erasure["waiting"]))
    return {name: value for name, value in facts.items() if value}


def delete_list(context: Context, given: Namespace) -> Exit:
    context.client().delete_list(given.id)
    context.screen.say(f"{given.id} is deleted: its numbers are gone within minutes.")
    return Exit.OK


COMMANDS = (
    Command(
        ("list", "delete"),
        "delete a list that no campaign needs any more",
        delete_list,
        (argument("id", metavar="LIST"),),
    ),
    Command(
        ("erase",),
        "erase a number from every list, for good, and from the suppressed",
        erase,
        (
            argument("number", metavar="NUMBER", help="such as +447700900123"),
            argument(
                "--keep-suppressed",
                action="store_true",
                help="it stays suppressed, so that it gets no messages later either",
            ),
        ),
    ),
    Command(
        ("erasures",),
        "all erasures, or how far one is",
        show,
        (argument("id", nargs="?", metavar="ERASURE"),),
    ),
)
