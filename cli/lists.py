"""Lists of recipients: upload one (parts go straight to the bucket), await its ingest, look."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.bar import Bar, left, strip
from cli.command import Command, Context, argument
from cli.errors import ClientError, Exit, Unreachable, UsageError
from cli.screen import count, moment, size
from cli.uploading import (
    PARALLEL,
    Dropped,
    File,
    FileChanged,
    Upload,
    Wish,
    begin,
    give_up,
    read_file,
    resume,
)

if TYPE_CHECKING:
    from argparse import Namespace

    from cli.client import Client
    from cli.shapes import RecipientList

POLL_SECONDS = 0.5
# What takes long need not be asked for so often.
LONG_SECONDS = 30.0
LONG_POLL_SECONDS = 2.0
FINISHED = frozenset({"ready", "failed"})
# A server that restarts is away for so long.
PATIENCE_SECONDS = 60.0
PARALLEL_MAX = 16


def upload(context: Context, given: Namespace) -> Exit:
    client = context.client()
    if given.abort is not None:
        context.screen.show(client.abort_list(given.abort))
        context.screen.say(f"The upload of {given.abort} is given up.")
        return Exit.OK
    if given.file is None:
        raise UsageError("Name the file to upload.")
    recipients = upload_file(
        context,
        client,
        given.file,
        given.country,
        number_column=given.number_column,
        suppress=given.suppress,
        parallel=given.parallel,
    )
    context.screen.show(recipients)
    if recipients["status"] == "failed":
        context.screen.remark(f"The list failed: {recipients['failure']}")
        return Exit.ENDED_BADLY
    context.screen.say(f"{recipients['id']} is ready: {counts(recipients)}.")
    return Exit.OK


def upload_file(
    context: Context,
    client: Client,
    path: Path,
    country: str | None,
    *,
    number_column: str | None = None,
    suppress: bool = False,
    parallel: int = PARALLEL,
) -> RecipientList:
    """Upload `path`, or go on where an earlier try was cut; wait until it is ready or failed."""
    purpose = "suppression" if suppress else "recipients"
    wish = Wish(country.upper() if country else None, number_column, purpose)
    reading = Bar(context.screen, context.clock, f"{path.name}: checksum", 0)

    def read(done: int, whole: int) -> None:
        reading.total = whole
        reading.show(done)

    file = read_file(path, read)
    context.screen.settle()
    found = resume(client, file, wish)
    if found is not None:
        try:
            return _send(context, client, file, found, parallel)
        except Dropped as error:
            context.screen.remark(f"{error} Beginning anew.")
    return _send(context, client, file, begin(client, file, wish), parallel)


def _send(
    context: Context, client: Client, file: File, recipients: RecipientList, parallel: int
) -> RecipientList:
    bar = Bar(context.screen, context.clock, f"{recipients['name']}: upload", file.size)
    sending = Upload(client, file, recipients, parallel, bar.show, context.sleep)
    list_id = recipients["id"]
    try:
        sending.run()
        context.screen.settle()
        if sending.found:
            context.screen.remark(
                f"Went on with {list_id}: {count(sending.found, 'part')} of "
                f"{recipients['parts']:,} had arrived before."
            )
    except FileChanged:
        give_up(client, list_id)
        raise
    except Dropped:
        raise
    except (ClientError, OSError, KeyboardInterrupt):
        context.screen.remark(
            "What has arrived is kept for a day: the same command goes on with it, and "
            f"`mc upload --abort {list_id}` gives it up."
        )
        raise
    try:
        return await_list(context, client, list_id)
    except (ClientError, KeyboardInterrupt):
        context.screen.remark(
            f"The file has arrived and is read all the same: `mc lists {list_id}` tells how far."
        )
        raise


def await_list(context: Context, client: Client, list_id: str) -> RecipientList:
    away_since: float | None = None
    begun = context.clock()
    while True:
        try:
            recipients = client.recipient_list(list_id)
            away_since = None
        except Unreachable:
            away_since = context.clock() if away_since is None else away_since
            if context.clock() - away_since >= PATIENCE_SECONDS:
                raise
        else:
            if recipients["status"] in FINISHED:
                context.screen.settle()
                return recipients
            if context.screen.live:
                context.screen.progress(reading_line(recipients))
        is_long = context.clock() - begun >= LONG_SECONDS
        context.sleep(LONG_POLL_SECONDS if is_long else POLL_SECONDS)


def reading_line(recipients: RecipientList) -> str:
    text = f"{recipients['name']}: reading the numbers"
    progress = recipients["progress"]
    if progress is None:
        return f"{text} …"
    text += f"  {strip(progress['share'])}  {progress['lines']:,} lines"
    if progress["lines_per_second"] >= 1:
        text += f"  {progress['lines_per_second']:,.0f}/s"
    if progress["ends_at"] is None:
        return text
    # Both of the server's clock; ours may differ.
    begun = datetime.fromisoformat(progress["begun_at"])
    whole = (datetime.fromisoformat(progress["ends_at"]) - begun).total_seconds()
    return f"{text}  {left(whole * (1 - progress['share']))} left"


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
    if recipients["purpose"] != "recipients":
        facts["purpose"] = recipients["purpose"]
    if recipients["progress"] is not None:
        facts["reading"] = reading_line(recipients).partition("  ")[2]
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


def _parallel(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= PARALLEL_MAX):
        raise ArgumentTypeError(f"give a number from 1 to {PARALLEL_MAX}")
    return int(text)


COMMANDS = (
    Command(
        ("upload",),
        "upload a list of recipients (.csv or .txt, plain or .gz) and wait until it is ready; "
        "after a cut, the same command goes on",
        upload,
        (
            argument("file", type=Path, nargs="?"),
            argument("--country", metavar="GB", help="country of numbers that do not name theirs"),
            argument(
                "--number-column",
                metavar="HEADING",
                help="column of the numbers, if it is not the first one",
            ),
            argument(
                "--suppress",
                action="store_true",
                help="its numbers are those that campaigns leave alone",
            ),
            argument(
                "--parallel",
                type=_parallel,
                default=PARALLEL,
                metavar="N",
                help=f"parts sent at once, 1 to {PARALLEL_MAX}; {PARALLEL} unless given",
            ),
            argument("--abort", metavar="LIST", help="give up an upload that was cut"),
        ),
    ),
    Command(("lists",), "all lists, or one", show, (argument("id", nargs="?", metavar="LIST"),)),
)
