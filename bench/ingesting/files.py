"""Lists as big as one likes, the same in every run: mobile numbers of many countries, some twice,
some none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SEED: Final = 7
PIECE: Final = 100_000
# What a country's mobile numbers begin with, and how many digits follow.
PREFIXES: Final = (
    *((f"447{digits}", 7) for digits in ("40", "45", "50", "70", "80", "90")),
    *((f"49{digits}", 8) for digits in ("151", "160", "170", "175")),
    *((f"33{digits}", 7) for digits in ("60", "61", "67", "68")),
    *((f"1{digits}", 6) for digits in ("2125", "3105", "4155", "6465")),
    *((f"39{digits}", 7) for digits in ("333", "347", "328")),
    *((f"34{digits}", 7) for digits in ("60", "65", "69")),
    *((f"48{digits}", 6) for digits in ("501", "601", "790")),
    *((f"551199{digits}", 6) for digits in ("5", "7", "9")),
    *((f"91{digits}", 7) for digits in ("981", "973", "900")),
    ("32475", 6),
    ("31612", 6),
)
TWICE: Final = 0.02
NONE: Final = 0.005
NOTHING: Final = ("n/a", "12", "447", "99912345678", "4474001234567890")
FIRST_NAMES: Final = ("Anna", "Zoë", "Oliver", "Małgorzata", "Jürgen", "Li", "Constantine", "")
LAST_NAMES: Final = ("Smith", "Müller", "Nowak-Kowalska", "García", "Rossi", "O'Neil", "Li")
CITIES: Final = ("London", "Frankfurt am Main", "Łódź", "Paris", "San Francisco", "Roma")
TAILS: Final = 5_000
HEADING: Final = "phone,first name,last name,city,code,link\n"

# So that ten million rows are just under a gigabyte (2**30).
ROW_OCTETS: Final = 107


def numbers(rows: int) -> Iterator[list[bytes]]:
    """Pieces of lines."""
    chance = np.random.default_rng(SEED)
    heads = np.array([int(prefix) * 10**digits for prefix, digits in PREFIXES], np.uint64)
    rooms = np.array([10**digits for _, digits in PREFIXES], np.uint64)
    early: NDArray[np.uint64] = np.zeros(0, np.uint64)
    for begin in range(0, rows, PIECE):
        size = min(PIECE, rows - begin)
        kind = chance.integers(0, len(PREFIXES), size)
        rest = chance.integers(0, 2**62, size, np.uint64) % rooms[kind]
        found = np.add(heads[kind], rest, dtype=np.uint64)
        if len(early):
            again = chance.random(size) < TWICE
            found[again] = early[chance.integers(0, len(early), int(again.sum()))]
        else:
            early = found.copy()
        lines = [b"%d" % number for number in found.tolist()]
        for place in np.flatnonzero(chance.random(size) < NONE).tolist():
            lines[place] = NOTHING[place % len(NOTHING)].encode()
        yield lines


def write_txt(path: Path, rows: int) -> None:
    with path.open("wb") as file:
        for lines in numbers(rows):
            file.write(b"\n".join(lines) + b"\n")


def write_csv(path: Path, rows: int) -> None:
    chance = np.random.default_rng(SEED)
    tails = [_tail(place) for place in range(TAILS)]
    with path.open("wb") as file:
        file.write(HEADING.encode())
        for lines in numbers(rows):
            places = chance.integers(0, TAILS, len(lines)).tolist()
            rest = map(tails.__getitem__, places)
            file.write(b"".join(map(bytes.__add__, lines, rest)))


def _tail(place: int) -> bytes:
    first, last = FIRST_NAMES[place % len(FIRST_NAMES)], LAST_NAMES[place % len(LAST_NAMES)]
    start = f",{first},{last},{CITIES[place % len(CITIES)]},{place * 7919 % 10**6:06},"
    link = f"https://shop.example/{place * 104_729:x}?"
    room = ROW_OCTETS - 13 - len(start.encode()) - len(link) - 1
    return f"{start}{link}{'q' * room}\n".encode()
