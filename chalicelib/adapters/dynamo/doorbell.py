"""What a record of the delivery table's stream says: something changed here (DESIGN 3).

Taken from the keys alone, since the consumer reads the state itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamo import keys

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ChunkRang:
    workspace: str
    campaign: str
    chunk: int


@dataclass(frozen=True, slots=True)
class InboxRang:
    channel: str


def rang(stream_keys: Mapping[str, Mapping[str, str]]) -> ChunkRang | InboxRang | None:
    """`stream_keys` is the record's `dynamodb.Keys`; None for items that nobody waits for."""
    pk = stream_keys["pk"]["S"]
    chunk = keys.journal_of(pk)
    if chunk is not None:
        return ChunkRang(*chunk)
    channel = keys.inbox_of(pk)
    return InboxRang(channel) if channel is not None else None
