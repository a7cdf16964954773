"""The writing side: records and their audit record in one transaction (DESIGN 3).

A record is written on condition that the stored one still has the version that was read.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pynamodb.expressions.operand import Path

from chalicelib.adapters.dynamo import kinds, transactions
from chalicelib.adapters.dynamo.kinds import (
    AUDIT,
    CAMPAIGN_LINE,
    EMAIL,
    LISTED,
    EmailAddress,
    ListedWorkspace,
)
from chalicelib.adapters.dynamo.store import ABSENT
from chalicelib.domain.campaign import Campaign
from chalicelib.domain.campaign_listing import line_of
from chalicelib.domain.errors import Exists, Stale
from chalicelib.domain.identity import User
from chalicelib.domain.workspace import Workspace
from chalicelib.usecases.ports import next_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.adapters.dynamo.kind import Kind
    from chalicelib.adapters.dynamo.store import Collection, Store
    from chalicelib.adapters.dynamo.transactions import Step
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.campaign_listing import CampaignLine
    from chalicelib.usecases.ports import R, Versioned


class DynamoChanges:
    def __init__(self, store: Store) -> None:
        self._store = store

    def commit(
        self, *records: Versioned, remove: Sequence[Versioned] = (), audit: AuditRecord
    ) -> None:
        steps = [step for record in records for step in self._writing(record)]
        steps += [step for record in remove for step in self._removal(record)]
        transactions.write(self._store, [*steps, audit_step(self._store, audit)])

    def save(self, record: R, audit: AuditRecord) -> R:
        self.commit(record, audit=audit)
        return next_version(record)

    def keep(self, record: R) -> R:
        # A transaction even of one item, for its token: a plain put that is retried after a lost
        # answer would find its own version and take it for somebody else's.
        transactions.write(self._store, list(self._writing(record)))
        return next_version(record)

    def forget(self, record: Versioned) -> None:
        with suppress(Stale):
            transactions.write(self._store, list(self._removal(record)))

    def _writing(self, record: Versioned) -> Iterator[Step]:
        yield change_step(self._store, _kind(record), record)
        if isinstance(record, User):
            yield self._address(record)
        if isinstance(record, Workspace):
            # At every change: a workspace older than the listing comes into it, too.
            yield transactions.put(*self._listing(record), None, Stale())
        if isinstance(record, Campaign):
            yield from self._lining(record)

    def _removal(self, record: Versioned) -> Iterator[Step]:
        records = self._store.of(_kind(record))
        yield transactions.delete(records, record, Path("version") == record.version, Stale())
        if isinstance(record, User):
            addresses, address = self._store.of(EMAIL), EmailAddress(record.email, record.id)
            yield transactions.delete(addresses, address, Path("user") == record.id, Stale())
        if isinstance(record, Workspace):
            yield transactions.delete(*self._listing(record), None, Stale())
        if isinstance(record, Campaign):
            yield transactions.delete(self._store.of(CAMPAIGN_LINE), line_of(record), None, Stale())

    def _address(self, user: User) -> Step:
        """An address belongs to one user, from the beginning and for good."""
        return transactions.put(
            self._store.of(EMAIL),
            EmailAddress(user.email, user.id),
            Path("user") == user.id if user.version else ABSENT,
            Exists("Another user has this mail address."),
        )

    def _listing(self, workspace: Workspace) -> tuple[Collection[ListedWorkspace], ListedWorkspace]:
        return self._store.of(LISTED), ListedWorkspace(workspace.id)

    def _lining(self, campaign: Campaign) -> Iterator[Step]:
        """Its line, in the one list or in that of what is archived, and not in the other."""
        lines, line = self._store.of(CAMPAIGN_LINE), line_of(campaign)
        yield transactions.put(lines, line, None, Stale())
        if campaign.version:
            yield transactions.delete(lines, _turned_over(line), None, Stale())


def _kind(record: Versioned) -> Kind[Any]:
    return kinds.CHANGEABLE[type(record)]


def _turned_over(line: CampaignLine) -> CampaignLine:
    """Archived if it is not, and the other way round."""
    return replace(line, archived_at=None if line.archived_at else line.created_at)


def change_step(store: Store, kind: Kind[Any], record: Versioned) -> Step:
    """Write the record as its next version."""
    records = store.of(kind)
    written = next_version(record)
    if not record.version:
        return transactions.add(records, written)
    write = transactions.update if kind.apart else transactions.put
    return write(records, written, Path("version") == record.version, Stale())


def audit_step(store: Store, audit: AuditRecord) -> Step:
    return transactions.add(store.of(AUDIT), audit)
