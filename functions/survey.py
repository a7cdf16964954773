"""What takes longer to count than a request may, asked for through SQS: texts over a list, and who
of a list wants no messages (SPEC 4.2).

A message that fails comes again, alone, and after some tries goes to the dead letters. Log lines
hold ids and counts; a text, a value or a number never gets into one.
"""

from __future__ import annotations

from typing import Final, TypedDict

from chalicelib import bootstrap
from chalicelib.adapters.surveys import asked_from_json
from chalicelib.telemetry import logger

SERVICE: Final = "survey"


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
    try:
        workspace, campaign, list_id = asked_from_json(message["body"])
        if campaign is not None:
            _survey(workspace, campaign)
        if list_id is not None:
            _screen(workspace, list_id)
    except Exception:  # noqa: BLE001 - the edge of the process, which reports
        logger(SERVICE).exception("survey failed", extra={"message_id": message["messageId"]})
        return False
    return True


def _screen(workspace: str, list_id: str) -> None:
    names = {"workspace": workspace, "list": list_id}
    screening = bootstrap.screener().screen(workspace, list_id)
    if screening is None:
        logger(SERVICE).info("nothing to count", extra=names)
        return
    logger(SERVICE).info(
        "suppressed counted",
        extra={
            **names,
            "recipients": screening.recipients,
            "suppressed": screening.suppressed,
            "seconds": (screening.written_at - screening.asked_at).total_seconds(),
        },
    )


def _survey(workspace: str, campaign: str) -> None:
    names = {"workspace": workspace, "campaign": campaign}
    survey = bootstrap.surveyor().survey(workspace, campaign)
    if survey is None:
        logger(SERVICE).info("no survey to make", extra=names)
        return
    logger(SERVICE).info(
        "texts counted",
        extra={
            **names,
            "recipients": survey.recipients,
            "too_long": survey.too_long,
            "seconds": (survey.written_at - survey.begun_at).total_seconds(),
        },
    )
