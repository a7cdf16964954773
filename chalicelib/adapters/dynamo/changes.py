"""The writing side: records and their audit record in one transaction (DESIGN 3).

A record is written on condition that the stored one still has the version that was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynamodb.expressions.operand import Path

from chalicelib.adapters.dynamo import kinds, transactions
from chalicelib.adapters.dynamo.kinds import AUDIT, EMAIL, EmailAddress
from chalicelib.adapters.dynamo.store import ABSENT
from chalicelib.domain.errors import Exists, Stale
from chalicelib.domain.identity import User
from chalicelib.usecases.ports import next_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.adapters.dynamo.kinds import Kind
    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.adapters.dynamo.transactions import Step
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.usecases.ports import R, Versioned


class DynamoChanges:
    def __init__(self, store: Store) -> None:
        self._store = store

    def commit(self, *records: Versioned, audit: AuditRecord) -> None:
        steps = [step for record in records for step in self._steps(record)]
        transactions.write(self._store, [*steps, audit_step(self._store, audit)])

    def save(self, record: R, audit: AuditRecord) -> R:
        self.commit(record, audit=audit)
        return next_version(record)

    def _steps(self, record: Versioned) -> Iterator[Step]:
        yield change_step(self._store, kinds.CHANGEABLE[type(record)], record)
        if isinstance(record, User):
            yield self._address(record)

    def _address(self, user: User) -> Step:
        """An address belongs to one user, from the beginning and for good."""
        return transactions.put(
            self._store.of(EMAIL),
            EmailAddress(user.email, user.id),
            Path("user") == user.id if user.version else ABSENT,
            Exists("Another user has this mail address."),
        )


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
