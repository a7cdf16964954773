"""What a list of campaigns costs when a workspace has ten thousand (SPEC 4.9).

Lines and campaigns are made by the adapter's own serialisers and written in bulk to ministack,
whose DynamoDB answers a megabyte at most, as the real one does. Every filter is asked in every
order and direction for the first page of 50, and in one of them, in turn, for pages of 200 to the
end; what they show is compared with what the domain's own rules choose. Calls and rows are counted
below pynamodb. Times are ministack's, which looks at the whole partition for each call.

`reads_max_per_page`    calls of DynamoDB for one page, the most that any page took, and
                        `rows_max_per_page`, rows that were looked at, and of these
                        `rows_sent_max_per_page`, sent to us.
`reads_first_page_max`  calls for first pages of 50 alone, and their mean over all that was asked;
                        `unfiltered_reads` of those without a filter. `empty_pages` counts pages
                        that show nothing and yet name a next.
`naive_reads`           to read the campaigns themselves and sort and filter them here, as would be
                        done without lines: the same for every page; all rows are sent.
`first_page_p50_ms`     median over all orders and filters; `naive_ms`, the naive way's one time.
`filters`               by filter: campaigns that match, calls of the first page (the most of all
                        orders and directions) and its median time.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import cycle, product
from pathlib import Path
from random import Random
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3

from bench.api import MOTO_ENVIRONMENT
from chalicelib.adapters.dynamo import keys
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.kinds import CAMPAIGN, CAMPAIGN_LINE
from chalicelib.adapters.dynamo.pages import READS_MAX
from chalicelib.adapters.dynamo.store import WRITE_BATCH, Store
from chalicelib.adapters.ids import UlidIds
from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.campaign_listing import CampaignQuery, Sort, line_of, matches, place_of
from chalicelib.domain.content import Mode
from chalicelib.domain.decision import Decision
from localstack.ministack import Ministack
from localstack.places import STACK_PYTHON
from tests.fakes import samples
from tests.fakes.cloud import RESOURCES, TABLES, make_table
from tests.fakes.services import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.adapters.dynamo.kind import Kind
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.campaign_listing import CampaignLine

SEED = 7
ORDERS = list(product(Sort, (False, True)))
STEP = timedelta(minutes=7)
FIRST_PAGE, PAGE = 50, 200
AUTHORS, SENDERS = 20, 30
ARCHIVED = 0.05
MISSED = 0.003
STATUSES = {
    Status.DONE: 70,
    Status.NEW: 12,
    Status.CANCELLED: 6,
    Status.EXPIRED: 4,
    Status.FAILED: 4,
    Status.SENDING: 2,
    Status.PENDING: 1,
    Status.PAUSED: 1,
}
# Of which there is one, made first: found last where the newest come first.
RAREST = Status.BUILDING
WORDS = ("spring", "sale", "loyalty", "parcels", "reminder", "members", "weekend", "invoice")
WRITERS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description="What a list of campaigns costs.")
    parser.add_argument("--campaigns", type=int, default=10_000, help="campaigns of the workspace")
    options = parser.parse_args()
    if not STACK_PYTHON.exists():
        raise SystemExit("There is no venv for ministack: run `make test` once.")
    with TemporaryDirectory() as folder, dynamodb(Path(folder)) as store:
        campaigns = made(options.campaigns)
        write(store, CAMPAIGN, campaigns)
        write(store, CAMPAIGN_LINE, list(map(line_of, campaigns)))
        figures = Figures()
        whole = cycle(ORDERS)
        for name, query in filters(campaigns).items():
            look(store, campaigns, name, query, figures, next(whole))
        naive = naively(store, campaigns)
    print(json.dumps({"campaigns": options.campaigns, **figures.summary(), **naive}))


@contextmanager
def dynamodb(folder: Path) -> Iterator[Store]:
    stack = Ministack(STACK_PYTHON, folder)
    stack.start()
    try:
        with patch.dict(os.environ, {**MOTO_ENVIRONMENT, "AWS_ENDPOINT_URL": stack.endpoint}):
            client = boto3.client("dynamodb")
            for name, resource in RESOURCES.items():
                make_table(name, resource, client)
            client.close()
            store = Store(TABLES)
            yield store
            store.connection.client.close()
    finally:
        stack.stop()


# --- what there is --------------------------------------------------------------------------------


def made(count: int) -> list[Campaign]:
    chance, clock = Random(SEED), FakeClock()  # noqa: S311 # nosec B311 - the same in every run
    ids = UlidIds(clock, chance.getrandbits)
    workspace = ids.new("wsp")
    people = [ids.new("usr") for _ in range(AUTHORS)]
    senders = [(ids.new("snd"), f"SHOP{number}") for number in range(SENDERS)]
    campaigns = []
    for _ in range(count):
        now = clock.advance(STEP)
        sender, address = chance.choice(senders)
        (status,) = chance.choices(list(STATUSES), list(STATUSES.values()))
        mode = chance.choice(list(Mode))
        content = samples.content(
            mode=mode,
            name=" ".join(chance.choices(WORDS, k=chance.randint(2, 5))).capitalize(),
            text="x" * chance.randint(40, 480),
            sender=sender,
            list=ids.new("lst"),
            start_at=now + timedelta(days=1) if mode is Mode.ON_TIME else None,
        )
        campaigns.append(
            samples.campaign(
                id=ids.new("cmp"),
                workspace=workspace,
                author=chance.choice(people),
                content=content,
                created_at=now,
                address=address,
                status=status,
                approval=chance.choice(list(Approval))
                if status is Status.NEW
                else Approval.APPROVED,
                recipients=chance.randint(1, 10_000_000),
                **({} if status is Status.NEW else run(now, chance.choice(people))),
                archived_at=now if chance.random() < ARCHIVED else None,
                version=1,
            )
        )
    return [*rare(campaigns[:2]), *campaigns[2:-1], late(campaigns[-1])]


def run(now: datetime, moderator: str) -> dict[str, Any]:
    """What an approval and a run leave in a campaign."""
    return {
        "digest": "e" * 64,
        "submitted_at": now,
        "decision": Decision(moderator, now),
        "run": 1,
        "chunks": 40,
        "started_at": now + STEP,
        "sent_at": now + 2 * STEP,
        "finished_at": now + 3 * STEP,
    }


def rare(first: list[Campaign]) -> list[Campaign]:
    """The one of its status, and the one that a search finds."""
    one, other = (replace(each, archived_at=None) for each in first)
    needle = replace(other.content, name="Needle")
    return [replace(one, status=RAREST), replace(other, content=needle)]


def late(last: Campaign) -> Campaign:
    return replace(
        last,
        status=Status.NEW,
        approval=Approval.APPROVED,
        missed_at=last.created_at,
        archived_at=None,
    )


def write(store: Store, kind: Kind[Any], records: list[Any]) -> None:
    collection = store.of(kind)

    def put(start: int) -> None:
        items = [
            {"pk": {"S": place.pk}, "sk": {"S": place.sk}} | collection.serialized(record)
            for record in records[start : start + WRITE_BATCH]
            for place in [kind.key(record)]
        ]
        answer = store.connection.batch_write_item(collection.table, put_items=items)
        if answer.get("UnprocessedItems"):
            raise SystemExit("Not all was written.")

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(put, range(0, len(records), WRITE_BATCH)))


# --- what is asked --------------------------------------------------------------------------------


def filters(campaigns: list[Campaign]) -> dict[str, CampaignQuery]:
    middle, last = campaigns[len(campaigns) // 2], campaigns[-1]
    month = middle.created_at + timedelta(days=30)
    return {
        "none": CampaignQuery(),
        **{f"status {each}": CampaignQuery(statuses=frozenset({each})) for each in Status},
        "mode": CampaignQuery(modes=frozenset({Mode.SPREAD})),
        "sender": CampaignQuery(sender=middle.content.sender),
        "author": CampaignQuery(author=middle.author),
        "created in a month": CampaignQuery(created_from=middle.created_at, created_to=month),
        "start in a month": CampaignQuery(start_from=middle.created_at, start_to=month),
        "search, none": CampaignQuery(search="nowhere"),
        "search, one": CampaignQuery(search="NEEDLE"),
        "search, many": CampaignQuery(search="parcels"),
        "missed": CampaignQuery(missed_start=True, now=last.created_at),
        "archived": CampaignQuery(archived=True),
        "author and sender": CampaignQuery(author=middle.author, sender=middle.content.sender),
    }


@dataclass(slots=True)
class Reads:
    calls: int = 0
    rows: int = 0
    sent: int = 0


@dataclass(slots=True)
class Figures:
    hits: dict[str, int] = field(default_factory=dict)
    first_reads: dict[str, list[int]] = field(default_factory=dict)
    first_ms: dict[str, list[float]] = field(default_factory=dict)
    reads: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    empty_pages: int = 0

    def note(self, counted: Reads, *, is_empty: bool) -> None:
        self.reads.append(counted.calls)
        self.rows.append(counted.rows)
        self.sent.append(counted.sent)
        self.empty_pages += is_empty

    def summary(self) -> dict[str, Any]:
        times = [ms for each in self.first_ms.values() for ms in each]
        reads = [calls for each in self.first_reads.values() for calls in each]
        return {
            "reads_max_allowed": READS_MAX,
            "reads_max_per_page": max(self.reads),
            "rows_max_per_page": max(self.rows),
            "rows_sent_max_per_page": max(self.sent),
            "reads_first_page_max": max(reads),
            "reads_first_page_mean": round(mean(reads), 1),
            "unfiltered_reads": max(self.first_reads["none"]),
            "empty_pages": self.empty_pages,
            "pages": len(self.reads),
            "first_page_p50_ms": round(median(times), 1),
            "first_page_max_ms": round(max(times), 1),
            "filters": {
                name: {
                    "hits": self.hits[name],
                    "first_page_reads": max(self.first_reads[name]),
                    "p50_ms": round(median(self.first_ms[name]), 1),
                }
                for name in self.hits
            },
        }


def look(
    store: Store,
    campaigns: list[Campaign],
    name: str,
    query: CampaignQuery,
    figures: Figures,
    whole: tuple[Sort, bool],
) -> None:
    lines = [line for line in map(line_of, campaigns) if matches(line, query)]
    figures.hits[name] = len(lines)
    for order in ORDERS:
        sort, ascending = order
        asked = replace(query, sort=sort, ascending=ascending)
        shown: list[CampaignLine] = []
        for page in pages(store, campaigns[0].workspace, asked, figures, name):
            shown += page
            if order != whole:
                break
        expected = sorted(lines, key=places(sort), reverse=not ascending)
        if shown != (expected if order == whole else expected[:FIRST_PAGE]):
            raise SystemExit(f"{name}, by {sort}: the pages do not show what matches.")


def pages(
    store: Store, workspace: str, query: CampaignQuery, figures: Figures, name: str
) -> Iterator[list[CampaignLine]]:
    lists, after, limit = DynamoCampaigns(store), None, FIRST_PAGE
    while True:
        begun = time.perf_counter()
        with reads(store) as counted:
            page = lists.campaigns(workspace, query, after=after, limit=limit)
        seconds = time.perf_counter() - begun
        figures.note(counted, is_empty=bool(page.next and not page.items))
        if after is None:
            figures.first_ms.setdefault(name, []).append(1e3 * seconds)
            figures.first_reads.setdefault(name, []).append(counted.calls)
        yield list(page.items)
        after, limit = page.next, PAGE
        if after is None:
            return


def places(sort: Sort) -> Any:  # noqa: ANN401 - a key of `sorted`
    return lambda line: place_of(line, sort)


@contextmanager
def reads(store: Store) -> Iterator[Reads]:
    counted = Reads()

    def note(parsed: dict[str, Any], **_: object) -> None:
        counted.calls += 1
        counted.rows += parsed["ScannedCount"]
        counted.sent += parsed["Count"]

    events = store.connection.client.meta.events
    events.register("after-call.dynamodb.Query", note)
    try:
        yield counted
    finally:
        events.unregister("after-call.dynamodb.Query", note)


def naively(store: Store, campaigns: list[Campaign]) -> dict[str, Any]:
    """Any filter, and any order: all of them are read."""
    begun = time.perf_counter()
    with reads(store) as counted:
        found = store.of(CAMPAIGN).all(keys.campaigns(campaigns[0].workspace))
        rarest = [each for each in found if each.status is RAREST]
    seconds = time.perf_counter() - begun
    if len(found) != len(campaigns) or len(rarest) != 1:
        raise SystemExit("Not all campaigns were read.")
    return {"naive_reads": counted.calls, "naive_ms": round(1e3 * seconds)}


if __name__ == "__main__":
    main()
