"""One TransactWriteItems: its steps, and what it means when DynamoDB cancels it.

A retry after a lost answer is harmless: the SDK repeats the call with its token, and DynamoDB
answers as it did. A transaction that met another one is tried anew a few times.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pynamodb.constants import ITEM, KEY
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.operand import Path

from chalicelib.adapters.dynamo.store import ABSENT, answering
from chalicelib.domain.errors import Conflict, Exists, MessageCenterError, Stale, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynamodb.exceptions import PynamoDBException
    from pynamodb.expressions.condition import Condition

    from chalicelib.adapters.dynamo.store import Collection, Store, T

_FAILED: Final = "ConditionalCheckFailed"
_MET_ANOTHER: Final = "TransactionConflict"
_BUSY: Final = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})
_PASSING: Final = _BUSY | {_MET_ANOTHER}
_DATABASE: Final = "The database"


class Place(Enum):
    """pynamodb takes the steps by what they do, and DynamoDB gives its reasons in this order."""

    DELETE = "delete"
    PUT = "put"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Step:
    place: Place
    request: dict[str, Any]
    # Raised when the step's condition does not hold.
    refusal: Conflict


def put(records: Collection[T], record: T, condition: Condition | None, refusal: Conflict) -> Step:
    key = records.kind.key(record)
    request = records.connection.get_operation_kwargs(
        records.table,
        key.pk,
        range_key=key.sk,
        key=ITEM,
        attributes=records.serialized(record),
        condition=condition,
    )
    return Step(Place.PUT, request, refusal)


def add(records: Collection[T], record: T) -> Step:
    refusal = Exists(f"This {records.kind.name} is there already.")
    return put(records, record, ABSENT, refusal)


def update(records: Collection[T], record: T, condition: Condition, refusal: Conflict) -> Step:
    """Write all of it but the fields that others write by themselves."""
    key = records.kind.key(record)
    stored = records.serialized(record)
    names = {
        attribute.attr_name
        for name, attribute in records.kind.model.get_attributes().items()
        if name not in {"pk", "sk"} | records.kind.apart
    }
    request = records.connection.get_operation_kwargs(
        records.table,
        key.pk,
        range_key=key.sk,
        key=KEY,
        actions=[
            Path(name).set(stored[name]) if name in stored else Path(name).remove()
            for name in sorted(names)
        ],
        condition=condition,
    )
    return Step(Place.UPDATE, request, refusal)


def delete(
    records: Collection[T], record: T, condition: Condition | None, refusal: Conflict
) -> Step:
    key = records.kind.key(record)
    request = records.connection.get_operation_kwargs(
        records.table, key.pk, range_key=key.sk, condition=condition
    )
    return Step(Place.DELETE, request, refusal)


@answering(_DATABASE)
def write(store: Store, steps: Sequence[Step]) -> None:
    """DynamoDB takes a hundred steps at most."""
    requests = {place: [step.request for step in steps if step.place is place] for place in Place}
    try:
        store.patiently(
            partial(
                store.connection.transact_write_items,
                condition_check_items=[],
                delete_items=requests[Place.DELETE],
                put_items=requests[Place.PUT],
                update_items=requests[Place.UPDATE],
            ),
            passing=_passes,
        )
    except TransactWriteError as error:
        refusal = _refusal(error, steps)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error: PynamoDBException, steps: Sequence[Step]) -> MessageCenterError | None:
    """What the cancellation says; None if it says nothing."""
    in_order = [step for place in Place for step in steps if step.place is place]
    reasons = _reasons(error)
    for step, reason in zip(in_order, reasons, strict=bool(reasons)):
        if reason == _FAILED:
            return step.refusal
    if _MET_ANOTHER in reasons:
        return Stale()
    return None if _BUSY.isdisjoint(reasons) else Unavailable(_DATABASE)


def _passes(error: PynamoDBException) -> bool:
    reasons = _reasons(error)
    return _FAILED not in reasons and not _PASSING.isdisjoint(reasons)


def _reasons(error: PynamoDBException) -> list[str]:
    reasons = getattr(error, "cancellation_reasons", ())
    return [reason.code if reason else "" for reason in reasons]
