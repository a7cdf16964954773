"""Lists to be read once more, through the queue that the uploads bucket notifies (DESIGN 4.1): in
S3's own words, so that the queue holds one kind of message.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.recipient_list import upload_key

if TYPE_CHECKING:
    from chalicelib.adapters.aws import Clients


class SqsIngests:
    def __init__(self, clients: Clients, queue_url: str) -> None:
        self._clients = clients
        self._queue_url = queue_url

    def request(self, workspace: str, list_id: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with boto3

        body = json.dumps(notification(upload_key(workspace, list_id)))
        try:
            self._clients.sqs().send_message(QueueUrl=self._queue_url, MessageBody=body)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The queue of uploads") from error


def notification(key: str) -> dict[str, object]:
    """As S3 sends it for an object; keys come quoted as in a form."""
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:CompleteMultipartUpload",
        "s3": {"object": {"key": quote_plus(key, safe="/")}},
    }
    return {"Records": [record]}
