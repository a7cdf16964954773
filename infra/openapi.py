"""Writes docs/openapi.json from the route table and the shapes: `python -m infra.openapi`. The API
makes the same document when it is asked for it.

`make check` compares (`--check`): callers see in a diff what a change means for them.
"""

from __future__ import annotations

import argparse
import json
import sys
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import Final

import app  # noqa: F401 - its blueprints fill the route table
from chalicelib.api.openapi import document

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"
SHOWN_LINES: Final = 20


def text() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def difference(committed: str, current: str) -> list[str]:
    """Its first lines; none if there is none."""
    lines = unified_diff(
        committed.splitlines(), current.splitlines(), "committed", "current", lineterm="", n=1
    )
    return list(islice(lines, SHOWN_LINES))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.openapi")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(text(), encoding="utf-8")
        return 0
    committed = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    found = difference(committed, text())
    if found:
        told = f"docs/{PAGE.name} is not what the routes say: run python -m infra.openapi"
        print("\n".join([*found, told]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
