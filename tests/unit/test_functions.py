"""The handlers: what they parse, what they answer, how they fail; use cases on fakes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.dynamo import keys
from chalicelib.domain.campaign import Status
from chalicelib.domain.delivery import JournalItem
from chalicelib.domain.errors import NotFound
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.rights import Role
from functions import build_campaign, finish_campaign, folder, next_window, open_window, sweep
from tests.fakes import samples
from tests.fakes.world import World, accepted

NUMBERS = [447_700_900_000 + n for n in range(5)]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    parts = bootstrap.FolderParts(world.folder, world.receipts)
    monkeypatch.setattr(bootstrap, "driver", lambda: world.driver)
    monkeypatch.setattr(bootstrap, "folder", lambda: parts)
    monkeypatch.setattr(bootstrap, "sweep", lambda: world.sweep)
    monkeypatch.setattr(bootstrap, "upload_sweep", lambda: world.upload_sweep)
    monkeypatch.setattr(bootstrap, "audit_sweep", lambda: world.audit_sweep)
    monkeypatch.setattr(bootstrap, "list_sweep", lambda: world.list_sweep)
    monkeypatch.setattr(bootstrap, "eraser", lambda: world.eraser)
    return world


def drive(world: World, campaign: str) -> dict[str, Any]:
    event = {"workspace": world.workspace, "campaign": campaign}
    assert build_campaign.handler(event, None) == {"kind": "built"}
    assert next_window.handler(event, None) == {"kind": "open", "window": 0}
    open_window.handler({**event, "window": 0, "token": "token-1"}, None)
    return event


def journal_record(world: World, campaign: str, sequence: str, name: str = "INSERT") -> Any:
    item = JournalItem(world.workspace, campaign, 0, "00000001", 1, ())
    return stream_record(keys.journal_item(item), sequence, name)


def stream_record(key: Any, sequence: str, name: str = "INSERT") -> Any:
    return {
        "eventName": name,
        "dynamodb": {
            "Keys": {"pk": {"S": key.pk}, "sk": {"S": key.sk}},
            "SequenceNumber": sequence,
        },
    }


def test_the_machine_drives_a_campaign_to_its_end(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    event = drive(world, campaign)
    world.answer(campaign, 0, 1, [accepted(n, f"m-{n}") for n in range(5)])
    answer = folder.handler(
        {"Records": [journal_record(world, campaign, "1"), journal_record(world, campaign, "2")]},
        None,
    )
    assert answer == {"batchItemFailures": []}
    assert world.executions.resumed == ["token-1"]
    assert next_window.handler(event, None) == {"kind": "finish"}
    finish_campaign.handler(event, None)
    assert world.campaigns.campaign(world.workspace, campaign).sent_at is not None


def test_a_step_that_holds_a_token_and_fails_says_so(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    event = {"workspace": world.workspace, "campaign": campaign, "window": 7, "token": "token-1"}
    with pytest.raises(NotFound, match="window"):
        open_window.handler(event, None)
    assert world.executions.failed == ["token-1"]


def test_the_folder_answers_the_bells_that_matter(world: World) -> None:
    campaign = world.approved_campaign(NUMBERS)
    drive(world, campaign)
    world.answer(campaign, 0, 1, [accepted(0, "m-0")])
    removed = journal_record(world, campaign, "1", "REMOVE")
    folder.handler({"Records": [removed]}, None)
    assert len(world.delivery.journal(world.workspace, campaign, 0)) == 1

    item = samples.inbox_item(channel=world.channel, receipts=(samples.receipt(),))
    world.delivery.receive(item)
    folder.handler({"Records": [stream_record(keys.inbox_item(item), "2")]}, None)
    assert world.delivery.inbox(world.channel, waiting=True, limit=1)


def test_a_batch_is_given_back_from_what_could_not_be_folded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = world.approved_campaign(NUMBERS)

    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(type(world.folder), "fold", broken)
    records = [journal_record(world, campaign, "17"), journal_record(world, campaign, "18")]
    answer = folder.handler({"Records": records}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "17"}]}


def test_one_campaigns_trouble_does_not_keep_the_sweep_from_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = world.approved_campaign(NUMBERS)
    other = world.approved_campaign(NUMBERS)
    world.executions.end(world.workspace, other, 1)
    real = type(world.campaigns).campaign

    def campaign(self: Any, workspace: str, campaign_id: str) -> Any:
        if campaign_id == broken:
            raise RuntimeError("unreadable")
        return real(self, workspace, campaign_id)

    monkeypatch.setattr(type(world.campaigns), "campaign", campaign)
    with pytest.raises(sweep.SweepFailed, match="1 campaign"):
        sweep.handler({}, None)
    assert world.executions.running(world.workspace, other, 2)
    assert world.campaigns.campaign(world.workspace, other).status is Status.BUILDING


def test_the_sweep_deletes_aged_lists_and_erases_numbers(world: World) -> None:
    aged = world.ready_list(NUMBERS)
    admin = world.person("admin@example.com", Role.ADMIN)
    world.clock.advance(timedelta(days=100))
    asked = world.api.erasures.begin(admin, f"+{NUMBERS[0]}")
    sweep.handler({}, None)
    assert world.campaigns.recipient_list(world.workspace, aged.id).status is ListStatus.DELETED
    assert world.blobs.objects == {}
    assert world.campaigns.erasure(world.workspace, asked.id).finished_at is not None


def test_one_lists_trouble_does_not_keep_the_sweep_from_others(world: World) -> None:
    kept = world.ready_list(NUMBERS)
    world.changes.keep(samples.list_removal(list=kept.id))
    gone = world.ready_list(NUMBERS)
    world.api.list_keeping.delete(world.author, gone.id)
    with pytest.raises(sweep.SweepFailed, match=f"removal of {kept.id}"):
        sweep.handler({}, None)
    assert {key.split("/")[2] for key in world.blobs.objects} == {kept.id}
