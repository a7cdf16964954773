"""AWS as moto plays it, in this process and without sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.cloud import mocked_cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.adapters.dynamo.store import Store
    from tests.fakes.cloud import Cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mocked_cloud() as made:
        yield made


@pytest.fixture
def store(cloud: Cloud) -> Store:
    return cloud.store
