"""Lists that are asked for again arrive as if S3 had announced them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.ingests import SqsIngests
from chalicelib.domain.errors import Unavailable
from functions.ingest.handler import uploaded
from tests.fakes.cloud import mocked_cloud
from tests.fakes.services import FakeIngests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.usecases.ports import Ingests
    from tests.fakes.cloud import Cloud

LISTS = [("wsp_a", "lst_a"), ("wsp_b+c", "lst_b c")]


@pytest.fixture(params=["fake", "sqs"])
def queue(request: pytest.FixtureRequest) -> Iterator[tuple[Ingests, Callable[[], object]]]:
    """The port, and what the ingest function finds in its queue."""
    if request.param == "fake":
        fake = FakeIngests()
        yield fake, lambda: sorted(fake.requested)
        return
    with mocked_cloud() as cloud:
        url = cloud.clients.sqs().create_queue(QueueName="uploads")["QueueUrl"]
        yield SqsIngests(cloud.clients, url), lambda: waiting(cloud, url)


def waiting(cloud: Cloud, url: str) -> list[tuple[str, str]]:
    answer = cloud.clients.sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return sorted(
        found for message in answer.get("Messages", ()) for found in uploaded(message["Body"])
    )


def test_lists_are_asked_for_by_their_place(queue: tuple[Ingests, Callable[[], object]]) -> None:
    ingests, waiting_now = queue
    for workspace, list_id in reversed(LISTS):
        ingests.request(workspace, list_id)
    assert waiting_now() == LISTS


def test_a_queue_that_does_not_answer_is_unavailable() -> None:
    with mocked_cloud() as cloud:
        url = cloud.clients.sqs().create_queue(QueueName="uploads")["QueueUrl"]
        ingests = SqsIngests(cloud.clients, url)
        cloud.clients.sqs().delete_queue(QueueUrl=url)
        with pytest.raises(Unavailable, match="queue of uploads"):
            ingests.request("wsp_a", "lst_a")
