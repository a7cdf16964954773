"""What `mc` prints: sentences and tables for people, the server's own JSON with `--json`."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_CLEAR_LINE = "\r\x1b[K"


@dataclass(slots=True)
class Screen:
    """Answers go to `out`; remarks and progress to `remarks`, so that a pipe gets answers alone."""

    out: TextIO
    remarks: TextIO
    as_json: bool = False
    _moving: bool = False

    def say(self, sentence: str) -> None:
        """A sentence of the answer; with `--json` the answer is the document alone."""
        if not self.as_json:
            self.settle()
            print(sentence, file=self.out)

    def remark(self, sentence: str) -> None:
        self.settle()
        print(sentence, file=self.remarks)

    def show(self, document: object) -> None:
        """One JSON document on one line; nothing without `--json`."""
        if self.as_json:
            print(json.dumps(document, ensure_ascii=False), file=self.out, flush=True)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        if self.as_json:
            return
        lines = [list(heads), *(list(row) for row in rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self.say("  ".join(cells).rstrip())

    def facts(self, facts: Mapping[str, str]) -> None:
        width = max(map(len, facts))
        for name, value in facts.items():
            self.say(f"{name.ljust(width)}  {value}".rstrip())

    @property
    def live(self) -> bool:
        return self.remarks.isatty() and not self.as_json

    def progress(self, line: str) -> None:
        """Over the last progress line on a terminal; a line of its own elsewhere."""
        if self.as_json:
            return
        if not self.live:
            print(line, file=self.remarks, flush=True)
            return
        room = shutil.get_terminal_size().columns - 1
        print(_CLEAR_LINE + line[:room], end="", file=self.remarks, flush=True)
        self._moving = True

    def settle(self) -> None:
        """End the progress line, so that what follows stands on a line of its own."""
        if self._moving:
            print(file=self.remarks, flush=True)
            self._moving = False


def moment(text: str | None) -> str:
    """An instant in the local time zone, as short as it stays clear."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M") if text else ""


def moment_of_ms(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%H:%M:%S")


def count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: int) -> str:
    """Bytes in the unit that keeps the number short."""
    value = float(number)
    for unit in ("bytes", "KB", "MB"):
        if value < 1000:  # noqa: PLR2004 - three digits
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
