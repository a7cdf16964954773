"""Campaigns and queries of every sort for lists of campaigns, and what must hold of the pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from chalicelib.domain.campaign import Approval, Campaign, Status
from chalicelib.domain.campaign_listing import CampaignQuery, Sort, line_of, matches, place_of
from chalicelib.domain.content import Mode
from tests.fakes import samples
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.campaign_listing import CampaignLine
    from chalicelib.usecases.ports import Campaigns, Changes

_MICRO = timedelta(microseconds=1)
# Few, so that many are equal; and neighbours, so that borders matter.
MOMENTS = st.sampled_from([MORNING, MORNING + _MICRO, MORNING + timedelta(days=1)])
ADDRESSES = st.sampled_from(["", "ACME", "acme", "ACME 2", "A#B", "!", "999"])
NAMES = st.sampled_from(["", "Spring", "SPRING SALE", "Straße", "100% \u20ac"])
SENDERS = st.sampled_from(["snd_a", "snd_b"])
AUTHORS = st.sampled_from(["usr_a", "usr_b"])
SEARCHES = st.sampled_from(["sprin", "PRING ", "strasse", "cmp_0", "acme", "%", "\n", "nowhere"])
_workspaces = count(1)


def some(kind: type[Any]) -> st.SearchStrategy[frozenset[Any]]:
    return st.just(frozenset()) | st.frozensets(st.sampled_from(kind), max_size=2)


@st.composite
def campaigns(draw: st.DrawFn, /, **fixed: Any) -> Campaign:
    """In any state, also in such as it would never come to."""
    content = samples.content(
        name=draw(NAMES),
        mode=draw(st.sampled_from(Mode)),
        sender=draw(st.none() | SENDERS),
        start_at=draw(st.none() | MOMENTS),
    )
    made = samples.campaign(
        content=content,
        author=draw(AUTHORS),
        address=draw(ADDRESSES),
        created_at=draw(MOMENTS),
        started_at=draw(st.none() | MOMENTS),
        status=draw(st.sampled_from(Status)),
        approval=draw(st.sampled_from(Approval)),
        missed_at=draw(st.none() | MOMENTS),
        archived_at=draw(st.none() | MOMENTS),
    )
    return replace(made, **fixed)


QUERIES = st.builds(
    CampaignQuery,
    sort=st.sampled_from(Sort),
    ascending=st.booleans(),
    archived=st.booleans(),
    statuses=some(Status),
    approvals=some(Approval),
    modes=some(Mode),
    sender=st.none() | SENDERS,
    author=st.none() | AUTHORS,
    search=st.none() | SEARCHES,
    created_from=st.none() | MOMENTS,
    created_to=st.none() | MOMENTS,
    start_from=st.none() | MOMENTS,
    start_to=st.none() | MOMENTS,
    missed_start=st.booleans(),
    now=st.none() | MOMENTS,
)
# Mostly one filter or none: all of them at once find nothing.
PLAIN = st.builds(
    lambda query, kept: replace(
        CampaignQuery(query.sort, query.ascending, query.archived, now=query.now),
        **{kept: getattr(query, kept)},
    ),
    QUERIES,
    st.sampled_from(
        ["statuses", "modes", "sender", "author", "search", "created_to", "start_to", "start_from"]
    ),
)
UNFILTERED = st.builds(
    CampaignQuery, sort=st.sampled_from(Sort), ascending=st.booleans(), archived=st.booleans()
)
ANY_QUERY = UNFILTERED | PLAIN | QUERIES


@dataclass(frozen=True, slots=True)
class Paging:
    """What a list is asked, and what becomes of campaigns between its pages."""

    workspace: str
    standing: list[Campaign]
    passing: list[Campaign]
    # Of each pause: which one of those that pass by, and as what it is written, or None: removed.
    turns: list[tuple[int, Campaign | None]]
    query: CampaignQuery
    limit: int


@st.composite
def pagings(draw: st.DrawFn, /, *, changing: bool) -> Paging:
    workspace = f"wsp_{next(_workspaces)}"
    several = st.lists(campaigns(workspace=workspace), max_size=9)
    turns: st.SearchStrategy[list[tuple[int, Campaign | None]]] = st.lists(
        st.tuples(st.integers(0, 3), st.none() | campaigns(workspace=workspace)),
        max_size=12 if changing else 0,
    )
    passing = st.lists(campaigns(workspace=workspace), min_size=4, max_size=4)
    return Paging(
        workspace,
        # Ids fall while others rise, or many orders would be alike.
        [replace(each, id=f"cmp_0{9 - n}") for n, each in enumerate(draw(several))],
        [replace(each, id=f"cmp_x{n}") for n, each in enumerate(draw(passing))] if changing else [],
        draw(turns),
        draw(ANY_QUERY),
        draw(st.integers(1, 4)),
    )


def check(reads: Campaigns, changes: Changes, paging: Paging) -> None:
    """Whatever stays as it is, and matches, shows exactly once, in order. Leaves nothing behind."""
    stored = {each.id: changes.keep(each) for each in [*paging.standing, *paging.passing]}
    try:
        _check(reads, changes, paging, stored)
    finally:
        for each in stored.values():
            changes.forget(each)


def _check(reads: Campaigns, changes: Changes, paging: Paging, stored: dict[str, Campaign]) -> None:
    turns = iter(paging.turns)
    shown: list[CampaignLine] = []
    for lines in pages(reads, paging):
        assert len(lines) <= paging.limit
        assert all(matches(line, paging.query) for line in lines)
        shown += lines
        _pass(changes, paging, stored, next(turns, None))
    query = paging.query
    places = [place_of(line, query.sort) for line in shown]
    assert places == sorted(places, reverse=not query.ascending)
    stands = {each.id for each in paging.standing}
    assert [line for line in shown if line.id in stands] == sorted(
        (line for line in map(line_of, paging.standing) if matches(line, query)),
        key=lambda line: place_of(line, query.sort),
        reverse=not query.ascending,
    )


def pages(reads: Campaigns, paging: Paging) -> Iterator[list[CampaignLine]]:
    after = None
    while True:
        page = reads.campaigns(paging.workspace, paging.query, after=after, limit=paging.limit)
        yield list(page.items)
        after = page.next
        if after is None:
            return


def _pass(
    changes: Changes,
    paging: Paging,
    stored: dict[str, Campaign],
    turn: tuple[int, Campaign | None] | None,
) -> None:
    if turn is None:
        return
    number, wanted = turn
    first = paging.passing[number]
    before = stored.pop(first.id, None)
    if wanted is None:
        if before is not None:
            changes.forget(before)
        return
    # A campaign's workspace, id and making never change.
    version = before.version if before else 0
    kept = replace(wanted, id=first.id, created_at=first.created_at, version=version)
    stored[first.id] = changes.keep(kept)
