"""Who may decide what, and that nothing is sent but what was approved, on fakes (SPEC 4.3)."""

from __future__ import annotations

import pytest

from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.errors import AlreadyDecided, Conflict, Forbidden, Invalid, Stale
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.rights import Right, Role
from chalicelib.usecases.campaigns import NewCampaign
from chalicelib.usecases.credentials import NewKey
from chalicelib.usecases.identity import Origin
from tests.fakes import samples
from tests.fakes.world import World

NUMBERS = [447_700_900_000 + n for n in range(5)]


@pytest.fixture
def world() -> World:
    return World()


def test_an_author_cannot_decide_even_for_others(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    new = NewCampaign("Spring", "Hello", world.sender, recipients.id, auto_start=True)
    campaign = world.desk.create(world.author, new)
    world.desk.submit(world.author, campaign.id)
    with pytest.raises(Forbidden, match="approve"):
        world.desk.decide(world.author, campaign.id, approve=True, note="")


def test_nobody_approves_what_they_wrote(world: World) -> None:
    both = world.person("both@example.com", Role.AUTHOR, is_moderator=True)
    recipients = world.ready_list(NUMBERS)
    campaign = world.desk.create(
        both, NewCampaign("Mine", "Hello", world.sender, recipients.id, auto_start=True)
    )
    world.desk.submit(both, campaign.id)
    with pytest.raises(Forbidden, match="their own"):
        world.desk.decide(both, campaign.id, approve=True, note="")


def test_nobody_approves_what_they_wrote_with_their_own_key(world: World) -> None:
    admin = world.person("admin@example.com", Role.ADMIN)
    wanted = NewKey("Shop", (Right.WRITE_CAMPAIGN, Right.VIEW))
    token = world.api.credentials.create_key(admin, wanted).secret or ""
    program = world.api.access.caller(token, world.workspace, Origin("192.0.2.1", "test", "r"))
    recipients = world.ready_list(NUMBERS)
    new = NewCampaign("By key", "Hello", world.sender, recipients.id, auto_start=True)
    campaign = world.desk.create(program, new)
    assert (campaign.author, world.records.audit[-1].actor.role) == (admin.user, "api_key")
    world.desk.submit(program, campaign.id)
    with pytest.raises(Forbidden, match="their own"):
        world.desk.decide(admin, campaign.id, approve=True, note="")
    with pytest.raises(Forbidden):
        world.desk.decide(program, campaign.id, approve=True, note="")
    assert world.desk.decide(world.moderator, campaign.id, approve=True, note="").approval


def test_the_slower_moderator_is_told_who_was_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipients = world.ready_list(NUMBERS)
    new = NewCampaign("Spring", "Hello", world.sender, recipients.id, auto_start=False)
    campaign = world.desk.create(world.author, new)
    world.desk.submit(world.author, campaign.id)
    seen = world.campaigns.campaign(world.workspace, campaign.id)
    decided = world.desk.decide(world.moderator, campaign.id, approve=True, note="")
    assert (decided.approval, decided.status) == (Approval.APPROVED, Status.NEW)
    reads = iter([seen, decided])
    monkeypatch.setattr(type(world.campaigns), "campaign", lambda *_: next(reads))
    with pytest.raises(AlreadyDecided, match="approved"):
        world.desk.decide(world.moderator, campaign.id, approve=False, note="late")


def test_a_race_that_decided_nothing_stays_what_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipients = world.ready_list(NUMBERS)
    new = NewCampaign("Spring", "Hello", world.sender, recipients.id, auto_start=False)
    campaign = world.desk.create(world.author, new)
    world.desk.submit(world.author, campaign.id)

    def stale(*_: object, **__: object) -> None:
        raise Stale

    monkeypatch.setattr(type(world.changes), "save", stale)
    with pytest.raises(Stale):
        world.desk.decide(world.moderator, campaign.id, approve=True, note="")


def test_a_rejected_campaign_can_be_submitted_again(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    new = NewCampaign("Spring", "Hello", world.sender, recipients.id, auto_start=False)
    campaign = world.desk.create(world.author, new)
    world.desk.submit(world.author, campaign.id)
    rejected = world.desk.decide(world.moderator, campaign.id, approve=False, note="typo")
    assert rejected.decision is not None
    assert rejected.decision.note == "typo"
    again = world.desk.submit(world.author, campaign.id)
    assert again.approval is Approval.SUBMITTED
    world.desk.decide(world.moderator, campaign.id, approve=True, note="")
    started = world.desk.start(world.author, campaign.id)
    assert started.status is Status.BUILDING


def test_what_was_changed_after_approval_is_never_sent(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    world.forge_sender()
    assert world.driver.build(world.workspace, campaign).kind == "stop"
    failed = world.campaigns.campaign(world.workspace, campaign)
    assert failed.status is Status.FAILED
    assert failed.failure is not None
    assert "digest" in failed.failure
    assert world.delivery.offers(world.channel) == []


def test_a_window_of_a_forged_campaign_is_not_opened(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    world.driver.build(world.workspace, campaign)
    world.forge_sender()
    with pytest.raises(Conflict, match="digest"):
        world.driver.open(world.workspace, campaign, 0, "token")
    assert world.delivery.offers(world.channel) == []


def test_submitting_needs_a_ready_list(world: World) -> None:
    failed = world.changes.save(
        samples.recipient_list(
            id="lst_bad", workspace=world.workspace, status=ListStatus.FAILED, digest=None
        ),
        world.audit(),
    )
    new = NewCampaign("Spring", "Hello", world.sender, failed.id, auto_start=True)
    campaign = world.desk.create(world.author, new)
    with pytest.raises(Conflict, match="list is failed"):
        world.desk.submit(world.author, campaign.id)


def test_references_that_lead_nowhere_name_their_field(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    for sender, list_id, field in (("snd_x", recipients.id, "sender"), (world.sender, "x", "list")):
        with pytest.raises(Invalid) as refusal:
            world.desk.create(
                world.author, NewCampaign("Spring", "Hello", sender, list_id, auto_start=True)
            )
        assert refusal.value.problems[0].field == field


def test_a_sender_without_an_approved_revision_cannot_be_used(world: World) -> None:
    sender = world.installation.add_sender(world.workspace, "New", "NEW", world.channel)
    recipients = world.ready_list(NUMBERS)
    with pytest.raises(Invalid, match="approved"):
        world.desk.create(
            world.author, NewCampaign("Spring", "Hi", sender.id, recipients.id, auto_start=True)
        )


def test_an_archived_revision_is_not_submitted(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    new = NewCampaign("Spring", "Hello", world.sender, recipients.id, auto_start=True)
    campaign = world.desk.create(world.author, new)
    world.forge_sender("archived")
    with pytest.raises(Conflict, match="archived"):
        world.desk.submit(world.author, campaign.id)
