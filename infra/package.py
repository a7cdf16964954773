"""Packs the deployables: three zips, and the two templates that name them (DESIGN 5, "Packaging").

A plan is made first, as data, then carried out. `chalice package` writes the API's template and
merges ours into it; its own zip is not used, for it cannot be reproduced and would take all
dependencies again each time. Dependencies are cached by the hash of their requirement file.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from infra import fragments
from infra.archive import NOISE, files_below, write_zip

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_AWS_PYTHON = "3.13"
# glibc of Lambda's images: Amazon Linux 2 until Python 3.11, Amazon Linux 2023 since (2.34).
AWS_PLATFORMS = {
    "3.11": "x86_64-manylinux2014",
    "3.12": "x86_64-manylinux_2_34",
    "3.13": "x86_64-manylinux_2_34",
    "3.14": "x86_64-manylinux_2_34",
}
# Chalice's runtime is these two files; the rest of the package is the tool.
CHALICE_RUNTIME = ("__init__.py", "app.py")
# botocore describes 400 services in 2,000 files, three quarters of a zip and of a cold start's
# unpacking. A client of another service fails at once with UnknownServiceError: add it here.
AWS_SERVICES = ("dynamodb", "kms", "s3", "sesv2", "sqs", "stepfunctions", "sts")
_SERVICE_DATA = "botocore/data/"
HOW_TO_DEPLOY = """{out}: packed for {runtime} on AWS Lambda. Deploy it with
  python -m localstack.deploy --build {out} --region REGION --origin https://CONSOLE \\
    --mail-from ADDRESS
or with the AWS CLI; the second stack's parameters are the first one's outputs:
  aws cloudformation deploy --stack-name message-center-data \\
    --template-file {out}/data.json --parameter-overrides ConsoleOrigin=https://CONSOLE
  aws cloudformation package --template-file {out}/template.json \\
    --s3-bucket BUCKET --use-json --output-template-file {out}/packaged.json
  aws cloudformation deploy --stack-name message-center-app \\
    --template-file {out}/packaged.json --s3-bucket BUCKET --capabilities CAPABILITY_IAM \\
    --parameter-overrides MailFrom=ADDRESS DirectoryTable=NAME CampaignsTable=NAME (and so on)"""


class PackagingError(Exception):
    """What could not be packed, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the zips are to run."""

    name: str
    python: str
    platform: str | None

    @property
    def runtime(self) -> str:
        return f"python{self.python}"


def local_target() -> Target:
    """This host's wheels and this interpreter's version."""
    major, minor, _ = platform.python_version_tuple()
    return Target("local", f"{major}.{minor}", None)


def aws_target(python: str = DEFAULT_AWS_PYTHON) -> Target:
    if python not in AWS_PLATFORMS:
        message = f"--python {python}: Lambda has {', '.join(AWS_PLATFORMS)}"
        raise PackagingError(message)
    return Target("aws", python, AWS_PLATFORMS[python])


# --- the plan: steps as data ---


@dataclass(frozen=True, slots=True)
class InstallLayer:
    """Dependencies of one deployable as a zip, kept until its requirement file changes."""

    requirements: Path
    target: Target
    archive: Path


@dataclass(frozen=True, slots=True)
class WriteBundle:
    """A deployable's zip: its layer and our code."""

    archive: Path
    layer: Path
    files: dict[str, Path]


@dataclass(frozen=True, slots=True)
class RenderTemplate:
    """A template of ours as JSON, without what CloudFormation refuses."""

    source: Path
    rendered: Path


@dataclass(frozen=True, slots=True)
class MergeIntoChalice:
    """The API's template as Chalice writes it, with our fragments merged in."""

    root: Path
    fragments: tuple[Path, ...]
    machines: Path
    runtime: str
    scratch: Path
    template: Path


Step: TypeAlias = InstallLayer | WriteBundle | RenderTemplate | MergeIntoChalice


def layer_key(requirements: Path, target: Target) -> str:
    # A lock file's comments do not matter, what is packed and for whom does.
    lines = requirements.read_text(encoding="utf-8").splitlines()
    pinned = [line.strip() for line in lines if not line.strip().startswith("#")]
    wheels_for = target.platform or platform.platform()
    facts = [*pinned, target.python, wheels_for, *NOISE, *AWS_SERVICES]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def _below(root: Path, folder: str) -> dict[str, Path]:
    return {f"{folder}/{name}": path for name, path in files_below(root / folder)}


def _chalice_runtime() -> dict[str, Path]:
    spec = importlib.util.find_spec("chalice")
    if spec is None or spec.origin is None:
        message = "chalice is not installed: install requirements/dev.txt"
        raise PackagingError(message)
    package = Path(spec.origin).parent
    return {f"chalice/{name}": package / name for name in CHALICE_RUNTIME}


def bundles(root: Path) -> dict[str, dict[str, Path]]:
    """Our code in each zip, by the zip's name; requirements/<name>.txt has its dependencies."""
    domain = _below(root, "chalicelib")
    functions = _below(root, "functions")
    ingest = {
        name: path for name, path in functions.items() if name.startswith("functions/ingest/")
    }
    package = {name: path for name, path in functions.items() if name == "functions/__init__.py"}
    return {
        "api": {"app.py": root / "app.py"} | domain | _chalice_runtime(),
        "functions": domain | {k: v for k, v in functions.items() if k not in ingest},
        "ingest": domain | ingest | package,
    }


def plan_templates(root: Path, out: Path, runtime: str) -> list[Step]:
    """The templates alone: nothing is installed, so checks can run without a network."""
    infra = root / "infra"
    return [
        RenderTemplate(infra / "data.yaml", out / "data.json"),
        MergeIntoChalice(
            root=root,
            fragments=(infra / "app.yaml", infra / "roles.yaml"),
            machines=infra / "statemachines",
            runtime=runtime,
            scratch=out / "chalice",
            template=out / "template.json",
        ),
    ]


def plan(root: Path, build: Path, target: Target) -> list[Step]:
    steps: list[Step] = []
    for name, files in bundles(root).items():
        requirements = root / "requirements" / f"{name}.txt"
        layer = build / "layers" / f"{name}-{layer_key(requirements, target)}.zip"
        steps.append(InstallLayer(requirements, target, layer))
        steps.append(WriteBundle(build / target.name / f"{name}.zip", layer, files))
    return steps + plan_templates(root, build / target.name, target.runtime)


# --- carrying it out ---


def execute(steps: list[Step]) -> None:
    for step in steps:
        match step:
            case InstallLayer():
                _install_layer(step)
            case WriteBundle(archive, layer, files):
                write_zip(archive, files, base=layer)
            case RenderTemplate(source, rendered):
                rendered.parent.mkdir(parents=True, exist_ok=True)
                rendered.write_text(fragments.dump(fragments.read(source)), encoding="utf-8")
            case MergeIntoChalice():
                _merge_into_chalice(step)


def install_command(step: InstallLayer, folder: Path) -> list[str]:
    """Nothing is resolved: versions and hashes are in the requirement file."""
    command = [_uv(), "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "--requirement", str(step.requirements)]
    command += ["--target", str(folder), "--python-version", step.target.python]
    if step.target.platform is None:
        return [*command, "--python", sys.executable]
    return [*command, "--python-platform", step.target.platform]


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        message = "uv is not installed: install requirements/dev.txt"
        raise PackagingError(message)
    return found


def is_needed(name: str) -> bool:
    """Whether a file of the dependencies is for use at run time."""
    if name.startswith("chalice/"):
        # The bundle adds the runtime's files, as Chalice's own packager does.
        return False
    service, found, _ = name.removeprefix(_SERVICE_DATA).partition("/")
    return not (name.startswith(_SERVICE_DATA) and found) or service in AWS_SERVICES


def _install_layer(step: InstallLayer) -> None:
    if step.archive.exists():
        return
    folder = step.archive.with_suffix(".installing")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _run(install_command(step, folder), f"{step.requirements.name} could not be installed")
    write_zip(step.archive, {name: path for name, path in files_below(folder) if is_needed(name)})
    shutil.rmtree(folder)


def merged_fragments(step: MergeIntoChalice) -> fragments.Document:
    """Our part of the template, with the runtime and the state machines' definitions put in."""
    ours: fragments.Document = {}
    for path in step.fragments:
        ours = fragments.merge(ours, fragments.read(path))
    ours["Globals"]["Function"]["Runtime"] = step.runtime
    # Chalice names the runtime that it runs under; the zip may be made for another.
    ours["Resources"]["APIHandler"]["Properties"]["Runtime"] = step.runtime
    for resource in ours["Resources"].values():
        if resource.get("Type") == "AWS::StepFunctions::StateMachine":
            definition = step.machines / resource["Properties"]["Definition"]
            resource["Properties"]["Definition"] = json.loads(definition.read_text("utf-8"))
    return ours


def _merge_into_chalice(step: MergeIntoChalice) -> None:
    """Chalice works in a copy: it leaves zips in its project, and reads what it finds there."""
    shutil.rmtree(step.scratch, ignore_errors=True)
    project = {"app.py": step.root / "app.py"} | _below(step.root, "chalicelib")
    project[".chalice/config.json"] = step.root / ".chalice" / "config.json"
    for name, path in project.items():
        copy = step.scratch / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    merged = step.scratch / "merge.json"
    merged.write_text(fragments.dump(merged_fragments(step)), encoding="utf-8")
    script = "import sys; from chalice.cli import main; sys.exit(main())"
    command = [sys.executable, "-B", "-c", script, "package", "--stage", "api"]
    command += ["--template-format", "json", "--merge-template", str(merged), "out"]
    # Packaging imports app.py: with nothing in the environment, so that nothing of it can be read.
    environment = {"PATH": os.defpath, "HOME": str(step.scratch), "AWS_DEFAULT_REGION": "us-east-1"}
    _run(command, "chalice package failed", cwd=step.scratch, environment=environment)
    written = fragments.parse((step.scratch / "out" / "sam.json").read_text(encoding="utf-8"))
    step.template.write_text(fragments.dump(written), encoding="utf-8")
    shutil.rmtree(step.scratch)


def _run(
    command: list[str],
    failure: str,
    *,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
) -> None:
    outcome = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        message = f"{failure}:\n{outcome.stdout}{outcome.stderr}"
        raise PackagingError(message)


def how_to_deploy(out: Path, target: Target) -> str:
    if target.name == "local":
        return f"{out}: packed for {target.runtime} on this machine; `make up` deploys it"
    return HOW_TO_DEPLOY.format(out=out, runtime=target.runtime)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.package", description="Pack Message Center."
    )
    parser.add_argument("--target", choices=("local", "aws"), default="local")
    parser.add_argument("--python", default=DEFAULT_AWS_PYTHON, help="Python of the Lambdas on AWS")
    parser.add_argument("--root", type=Path, default=ROOT, help="project to pack")
    options = parser.parse_args(arguments)
    build = options.root / "build"
    try:
        target = local_target() if options.target == "local" else aws_target(options.python)
        execute(plan(options.root, build, target))
    except PackagingError as error:
        print(error, file=sys.stderr)
        return 1
    print(how_to_deploy(build / target.name, target))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
