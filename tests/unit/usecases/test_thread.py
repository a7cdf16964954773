"""One campaign all the way through the use cases, on fakes; and what may go wrong on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.campaign import PauseReason, Status
from chalicelib.domain.campaign_listing import CampaignQuery
from chalicelib.domain.errors import (
    IllegalMove,
    Invalid,
    NotFound,
)
from chalicelib.domain.formats.inbox import RawReceipt
from chalicelib.domain.ledger import RecipientState
from chalicelib.domain.rights import Role
from tests.fakes import samples
from tests.fakes.world import World, accepted, refused

if TYPE_CHECKING:
    from chalicelib.usecases.recipients import RecipientLine

FIRST = "token-1"
NUMBERS = [447_700_900_000 + n for n in range(5)]


@pytest.fixture
def world() -> World:
    return World()


def drive(world: World, campaign: str, token: str = FIRST) -> None:
    assert world.driver.build(world.workspace, campaign).kind == "built"
    step = world.driver.next(world.workspace, campaign)
    assert step.document() == {"kind": "open", "window": 0}
    world.driver.open(world.workspace, campaign, 0, token)


def receive(world: World, *receipts: tuple[str, str, int]) -> None:
    raw = tuple(
        RawReceipt(2_000, source, "ACME", message_id, state, 0, b"")
        for source, message_id, state in receipts
    )
    world.delivery.receive(samples.inbox_item(channel=world.channel, receipts=raw))


def number_at(world: World, campaign: str, index: int) -> str:
    page = world.recipients.page(world.author, campaign, None, 50)
    tail = page.items[index].number[-4:]
    return next(str(number) for number in NUMBERS if str(number).endswith(tail))


def test_a_campaign_from_approval_to_done(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    assert world.executions.running(world.workspace, campaign, 1)
    drive(world, campaign)
    assert world.campaigns.campaign(world.workspace, campaign).status is Status.SENDING
    (offer,) = world.delivery.offers(world.channel)
    assert (offer.first, offer.last) == (0, 5)

    outcomes = [accepted(n, f"m-{n}") for n in range(4)] + [refused(4, 0x0B)]
    world.answer(campaign, 0, 1, outcomes)
    world.folder.fold(world.workspace, campaign, 0)
    assert world.executions.resumed == ["token-1"]
    assert world.delivery.journal(world.workspace, campaign, 0) == []

    assert world.driver.next(world.workspace, campaign).kind == "finish"
    world.driver.finish(world.workspace, campaign)
    assert world.campaigns.campaign(world.workspace, campaign).status is Status.SENDING

    states = [2, 2, 5, 2]
    receive(world, *[(number_at(world, campaign, n), f"m-{n}", states[n]) for n in range(4)])
    assert world.receipts.resolve(world.channel).matched == 4
    world.folder.fold(world.workspace, campaign, 0)

    done = world.campaigns.campaign(world.workspace, campaign)
    assert done.status is Status.DONE
    totals = world.recipients.totals(done)
    assert (totals.delivered, totals.failed, totals.total) == (3, 2, 5)
    world.sweep.tend(world.campaigns.live()[0])
    assert world.campaigns.live() == []


def test_every_change_left_one_audit_record(world: World) -> None:
    before = len(world.records.audit)
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    actions = [record.action for record in world.records.audit[before:]]
    assert actions[-5:] == [
        "campaign.created",
        "campaign.submitted",
        "campaign.approved",
        "campaign.pending",
        "campaign.sending",
    ]
    approved = world.records.audit[-3]
    assert approved.actor.address == "127.0.0.1"
    assert (approved.before["approval"], approved.after["approval"]) == ("submitted", "approved")


def test_steps_may_run_twice_and_a_restarted_execution_carries_on(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS, per_chunk=2)
    drive(world, campaign, "first")
    drive(world, campaign, "second")
    assert len(world.delivery.offers(world.channel)) == 3
    built = world.campaigns.campaign(world.workspace, campaign)
    assert (world.recipients.totals(built).total, world.recipients.totals(built).pending) == (5, 5)
    for chunk, indexes in enumerate(([0, 1], [0, 1], [0])):
        world.answer(campaign, chunk, 1, [accepted(n, f"{chunk}-{n}") for n in indexes])
        world.folder.fold(world.workspace, campaign, chunk)
    assert world.executions.resumed == ["first", "second"]
    world.driver.open(world.workspace, campaign, 0, "third")
    assert world.executions.resumed[-1] == "third"
    world.driver.finish(world.workspace, campaign)
    sent_at = world.campaigns.campaign(world.workspace, campaign).sent_at
    world.clock.advance(timedelta(minutes=1))
    world.driver.finish(world.workspace, campaign)
    assert world.campaigns.campaign(world.workspace, campaign).sent_at == sent_at


def test_pause_and_resume_start_a_lost_execution_again(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    paused = world.desk.pause(world.author, campaign)
    assert (paused.status, paused.pause_reason) == (Status.PAUSED, PauseReason.PERSON)
    assert world.driver.next(world.workspace, campaign).kind == "stop"
    world.executions.end(world.workspace, campaign, 1)
    resumed = world.desk.resume(world.author, campaign)
    assert (resumed.status, resumed.run) == (Status.SENDING, 2)
    assert world.executions.running(world.workspace, campaign, 2)
    world.desk.pause(world.author, campaign)
    assert world.desk.resume(world.author, campaign).run == 2


def test_a_cancelled_campaign_stops_and_the_rest_counts_as_cancelled(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    world.answer(campaign, 0, 1, [accepted(0, "m-0")])
    world.folder.fold(world.workspace, campaign, 0)
    cancelled = world.desk.cancel(world.author, campaign)
    totals = world.recipients.totals(cancelled)
    assert (totals.sent, totals.cancelled, totals.pending) == (1, 4, 0)
    page = world.recipients.page(world.author, campaign, None, 50)
    assert [line.state for line in page.items] == [
        RecipientState.SENT,
        *[RecipientState.CANCELLED] * 4,
    ]
    world.sweep.tend(world.campaigns.live()[0])
    assert world.executions.resumed == ["token-1"]
    assert world.campaigns.live() == []
    assert world.driver.build(world.workspace, campaign).kind == "stop"
    assert world.driver.next(world.workspace, campaign).kind == "stop"
    with pytest.raises(IllegalMove):
        world.desk.resume(world.author, campaign)


def test_a_stranger_sees_nothing_of_another_workspace(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    world.installation.add_workspace("wsp_other", "Other", "UTC")
    stranger = world.caller(samples.member(workspace="wsp_other", user="usr_x", role=Role.ADMIN))
    with pytest.raises(NotFound) as foreign:
        world.desk.get(stranger, campaign)
    with pytest.raises(NotFound) as missing:
        world.desk.get(stranger, "cmp_nothing")
    assert str(foreign.value) == str(missing.value)
    assert world.desk.page(stranger, CampaignQuery(), None, 10).items == []
    with pytest.raises(NotFound):
        world.recipients.page(stranger, campaign, None, 10)


def test_members_see_what_their_workspace_has(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    page = world.desk.page(world.moderator, CampaignQuery(), None, 10)
    assert [item.id for item in page.items] == [campaign]
    assert world.desk.get(world.moderator, campaign).id == campaign
    assert world.api.senders.get(world.author, world.sender).id == world.sender
    assert world.api.settings.get(world.author).name == "Acme"


def test_recipients_are_paged_over_chunks_and_masked(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS, per_chunk=2)
    before = world.recipients.page(world.author, campaign, None, 10)
    assert before.items == []
    waiting = world.campaigns.campaign(world.workspace, campaign)
    assert world.recipients.totals(waiting).pending == 5
    drive(world, campaign)
    world.answer(campaign, 0, 1, [refused(0, 0x0B)])
    lines: list[RecipientLine] = []
    after: str | None = None
    while True:
        page = world.recipients.page(world.author, campaign, after, 1)
        lines += page.items
        after = page.next
        if after is None:
            break
    assert len(lines) == 5
    assert len({line.ctn_hash for line in lines}) == 5
    assert all(set(line.number[:-4]) == {"*"} for line in lines)
    error = lines[0].parts[0].error
    assert error is not None
    assert (error.space, error.code) == ("command_status", 0x0B)
    for bad in ("x", "1", "1.x", "\u0661.\u0661", "1." + "1" * 30):
        with pytest.raises(Invalid, match="after"):
            world.recipients.page(world.author, campaign, bad, 1)


def test_receipts_that_match_nothing_wait_and_are_tried_again(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    known = number_at(world, campaign, 0)
    world.answer(campaign, 0, 1, [accepted(0, "m-0")])
    receive(
        world,
        (known, "m-0", 2),
        (known, "late", 2),
        ("447700999999", "m-0", 2),
        ("Shop", "m-0", 2),
        (known, "m-0", 1),
    )
    resolved = world.receipts.resolve(world.channel)
    assert (resolved.matched, resolved.waiting) == (2, 3)  # one of the two says nothing final
    assert world.receipts.resolve(world.channel).waiting == 0
    world.answer(campaign, 0, 2, [accepted(1, "late")])
    assert world.receipts.retry(world.channel).waiting == 3
    (waiting,) = world.delivery.inbox(world.channel, waiting=True, limit=9)
    assert len(waiting.receipts) == 3
    world.clock.advance(timedelta(hours=73))
    assert world.receipts.retry(world.channel).given_up == 3
    assert world.delivery.inbox(world.channel, waiting=True, limit=9) == []


def test_a_ledger_that_is_lost_keeps_only_its_own_receipts_waiting(world: World) -> None:
    lost, other = world.approved_campaign(NUMBERS), world.approved_campaign(NUMBERS)
    for campaign, name in ((lost, "lost-0"), (other, "m-0")):
        drive(world, campaign)
        world.answer(campaign, 0, 1, [accepted(0, name)])
        world.folder.fold(world.workspace, campaign, 0)
    known = number_at(world, other, 0)
    world.blobs.delete(world.delivery.chunk(world.workspace, lost, 0).ledger)
    receive(world, (known, "lost-0", 2), (known, "m-0", 2))
    resolved = world.receipts.resolve(world.channel)
    assert (resolved.matched, resolved.waiting) == (1, 1)


def test_a_receipt_before_its_response_is_matched_at_the_next_try(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    known = number_at(world, campaign, 0)
    receive(world, (known, "m-0", 2), ("447700999999", "x", 2))
    assert world.receipts.resolve(world.channel).waiting == 2
    world.answer(campaign, 0, 1, [accepted(0, "m-0")])
    tried = world.receipts.retry(world.channel)
    assert (tried.matched, tried.waiting) == (1, 1)
    world.folder.fold(world.workspace, campaign, 0)
    totals = world.recipients.totals(world.campaigns.campaign(world.workspace, campaign))
    assert totals.delivered == 1


def test_resolving_twice_changes_nothing(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    world.answer(campaign, 0, 1, [accepted(0, "m-0")])
    item = (number_at(world, campaign, 0), "m-0", 2)
    receive(world, item)
    world.receipts.resolve(world.channel)
    world.folder.fold(world.workspace, campaign, 0)
    receive(world, item)
    world.receipts.resolve(world.channel)
    world.folder.fold(world.workspace, campaign, 0)
    totals = world.recipients.totals(world.campaigns.campaign(world.workspace, campaign))
    assert (totals.delivered, totals.pending) == (1, 4)


def test_two_folders_at_once_keep_one_ledger(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    world.answer(campaign, 0, 1, [accepted(0, "m-0")])
    stale = world.delivery.chunk(world.workspace, campaign, 0)
    world.folder.fold(world.workspace, campaign, 0)
    world.answer(campaign, 0, 2, [accepted(1, "m-1")])
    blobs = len(world.blobs.objects)
    with monkeypatch.context() as patch:
        patch.setattr(type(world.delivery), "chunk", lambda *_: stale)
        world.folder.fold(world.workspace, campaign, 0)
    assert len(world.blobs.objects) == blobs
    assert len(world.delivery.journal(world.workspace, campaign, 0)) == 1
    world.folder.fold(world.workspace, campaign, 0)
    assert world.delivery.chunk(world.workspace, campaign, 0).counters.sent == 2
    world.folder.fold(world.workspace, campaign, 0)


def test_receipts_that_never_come_end_with_their_time(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    world.answer(campaign, 0, 1, [accepted(n, f"m-{n}") for n in range(5)])
    world.folder.fold(world.workspace, campaign, 0)
    world.driver.finish(world.workspace, campaign)
    (marker,) = world.campaigns.live()
    world.clock.advance(timedelta(hours=71))
    world.sweep.tend(marker)
    assert world.campaigns.campaign(world.workspace, campaign).status is Status.SENDING
    world.clock.advance(timedelta(hours=2))
    world.sweep.tend(marker)
    assert world.campaigns.campaign(world.workspace, campaign).status is Status.DONE
    assert world.campaigns.live() == []


def test_the_sweep_restarts_lost_executions_and_leaves_running_ones(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    (marker,) = world.sweep.markers()
    world.sweep.tend(marker)
    assert world.campaigns.campaign(world.workspace, campaign).run == 1
    world.executions.end(world.workspace, campaign, 1)
    world.sweep.tend(marker)
    assert world.executions.running(world.workspace, campaign, 2)
    assert world.records.audit[-1].action == "campaign.restarted"
    world.sweep.retry_receipts()


def test_a_ledger_that_an_unclean_stop_lost_leaves_doubt_and_nobody_is_sent_twice(
    world: World,
) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    world.answer(campaign, 0, 1, [accepted(n, f"m-{n}") for n in range(3)])
    world.folder.fold(world.workspace, campaign, 0)
    before = world.delivery.chunk(world.workspace, campaign, 0)
    world.sweep.hold_all(world.moderator.actor)
    assert world.delivery.chunk(world.workspace, campaign, 0) == before

    world.blobs.delete(before.ledger)
    world.sweep.hold_all(world.moderator.actor)
    chunk = world.delivery.chunk(world.workspace, campaign, 0)
    assert (chunk.ledger, chunk.as_of, chunk.intent) == ("", None, before.intent)
    assert chunk.counters.pending == len(NUMBERS)


def test_after_an_unclean_stop_everything_live_is_held_until_released(world: World) -> None:
    building = world.approved_campaign(NUMBERS)
    sending = world.approved_campaign(NUMBERS)
    drive(world, sending)
    paused = world.approved_campaign(NUMBERS)
    drive(world, paused)
    world.desk.pause(world.author, paused)
    operator = world.moderator.actor
    held = world.sweep.hold_all(operator)
    assert {campaign.id for campaign in held} == {building, sending}
    for campaign in held:
        assert campaign.pause_reason is PauseReason.UNCLEAN_STOP
    assert world.desk.resume(world.author, building).status is Status.BUILDING
    assert world.desk.resume(world.author, sending).status is Status.SENDING


def test_a_window_that_lies_ahead_is_waited_for(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    world.driver.build(world.workspace, campaign)
    world.clock.advance(timedelta(seconds=-60))
    step = world.driver.next(world.workspace, campaign)
    assert step.kind == "wait"
    assert str(step.document()["at"]).endswith("Z")


def test_a_paused_campaign_is_not_started_again_by_the_sweep(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    world.desk.pause(world.author, campaign)
    world.executions.end(world.workspace, campaign, 1)
    world.sweep.tend(world.campaigns.live()[0])
    held = world.campaigns.campaign(world.workspace, campaign)
    assert (held.status, held.run) == (Status.PAUSED, 1)


def test_a_fold_leaves_one_ledger_object(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    for sequence in (1, 2, 3):
        world.answer(campaign, 0, sequence, [accepted(sequence, f"m-{sequence}")])
        world.folder.fold(world.workspace, campaign, 0)
    ledgers = [key for key in world.blobs.objects if key.startswith("ledger/")]
    assert ledgers == [world.delivery.chunk(world.workspace, campaign, 0).ledger]


def test_what_matched_is_not_matched_again_each_minute(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    known = number_at(world, campaign, 0)
    receive(world, (known, "m-0", 2), ("447700999999", "x", 2))
    world.receipts.resolve(world.channel)
    world.answer(campaign, 0, 1, [accepted(0, "m-0")])
    assert world.receipts.retry(world.channel).matched == 1
    assert world.receipts.retry(world.channel).matched == 0


def test_numbers_that_no_list_can_hold_match_nobody(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS[:1])
    drive(world, campaign)
    world.answer(campaign, 0, 1, [accepted(0, "m-0")])
    # A number with a zero before it, one of nearly its digits, and one beyond 64 bits.
    strangers = (f"0{NUMBERS[0]}", str(NUMBERS[0] + 1), str(NUMBERS[0] + 2**64), "9" * 40)
    receive(world, *((stranger, "m-0", 2) for stranger in strangers))
    assert world.receipts.resolve(world.channel).matched == 0
    receive(world, (str(NUMBERS[0]), "m-0", 2))
    assert world.receipts.resolve(world.channel).matched == 1
