"""The folder: stream records of the delivery table ring; what changed is read there (DESIGN 3).

A batch names the same chunk many times; it is folded once. On a failure the batch is given back
from
the first record that belongs to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import bootstrap
from chalicelib.adapters.dynamo.doorbell import ChunkRang, InboxRang, rang
from chalicelib.telemetry import logger

if TYPE_CHECKING:
    from chalicelib.bootstrap import FolderParts


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    parts = bootstrap.folder()
    first: dict[ChunkRang | InboxRang, str] = {}
    for record in event["Records"]:
        # What was folded is removed; that rings too, and there is nothing to do for it.
        bell = rang(record["dynamodb"]["Keys"]) if record["eventName"] == "INSERT" else None
        if bell is not None:
            first.setdefault(bell, record["dynamodb"]["SequenceNumber"])
    for bell, sequence in first.items():
        try:
            _answer(parts, bell)
        except Exception:  # noqa: BLE001 - the edge of the process, which reports
            logger("folder").exception("fold failed", extra={"bell": repr(bell)})
            return {"batchItemFailures": [{"itemIdentifier": sequence}]}
    return {"batchItemFailures": []}


def _answer(parts: FolderParts, bell: ChunkRang | InboxRang) -> None:
    if isinstance(bell, ChunkRang):
        parts.folder.fold(bell.workspace, bell.campaign, bell.chunk)
        return
    resolved = parts.receipts.resolve(bell.channel)
    if resolved.waiting:
        logger("folder").info("receipts put aside", extra={"count": resolved.waiting})
