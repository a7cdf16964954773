"""One connection for one process, and what is done with the records of a kind.

pynamodb would give every model a client of its own, and bind a model to one table for good; here
models only serialise. Reads are consistent unless a method says why not.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from botocore.exceptions import ConnectionError as NotConnected
from botocore.exceptions import HTTPClientError
from botocore.session import Session
from pynamodb.connection import Connection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import PutError, PynamoDBException, UpdateError
from pynamodb.expressions.operand import Path
from pynamodb.pagination import ResultIterator

from chalicelib.adapters.aws import ATTEMPTS, CONNECT_SECONDS, POOL, READ_SECONDS
from chalicelib.adapters.dynamo import keys
from chalicelib.adapters.dynamo.keys import Key
from chalicelib.adapters.dynamo.kind import Table
from chalicelib.adapters.dynamo.shape import shape
from chalicelib.adapters.ids import chance
from chalicelib.domain.errors import NotFound, Unavailable
from chalicelib.usecases.ports import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.adapters.dynamo.kind import Kind
    from chalicelib.settings import Tables

T = TypeVar("T")
R = TypeVar("R")

CONDITION_FAILED: Final = "ConditionalCheckFailedException"
TRIES: Final = 6
FIRST_PAUSE: Final = 0.025
WRITE_BATCH: Final = 25
READ_BATCH: Final = 100
ABSENT: Final = Path("pk").does_not_exist()
_BUSY: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
_BROKEN: Final = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a call may wait: to connect and for the answer, each time, and how many times."""

    connect_seconds: float
    read_seconds: float
    attempts: int


PATIENT: Final = Limits(CONNECT_SECONDS, READ_SECONDS, ATTEMPTS)
# For what somebody waits for while there is another way.
BRISK: Final = Limits(connect_seconds=1, read_seconds=2, attempts=2)


def pause(attempt: int) -> None:
    """Longer each time, and at random, so that those who met do not meet again."""
    time.sleep(chance() * FIRST_PAUSE * 2**attempt)


_DATABASE: Final = "The database"
_NAMES: Final = {Table.AUDIT: "The audit log"}


@contextmanager
def answering(what: str) -> Iterator[None]:
    """`Unavailable` where DynamoDB does not answer; what it does answer is told as it is."""
    try:
        yield
    except PynamoDBException as error:
        if does_not_answer(error):
            raise Unavailable(what) from error
        raise


def code_of(error: PynamoDBException) -> str:
    """Where no answer came, `response` is None, and pynamodb's own look at it breaks."""
    answer = getattr(error.cause, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))


def does_not_answer(error: PynamoDBException) -> bool:
    """Neither does it when it is too busy to. The SDK has tried again before we hear of it."""
    if isinstance(error.cause, (NotConnected, HTTPClientError)):
        return True
    if code_of(error) in _BUSY:
        return True
    # pynamodb leaves the status out of its own error, which it raises from the SDK's.
    answer = getattr(getattr(error.cause, "__cause__", None), "response", None) or {}
    return bool(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _BROKEN)


class SessionConnection(Connection):
    """With a session that is there: to load another takes twenty times as long as a client."""

    def __init__(self, session: Session, limits: Limits) -> None:
        super().__init__(
            connect_timeout_seconds=limits.connect_seconds,
            read_timeout_seconds=limits.read_seconds,
            max_retry_attempts=limits.attempts - 1,
            max_pool_connections=POOL,
        )
        self._given = session

    @property
    def session(self) -> Session:
        return self._given


class Store:
    def __init__(
        self,
        tables: Tables,
        wait: Callable[[int], None] = pause,
        limits: Limits = PATIENT,
        session: Session | None = None,
    ) -> None:
        self.wait = wait
        self.connection = SessionConnection(session or Session(), limits)
        self._names = tables
        self._tables: dict[Table, str] = {table: getattr(tables, table.value) for table in Table}
        for name in set(self._tables.values()):
            self.connection.add_meta_table(MetaTable(shape(name)))
        # Made now: two threads that come first together would each make a client.
        _ = self.connection.client

    def limited(self, limits: Limits) -> Store:
        """The same tables, through another client."""
        return Store(self._names, self.wait, limits, self.connection.session)

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

    def read(self, table: str, places: Iterable[Key]) -> dict[Key, dict[str, Any]]:
        """The items that are there, by key; read consistently, a hundred in a request."""
        found: dict[Key, dict[str, Any]] = {}

        def read_some(batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
            answer = self.connection.batch_get_item(
                table,
                batch,  # type: ignore[arg-type] # it says that these are strings
                consistent_read=True,
            )
            for item in answer["Responses"].get(table, []):
                found[Key(item["pk"]["S"], item["sk"]["S"])] = item
            undone: list[dict[str, Any]] = (
                answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            )
            return undone

        # DynamoDB refuses a request that has a key twice.
        wanted = dict.fromkeys(key for key in places if key.possible)
        with answering(_DATABASE):
            self.in_batches(map(_typed, wanted), READ_BATCH, read_some)
        return found

    def in_batches(
        self,
        requests: Iterable[dict[str, Any]],
        size: int,
        call: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
    ) -> None:
        """`call` answers what DynamoDB left undone; that goes once more, after a pause."""
        left = list(requests)
        attempt = 0
        while left:
            batch, left = left[:size], left[size:]
            undone = call(batch)
            if undone:
                if attempt == TRIES:
                    raise PynamoDBException(
                        "DynamoDB left parts of a batch undone, time and again."
                    )
                left += undone
                self.wait(attempt)
                attempt += 1


def met_a_transaction(error: PynamoDBException) -> bool:
    """A transaction holds the item at this moment: nothing is decided yet."""
    return code_of(error) == "TransactionConflictException"


def _typed(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _beyond(cursor: str | None, *, ascending: bool) -> Condition | None:
    if not cursor:
        return None
    place = keys.place(cursor)
    return Path("sk") > place if ascending else Path("sk") < place


class Collection(Generic[T]):
    """The records of one kind."""

    def __init__(self, store: Store, kind: Kind[T], table: str) -> None:
        self._store = store
        self.connection = store.connection
        self.kind = kind
        self.table = table
        self.answering = partial(answering, _NAMES.get(kind.table, _DATABASE))

    def find(self, key: Key) -> T | None:
        if not key.possible:
            return None
        with self.answering():
            answer = self.connection.get_item(
                self.table, key.pk, range_key=key.sk, consistent_read=True
            )
        item = answer.get("Item")
        return self.record(item) if item else None

    def find_all(self, places: Iterable[Key]) -> dict[Key, T]:
        items = self._store.read(self.table, places)
        return {key: self.record(item) for key, item in items.items()}

    def get(self, key: Key) -> T:
        record = self.find(key)
        if record is None:
            raise NotFound(self.kind.name)
        return record

    def above(self, partition: str, place: str) -> list[T]:
        beyond = _beyond(place, ascending=True)
        return list(self._query(partition, consistent_read=True, range_key_condition=beyond))

    def all(self, partition: str, *, prefix: str = "") -> list[T]:
        if not prefix:
            return list(self._query(partition, consistent_read=True))
        if not Key(partition, prefix).possible:
            return []
        within = Path("sk").startswith(prefix)
        return list(self._query(partition, consistent_read=True, range_key_condition=within))

    def first(self, partition: str, limit: int, *, above: str = "") -> list[T]:
        found = self._query(
            partition,
            consistent_read=True,
            range_key_condition=_beyond(above, ascending=True),
            limit=limit,
        )
        return list(islice(found, limit))

    def backwards(self, partition: str, at_a_time: int) -> Iterator[T]:
        """The last one first; the next ones are read when they are asked for."""
        return self._query(
            partition, consistent_read=True, scan_index_forward=False, limit=at_a_time
        )

    def indexed(self, index: str, value: str) -> list[T]:
        """By an index, which DynamoDB cannot read consistently."""
        return list(self._query(value, index_name=index))

    def places(self, index: str, partition: str, name: str, value: str) -> list[Key]:
        """Where those are that have this value in `name`, the index's range key."""
        if not Key(partition, value).possible:
            return []
        same = Path(name) == value
        items = self._items(partition, index_name=index, range_key_condition=same)
        return [Key(item["pk"]["S"], item["sk"]["S"]) for item in items]

    def page(
        self,
        partition: str,
        *,
        after: str | None,
        limit: int,
        ascending: bool = False,
        consistent: bool = False,
    ) -> Page[T]:
        """Newest first. Not read consistently: that costs twice, and a shown list is old anyway."""
        found = self._items(
            partition,
            range_key_condition=_beyond(after, ascending=ascending),
            scan_index_forward=ascending,
            consistent_read=consistent,
            limit=limit + 1,
        )
        items = list(islice(found, limit + 1))
        shown = items[:limit]
        more = len(items) > limit
        return Page([self.record(item) for item in shown], shown[-1]["sk"]["S"] if more else None)

    def projected(self, partition: str, names: list[str]) -> Iterator[dict[str, Any]]:
        """These attributes of all items, as DynamoDB has them: where there are millions, making
        records of them takes most of the time.
        """
        return self._items(partition, consistent_read=True, attributes_to_get=names)

    def put(self, record: T) -> None:
        self._put(record, None)

    def add(self, record: T) -> bool:
        """Put if absent; False if there is one."""
        try:
            self._put(record, ABSENT)
        except PutError as error:
            if code_of(error) == CONDITION_FAILED:
                return False
            raise
        return True

    def change(self, record: T, actions: list[Action], condition: Condition) -> bool:
        """Change some attributes; False if the condition does not hold."""
        try:
            self._write(self.connection.update_item, record, actions=actions, condition=condition)
        except UpdateError as error:
            if code_of(error) == CONDITION_FAILED:
                return False
            raise
        return True

    def remove(self, record: T) -> None:
        """Gone afterwards, whether it was there or not."""
        self._write(self.connection.delete_item, record)

    def remove_all(self, records: Iterable[T]) -> None:
        def remove_some(batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
            answer = self.connection.batch_write_item(self.table, delete_items=batch)
            undone = answer.get("UnprocessedItems", {}).get(self.table, [])
            return [request["DeleteRequest"]["Key"] for request in undone]

        places = map(self.kind.key, records)
        with self.answering():
            self._store.in_batches(map(_typed, places), WRITE_BATCH, remove_some)

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
        with self.answering():
            self._store.patiently(
                partial(call, self.table, key.pk, range_key=key.sk, **arguments),
                passing=met_a_transaction,
            )

    def record(self, item: dict[str, Any]) -> T:
        return self.kind.to_record(self.kind.model.from_raw_data(item))

    def _query(self, value: str, **options: Any) -> Iterator[T]:  # noqa: ANN401 - pynamodb's own
        return map(self.record, self._items(value, **options))

    def _items(self, value: str, **options: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - likewise
        """`limit` among the options is how many DynamoDB reads at a time."""
        if not Key(value, "-").possible:
            return
        with self.answering():
            query = partial(self.connection.query, self.table)
            yield from ResultIterator(query, (value,), options)
