"""Addresses to fetch an object from: of what is there, for a short time, as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.adapters.s3 import S3Blobs, S3Downloads
from chalicelib.domain.errors import NotFound
from tests.fakes.cloud import mocked_cloud
from tests.fakes.storage import FakeBlobs, FakeDownloads

if TYPE_CHECKING:
    from chalicelib.usecases.ports import Blobs, Downloads
    from tests.fakes.cloud import Cloud

KEY = "lists/wsp_a/lst_a/rejects"


@pytest.fixture
def ports(cloud: Cloud | None) -> tuple[Blobs, Downloads]:
    if cloud is None:
        blobs = FakeBlobs()
        return blobs, FakeDownloads(blobs)
    return S3Blobs(cloud.clients, cloud.bucket), S3Downloads(cloud.clients, cloud.bucket)


def test_what_is_there_has_an_address(ports: tuple[Blobs, Downloads]) -> None:
    blobs, downloads = ports
    blobs.put(KEY, b"line,reason,value")
    address = downloads.address(KEY, "rejects.csv.gz")
    assert KEY in address
    assert "rejects.csv.gz" in address


def test_what_is_not_there_has_none(ports: tuple[Blobs, Downloads]) -> None:
    _, downloads = ports
    with pytest.raises(NotFound):
        downloads.address(KEY, "rejects.csv.gz")


def test_an_address_is_good_for_minutes_and_names_the_file() -> None:
    with mocked_cloud() as cloud:
        S3Blobs(cloud.clients, cloud.bucket).put(KEY, b"line,reason,value")
        address = S3Downloads(cloud.clients, cloud.bucket).address(KEY, "rejects.csv.gz")
    query = parse_qs(urlsplit(address).query)
    assert query["X-Amz-Expires"] == ["300"]
    assert query["response-content-disposition"] == ['attachment; filename="rejects.csv.gz"']
