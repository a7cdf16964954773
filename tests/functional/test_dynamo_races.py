"""Campaigns with their lines, and the queue with its mark, while many write at once: on the
embedded stand-in, whose conditions hold under races.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from threading import Barrier
from typing import TYPE_CHECKING

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.adapters.dynamo.kinds import CAMPAIGN_LINE
from chalicelib.adapters.dynamo.queue import DynamoQueue
from chalicelib.adapters.dynamo.store import Store
from chalicelib.adapters.dynamo.suppressions import DynamoSuppressions
from chalicelib.adapters.ids import UlidIds
from chalicelib.domain.audit import system
from chalicelib.domain.campaign_listing import CampaignQuery, Sort, line_of
from chalicelib.domain.errors import Stale
from chalicelib.domain.moderation import standing
from chalicelib.domain.rights import Right, Scope
from chalicelib.usecases.auditing import Auditor, Caller, Retentions
from chalicelib.usecases.queueing import QueueBell
from chalicelib.usecases.suppressing import Suppressing
from localstack.ministack import Ministack
from localstack.places import STACK_PYTHON
from tests.fakes import campaign_lists, samples
from tests.fakes.cloud import RESOURCES, TABLES, make_table
from tests.fakes.services import MORNING, FakeDataKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chalicelib.domain.campaign import Campaign
    from tests.fakes.campaign_lists import Paging

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(120)]

WRITERS = 40
SOON = MORNING + timedelta(minutes=1)
_workspaces = count(1)


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


@pytest.fixture
def workspace() -> str:
    return f"wsp_r{next(_workspaces)}"


def at_once(acts: Sequence[Callable[[], object]]) -> Counter[str]:
    """How many of them came through, and which refusals the others met."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        start.wait()
        try:
            act()
        except Stale:
            return "stale"
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(run, acts))


# --- the mark ---


def test_no_change_under_way_is_lost_however_many_begin_and_end(
    store: Store, workspace: str
) -> None:
    """The first of them all find no mark yet."""
    queue = DynamoQueue(store)

    def pass_by(number: int) -> None:
        queue.begin(workspace, f"chg_{number}", SOON)
        if number % 2:
            queue.end(workspace, f"chg_{number}")

    done = at_once([partial(pass_by, number) for number in range(WRITERS)])

    assert done == {"done": WRITERS}
    under_way = queue.mark(workspace).under_way
    assert under_way == {f"chg_{number}": SOON for number in range(0, WRITERS, 2)}


def test_submissions_at_once_do_not_cancel_each_other(store: Store, workspace: str) -> None:
    clock = SystemClock()
    queue, changes = DynamoQueue(store), DynamoChanges(store)
    bell = QueueBell(queue, clock, UlidIds(clock))

    def submit(number: int) -> None:
        campaign = samples.campaign(workspace=workspace, id=f"cmp_{number}")
        item = samples.queue_item(workspace=workspace, object=campaign.id)
        with bell.changing(workspace):
            changes.commit(campaign, item, audit=samples.audit(workspace=workspace))

    done = at_once([partial(submit, number) for number in range(WRITERS)])

    assert done == {"done": WRITERS}
    waiting = queue.waiting(workspace, None, after=None, limit=WRITERS)
    assert len(waiting.items) == WRITERS
    assert queue.mark(workspace).under_way == {}


def test_of_decisions_at_once_one_takes_the_item_out_of_the_queue(
    store: Store, workspace: str
) -> None:
    queue, changes = DynamoQueue(store), DynamoChanges(store)
    campaign = samples.campaign(workspace=workspace)
    item = samples.queue_item(workspace=workspace, object=campaign.id)
    changes.commit(campaign, item, audit=samples.audit(workspace=workspace))
    read_by_all = replace(campaign, version=1)

    def decide() -> None:
        audit = samples.audit(workspace=workspace)
        changes.commit(read_by_all, remove=[standing(item)], audit=audit)

    assert at_once([decide] * WRITERS) == {"done": 1, "stale": WRITERS - 1}
    assert queue.waiting(workspace, None, after=None, limit=9).items == []
    assert DynamoCampaigns(store).campaign(workspace, campaign.id).version == 2


# --- a campaign and its line ---


def lines_of(store: Store, workspace: str, sort: Sort) -> dict[bool, list[object]]:
    campaigns = DynamoCampaigns(store)
    return {
        archived: list(
            campaigns.campaigns(
                workspace, CampaignQuery(sort, archived=archived), after=None, limit=9
            ).items
        )
        for archived in (False, True)
    }


def test_of_writers_at_once_one_wins_and_the_line_is_what_it_wrote(
    store: Store, workspace: str
) -> None:
    changes = DynamoChanges(store)
    read_by_all = changes.keep(samples.campaign(workspace=workspace))

    def version(number: int) -> Campaign:
        """Half of them archive it, which moves its line to the other list."""
        return replace(
            read_by_all,
            recipients=number,
            started_at=MORNING + timedelta(minutes=number),
            archived_at=MORNING if number % 2 else None,
        )

    done = at_once([partial(changes.keep, version(number)) for number in range(WRITERS)])

    assert done == {"done": 1, "stale": WRITERS - 1}
    winner = DynamoCampaigns(store).campaign(workspace, read_by_all.id)
    is_archived = winner.archived_at is not None
    for sort in Sort:
        listed = lines_of(store, workspace, sort)
        assert listed == {is_archived: [line_of(winner)], not is_archived: []}


def test_a_campaign_that_goes_back_and_forth_has_one_line(store: Store, workspace: str) -> None:
    changes, campaigns = DynamoChanges(store), DynamoCampaigns(store)
    stored = changes.keep(samples.campaign(workspace=workspace))

    def turn() -> None:
        campaign = campaigns.campaign(workspace, stored.id)
        archived_at = None if campaign.archived_at else MORNING
        changes.keep(replace(campaign, archived_at=archived_at))

    turned = at_once([turn] * WRITERS)["done"]

    assert turned >= 1
    last = campaigns.campaign(workspace, stored.id)
    assert last.version == 1 + turned
    for sort in Sort:
        (line,) = [line for lines in lines_of(store, workspace, sort).values() for line in lines]
        assert line == line_of(last)


# --- pages, by another hand than moto's ---


def test_what_is_rare_among_many_is_found_in_one_page(store: Store, workspace: str) -> None:
    """DynamoDB's megabyte holds here as well."""
    made = samples.campaign(workspace=workspace, content=samples.content(name="x" * 600))
    lines = [line_of(replace(made, id=f"cmp_{number:04}")) for number in range(2_000)]
    store.connection.batch_write_item(
        store.of(CAMPAIGN_LINE).table,
        put_items=[item(store, replace(lines[0], author="usr_rare"))],
    )
    for start in range(1, len(lines), 25):
        batch = [item(store, line) for line in lines[start : start + 25]]
        store.connection.batch_write_item(store.of(CAMPAIGN_LINE).table, put_items=batch)

    for sort in Sort:
        query = CampaignQuery(sort, author="usr_rare")
        page = DynamoCampaigns(store).campaigns(workspace, query, after=None, limit=50)
        assert [line.id for line in page.items] == ["cmp_0000"]
        assert page.next is None


def item(store: Store, line: object) -> dict[str, object]:
    pk, sk = CAMPAIGN_LINE.key(line)  # type: ignore[arg-type]
    attributes = store.of(CAMPAIGN_LINE).serialized(line)  # type: ignore[arg-type]
    return {"pk": {"S": pk}, "sk": {"S": sk}} | attributes


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_what_stays_as_it_is_shows_once_while_others_change(
    store: Store, data: st.DataObject
) -> None:
    paging: Paging = data.draw(campaign_lists.pagings(changing=True))
    campaign_lists.check(DynamoCampaigns(store), DynamoChanges(store), paging)


# --- suppressions ---


def test_what_many_say_of_a_number_at_once_ends_as_its_last_note_says(
    store: Store, workspace: str
) -> None:
    """Each change of an entry has one note, and the notes' times are in the changes' order."""
    clock, changes, keys = SystemClock(), DynamoChanges(store), FakeDataKeys()
    suppressions, directory = DynamoSuppressions(store), DynamoDirectory(store)
    held = samples.workspace(id=workspace, wrapped_data_key=keys.create(workspace))
    changes.save(held, samples.audit(workspace=workspace))
    ids = UlidIds(clock)
    auditor = Auditor(clock, ids, Retentions(directory, clock))
    suppressing = Suppressing(directory, suppressions, changes, keys, clock, ids, auditor)
    who = Caller(workspace, "usr_a", {Right.INTEGRATE: Scope.ALL}, system("test"))
    numbers = [f"+4474000000{number:02}" for number in range(20)]

    def say(number: int) -> None:
        some = numbers[number : number + 12]
        if number % 2:
            suppressing.add(who, some)
        else:
            suppressing.lift(who, some)

    suppressing.add(who, numbers[::3])
    done = at_once([partial(say, number) for number in range(8)])

    assert done["done"] >= 1
    notes = suppressions.changes(workspace, clock.now() - timedelta(minutes=5))
    entries = suppressions.page(workspace, after=None, limit=50).items
    for entry in entries:
        told = [note for note in notes if entry.number in note.numbers]
        told.sort(key=lambda note: note.at)
        assert len({note.at for note in told}) == len(told) == entry.version
        assert (told[-1].at, told[-1].lifted) == (entry.at, entry.lifted)
