"""The ingest function on moto, with notifications as S3 and SQS word them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.kms import KmsDataKeys
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.recipient_list import ListCounts, ListStatus
from functions.ingest import indexing
from functions.ingest.handler import handler
from tests.fakes import samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.recipient_list import RecipientList
    from functions.ingest.handler import Message
    from tests.fakes.cloud import Cloud

NUMBERS = b"phone\n447400123456\n447400123456\n33612345678\nnone\n"


@pytest.fixture(autouse=True)
def environment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("directory", "campaigns", "delivery", "audit"):
        monkeypatch.setenv(f"MC_{name.upper()}_TABLE", name)
    monkeypatch.setenv("MC_UPLOADS_BUCKET", cloud.bucket)
    monkeypatch.setenv("MC_DATA_BUCKET", cloud.bucket)
    monkeypatch.setenv("MC_DATA_KEY", cloud.data_key)
    wrapped = KmsDataKeys(cloud.clients, cloud.data_key).create("wsp_a")
    save(cloud, samples.workspace(wrapped_data_key=wrapped))
    bootstrap.ingest.cache_clear()
    bootstrap.indexer.cache_clear()
    yield
    bootstrap.ingest.cache_clear()
    bootstrap.indexer.cache_clear()


def save(cloud: Cloud, record: Any) -> None:
    DynamoChanges(cloud.store).save(record, samples.audit())


def upload(cloud: Cloud, list_id: str, data: bytes) -> None:
    recipients = samples.recipient_list(
        id=list_id, status=ListStatus.UPLOADING, counts=ListCounts(), digest=None
    )
    save(cloud, recipients)
    cloud.clients.s3().put_object(Bucket=cloud.bucket, Key=f"wsp_a/{list_id}", Body=data)


def stored(cloud: Cloud, list_id: str) -> RecipientList:
    return DynamoCampaigns(cloud.store).recipient_list("wsp_a", list_id)


def created(key: str, name: str = "ObjectCreated:CompleteMultipartUpload") -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-03-02T09:00:00.000Z",
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "responseElements": {"x-amz-request-id": "D82B88E5F771F645", "x-amz-id-2": "vlR7PnpV2Ce8"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "uploads",
            "bucket": {
                "name": "bucket",
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": "arn:aws:s3:::bucket",
            },
            "object": {
                "key": key,
                "size": 1024,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e-1",
                "sequencer": "0055AED6DCD90281E5",
            },
        },
    }


TEST_EVENT = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2026-03-02T09:00:00.000Z",
    "Bucket": "bucket",
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
}


def message(number: int, body: object) -> Message:
    return {  # type: ignore[typeddict-unknown-key]  # SQS sends more than we read
        "messageId": f"059f36b4-87a3-44ab-83d2-{number:012}",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1772442000000"},
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:uploads",
        "awsRegion": "eu-west-1",
    }


def failures(*bodies: object) -> list[int]:
    """The places of the messages that SQS is to deliver again."""
    messages = [message(number, body) for number, body in enumerate(bodies)]
    answer = handler({"Records": messages}, None)
    assert set(answer) == {"batchItemFailures"}
    return [int(item["itemIdentifier"][-12:]) for item in answer["batchItemFailures"]]


def test_an_uploaded_file_becomes_a_ready_list(cloud: Cloud) -> None:
    upload(cloud, "lst_a", NUMBERS)

    assert failures({"Records": [created("wsp_a/lst_a")]}) == []

    done = stored(cloud, "lst_a")
    assert (done.status, done.counts) == (
        ListStatus.READY,
        ListCounts(2, 1, {"not_a_number": 1}),
    )
    answer = cloud.clients.s3().get_object(Bucket=cloud.bucket, Key="lists/wsp_a/lst_a/manifest")
    assert manifest_format.decode(answer["Body"].read()).digest == done.digest


def of_index(cloud: Cloud, list_id: str) -> dict[str, bytes]:
    client, prefix = cloud.clients.s3(), f"lists/wsp_a/{list_id}/hashes/"
    found = client.list_objects_v2(Bucket=cloud.bucket, Prefix=prefix).get("Contents", [])
    return {
        item["Key"].removeprefix(prefix): client.get_object(Bucket=cloud.bucket, Key=item["Key"])[
            "Body"
        ].read()
        for item in found
    }


def test_a_ready_list_is_indexed_by_hash(cloud: Cloud) -> None:
    upload(cloud, "lst_a", NUMBERS)
    assert failures({"Records": [created("wsp_a/lst_a")]}) == []
    found = of_index(cloud, "lst_a")
    assert set(found) == {"index", "00"}
    assert json.loads(found["index"])["parts"] == [2]
    assert len(found["00"]) == 2 * 8


def test_an_index_that_is_missing_is_made_when_the_message_comes_again(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(cloud, "lst_a", NUMBERS)
    notification = {"Records": [created("wsp_a/lst_a")]}

    def killed(*_: object) -> list[int]:
        raise RuntimeError("on fire")

    with monkeypatch.context() as broken:
        broken.setattr(indexing, "store_parts", killed)
        assert failures(notification) == [0]
    # The list is ready all the same.
    done = stored(cloud, "lst_a")
    assert (done.status, of_index(cloud, "lst_a")) == (ListStatus.READY, {})
    assert failures(notification) == []
    assert set(of_index(cloud, "lst_a")) == {"index", "00"}
    assert stored(cloud, "lst_a") == done


def test_a_list_that_failed_has_no_index(cloud: Cloud) -> None:
    upload(cloud, "lst_a", b"phone\n")
    assert failures({"Records": [created("wsp_a/lst_a")]}) == []
    assert of_index(cloud, "lst_a") == {}


def test_a_second_delivery_is_harmless(cloud: Cloud) -> None:
    upload(cloud, "lst_a", NUMBERS)
    notification = {"Records": [created("wsp_a/lst_a")]}
    assert failures(notification, notification) == []
    done = stored(cloud, "lst_a")
    assert failures(notification) == []
    assert stored(cloud, "lst_a") == done


def test_a_bad_file_is_the_lists_failure_not_the_functions(cloud: Cloud) -> None:
    upload(cloud, "lst_a", b"phone\n")
    assert failures({"Records": [created("wsp_a/lst_a")]}) == []
    done = stored(cloud, "lst_a")
    assert (done.status, done.failure) == (ListStatus.FAILED, "The file holds no numbers.")


def test_keys_come_url_encoded(cloud: Cloud) -> None:
    upload(cloud, "lst a+b", NUMBERS)
    assert failures({"Records": [created("wsp_a/lst+a%2Bb")]}) == []
    assert stored(cloud, "lst a+b").status is ListStatus.READY


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(TEST_EVENT, id="the test of a new notification"),
        pytest.param({"Records": []}, id="no records"),
        pytest.param({"Records": [created("wsp_a/lst_b")]}, id="no such list"),
        pytest.param({"Records": [created("wsp_b/lst_a")]}, id="another workspace"),
        pytest.param({"Records": [created("lst_a")]}, id="no key of ours"),
        pytest.param({"Records": [created("wsp_a/lst_a/x")]}, id="a deeper key"),
        pytest.param({"Records": [created("wsp_a/lst_a", "ObjectRemoved:Delete")]}, id="removed"),
    ],
)
def test_what_is_no_upload_is_left_alone(cloud: Cloud, body: object) -> None:
    upload(cloud, "lst_a", NUMBERS)
    assert failures(body) == []
    assert stored(cloud, "lst_a").status is ListStatus.UPLOADING


def test_only_the_messages_that_failed_come_again(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    upload(cloud, "lst_a", NUMBERS)
    save(cloud, samples.workspace(id="wsp_c", wrapped_data_key=b"not of this key"))
    save(cloud, samples.recipient_list(workspace="wsp_c", status=ListStatus.INGESTING))
    cloud.clients.s3().put_object(Bucket=cloud.bucket, Key="wsp_c/lst_a", Body=NUMBERS)

    failed = failures(
        "no JSON",
        {"Records": [created("wsp_c/lst_a")]},
        {"Message": "an envelope that nobody ordered"},
        {"Records": [created("wsp_a/lst_a")]},
    )

    assert failed == [0, 1, 2]
    assert stored(cloud, "lst_a").status is ListStatus.READY
    reported = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [vars(record)["message_id"][-1] for record in reported] == ["0", "1", "2"]


def test_log_lines_hold_ids_and_counts(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    upload(cloud, "lst_a", NUMBERS)
    with caplog.at_level("INFO", "ingest"):
        failures({"Records": [created("wsp_a/lst_a"), created("wsp_a/lst_b")]})
    ingested, indexed, unknown = (
        vars(record) for record in caplog.records if record.name == "ingest"
    )
    assert {
        "message": "list ingested",
        "workspace": "wsp_a",
        "list": "lst_a",
        "status": "ready",
        "valid": 2,
        "duplicate": 1,
        "rejected": 1,
    }.items() <= ingested.items()
    named = {"message": "list indexed", "workspace": "wsp_a", "list": "lst_a"}
    assert named.items() <= indexed.items()
    assert {
        "levelname": "WARNING",
        "message": "no such list",
        "workspace": "wsp_a",
        "list": "lst_b",
    }.items() <= unknown.items()
