"""Surveys that were asked for, on their way through an SQS queue to the function that makes them
(SPEC 4.2).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chalicelib.domain.errors import Unavailable

if TYPE_CHECKING:
    from chalicelib.adapters.aws import Clients


class SqsSurveys:
    def __init__(self, clients: Clients, queue_url: str) -> None:
        self._clients = clients
        self._queue_url = queue_url

    def request(self, workspace: str, campaign: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with boto3

        body = json.dumps({"workspace": workspace, "campaign": campaign})
        try:
            self._clients.sqs().send_message(QueueUrl=self._queue_url, MessageBody=body)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The queue of surveys") from error


def survey_from_json(body: str) -> tuple[str, str]:
    """Workspace and campaign that a message of the queue names."""
    told = json.loads(body)
    return told["workspace"], told["campaign"]
