"""Checks everything that is deployed, before it is: `make check` runs this.

Both templates as they would go out (cfn-lint), who may do what, the state machines, that each
handler named can be imported from the zip it is said to be in, and the LocalStack compose file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

from infra import fragments, machines, policies
from infra.package import ROOT, bundles, execute, local_target, plan_templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOCALSTACK_IMAGE = "localstack/localstack:4.14.0"
# Prints a line for each handler (module.attribute) that cannot be imported.
_IMPORT_ALL = """
import importlib, sys
for handler in sys.argv[1:]:
    module, _, name = handler.rpartition(".")
    try:
        getattr(importlib.import_module(module), name)
    except Exception as error:
        print(f"{handler}: {type(error).__name__}: {error}")
"""


def templates(root: Path, folder: Path) -> dict[Path, fragments.Document]:
    """The templates as they are deployed."""
    execute(plan_templates(root, folder, local_target().runtime))
    return {
        path: fragments.parse(path.read_text(encoding="utf-8"))
        for path in (folder / "data.json", folder / "template.json")
    }


def cfn_lint(paths: list[Path]) -> Iterator[str]:
    script = "from cfnlint.runner import main; main()"
    command = [sys.executable, "-c", script, "--format", "json", *map(str, paths)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        matches = json.loads(outcome.stdout or "[]")
    except ValueError:
        matches = []
    if outcome.returncode and not matches:
        yield f"cfn-lint failed: {outcome.stdout}{outcome.stderr}"
    for match in matches:
        where = "/".join(str(part) for part in match["Location"].get("Path") or ())
        file = Path(match["Filename"]).name
        yield f"{file} {where}: {match['Rule']['Id']} {match['Message']}"


def handlers(template: fragments.Document) -> dict[str, str]:
    """Handler -> the zip that it is in."""
    return {
        resource["Properties"]["Handler"]: resource["Properties"]["CodeUri"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def unimportable(root: Path, named: Mapping[str, str]) -> Iterator[str]:
    packed = bundles(root)
    for handler, archive in named.items():
        module = handler.rpartition(".")[0].replace(".", "/")
        if f"{module}.py" not in packed.get(archive.removesuffix(".zip"), {}):
            yield f"{handler}: {archive} has no {module}.py"
    command = [sys.executable, "-B", "-c", _IMPORT_ALL, *named]
    # As in packaging: an import that needs the environment would fail there too.
    environment = {"PATH": os.defpath, "HOME": str(root)}
    outcome = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    yield from (outcome.stdout + (outcome.stderr if outcome.returncode else "")).splitlines()


def compose(path: Path) -> Iterator[str]:
    if not path.exists():
        yield f"{path.name} is missing: who has Docker may run LocalStack instead of ministack"
        return
    services = yaml.safe_load(path.read_text(encoding="utf-8"))["services"]
    images = {name: service.get("image") for name, service in services.items()}
    if LOCALSTACK_IMAGE not in images.values():
        yield f"{path.name}: no service has the image {LOCALSTACK_IMAGE}, the last without a token"
    for name, image in images.items():
        if image is None or ":" not in image or image.endswith(":latest"):
            yield f"{path.name}: {name} has no pinned image but {image}"
    yield from _docker_compose(path)


def _docker_compose(path: Path) -> Iterator[str]:
    """Docker's own opinion, where there is one."""
    docker = shutil.which("docker")
    if docker is None:
        return
    known = subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    if known.returncode:
        return
    command = [docker, "compose", "--file", str(path), "config", "--quiet"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        yield f"{path.name}: {outcome.stderr.strip()}"


def findings(root: Path) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        written = templates(root, Path(folder))
        yield from cfn_lint(list(written))
    for template in written.values():
        yield from policies.findings(template)
        yield from machines.findings(template)
        yield from unimportable(root, handlers(template))
    yield from policies.unused_exceptions(list(written.values()))
    yield from compose(root / "localstack" / "compose.yaml")


def main() -> int:
    found = list(findings(ROOT))
    for finding in found:
        print(finding)
    print(f"infrastructure: {len(found) or 'no'} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
