"""The sweep's care for uploads, as it is composed for AWS, on moto."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.domain.recipient_list import ListStatus, OpenList
from tests.fakes import samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.cloud import Cloud

HOUR = timedelta(hours=1)


@pytest.fixture
def queue(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = cloud.clients.sqs().create_queue(QueueName="uploads")["QueueUrl"]
    for name in ("directory", "campaigns", "delivery", "audit"):
        monkeypatch.setenv(f"MC_{name.upper()}_TABLE", name)
    for name in ("MC_UPLOADS_BUCKET", "MC_DATA_BUCKET"):
        monkeypatch.setenv(name, cloud.bucket)
    for name in ("MC_DATA_KEY", "MC_AUDIT_KEY", "MC_STATE_MACHINE"):
        monkeypatch.setenv(name, "unused")
    monkeypatch.setenv("MC_UPLOAD_QUEUE", url)
    DynamoChanges(cloud.store).keep(samples.workspace())
    bootstrap.upload_sweep.cache_clear()
    yield url
    bootstrap.upload_sweep.cache_clear()


def keep(cloud: Cloud, status: ListStatus, marker: OpenList, **changes: Any) -> None:
    made = samples.recipient_list(id=marker.list, status=status, digest=None, **changes)
    for record in (made, marker):
        DynamoChanges(cloud.store).keep(record)


def test_what_is_abandoned_is_dropped_and_what_is_lost_is_brought_back(
    cloud: Cloud, queue: str
) -> None:
    sweep, s3 = bootstrap.upload_sweep(), cloud.clients.s3()
    now = sweep.clock.now()
    upload = s3.create_multipart_upload(Bucket=cloud.bucket, Key="wsp_a/lst_a")["UploadId"]
    keep(cloud, ListStatus.UPLOADING, OpenList("wsp_a", "lst_a", now - 30 * HOUR), upload=upload)
    s3.put_object(Bucket=cloud.bucket, Key="wsp_a/lst_b", Body=b"447700900001")
    uploaded = OpenList("wsp_a", "lst_b", now - 2 * HOUR, uploaded_at=now - HOUR)
    keep(cloud, ListStatus.UPLOADING, uploaded)
    young = OpenList("wsp_a", "lst_c", now - HOUR)
    keep(cloud, ListStatus.UPLOADING, young)

    for marker in sweep.markers():
        sweep.tend(marker)

    lists = DynamoCampaigns(cloud.store)
    stati = {
        name: lists.recipient_list("wsp_a", name).status for name in ("lst_a", "lst_b", "lst_c")
    }
    assert stati == {
        "lst_a": ListStatus.FAILED,
        "lst_b": ListStatus.UPLOADING,
        "lst_c": ListStatus.UPLOADING,
    }
    assert s3.list_multipart_uploads(Bucket=cloud.bucket).get("Uploads", []) == []
    assert [marker.list for marker in lists.open_lists()] == ["lst_b", "lst_c"]
    (message,) = cloud.clients.sqs().receive_message(QueueUrl=queue)["Messages"]
    (record,) = json.loads(message["Body"])["Records"]
    assert record["s3"]["object"]["key"] == "wsp_a/lst_b"
