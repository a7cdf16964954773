"""Reading the audit log, and taking it along so that it can be verified offline (SPEC 8.2).

Whether a record is sealed costs one query a page. Where the page shows records of the last
RECENT, the seals of that time are read (some 30 KB for 500 records) and the answer is exact; where
it shows none, the newest seal is. An older record counts as sealed if sealing went on after it. So
one that turned up late, from the fallback store, can be shown as sealed some seconds early; an
export tells exactly.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.audit import key_of, to_json
from chalicelib.domain.rights import Right, Scope
from chalicelib.domain.seals import ORIGIN, SLACK, Checkpoint, head_of
from chalicelib.usecases.ports import Page
from chalicelib.usecases.sealing import Keeper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.seals import Seal, SignedCheckpoint
    from chalicelib.usecases.auditing import Auditor, Caller, Recorder
    from chalicelib.usecases.ports import AuditLog, AuditQuery, Checkpoints, Clock

# Longer than sealers look back.
RECENT: Final = timedelta(minutes=15)
# Of one answer, which may have 4 MB (SPEC 8.3): records by their size, of others so many. A seal
# takes up to 90 KB of JSON, a checkpoint 400 bytes.
RECORD_BYTES: Final = 3_000_000
SEALS: Final = 30
# The newest ones: at one an hour they reach back seven months.
CHECKPOINTS: Final = 5_000
_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Shown(NamedTuple):
    record: AuditRecord
    sealed: bool


class AuditDesk:
    def __init__(
        self,
        *,
        log: AuditLog,
        checkpoints: Checkpoints,
        clock: Clock,
        recorder: Recorder,
        auditor: Auditor,
    ) -> None:
        self._log = log
        self._checkpoints = checkpoints
        self._clock = clock
        self._recorder = recorder
        self._auditor = auditor

    def page(self, caller: Caller, query: AuditQuery, after: str | None, limit: int) -> Page[Shown]:
        """Newest first. Who may read of their own alone gets that, whatever they ask for."""
        caller.must(Right.READ_AUDIT)
        if caller.scopes[Right.READ_AUDIT] is not Scope.ALL:
            query = replace(query, author=caller.user)
        page = _fitting(self._log.page(caller.workspace, query, after=after, limit=limit))
        sealed = self._sealed(caller.workspace, page.items)
        return Page([Shown(record, key_of(record) in sealed) for record in page.items], page.next)

    def records(
        self, caller: Caller, since: datetime | None, after: str | None, limit: int
    ) -> Page[AuditRecord]:
        """Oldest first, for an export."""
        _must_read_all(caller)
        page = self._log.since(caller.workspace, since or _ALWAYS, after=after, limit=limit)
        return _fitting(page)

    def seals(self, caller: Caller, after: int, limit: int) -> list[Seal]:
        """Those numbered above `after`, at most SEALS of them; none where there are no more."""
        _must_read_all(caller)
        return self._log.seals(caller.workspace, after=after, limit=min(limit, SEALS))

    def checkpoints(self, caller: Caller) -> list[SignedCheckpoint]:
        """Those of seals that are kept, and of the one before them."""
        _must_read_all(caller)
        first = self._log.seals(caller.workspace, after=0, limit=1)
        above = first[0].number - 2 if first else 0
        return self._checkpoints.stored(caller.workspace, above=max(above, 0))[-CHECKPOINTS:]

    def checkpoint(self, caller: Caller) -> tuple[SignedCheckpoint, bytes]:
        """The chain's head as it is now, signed, and the public key. What waits for its seal gets
        it first, so that an export has as few records as possible that nothing vouches for.
        """
        _must_read_all(caller)
        workspace = caller.workspace
        keeper = Keeper(self._log, self._checkpoints, self._clock)
        keeper.seal(workspace)
        newest, now = keeper.newest(workspace), self._clock.now()
        head = head_of(newest, now) if newest else Checkpoint(workspace, 0, ORIGIN, now, now)
        signed = self._checkpoints.sign(head)
        record = self._auditor.record(
            workspace, caller.actor, "audit.exported", workspace, after={"seal": head.seal}
        )
        self._recorder.note(record)
        return signed, self._checkpoints.public_key()

    def _sealed(self, workspace: str, records: Sequence[AuditRecord]) -> set[str]:
        """The keys of those that are."""
        recent = self._clock.now() - RECENT
        young = [record.at for record in records if record.at >= recent]
        if young:
            seals = self._log.seals_back_to(workspace, min(young) - SLACK)
        else:
            newest = self._log.last_seal(workspace) if records else None
            seals = [newest] if newest else []
        named = {item.key for seal in seals for item in seal.records}
        last = seals[0].at if seals else _ALWAYS
        return {
            key
            for record in records
            if (key := key_of(record)) in named or (record.at < recent and record.at <= last)
        }


def _must_read_all(caller: Caller) -> None:
    """A chain is whole or proves nothing: one's own part of it cannot be taken along."""
    caller.must(Right.READ_AUDIT, author="")


def _fitting(page: Page[AuditRecord]) -> Page[AuditRecord]:
    """As much of it as one answer may hold; at least one record."""
    left = RECORD_BYTES
    for shown, record in enumerate(page.items):
        left -= len(json.dumps(to_json(record)))
        if left < 0 and shown:
            return Page(page.items[:shown], key_of(page.items[shown - 1]))
    return page
