"""What happened to each recipient of a campaign; numbers are masked by the server."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from cli.client import PAGE
from cli.command import Command, Context, argument
from cli.errors import Exit
from cli.screen import moment_of_ms

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator

    from cli.screen import Screen
    from cli.shapes import Recipient

HEADS = ("number", "state", "part", "message id", "submitted", "reported", "error")


def recipients(context: Context, given: Namespace) -> Exit:
    client, screen = context.client(), context.screen
    if given.all:
        for recipient in client.every_recipient(given.id):
            screen.show(recipient)
            _print_rows(screen, recipient)
        return Exit.OK
    page = client.recipients(given.id, after=given.after, limit=given.limit)
    screen.show(page)
    show_recipients(screen, page["items"])
    if page["next"]:
        screen.say(f"More: mc recipients {given.id} --after {page['next']}  (or --all)")
    return Exit.OK


def show_recipients(screen: Screen, found: Iterable[Recipient]) -> None:
    screen.table(HEADS, chain.from_iterable(map(rows, found)))


def _print_rows(screen: Screen, recipient: Recipient) -> None:
    """Tabs, since widths cannot be known before the last of what may be millions of rows."""
    for row in rows(recipient):
        screen.say("\t".join(row))


def rows(recipient: Recipient) -> Iterator[tuple[str, ...]]:
    """A row for each part; one without anything where nothing was sent yet."""
    if not recipient["parts"]:
        yield (recipient["number"], recipient["state"], "", "", "", "", "")
    for number, part in enumerate(recipient["parts"], start=1):
        error = part["error"]
        yield (
            recipient["number"],
            part["state"],
            f"{number}/{len(recipient['parts'])}",
            part["message_id"],
            moment_of_ms(part["submitted_at_ms"]),
            moment_of_ms(part["reported_at_ms"]),
            f"{error['space']} {error['code']}: {error['meaning']}" if error else "",
        )


COMMANDS = (
    Command(
        ("recipients",),
        "what happened to each recipient",
        recipients,
        (
            argument("id", metavar="CAMPAIGN"),
            argument("--after", metavar="CURSOR", help="go on from there"),
            argument("--limit", type=int, default=50, help=f"rows of a page, up to {PAGE}"),
            argument("--all", action="store_true", help="every page, as it comes"),
        ),
    ),
)
