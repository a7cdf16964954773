"""The table of commands, and the edge where errors become sentences and exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from cli import (
    audit,
    campaigns,
    erasures,
    lists,
    moderation,
    people,
    recipients,
    senders,
    suppress,
    watch,
)
from cli.command import Command, Context, context
from cli.errors import ClientError, Exit, Refused
from cli.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: tuple[Command, ...] = (
    *people.COMMANDS,
    *lists.COMMANDS,
    *suppress.COMMANDS,
    *erasures.COMMANDS,
    *senders.COMMANDS,
    *campaigns.COMMANDS,
    *moderation.COMMANDS,
    *watch.COMMANDS,
    *recipients.COMMANDS,
    *audit.COMMANDS,
)
EPILOG = """\
exit codes: 0 done · 1 the server refused, or an export is broken · 2 wrong usage
            3 not signed in · 4 no answer · 5 what was waited for ended badly
MC_CONFIG names the session's file; beside it is what servers know this machine by."""


def _common(*, default: object) -> argparse.ArgumentParser:
    """Options that stand before or after the command; the command's own do not undo the former."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--json", action="store_true", default=default, help="print the server's answers as JSON"
    )
    common.add_argument(
        "--workspace", default=default, metavar="ID", help="by default the one of your sign-in"
    )
    return common


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="mc",
        description="Message Center on the command line.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_common(default=None)],
    )
    groups: dict[tuple[str, ...], argparse._SubParsersAction[argparse.ArgumentParser]]
    groups = {(): root.add_subparsers(metavar="COMMAND", required=True)}
    for command in COMMANDS:
        group = command.words[:-1]
        if group not in groups:
            inner = groups[()].add_parser(group[0], help=f"mc {group[0]} --help")
            groups[group] = inner.add_subparsers(metavar="COMMAND", required=True)
        one = groups[group].add_parser(
            command.words[-1],
            help=command.summary,
            description=command.summary.capitalize() + ".",
            parents=[_common(default=argparse.SUPPRESS)],
        )
        for item in command.arguments:
            one.add_argument(*item.names, **item.options)
        one.set_defaults(run=command.run)
    return root


def run(ready: Context, given: argparse.Namespace) -> Exit:
    try:
        code: Exit = given.run(ready, given)
    except ClientError as error:
        if isinstance(error, Refused):
            ready.screen.show(error.problem)
        ready.screen.remark(str(error))
        return error.code
    except KeyboardInterrupt:
        ready.screen.remark("Interrupted.")
        return Exit.INTERRUPTED
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    screen = Screen(sys.stdout, sys.stderr, as_json=bool(given.json))
    try:
        return run(context(screen, given.workspace), given)
    except BrokenPipeError:
        # The reader has had enough, as in `mc recipients … --all | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
