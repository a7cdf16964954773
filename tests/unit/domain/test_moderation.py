"""The queue's mark and items, and what a decision must hold (SPEC 4.3)."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.decision import NOTE_MAX, check_note
from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.moderation import (
    ItemKind,
    QueueMark,
    campaign_item,
    check_shown,
    revision_digest,
    revision_item,
    standing,
)
from chalicelib.domain.sender import NumberType, Revision
from tests.fakes import samples
from tests.fakes.services import MORNING

SECOND = timedelta(seconds=1)
LATER = MORNING + timedelta(hours=1)

tokens = st.sampled_from(["chg_1", "chg_2", "chg_3"])
marks = st.builds(
    QueueMark,
    workspace=st.just("wsp_a"),
    turn=st.sampled_from(["", "1", "2", "1|chg_1"]),
    under_way=st.dictionaries(tokens, st.sampled_from([MORNING, MORNING + SECOND, LATER])),
)
moments = st.sampled_from([MORNING - SECOND, MORNING, MORNING + SECOND, LATER])


# --- the mark ---


def test_a_queue_that_never_changed_has_a_tag() -> None:
    assert QueueMark("wsp_a").tag(MORNING)


def test_while_a_change_is_under_way_there_is_no_tag() -> None:
    mark = QueueMark("wsp_a", "7", {"chg_1": MORNING, "chg_2": LATER})
    assert mark.tag(LATER - SECOND) is None
    assert mark.over(LATER - SECOND) == ["chg_1"]
    assert mark.tag(LATER) is not None
    assert mark.over(LATER) == ["chg_1", "chg_2"]


@given(marks, moments)
def test_a_tag_is_there_when_every_change_is_over(mark: QueueMark, now: Any) -> None:
    believed = [token for token, until in mark.under_way.items() if until > now]
    assert (mark.tag(now) is None) == bool(believed)
    assert sorted([*mark.over(now), *believed]) == sorted(mark.under_way)


@given(marks, marks)
def test_another_turn_or_another_unfinished_change_is_another_tag(
    one: QueueMark, other: QueueMark
) -> None:
    same = (one.turn, set(one.under_way)) == (other.turn, set(other.under_way))
    assert (one.tag(LATER) == other.tag(LATER)) == same


# --- items ---


def test_the_item_of_a_campaign() -> None:
    campaign = samples.campaign(digest="d" * 64, submitted_at=LATER, recipients=7)
    item = campaign_item(campaign)
    assert (item.kind, item.object, item.revision) == (ItemKind.CAMPAIGN, "cmp_a", 0)
    assert (item.title, item.author, item.recipients) == ("Spring", "usr_a", 7)
    assert (item.digest, item.submitted_at, item.version) == ("d" * 64, LATER, 0)
    assert standing(item) == replace(item, version=1)


@pytest.mark.parametrize("missing", ["digest", "submitted_at"])
def test_a_campaign_that_was_not_submitted_has_no_item(missing: str) -> None:
    told: dict[str, Any] = {"digest": "d" * 64, "submitted_at": LATER, missing: None}
    with pytest.raises(ValueError, match="cmp_a waits for no decision"):
        campaign_item(samples.campaign(**told))


def test_the_item_of_a_revision() -> None:
    revision = samples.revision(number=3, submitted_at=LATER)
    item = revision_item(revision)
    assert (item.kind, item.object, item.revision) == (ItemKind.REVISION, "snd_a", 3)
    assert (item.title, item.author, item.recipients) == ("ACME", "usr_a", 0)
    assert (item.digest, item.submitted_at) == (revision_digest(revision), LATER)


def test_a_revision_that_was_not_submitted_has_no_item() -> None:
    with pytest.raises(ValueError, match="revision 1 waits for no decision"):
        revision_item(samples.revision(submitted_at=None))


OTHERWISE: dict[str, Any] = {
    "sender": "snd_b",
    "number": 2,
    "address": "ACME2",
    "source": NumberType(1, 1),
    "destination": NumberType(0, 1),
    "channel": "chn_b",
    "use": "Offers",
}
# What becomes of a revision, not what it is.
APART = {
    *("workspace", "status", "author", "created_at", "submitted_at"),
    *("decision", "archived_from", "version"),
}


def test_a_revisions_digest_is_of_all_that_is_approved() -> None:
    revision = samples.revision()
    assert set(OTHERWISE) | APART == {column.name for column in fields(Revision)}
    found = {revision_digest(replace(revision, **{name: v})) for name, v in OTHERWISE.items()}
    assert len(found | {revision_digest(revision)}) == len(OTHERWISE) + 1
    assert revision_digest(replace(revision, author="usr_b", version=9)) == revision_digest(
        revision
    )


# --- what a decision holds ---


@pytest.mark.parametrize(
    ("shown", "approve", "refusal"),
    [
        ("digest", True, None),
        ("digest", False, None),
        (None, False, None),
        (None, True, Invalid),
        ("another", True, Conflict),
        ("another", False, Conflict),
        ("", False, Conflict),
    ],
)
def test_a_decision_is_about_what_was_shown(
    shown: str | None, *, approve: bool, refusal: type[Exception] | None
) -> None:
    with pytest.raises(refusal) if refusal else nullcontext() as refused:
        check_shown("digest", shown, approve=approve)
    if isinstance(refused, pytest.ExceptionInfo) and isinstance(refused.value, Invalid):
        assert [problem.field for problem in refused.value.problems] == ["digest"]


@pytest.mark.parametrize(
    ("note", "approve", "fits"),
    [
        ("", True, True),
        ("", False, False),
        (" \n", False, False),
        ("Typo in line 2.\n\tSee “Hallo”, 你好 👋", False, True),
        ("n" * NOTE_MAX, False, True),
        ("n" * (NOTE_MAX + 1), True, False),
        ("bell\x07", False, False),
        ("half \ud83d", False, False),
    ],
)
def test_notes(note: str, *, approve: bool, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(Invalid, match="note"):
        check_note(note, approve=approve)
