"""What it costs to know who wants no messages, and to say so (SPEC 5.4): CPU time of one core, with
answers of DynamoDB that are made beforehand, and objects in memory.

`entry_us`, `whole_entry_us`   an entry on its way from DynamoDB's answer: as whoever sends reads
                               millions of them, and as a record.
`list_seconds_per_million`     the numbers of a suppression list, from its chunks into memory.
`list_mib_per_million`         what they take there: the process's growth.
`places_ms`, `few_places_ms`   which of a chunk's 10,000 recipients are among them; among 100,000.
`add_seconds`, `stop_ms`       1,000 numbers in one call, and one number, with their transactions.

Times are the best of three: others use this machine too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import time
import zlib
from array import array
from dataclasses import replace
from functools import partial
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from bench.api import MOTO_ENVIRONMENT
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.kinds import SUPPRESSION
from chalicelib.adapters.dynamo.store import Store
from chalicelib.adapters.dynamo.suppressions import DynamoSuppressions
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifests
from chalicelib.domain.formats.chunk import MAX_RECIPIENTS, Chunk
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest
from chalicelib.domain.number_set import FEW
from chalicelib.domain.recipient_list import list_prefix
from chalicelib.domain.rights import Role
from chalicelib.usecases.suppressing import NUMBERS_MAX
from chalicelib.usecases.wishes import Wishes
from tests.fakes import samples
from tests.fakes.cloud import TABLES
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.usecases.suppressing import Suppressing
    from chalicelib.usecases.wishes import Unwanted
    from tests.fakes.storage import FakeBlobs

T = TypeVar("T")

MILLION: Final = 1_000_000
TURNS: Final = 3
PAGE: Final = 4_500  # about as many entries as one answer of DynamoDB holds
FIRST: Final = 447_400_000_000
SPREAD: Final = 3_000_000_000
ADDED: Final = 447_400_000_001


def main() -> None:
    parser = argparse.ArgumentParser(description="What suppression costs.")
    parser.add_argument("--numbers", type=int, default=2 * MILLION, help="of the list")
    options = parser.parse_args()
    dice = Random(options.numbers)  # noqa: S311 # nosec B311
    # Lists first: later the process would have grown before.
    found = of_lists(options.numbers, dice)
    with patch.dict(os.environ, MOTO_ENVIRONMENT):
        found |= {**of_entries(), **of_saying()}
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))


def of_entries() -> dict[str, float]:
    store, answers = canned()
    entries, suppressions = store.of(SUPPRESSION), DynamoSuppressions(store)
    workspace, who = "wsp_" + "0" * 26, "usr_" + "0" * 26
    entry = samples.suppression(workspace=workspace, by=who, version=1)
    key = SUPPRESSION.key(entry)
    item = {"pk": {"S": key.pk}, "sk": {"S": key.sk}, **entries.serialized(entry)}

    answers["Query"] = page({"number": item["number"]})
    _, lean = fastest(lambda: sum(1 for _ in suppressions.numbers(workspace)))
    answers["Query"] = page(item)
    _, whole = fastest(lambda: len(entries.all(key.pk)))
    return {"entry_us": lean / PAGE * MILLION, "whole_entry_us": whole / PAGE * MILLION}


def of_lists(count: int, dice: Random) -> dict[str, float]:
    many, grown, seconds = of_list(count, dice)
    few, *_ = of_list(min(count, FEW), dice)
    asked = array("Q", some(MAX_RECIPIENTS, dice))
    _, places = fastest(lambda: many.places(asked))
    _, few_places = fastest(lambda: few.places(asked))
    return {
        "list_seconds_per_million": seconds * MILLION / count,
        "list_mib_per_million": grown * MILLION / count,
        "places_ms": places * 1000,
        "few_places_ms": few_places * 1000,
    }


def of_list(count: int, dice: Random) -> tuple[Unwanted, float, float]:
    """What is unwanted, by how many MiB the process grew for it, and how long it took."""
    world = World()
    suppressed = samples.suppression_list(workspace=world.workspace)
    world.changes.save(suppressed, world.audit())
    entries = [
        stored(world.blobs, place, array("Q", some(MAX_RECIPIENTS, dice)))
        for place in range(count // MAX_RECIPIENTS)
    ]
    manifest = Manifest(
        version=manifests.VERSION,
        workspace=suppressed.workspace,
        list=suppressed.list,
        digest=manifests.digest_of(entries),
        counts=Counts(len(entries) * MAX_RECIPIENTS, 0, {}),
        chunks=tuple(entries),
    )
    prefix = list_prefix(suppressed.workspace, suppressed.list)
    world.blobs.put(f"{prefix}/manifest", manifests.encode(manifest))
    wishes = Wishes(world.suppressions, world.blobs, world.clock)
    before = resident()
    begun = time.process_time()
    unwanted = wishes.unwanted(world.workspace)
    return unwanted, resident() - before, time.process_time() - begun


def stored(blobs: FakeBlobs, place: int, numbers: array[int]) -> ChunkEntry:
    """In no order, which nobody asks for here."""
    data, key = chunk_format.encode(Chunk(numbers)), f"chunk-{place}"
    blobs.put(key, data)
    digest, token = hashlib.sha256(data).hexdigest(), f"{place:016x}"
    return ChunkEntry(place, key, len(numbers), token, token, digest)


def of_saying() -> dict[str, float]:
    world = World()
    store, answers = canned()
    answers["BatchGetItem"], answers["TransactWriteItems"] = {"Responses": {}}, {}
    admin = world.person("admin@example.com", Role.ADMIN)
    suppressing: Suppressing = replace(
        world.api.suppressing,
        changes=DynamoChanges(store),
        suppressions=DynamoSuppressions(store),
    )
    numbers = [f"+{ADDED + place}" for place in range(NUMBERS_MAX)]
    _, added = fastest(partial(suppressing.add, admin, numbers))
    stop = partial(suppressing.opt_out, world.workspace, ADDED, "STOP", "bench")
    _, stopped = fastest(stop)
    return {"add_seconds": added, "stop_ms": stopped * 1000}


def canned() -> tuple[Store, dict[str, Any]]:
    """A store, and what DynamoDB answers it, by operation."""
    store = Store(TABLES)
    answers: dict[str, Any] = {}

    def answer(request: Any, **_: object) -> Any:  # noqa: ANN401 - botocore's own
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        body = json.dumps(answers[operation]).encode()
        headers = HTTPHeaders.from_dict({"x-amz-crc32": str(zlib.crc32(body))})
        return AWSResponse(request.url, 200, headers, Body(body))

    store.connection.client.meta.events.register_first("before-send.dynamodb", answer)
    return store, answers


class Body:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._octets


def page(item: dict[str, Any]) -> dict[str, Any]:
    return {"Items": [item] * PAGE, "Count": PAGE, "ScannedCount": PAGE}


def some(count: int, dice: Random) -> list[int]:
    return [FIRST + dice.randrange(SPREAD) for _ in range(count)]


def resident() -> float:
    """The most that it ever was, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fastest(work: Callable[[], T]) -> tuple[T, float]:
    turns: list[tuple[float, T]] = []
    for _ in range(TURNS):
        begun = time.process_time()
        made = work()
        turns.append((time.process_time() - begun, made))
    seconds, made = min(turns, key=itemgetter(0))
    return made, seconds


if __name__ == "__main__":
    main()
