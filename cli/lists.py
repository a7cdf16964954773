"""Lists of recipients: upload one (parts go straight to the bucket), await its ingest, look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import Command, Context, argument
from cli.errors import ClientError, Exit, UsageError
from cli.screen import moment, size

if TYPE_CHECKING:
    from argparse import Namespace

    from cli.client import Client
    from cli.shapes import RecipientList

# The server cuts an upload into parts of this length; the last one is shorter (SPEC 5.1).
PARTS_PER_CALL = 100
ATTEMPTS = 4
POLL_SECONDS = 0.5
FINISHED = frozenset({"ready", "failed"})


def upload(context: Context, given: Namespace) -> Exit:
    recipients = upload_file(context, context.client(), given.file, given.country)
    context.screen.show(recipients)
    if recipients["status"] == "failed":
        context.screen.remark(f"The list failed: {recipients['failure']}")
        return Exit.ENDED_BADLY
    context.screen.say(f"{recipients['id']} is ready: {counts(recipients)}.")
    return Exit.OK


def upload_file(context: Context, client: Client, path: Path, country: str | None) -> RecipientList:
    """Upload `path` and wait until it is ready or has failed."""
    try:
        length = path.stat().st_size
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    recipients = client.begin_list(path.name, length, country.upper() if country else None)
    try:
        _send_parts(context, client, path, recipients)
    except (ClientError, OSError, KeyboardInterrupt):
        client.abort_list(recipients["id"])
        raise
    client.complete_list(recipients["id"])
    return await_list(context, client, recipients["id"])


def await_list(context: Context, client: Client, list_id: str) -> RecipientList:
    while (recipients := client.recipient_list(list_id))["status"] not in FINISHED:
        if context.screen.live:
            context.screen.progress(f"{recipients['name']}: reading the numbers …")
        context.sleep(POLL_SECONDS)
    context.screen.settle()
    return recipients


def _send_parts(context: Context, client: Client, path: Path, recipients: RecipientList) -> None:
    parts, length = recipients["parts"], recipients["part_bytes"]
    with path.open("rb") as file:
        for first in range(1, parts + 1, PARTS_PER_CALL):
            numbers = range(first, min(first + PARTS_PER_CALL, parts + 1))
            urls = client.part_urls(recipients["id"], numbers)
            for number in numbers:
                _send_part(
                    context, client, (recipients["id"], number, urls[number]), file.read(length)
                )
                if context.screen.live:
                    done = min(number * length, recipients["size"])
                    context.screen.progress(
                        f"{recipients['name']}: {size(done)} of {size(recipients['size'])} uploaded"
                    )


def _send_part(context: Context, client: Client, place: tuple[str, int, str], data: bytes) -> None:
    """Each further attempt takes a fresh address: the last one may have run out meanwhile."""
    list_id, number, url = place
    for attempt in range(1, ATTEMPTS + 1):
        try:
            client.put_part(url, data)
        except ClientError:
            if attempt == ATTEMPTS:
                raise
            context.sleep(2.0**attempt / 2)
            url = client.part_urls(list_id, [number])[number]
        else:
            return


def show(context: Context, given: Namespace) -> Exit:
    client = context.client()
    if given.id is not None:
        return _show_one(context, client.recipient_list(given.id))
    lists = list(client.lists())
    context.screen.show({"items": lists})
    context.screen.table(
        ("list", "name", "status", "valid", "duplicate", "invalid", "created"),
        (
            (
                item["id"],
                item["name"],
                item["status"],
                f"{item['counts']['valid']:,}",
                f"{item['counts']['duplicate']:,}",
                f"{sum(item['counts']['invalid'].values()):,}",
                moment(item["created_at"]),
            )
            for item in lists
        ),
    )
    return Exit.OK


def _show_one(context: Context, recipients: RecipientList) -> Exit:
    context.screen.show(recipients)
    facts = {
        "list": recipients["id"],
        "name": recipients["name"],
        "status": recipients["status"],
        "size": size(recipients["size"]),
        "numbers": counts(recipients),
        "created": moment(recipients["created_at"]),
    }
    if recipients["failure"]:
        facts["failure"] = recipients["failure"]
    context.screen.facts(facts)
    return Exit.OK


def counts(recipients: RecipientList) -> str:
    found = recipients["counts"]
    invalid = sum(found["invalid"].values())
    text = f"{found['valid']:,} valid, {found['duplicate']:,} duplicate, {invalid:,} invalid"
    if not invalid:
        return text
    reasons = ", ".join(
        f"{number:,} {reason.replace('_', ' ')}" for reason, number in found["invalid"].items()
    )
    return f"{text} ({reasons})"


COMMANDS = (
    Command(
        ("upload",),
        "upload a list of recipients (.csv or .txt, plain or .gz) and wait until it is ready",
        upload,
        (
            argument("file", type=Path),
            argument("--country", metavar="GB", help="country of numbers that do not name theirs"),
        ),
    ),
    Command(("lists",), "all lists, or one", show, (argument("id", nargs="?", metavar="LIST"),)),
)
