"""Who gets no messages: single numbers, and lists. A file is uploaded as a list of that purpose.

A super admin does the same for all workspaces, with `--workspace master`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.client import NUMBERS_PER_CALL, PAGE
from cli.command import Command, Context, argument
from cli.errors import Exit
from cli.screen import count, moment

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from cli.shapes import Suppression

HEADS = ("number", "since", "said by", "note")


def add(context: Context, given: Namespace) -> Exit:
    client, added = context.client(), 0
    for some in _portions(given.numbers):
        answer = client.suppress(some, given.note)
        context.screen.show(answer)
        added += answer["added"]
    _tell(context, added, given.numbers, "suppressed")
    return Exit.OK


def lift(context: Context, given: Namespace) -> Exit:
    client, lifted = context.client(), 0
    for some in _portions(given.numbers):
        answer = client.lift_suppressions(some)
        context.screen.show(answer)
        lifted += answer["lifted"]
    _tell(context, lifted, given.numbers, "no longer suppressed")
    return Exit.OK


def show(context: Context, given: Namespace) -> Exit:
    numbers = "full" if given.full else "masked"
    if given.all:
        for entry in context.client().every_suppression(numbers):
            context.screen.show(entry)
            context.screen.say("\t".join(_row(entry)))
        return Exit.OK
    page = context.client().suppressions(numbers, after=given.after, limit=given.limit)
    context.screen.show(page)
    context.screen.table(HEADS, map(_row, page["items"]))
    if page["next"]:
        context.screen.say(f"More: mc suppress show --after {page['next']}  (or --all)")
    return Exit.OK


def check(context: Context, given: Namespace) -> Exit:
    found = context.client().check_suppression(given.number)
    context.screen.show(found)
    facts = {
        "number": found["number"],
        "ctn_hash": found["ctn_hash"],
        "suppressed": "yes" if found["suppressed"] else "no",
    }
    entry = found["entry"]
    if entry:
        facts["lifted" if entry["lifted"] else "by"] = "  ".join(_row(entry)[1:]).rstrip()
    if found["lists"]:
        facts["lists"] = ", ".join(found["lists"])
    if found["for_all"]:
        facts["for all"] = "the installation suppresses it, for all workspaces"
    context.screen.facts(facts)
    return Exit.OK


def lists(context: Context, given: Namespace) -> Exit:
    del given
    found = list(context.client().suppression_lists())
    context.screen.show({"items": found})
    context.screen.table(
        ("list", "name", "numbers", "since", "withdrawn"),
        (
            (
                item["list"],
                item["name"],
                f"{item['numbers']:,}",
                moment(item["at"]),
                moment(item["withdrawn_at"]),
            )
            for item in found
        ),
    )
    return Exit.OK


def withdraw(context: Context, given: Namespace) -> Exit:
    withdrawn = context.client().withdraw_suppression_list(given.id)
    context.screen.show(withdrawn)
    context.screen.say(f"{withdrawn['list']} is withdrawn: it suppresses nobody any more.")
    return Exit.OK


def _portions(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(numbers), NUMBERS_PER_CALL):
        yield numbers[first : first + NUMBERS_PER_CALL]


def _tell(context: Context, changed: int, numbers: Sequence[str], what: str) -> None:
    already = len(numbers) - changed
    rest = f"; {already:,} were so already" if already else ""
    verb = "is" if changed == 1 else "are"
    context.screen.say(f"{count(changed, 'number')} {verb} {what}{rest}.")


def _row(entry: Suppression) -> tuple[str, ...]:
    who = "the recipient" if entry["source"] == "recipient" else entry["by"]
    said = f"lifted by {who}" if entry["lifted"] else who
    return (entry["number"], moment(entry["at"]), said, entry["note"])


_NUMBERS = argument("numbers", nargs="+", metavar="NUMBER", help="with its country's code")

COMMANDS = (
    Command(
        ("suppress", "add"),
        "numbers that get no messages from now on",
        add,
        (_NUMBERS, argument("--note", default="", help="why; kept with each")),
    ),
    Command(("suppress", "lift"), "numbers that get messages again", lift, (_NUMBERS,)),
    Command(
        ("suppress", "show"),
        "the numbers, masked, and what was said last about each",
        show,
        (
            argument("--full", action="store_true", help="unmasked: needs the right, is recorded"),
            argument("--after", metavar="CURSOR", help="go on from there"),
            argument("--limit", type=int, default=50, help=f"rows of a page, up to {PAGE}"),
            argument("--all", action="store_true", help="every page, as it comes"),
        ),
    ),
    Command(
        ("suppress", "check"),
        "whether a number gets no messages, and why",
        check,
        (argument("number", metavar="NUMBER"),),
    ),
    Command(("suppress", "lists"), "suppression lists, withdrawn ones among them", lists),
    Command(
        ("suppress", "withdraw"),
        "let a suppression list suppress nobody any more",
        withdraw,
        (argument("id", metavar="LIST"),),
    ),
)
