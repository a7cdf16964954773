"""The mailer: errands become mails, through SQS, outside of the request that asked for one (SPEC
2.3).

A message that fails comes again, alone, and after some tries goes to the dead letters. Log lines
hold ids and kinds; an address, an errand or a token never gets into one.
"""

from __future__ import annotations

from traceback import extract_tb
from typing import Final, TypedDict

from chalicelib import bootstrap
from chalicelib.adapters.errands import errand_from_json
from chalicelib.telemetry import logger

SERVICE: Final = "mailer"


class Message(TypedDict):
    messageId: str
    body: str


class Event(TypedDict):
    Records: list[Message]


class Failure(TypedDict):
    itemIdentifier: str


class Answer(TypedDict):
    batchItemFailures: list[Failure]


def handler(event: Event, _context: object) -> Answer:
    failed = [message["messageId"] for message in event["Records"] if not _take(message)]
    return {"batchItemFailures": [{"itemIdentifier": failure} for failure in failed]}


def _take(message: Message) -> bool:
    kind = "unknown"
    try:
        errand = errand_from_json(message["body"])
        kind = errand.kind.value
        bootstrap.mailer().do(errand)
    except Exception as error:  # noqa: BLE001 - the edge of the process, which reports
        # Without the error's own words: services name the address in what they refuse.
        frames = extract_tb(error.__traceback__)
        logger(SERVICE).error(
            "mail failed",
            extra={
                "message_id": message["messageId"],
                "kind": kind,
                "error": type(error).__name__,
                "frames": [f"{frame.name}:{frame.lineno}" for frame in frames],
            },
        )
        return False
    return True
