"""Seals over new audit records, and signed checkpoints over the seals (SPEC 8.2, DESIGN 3).

A sealer lists what no seal names yet and appends seals until nothing is left. Its number is put if
absent, right behind the newest seal that was read, so nothing is named twice whoever else seals at
the same time: who comes second reads again and goes on with what is still left.

Records are sealed as soon as they are seen, however young. There is no order to wait for: the order
of the chain is that of its seals, and a record that turns up late is named by the next one. Whereas
one that was too young at its own doorbell would wait for the sweep, since nothing rings again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.audit import key_of
from chalicelib.domain.seals import (
    LOOK_BACK,
    RECORDS_MAX,
    SLACK,
    Checkpoint,
    Seal,
    head_of,
    next_seal,
    reach_of,
    seal_hash,
    seal_to_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.usecases.ports import AuditLog, Checkpoints, Clock

    Newest = Seal | Checkpoint

# So often another sealer may be first before we leave the rest to them, and to the sweep.
ROUNDS: Final = 10
# "Hourly", for one that comes once an hour and sometimes a little early.
CHECKPOINT_EVERY: Final = timedelta(minutes=55)
# Of the seals that are looked at before a checkpoint is signed.
SEALS_AT_ONCE: Final = 50
_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Tampered(Exception):
    """The chain is not what was signed of it: somebody changed or removed seals."""

    def __init__(self, workspace: str, seal: int) -> None:
        super().__init__(f"Seal {seal} of {workspace} is not what the newest checkpoint leads to.")
        self.workspace = workspace
        self.seal = seal


@dataclass(frozen=True, slots=True)
class Sealer:
    """For the doorbell. It sees no checkpoints, and so leaves it to the `Keeper` to begin a chain,
    or to go on with one of which every seal has expired.
    """

    log: AuditLog
    clock: Clock

    def seal(self, workspace: str, since: datetime | None = None) -> int:
        """Seal what is new, back to `since` if that is longer ago than we look back anyway; returns
        how many records.
        """
        newest = self.log.last_seal(workspace)
        if newest is None or expired(newest, self.clock.now()):
            return 0
        return self.go_on(workspace, newest, since)

    def go_on(self, workspace: str, newest: Newest | None, since: datetime | None) -> int:
        start = self._start(newest, since)
        head: Newest | None = newest
        named: frozenset[str] | None = None
        waiting: list[AuditRecord] = []
        sealed, beaten = 0, 0
        for records, is_last in self._listed(workspace, start):
            if named is None:
                head, named = self._look_back(workspace, newest, start)
            now = self.clock.now()
            waiting += [each for each in _unnamed(records, named) if each.expires_at > now]
            while waiting and (is_last or len(waiting) >= RECORDS_MAX):
                seal = next_seal(head, workspace, waiting[:RECORDS_MAX], now)
                if self.log.add_seal(seal):
                    head, sealed = seal, sealed + len(seal.records)
                    del waiting[:RECORDS_MAX]
                    continue
                beaten += 1
                if beaten == ROUNDS:
                    return sealed
                head, named = self._look_back(workspace, newest, start)
                waiting = _unnamed(waiting, named)
        return sealed

    def _start(self, newest: Newest | None, since: datetime | None) -> datetime:
        """Nothing older is unnamed, save what the sweep finds. After a long outage the records are
        sealed in order, so one who was stopped halfway is gone on from. Where no seal is kept,
        nothing is named that has not expired, so all that there is counts.
        """
        if not isinstance(newest, Seal):
            return _ALWAYS
        now = self.clock.now()
        newest_named = min(newest.at, reach_of(newest))
        return min(now - LOOK_BACK, newest_named - SLACK, since or now)

    def _listed(
        self, workspace: str, start: datetime
    ) -> Iterator[tuple[Sequence[AuditRecord], bool]]:
        """Pages of records, oldest first, and whether one is the last."""
        after: str | None = None
        while True:
            page = self.log.since(workspace, start, after=after, limit=RECORDS_MAX)
            after = page.next
            yield page.items, after is None
            if after is None:
                return

    def _look_back(
        self, workspace: str, newest: Newest | None, start: datetime
    ) -> tuple[Newest | None, frozenset[str]]:
        """The newest seal as it is now, and what seals name from `start` on.

        A seal's clock may be behind that of the records that it names, hence the slack.
        """
        now = self.clock.now()
        seals = [
            seal
            for seal in self.log.seals_back_to(workspace, start - SLACK)
            if not expired(seal, now)
        ]
        named = frozenset(item.key for seal in seals for item in seal.records)
        return (seals[0] if seals else newest), named


@dataclass(frozen=True, slots=True)
class Keeper:
    """Seals as the `Sealer` does, begins chains, and keeps their checkpoints."""

    log: AuditLog
    checkpoints: Checkpoints
    clock: Clock

    def seal(self, workspace: str, since: datetime | None = None) -> int:
        return Sealer(self.log, self.clock).go_on(workspace, self.newest(workspace), since)

    def newest(self, workspace: str) -> Newest | None:
        """Where the chain goes on. Of seals that have expired any may be gone, the last as well:
        then the newest checkpoint tells how far the chain had come.
        """
        newest = self.log.last_seal(workspace)
        if newest is not None and not expired(newest, self.clock.now()):
            return newest
        signed = self.checkpoints.newest(workspace)
        if signed is None or (newest is not None and newest.number > signed.checkpoint.seal):
            return newest
        return signed.checkpoint

    def checkpoint(self, workspace: str) -> bool:
        """Sign and store the chain's head if it has moved, at most hourly; whether it was.

        What is signed must lead on from what was signed last: `Tampered`. So a chain that somebody
        wrote anew never gets a signature here.
        """
        now = self.clock.now()
        signed = self.checkpoints.newest(workspace)
        if signed is None or expired(signed.checkpoint, now):
            head = self.log.last_seal(workspace)
            if head is None or expired(head, now):
                return False
        else:
            head = self._led_to(signed.checkpoint)
            moved = head.number > signed.checkpoint.seal
            if not moved or now - signed.checkpoint.at < CHECKPOINT_EVERY:
                return False
        self.checkpoints.store(self.checkpoints.sign(head_of(head, now)))
        return True

    def _led_to(self, marked: Checkpoint) -> Seal:
        """The newest seal, if the chain leads there from this mark."""
        last: Seal | None = None
        for seal in self._seals_from(marked.workspace, marked.seal):
            follows = seal.previous == last.hash if last else seal.hash == marked.hash
            if not follows or seal_hash(seal_to_json(seal)) != seal.hash:
                raise Tampered(marked.workspace, last.number + 1 if last else marked.seal)
            last = seal
        if last is None:
            raise Tampered(marked.workspace, marked.seal)
        return last

    def _seals_from(self, workspace: str, number: int) -> Iterator[Seal]:
        while seals := self.log.seals(workspace, after=number - 1, limit=SEALS_AT_ONCE):
            yield from seals
            number = seals[-1].number + 1


def expired(what: Newest, now: datetime) -> bool:
    """Whether it may be gone."""
    return what.expires_at <= now + SLACK


def _unnamed(records: Sequence[AuditRecord], named: frozenset[str]) -> list[AuditRecord]:
    return [record for record in records if key_of(record) not in named]
