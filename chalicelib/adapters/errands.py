"""Errands on their way through an SQS queue to the function that writes the mails (SPEC 2.3)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from chalicelib.domain.letters import Errand, ErrandKind

if TYPE_CHECKING:
    from chalicelib.adapters.aws import Clients


class SqsErrands:
    def __init__(self, clients: Clients, queue_url: str) -> None:
        self._clients = clients
        self._queue_url = queue_url

    def post(self, errand: Errand) -> None:
        self._clients.sqs().send_message(
            QueueUrl=self._queue_url, MessageBody=json.dumps(asdict(errand))
        )


def errand_from_json(body: str) -> Errand:
    """What a message of the queue says; one of an unknown kind is a ValueError."""
    told = json.loads(body)
    return Errand(**{**told, "kind": ErrandKind(told["kind"])})
