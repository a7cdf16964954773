"""Exports of the audit log as `mc audit export` writes them; their signatures are no real ones."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit import instant, to_json
from chalicelib.domain.seals import (
    ORIGIN,
    Checkpoint,
    checkpoint_bytes,
    checkpoint_to_json,
    seal_to_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.seals import Seal

Line = dict[str, Any]


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
