"""Requests for surveys arrive as they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.surveys import SqsSurveys, asked_from_json
from chalicelib.domain.errors import Unavailable
from tests.fakes.cloud import mocked_cloud
from tests.fakes.services import FakeSurveys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.usecases.ports import Surveys
    from tests.fakes.cloud import Cloud

REQUESTS = [("wsp_a", "cmp_a"), ("wsp_b", "cmp_b")]
LISTS = [("wsp_a", "lst_a"), ("wsp_b", "lst_a")]


@pytest.fixture(params=["fake", "sqs"])
def queue(request: pytest.FixtureRequest) -> Iterator[tuple[Surveys, Callable[[], object]]]:
    """The port, and what waits in its queue."""
    if request.param == "fake":
        fake = FakeSurveys()
        yield fake, lambda: (sorted(fake.requested), sorted(fake.screenings))
        return
    with mocked_cloud() as cloud:
        url = cloud.clients.sqs().create_queue(QueueName="surveys")["QueueUrl"]
        yield SqsSurveys(cloud.clients, url), lambda: waiting(cloud, url)


def waiting(cloud: Cloud, url: str) -> object:
    """Campaigns whose texts are to be counted, and lists whose suppressed are."""
    answer = cloud.clients.sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    asked = [asked_from_json(message["Body"]) for message in answer.get("Messages", ())]
    return (
        sorted((one.workspace, one.campaign) for one in asked if one.campaign),
        sorted((one.workspace, one.list) for one in asked if one.list),
    )


def test_surveys_are_asked_for_by_campaign(queue: tuple[Surveys, Callable[[], object]]) -> None:
    surveys, waiting_now = queue
    for workspace, campaign in reversed(REQUESTS):
        surveys.request(workspace, campaign)
    assert waiting_now() == (REQUESTS, [])


def test_screenings_are_asked_for_by_list(queue: tuple[Surveys, Callable[[], object]]) -> None:
    surveys, waiting_now = queue
    for workspace, list_id in reversed(LISTS):
        surveys.request_screening(workspace, list_id)
    assert waiting_now() == ([], LISTS)


def test_a_queue_that_does_not_answer_is_unavailable() -> None:
    with mocked_cloud() as cloud:
        url = cloud.clients.sqs().create_queue(QueueName="surveys")["QueueUrl"]
        surveys = SqsSurveys(cloud.clients, url)
        cloud.clients.sqs().delete_queue(QueueUrl=url)
        with pytest.raises(Unavailable, match="queue of surveys"):
            surveys.request("wsp_a", "cmp_a")


@pytest.mark.parametrize("body", ["no JSON", '{"workspace": "wsp_a"}', "[]", "null"])
def test_another_message_is_an_error(body: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        asked_from_json(body)
