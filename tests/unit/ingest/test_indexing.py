"""The real maker of indexes: on disk, in several processes, and against the plain way."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from chalicelib.domain.formats import hash_index
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.formats.chunk import decode_numbers
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.formats.hash_index import PART_ENTRIES, part_key
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest
from chalicelib.domain.tokens import Mixer, hasher
from functions.ingest import hashing, indexing, mixing
from functions.ingest.chunking import Rows, pack
from tests.fakes.storage import FakeBlobs

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"k" * 32
FIRST = 447_400_000_000


def stored(blobs: FakeBlobs, count: int, per_chunk: int) -> Manifest:
    mixer = Mixer.of(KEY)
    tokens = np.sort(mixing.tokens(mixer, np.arange(FIRST, FIRST + count, dtype=np.uint64)))
    entries = []
    for number, begin in enumerate(range(0, count, per_chunk)):
        packed = pack((number, Rows(tokens[begin : begin + per_chunk])), (), mixer)
        blobs.put(f"list/chunk-{number:05}", packed.data)
        entries.append(
            ChunkEntry(
                number=number,
                key=f"list/chunk-{number:05}",
                count=packed.count,
                first_token=f"{packed.first_token:016x}",
                last_token=f"{packed.last_token:016x}",
                sha256=packed.sha256,
            )
        )
    digest = manifest_format.digest_of(entries)
    return Manifest(1, "wsp_a", "lst_a", digest, Counts(count, 0, {}), tuple(entries))


def plainly(blobs: FakeBlobs, manifest: Manifest) -> list[bytes]:
    """What the format says, entry by entry."""
    number_hash, bits = hasher(KEY), hash_index.bits_for(manifest.counts.valid)
    parts: list[list[int]] = [[] for _ in range(1 << bits)]
    for chunk in manifest.chunks:
        for place, number in enumerate(decode_numbers(blobs.get(chunk.key)).numbers):
            part, entry = hash_index.entry(chunk.number, place, number_hash(str(number)), bits)
            parts[part].append(entry)
    return [b"".join(entry.to_bytes(8, "big") for entry in sorted(part)) for part in parts]


@pytest.mark.parametrize(
    ("count", "per_chunk", "held"),
    [(1, 10_000, 10**6), (500, 100, 7), (PART_ENTRIES * 3, 10_000, 30_000)],
)
def test_the_maker_does_as_the_format_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, per_chunk: int, held: int
) -> None:
    monkeypatch.setattr(indexing, "HELD", held)
    blobs = FakeBlobs()
    manifest = stored(blobs, count, per_chunk)
    wanted = plainly(blobs, manifest)
    counts = indexing.store_parts(blobs, "list", manifest, KEY, str(tmp_path))
    assert [blobs.get(part_key("list", part)) for part in range(len(counts))] == wanted
    assert counts == [len(part) // 8 for part in wanted]
    assert sum(counts) == count
    assert list(tmp_path.iterdir()) == []


def test_several_processes_make_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = FakeBlobs()
    manifest = stored(blobs, 3_000, 100)
    wanted = plainly(blobs, manifest)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    indexing.store_parts(blobs, "list", manifest, KEY)
    assert [blobs.get(part_key("list", 0))] == wanted


@pytest.mark.parametrize("cores", [1, None])
def test_with_one_core_there_is_one_process(
    monkeypatch: pytest.MonkeyPatch, cores: int | None
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    with hashing.hashes(KEY, 1_000) as (_, workers):
        assert workers == 1


def test_the_key_is_on_no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    real = subprocess.Popen

    def noted(command: tuple[str, ...], **more: object) -> object:
        started.append(command)
        return real(command, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", noted)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    blobs = FakeBlobs()
    data = blobs.get(stored(blobs, 10, 10).chunks[0].key)
    with hashing.hashes(KEY, 1_000) as (hashes, workers):
        assert (workers, len(hashes(data))) == (2, 80)
    assert len(started) == 2
    for command in started:
        assert KEY.decode() not in str(command)
        assert KEY.hex() not in str(command)


def test_a_process_that_ends_too_early_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(hashing, "_PROGRAM", "import sys; sys.stdin.buffer.read(40)")
    blobs = FakeBlobs()
    manifest = stored(blobs, 2_000, 100)
    with pytest.raises(hashing.HashingFailed):
        indexing.store_parts(blobs, "list", manifest, KEY)
    monkeypatch.setattr(hashing, "_PROGRAM", "import sys; sys.stdin.close()")
    with pytest.raises(hashing.HashingFailed):
        indexing.store_parts(blobs, "list", manifest, KEY)


def test_a_damaged_chunk_is_an_error_wherever_it_is_hashed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    blobs = FakeBlobs()
    manifest = stored(blobs, 2_000, 100)
    blobs.put("list/chunk-00007", b"MCC")
    for cores, error in ((1, FormatError), (2, hashing.HashingFailed)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        with pytest.raises(error):
            indexing.store_parts(blobs, "list", manifest, KEY)
    assert "FormatError" in capfd.readouterr().err
    assert part_key("list", 0) not in blobs.objects


def test_serving_ends_with_its_input(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"")
    with path.open("rb") as source, (tmp_path / "output").open("wb") as sink:
        hashing.serve(source, sink)
    with path.open("wb") as sink:
        hashing.send(sink, KEY)
        sink.write(b"\x00\x00\x00\x09cut")
    with path.open("rb") as source, (tmp_path / "output").open("wb") as sink:
        hashing.serve(source, sink)
    assert (tmp_path / "output").read_bytes() == b""


def test_a_list_of_too_many_chunks_is_refused() -> None:
    digest = hashlib.sha256(b"").hexdigest()
    one = ChunkEntry(0, "list/chunk-00000", 1, "0" * 16, "0" * 16, digest)
    chunks = (one,) * (hash_index.CHUNKS_MAX + 1)
    manifest = Manifest(1, "wsp_a", "lst_a", digest, Counts(len(chunks), 0, {}), chunks)
    with pytest.raises(FormatError, match="chunks at most"):
        indexing.store_parts(FakeBlobs(), "list", manifest, KEY)
