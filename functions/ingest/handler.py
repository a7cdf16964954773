"""Lists that have arrived: the uploads bucket's notifications, through SQS (DESIGN 4.1).

A message that fails comes again, alone, and after some tries goes to the dead letters. Log lines
hold ids and counts; a key, an event or a number never gets into one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict
from urllib.parse import unquote_plus

import msgspec

from chalicelib import bootstrap
from chalicelib.telemetry import logger
from functions.ingest import indexing, pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE: Final = "ingest"
CREATED: Final = "ObjectCreated:"
TEST: Final = "s3:TestEvent"  # S3 sends one when the notification is configured


class Message(TypedDict):
    messageId: str
    body: str


class Event(TypedDict):
    Records: list[Message]


class Failure(TypedDict):
    itemIdentifier: str


class Answer(TypedDict):
    batchItemFailures: list[Failure]


class _Object(msgspec.Struct):
    key: str


class _Bucket(msgspec.Struct):
    object: _Object


class _Record(msgspec.Struct, rename="camel"):
    event_name: str
    s3: _Bucket


class _Notification(msgspec.Struct, rename="pascal"):
    event: str = ""
    records: list[_Record] | None = None


def handler(event: Event, _context: object) -> Answer:
    failed = [message["messageId"] for message in event["Records"] if not _take(message)]
    return {"batchItemFailures": [{"itemIdentifier": failure} for failure in failed]}


def _take(message: Message) -> bool:
    try:
        for workspace, list_id in uploaded(message["body"]):
            _ingest(workspace, list_id)
    except Exception:  # noqa: BLE001 - the edge of the process, which reports
        # The other messages of the batch are due all the same.
        logger(SERVICE).exception("ingest failed", extra={"message_id": message["messageId"]})
        return False
    return True


def uploaded(body: str) -> Iterator[tuple[str, str]]:
    """Workspace and list of every object that a notification says was created."""
    notification = msgspec.json.decode(body, type=_Notification)
    if notification.records is None and notification.event != TEST:
        raise ValueError("This is no notification of S3: it has no Records.")
    for record in notification.records or ():
        workspace, _, list_id = unquote_plus(record.s3.object.key).partition("/")
        if record.event_name.startswith(CREATED) and workspace and list_id and "/" not in list_id:
            yield workspace, list_id


def _ingest(workspace: str, list_id: str) -> None:
    names = {"workspace": workspace, "list": list_id}
    recipients = bootstrap.ingest(pipeline.gather).run(workspace, list_id)
    if recipients is None:
        logger(SERVICE).warning("no such list", extra=names)
        return
    counts = recipients.counts
    logger(SERVICE).info(
        "list ingested",
        extra={
            **names,
            "status": recipients.status.value,
            "valid": counts.valid,
            "duplicate": counts.duplicate,
            "rejected": counts.rejected,
        },
    )
    _index(workspace, list_id)


def _index(workspace: str, list_id: str) -> None:
    """Of a list that is ready. A message whose index was not finished comes again."""
    if bootstrap.indexer(indexing.store_parts).index(workspace, list_id):
        logger(SERVICE).info("list indexed", extra={"workspace": workspace, "list": list_id})
