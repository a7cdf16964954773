"""The survey function on moto, with messages as SQS words them."""

from __future__ import annotations

import hashlib
import json
from array import array
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.formats.chunk import Chunk
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest, digest_of
from chalicelib.domain.recipient_list import ListCounts
from functions.survey import handler
from tests.fakes import samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.survey import Survey
    from functions.survey import Message
    from tests.fakes.cloud import Cloud

NAMES = ["Anna", "Łukasz", ""]
NUMBER = 447_700_900_000


@pytest.fixture(autouse=True)
def environment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("directory", "campaigns", "delivery", "audit"):
        monkeypatch.setenv(f"MC_{name.upper()}_TABLE", name)
    monkeypatch.setenv("MC_DATA_BUCKET", cloud.bucket)
    for made in (bootstrap.surveyor, bootstrap.screener):
        made.cache_clear()
    yield
    for made in (bootstrap.surveyor, bootstrap.screener):
        made.cache_clear()


def put(cloud: Cloud, key: str, data: bytes) -> None:
    cloud.clients.s3().put_object(Bucket=cloud.bucket, Key=key, Body=data)


def listed(cloud: Cloud) -> None:
    """A list of one chunk, as ingest leaves it."""
    numbers = array("Q", range(NUMBER, NUMBER + len(NAMES)))
    data = chunk_format.encode(Chunk(numbers, {"name": NAMES}))
    entry = ChunkEntry(
        number=0,
        key="lists/wsp_a/lst_a/chunk-00000",
        count=len(NAMES),
        first_token=f"{0:016x}",
        last_token=f"{len(NAMES) - 1:016x}",
        sha256=hashlib.sha256(data).hexdigest(),
    )
    digest = digest_of([entry])
    manifest = Manifest(1, "wsp_a", "lst_a", digest, Counts(len(NAMES), 0, {}), (entry,))
    put(cloud, entry.key, data)
    put(cloud, "lists/wsp_a/lst_a/manifest", manifest_format.encode(manifest))
    counts = ListCounts(len(NAMES), emptied={"na#me": 1})
    recipients = samples.recipient_list(digest=digest, counts=counts, columns=("name", "a b"))
    save(cloud, recipients)
    assert DynamoCampaigns(cloud.store).recipient_list("wsp_a", "lst_a").columns == ("name", "a b")
    assert DynamoCampaigns(cloud.store).recipient_list("wsp_a", "lst_a").counts == counts


def save(cloud: Cloud, record: Any) -> None:
    DynamoChanges(cloud.store).save(record, samples.audit())


def campaign(cloud: Cloud, text: str = "Hello {{name}}") -> None:
    save(cloud, samples.campaign(content=samples.content(text=text)))


def stored(cloud: Cloud) -> Survey | None:
    return DynamoCampaigns(cloud.store).survey("wsp_a", "cmp_a")


def message(number: int, body: object) -> Message:
    return {  # type: ignore[typeddict-unknown-key]  # SQS sends more than we read
        "messageId": f"059f36b4-87a3-44ab-83d2-{number:012}",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1772442000000"},
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:surveys",
        "awsRegion": "eu-west-1",
    }


def failures(*bodies: object) -> list[int]:
    """The places of the messages that SQS is to deliver again."""
    messages = [message(number, body) for number, body in enumerate(bodies)]
    answer = handler({"Records": messages}, None)
    assert set(answer) == {"batchItemFailures"}
    return [int(item["itemIdentifier"][-12:]) for item in answer["batchItemFailures"]]


OURS = {"workspace": "wsp_a", "campaign": "cmp_a"}


def test_a_personal_text_is_counted_over_its_list(cloud: Cloud) -> None:
    listed(cloud)
    campaign(cloud)
    assert failures(OURS) == []

    survey = stored(cloud)
    assert survey is not None
    assert (survey.counted, survey.complete, survey.by_parts) == (3, True, {1: 3})
    assert (survey.by_encoding, survey.empty) == ({"gsm7": 2, "ucs2": 1}, {"name": 1})
    assert survey.samples == ("Hello Łukasz", "Hello ", "Hello Anna")
    # It comes again: nothing changes.
    assert failures(OURS) == []
    assert stored(cloud) == survey


def test_log_lines_hold_ids_and_counts(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    listed(cloud)
    campaign(cloud)
    with caplog.at_level("INFO", "survey"):
        failures(OURS, {"workspace": "wsp_a", "campaign": "cmp_none"})
    counted, nothing = (vars(record) for record in caplog.records if record.name == "survey")
    assert {
        "message": "texts counted",
        "workspace": "wsp_a",
        "campaign": "cmp_a",
        "recipients": 3,
        "too_long": 0,
    }.items() <= counted.items()
    assert counted["seconds"] >= 0
    assert (nothing["message"], nothing["campaign"]) == ("no survey to make", "cmp_none")
    told = f"{counted} {nothing}"
    assert not any(secret in told for secret in (str(NUMBER)[:9], "Anna", "Hello"))


def test_who_wants_no_messages_is_counted(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    listed(cloud)
    save(cloud, samples.suppression(number=NUMBER))
    with caplog.at_level("INFO", "survey"):
        assert (
            failures({"workspace": "wsp_a", "list": "lst_a"}, {"workspace": "wsp_a", "list": ""})
            == []
        )
    screening = DynamoCampaigns(cloud.store).screening("wsp_a", "lst_a")
    assert screening is not None
    assert (screening.counted, screening.suppressed) == (3, 1)
    counted, nothing = (vars(record) for record in caplog.records if record.name == "survey")
    assert {
        "message": "suppressed counted",
        "workspace": "wsp_a",
        "list": "lst_a",
        "recipients": 3,
        "suppressed": 1,
    }.items() <= counted.items()
    assert nothing["message"] == "nothing to count"
    assert str(NUMBER)[:9] not in f"{counted} {nothing}"


@pytest.mark.parametrize("text", ["Hello", "Hello {{name}}"])
def test_what_is_not_to_be_counted_is_done_with(cloud: Cloud, text: str) -> None:
    campaign(cloud, text)
    assert failures(OURS, {"workspace": "wsp_a", "campaign": "cmp_none"}) == []
    assert stored(cloud) is None


def test_a_fault_fails_its_own_message_alone(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    listed(cloud)
    campaign(cloud)
    save(
        cloud, samples.campaign(id="cmp_b", content=samples.content(text="{{name}}", list="lst_b"))
    )
    save(cloud, samples.recipient_list(id="lst_b", columns=("name",)))
    assert failures("no JSON", {"workspace": "wsp_a", "campaign": "cmp_b"}, OURS) == [0, 1]
    assert stored(cloud) is not None
    reported = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [vars(record)["message_id"][-1] for record in reported] == ["0", "1"]
