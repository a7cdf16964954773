"""The sealer's and the sweep's edges: what rings, what is given back, what raises the alarm."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.dynamo.doorbell import AuditRang, audit_rang
from chalicelib.adapters.dynamo.kinds import AUDIT, SEAL
from chalicelib.usecases.sealing import Keeper, Sealer, Tampered
from functions import sealer, sweep
from tests.fakes import samples
from tests.fakes.services import MORNING
from tests.fakes.world import World

if TYPE_CHECKING:
    from logging import LogRecord

    from chalicelib.domain.audit import AuditRecord

EXPIRY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
SECOND = timedelta(seconds=1)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(bootstrap, "sweep", lambda: world.sweep)
    monkeypatch.setattr(bootstrap, "upload_sweep", lambda: world.upload_sweep)
    monkeypatch.setattr(bootstrap, "audit_sweep", lambda: world.audit_sweep)
    monkeypatch.setattr(bootstrap, "list_sweep", lambda: world.list_sweep)
    monkeypatch.setattr(bootstrap, "eraser", lambda: world.eraser)
    monkeypatch.setattr(bootstrap, "sealer", lambda: Sealer(world.audit_log, world.clock))
    world.audit_sweep.keeper.seal(world.workspace)
    return world


def change(key: tuple[str, str], sequence: int = 1, name: str = "INSERT", **more: Any) -> Any:
    """A record of the audit table's stream."""
    pk, sk = key
    keys = {"pk": {"S": pk}, "sk": {"S": sk}}
    return {
        "eventName": name,
        "dynamodb": {"Keys": keys, "SequenceNumber": str(sequence)},
        **more,
    }


def written(world: World, workspace: str = "wsp_a", **changes: Any) -> AuditRecord:
    record = samples.audit(**({"workspace": workspace, "at": world.clock.now()} | changes))
    world.audit_log.append(record)
    return record


def ring(*changes: Any) -> Any:
    return sealer.handler({"Records": list(changes)}, None)


def seals(world: World, workspace: str = "wsp_a") -> list[Any]:
    return world.audit_log.seals(workspace, after=0, limit=99)


# --- the sealer ---


def test_each_workspace_that_rang_is_sealed_once_in_a_batch(world: World) -> None:
    bells = [change(AUDIT.key(written(world)), number) for number in range(5)]
    assert ring(*bells) == {"batchItemFailures": []}
    assert len(seals(world)) == 2
    assert len(seals(world)[1].records) == 5


def test_it_looks_back_to_the_oldest_record_that_rang(world: World) -> None:
    old = written(world, at=MORNING - timedelta(days=3))
    new = written(world)
    ring(change(AUDIT.key(new)), change(AUDIT.key(old), 2))
    assert len(seals(world)[1].records) == 2


def test_seals_ring_for_nobody(world: World) -> None:
    ring(change(AUDIT.key(written(world))))
    made = seals(world)[1]
    ring(change(SEAL.key(made)))
    assert len(seals(world)) == 2
    assert audit_rang(change(SEAL.key(made))["dynamodb"]["Keys"]) is None


def test_a_record_rings_for_its_workspace_from_its_time_on() -> None:
    record = samples.audit(workspace="wsp_b", at=MORNING + timedelta(milliseconds=7))
    bell = audit_rang(change(AUDIT.key(record))["dynamodb"]["Keys"])
    assert bell == AuditRang("wsp_b", MORNING + timedelta(milliseconds=7))


def test_a_batch_is_given_back_from_what_could_not_be_sealed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sealer, "seal", _broken)
    first, second = written(world), written(world)
    answer = ring(
        change(SEAL.key(seals(world)[0]), 16),
        change(AUDIT.key(first), 17),
        change(AUDIT.key(second), 18),
    )
    assert answer == {"batchItemFailures": [{"itemIdentifier": "17"}]}


def _broken(*_: object) -> None:
    raise RuntimeError("out of order")


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("MODIFY", {}),
        ("MODIFY", {"userIdentity": EXPIRY}),
        ("REMOVE", {}),
        ("REMOVE", {"userIdentity": EXPIRY | {"principalId": "somebody"}}),
    ],
)
def test_whatever_was_changed_or_removed_raises_the_alarm(
    world: World, caplog: pytest.LogCaptureFixture, name: str, more: dict[str, Any]
) -> None:
    record = written(world)
    for key in (AUDIT.key(record), SEAL.key(seals(world)[0])):
        caplog.clear()
        assert ring(change(key, 1, name, **more)) == {"batchItemFailures": []}
        (logged,) = alarms(caplog)
        assert (logged.levelname, vars(logged)["event"]) == ("ERROR", name)
        assert vars(logged)["key"] == {"pk": key.pk, "sk": key.sk}
    assert len(seals(world)) == 1


def alarms(caplog: pytest.LogCaptureFixture) -> list[LogRecord]:
    """What the metric filter counts."""
    return [record for record in caplog.records if "[audit-tampered]" in record.getMessage()]


def test_what_expires_raises_none(world: World, caplog: pytest.LogCaptureFixture) -> None:
    ring(change(AUDIT.key(written(world)), 1, "REMOVE", userIdentity=EXPIRY))
    assert not alarms(caplog)


# --- the sweep ---


def test_the_sweep_seals_what_no_doorbell_announced(world: World) -> None:
    written(world)
    sweep.handler({}, None)
    assert len(seals(world)) == 2


def test_the_sweep_brings_back_what_waits(world: World) -> None:
    waiting = samples.audit(workspace=world.workspace, at=MORNING - timedelta(days=4))
    world.fallback.keep(waiting)
    sweep.handler({}, None)
    assert not world.fallback.waiting
    assert len(seals(world)[1].records) == 1


def test_one_logs_trouble_does_not_keep_the_sweep_from_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Keeper.seal

    def seal(self: Keeper, workspace: str, since: Any = None) -> int:
        if workspace == "master":
            raise RuntimeError("unreadable")
        return real(self, workspace, since)

    written(world)
    monkeypatch.setattr(Keeper, "seal", seal)
    with pytest.raises(sweep.SweepFailed, match="audit log of master"):
        sweep.handler({}, None)
    assert len(seals(world)) == 2


@pytest.mark.parametrize("broken", ["markers", "retry_receipts"])
def test_the_campaigns_trouble_does_not_keep_the_sweep_from_the_logs(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    written(world)
    monkeypatch.setattr(type(world.sweep), broken, _broken)
    with pytest.raises(sweep.SweepFailed):
        sweep.handler({}, None)
    assert len(seals(world)) == 2


def test_a_fallback_store_that_does_not_answer_does_not_keep_it_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(world)
    monkeypatch.setattr(type(world.fallback), "drain", _broken)
    with pytest.raises(sweep.SweepFailed, match="fallback store"):
        sweep.handler({}, None)
    assert len(seals(world)) == 2


@pytest.mark.usefixtures("world")
def test_a_chain_that_was_changed_raises_the_alarm(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_keeper: Keeper, workspace: str, _since: Any = None) -> int:
        raise Tampered(workspace, 7)

    monkeypatch.setattr(Keeper, "seal", refuse)
    with pytest.raises(sweep.SweepFailed):
        sweep.handler({}, None)
    facts = [(vars(logged)["workspace"], vars(logged)["seal"]) for logged in alarms(caplog)]
    assert facts == [("master", 7), ("wsp_a", 7)]
