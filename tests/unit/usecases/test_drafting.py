"""Creating and editing campaigns (SPEC 4.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timezone

import pytest

from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.content import Content, InDoubt, Mode, Overrides, Tlv
from chalicelib.domain.errors import (
    Forbidden,
    IllegalMove,
    KeyReused,
    NotFound,
    Outdated,
    Stale,
)
from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import DailyLimit, DailyWindow, LimitUnit
from chalicelib.usecases.drafting import ContentChanges, OverridesChanges
from tests.fakes.world import World
from tests.unit.usecases.drafts import (
    HOUR,
    NUMBERS,
    archived,
    edit,
    queue_of,
    refused,
    written,
)


@pytest.fixture
def world() -> World:
    return World()


# --- create ---


def test_nothing_has_to_be_written_at_first(world: World) -> None:
    made = world.api.drafting.create(world.author, written())
    assert made.content == Content()
    assert (made.status, made.approval, made.address) == (Status.NEW, Approval.DRAFT, "")
    assert (made.author, made.workspace, made.version) == (world.author.user, world.workspace, 1)
    assert made.created_at == world.clock.now()
    assert world.campaigns.campaign(world.workspace, made.id) == made


def test_everything_can_be_written_at_once(world: World) -> None:
    recipients, now = world.ready_list(NUMBERS), world.clock.now()
    made = world.api.drafting.create(
        world.author,
        written(
            mode=Mode.SPREAD,
            name="  Spring sale ",
            text=" Hello {{name|friend}} ",
            free_text=False,
            sender=world.sender,
            channel=world.channel,
            list=recipients.id,
            date_from=now + HOUR,
            date_to=now + 9 * HOUR,
            deadline=now + 10 * HOUR,
            time_zone="Asia/Tokyo",
            daily_window=DailyWindow(480, 1200),
            daily_limit=DailyLimit(100, LimitUnit.SEGMENTS),
            auto_start=True,
            transliterate=True,
            in_doubt=InDoubt.RECONCILE,
            overrides=OverridesChanges(
                saddr="ACME", ston=5, snpi=0, validity=HOUR, tlvs=(Tlv(0x1400, b"\x01"),)
            ),
        ),
    )
    assert made.content == Content(
        mode=Mode.SPREAD,
        name="Spring sale",
        text=" Hello {{name|friend}} ",
        sender=world.sender,
        revision=1,
        channel=world.channel,
        list=recipients.id,
        date_from=now + HOUR,
        date_to=now + 9 * HOUR,
        deadline=now + 10 * HOUR,
        time_zone="Asia/Tokyo",
        daily_window=DailyWindow(480, 1200),
        daily_limit=DailyLimit(100, LimitUnit.SEGMENTS),
        auto_start=True,
        transliterate=True,
        in_doubt=InDoubt.RECONCILE,
        overrides=Overrides(
            saddr="ACME",
            saddr_sender=world.sender,
            saddr_revision=1,
            ston=5,
            snpi=0,
            validity=HOUR,
            tlvs=(Tlv(0x1400, b"\x01"),),
        ),
    )


def test_what_is_made_is_one_record_of_the_log(world: World) -> None:
    before = len(world.records.audit)
    made = world.draft(text="Hello")
    (record,) = world.records.audit[before:]
    assert (record.action, record.object, record.author) == (
        "campaign.created",
        made.id,
        world.author.user,
    )
    assert record.before == {}
    assert (record.after["text"], record.after["approval"]) == ("Hello", "draft")


def test_the_same_key_makes_it_once(world: World) -> None:
    create = world.api.drafting.create
    first = create(world.author, written(name="Spring"), "key-1")
    audits = len(world.records.audit)
    assert create(world.author, written(name="Spring"), "key-1") == first
    assert len(world.records.audit) == audits
    assert create(world.author, written(name="Spring"), "key-2").id != first.id
    with pytest.raises(KeyReused):
        create(world.author, written(name="Summer"), "key-1")
    with pytest.raises(KeyReused):
        world.api.drafting.clone(world.author, first.id, key="key-1")


def test_who_writes_no_campaigns_makes_none(world: World) -> None:
    with pytest.raises(Forbidden, match="create, edit"):
        world.api.drafting.create(world.moderator, written())
    with pytest.raises(Forbidden, match="create, edit"):
        world.api.drafting.clone(world.moderator, "cmp_none")


def test_all_that_is_wrong_is_told_at_once(world: World) -> None:
    told = refused(
        world,
        ContentChanges(
            name="a\nb",
            text="{{",
            sender="snd_none",
            channel="chn_none",
            list="lst_none",
            date_from=datetime.max.replace(tzinfo=timezone(-HOUR)),
            overrides=OverridesChanges(saddr="NOBODY", ston=9),
        ),
    )
    assert list(told) == [
        "date_from",
        "sender",
        "overrides.saddr",
        "list",
        "channel",
        "name",
        "text",
        "overrides.ston",
    ]


@pytest.mark.parametrize("field", ["start_at", "date_from", "date_to", "deadline"])
def test_times_are_kept_in_utc(world: World, field: str) -> None:
    tokyo = datetime(2026, 4, 1, 9, tzinfo=timezone(9 * HOUR))
    made = world.api.drafting.create(world.author, written(**{field: tokyo}))
    kept = getattr(made.content, field)
    assert (kept, kept.tzinfo) == (tokyo, UTC)
    cleared = edit(world, made, written(**{field: None}))
    assert getattr(cleared.content, field) is None


@pytest.mark.parametrize("field", ["start_at", "date_from", "date_to", "deadline"])
@pytest.mark.parametrize(
    "moment",
    [
        datetime.max.replace(tzinfo=timezone(-HOUR)),
        datetime.min.replace(tzinfo=timezone(HOUR)),
    ],
)
def test_a_time_beyond_the_calendar_is_the_fields_fault(
    world: World, field: str, moment: datetime
) -> None:
    assert "calendar" in refused(world, written(**{field: moment}))[field]


# --- edit ---


def test_an_edit_changes_what_it_names_and_nothing_else(world: World) -> None:
    draft = world.draft(list=world.ready_list(NUMBERS).id, auto_start=True)
    before = len(world.records.audit)
    changed = edit(world, draft, written(text="Bye"))
    assert changed == replace(draft, content=replace(draft.content, text="Bye"), version=2)
    (record,) = world.records.audit[before:]
    assert (record.action, record.before["text"], record.after["text"]) == (
        "campaign.edited",
        "Hello",
        "Bye",
    )


@pytest.mark.parametrize("approval", ["draft", "submitted", "approved"])
def test_an_edit_that_changes_nothing_does_nothing(world: World, approval: str) -> None:
    campaign = world.draft(
        list=world.ready_list(NUMBERS).id, overrides=OverridesChanges(saddr="ACME")
    )
    if approval != "draft":
        campaign = world.desk.submit(world.author, campaign.id)
    if approval == "approved":
        campaign = world.approve(campaign)
    before = len(world.records.audit), queue_of(world), world.queue.mark(world.workspace)
    same = ContentChanges(
        name=" Spring ",
        sender=world.sender,
        revision=1,
        list=campaign.content.list,
        overrides=OverridesChanges(saddr="ACME"),
    )
    for changes in (written(), same):
        assert edit(world, campaign, changes) == campaign
    assert world.campaigns.campaign(world.workspace, campaign.id) == campaign
    assert before == (len(world.records.audit), queue_of(world), world.queue.mark(world.workspace))


def test_an_edit_takes_what_was_submitted_out_of_the_queue(world: World) -> None:
    draft = world.draft(list=world.ready_list(NUMBERS).id)
    other = world.desk.submit(world.author, world.draft(list=world.ready_list(NUMBERS).id).id)
    submitted = world.desk.submit(world.author, draft.id)
    before = world.queue.mark(world.workspace).tag(world.clock.now())
    edited = edit(world, submitted, written(text="Bye"))
    assert (edited.approval, edited.digest) == (Approval.DRAFT, None)
    assert (edited.submitted_at, edited.version) == (None, submitted.version + 1)
    assert queue_of(world) == [other.id]
    assert world.queue.mark(world.workspace).tag(world.clock.now()) not in {None, before}


def test_an_edit_voids_the_approval(world: World) -> None:
    draft = world.draft(list=world.ready_list(NUMBERS).id)
    approved = world.approve(world.desk.submit(world.author, draft.id))
    edited = edit(world, approved, written(auto_start=True))
    assert (edited.approval, edited.digest, edited.decision) == (Approval.DRAFT, None, None)
    with pytest.raises(IllegalMove, match="start"):
        world.desk.start(world.author, edited.id)


def test_an_edit_of_an_older_version_is_refused(world: World) -> None:
    draft = world.draft()
    edited = edit(world, draft, written(text="Bye"), expected=draft.version)
    with pytest.raises(Outdated):
        edit(world, draft, written(text="Late"), expected=draft.version)
    assert edit(world, draft, written(text="Now"), expected=edited.version).content.text == "Now"


def test_of_two_edits_at_once_one_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = world.draft(list=world.ready_list(NUMBERS).id)
    submitted = world.desk.submit(world.author, draft.id)
    edit(world, submitted, written(text="Bye"))
    monkeypatch.setattr(type(world.campaigns), "campaign", lambda *_: submitted)
    with pytest.raises(Stale):
        edit(world, submitted, written(text="Late"))
    assert world.queue.mark(world.workspace).tag(world.clock.now()) is not None


def test_what_runs_or_is_archived_is_not_edited_whatever_else_is_wrong(world: World) -> None:
    running = world.approved_campaign(NUMBERS)
    with pytest.raises(IllegalMove, match="building cannot be edited"):
        world.api.drafting.edit(world.author, running, written(sender="snd_none"))
    shelved = archived(world, world.draft())
    with pytest.raises(IllegalMove, match="archived cannot be edited"):
        edit(world, shelved, written())


def test_a_campaign_is_its_authors_to_edit(world: World) -> None:
    draft = world.draft()
    other = world.person("other@example.com", Role.AUTHOR)
    with pytest.raises(Forbidden, match="of others"):
        world.api.drafting.edit(other, draft.id, written(text="Bye"))
    admin = world.person("admin@example.com", Role.ADMIN)
    edited = world.api.drafting.edit(admin, draft.id, written(text="Bye"))
    assert (edited.author, edited.editors) == (world.author.user, (admin.user,))
    with pytest.raises(NotFound, match="no such campaign"):
        world.api.drafting.edit(admin, "cmp_none", written())
