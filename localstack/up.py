"""`make up`: brings everything up on this machine, sends a first campaign, and stays.

Ctrl-C or SIGTERM ends it: what is under way is finished, the state is saved. A second one hurries
whatever can be hurried.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import Context
from cli.screen import Screen
from cli.session import SessionFile
from localstack import demo
from localstack.places import STATE, shown
from localstack.stack import FAILURES, Options, Stack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

TEND_SECONDS = 0.5


@dataclass(slots=True)
class Stop:
    """Set by signals, asked between steps: nothing is torn down in the middle of one."""

    asked: threading.Event = field(default_factory=threading.Event)
    hurried: threading.Event = field(default_factory=threading.Event)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.asked.is_set():
            self.hurried.set()
        self.asked.set()

    def watch_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m localstack.up", description=__doc__)
    parser.add_argument("--port", type=int, help="of the front door; by default 8080 if it is free")
    parser.add_argument("--state", type=Path, default=STATE, metavar="DIR")
    parser.add_argument("--no-demo", action="store_true", help="no demo workspace, no campaign")
    parser.add_argument(
        "--endpoint", metavar="URL", help="use the AWS emulator that runs there (LocalStack)"
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="stop when all is up; print seconds and memory as JSON",
    )
    return parser


def run(given: argparse.Namespace, stop: Stop) -> int:
    screen = Screen(sys.stderr if given.report else sys.stdout, sys.stderr)
    options = Options(given.state, given.port, given.endpoint, smsc=demo.SMSC_FAULTS)
    stack = Stack(options, screen.say, stop.asked.is_set)
    code = 1
    try:
        screen.say("Message Center is coming up:")
        stack.start()
        _tell_unclean(stack, screen)
        _demo(stack, screen, stop, wanted=not given.no_demo)
        if given.report:
            print(json.dumps(report(stack)))
        else:
            _stay(stack, screen, stop, with_demo=not given.no_demo)
        code = 0
    except KeyboardInterrupt:
        code = 0
    except FAILURES as error:
        # A Ctrl-C in a terminal also ends the programs that packaging runs: no news.
        code = 0 if stop.asked.is_set() else 1
        screen.remark(str(error) if code else "Interrupted.")
    except Exception:  # noqa: BLE001 - the edge of the process, which reports
        _tell_unexpected(stack, screen)
    finally:
        _stop(stack, screen, stop)
    return code


def report(stack: Stack) -> dict[str, object]:
    return {
        "seconds": stack.seconds,
        "seconds_total": round(sum(stack.seconds.values()), 2),
        "rss_mib": round(stack.rss() / 2**20),
    }


def _demo(stack: Stack, screen: Screen, stop: Stop, *, wanted: bool) -> None:
    if not wanted:
        return

    def each(campaign: object) -> None:
        del campaign
        stack.tend()
        if stop.asked.is_set():
            raise KeyboardInterrupt

    began = time.monotonic()
    prepared = demo.ensure(stack)
    stack.seconds["demo records"] = round(time.monotonic() - began, 2)
    if prepared.campaign:
        return
    screen.say("\nThe first campaign, over the HTTP API:")
    context = Context(screen, SessionFile(stack.places.state / "no-session"))
    demo.send_first_campaign(stack, context, prepared, each)


def _tell_unclean(stack: Stack, screen: Screen) -> None:
    if not stack.was_unclean:
        return
    screen.say(
        "\nThe last run did not end cleanly, so the records may be older than the traffic: what was"
        "\nsent since may not be in them. Every live campaign is paused until a person releases it."
    )
    for campaign in stack.held:
        place = f"in workspace {campaign['workspace']}"
        screen.say(f"  {campaign['name']} {place}: mc resume {campaign['id']}")
    if not stack.held:
        screen.say("  There was none.")


def _stay(stack: Stack, screen: Screen, stop: Stop, *, with_demo: bool) -> None:
    _tell_places(stack, screen, with_demo=with_demo)
    while not stop.asked.wait(TEND_SECONDS):
        stack.tend()


def _tell_places(stack: Stack, screen: Screen, *, with_demo: bool) -> None:
    places = stack.places
    screen.say(
        f"\nMessage Center is up ({sum(stack.seconds.values()):.0f} s, "
        f"{stack.rss() / 2**20:.0f} MiB):"
    )
    screen.facts(
        {
            "  front door": stack.url,
            "  state": shown(places.state),
            "  logs": shown(places.log),
            "  what the carrier saw": shown(places.smsc_log),
            "  mails": shown(places.mail),
        }
    )
    prepared = demo.read(places.demo) if with_demo else None
    if prepared is not None:
        screen.say(f"\nSign in (passwords: {shown(places.demo)}):")
        for account in prepared.accounts:
            screen.say(
                f"  ./mc sign-in --url {stack.url} --email {account.email}    # {account.password}"
            )
        screen.say("\nThen ./mc campaigns, ./mc watch CAMPAIGN, ./mc recipients CAMPAIGN.")
    screen.say("Ctrl-C stops everything and keeps its state.")


def _stop(stack: Stack, screen: Screen, stop: Stop) -> None:
    screen.settle()
    # From here on the first signal is behind us: the next one is the one that hurries.
    stack.hurry = stop.hurried.is_set
    stop.asked.set()
    if stack.has_begun:
        screen.say("\nStopping; what is under way is finished first.")
    stack.stop()


def _tell_unexpected(stack: Stack, screen: Screen) -> None:
    log = stack.places.log / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(traceback.format_exc(), encoding="utf-8")
    last = traceback.format_exc().strip().splitlines()[-1]
    screen.remark(f"Something unexpected happened: {last}\nThe details are in {shown(log)}.")


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    stop = Stop()
    stop.watch_signals()
    return run(given, stop)


if __name__ == "__main__":
    sys.exit(main())
