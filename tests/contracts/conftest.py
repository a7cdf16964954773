"""Each port twice: the fake, and the real adapter on moto. A suite says what holds for both."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.dynamo.audit import DynamoAuditLog
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.delivery import DynamoDelivery
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.adapters.dynamo.kinds import AUDIT
from chalicelib.adapters.dynamo.queue import DynamoQueue
from chalicelib.adapters.dynamo.suppressions import DynamoSuppressions
from tests.fakes.cloud import mocked_cloud
from tests.fakes.records import (
    FakeAuditLog,
    FakeCampaigns,
    FakeChanges,
    FakeDelivery,
    FakeDirectory,
    FakeQueue,
    Records,
)
from tests.fakes.suppressions import FakeSuppressions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.usecases.ports import (
        AuditLog,
        Campaigns,
        Changes,
        Delivery,
        Directory,
        Queue,
        Suppressions,
    )
    from tests.fakes.cloud import Cloud


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports over the same records; `audit` reads a workspace's audit records, oldest first."""

    changes: Changes
    directory: Directory
    campaigns: Campaigns
    delivery: Delivery
    queue: Queue
    suppressions: Suppressions
    audit_log: AuditLog
    audit: Callable[[str], list[AuditRecord]]


@pytest.fixture(params=[False, True], ids=["fake", "real"])
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud | None]:
    """None where the fake is meant; a suite that asks for it runs twice."""
    with ExitStack() as stack:
        yield stack.enter_context(mocked_cloud()) if request.param else None


@pytest.fixture
def ports(cloud: Cloud | None) -> Ports:
    if cloud is None:
        return fake_ports(Records())
    return real_ports(cloud.store)


def fake_ports(records: Records) -> Ports:
    return Ports(
        changes=FakeChanges(records),
        directory=FakeDirectory(records),
        campaigns=FakeCampaigns(records),
        delivery=FakeDelivery(records),
        queue=FakeQueue(records),
        suppressions=FakeSuppressions(records),
        audit_log=FakeAuditLog(records),
        audit=lambda workspace: [
            record for record in records.audit if record.workspace == workspace
        ],
    )


def real_ports(store: Store) -> Ports:
    return Ports(
        changes=DynamoChanges(store),
        directory=DynamoDirectory(store),
        campaigns=DynamoCampaigns(store),
        delivery=DynamoDelivery(store),
        queue=DynamoQueue(store),
        suppressions=DynamoSuppressions(store),
        audit_log=DynamoAuditLog(store),
        audit=store.of(AUDIT).all,
    )
