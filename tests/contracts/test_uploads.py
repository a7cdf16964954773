"""Uploads: parts at signed addresses, counted, put together once, or dropped (SPEC 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.adapters.aws import Clients
from chalicelib.adapters.s3 import S3Uploads
from chalicelib.domain.errors import NotFound
from tests.fakes.cloud import mocked_cloud
from tests.fakes.storage import FakeUploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.ports import Uploads
    from tests.fakes.cloud import Cloud

KEY = "wsp_a/lst_a"
PART = bytes(range(256)) * 4 * 1024 * 6  # 6 MiB: every part but the last has 5 or more


@pytest.fixture
def uploads(cloud: Cloud | None) -> Uploads:
    return FakeUploads() if cloud is None else S3Uploads(cloud.clients, cloud.bucket)


@pytest.fixture
def send(cloud: Cloud | None, uploads: Uploads) -> Callable[[str, int, bytes], object]:
    """What the caller does who puts a part to its address."""

    def send_part(upload: str, number: int, data: bytes) -> object:
        if cloud is None:
            assert isinstance(uploads, FakeUploads)
            uploads.send(KEY, upload, number, data)
            return None
        return cloud.clients.s3().upload_part(
            Bucket=cloud.bucket, Key=KEY, UploadId=upload, PartNumber=number, Body=data
        )

    return send_part


def test_an_upload_is_put_together_in_the_order_of_its_parts(
    uploads: Uploads, send: Callable[[str, int, bytes], object]
) -> None:
    upload = uploads.begin(KEY)
    send(upload, 2, b"the end")
    send(upload, 1, PART)

    assert list(uploads.parts(KEY, upload).items()) == [(1, len(PART)), (2, 7)]
    assert not uploads.is_there(KEY)
    uploads.complete(KEY, upload)
    assert uploads.is_there(KEY)

    pieces = list(uploads.read(KEY))
    assert b"".join(pieces) == PART + b"the end"
    assert max(map(len, pieces)) <= 1024 * 1024


def test_a_part_that_is_sent_again_counts_once(
    uploads: Uploads, send: Callable[[str, int, bytes], object]
) -> None:
    upload = uploads.begin(KEY)
    send(upload, 1, b"wrong")
    send(upload, 1, b"right!")

    assert uploads.parts(KEY, upload) == {1: 6}


def test_nothing_has_arrived_at_first(uploads: Uploads) -> None:
    assert uploads.parts(KEY, uploads.begin(KEY)) == {}
    assert not uploads.is_there(KEY)


def test_a_complete_upload_may_be_completed_again_and_is_no_longer_open(
    uploads: Uploads, send: Callable[[str, int, bytes], object]
) -> None:
    upload = uploads.begin(KEY)
    send(upload, 1, b"all of it")
    uploads.complete(KEY, upload)

    uploads.complete(KEY, upload)

    with pytest.raises(NotFound, match="upload"):
        uploads.parts(KEY, upload)
    assert b"".join(uploads.read(KEY)) == b"all of it"


def test_an_aborted_upload_leaves_nothing_and_may_be_aborted_again(
    uploads: Uploads, send: Callable[[str, int, bytes], object]
) -> None:
    upload = uploads.begin(KEY)
    send(upload, 1, b"some")

    uploads.abort(KEY, upload)
    uploads.abort(KEY, upload)

    with pytest.raises(NotFound, match="upload"):
        uploads.parts(KEY, upload)
    with pytest.raises(NotFound, match="uploaded file"):
        list(uploads.read(KEY))


def test_a_file_that_was_uploaded_is_discarded_once_or_twice(
    uploads: Uploads, send: Callable[[str, int, bytes], object]
) -> None:
    upload = uploads.begin(KEY)
    send(upload, 1, b"all of it")
    uploads.complete(KEY, upload)

    uploads.discard(KEY)
    uploads.discard(KEY)

    with pytest.raises(NotFound, match="uploaded file"):
        list(uploads.read(KEY))


def test_each_part_has_an_address_of_its_own(uploads: Uploads) -> None:
    urls = uploads.part_urls(KEY, uploads.begin(KEY), {1: 8, 3: 5})

    assert sorted(urls) == [1, 3]
    assert urls[1] != urls[3]


def test_an_address_signs_the_length_of_its_part() -> None:
    with mocked_cloud() as cloud:
        uploads = S3Uploads(cloud.clients, cloud.bucket)
        upload = uploads.begin(KEY)
        urls = [uploads.part_urls(KEY, upload, {1: length})[1] for length in (5, 6)]

    queries = [parse_qs(urlsplit(url).query) for url in urls]
    assert [query["X-Amz-SignedHeaders"] for query in queries] == [["content-length;host"]] * 2
    assert queries[0]["X-Amz-Expires"] == ["3600"]
    # No checksum: the sender could not know that it has to send one.
    assert not any("checksum" in name.lower() for query in queries for name in query)
    moment = [query["X-Amz-Date"] for query in queries]
    signatures = [query["X-Amz-Signature"] for query in queries]
    assert signatures[0] != signatures[1] or moment[0] != moment[1]


@pytest.mark.parametrize(
    ("path_style", "start"),
    [
        (False, "https://bucket.s3.eu-west-1.amazonaws.com/wsp_a/"),
        (True, "https://s3.eu-west-1.amazonaws.com/bucket/wsp_a/"),
    ],
)
def test_addresses_have_the_bucket_where_the_place_understands_it(
    *, path_style: bool, start: str
) -> None:
    uploads = S3Uploads(Clients(path_style=path_style), "bucket")

    assert uploads.part_urls(KEY, "upload-1", {1: 5})[1].startswith(start)
