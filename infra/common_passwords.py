"""Writes the list of common passwords that is bundled (SPEC 2.4), from the one in `zxcvbn`.

That package is a tool of ours and none of the functions': they need its list and nothing else.
Run it after an upgrade of `zxcvbn`: python -m infra.common_passwords
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped] # ships none

from chalicelib.adapters.passwords import COMMON, WORD_MIN

ROOT = Path(__file__).resolve().parent.parent


def common_passwords() -> str:
    """One a line, sorted: it packs better, and a change of the list reads as one."""
    words = {word.casefold() for word in FREQUENCY_LISTS["passwords"]}
    return "".join(f"{word}\n" for word in sorted(words) if len(word) >= WORD_MIN)


def packed(text: str) -> bytes:
    """Without a name and a time, so that the same list gives the same file."""
    target = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=target, compresslevel=9, mtime=0) as file:
        file.write(text.encode())
    return target.getvalue()


if __name__ == "__main__":
    COMMON.write_bytes(packed(common_passwords()))
    print(COMMON.relative_to(ROOT))
