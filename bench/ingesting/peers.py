"""One way to do less of the same, in this process; its last line tells what it took.

`polars` drops what comes twice, streaming, and judges nothing. `loop` is what one writes at first:
a pattern for each line and a set.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.ingesting.run import cpu_seconds, peak_rss_mib

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DIRT: Final = re.compile(r"[\s()./-]")
_NUMBER: Final = re.compile(r"(?:\+|00)?([1-9][0-9]{7,14})")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=sorted(WAYS))
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    begun, cpu = time.perf_counter(), cpu_seconds()
    WAYS[options.way](options.file, options.out)
    told = {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": cpu_seconds() - cpu,
        "peak_rss_mib": peak_rss_mib(),
    }
    print(json.dumps(told))


def by_polars(file: Path, out: Path) -> None:
    import polars as pl  # noqa: PLC0415 - the other way does without

    if file.suffix == ".csv":
        table = pl.scan_csv(file, infer_schema=False).unique(subset=["phone"], keep="any")
    else:
        names = {"phone": pl.String}
        table = pl.scan_csv(file, has_header=False, schema=names, quote_char=None).unique()
    table.sink_csv(out, engine="streaming")


def by_loop(file: Path, out: Path) -> None:
    found = set()
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            match = _NUMBER.fullmatch(_DIRT.sub("", line.partition(",")[0]))
            if match is not None:
                found.add(match[1])
    with out.open("w", encoding="ascii") as kept:
        kept.writelines(f"{number}\n" for number in found)


WAYS: Final[Mapping[str, Callable[[Path, Path], None]]] = {"polars": by_polars, "loop": by_loop}


if __name__ == "__main__":
    main()
