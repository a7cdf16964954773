"""The audit log: read it, take it along, and check offline that nobody changed it (SPEC 8.2).

An export is a file of JSON lines; `chalicelib/domain/audit_check.py` describes it and checks it.
Stored checkpoints are read before the one that opens the export, so that none tells of a seal which
came later, and all else after it, so that all that it stands for was there.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from chalicelib.domain.audit_check import FORMAT, NotAnExport, check, public_key_of
from cli.client import PAGE, PAUSE, TRIES, Client
from cli.command import Command, Context, argument
from cli.errors import ClientError, Exit, Refused, Unreachable, UsageError
from cli.screen import count, moment
from cli.signatures import PublicKey

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from chalicelib.domain.audit_findings import Findings
    from cli.screen import Screen
    from cli.shapes import Json

# Faults that are told one by one.
TOLD: Final = 20
# Records between two signs of life.
STEP: Final = 1_000
_SERVER_ERRORS: Final = 500


@dataclass(slots=True)
class AuditClient(Client):
    """An export is thousands of requests, so each is tried again; none of them changes anything."""

    sleep: Callable[[float], None] = time.sleep

    def page(self, path: str, given: Mapping[str, str | None]) -> Json:
        sent = {name: value for name, value in given.items() if value is not None}
        return self._again("GET", f"/audit{path}?{urlencode(sent)}")

    def every(self, path: str, given: Mapping[str, str | None]) -> Iterator[Json]:
        after: str | None = None
        while True:
            page = self.page(path, {**given, "limit": str(PAGE), "after": after})
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def checkpoint(self) -> Json:
        """The chain's head, signed now, and the public key."""
        return self._again("POST", "/audit/checkpoint", {})

    def _again(self, method: str, path: str, body: Json | None = None) -> Json:
        for _ in range(TRIES - 1):
            try:
                return self._here(method, path, body)
            except Unreachable:
                self.sleep(PAUSE)
            except Refused as error:
                if error.status < _SERVER_ERRORS:
                    raise
                self.sleep(PAUSE)
        return self._here(method, path, body)


def show(context: Context, given: Namespace) -> Exit:
    """A page of the server's may hold fewer than was asked for, or none, and yet not be the last:
    it looks at so many records, whether they are what is wanted or not.
    """
    client = _client(context)
    filters = {
        "since": _instant("--since", given.since),
        "until": _instant("--until", given.until),
        "actor": given.actor,
        "action": given.action,
        "object": given.object,
    }
    items: list[Json] = []
    after = given.after
    while True:
        wanted = min(given.limit - len(items), PAGE)
        page = client.page("", {**filters, "limit": str(wanted), "after": after})
        items += page["items"]
        after = page["next"]
        if after is None or len(items) >= given.limit:
            break
    context.screen.show({"items": items, "next": after})
    context.screen.table(
        ("when", "who", "role", "what", "object", "from", "sealed"), map(_row, items)
    )
    if after is not None:
        context.screen.say(f"More: mc audit list --after {after}")
    return Exit.OK


def _row(item: Json) -> tuple[str, ...]:
    actor = item["actor"]
    return (
        moment(item["at"]),
        actor["user"],
        actor["role"],
        item["action"],
        item["object"],
        actor["address"],
        "yes" if item["sealed"] else "not yet",
    )


def export(context: Context, given: Namespace) -> Exit:
    client = _client(context)
    since, until = _instant("--since", given.since), _instant("--until", given.until)
    stored = client.page("/checkpoints", {})["items"]
    opening = client.checkpoint()
    key = PublicKey.of(opening["public_key"])
    opened_at = opening["checkpoint"]["at"]
    period = {"since": since, "until": min(until or opened_at, opened_at)}
    written = _write_whole(given.out, _lines(client, stored, opening, period), context.screen)
    context.screen.show({"file": str(given.out), "records": written, "key": key.fingerprint})
    context.screen.say(f"{count(written, 'record')} written to {given.out}.")
    context.screen.say(f"The log is signed by the key {key.fingerprint}.")
    context.screen.say(f"Check it, here or elsewhere: mc audit verify {given.out}")
    return Exit.OK


def _lines(
    client: AuditClient, stored: Iterable[Json], opening: Json, period: Mapping[str, str | None]
) -> Iterator[Json]:
    head, until = opening["checkpoint"], period["until"] or ""
    yield {
        "kind": "export",
        "format": FORMAT,
        "workspace": head["workspace"],
        **period,
        "public_key": opening["public_key"],
    }
    for signed in stored:
        yield _checkpoint("checkpoint", signed)
    yield _checkpoint("opening", opening)
    for seal in _kept(client.every("/seals", {}), head["at"]):
        if seal["number"] > head["seal"]:
            break
        yield {"kind": "seal", "seal": seal}
    for record in _kept(client.every("/records", {"since": period["since"]}), head["at"]):
        if record["at"] >= until:
            break
        yield {"kind": "record", "record": record}
    yield _checkpoint("closing", client.checkpoint())


def _kept(items: Iterable[Json], opened_at: str) -> Iterator[Json]:
    """What has expired may be there still or not: without it, what is missing is missing."""
    return (item for item in items if item["expires_at"] > opened_at)


def _checkpoint(kind: str, signed: Json) -> Json:
    return {"kind": kind, "checkpoint": signed["checkpoint"], "signature": signed["signature"]}


def _write_whole(path: Path, lines: Iterable[Json], screen: Screen) -> int:
    """All of it or nothing, since half an export looks like a broken one; how many records."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            written = _write(handle, lines, screen)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
    return written


def _write(handle: int, lines: Iterable[Json], screen: Screen) -> int:
    written = 0
    with os.fdopen(handle, "w", encoding="ascii") as file:
        for line in lines:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
            if line["kind"] == "record":
                written += 1
                if screen.live and not written % STEP:
                    screen.progress(f"{written:,} records written")
    return written


def verify(context: Context, given: Namespace) -> Exit:
    """Needs no session and no network."""

    def read() -> Iterator[str]:
        # What is no text is no JSON either, and is told by its line.
        with given.file.open(encoding="utf-8", errors="surrogateescape") as lines:
            yield from lines

    try:
        pem = given.key.read_text("utf-8") if given.key else public_key_of(read)
        key = PublicKey.of(pem)
        found = check(read, key.signed)
    except NotAnExport as error:
        raise ClientError(f"{given.file} is no export of the audit log. {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"It cannot be read: {error}") from error
    context.screen.show({**asdict(found), "clean": found.clean, "key": key.fingerprint})
    _report(context.screen, found)
    if given.key is None:
        context.screen.say(
            f"The key was taken from the file itself: {key.fingerprint}\n"
            "Compare it with the one that you know, or give that one with --key."
        )
    # As where the server refuses: what was asked for is not there.
    return Exit.OK if found.clean else Exit.REFUSED


def _report(screen: Screen, found: Findings) -> None:
    begin = f"from {moment(found.since)}" if found.since else "from the beginning"
    last = f"{found.seals_expired + 1:,} to {found.head:,}" if found.seals else "none"
    records = [
        f"{found.intact:,} intact",
        f"{found.expired:,} expired",
        f"{found.unsealed:,} not sealed yet",
    ]
    if found.unproven:
        records.append(f"{found.unproven:,} that a broken chain tells nothing of")
    screen.facts(
        {
            "workspace": found.workspace,
            "period": f"{begin} to {moment(found.until)}",
            "signed": f"{moment(found.opened_at)} to {moment(found.closed_at)}",
            "records": ", ".join(records),
            "seals": f"{last} kept, {found.seals_expired:,} expired before",
        }
    )
    if found.first is None:
        screen.say("The log is whole: nothing was changed, removed or put in.")
        return
    faults = ", ".join(f"{number:,} {fault}" for fault, number in found.faults.items())
    screen.say(f"THE LOG IS BROKEN: {faults}.")
    record = found.first_record
    if record is not None:
        screen.say(f"The first broken record is {record.id}: {record.fault}, {record.text}.")
    for finding in found.findings[:TOLD]:
        name = finding.id or finding.key
        screen.say(f"  {finding.subject} {name}: {finding.fault}, {finding.text}")
    left = sum(found.faults.values()) - TOLD
    if left > 0:
        screen.say(f"  and {left:,} more")


def _client(context: Context) -> AuditClient:
    client = context.client()
    return AuditClient(
        client.url, client.token, client.workspace, client.transport, sleep=context.sleep
    )


def _instant(name: str, text: str | None) -> str | None:
    """As the log has it. Without a time zone it is this machine's, as all that is shown."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"{name}: use a time such as 2026-03-01 or 2026-03-01T09:00Z.") from error
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_SINCE = argument("--since", metavar="TIME", help="from then on, such as 2026-03-01")
_UNTIL = argument("--until", metavar="TIME", help="before then")

COMMANDS = (
    Command(
        ("audit", "list"),
        "who did what, newest first",
        show,
        (
            _SINCE,
            _UNTIL,
            argument("--actor", metavar="ID", help="of this person or API key"),
            argument("--action", help="such as campaign.approved"),
            argument("--object", metavar="ID", help="done to this"),
            argument("--limit", type=int, default=50, help="rows, 50 by default"),
            argument("--after", metavar="CURSOR", help="go on from there"),
        ),
    ),
    Command(
        ("audit", "export"),
        "take the log along with its seals, to be checked offline",
        export,
        (_SINCE, _UNTIL, argument("--out", type=Path, required=True, metavar="FILE")),
    ),
    Command(
        ("audit", "verify"),
        "check an export, offline: whether anything was changed, removed or put in",
        verify,
        (
            argument("file", type=Path),
            argument(
                "--key",
                type=Path,
                metavar="PEM",
                help="the public key that you trust; by default the one in the file",
            ),
        ),
    ),
)
