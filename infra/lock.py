"""Compiles the dependency groups of pyproject.toml into requirements/*.txt, every file with hashes.

The tools' file (`dev`) is resolved first and constrains the others, so a package has one version in
every deployable and in its tests. `stack` is resolved freely: the embedded AWS stand-in pins a
botocore of its own. No index and no location is written down: which registry serves is the business
of the machine that installs. Standard library only: this runs when the files it writes are missing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESOLVED_FREELY = ("dev", "stack")
CONSTRAINED_BY_DEV = ("api", "functions", "ingest", "bridge", "bootstrap")
OLDEST_PYTHON = "3.11"


def compile_command(uv: Path, group: str, *, upgrade: bool) -> list[str]:
    command = [str(uv), "pip", "compile", "--quiet", "--group", group]
    command += ["--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes"]
    command += ["--custom-compile-command", "make lock"]
    command += ["--output-file", f"requirements/{group}.txt"]
    if group in CONSTRAINED_BY_DEV:
        command += ["--constraints", "requirements/dev.txt"]
    if upgrade:
        command.append("--upgrade")
    return command


def without_uv_settings(environment: dict[str, str]) -> dict[str, str]:
    """UV_INDEX_URL and its like would put this machine's registry into the files."""
    return {name: value for name, value in environment.items() if not name.startswith("UV_")}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.lock")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args(arguments)
    uv = Path(sys.executable).parent / "uv"
    environment = without_uv_settings(dict(os.environ))
    for group in (*RESOLVED_FREELY, *CONSTRAINED_BY_DEV):
        command = compile_command(uv, group, upgrade=options.upgrade)
        outcome = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if outcome.returncode:
            print(f"requirements/{group}.txt could not be compiled; see above", file=sys.stderr)
            return outcome.returncode
        print(f"requirements/{group}.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
