"""Blobs: objects that are whole or not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.s3 import S3Blobs
from chalicelib.domain.errors import NotFound
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
