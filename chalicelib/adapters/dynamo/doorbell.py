"""What a record of a table's stream says: something changed here (DESIGN 3).

Taken from the keys alone, since the consumer reads the state itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.adapters.dynamo import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ChunkRang:
    workspace: str
    campaign: str
    chunk: int


@dataclass(frozen=True, slots=True)
class InboxRang:
    channel: str


@dataclass(frozen=True, slots=True)
class AuditRang:
    workspace: str
    # Of the record.
    at: datetime


def rang(stream_keys: Mapping[str, Mapping[str, str]]) -> ChunkRang | InboxRang | None:
    """`stream_keys` is the record's `dynamodb.Keys`; None for items that nobody waits for."""
    pk = stream_keys["pk"]["S"]
    chunk = keys.journal_of(pk)
    if chunk is not None:
        return ChunkRang(*chunk)
    channel = keys.inbox_of(pk)
    return InboxRang(channel) if channel is not None else None


def audit_rang(stream_keys: Mapping[str, Mapping[str, str]]) -> AuditRang | None:
    """Of the audit table's stream; None for seals, which stand in partitions of their own."""
    workspace = stream_keys["pk"]["S"]
    if "#" in workspace:
        return None
    milliseconds = int(stream_keys["sk"]["S"].partition("#")[0])
    return AuditRang(workspace, _EPOCH + timedelta(milliseconds=milliseconds))
