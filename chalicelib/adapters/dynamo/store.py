"""One connection for one process, and what is done with the records of a kind.

pynamodb would give every model a client of its own, and bind a model to one table for good; here
models only serialise. Reads are consistent unless a method says why not.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pynamodb.connection import Connection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import PutError, PynamoDBException, UpdateError
from pynamodb.expressions.operand import Path
from pynamodb.pagination import ResultIterator

from chalicelib.adapters.aws import ATTEMPTS, CONNECT_SECONDS, POOL, READ_SECONDS
from chalicelib.adapters.dynamo import keys
from chalicelib.adapters.dynamo.kinds import Table
from chalicelib.adapters.ids import chance
from chalicelib.domain.errors import NotFound
from chalicelib.usecases.ports import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.adapters.dynamo.keys import Key
    from chalicelib.adapters.dynamo.kinds import Kind
    from chalicelib.settings import Tables

T = TypeVar("T")
R = TypeVar("R")

CONDITION_FAILED: Final = "ConditionalCheckFailedException"
TRIES: Final = 6
FIRST_PAUSE: Final = 0.025
BATCH: Final = 25
ABSENT: Final = Path("pk").does_not_exist()


def pause(attempt: int) -> None:
    """Longer each time, and at random, so that those who met do not meet again."""
    time.sleep(chance() * FIRST_PAUSE * 2**attempt)


class Store:
    def __init__(self, tables: Tables, wait: Callable[[int], None] = pause) -> None:
        self.wait = wait
        self.connection = Connection(
            connect_timeout_seconds=CONNECT_SECONDS,
            read_timeout_seconds=READ_SECONDS,
            max_retry_attempts=ATTEMPTS - 1,
            max_pool_connections=POOL,
        )
        self._tables: dict[Table, str] = {table: getattr(tables, table.value) for table in Table}
        for name in set(self._tables.values()):
            self.connection.add_meta_table(MetaTable(_shape(name)))
        # Made now: two threads that come first together would each make a client.
        _ = self.connection.client

    def patiently(self, call: Callable[[], R], passing: Callable[[PynamoDBException], bool]) -> R:
        """Try again, a few times and with pauses, while it fails for a reason that passes."""
        for attempt in range(TRIES - 1):
            try:
                return call()
            except PynamoDBException as error:
                if not passing(error):
                    raise
                self.wait(attempt)
        return call()

    def of(self, kind: Kind[T]) -> Collection[T]:
        return Collection(self, kind, self._tables[kind.table])


def met_a_transaction(error: PynamoDBException) -> bool:
    """A transaction holds the item at this moment: nothing is decided yet."""
    return error.cause_response_code == "TransactionConflictException"


def _shape(table: str) -> dict[str, Any]:
    """What pynamodb has to know of a table; the index is asked for on the directory alone."""
    strings = ("pk", "sk", keys.MEMBER)
    return {
        "TableName": table,
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in strings],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": keys.BY_MEMBER,
                "KeySchema": [{"AttributeName": keys.MEMBER, "KeyType": "HASH"}],
            }
        ],
    }


class Collection(Generic[T]):
    """The records of one kind."""

    def __init__(self, store: Store, kind: Kind[T], table: str) -> None:
        self._store = store
        self.connection = store.connection
        self.kind = kind
        self.table = table

    def find(self, key: Key) -> T | None:
        if not key.possible:
            return None
        answer = self.connection.get_item(
            self.table, key.pk, range_key=key.sk, consistent_read=True
        )
        item = answer.get("Item")
        return self._record(item) if item else None

    def get(self, key: Key) -> T:
        record = self.find(key)
        if record is None:
            raise NotFound(self.kind.name)
        return record

    def all(self, partition: str) -> list[T]:
        return list(self._query(partition, consistent_read=True))

    def first(self, partition: str, limit: int) -> list[T]:
        return list(self._query(partition, consistent_read=True, limit=limit))

    def indexed(self, index: str, value: str) -> list[T]:
        """By an index, which DynamoDB cannot read consistently."""
        return list(self._query(value, index_name=index))

    def page(self, partition: str, *, after: str | None, limit: int) -> Page[T]:
        """Newest first. Not read consistently: that costs twice, and a shown list is old anyway."""
        older = Path("sk") < after if after else None
        items = list(
            self._items(
                partition,
                range_key_condition=older,
                scan_index_forward=False,
                limit=limit + 1,
            )
        )
        shown = items[:limit]
        more = len(items) > limit
        return Page([self._record(item) for item in shown], shown[-1]["sk"]["S"] if more else None)

    def put(self, record: T) -> None:
        self._put(record, None)

    def add(self, record: T) -> bool:
        """Put if absent; False if there is one."""
        try:
            self._put(record, ABSENT)
        except PutError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return False
            raise
        return True

    def change(self, record: T, actions: list[Action], condition: Condition) -> bool:
        """Change some attributes; False if the condition does not hold."""
        try:
            self._write(self.connection.update_item, record, actions=actions, condition=condition)
        except UpdateError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return False
            raise
        return True

    def remove(self, record: T) -> None:
        """Gone afterwards, whether it was there or not."""
        self._write(self.connection.delete_item, record)

    def remove_all(self, records: Iterable[T]) -> None:
        left = [{"pk": {"S": key.pk}, "sk": {"S": key.sk}} for key in map(self.kind.key, records)]
        attempt = 0
        while left:
            batch, left = left[:BATCH], left[BATCH:]
            answer = self.connection.batch_write_item(self.table, delete_items=batch)
            undone = answer.get("UnprocessedItems", {}).get(self.table, [])
            if undone:
                if attempt == TRIES:
                    raise PynamoDBException("DynamoDB left deletions undone, time and again.")
                left += [request["DeleteRequest"]["Key"] for request in undone]
                self._store.wait(attempt)
                attempt += 1

    def serialized(self, record: T) -> dict[str, Any]:
        """The record's attributes with their types, keys apart."""
        attributes = self.kind.to_model(record).serialize()
        del attributes["pk"], attributes["sk"]
        return attributes

    def _put(self, record: T, condition: Condition | None) -> None:
        self._write(
            self.connection.put_item,
            record,
            attributes=self.serialized(record),
            condition=condition,
        )

    def _write(self, call: Callable[..., Any], record: T, **arguments: Any) -> None:  # noqa: ANN401 - pynamodb's own
        key = self.kind.key(record)
        self._store.patiently(
            partial(call, self.table, key.pk, range_key=key.sk, **arguments),
            passing=met_a_transaction,
        )

    def _query(self, value: str, **options: Any) -> Iterator[T]:  # noqa: ANN401 - pynamodb's own
        return map(self._record, self._items(value, **options))

    def _items(
        self,
        value: str,
        *,
        limit: int | None = None,
        **options: Any,  # noqa: ANN401 - likewise
    ) -> Iterator[dict[str, Any]]:
        query = partial(self.connection.query, self.table)
        return ResultIterator(query, (value,), {"limit": limit, **options}, limit=limit)

    def _record(self, item: dict[str, Any]) -> T:
        return self.kind.to_record(self.kind.model.from_raw_data(item))
