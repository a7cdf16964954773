"""Ingest against the fakes, its counts against a reference that is slow and simple."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from chalicelib.domain.audit import system
from chalicelib.domain.errors import NotFound, Stale, Unavailable
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.recipient_list import ListCounts, ListStatus, RecipientList
from chalicelib.domain.tokens import Mixer
from chalicelib.sms.phone import BadNumber, normalise
from chalicelib.usecases.auditing import Auditor, Retentions
from chalicelib.usecases.ingest_list import PROGRESS_EVERY, Ingest
from functions.ingest import framing, pipeline
from functions.ingest.pipeline import gather
from tests.fakes import samples
from tests.fakes.records import FakeCampaigns, FakeChanges, FakeDirectory, Records
from tests.fakes.services import FakeClock, FakeDataKeys, FakeIds
from tests.fakes.storage import FakeBlobs, FakeUploads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.ingest_progress import IngestProgress

LIMIT = 10_000_000
KEY = "wsp_a/lst_a"
PREFIX = "lists/wsp_a/lst_a/"


@dataclass
class World:
    records: Records = field(default_factory=Records)
    uploads: FakeUploads = field(default_factory=lambda: FakeUploads(piece=1000))
    blobs: FakeBlobs = field(default_factory=FakeBlobs)
    data_keys: FakeDataKeys = field(default_factory=FakeDataKeys)
    ids: FakeIds = field(default_factory=FakeIds)
    clock: FakeClock = field(default_factory=FakeClock)
    limit: int = LIMIT

    def __post_init__(self) -> None:
        self.wrapped = self.data_keys.create("wsp_a")
        self.records.put(samples.workspace(wrapped_data_key=self.wrapped))

    @property
    def ingest(self) -> Ingest:
        directory, clock = FakeDirectory(self.records), self.clock
        return Ingest(
            directory=directory,
            campaigns=FakeCampaigns(self.records),
            changes=FakeChanges(self.records),
            uploads=self.uploads,
            blobs=self.blobs,
            data_keys=self.data_keys,
            clock=clock,
            auditor=Auditor(clock, self.ids, Retentions(directory, clock)),
            pipeline=gather,
            limit=self.limit,
        )

    def receive(self, data: bytes, name: str = "all.csv", country: str | None = None) -> None:
        self.uploads.objects[KEY] = data
        self.records.put(
            samples.recipient_list(
                name=name,
                default_country=country,
                status=ListStatus.UPLOADING,
                size=len(data),
                counts=ListCounts(),
                digest=None,
                version=1,
            )
        )

    def run(self, data: bytes, name: str = "all.csv", country: str | None = None) -> RecipientList:
        self.receive(data, name, country)
        done = self.ingest.run("wsp_a", "lst_a")
        assert done is not None
        assert done == self.stored
        return done

    @property
    def stored(self) -> RecipientList:
        return FakeCampaigns(self.records).recipient_list("wsp_a", "lst_a")

    @property
    def audit(self) -> list[AuditRecord]:
        return self.records.audit

    @property
    def manifest(self) -> manifest_format.Manifest:
        return manifest_format.decode(self.blobs.get(f"{PREFIX}manifest"))

    def chunks(self) -> Iterator[chunk_format.Chunk]:
        for entry in self.manifest.chunks:
            yield chunk_format.decode(self.blobs.get(entry.key), self.stored.columns)

    def rows(self) -> dict[str, tuple[str, ...]]:
        """Each number's values, in the order of the list's columns."""
        return {
            str(number): tuple(chunk.columns[name][place] for name in self.stored.columns)
            for chunk in self.chunks()
            for place, number in enumerate(chunk.numbers)
        }

    def numbers(self) -> list[str]:
        return [str(number) for chunk in self.chunks() for number in chunk.numbers]

    def rejects(self) -> list[list[str]]:
        text = gzip.decompress(self.blobs.get(f"{PREFIX}rejects")).decode()
        heading, *rows = csv.reader(io.StringIO(text, newline=""))
        assert heading == ["line", "reason", "value"]
        return rows


@pytest.fixture
def world() -> World:
    return World()


def reference(values: list[str], country: str | None) -> tuple[ListCounts, list[str]]:
    numbers: list[str] = []
    reasons: Counter[str] = Counter()
    duplicate = 0
    for value in values:
        try:
            number = normalise(value, default_country=country)
        except BadNumber as error:
            reasons[error.reason] += 1
            continue
        if number in numbers:
            duplicate += 1
        else:
            numbers.append(number)
    return ListCounts(len(numbers), duplicate, reasons), numbers


def some_values(seed: int, count: int) -> list[str]:
    """Few distinct numbers in many ways of writing, and what is none."""
    chance = random.Random(seed)  # noqa: S311 - examples, no secrets
    forms = ("+4474{}", "004474{}", "074{}", "+44 74{}", "(074) {}", "x{}", "4474{}", "+44{}", "")
    return [chance.choice(forms).format(f"{chance.randrange(count):08}") for _ in range(count)]


@pytest.mark.parametrize("country", [None, "GB"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_counts_are_those_of_the_reference(
    world: World, country: str | None, delimiter: str, encoding: str, *, packed: bool
) -> None:
    values = some_values(len(encoding), 300)
    counts, numbers = reference(values, country)
    text = "".join(f'"{value}"{delimiter}"Zoë, ""Z""\nof; 7"\r\n' for value in ["Phone", *values])
    data = text.encode(encoding)

    done = world.run(gzip.compress(data) if packed else data, country=country)

    assert (done.status, done.counts) == (ListStatus.READY, counts)
    assert sorted(world.numbers()) == sorted(numbers)
    assert len(world.rejects()) == counts.rejected


def test_chunks_stand_in_the_order_of_tokens_under_the_workspace_key(world: World) -> None:
    numbers = [str(447400000000 + place) for place in range(25_000)]
    world.run("\n".join(reversed(numbers)).encode(), "all.txt")

    mixer = Mixer.of(world.data_keys.unwrap("wsp_a", world.wrapped))
    expected = sorted((f"{mixer.token(int(number)):016x}", int(number)) for number in numbers)
    found = [number for chunk in world.chunks() for number in chunk.numbers]
    assert found == [number for _, number in expected]
    assert [entry.count for entry in world.manifest.chunks] == [10_000, 10_000, 5_000]
    assert [entry.key for entry in world.manifest.chunks] == [
        f"{PREFIX}chunk-{place:05}" for place in range(3)
    ]
    assert [(entry.first_token, entry.last_token) for entry in world.manifest.chunks] == [
        (expected[first][0], expected[last][0])
        for first, last in ((0, 9_999), (10_000, 19_999), (20_000, 24_999))
    ]


def test_exactly_full_chunks_leave_no_empty_one(world: World) -> None:
    world.run("\n".join(str(447400000000 + at) for at in range(20_000)).encode(), "all.txt")
    assert [entry.count for entry in world.manifest.chunks] == [10_000, 10_000]


def test_record_manifest_and_audit_say_the_same(world: World) -> None:
    values = ["+447400123456", "447400123456", "+33612345678", "x1y2z3", "12"]
    counts, _ = reference(values, None)

    done = world.run("\n".join(["phone", *values]).encode())

    assert (done.status, done.failure, done.counts) == (ListStatus.READY, None, counts)
    assert done.digest == world.manifest.digest
    assert (world.manifest.workspace, world.manifest.list) == ("wsp_a", "lst_a")
    assert world.manifest.counts == manifest_format.Counts(2, 1, dict(counts.invalid))
    begun, ready = world.audit
    assert (begun.action, ready.action) == ("list.ingesting", "list.ready")
    assert {(record.actor, record.object) for record in world.audit} == {
        (system("ingest"), "lst_a")
    }
    assert ready.before == {"status": "ingesting"}
    assert ready.after == {
        "status": "ready",
        "valid": 2,
        "duplicate": 1,
        "rejected": 2,
        "columns": None,
        "digest": done.digest,
        "failure": None,
    }


def test_rejects_name_line_reason_and_value_and_run_no_formula(world: World) -> None:
    data = (
        "phone,name\n447400123456,\n\n"
        '"=HYPERLINK(""http://x"")",\n"a ""b""",\n+44 7,\n,x\n'
        f"{'9' * 99}z,\n"
    )
    world.run(data.encode())
    assert world.rejects() == [
        ["4", "not_a_number", '\'=HYPERLINK("http://x")'],
        ["5", "not_a_number", 'a "b"'],
        ["6", "too_short", "'+44 7"],
        ["7", "empty", ""],
        ["8", "not_a_number", "9" * 64],
    ]


def test_a_text_file_has_one_number_a_line(world: World) -> None:
    done = world.run(b"447400123456,447400123457\n447400123458\n", "ALL.TXT.GZ")
    assert done.counts == ListCounts(1, 0, {"not_a_number": 1})
    assert world.numbers() == ["447400123458"]


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        pytest.param(b"", "The file holds no numbers.", id="empty"),
        pytest.param(b"\xef\xbb\xbf", "The file holds no numbers.", id="a mark alone"),
        pytest.param(b"phone;name\r\n", "The file holds no numbers.", id="header only"),
        pytest.param(
            b"phone\nx\ny\n12\n",
            "The file holds no valid number: every line was rejected "
            "(2 not_a_number, 1 too_short).",
            id="nothing valid",
        ),
        pytest.param(
            b"447400123456\n\0",
            "The file is binary, not text. Save it as CSV or text in UTF-8.",
            id="a NUL",
        ),
        pytest.param(
            b'447400123456\n447400123457,"x\n447400123458\n',
            'Line 2 opens a quote (") that nothing closes. Close it, or remove it.',
            id="unclosed quote",
        ),
    ],
)
def test_a_bad_file_fails_the_list_and_leaves_nothing(
    world: World, data: bytes, failure: str
) -> None:
    done = world.run(data)
    assert (done.status, done.failure, done.digest) == (ListStatus.FAILED, failure, None)
    assert world.blobs.objects == {}
    assert [record.action for record in world.audit] == ["list.ingesting", "list.failed"]
    assert world.audit[-1].after["failure"] == failure


def test_a_gzip_bomb_fails_the_list() -> None:
    world = World(limit=100_000)
    assert world.run(gzip.compress(b"447400123456\n" * 7_692)).status is ListStatus.READY
    done = world.run(gzip.compress(b"447400123456\n" * 1_000_000))
    assert done.status is ListStatus.FAILED
    assert done.failure == (
        "The file is larger than 100000 bytes, which holds packed and unpacked. "
        "Split it into several lists."
    )


def test_a_failed_list_still_tells_how_many_were_rejected(world: World) -> None:
    assert world.run(b"1\n2\n").counts == ListCounts(0, 0, {"too_short": 2})


def test_a_file_that_is_gone_fails_the_list(world: World) -> None:
    world.receive(b"447400123456\n")
    del world.uploads.objects[KEY]
    done = world.ingest.run("wsp_a", "lst_a")
    assert done is not None
    assert done.failure == "The uploaded file is no longer there. Upload it again."


@pytest.mark.parametrize("data", [b"447400123456\n", b""])
def test_a_second_delivery_changes_nothing(world: World, data: bytes) -> None:
    done = world.run(data)
    world.uploads.objects[KEY] = b"33612345678\n"
    stored, audit = dict(world.blobs.objects), list(world.audit)

    assert world.ingest.run("wsp_a", "lst_a") == done

    assert (world.stored, world.blobs.objects, world.audit) == (done, stored, audit)


def test_a_list_that_is_not_there_is_nothing_to_do(world: World) -> None:
    assert world.ingest.run("wsp_a", "lst_b") is None
    assert world.ingest.run("wsp_b", "lst_a") is None


def test_a_missing_workspace_is_no_missing_list(world: World) -> None:
    world.receive(b"447400123456\n")
    world.records.remove(samples.workspace())
    with pytest.raises(NotFound):
        world.ingest.run("wsp_a", "lst_a")


class Killed(BaseException):
    """The process is gone."""


@dataclass
class MortalBlobs(FakeBlobs):
    puts: int

    def __post_init__(self) -> None:
        super().__init__()

    @override
    def put(self, key: str, data: bytes) -> None:
        self.puts -= 1
        if self.puts < 0:
            raise Killed
        super().put(key, data)


@pytest.mark.parametrize("puts", range(4))
def test_a_killed_ingest_shows_nothing_and_comes_to_the_same_digest(puts: int) -> None:
    data = "\n".join(["x", *(str(447400000000 + at) for at in range(11_000))]).encode()
    undisturbed = World(uploads=FakeUploads(piece=777))
    digest = undisturbed.run(data, "all.txt").digest

    world = World(blobs=MortalBlobs(puts))
    world.receive(data, "all.txt")
    with pytest.raises(Killed):
        world.ingest.run("wsp_a", "lst_a")
    assert (world.stored.status, world.stored.digest) == (ListStatus.INGESTING, None)

    world.blobs = FakeBlobs()
    done = world.ingest.run("wsp_a", "lst_a")
    assert done is not None
    assert (done.status, done.digest) == (ListStatus.READY, digest)
    assert world.blobs.objects == undisturbed.blobs.objects
    assert [record.action for record in world.audit] == ["list.ingesting", "list.ready"]


class MeddledUploads(FakeUploads):
    """Somebody else changes the record while the file is read."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        super().__init__()
        self._meddle = meddle

    @override
    def read(self, key: str) -> Iterator[bytes]:
        yield from super().read(key)
        self._meddle()


def test_who_comes_second_stops_quietly(world: World) -> None:
    data = b"447400123456\n"
    world.receive(data)
    first = replace(world.ingest, uploads=world.uploads)
    world.uploads = MeddledUploads(partial(first.run, "wsp_a", "lst_a"))
    world.uploads.objects[KEY] = data

    done = world.ingest.run("wsp_a", "lst_a")

    assert done == world.stored
    assert (world.stored.status, world.stored.version) == (ListStatus.READY, 3)
    assert [record.action for record in world.audit] == ["list.ingesting", "list.ready"]


def test_a_record_that_changed_and_is_still_open_is_taken_again(world: World) -> None:
    world.receive(b"447400123456\n")

    def touch() -> None:
        world.records.put(replace(world.stored, version=world.stored.version + 1))

    data = world.uploads.objects
    world.uploads = MeddledUploads(touch)
    world.uploads.objects = data
    with pytest.raises(Stale):
        world.ingest.run("wsp_a", "lst_a")
    assert world.stored.digest is None

    world.uploads = FakeUploads()
    world.uploads.objects = data
    assert world.ingest.run("wsp_a", "lst_a") == world.stored
    assert world.stored.digest == world.manifest.digest


class MeddledCampaigns(FakeCampaigns):
    """Somebody else moves the list right after it was first read."""

    def __init__(self, records: Records, to: ListStatus) -> None:
        super().__init__(records)
        self._to: ListStatus | None = to
        self._records = records

    @override
    def recipient_list(self, workspace: str, list_id: str) -> RecipientList:
        found = super().recipient_list(workspace, list_id)
        if self._to is not None:
            self._records.put(replace(found, status=self._to, version=found.version + 1))
            self._to = None
        return found


@pytest.mark.parametrize(
    ("moved", "end"),
    [
        (ListStatus.INGESTING, ListStatus.READY),
        (ListStatus.UPLOADING, ListStatus.READY),
        (ListStatus.FAILED, ListStatus.FAILED),
    ],
)
def test_a_record_that_changes_before_the_start_is_read_again(
    world: World, moved: ListStatus, end: ListStatus
) -> None:
    world.receive(b"447400123456\n")
    meddled = replace(world.ingest, campaigns=MeddledCampaigns(world.records, moved))
    done = meddled.run("wsp_a", "lst_a")
    assert done is not None
    assert (done.status, world.stored.status) == (end, end)


def test_ten_thousand_equal_lines_are_one_number(world: World) -> None:
    done = world.run(b"447400123456\n" * 10_000, "all.txt")
    assert done.counts == ListCounts(1, 9_999, {})
    assert world.numbers() == ["447400123456"]


WITH_COLUMNS = (
    "phone;Name; First  NAME ;;Code;Code\n"
    '447400123456;Zoë;"A; ""B""";x;1;2\n'
    "00447400123456;later;;;;\n"
    "12;short;;;;\n"
    "447400123457\n"
    f"447400123458;{'x' * 256};two\tor  more;;;\n"
    f"447400123459;{'y' * 255};\x1b[31m;;;\n"
)


def test_further_columns_are_kept_with_their_numbers(world: World) -> None:
    done = world.run(WITH_COLUMNS.encode())

    assert done.columns == ("name", "first name")
    assert world.rows() == {
        # Of two lines with a number the first one counts.
        "447400123456": ("Zoë", 'A; "B"'),
        "447400123457": ("", ""),
        "447400123458": ("", "two or more"),
        "447400123459": ("y" * 255, ""),
    }
    assert done.counts == ListCounts(4, 1, {"too_short": 1}, emptied={"first name": 1, "name": 1})
    assert world.audit[-1].after["columns"] == "name, first name"


def test_values_and_names_are_part_of_the_digest() -> None:
    def digest(text: str) -> str | None:
        return World().run(text.encode()).digest

    whole = "phone,a,b\n447400123456,x,y\n447400123457,z,\n"
    digests = [
        digest(whole),
        digest(whole.replace("x", "X")),
        digest(whole.replace("a,b", "a,c")),
        digest(whole.replace("a,b", "b,a")),
        digest(whole.replace("a,b", "a,")),
        digest(whole.replace("a,b", ",")),
    ]
    assert len(set(digests)) == len(digests)
    # Where the lines stand is of no matter.
    assert digest("phone,a,b\n447400123457,z,\n447400123456,x,y\n") == digests[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("447400123456,Zoë\n447400123457,x\n", "all.csv"),
        ("phone\n447400123456\n447400123457\n", "all.csv"),
        ("phone,name\n447400123456\n447400123457\n", "all.txt"),
        ("phone,,|\n447400123456,1,2\n447400123457\n", "all.csv"),
    ],
)
def test_a_file_without_names_has_no_columns(world: World, text: str, name: str) -> None:
    done = world.run(text.encode(), name)
    assert (done.status, done.columns, done.counts.emptied) == (ListStatus.READY, (), {})
    assert world.rows() == {"447400123456": (), "447400123457": ()}
    bare = World().run(b"447400123457\n447400123456\n", "all.txt")
    assert done.digest == bare.digest


def test_a_list_with_no_valid_number_has_no_columns_either(world: World) -> None:
    done = world.run(b"phone,name\n12,x\n")
    assert (done.status, done.columns) == (ListStatus.FAILED, ())


def test_a_killed_ingest_with_columns_comes_to_the_same(world: World) -> None:
    rows = "".join(f"{447400000000 + at},Anna{at % 7}\n" for at in range(11_000))
    data = f"phone,name\n{rows}".encode()
    digest = World(uploads=FakeUploads(piece=777)).run(data).digest
    world.blobs = MortalBlobs(2)
    world.receive(data)
    with pytest.raises(Killed):
        world.ingest.run("wsp_a", "lst_a")
    assert world.stored.columns == ()

    world.blobs = FakeBlobs()
    done = world.ingest.run("wsp_a", "lst_a")
    assert done is not None
    assert (done.digest, done.columns) == (digest, ("name",))
    assert [entry.count for entry in world.manifest.chunks] == [10_000, 1_000]


class SlowUploads(FakeUploads):
    """Each piece of a file takes its time."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(piece=40_000)
        self._clock = clock

    @override
    def read(self, key: str) -> Iterator[bytes]:
        for piece in super().read(key):
            self._clock.advance(PROGRESS_EVERY / 2)
            yield piece


class WatchedCampaigns(FakeCampaigns):
    def __init__(self, records: Records) -> None:
        super().__init__(records)
        self.noted: list[IngestProgress] = []

    @override
    def note_progress(self, progress: IngestProgress) -> None:
        super().note_progress(progress)
        self.noted.append(progress)


def test_who_waits_is_told_how_far_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "BLOCK", 40_000)
    world.uploads, campaigns = SlowUploads(world.clock), WatchedCampaigns(world.records)
    data = b"".join(b"%d\nx\n" % (447_400_000_000 + at) for at in range(30_000))
    world.receive(data, "all.txt")
    begun = world.clock.now()

    done = replace(world.ingest, campaigns=campaigns).run("wsp_a", "lst_a")

    assert done is not None
    assert done.status is ListStatus.READY
    assert len(campaigns.noted) > 2
    times = [progress.written_at for progress in campaigns.noted]
    assert all(later - one >= PROGRESS_EVERY for one, later in pairwise([begun, *times]))
    octets = [progress.octets for progress in campaigns.noted]
    assert octets == sorted(set(octets))
    assert octets[-1] <= len(data)
    last = campaigns.noted[-1]
    assert (last.begun_at, last.size, last.stored) == (begun, len(data), 0)
    assert 0 < last.recipients <= last.lines <= 60_000
    # Nobody waits any more.
    assert campaigns.progress("wsp_a", "lst_a") is None


def test_progress_that_cannot_be_written_holds_nothing_up(world: World) -> None:
    class AwayCampaigns(FakeCampaigns):
        @override
        def note_progress(self, progress: IngestProgress) -> None:
            raise Unavailable("campaigns")

        forget_progress = note_progress

    world.uploads = SlowUploads(world.clock)
    world.receive(b"447400123456\n" * 20_000, "all.txt")
    done = replace(world.ingest, campaigns=AwayCampaigns(world.records)).run("wsp_a", "lst_a")
    assert done is not None
    assert done.status is ListStatus.READY


def test_a_file_of_nothing_plain_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = {
        "ODD_MAX": ("tel. {}\n", "Too many lines are no plain numbers"),
        "ASKED_MAX": ("+55 0 15 11 9{:08}\n", "Too many lines are no plain numbers"),
        "REJECTED_MAX": ("{}\n", "Too many lines hold no valid number, more than 100."),
    }
    for limit, (line, sentence) in lines.items():
        with monkeypatch.context() as patched:
            patched.setattr(pipeline, limit, 100)
            done = world.run("".join(map(line.format, range(102))).encode(), "all.txt")
            assert done.failure is not None
            assert done.failure.startswith(sentence)


@pytest.mark.parametrize("piece", [7, 10_000])
def test_the_file_is_compared_with_what_was_announced(piece: int) -> None:
    data = b"447400123456\n447400123457\n"
    announced = hashlib.sha256(data).hexdigest()
    for sent, status in ((data, ListStatus.READY), (data[:-1], ListStatus.FAILED)):
        world = World(uploads=FakeUploads(piece=piece))
        world.receive(sent)
        world.records.put(replace(world.stored, sha256=announced))
        done = world.ingest.run("wsp_a", "lst_a")
        assert done is not None
        assert done.status is status
        assert bool(world.blobs.objects) is (status is ListStatus.READY)
        assert (done.failure or "") == (
            ""
            if sent == data
            else "What arrived is not the file that was announced: its SHA-256 is another one. "
            "Upload the file again."
        )


def test_an_upload_may_name_its_numbers_column(world: World) -> None:
    world.receive(b"name,Mobile\nAnna,447400123456\n")
    world.records.put(replace(world.stored, number_column="mobile"))
    done = world.ingest.run("wsp_a", "lst_a")
    assert done is not None
    assert (done.status, done.columns) == (ListStatus.READY, ("name",))
    assert world.rows() == {"447400123456": ("Anna",)}
