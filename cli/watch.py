"""Watching a campaign: a progress line until it has ended, or until all of it is sent."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cli.command import Command, Context, argument
from cli.errors import Exit, Unreachable
from cli.screen import count, moment

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from cli.client import Client
    from cli.shapes import Campaign, Totals

ENDED = frozenset({"done", "cancelled", "failed", "expired"})
STATES = (
    "delivered",
    "sent",
    "failed",
    "unknown",
    "suppressed",
    "expired",
    "cancelled",
    "pending",
)
BAR = 24
POLL_SECONDS = 0.5
# Where lines cannot be written over, one says something new at most this often.
LINE_SECONDS = 2.0
RATE_OVER_SECONDS = 5.0
# A server that restarts is away for so long.
PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Rate:
    """Recipients a second that left `pending`, over the last few seconds."""

    samples: deque[tuple[float, int]] = field(default_factory=deque)

    def after(self, now: float, settled: int) -> float:
        if not settled:
            # What was waited for before the first one says nothing about the pace.
            self.samples.clear()
        self.samples.append((now, settled))
        while len(self.samples) > 2 and now - self.samples[0][0] > RATE_OVER_SECONDS:  # noqa: PLR2004 - a difference takes two
            self.samples.popleft()
        then, before = self.samples[0]
        return (settled - before) / (now - then) if now > then else 0.0


def totals_line(totals: Totals) -> str:
    shown = [
        f"{name} {number:,}"
        for name, number in ((name, int(totals[name])) for name in STATES)  # type: ignore[literal-required]
        if number
    ]
    if totals["in_doubt"]:
        shown.append(f"in doubt {totals['in_doubt']:,}")
    return " · ".join(shown) or "nobody"


def progress_line(campaign: Campaign, rate: float) -> str:
    totals = campaign.get("totals")
    if totals is None or not totals["total"]:
        return campaign["status"]
    settled = totals["total"] - totals["pending"]
    full = BAR * settled // totals["total"]
    bar = "█" * full + "░" * (BAR - full)
    speed = f"  {rate:,.0f}/s" if rate >= 1 else ""
    share = 100 * settled // totals["total"]
    return f"{campaign['status']:<8} {bar} {share:>3} %{speed}  {totals_line(totals)}"


def is_over(campaign: Campaign, until: str) -> bool:
    ended = campaign["status"] in ENDED
    return ended or (until == "sent" and campaign["sent_at"] is not None)


def follow(
    context: Context,
    client: Client,
    campaign_id: str,
    *,
    until: str = "done",
    each: Callable[[Campaign], None] | None = None,
) -> Campaign:
    """Show a campaign's progress until it is over; `each` sees every answer."""
    rate, last, shown_at = Rate(), "", -LINE_SECONDS
    while True:
        campaign = _patiently(context, client, campaign_id)
        if each is not None:
            each(campaign)
        now = context.clock()
        totals = campaign.get("totals")
        speed = rate.after(now, totals["total"] - totals["pending"]) if totals else 0.0
        over = is_over(campaign, until)
        line = progress_line(campaign, 0.0 if over else speed)
        if line != last and (context.screen.live or over or now - shown_at >= LINE_SECONDS):
            context.screen.progress(line)
            last, shown_at = line, now
        if over:
            context.screen.settle()
            return campaign
        context.sleep(POLL_SECONDS)


def _patiently(context: Context, client: Client, campaign_id: str) -> Campaign:
    """A server that is being restarted comes back: that is no reason to stop watching."""
    deadline = context.clock() + PATIENCE_SECONDS
    while True:
        try:
            return client.campaign(campaign_id)
        except Unreachable:
            if context.clock() >= deadline:
                raise
            if context.screen.live:
                context.screen.progress("no answer from the server, trying again …")
            context.sleep(POLL_SECONDS)


def watch(context: Context, given: Namespace) -> Exit:
    client = context.client()
    campaign = follow(context, client, given.id, until=given.until, each=context.screen.show)
    context.screen.say(ending(campaign))
    return Exit.OK if campaign["status"] not in ENDED - {"done"} else Exit.ENDED_BADLY


def ending(campaign: Campaign) -> str:
    totals = campaign.get("totals")
    text = totals_line(totals) if totals else ""
    if campaign["status"] in ENDED:
        why = f" ({campaign['failure']})" if campaign["failure"] else ""
        when = f" at {moment(campaign['finished_at'])}" if campaign["finished_at"] else ""
        return f"{campaign['name']} is {campaign['status']}{why}{when}: {text}."
    waiting = count(totals["sent"], "receipt is", "receipts are") if totals else "receipts are"
    return f"{campaign['name']} is sent; {waiting} still awaited: {text}."


COMMANDS = (
    Command(
        ("watch",),
        "follow a campaign while it is sent",
        watch,
        (
            argument("id", metavar="CAMPAIGN"),
            argument(
                "--until",
                choices=("done", "sent"),
                default="done",
                help="sent: do not wait for the last receipts, which may take days",
            ),
        ),
    ),
)
