"""Rejected lines: counted by reason, and kept as gzipped CSV that a spreadsheet may open.

They may be as many as the file has lines, so they go to a file of their own.
"""

from __future__ import annotations

import zlib
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final

from chalicelib.sms.table import safe_cell

if TYPE_CHECKING:
    from typing import Self

    from chalicelib.usecases.ports import Blobs

HEADING: Final = "line,reason,value\r\n"
VALUE_MAX: Final = 64  # characters of a rejected value that are kept: a number is never longer

_GZIP_WINDOW: Final = 31  # zlib's way to say: with gzip's header, whose time is then 0
_LEVEL: Final = 1


def reject_line(line: int, reason: str, raw: str) -> str:
    return f"{line},{reason},{safe_cell(raw[:VALUE_MAX])}\r\n"


class Rejects:
    def __init__(self, folder: str) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - the context is ours
        self._packer = zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW)
        self.add(HEADING)

    def add(self, lines: str) -> None:
        if lines:
            self._file.write(self._packer.compress(lines.encode()))

    def finish(self) -> None:
        self._file.write(self._packer.flush())

    def store(self, blobs: Blobs, key: str) -> None:
        self._file.seek(0)
        blobs.put_file(key, self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
