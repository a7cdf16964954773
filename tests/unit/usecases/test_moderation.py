"""Who may decide what, and that nothing is sent but what was approved, on fakes (SPEC 4.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.content import Mode
from chalicelib.domain.errors import (
    AlreadyDecided,
    Conflict,
    Forbidden,
    IllegalMove,
    Invalid,
    NotFound,
    Outdated,
    Stale,
    Unavailable,
)
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.moderation import CHANGE_MAX
from chalicelib.domain.rights import Right, Role
from chalicelib.usecases.credentials import NewKey
from chalicelib.usecases.drafting import ContentChanges, OverridesChanges
from chalicelib.usecases.identity import Origin
from tests.fakes import samples
from tests.fakes.records import FakeChanges
from tests.fakes.services import MORNING
from tests.fakes.world import World
from tests.unit.usecases.deciding import (
    NUMBERS,
    actions,
    allow_self_approval,
    decide,
    decide_revision,
    handed_in,
    interrupted,
    over,
    reject,
    revision_handed_in,
    waiting,
)

if TYPE_CHECKING:
    from chalicelib.usecases.auditing import Caller

HOUR = timedelta(hours=1)
ELSEWHERE = Origin("192.0.2.1", "test", "r")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def second(world: World) -> Caller:
    return world.person("second@example.com", Role.MODERATOR)


# --- who may ---


def test_an_author_cannot_decide_even_for_others(world: World) -> None:
    other = world.person("other@example.com", Role.AUTHOR)
    with pytest.raises(Forbidden, match="approve"):
        decide(world, handed_in(world), other)
    with pytest.raises(Forbidden, match="approve"):
        decide_revision(world, revision_handed_in(world), other)


@pytest.mark.parametrize("approve", [True, False])
def test_nobody_decides_on_what_they_wrote(world: World, *, approve: bool) -> None:
    both = world.person("both@example.com", Role.AUTHOR, is_moderator=True)
    world.author = both
    campaign, revision = handed_in(world), revision_handed_in(world)
    for refused in (
        lambda: decide(world, campaign, both, approve=approve, note="n"),
        lambda: decide_revision(world, revision, both, approve=approve, note="n"),
    ):
        with pytest.raises(Forbidden, match="what they wrote"):
            refused()
    assert len(waiting(world)) == 2
    allow_self_approval(world)
    decide(world, campaign, both, approve=approve, note="n")
    decide_revision(world, revision, both, approve=approve, note="n")
    assert waiting(world) == []


def test_nobody_approves_what_they_wrote_with_their_own_key(world: World) -> None:
    admin = world.person("admin@example.com", Role.ADMIN)
    wanted = NewKey("Shop", (Right.WRITE_CAMPAIGN, Right.VIEW))
    token = world.api.credentials.create_key(admin, wanted).secret or ""
    program = world.api.access.caller(token, world.workspace, ELSEWHERE)
    world.author = program
    campaign = handed_in(world)
    assert (campaign.author, world.records.audit[-1].actor.role) == (admin.user, "api_key")
    with pytest.raises(Forbidden, match="what they wrote"):
        decide(world, campaign, admin)
    with pytest.raises(Forbidden):
        decide(world, campaign, program)
    assert decide(world, campaign).approval is Approval.APPROVED


def test_what_is_foreign_is_missing(world: World) -> None:
    campaign, revision = handed_in(world), revision_handed_in(world)
    world.installation.add_workspace("wsp_b", "Others", "UTC")
    stranger = replace(world.moderator, workspace="wsp_b")
    for refused in (
        lambda: decide(world, campaign, stranger),
        lambda: decide_revision(world, revision, stranger),
        lambda: world.api.moderation.release(stranger, campaign.id),
    ):
        with pytest.raises(NotFound):
            refused()
    page = world.api.moderation.queue(stranger, None, None, 10)
    assert page is not None
    assert page.items == []


# --- approving ---


@pytest.mark.parametrize(("auto_start", "status"), [(False, Status.NEW), (True, Status.BUILDING)])
def test_approved(world: World, *, auto_start: bool, status: Status) -> None:
    campaign = handed_in(world, auto_start=auto_start)
    before = len(world.records.audit)
    approved = decide(world, campaign, note=" fine ")
    assert (approved.approval, approved.status) == (Approval.APPROVED, status)
    assert approved == world.campaigns.campaign(world.workspace, campaign.id)
    assert approved.decision is not None
    assert (approved.decision.by, approved.decision.note) == (world.moderator.user, "fine")
    assert waiting(world) == []
    (record,) = world.records.audit[before:]
    assert (record.action, record.object) == ("campaign.approved", campaign.id)
    assert (record.actor.user, record.author) == (world.moderator.user, world.author.user)
    assert (record.before["approval"], record.after["approval"]) == ("submitted", "approved")
    assert len(world.executions.started) == int(auto_start)
    assert world.errands.posted == []


def test_an_approval_needs_what_was_shown(world: World) -> None:
    campaign, revision = handed_in(world), revision_handed_in(world)
    with pytest.raises(Invalid, match="digest: send") as refused:
        decide(world, campaign, shown=None)
    assert [problem.field for problem in refused.value.problems] == ["digest"]
    with pytest.raises(Invalid, match="digest: send"):
        decide_revision(world, revision, shown=None)
    for shown in ("", "0" * 64):
        with pytest.raises(Conflict, match="not what you were shown"):
            decide(world, campaign, shown=shown)
        with pytest.raises(Conflict, match="not what you were shown"):
            decide_revision(world, revision, shown=shown)
        with pytest.raises(Conflict, match="not what you were shown"):
            decide(world, campaign, approve=False, note="typo", shown=shown)
    assert len(waiting(world)) == 2


def test_what_was_shown_before_an_edit_is_not_approved(world: World) -> None:
    campaign = handed_in(world)
    world.api.drafting.edit(world.author, campaign.id, ContentChanges(text="Worse"))
    with pytest.raises(IllegalMove, match="cannot be approved"):
        decide(world, campaign)
    again = world.desk.submit(world.author, campaign.id)
    with pytest.raises(Conflict, match="not what you were shown"):
        decide(world, campaign)
    assert decide(world, again).approval is Approval.APPROVED


def test_a_forged_record_is_not_approved(world: World) -> None:
    campaign = handed_in(world)
    world.forge_sender()
    with pytest.raises(Conflict, match="digest"):
        decide(world, campaign)
    assert waiting(world) == [campaign.id]


def test_what_cannot_be_used_any_more_is_not_approved(world: World) -> None:
    admin = world.person("admin@example.com", Role.ADMIN)
    campaign = handed_in(world)
    world.api.senders.archive_revision(admin, world.sender, 1)
    with pytest.raises(Conflict, match="sender is archived, or not approved"):
        decide(world, campaign)
    world.api.senders.restore_revision(admin, world.sender, 1)
    world.api.senders.archive(admin, world.sender)
    with pytest.raises(Conflict, match="sender is archived, or not approved"):
        decide(world, campaign)
    assert waiting(world) == [campaign.id]
    assert reject(world, campaign).approval is Approval.REJECTED


def test_an_address_that_cannot_be_used_any_more_is_not_approved(world: World) -> None:
    admin = world.person("admin@example.com", Role.ADMIN)
    other = world.add_sender("Other", "OTHER")
    campaign = handed_in(world, overrides=OverridesChanges(saddr="OTHER"))
    world.api.senders.archive(admin, other.id)
    with pytest.raises(Conflict, match="address override is archived, or not approved"):
        decide(world, campaign)
    world.api.senders.restore(admin, other.id)
    assert decide(world, campaign).approval is Approval.APPROVED


def test_what_can_reach_nobody_any_more_is_not_approved(world: World) -> None:
    now = world.clock.now()
    campaign = handed_in(world, deadline=now + HOUR)
    world.clock.advance(HOUR)
    with pytest.raises(Conflict, match="deadline is over"):
        decide(world, campaign)
    assert reject(world, campaign).approval is Approval.REJECTED


def test_what_some_recipients_cannot_get_is_not_approved(world: World) -> None:
    greetings = ["Ann", "Bob", "x" * 250, "Dan", "Eve"]
    recipients = world.ready_list(NUMBERS, columns={"greeting": greetings})
    campaign = handed_in(world, text="{{greeting}}" * 8, list=recipients.id)
    with pytest.raises(Conflict, match="more than 10 parts for 1 of the recipients"):
        decide(world, campaign)
    assert waiting(world) == [campaign.id]
    greetings[2] = "Cai"
    recipients = world.ready_list(NUMBERS, columns={"greeting": greetings})
    shorter = handed_in(world, text="{{greeting}}" * 8, list=recipients.id)
    assert decide(world, shorter).approval is Approval.APPROVED


def test_what_comes_too_late_waits_for_a_moderator(world: World) -> None:
    start = world.clock.now() + HOUR
    campaign = handed_in(world, mode=Mode.ON_TIME, start_at=start, auto_start=True)
    world.clock.advance(2 * HOUR)
    approved = decide(world, campaign)
    assert (approved.approval, approved.status) == (Approval.APPROVED, Status.NEW)
    assert approved.missed_at == world.clock.now()
    assert (waiting(world), world.executions.started) == ([], [])


# --- rejecting ---


def test_a_rejected_campaign_can_be_submitted_again(world: World) -> None:
    campaign = handed_in(world)
    rejected = decide(world, campaign, approve=False, note="a typo", shown=campaign.digest)
    assert (rejected.approval, rejected.status) == (Approval.REJECTED, Status.NEW)
    assert rejected.decision is not None
    assert rejected.decision.note == "a typo"
    assert waiting(world) == []
    assert actions(world)[-1] == "campaign.rejected"
    assert world.records.audit[-1].after["note"] == "a typo"
    target = Errand(ErrandKind.CAMPAIGN_REJECTED, world.workspace, target=campaign.id)
    assert world.errands.posted == [target]
    again = world.desk.submit(world.author, campaign.id)
    assert again.approval is Approval.SUBMITTED
    decide(world, again)
    assert world.desk.start(world.author, campaign.id).status is Status.BUILDING


def test_a_rejection_says_why(world: World) -> None:
    campaign, revision = handed_in(world), revision_handed_in(world)
    for note in ("", " \n "):
        with pytest.raises(Invalid, match="note: say why"):
            decide(world, campaign, approve=False, note=note)
        with pytest.raises(Invalid, match="note: say why"):
            decide_revision(world, revision, approve=False, note=note)
    assert world.errands.posted == []


class BrokenErrands:
    def post(self, errand: Errand) -> None:
        raise Unavailable(f"The queue of {errand.kind}")


def test_a_mail_that_could_not_be_asked_for_is_asked_for_again(
    world: World, second: Caller
) -> None:
    campaign, revision = handed_in(world), revision_handed_in(world)
    broken = replace(world.api.moderation, errands=BrokenErrands())
    given: dict[str, Any] = {"approve": False, "note": "typo", "shown": None}
    with pytest.raises(Unavailable):
        broken.decide_campaign(world.moderator, campaign.id, **given)
    with pytest.raises(Unavailable):
        broken.decide_revision(world.moderator, revision.sender, revision.number, **given)
    stored = world.campaigns.campaign(world.workspace, campaign.id)
    assert stored.approval is Approval.REJECTED
    for who, more in ((second, {}), (world.moderator, {"note": "another"})):
        with pytest.raises(AlreadyDecided):
            decide(world, campaign, who, **{**given, **more})
        with pytest.raises(AlreadyDecided):
            decide_revision(world, revision, who, **{**given, **more})
    assert world.errands.posted == []
    with pytest.raises(AlreadyDecided):
        decide(world, campaign, **given)
    with pytest.raises(AlreadyDecided):
        decide_revision(world, revision, **given)
    kinds = [errand.kind for errand in world.errands.posted]
    assert kinds == [ErrandKind.CAMPAIGN_REJECTED, ErrandKind.REVISION_REJECTED]


# --- several at once ---


@pytest.mark.parametrize("auto_start", [False, True])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("late", [True, False])
def test_the_slower_moderator_is_told_who_was_first(
    world: World, second: Caller, *, first: bool, late: bool, auto_start: bool
) -> None:
    campaign = handed_in(world, auto_start=auto_start)
    given: dict[str, Any] = {"note": "n", "shown": campaign.digest}
    slow = interrupted(world, lambda: decide(world, campaign, second, approve=first, note="quick"))
    with pytest.raises(AlreadyDecided, match="approved" if first else "rejected"):
        slow.decide_campaign(world.moderator, campaign.id, approve=late, **given)
    stored = world.campaigns.campaign(world.workspace, campaign.id)
    assert stored.decision is not None
    assert (stored.decision.by, stored.decision.note) == (second.user, "quick")
    decisions = [
        name for name in actions(world) if name in {"campaign.approved", "campaign.rejected"}
    ]
    assert len(decisions) == 1
    assert len(world.executions.started) == int(first and auto_start)
    assert world.queue.mark(world.workspace).under_way == {}


def test_what_is_handed_in_unchanged_meanwhile_is_decided(world: World) -> None:
    campaign = handed_in(world)

    def again() -> None:
        world.desk.withdraw(world.author, campaign.id)
        world.clock.advance(HOUR)
        world.desk.submit(world.author, campaign.id)

    approved = interrupted(world, again).decide_campaign(
        world.moderator, campaign.id, approve=True, note="", shown=campaign.digest
    )
    assert approved.approval is Approval.APPROVED
    assert waiting(world) == []


def test_what_is_withdrawn_meanwhile_is_not_decided(world: World) -> None:
    campaign = handed_in(world)
    slow = interrupted(world, lambda: world.desk.withdraw(world.author, campaign.id))
    with pytest.raises(IllegalMove, match="cannot be approved"):
        slow.decide_campaign(
            world.moderator, campaign.id, approve=True, note="", shown=campaign.digest
        )


class AlwaysStale(FakeChanges):
    def commit(self, *_: Any, **__: Any) -> None:
        raise Stale


def test_a_race_that_decided_nothing_stays_what_it_is(world: World) -> None:
    campaign, revision = handed_in(world), revision_handed_in(world)
    losing = over(world, AlwaysStale(world.records))
    with pytest.raises(Stale):
        losing.decide_campaign(
            world.moderator, campaign.id, approve=True, note="", shown=campaign.digest
        )
    with pytest.raises(Stale):
        losing.decide_revision(
            world.moderator, revision.sender, revision.number, approve=False, note="n", shown=None
        )
    assert len(waiting(world)) == 2
    assert world.queue.mark(world.workspace).under_way == {}


class LostAnswers(FakeChanges):
    """What is written is never confirmed."""

    def commit(self, *records: Any, **more: Any) -> None:
        super().commit(*records, **more)
        raise Unavailable("The database")


def test_while_nobody_knows_whether_it_was_decided_the_queue_has_no_tag(world: World) -> None:
    campaign = handed_in(world)
    with pytest.raises(Unavailable):
        over(world, LostAnswers(world.records)).decide_campaign(
            world.moderator, campaign.id, approve=True, note="", shown=campaign.digest
        )
    mark = world.queue.mark(world.workspace)
    assert mark.tag(world.clock.now()) is None
    assert mark.tag(world.clock.now() + CHANGE_MAX) is not None


def test_a_decision_on_another_version_is_refused(world: World) -> None:
    campaign, revision = handed_in(world), revision_handed_in(world)
    with pytest.raises(Outdated):
        decide(world, campaign, expected=campaign.version - 1)
    with pytest.raises(Outdated):
        decide_revision(world, revision, expected=revision.version + 1)
    decide(world, campaign, expected=campaign.version)
    decide_revision(world, revision, expected=revision.version)
    # Whoever comes late is told why it is another one.
    with pytest.raises(AlreadyDecided):
        decide(world, campaign, expected=campaign.version)
    with pytest.raises(AlreadyDecided):
        decide_revision(world, revision, expected=revision.version)


def test_nobody_decides_on_what_they_changed(world: World) -> None:
    """An admin could write into somebody else's draft, and approve it alone."""
    admin = world.person("hand@example.com", Role.ADMIN)
    draft = world.draft(list=world.ready_list([12025550100]).id)
    world.api.drafting.edit(admin, draft.id, ContentChanges(text="Changed"))
    submitted = world.desk.submit(world.author, draft.id)
    page = world.api.moderation.queue(admin, None, None, 10)
    assert page is not None
    assert [item.may_decide for item in page.items] == [False]
    for approve in (True, False):
        with pytest.raises(Forbidden, match="what they wrote"):
            world.api.moderation.decide_campaign(
                admin, draft.id, approve=approve, note="x", shown=submitted.digest
            )
    assert world.approve(submitted).editors == (admin.user,)


def test_who_was_its_author_before_it_left_the_archive_does_not_decide_either() -> None:
    left = samples.campaign(archived_at=MORNING, editors=("usr_b",))
    restored = rules.restore(left, "usr_b")
    assert restored.author == "usr_b"
    assert restored.writers == {"usr_a", "usr_b"}
