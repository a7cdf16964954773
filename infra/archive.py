"""Reproducible zips: the same files give the same bytes, on any day and in any order of reading.

Lambda's code hash is the zip's hash, so a zip that changes by itself is a deployment that changes
by itself. Names are sorted, times and rights are constant, and what installers and interpreters
leave behind is left out.
"""

from __future__ import annotations

import shutil
import zipfile
from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# The first moment that a zip can name.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3

# What no function needs or what differs from one installation to the next.
NOISE = (
    "__pycache__/*",
    "*/__pycache__/*",
    "*.pyc",
    "bin/*",
    "*.dist-info/INSTALLER",
    "*.dist-info/RECORD",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "*.dist-info/uv_cache.json",
    ".lock",
    ".DS_Store",
    "*/.DS_Store",
)


def is_noise(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in NOISE)


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """(path relative to the folder, file) of everything worth packing."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not is_noise(name):
            yield name, path


def write_zip(target: Path, files: Mapping[str, Path], *, base: Path | None = None) -> None:
    """Write `files` (name in the zip -> file), after the entries of the zip `base` if one is given.

    Copying the base saves compressing it again: dependencies are most of a zip and rarely change.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    if base is not None:
        shutil.copyfile(base, unfinished)
    with zipfile.ZipFile(unfinished, "a", zipfile.ZIP_DEFLATED) as archive:
        taken = set(archive.namelist())
        for name in sorted(files):
            if name in taken:
                message = f"{target.name}: {name} is in the dependencies already"
                raise FileExistsError(message)
            archive.writestr(_entry(name), files[name].read_bytes())
    unfinished.replace(target)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = _PLAIN_FILE
    return entry
