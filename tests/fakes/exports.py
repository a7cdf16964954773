"""Exports of the audit log as `mc audit export` writes them; their signatures are no real ones."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit import AuditRecord, instant, key_at, key_of, to_json
from chalicelib.domain.audit_check import check
from chalicelib.domain.seals import (
    ORIGIN,
    Checkpoint,
    Seal,
    checkpoint_bytes,
    checkpoint_to_json,
    next_seal,
    seal_to_json,
)
from tests.fakes import samples
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from chalicelib.domain.audit_findings import Fault, Findings, Subject

Line = dict[str, Any]

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def signature(message: bytes) -> bytes:
    return hashlib.sha256(b"the signing key" + message).digest()


def verify(message: bytes, signed: bytes) -> bool:
    return signed == signature(message)


def checkpoint_line(kind: str, checkpoint: Checkpoint) -> Line:
    signed = base64.b64encode(signature(checkpoint_bytes(checkpoint))).decode()
    return {"kind": kind, "checkpoint": checkpoint_to_json(checkpoint), "signature": signed}


def head(seals: Sequence[Seal], workspace: str, at: datetime) -> Checkpoint:
    if not seals:
        return Checkpoint(workspace, 0, ORIGIN, at, at)
    last = seals[-1]
    return Checkpoint(workspace, last.number, last.hash, last.expires_at, at)


def export(
    seals: Sequence[Seal],
    records: Iterable[AuditRecord],
    opened_at: datetime,
    closed_at: datetime,
    *,
    workspace: str = "wsp_a",
    stored: Iterable[Checkpoint] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Line]:
    """Of a log whose seals these all are, and these all its records: what has expired is left out,
    as it is whether it has been removed already or not.
    """
    until = until or opened_at
    opening = head(seals, workspace, opened_at)
    header = {
        "kind": "export",
        "format": 1,
        "workspace": workspace,
        "since": instant(since) if since else None,
        "until": instant(until),
        "public_key": "PEM",
    }
    return [
        header,
        *(checkpoint_line("checkpoint", each) for each in stored),
        checkpoint_line("opening", opening),
        *(
            {"kind": "seal", "seal": seal_to_json(seal)}
            for seal in seals
            if seal.expires_at > opened_at
        ),
        *(
            {"kind": "record", "record": to_json(record)}
            for record in records
            if record.expires_at > opened_at
            and record.at < until
            and (since is None or record.at >= since)
        ),
        checkpoint_line("closing", replace(opening, at=closed_at)),
    ]


def reading(lines: Iterable[Line | str]) -> Callable[[], Iterable[str]]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return lambda: iter(texts)


# --- logs to export ---


@dataclass(frozen=True, slots=True)
class Log:
    """All that was ever written, and when it is exported."""

    seals: list[Seal]
    sealed: list[AuditRecord]
    unsealed: list[AuditRecord]
    opened_at: datetime
    stored: list[Checkpoint]

    @property
    def records(self) -> list[AuditRecord]:
        return sorted((*self.sealed, *self.unsealed), key=key_of)

    def export(self, since: datetime | None = None) -> list[Line]:
        closed_at = self.opened_at + 5 * SECOND
        return export(
            self.seals, self.records, self.opened_at, closed_at, stored=self.stored, since=since
        )


def record(number: int, at: datetime, days: int = 90) -> AuditRecord:
    return samples.audit(id=f"aud_{number:026}", at=at, expires_at=at + days * DAY)


def chain(*batches: list[AuditRecord], every: timedelta = MINUTE) -> list[Seal]:
    seals: list[Seal] = []
    for number, batch in enumerate(batches, start=1):
        at = MORNING + number * every
        seals.append(next_seal(seals[-1] if seals else None, "wsp_a", batch, at))
    return seals


def small(*, stored: bool = False, unsealed: int = 0) -> Log:
    """Three seals, an hour apart, of two records each."""
    records = [record(number, MORNING + number * SECOND) for number in range(6)]
    seals = chain(records[:2], records[2:4], records[4:], every=HOUR)
    marks = [head(seals[:2], "wsp_a", seals[1].at)] if stored else []
    late = [record(90 + n, seals[2].at + n * SECOND) for n in range(unsealed)]
    return Log(seals, records, late, MORNING + 4 * HOUR, marks)


# --- what one does with an export ---


def checked(lines: Iterable[Line | str]) -> Findings:
    return check(reading(lines), verify)


def at_of(lines: list[Line], kind: str) -> list[int]:
    return [index for index, line in enumerate(lines) if line["kind"] == kind]


def key(shown: dict[str, Any]) -> str:
    return key_at(datetime.fromisoformat(shown["at"])) + str(shown["id"])


def line_of(lines: list[Line], kind: str, nth: int = 0) -> Line:
    return lines[at_of(lines, kind)[nth]]


def faults(found: Findings) -> list[tuple[Subject, Fault, str]]:
    return [(each.subject, each.fault, each.key) for each in found.findings]
