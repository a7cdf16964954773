"""Files that mean harm, or look like it: bounded memory, and right counts or a clear error."""

from __future__ import annotations

import gzip
import os
import zlib
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np
import pytest

from chalicelib.sms.unpacking import BadFile
from functions.ingest import reading, spill
from functions.ingest.pipeline import gather
from tests.fakes.ingesting import ingest, source
from tests.fakes.slow_ingest import slow_ingest
from tests.fakes.storage import FakeBlobs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from functions.ingest.reading import Batch

MEGABYTE = 2**20
ONE = b"447400123456,Anna\n"


def counted(blocks: Iterable[bytes], *, delimited: bool = True) -> tuple[int, int, dict[str, int]]:
    """Numbers, recipients, rejects."""
    with gather(source(blocks, delimited=delimited)) as gathered:
        entries = gathered.store(FakeBlobs(), "list")
        return gathered.numbers, sum(entry.count for entry in entries), dict(gathered.invalid)


def refusal(blocks: Iterable[bytes], limit: int = 2**40) -> str:
    with pytest.raises(BadFile) as caught, gather(source(blocks, limit=limit)):
        pass
    return str(caught.value)


@pytest.mark.parametrize("heading", [b"", b"phone,name\n"])
def test_equal_lines_fill_nothing(heading: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 0
    add = spill.Spill.add

    def measured(room: spill.Spill, batch: Batch) -> None:
        nonlocal most
        most = max(most, len(batch.tokens))
        add(room, batch)

    monkeypatch.setattr(spill.Spill, "add", measured)
    blocks = chain([heading], repeat(ONE * 50_000, 10))
    assert counted(blocks) == (500_000, 1, {})
    assert most == 1


def test_few_numbers_that_come_back_in_every_block_are_each_kept_once() -> None:
    rows = [b"4474%08d,row %d\n" % (at % 300, at) for at in range(60_000)]
    outcome = ingest(b"phone,name\n" + b"".join(rows))
    assert outcome.numbers == 60_000
    assert outcome.rows == {447_400_000_000 + at: (f"row {at}",) for at in range(300)}


def test_empty_parts_are_nothing_special(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "STRETCH_TOKENS", 0)
    assert counted([b"447400123456\n447400123457\n"]) == (2, 2, {})


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"1" * MEGABYTE, "Line 2 is longer than 65536 characters"),
        (b'"' + b"1" * MEGABYTE, "Line 2 is longer than 65536 characters"),
        (b"447400123456," + b"x" * MEGABYTE, "Line 2 is longer than 65536 characters"),
    ],
)
def test_a_line_without_end_is_not_waited_for(line: bytes, sentence: str) -> None:
    taken = 0

    def endless() -> Iterable[bytes]:
        nonlocal taken
        yield ONE + line
        while True:
            taken += 1
            yield b"1" * MEGABYTE

    assert refusal(endless()).startswith(sentence)
    assert taken < 5


def test_an_unclosed_quote_is_found_where_it_is_opened() -> None:
    rows = ONE * 100_000
    data = b"phone,name\n" + rows + b'447400123457,"Anna\n' + rows
    assert refusal([data]).startswith('Line 100002 opens a quote (") that nothing closes')


def test_an_inch_sign_swallows_nothing() -> None:
    rows = b"".join(b'4474%08d,5" of "it"\n' % at for at in range(60_000))
    outcome = ingest(b"phone,size\n" + rows)
    assert (len(outcome.rows), set(outcome.rows.values())) == (60_000, {('5" of "it"',)})


def test_the_first_trouble_of_a_file_is_what_is_told() -> None:
    nul, wrong = b"4474001234\x0056\n", b"44740012345\xff\n"
    rows = ONE * 100_000
    binary, no_text = "The file is binary", "The file is neither UTF-8 nor UTF-16"
    assert refusal([rows, nul, rows, wrong]).startswith(binary)
    assert refusal([rows, wrong, rows, nul]).startswith(no_text)
    assert refusal([rows, wrong, rows, b'1,"x\n' + rows]).startswith(no_text)
    assert refusal([rows, nul, rows, rows], limit=5 * len(rows) // 2).startswith(binary)
    assert refusal([rows, rows, rows, nul], limit=2 * len(rows)).startswith("The file is larger")


def test_a_bomb_goes_off_at_its_limit() -> None:
    packer = zlib.compressobj(1, wbits=31)
    bomb = packer.compress(ONE) + packer.compress(b"\n" * 20 * MEGABYTE) + packer.flush()
    assert refusal([bomb], limit=10 * MEGABYTE).startswith("The file is larger than 10485760")
    assert counted([bomb]) == (1, 1, {})


def test_lines_of_nothing_take_no_time() -> None:
    blank = b"\n" * MEGABYTE + b" ,;\n" * 10
    assert counted([blank, ONE, *repeat(blank, 5), ONE]) == (2, 1, {})


def test_whoever_rejects_all_lines_keeps_them_on_disk() -> None:
    blobs = FakeBlobs()
    line = b"07400123456\n"
    with gather(source(repeat(line * 10_000, 20), delimited=False)) as gathered:
        assert (gathered.numbers, gathered.invalid) == (0, {"unknown_country": 200_000})
        assert gathered.store(blobs, "list") == []
    rejects = gzip.decompress(blobs.objects["list/rejects"]).splitlines()
    assert rejects[0] == b"line,reason,value"
    assert rejects[-1] == b'200000,unknown_country,"07400123456"'
    assert len(rejects) == 200_001


def test_what_is_spilled_goes_whatever_happens(tmp_path: Path) -> None:
    with gather(source([ONE]), folder=str(tmp_path)):
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BadFile), gather(source([b'1,"']), folder=str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_one_part_may_hold_more_than_fits_a_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PART_SHIFT", np.uint64(63))
    edges = np.arange(1, reading.PARTS, dtype=np.uint64) << np.uint64(63)
    monkeypatch.setattr(reading, "_EDGES", edges)
    monkeypatch.setattr(spill, "STRETCH_TEXTS", 100)
    text = "phone,name\n" + "".join(f"{447_400_000_000 + at},n {at}\n" for at in range(12_000))
    expected = slow_ingest(text, delimiter=",", country=None)
    assert ingest(text.encode()) == expected


def test_a_disk_that_takes_less_at_a_time_gets_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "phone,name\n" + "".join(f"{447_400_000_000 + at},n {at}\n" for at in range(2_000))
    expected = slow_ingest(text, delimiter=",", country=None)

    def partly(file: int, pieces: list[memoryview]) -> int:
        return os.write(file, b"".join(pieces)[:1_000])

    monkeypatch.setattr(os, "writev", partly)
    assert ingest(text.encode()) == expected


@pytest.mark.parametrize(
    "data",
    [
        "ж".encode()[:1],
        b"\x80",
        b"a\xc3",
        b"\xc3x\xa9",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xff",
    ],
)
def test_what_is_no_utf8_is_found_wherever_it_stands(data: bytes) -> None:
    for before, behind in ((b"", b""), ("é".encode(), b""), (b"", "é".encode()), (b"x", b"\xa9")):
        row = b"447400123456," + before + data + behind + b"\n"
        try:
            row.decode()
        except UnicodeDecodeError:
            assert refusal([ONE * 10 + row + ONE]).startswith("The file is neither UTF-8 nor")
        else:
            assert counted([ONE * 10 + row + ONE])[:2] == (12, 1)
