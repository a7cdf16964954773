"""Mails to authors whose campaign or revision was rejected, with the note (SPEC 4.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.campaign import Approval
from chalicelib.domain.decision import Decision
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.membership import Member
from chalicelib.domain.rights import Role
from chalicelib.domain.sender import RevisionStatus
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.rejections import revision_target
from tests.fakes import samples
from tests.unit.usecases.people import ACME, CONSOLE, People

if TYPE_CHECKING:
    from chalicelib.domain.letters import Letter
    from chalicelib.usecases.auditing import Caller

NOTE = "A typo in line 2:\r\n  “Helo”\n\nAnd no sender's name."
CAMPAIGN = Errand(ErrandKind.CAMPAIGN_REJECTED, ACME, target="cmp_a")
REVISION = Errand(ErrandKind.REVISION_REJECTED, ACME, target=revision_target("snd_a", 3))


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def author(people: People) -> Caller:
    return people.person("author@example.com", Role.AUTHOR)


def put(people: People, author: str, note: str = NOTE, **changes: Any) -> None:
    """A campaign and a revision, rejected just now."""
    decision = Decision("usr_moderator", people.clock.now(), note)
    campaign = samples.campaign(
        workspace=ACME, author=author, approval=Approval.REJECTED, decision=decision
    )
    revision = samples.revision(
        workspace=ACME,
        number=3,
        author=author,
        status=RevisionStatus.REJECTED,
        decision=decision,
    )
    for record in (campaign, revision):
        known = {name: value for name, value in changes.items() if hasattr(record, name)}
        people.records.put(replace(record, **known))


def letters(people: People) -> list[Letter]:
    people.mail.sent.clear()
    for errand in (CAMPAIGN, REVISION):
        people.mailer.do(errand)
    return list(people.mail.sent)


def test_authors_get_to_read_why(people: People, author: Caller) -> None:
    put(people, author.user)
    campaign, revision = letters(people)
    assert campaign.to == revision.to == "author@example.com"
    assert campaign.subject == revision.subject == "Rejected in Acme"
    assert campaign.text == (
        "Your campaign Spring was rejected. A moderator of Acme writes:\n\n"
        "    A typo in line 2:\n      “Helo”\n\n    And no sender's name.\n\n"
        "You may change it and submit it again:\n\n"
        f"{CONSOLE}/workspaces/{ACME}/campaigns/cmp_a\n"
    )
    assert revision.text.startswith("Your revision 3 of a sender, ACME, was rejected.")
    assert f"{CONSOLE}/workspaces/{ACME}/senders/snd_a\n" in revision.text


def test_what_was_handed_in_again_is_not_told(people: People, author: Caller) -> None:
    put(people, author.user, approval=Approval.SUBMITTED, status=RevisionStatus.PENDING)
    assert letters(people) == []
    # A draft keeps the note for its author, who has gone on by then.
    put(people, author.user, approval=Approval.DRAFT, status=RevisionStatus.DRAFT)
    assert letters(people) == []
    put(people, author.user, decision=None)
    assert letters(people) == []


def test_who_has_left_reads_nothing_of_the_workspace(people: People, author: Caller) -> None:
    put(people, author.user)
    people.records.remove(people.member(ACME, author.user))
    assert letters(people) == []
    put(people, "usr_nobody")
    assert letters(people) == []


def test_super_admins_wrote_as_visitors(people: People, author: Caller) -> None:
    put(people, author.user)
    people.records.remove(people.member(ACME, author.user))
    seat = Member(
        MASTER, author.user, Role.SUPER_ADMIN, is_moderator=False, created_at=people.clock.now()
    )
    people.records.put(seat)
    assert len(letters(people)) == 2


@pytest.mark.parametrize(
    "target", ["", "none", "snd_a#", "snd_a#x", "snd_a#4", "snd_b#3", "snd_a#²"]
)
def test_what_is_not_there_is_not_told(people: People, author: Caller, target: str) -> None:
    put(people, author.user)
    for kind in (ErrandKind.CAMPAIGN_REJECTED, ErrandKind.REVISION_REJECTED):
        people.mailer.do(Errand(kind, ACME, target=target))
    assert people.mail.sent == []
