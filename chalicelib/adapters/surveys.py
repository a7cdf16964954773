"""Surveys and screenings that were asked for, on their way through an SQS queue to the function
that makes them (SPEC 4.2).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.errors import Unavailable

if TYPE_CHECKING:
    from chalicelib.adapters.aws import Clients


class Asked(NamedTuple):
    """A survey of a campaign's text, or a screening of a list: one of them is named."""

    workspace: str
    campaign: str | None
    list: str | None


class SqsSurveys:
    def __init__(self, clients: Clients, queue_url: str) -> None:
        self._clients = clients
        self._queue_url = queue_url

    def request(self, workspace: str, campaign: str) -> None:
        self._send({"workspace": workspace, "campaign": campaign})

    def request_screening(self, workspace: str, list_id: str) -> None:
        self._send({"workspace": workspace, "list": list_id})

    def _send(self, message: dict[str, str]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with boto3

        try:
            self._clients.sqs().send_message(
                QueueUrl=self._queue_url, MessageBody=json.dumps(message)
            )
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The queue of surveys") from error


def asked_from_json(body: str) -> Asked:
    """What a message of the queue names."""
    told = json.loads(body)
    if "list" in told:
        return Asked(told["workspace"], None, told["list"])
    return Asked(told["workspace"], told["campaign"], None)
