"""The sealer: stream records of the audit table ring; what is new is read there (DESIGN 3).

A batch names the same workspace many times; it is sealed once, back to the oldest record that rang.
On a failure the batch is given back from the first record that belongs to it. Seals are records of
the same table and ring as well, for nobody.

The stream is also the witness: nobody changes what the table holds, and nobody but DynamoDB, when
its time has come, removes anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import bootstrap
from chalicelib.adapters.dynamo.doorbell import AuditRang, audit_rang
from chalicelib.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# DynamoDB's own mark on what it removed because its time was up.
EXPIRY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    records = event["Records"]
    _watch(records)
    sealer = bootstrap.sealer()
    for bell, sequence in _bells(records):
        try:
            sealer.seal(bell.workspace, bell.at)
        except Exception:  # noqa: BLE001 - the edge of the process, which reports
            logger("sealer").exception("sealing failed", extra={"workspace": bell.workspace})
            return {"batchItemFailures": [{"itemIdentifier": sequence}]}
    return {"batchItemFailures": []}


def _watch(records: Iterable[Mapping[str, Any]]) -> None:
    """Tell of whatever was changed or removed: by its key, since records hold people's data."""
    for record in records:
        name = record["eventName"]
        if name == "INSERT" or (name == "REMOVE" and record.get("userIdentity") == EXPIRY):
            continue
        key = {part: value["S"] for part, value in record["dynamodb"]["Keys"].items()}
        logger("sealer").error("[audit-tampered]", extra={"event": name, "key": key})


def _bells(records: Iterable[Mapping[str, Any]]) -> list[tuple[AuditRang, str]]:
    """Each workspace's oldest record, and the sequence number of its first."""
    found: dict[str, tuple[AuditRang, str]] = {}
    for record in records:
        change = record["dynamodb"]
        bell = audit_rang(change["Keys"]) if record["eventName"] == "INSERT" else None
        if bell is not None:
            oldest, first = found.get(bell.workspace, (bell, change["SequenceNumber"]))
            found[bell.workspace] = (bell if bell.at < oldest.at else oldest, first)
    return list(found.values())
