"""Moderation: what waits for a decision, what it is, and deciding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.campaigns import tell
from cli.command import Command, Context, Run, argument
from cli.errors import Exit
from cli.screen import count, moment

if TYPE_CHECKING:
    from argparse import Namespace

    from cli.shapes import Review, ReviewCounts, Sample

_ID = argument("id", metavar="CAMPAIGN")


def queue(context: Context, given: Namespace) -> Exit:
    del given
    found = list(context.client().queue())
    context.screen.show({"items": found})
    context.screen.table(
        ("kind", "what", "revision", "title", "recipients", "submitted"),
        (
            (
                item["kind"],
                item["object"],
                str(item["revision"] or ""),
                item["title"],
                f"{item['recipients']:,}" if item["kind"] == "campaign" else "",
                moment(item["submitted_at"]),
            )
            for item in found
        ),
    )
    return Exit.OK


def review(context: Context, given: Namespace) -> Exit:
    found = context.client().review(given.id)
    context.screen.show(found)
    counts, plan, parts = found["counts"], found["plan"], found["parts"]
    facts = {
        "campaign": f"{found['id']} ({found['status']}, {found['approval']})",
        "from": found["address"],
        "recipients": f"{counts['valid']:,}" if counts else "",
        "left out": _left_out(counts) if counts else "",
        "suppressed": _suppressed(counts) if counts else "",
        "texts": _texts(found),
        "parts in all": f"{parts:,}" if parts is not None else "",
        "begins": moment(plan["begins_at"]) if plan else "",
        "finishes": moment(plan["finishes_at"]) if plan else "",
        "at most": f"{plan['messages_per_second']:g} messages a second" if plan else "",
        "days": str(len(plan["days"])) if plan and plan["days"] else "",
        "does not fit": (plan["objection"] or "") if plan else "",
        "digest": found["digest"] or "",
    }
    context.screen.facts({name: value for name, value in facts.items() if value})
    for sample in found["samples"]:
        context.screen.say(f"  “{sample['text']}” ({_size(sample)})")
    for problem in found["problems"]:
        context.screen.say(f"  {problem['field']}: {problem['message']}")
    return Exit.OK


def _left_out(counts: ReviewCounts) -> str:
    reasons = {"duplicate": counts["duplicate"], **counts["invalid"]}
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)


def _suppressed(counts: ReviewCounts) -> str:
    screening, suppressed = counts["screening"], counts["suppressed"]
    if screening is None:
        return ""
    if suppressed is None:
        looked_at = f"{screening['counted']:,} of {screening['recipients']:,}"
        return f"being counted, {looked_at} looked at so far"
    return f"{suppressed:,}, as of {moment(screening['counted_at'])}" if suppressed else "nobody"


def _texts(found: Review) -> str:
    spread, text = found["spread"], found["text"]
    if spread is None:
        return _size(text) if text else ""
    sizes = [
        f"{each['recipients']:,} of {count(each['parts'], 'part')}" for each in spread["by_parts"]
    ]
    if spread["too_long"]:
        sizes.append(f"{spread['too_long']:,} too long to be sent")
    if spread["progress"] != "complete":
        sizes.append(f"{spread['counted']:,} of {spread['recipients']:,} counted so far")
    return ", ".join(sizes)


def _size(sample: Sample) -> str:
    return (
        f"{sample['characters']} characters, {sample['encoding']}, {count(sample['parts'], 'part')}"
    )


def _decision(*, approve: bool) -> Run:
    def run(context: Context, given: Namespace) -> Exit:
        decided = context.client().decide(
            given.id, approve=approve, note=given.note, shown=given.digest
        )
        return tell(context, decided, "approved" if approve else "rejected")

    return run


def release(context: Context, given: Namespace) -> Exit:
    times = {"start_at": given.start_at, "date_from": given.date_from, "date_to": given.date_to}
    said = {name: time for name, time in times.items() if time is not None}
    return tell(context, context.client().act(given.id, "release", said), "released")


_DIGEST = argument("--digest", help="of what you were shown; by default of what is there now")

COMMANDS = (
    Command(("queue",), "what waits for a decision", queue),
    Command(("review",), "what a decision is about: texts, counts, plan", review, (_ID,)),
    Command(
        ("approve",),
        "approve a campaign",
        _decision(approve=True),
        (_ID, argument("--note", default="", help="what the author is told"), _DIGEST),
    ),
    Command(
        ("reject",),
        "reject a campaign",
        _decision(approve=False),
        (_ID, argument("--note", required=True, help="why; the author is told"), _DIGEST),
    ),
    Command(
        ("release",),
        "give a campaign that missed its start a new time",
        release,
        (
            _ID,
            argument("--start-at", metavar="TIME", help="on_time; by default now"),
            argument("--date-from", metavar="TIME", help="spread"),
            argument("--date-to", metavar="TIME", help="spread"),
        ),
    ),
)
