"""Blobs: objects that are whole or not there."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters import s3
from chalicelib.adapters.s3 import NotDeleted, S3Blobs
from chalicelib.domain.errors import NotFound
from tests.fakes.cloud import mocked_cloud
from tests.fakes.storage import FakeBlobs

if TYPE_CHECKING:
    from chalicelib.usecases.ports import Blobs
    from tests.fakes.cloud import Cloud


@pytest.fixture
def blobs(cloud: Cloud | None) -> Blobs:
    return FakeBlobs() if cloud is None else S3Blobs(cloud.clients, cloud.bucket)


@pytest.mark.parametrize("data", [b"", b"\x00\xff" * 70_000])
def test_an_object_is_read_as_it_was_written(blobs: Blobs, data: bytes) -> None:
    blobs.put("lists/wsp_a/lst_a/chunk-00000", data)

    assert blobs.get("lists/wsp_a/lst_a/chunk-00000") == data


@pytest.mark.parametrize(
    ("begin", "length", "found"),
    [(0, 3, b"012"), (4, 1, b"4"), (7, 99, b"789"), (9, 1, b"9"), (10, 5, b""), (99, 1, b"")],
)
def test_a_part_of_an_object_is_read(blobs: Blobs, begin: int, length: int, found: bytes) -> None:
    blobs.put("lists/wsp_a/lst_a/hashes/00", b"0123456789")

    assert blobs.get_range("lists/wsp_a/lst_a/hashes/00", begin, length) == found


def test_a_part_of_an_object_that_is_not_there_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(NotFound, match="hashes/none"):
        blobs.get_range("hashes/none", 0, 10)


def test_a_file_is_stored_from_where_it_stands(blobs: Blobs) -> None:
    with TemporaryFile() as file:
        file.write(b"heading, " + b"\x00\xff" * 300_000)
        file.seek(9)
        blobs.put_file("lists/wsp_a/lst_a/rejects", file)

    assert blobs.get("lists/wsp_a/lst_a/rejects") == b"\x00\xff" * 300_000


def test_an_object_that_is_not_there_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(NotFound, match="ledger/none"):
        blobs.get("ledger/none")


def test_a_deleted_object_is_gone_and_may_be_deleted_again(blobs: Blobs) -> None:
    blobs.put("one", b"1")
    blobs.put("two", b"2")

    blobs.delete("one")
    blobs.delete("one")

    with pytest.raises(NotFound):
        blobs.get("one")
    assert blobs.get("two") == b"2"


def test_all_under_a_prefix_goes_and_nothing_beside_it(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "DELETED_AT_ONCE", 2)
    blobs.put("lists/wsp_a/lst_1/chunk-00000", b"1")
    for number in range(5):
        blobs.put(f"lists/wsp_a/lst_1/hashes/{number:05}", b"")
    beside = (
        "lists/wsp_a/lst_10/chunk-00000",
        "lists/wsp_b/lst_1/chunk-00000",
        "lists/wsp_a/lst_1",
    )
    for key in beside:
        blobs.put(key, b"stays")

    blobs.delete_all("lists/wsp_a/lst_1/")
    blobs.delete_all("lists/wsp_a/lst_1/")

    for key in ("lists/wsp_a/lst_1/chunk-00000", "lists/wsp_a/lst_1/hashes/00004"):
        with pytest.raises(NotFound):
            blobs.get(key)
    assert [blobs.get(key) for key in beside] == [b"stays"] * 3


def test_objects_that_s3_leaves_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with mocked_cloud() as cloud:
        blobs = S3Blobs(cloud.clients, cloud.bucket)
        blobs.put("lists/one", b"1")
        refused = {"Errors": [{"Key": "lists/one", "Code": "AccessDenied"}]}
        monkeypatch.setattr(cloud.clients.s3(), "delete_objects", lambda **_: refused)

        with pytest.raises(NotDeleted, match="1 objects could not be deleted: AccessDenied"):
            blobs.delete_all("lists/")
