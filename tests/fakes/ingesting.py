"""The real pipeline over a file in memory; what it stored is read back."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.tokens import Mixer
from chalicelib.usecases.ports.ingest import Source
from functions.ingest.pipeline import gather
from tests.fakes.slow_ingest import Outcome
from tests.fakes.storage import FakeBlobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chalicelib.usecases.ports.ingest import Work

KEY = b"k" * 32
LIMIT = 2**30


def source(
    blocks: Iterable[bytes],
    *,
    delimited: bool = True,
    number_column: str | None = None,
    country: str | None = None,
    limit: int = LIMIT,
    report: Callable[[Work], None] = lambda _: None,
) -> Source:
    return Source(
        blocks=blocks,
        limit=limit,
        delimited=delimited,
        number_column=number_column,
        default_country=country,
        key=KEY,
        report=report,
    )


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def ingest(
    data: bytes,
    *,
    delimited: bool = True,
    number_column: str | None = None,
    country: str | None = None,
    piece: int = 2**20,
) -> Outcome:
    blobs = FakeBlobs()
    given = source(
        pieces(data, piece), delimited=delimited, number_column=number_column, country=country
    )
    with gather(given) as gathered:
        entries = gathered.store(blobs, "list")
        outcome = Outcome(
            gathered.columns,
            gathered.numbers,
            Counter(gathered.invalid),
            Counter(gathered.emptied),
            rejects_of(blobs.objects["list/rejects"]),
        )
    chunks = [chunk_format.decode(blobs.objects[entry.key], outcome.columns) for entry in entries]
    mixer = Mixer.of(KEY)
    tokens = [mixer.token(number) for chunk in chunks for number in chunk.numbers]
    assert all(one < other for one, other in pairwise(tokens))
    for entry, chunk in zip(entries, chunks, strict=True):
        assert entry.count == len(chunk.numbers)
        assert entry.first_token == f"{mixer.token(chunk.numbers[0]):016x}"
        assert entry.last_token == f"{mixer.token(chunk.numbers[-1]):016x}"
        values = zip(*(chunk.columns[name] for name in outcome.columns), strict=True)
        empty: Iterable[tuple[str, ...]] = ((),) * entry.count
        rows = values if outcome.columns else empty
        outcome.rows |= zip(chunk.numbers, rows, strict=True)
    return outcome


def rejects_of(data: bytes) -> list[tuple[int, str, str]]:
    text = gzip.decompress(data).decode()
    heading, *rows = csv.reader(io.StringIO(text, newline=""))
    assert heading == ["line", "reason", "value"]
    return [(int(line), reason, _plain(value)) for line, reason, value in rows]


def _plain(value: str) -> str:
    """Without the mark that keeps a spreadsheet from running it."""
    return value.removeprefix("'")
