"""Lists go on request and by age, whole, and not while anybody needs them (SPEC 5.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from chalicelib.domain.list_keeping import WRITERS_GONE
from chalicelib.domain.recipient_list import (
    ListPurpose,
    ListStatus,
    NewList,
    list_prefix,
    upload_key,
)
from chalicelib.domain.rights import Role
from chalicelib.domain.suppression import SuppressionList
from chalicelib.domain.workspace import Retention
from chalicelib.usecases import list_keeping
from chalicelib.usecases.drafting import ContentChanges
from tests.fakes import samples
from tests.fakes.world import World, accepted

if TYPE_CHECKING:
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.auditing import Caller
    from chalicelib.usecases.list_keeping import ListKeeping

NUMBERS = [447_700_900_000 + n for n in range(5)]
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def admin(world: World) -> Caller:
    return world.person("admin@example.com", Role.ADMIN)


def keeping(world: World) -> ListKeeping:
    return world.api.list_keeping


def status_of(world: World, recipients: RecipientList) -> ListStatus:
    return world.campaigns.recipient_list(world.workspace, recipients.id).status


def stored(world: World, recipients: RecipientList) -> list[str]:
    prefix = list_prefix(world.workspace, recipients.id)
    return [key for key in world.blobs.objects if key.startswith(f"{prefix}/")]


def sweep(world: World) -> None:
    for workspace in world.list_sweep.share():
        world.list_sweep.look_through(workspace)
    for removal in world.list_sweep.removals():
        world.list_sweep.remove(removal)


def keep_for(world: World, **days: int) -> None:
    workspace = world.directory.workspace(world.workspace)
    world.changes.save(replace(workspace, retention=Retention(**days)), world.audit())


def submitted(world: World, recipients: RecipientList) -> str:
    return world.desk.submit(world.author, world.draft(list=recipients.id).id).id


def sent(world: World, recipients: RecipientList) -> str:
    """A campaign that was sent to its end, and is done."""
    draft = world.draft(list=recipients.id, auto_start=True)
    campaign = world.approve(world.desk.submit(world.author, draft.id)).id
    world.driver.build(world.workspace, campaign)
    world.driver.open(world.workspace, campaign, 0, "token")
    world.answer(campaign, 0, 1, [accepted(n, f"m-{n}") for n in range(len(NUMBERS))])
    world.folder.fold(world.workspace, campaign, 0)
    world.driver.finish(world.workspace, campaign)
    world.desk.cancel(world.author, campaign)
    return campaign


# --- on request ---


def test_a_deleted_list_keeps_its_name_and_loses_all_that_is_stored(world: World) -> None:
    recipients = world.ready_list(NUMBERS, per_chunk=2)
    other = world.ready_list(NUMBERS)
    prefix = list_prefix(world.workspace, recipients.id)
    for name in ("rejects", "hashes/00000"):
        world.blobs.put(f"{prefix}/{name}", b"something")
    key = upload_key(world.workspace, recipients.id)
    world.uploads.objects[key] = b"the file"

    keeping(world).delete(world.author, recipients.id)

    gone = world.campaigns.recipient_list(world.workspace, recipients.id)
    assert (gone.status, gone.name, gone.counts) == (
        ListStatus.DELETED,
        recipients.name,
        recipients.counts,
    )
    record = world.records.audit[-1]
    assert (record.action, record.object, record.actor) == (
        "list.deleted",
        recipients.id,
        world.author.actor,
    )
    sweep(world)
    assert stored(world, recipients) == []
    assert key not in world.uploads.objects
    assert len(stored(world, other)) == 2


def test_an_author_deletes_their_own_and_an_admin_all(world: World, admin: Caller) -> None:
    recipients = world.ready_list(NUMBERS)
    other = world.person("other@example.com", Role.AUTHOR)

    for nobody in (other, world.moderator):
        with pytest.raises(Forbidden):
            keeping(world).delete(nobody, recipients.id)
    assert status_of(world, recipients) is ListStatus.READY

    keeping(world).delete(admin, recipients.id)
    assert status_of(world, recipients) is ListStatus.DELETED


def test_a_list_of_another_workspace_is_not_there(world: World) -> None:
    other = samples.recipient_list(id="lst_b", workspace="wsp_b", author=world.author.user)
    world.changes.keep(other)
    with pytest.raises(NotFound):
        keeping(world).delete(world.author, "lst_b")


def test_deleting_again_changes_nothing(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    keeping(world).delete(world.author, recipients.id)
    records = len(world.records.audit)
    keeping(world).delete(world.author, recipients.id)
    assert len(world.records.audit) == records


def test_an_upload_under_way_is_dropped_and_never_read(world: World) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 10))
    key = upload_key(world.workspace, begun.id)
    world.uploads.send(key, begun.upload, 1, b"x" * 10)

    keeping(world).delete(world.author, begun.id)
    sweep(world)

    with pytest.raises(NotFound, match="upload"):
        world.uploads.parts(key, begun.upload)
    assert world.lists.complete(world.author, begun.id).status is ListStatus.DELETED


def test_an_upload_that_is_completed_at_the_same_moment_goes_all_the_same(world: World) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 10))
    key = upload_key(world.workspace, begun.id)
    world.uploads.send(key, begun.upload, 1, b"x" * 10)
    keeping(world).delete(world.author, begun.id)
    world.uploads.complete(key, begun.upload)

    sweep(world)

    assert key not in world.uploads.objects


def test_a_list_that_is_being_read_is_left_alone(world: World) -> None:
    recipients = world.changes.keep(
        samples.recipient_list(author=world.author.user, status=ListStatus.INGESTING)
    )
    with pytest.raises(Conflict, match="being read"):
        keeping(world).delete(world.author, recipients.id)


def test_of_two_who_change_a_list_one_is_told(world: World, monkeypatch: Any) -> None:
    begun = world.lists.begin(world.author, NewList("all.csv", 10))
    real = world.campaigns.recipient_list

    def read(workspace: str, list_id: str) -> RecipientList:
        found = real(workspace, list_id)
        world.changes.save(replace(found, status=ListStatus.INGESTING), world.audit())
        return found

    monkeypatch.setattr(world.campaigns, "recipient_list", read)
    with pytest.raises(Stale):
        keeping(world).delete(world.author, begun.id)
    monkeypatch.undo()
    assert status_of(world, begun) is ListStatus.INGESTING


# --- who needs it ---


def test_what_is_handed_in_keeps_its_list_until_it_is_taken_back(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    campaign = submitted(world, recipients)

    with pytest.raises(Conflict, match=campaign):
        keeping(world).delete(world.author, recipients.id)

    world.desk.withdraw(world.author, campaign)
    keeping(world).delete(world.author, recipients.id)


def test_a_use_is_noted_once_however_often_it_is_handed_in(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    campaign = submitted(world, recipients)
    world.desk.withdraw(world.author, campaign)
    world.desk.submit(world.author, campaign)
    (use,) = world.campaigns.list_uses(world.workspace, recipients.id)
    assert (use.campaign, use.list) == (campaign, recipients.id)


def test_a_running_campaign_keeps_its_list_whatever_its_age(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    draft = world.draft(list=recipients.id, auto_start=True)
    campaign = world.approve(world.desk.submit(world.author, draft.id)).id
    world.clock.advance(400 * DAY)

    with pytest.raises(Conflict, match=f"{campaign} uses it"):
        keeping(world).delete(world.author, recipients.id)
    sweep(world)

    assert status_of(world, recipients) is ListStatus.READY


def test_what_was_sent_keeps_its_list_while_its_recipients_are_kept(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    campaign = sent(world, recipients)
    ended = world.clock.now()
    keep_for(world, list_days=1, ledger_days=30)

    world.clock.advance(29 * DAY)
    with pytest.raises(Conflict, match=(ended + 30 * DAY).date().isoformat()):
        keeping(world).delete(world.author, recipients.id)
    sweep(world)
    assert status_of(world, recipients) is ListStatus.READY

    world.clock.advance(1 * DAY)
    sweep(world)
    assert status_of(world, recipients) is ListStatus.DELETED
    lines = world.recipients.page(world.author, campaign, None, 10).items
    assert [(line.number, line.ctn_hash) for line in lines] == [("erased", "")] * len(NUMBERS)
    assert {line.state for line in lines} == {"sent"}


def test_a_deleted_campaign_needs_no_list(world: World, admin: Caller) -> None:
    recipients = world.ready_list(NUMBERS)
    campaign = sent(world, recipients)
    world.desk.archive(world.author, campaign)
    record = world.campaigns.campaign(world.workspace, campaign)
    world.changes.commit(remove=[record], audit=world.audit())

    keeping(world).delete(admin, recipients.id)
    sweep(world)

    # A receipt that comes now finds nobody, and keeps no other waiting.
    assert world.delivery.traffic(world.channel)
    receipt = samples.receipt(source=str(NUMBERS[0]), message_id="m-0")
    world.delivery.receive(samples.inbox_item(channel=world.channel, receipts=(receipt,)))
    assert world.receipts.resolve(world.channel).waiting == 1


def test_suppressed_numbers_stay_until_their_list_is_withdrawn(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    recipients = world.changes.save(
        replace(recipients, purpose=ListPurpose.SUPPRESSION), world.audit()
    )
    world.clock.advance(400 * DAY)

    def must_stay() -> None:
        with pytest.raises(Conflict, match="withdraw"):
            keeping(world).delete(world.author, recipients.id)
        world.clock.advance(2 * timedelta(hours=1))
        sweep(world)
        assert status_of(world, recipients) is ListStatus.READY

    must_stay()
    now = world.clock.now()
    told = world.changes.keep(SuppressionList(world.workspace, recipients.id, now))
    must_stay()
    world.changes.keep(replace(told, withdrawn_at=world.clock.now()))
    world.clock.advance(2 * timedelta(hours=1))
    sweep(world)
    assert status_of(world, recipients) is ListStatus.DELETED


def test_a_suppression_list_that_failed_may_go(world: World) -> None:
    failed = world.changes.keep(
        samples.recipient_list(
            author=world.author.user, purpose=ListPurpose.SUPPRESSION, status=ListStatus.FAILED
        )
    )
    keeping(world).delete(world.author, failed.id)
    assert status_of(world, failed) is ListStatus.DELETED


# --- campaigns that name one that is gone ---


def test_a_draft_whose_list_was_deleted_is_refused_with_the_fix(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    draft = world.draft(list=recipients.id)
    keeping(world).delete(world.author, recipients.id)

    with pytest.raises(Invalid, match="list: was deleted: choose another"):
        world.desk.submit(world.author, draft.id)
    with pytest.raises(Invalid, match="list: was deleted: choose another"):
        world.draft(list=recipients.id)
    edited = world.api.drafting.edit(world.author, draft.id, ContentChanges(text="Bye"))
    assert edited.content.list == recipients.id


@pytest.mark.parametrize("gone", ["deleted", "missing"])
def test_the_gate_is_shut_where_the_list_is_gone(world: World, gone: str) -> None:
    """As when a list is deleted at the moment at which a campaign is handed in with it."""
    recipients = world.ready_list(NUMBERS)
    campaign = world.desk.submit(world.author, world.draft(list=recipients.id).id)
    if gone == "deleted":
        world.changes.save(replace(recipients, status=ListStatus.DELETED), world.audit())
    else:
        world.changes.commit(remove=[recipients], audit=world.audit())

    with pytest.raises(Conflict, match="not there any more: its author has to choose another"):
        world.approve(campaign)


# --- by age ---


def test_lists_go_when_they_are_older_than_the_workspace_keeps_them(world: World) -> None:
    keep_for(world, list_days=30)
    old = world.ready_list(NUMBERS)
    failed = world.changes.keep(
        replace(samples.recipient_list(id="lst_00", status=ListStatus.FAILED), digest=None)
    )
    under_way = world.changes.keep(samples.recipient_list(id="lst_01", status=ListStatus.UPLOADING))
    world.clock.advance(29 * DAY)
    young = world.changes.keep(samples.recipient_list(id="lst_99", created_at=world.clock.now()))
    sweep(world)
    assert status_of(world, old) is ListStatus.READY

    world.clock.advance(1 * DAY + MINUTE)
    sweep(world)

    states = [status_of(world, each) for each in (old, failed, under_way, young)]
    assert states == [
        ListStatus.DELETED,
        ListStatus.DELETED,
        ListStatus.UPLOADING,
        ListStatus.READY,
    ]
    record = next(each for each in world.records.audit if each.object == old.id)
    assert (record.action, record.actor.user) == ("list.deleted", "system:sweep")
    assert stored(world, old) == []


def test_a_long_round_goes_on_where_it_was_and_then_rests(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(list_keeping, "LISTS_AT_ONCE", 2)
    lists = [world.ready_list(NUMBERS) for _ in range(5)]
    world.clock.advance(100 * DAY)
    gone = []
    for _ in range(4):
        sweep(world)
        gone.append(sum(status_of(world, each) is ListStatus.DELETED for each in lists))
        world.clock.advance(MINUTE)
    assert gone == [2, 4, 5, 5]

    late = world.ready_list(NUMBERS)
    sweep(world)
    assert status_of(world, late) is ListStatus.READY
    world.clock.advance(timedelta(hours=1))
    # Made long ago, by its record; the next round finds it.
    for _ in range(4):
        sweep(world)
        world.clock.advance(MINUTE)
    assert status_of(world, late) is ListStatus.DELETED


def test_a_round_that_another_sweep_went_on_with_does_no_harm(
    world: World, monkeypatch: Any
) -> None:
    recipients = world.ready_list(NUMBERS)
    world.clock.advance(100 * DAY)
    real = world.campaigns.lists_made_before

    def meanwhile(*given: Any, **more: Any) -> Any:
        page = real(*given, **more)
        monkeypatch.undo()
        world.list_sweep.look_through(world.directory.workspace(world.workspace))
        return page

    monkeypatch.setattr(world.campaigns, "lists_made_before", meanwhile)
    world.list_sweep.look_through(world.directory.workspace(world.workspace))
    assert status_of(world, recipients) is ListStatus.DELETED
    deleted = [each for each in world.records.audit if each.action == "list.deleted"]
    assert len(deleted) == 1


def test_many_workspaces_take_turns(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(list_keeping, "SHARE", 2)
    for number in range(4):
        world.installation.add_workspace(f"wsp_b{number}", "Another", "UTC")
    seen = []
    for _ in range(3):
        share = [workspace.id for workspace in world.list_sweep.share()]
        assert len(share) <= 2
        seen += share
        world.clock.advance(MINUTE)
    assert sorted(seen) == ["wsp_a", "wsp_b0", "wsp_b1", "wsp_b2", "wsp_b3"]


# --- what is stored ---


def test_a_removal_that_is_killed_is_gone_on_with(world: World, monkeypatch: Any) -> None:
    recipients = world.ready_list(NUMBERS, per_chunk=1)
    keeping(world).delete(world.author, recipients.id)

    def killed(prefix: str) -> None:
        del world.blobs.objects[stored(world, recipients)[0]]
        raise RuntimeError(prefix)

    monkeypatch.setattr(world.blobs, "delete_all", killed)
    with pytest.raises(RuntimeError):
        sweep(world)
    monkeypatch.undo()
    assert len(stored(world, recipients)) == 5

    sweep(world)
    assert stored(world, recipients) == []
    assert world.list_sweep.removals() == []


def test_what_is_not_come_to_in_time_waits_for_the_next_minute(world: World) -> None:
    for _ in range(3):
        keeping(world).delete(world.author, world.ready_list(NUMBERS).id)
    done = []
    for removal in world.list_sweep.in_time(world.list_sweep.removals()):
        world.list_sweep.remove(removal)
        world.clock.advance(list_keeping.BUDGET / 2)
        done.append(removal)
    assert len(done) == 2
    assert len(world.list_sweep.removals()) == 1


def test_what_somebody_still_wrote_goes_an_hour_later(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    keeping(world).delete(world.author, recipients.id)
    sweep(world)
    world.blobs.put(f"{list_prefix(world.workspace, recipients.id)}/chunk-00000", b"late")
    sweep(world)
    assert stored(world, recipients)

    world.clock.advance(WRITERS_GONE)
    sweep(world)

    assert stored(world, recipients) == []
    world.clock.advance(WRITERS_GONE)
    assert world.list_sweep.removals() == []


def test_nothing_of_a_list_that_is_there_is_removed(world: World) -> None:
    recipients = world.ready_list(NUMBERS)
    world.changes.keep(samples.list_removal(list=recipients.id))
    with pytest.raises(Conflict, match="not deleted"):
        sweep(world)
    assert stored(world, recipients)
