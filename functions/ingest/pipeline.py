"""The way of an uploaded file to chunks (DESIGN 4.1): blocks are read side by side, spilled by
parts of their tokens' range, and what was spilled becomes chunks, which are stored side by side.

Threads do, since nearly all that takes time (numpy, isal, files, sockets) lets others run
meanwhile. What has an order (errors, rejects, whose values stay) keeps the file's order.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from chalicelib.domain.formats.manifest import ChunkEntry
from chalicelib.domain.tokens import Mixer
from chalicelib.sms.numbering import plans
from chalicelib.sms.unpacking import BadFile, lines_of, unpack
from chalicelib.usecases.ports.ingest import Work
from functions.ingest.chunking import pack, portions, rows_of
from functions.ingest.framing import Framer
from functions.ingest.numbers import Judge
from functions.ingest.reading import Reader
from functions.ingest.rejects import Rejects
from functions.ingest.side_by_side import in_order
from functions.ingest.spill import Spill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chalicelib.usecases.ports import Blobs
    from chalicelib.usecases.ports.ingest import Gathered, Source
    from functions.ingest.chunking import Packed
    from functions.ingest.reading import Batch

# Two cores (infra/app.yaml); who waits for S3 takes none.
WORKERS: Final = 2
STORERS: Final = 12
# Lines that are read one by one take up to ten microseconds each, rejected ones two, and those that
# phonenumbers is asked about a hundred: of too many a file would take longer than a function may.
ODD_MAX: Final = 30_000_000
REJECTED_MAX: Final = 50_000_000
ASKED_MAX: Final = 3_000_000


@contextmanager
def gather(source: Source, folder: str | None = None) -> Iterator[Gathered]:
    """`folder` is for what does not fit memory; by default the system's own."""
    with (
        TemporaryDirectory(prefix="ingest-", dir=folder) as room,
        ThreadPoolExecutor(WORKERS) as pool,
        Spill(room) as spill,
        Rejects(room) as rejects,
    ):
        reading = Reading(source, spill, rejects, pool)
        reading.read()
        yield reading


class Reading:
    def __init__(
        self, source: Source, spill: Spill, rejects: Rejects, pool: ThreadPoolExecutor
    ) -> None:
        self.columns: tuple[str, ...] = ()
        self.numbers = 0
        self.invalid: Counter[str] = Counter()
        self.emptied: Counter[str] = Counter()
        self._source = source
        self._spill = spill
        self._rejects = rejects
        self._pool = pool
        self._mixer = Mixer.of(source.key)
        self._octets = self._lines = self._odd = self._asked = 0

    def read(self) -> None:
        source = self._source
        text = lines_of(unpack(self._counted(source.blocks), source.limit))
        framer = Framer(text, delimited=source.delimited, number_column=source.number_column)
        first = framer.begin()
        if framer.layout is not None:
            self.columns = framer.layout.columns
        judge = Judge(plans(), source.default_country)
        reader = Reader(framer.layout, source.default_country, judge, self._mixer)
        self._take(reader.read(first))
        for batch in in_order(self._pool, reader.read, framer.blocks(), ahead=WORKERS + 1):
            self._take(batch)
        self._spill.flush()
        self._rejects.finish()

    def store(self, blobs: Blobs, prefix: str) -> list[ChunkEntry]:
        load = partial(rows_of, self._spill, with_values=bool(self.columns))
        make = partial(pack, names=self.columns, mixer=self._mixer)
        keep = partial(_keep, blobs, prefix)
        entries, stored = [], 0
        with ThreadPoolExecutor(STORERS) as storers:
            stretches = in_order(self._pool, load, self._spill.stretches(), ahead=1)
            packed = in_order(self._pool, make, enumerate(portions(stretches)), ahead=WORKERS)
            for entry in in_order(storers, keep, packed, ahead=STORERS):
                entries.append(entry)
                stored += entry.count
                self._report(stored)
        self._rejects.store(blobs, f"{prefix}/rejects")
        return entries

    def _counted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._octets += len(block)
            yield block

    def _take(self, batch: Batch) -> None:
        self._spill.add(batch)
        self._rejects.add(batch.rejects)
        self.numbers += batch.numbers
        self.invalid += batch.reasons
        self.emptied += batch.emptied
        self._lines += batch.numbers + batch.reasons.total()
        self._odd += batch.odd
        self._asked += batch.asked
        if self._odd > ODD_MAX or self._asked > ASKED_MAX:
            raise BadFile(
                "Too many lines are no plain numbers, and would take too long to read. "
                "Write numbers as digits with their country code, or split the file."
            )
        if self.invalid.total() > REJECTED_MAX:
            raise BadFile(
                f"Too many lines hold no valid number, more than {REJECTED_MAX}. "
                "Remove them, or split the file."
            )
        self._report()

    def _report(self, stored: int = 0) -> None:
        self._source.report(Work(self._octets, self._lines, stored, self.numbers))


def _keep(blobs: Blobs, prefix: str, packed: Packed) -> ChunkEntry:
    key = f"{prefix}/chunk-{packed.number:05}"
    blobs.put(key, packed.data)
    return ChunkEntry(
        number=packed.number,
        key=key,
        count=packed.count,
        first_token=f"{packed.first_token:016x}",
        last_token=f"{packed.last_token:016x}",
        sha256=packed.sha256,
    )
