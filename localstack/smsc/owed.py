"""Receipts that a carrier still owes when it stops: it remembers them, as a real one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from localstack.smsc.options import OptionError
from localstack.smsc.wire import Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_owed(path: Path) -> list[Receipt]:
    """Take them over: a second start finds nothing, so that none is sent twice."""
    if not path.exists():
        return []
    try:
        owed = msgspec.json.decode(path.read_bytes(), type=list[Receipt])
    except msgspec.MsgspecError as error:
        raise OptionError(f"{path} holds no receipts ({error}): remove it") from error
    path.unlink()
    return owed


def write_owed(path: Path, receipts: Sequence[Receipt]) -> None:
    path.write_bytes(msgspec.json.encode(receipts))
