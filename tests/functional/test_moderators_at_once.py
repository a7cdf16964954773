"""Fifty moderators at once, each with a composition of their own: of those who decide on one thing
one does, and those who decide on things of their own all do (SPEC 4.3). On the embedded stand-in,
whose conditions hold under races.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.adapters.dynamo.audit import DynamoAuditLog
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.delivery import DynamoDelivery
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.adapters.dynamo.queue import DynamoQueue
from chalicelib.adapters.dynamo.store import Store
from chalicelib.adapters.dynamo.suppressions import DynamoSuppressions
from chalicelib.adapters.ids import UlidIds
from chalicelib.bootstrap import Records
from chalicelib.bootstrap.api_use_cases import Api, Services, compose_api
from chalicelib.domain.campaign import Approval, Campaign, Status
from chalicelib.domain.content import Mode
from chalicelib.domain.errors import AlreadyDecided, IllegalMove
from chalicelib.domain.moderation import revision_digest
from chalicelib.domain.rights import Role
from chalicelib.domain.sender import RevisionStatus
from chalicelib.usecases.auditing import Auditor, Recorder, Retentions
from chalicelib.usecases.ports import AuditQuery
from chalicelib.usecases.senders import NewRevision
from localstack.ministack import Ministack
from localstack.places import STACK_PYTHON
from tests.fakes.audit_fallback import FakeAuditFallback, FakeCheckpoints
from tests.fakes.cloud import RESOURCES, TABLES, make_table, noted_calls
from tests.fakes.post import FakeErrands
from tests.fakes.services import (
    FakeClock,
    FakeDataKeys,
    FakeExecutions,
    FakePasswords,
    FakeSurveys,
)
from tests.fakes.storage import FakeDownloads, FakeUploads
from tests.fakes.world import UPLOAD_MAX, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.errors import MessageCenterError
    from chalicelib.domain.sender import Revision
    from chalicelib.usecases.auditing import Caller

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

MODERATORS = 50
HOUR = timedelta(hours=1)
NUMBERS = [447_700_900_000 + n for n in range(3)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if not STACK_PYTHON.exists():
        pytest.fail("There is no venv for ministack: run these tests with `make test`.")
    stack = Ministack(STACK_PYTHON, tmp_path_factory.mktemp("dynamodb"))
    stack.start()
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("AWS_ENDPOINT_URL", stack.endpoint)
            # One of its own: the others' goes to moto.
            client = boto3.client("dynamodb")
            for name, resource in RESOURCES.items():
                make_table(name, resource, client)
            client.close()
            made = Store(TABLES)
            yield made
            made.connection.client.close()
    finally:
        stack.stop()


class StoredWorld(World):
    """Its records are in the database; moderators have compositions of their own."""

    def __init__(self, store: Store) -> None:
        self.store = store
        clock = FakeClock()
        super().__init__(clock=clock, ids=UlidIds(clock))  # type: ignore[arg-type]

    def keep_records(self) -> None:
        kept = stored(self.store)
        self.directory, self.campaigns = kept.directory, kept.campaigns
        self.delivery, self.changes = kept.delivery, kept.changes
        self.suppressions = kept.suppressions
        self.queue, self.audit_log = kept.queue, kept.audit  # type: ignore[assignment]


@dataclass(slots=True)
class Process:
    """A moderator, and what answers them."""

    who: Caller
    api: Api
    executions: FakeExecutions
    errands: FakeErrands


@dataclass(slots=True)
class Desk:
    world: StoredWorld
    people: list[Caller] = field(default_factory=list)

    def processes(self, number: int = MODERATORS) -> list[Process]:
        while len(self.people) < number:
            email = f"moderator-{len(self.people)}@example.com"
            self.people.append(self.world.person(email, Role.MODERATOR))
        return [process(self.world, who) for who in self.people[:number]]

    def handed_in(self, **content: Any) -> Campaign:
        world = self.world
        draft = world.draft(list=world.ready_list(NUMBERS).id, **content)
        return world.desk.submit(world.author, draft.id)

    def revision_handed_in(self, sender: str, address: str = "SHOP") -> Revision:
        senders, author = self.world.api.senders, self.world.author
        made = senders.add_revision(author, sender, NewRevision(address, self.world.channel))
        return senders.submit_revision(author, sender, made.number)

    def records_of(self, target: str, *actions: str) -> list[AuditRecord]:
        query = AuditQuery(object=target)
        page = self.world.audit_log.page(self.world.workspace, query, after=None, limit=200)
        return [record for record in page.items if record.action in actions]

    def assert_settled(self) -> None:
        """Nothing waits, and nothing is under way."""
        queue, workspace = self.world.queue, self.world.workspace
        assert list(queue.waiting(workspace, None, after=None, limit=9).items) == []
        assert queue.mark(workspace).under_way == {}


@pytest.fixture(scope="module")
def desk(store: Store) -> Desk:
    return Desk(StoredWorld(store))


def stored(store: Store) -> Records:
    return Records(
        directory=DynamoDirectory(store),
        campaigns=DynamoCampaigns(store),
        delivery=DynamoDelivery(store),
        queue=DynamoQueue(store),
        suppressions=DynamoSuppressions(store),
        changes=DynamoChanges(store),
        audit=DynamoAuditLog(store),
    )


def process(world: StoredWorld, who: Caller) -> Process:
    """As bootstrap composes it; of services, the objects of this world alone are shared."""
    records, clock = stored(world.store), FakeClock(world.clock.now())
    ids, executions, errands = UlidIds(clock), FakeExecutions(), FakeErrands()
    fallback = FakeAuditFallback()
    services = Services(
        records=records,
        clock=clock,
        ids=ids,
        auditor=Auditor(clock, ids, Retentions(records.directory, clock)),
        recorder=Recorder(records.audit, fallback, clock),
        passwords=FakePasswords(),
        data_keys=FakeDataKeys(),
        errands=errands,
        checkpoints=FakeCheckpoints(),
        uploads=FakeUploads(),
        downloads=FakeDownloads(world.blobs),
        blobs=world.blobs,
        executions=executions,
        surveys=FakeSurveys(),
        upload_max_bytes=UPLOAD_MAX,
    )
    return Process(who, compose_api(services), executions, errands)


def at_once(
    acts: Sequence[Callable[[], object]], *refusals: type[MessageCenterError]
) -> Counter[str]:
    """How many came through, and how many met which refusal."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        start.wait()
        try:
            act()
        except refusals as refusal:
            return type(refusal).__name__
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(run, acts))


def decision(
    process: Process, thing: Campaign | Revision, *, approve: bool
) -> Callable[[], object]:
    note = f"by {process.who.user}"
    moderation = process.api.moderation
    if isinstance(thing, Campaign):
        return partial(
            moderation.decide_campaign,
            process.who,
            thing.id,
            approve=approve,
            note=note,
            shown=thing.digest,
        )
    return partial(
        moderation.decide_revision,
        process.who,
        thing.sender,
        thing.number,
        approve=approve,
        note=note,
        shown=revision_digest(thing),
    )


# --- on one thing ---


@pytest.mark.parametrize("auto_start", [False, True])
def test_one_of_fifty_decides_on_a_campaign(desk: Desk, *, auto_start: bool) -> None:
    campaign = desk.handed_in(auto_start=auto_start)
    processes = desk.processes()
    acts = [
        decision(each, campaign, approve=number % 2 == 0) for number, each in enumerate(processes)
    ]

    assert at_once(acts, AlreadyDecided) == {"done": 1, "AlreadyDecided": MODERATORS - 1}

    decided = desk.world.campaigns.campaign(desk.world.workspace, campaign.id)
    approved = decided.approval is Approval.APPROVED
    assert approved or decided.approval is Approval.REJECTED
    assert decided.decision is not None
    (record,) = desk.records_of(campaign.id, "campaign.approved", "campaign.rejected")
    assert record.actor.user == decided.decision.by
    assert record.after["approval"] == decided.approval
    assert decided.decision.note == f"by {record.actor.user}"
    started = [run for each in processes for run in each.executions.started]
    assert len(started) == int(approved and auto_start)
    assert decided.status is (Status.BUILDING if started else Status.NEW)
    mails = [errand for each in processes for errand in each.errands.posted]
    assert len(mails) == int(not approved)
    desk.assert_settled()


def test_one_of_fifty_decides_on_a_revision(desk: Desk) -> None:
    world = desk.world
    revision = desk.revision_handed_in(world.sender)
    processes = desk.processes()
    acts = [
        decision(each, revision, approve=number % 2 == 0) for number, each in enumerate(processes)
    ]

    assert at_once(acts, AlreadyDecided) == {"done": 1, "AlreadyDecided": MODERATORS - 1}

    decided = world.campaigns.revision(world.workspace, world.sender, revision.number)
    approved = decided.status is RevisionStatus.APPROVED
    assert approved or decided.status is RevisionStatus.REJECTED
    assert decided.decision is not None
    (record,) = (
        each
        for each in desk.records_of(world.sender, "revision.approved", "revision.rejected")
        if each.after["revision"] == revision.number and each.before
    )
    assert record.actor.user == decided.decision.by
    current = world.campaigns.sender(world.workspace, world.sender).current_revision
    assert current == (revision.number if approved else 1)
    desk.assert_settled()


def test_one_of_fifty_releases_a_missed_start(desk: Desk) -> None:
    world = desk.world
    start = world.clock.now() + HOUR
    campaign = desk.handed_in(mode=Mode.ON_TIME, start_at=start, auto_start=True)
    world.clock.advance(2 * HOUR)
    processes = desk.processes()
    missed = world.approve(campaign)
    assert missed.missed_at is not None
    acts = [partial(each.api.moderation.release, each.who, campaign.id) for each in processes]

    assert at_once(acts, IllegalMove) == {"done": 1, "IllegalMove": MODERATORS - 1}

    assert len([run for each in processes for run in each.executions.started]) == 1
    assert len(desk.records_of(campaign.id, "campaign.released")) == 1
    stored = world.campaigns.campaign(world.workspace, campaign.id)
    assert (stored.status, stored.run) == (Status.BUILDING, 1)


# --- watching ---


def test_who_watches_reads_one_item_as_long_as_nothing_changes(desk: Desk) -> None:
    (watcher,) = desk.processes(1)
    campaign = desk.handed_in()
    queue = partial(watcher.api.moderation.queue, watcher.who, None, None, 50)
    with noted_calls(desk.world.store) as calls:
        page = queue()
    assert [name for name, _ in calls] == ["GetItem", "Query"]
    assert page is not None
    assert [each.item.object for each in page.items] == [campaign.id]
    with noted_calls(desk.world.store) as calls:
        assert queue(page.tag) is None
    assert [name for name, _ in calls] == ["GetItem"]
    decision(watcher, campaign, approve=True)()
    changed = queue(page.tag)
    assert changed is not None
    assert changed.items == []


# --- on things of their own ---


def test_fifty_decide_on_fifty_things(desk: Desk) -> None:
    """Campaigns and revisions by turns, of one workspace."""
    admin = desk.world.person("admin@example.com", Role.ADMIN)
    things: list[Campaign | Revision] = []
    for number in range(MODERATORS):
        if number % 2:
            things.append(desk.handed_in(name=f"No. {number}", auto_start=number % 4 == 1))
        else:
            sender = desk.world.api.senders.create(admin, f"No. {number}")
            things.append(desk.revision_handed_in(sender.id, f"SHOP{number}"))
    processes = desk.processes()
    acts = [
        decision(each, thing, approve=number % 3 != 0)
        for number, (each, thing) in enumerate(zip(processes, things, strict=True))
    ]

    assert at_once(acts) == {"done": MODERATORS}

    desk.assert_settled()
    for number, thing in enumerate(things):
        target = thing.id if isinstance(thing, Campaign) else thing.sender
        kinds = ("campaign.approved", "revision.approved")
        others = ("campaign.rejected", "revision.rejected")
        expected, never = (kinds, others) if number % 3 else (others, kinds)
        assert len(desk.records_of(target, *expected)) == 1
        assert desk.records_of(target, *never) == []
