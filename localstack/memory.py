"""How much memory a process and all that it started hold, as /proc tells."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def tree_rss(root: int) -> int:
    """Bytes of resident memory; 0 where there is no /proc. Shared pages count in each process."""
    parents = {pid: _parent(pid) for pid in _pids()}
    known = {root}
    while True:
        found = {pid for pid, parent in parents.items() if parent in known} - known
        if not found:
            return sum(map(_rss, known))
        known |= found


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.glob("[0-9]*")] if _PROC.is_dir() else []


def _parent(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _rss(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
