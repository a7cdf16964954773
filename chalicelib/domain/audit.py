"""Audit records (SPEC 8.2): who did what to what, when and from where."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Facts = Mapping[str, str | int | bool | None]

# Callers choose these; nobody gets to write novels into the log.
AGENT_MAX: Final = 256
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. Machines act as `system:<function>`, without address; API keys as themselves."""

    user: str
    role: str
    address: str = ""
    agent: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    id: str
    workspace: str
    # To the millisecond: records are kept and chained as they read (SPEC 8.2).
    at: datetime
    # Fixed when it is written: a workspace's retention holds for new records.
    expires_at: datetime
    actor: Actor
    action: str
    object: str
    # Who made the object, where it has an author: authors read what concerns their own (SPEC 2.2).
    author: str = ""
    before: Facts = field(default_factory=dict)
    after: Facts = field(default_factory=dict)


def system(function: str) -> Actor:
    return Actor(user=f"system:{function}", role="system")


def key_of(record: AuditRecord) -> str:
    """Its place in its workspace's log: sorts by time, and names it in a seal."""
    return key_at(record.at) + record.id


def key_at(moment: datetime) -> str:
    """What all keys of this moment begin with."""
    return f"{(moment - _EPOCH) // timedelta(milliseconds=1):015}#"


def to_json(record: AuditRecord) -> dict[str, Any]:
    """The record as the API, exports and the chain have it."""
    actor = record.actor
    return {
        "id": record.id,
        "workspace": record.workspace,
        "at": instant(record.at),
        "expires_at": instant(record.expires_at),
        # Field by field: `asdict` takes ten times as long, and every record goes through here.
        "actor": {
            "user": actor.user,
            "role": actor.role,
            "address": actor.address,
            "agent": actor.agent,
            "request": actor.request,
        },
        "action": record.action,
        "object": record.object,
        "author": record.author,
        "before": dict(record.before),
        "after": dict(record.after),
    }


def from_json(shown: Mapping[str, Any]) -> AuditRecord:
    """The record that `to_json` gave; a field that it has no value for has its default."""
    return AuditRecord(
        **{
            **shown,
            "actor": Actor(**shown["actor"]),
            "at": datetime.fromisoformat(shown["at"]),
            "expires_at": datetime.fromisoformat(shown["expires_at"]),
        }
    )


def hash_of(shown: Mapping[str, Any]) -> str:
    """Of a record as `to_json` gives it: over its canonical JSON, to be checked offline."""
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
