"""Files that mean harm and files as large as they may be, through the ingest function (SPEC 5.2).

Each is written, uploaded to an S3 that ministack plays, and taken by the production handler in a
process of its own. The last line has, by file: how the list ended, seconds by the clock and on
processors, the peak of memory, and what was spilled to disk. A list that ends otherwise than it
should is told so; limits on lines of one kind are reached by files of a gigabyte alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from isal import igzip

from bench.ingesting import files
from bench.ingesting.stack import stack
from chalicelib.domain.recipient_list import ListStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.ingesting.stack import Run

    Pieces = Callable[[int], Iterator[bytes]]

MIB: Final = 2**20
ROW: Final = b"447400123456,Anna\n"
ONE: Final = b"447400123456\n"
MEMBER: Final = igzip.compress(b"")
UNCLOSED: Final = "opens a quote"
TOO_LONG: Final = "is longer than"
TOO_LARGE: Final = "The file is larger than"
BINARY: Final = "The file is binary"
TOO_MANY: Final = "Too many lines"


@dataclass(frozen=True, slots=True)
class Hostile:
    """`pieces` make a file of so many octets; it is to be ready, or to fail saying so."""

    name: str
    pieces: Pieces
    failure: str | None = None
    packed: bool = False


def repeated(piece: bytes, size: int) -> Iterator[bytes]:
    many = piece * max(1, MIB // len(piece))
    for _ in range(size // len(many)):
        yield many


def numbers(first: int, lines: int, last: bytes = b"\n") -> Iterator[bytes]:
    """So many that follow each other, all of one length."""
    width = len(str(first))
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    for begin in range(0, lines, files.PIECE):
        count = min(files.PIECE, lines - begin)
        rows = np.empty((count, width + len(last)), np.uint8)
        found = first + begin + np.arange(count, dtype=np.int64)
        rows[:, :width] = found[:, None] // powers % 10 + ord("0")
        rows[:, width:] = np.frombuffer(last, np.uint8)
        yield rows.tobytes()


def shortest(size: int) -> Iterator[bytes]:
    """Numbers of seven digits: there are few, but they make the most lines."""
    piece = b"".join(numbers(6_834_000, 1_000))
    return repeated(piece, size)


def most(size: int) -> Iterator[bytes]:
    """As many recipients as fit: numbers of ten digits, each once."""
    left = size // 11
    for first in (4_520_000_000, 4_740_000_000, 4_790_000_000, 6_580_000_000, 6_590_000_000):
        lines = min(left, 70_000_000 if first == 4_520_000_000 else 9_000_000)  # noqa: PLR2004
        yield from numbers(first, lines)
        left -= lines


def wide(size: int) -> Iterator[bytes]:
    names = ",".join(f"column {place}" for place in range(50))
    heading, first = f"phone,{names}\n".encode(), 447_400_000_000
    rest = f",{','.join(['y' * 100] * 50)}\n".encode()
    yield heading
    yield from numbers(first, (size - len(heading)) // (len(str(first)) + len(rest)), rest)


def after(start: bytes, pieces: Callable[[int], Iterator[bytes]]) -> Pieces:
    def both(size: int) -> Iterator[bytes]:
        yield start
        yield from pieces(size - len(start))

    return both


def of(piece: bytes) -> Pieces:
    return lambda size: repeated(piece, size)


def once(data: bytes) -> Pieces:
    return lambda _: iter([data])


def then(pieces: Pieces, end: bytes) -> Pieces:
    def both(size: int) -> Iterator[bytes]:
        yield from pieces(size - len(end))
        yield end

    return both


def strange(size: int) -> Iterator[bytes]:
    """Of which only phonenumbers can tell what they are."""
    return (
        b"".join(b"+55015119" + line + b"\n" for line in piece.split())
        for piece in numbers(10_000_000, size // 18)
    )


CORPUS: Final = (
    Hostile("shortest numbers.txt", shortest),
    Hostile("most numbers.txt", most),
    Hostile("wide rows.csv", wide),
    Hostile("packed.csv.gz", wide, packed=True),
    Hostile("equal lines.txt", of(ONE)),
    Hostile("equal rows.csv", after(b"phone,name\n", of(ROW))),
    Hostile("unclosed at the start.csv", after(b'phone,name\n447400123457,"', of(ROW)), UNCLOSED),
    Hostile("unclosed at the end.csv", then(of(ROW), b'447400123457,"x'), UNCLOSED),
    Hostile("balanced quotes.csv", after(b"phone,name\n", of(b'"447400123456","An ""n"" a"\n'))),
    Hostile("inch signs.csv", after(b"phone,name\n", of(b'447400123456,5" screen\n'))),
    Hostile("only quotes.csv", of(b'"'), TOO_LONG),
    Hostile("rows of quotes.csv", of(b'"' * 1_000 + b"\n"), "no valid number"),
    Hostile("empty.csv", once(b""), "holds no numbers"),
    Hostile("header only.csv", once(b"phone,name\n"), "holds no numbers"),
    Hostile("blank lines.csv", of(b",;\t \n"), "holds no numbers"),
    Hostile("mark.csv", after(b"\xef\xbb\xbfphone,name\n", of(ROW))),
    Hostile(
        "utf-16, little end first.csv", after(b"\xff\xfe", of(ROW.decode().encode("utf-16-le")))
    ),
    Hostile("utf-16, big end first.csv", after(b"\xfe\xff", of(ROW.decode().encode("utf-16-be")))),
    Hostile("crlf.csv", of(ROW.replace(b"\n", b"\r\n"))),
    Hostile("no final newline.txt", then(of(ONE), ONE.strip())),
    Hostile("nuls.csv", of(b"\0"), TOO_LONG),
    Hostile("a late nul.csv", then(of(ROW), b"44740012\0" + ROW), BINARY),
    Hostile("one line.csv", of(b"1"), TOO_LONG),
    Hostile("one row.csv", of(b"447400123456,"), TOO_LONG),
    Hostile("bomb.csv.gz", lambda size: repeated(ROW, 20 * size), TOO_LARGE, packed=True),
    Hostile("empty members.csv.gz", of(MEMBER), "holds no numbers"),
    Hostile("table as text.txt", of(ROW), TOO_MANY),
    Hostile("picture.csv", after(b"\x89PNG\r\n\x1a\n", of(bytes(range(256)))), "neither UTF-8"),
    Hostile("formulae.csv", of(b'"=HYPERLINK(""http://x"")",x\n'), TOO_MANY),
    Hostile("rejected lines.txt", of(b"1\n"), TOO_MANY),
    Hostile("spaces and brackets.txt", of(b"+44 (7400) 123-456\n")),
    Hostile("strange numbers.txt", strange, TOO_MANY),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="What the ingest makes of hostile files.")
    parser.add_argument("--mib", type=int, default=1_024, help="how large files are")
    parser.add_argument("--only", default="", help="files with this in their names")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    with TemporaryDirectory(prefix="bench-") as folder, stack(Path(folder)) as running:
        for hostile in CORPUS:
            if options.only not in hostile.name:
                continue
            path = Path(folder) / "file"
            write(path, hostile, options.mib * MIB)
            running.upload(path, hostile.name)
            path.unlink()
            run = running.ingest()
            figures[hostile.name] = told(hostile, run)
            print(f"{hostile.name}: {json.dumps(figures[hostile.name])}", file=sys.stderr)
    print(json.dumps(figures))


def write(path: Path, hostile: Hostile, size: int) -> None:
    with path.open("wb") as file:
        for piece in hostile.pieces(size):
            # Members one after the other are one gzip file.
            file.write(igzip.compress(piece, 1) if hostile.packed else piece)


def told(hostile: Hostile, run: Run) -> dict[str, Any]:
    ended = run.list.failure or ""
    fine = run.list.status is (ListStatus.FAILED if hostile.failure else ListStatus.READY)
    if not fine or (hostile.failure or "") not in ended:
        print(f"{hostile.name} ended {run.list.status}: {ended}", file=sys.stderr)
    return {
        "as_it_should": fine and (hostile.failure or "") in ended,
        "status": run.list.status.value,
        "valid": run.list.counts.valid,
        "seconds": round(run.seconds, 1),
        "cpu_seconds": round(run.cpu_seconds, 1),
        "peak_rss_mib": round(run.peak_rss_mib, 1),
        "disk_mib": round(run.disk_mib),
    }


if __name__ == "__main__":
    main()
