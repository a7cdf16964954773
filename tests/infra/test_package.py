"""Packing: the same tree gives the same bytes, and a plan says what will be done."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import fragments, package
from infra.archive import files_below, is_noise, write_zip
from infra.package import (
    ROOT,
    InstallLayer,
    MergeIntoChalice,
    PackagingError,
    WriteBundle,
    aws_target,
    bundles,
    execute,
    install_command,
    is_needed,
    layer_key,
    local_target,
    plan,
)

if TYPE_CHECKING:
    from pathlib import Path

APP = """
from chalice.app import Chalice
from chalicelib import GREETING
app = Chalice(app_name="small")

@app.route("/v1/hello")
def hello():
    return GREETING
"""
SOURCES = {
    "app.py": APP,
    "chalicelib/__init__.py": "GREETING = 'hello'\n",
    "chalicelib/words.txt": "hello\n",
    "functions/__init__.py": "",
    "functions/sweep.py": "def handler(event, context): ...\n",
    "functions/ingest/__init__.py": "",
    "functions/ingest/handler.py": "def handler(event, context): ...\n",
}


def small_project(root: Path) -> Path:
    """A project without dependencies, so that it packs without a network."""
    for name, text in SOURCES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in bundles(ROOT):
        (root / "requirements").mkdir(exist_ok=True)
        (root / "requirements" / f"{name}.txt").write_text("# none\n")
    shutil.copytree(ROOT / "infra", root / "infra", ignore=shutil.ignore_patterns("*.py*"))
    shutil.copytree(ROOT / ".chalice", root / ".chalice", ignore=shutil.ignore_patterns("dep*"))
    return root


def built(root: Path) -> dict[str, str]:
    """Hash of each file of a build."""
    execute(plan(root, root / "build", local_target()))
    out = root / "build" / "local"
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as packed:
        return packed.namelist()


def test_two_builds_of_one_tree_are_the_same_bytes(tmp_path: Path) -> None:
    first = small_project(tmp_path / "first")
    second = small_project(tmp_path / "second")
    # Nothing but the files' contents may count: not their times, rights or compiled leftovers.
    os.utime(second / "app.py", (0, 0))
    (second / "functions" / "sweep.py").chmod(0o600)
    (second / "chalicelib" / "__pycache__").mkdir()
    (second / "chalicelib" / "__pycache__" / "words.cpython-311.pyc").write_bytes(b"\0")
    hashes = built(first)
    assert hashes == built(second)
    assert hashes.keys() == {
        "api.zip",
        "functions.zip",
        "ingest.zip",
        "data.json",
        "template.json",
    }
    archives = {name: names(first / "build" / "local" / f"{name}.zip") for name in bundles(first)}
    assert archives == {
        "api": [
            "app.py",
            "chalice/__init__.py",
            "chalice/app.py",
            "chalicelib/__init__.py",
            "chalicelib/words.txt",
        ],
        "functions": [
            "chalicelib/__init__.py",
            "chalicelib/words.txt",
            "functions/__init__.py",
            "functions/sweep.py",
        ],
        "ingest": [
            "chalicelib/__init__.py",
            "chalicelib/words.txt",
            "functions/__init__.py",
            "functions/ingest/__init__.py",
            "functions/ingest/handler.py",
        ],
    }


def test_another_content_is_another_hash(tmp_path: Path) -> None:
    for name, text in (("a", "1"), ("b", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file.py").write_text(text)
        write_zip(tmp_path / f"{name}.zip", dict(files_below(tmp_path / name)))
    assert (tmp_path / "a.zip").read_bytes() != (tmp_path / "b.zip").read_bytes()


def test_data_files_are_packed_as_they_are(tmp_path: Path) -> None:
    root = small_project(tmp_path)
    packed = bytes(range(256))
    (root / "chalicelib" / "adapters").mkdir()
    (root / "chalicelib" / "adapters" / "words.txt.gz").write_bytes(packed)
    built(root)
    for name in bundles(root):
        with zipfile.ZipFile(root / "build" / "local" / f"{name}.zip") as archive:
            assert archive.read("chalicelib/adapters/words.txt.gz") == packed


def test_packing_writes_into_the_build_folder_alone(tmp_path: Path) -> None:
    root = small_project(tmp_path)
    before = {path for path in root.rglob("*") if path.is_file()}
    built(root)
    added = {path for path in root.rglob("*") if path.is_file()} - before
    assert all(path.is_relative_to(root / "build") for path in added)


def test_the_template_is_chalices_with_ours_merged_in(tmp_path: Path) -> None:
    root = small_project(tmp_path)
    built(root)
    template = fragments.parse((root / "build" / "local" / "template.json").read_text())
    paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    handler = template["Resources"]["APIHandler"]["Properties"]
    assert "/v1/hello" in paths
    assert handler["Handler"] == "app.app"
    assert handler["CodeUri"] == "api.zip"
    assert handler["Role"] == {"Fn::GetAtt": ["ApiRole", "Arn"]}
    assert template["Resources"]["Campaign"]["Properties"]["Definition"]["StartAt"] == "Build"
    assert "x-names" not in template


def test_an_app_that_cannot_be_imported_says_why(tmp_path: Path) -> None:
    root = small_project(tmp_path)
    (root / "app.py").write_text("import nowhere\n")
    with pytest.raises(PackagingError, match="No module named 'nowhere'"):
        built(root)


def test_a_layer_is_installed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = small_project(tmp_path)
    steps = plan(root, root / "build", local_target())
    layers = [step for step in steps if isinstance(step, InstallLayer)]
    execute([*layers])

    def never(*_: object, **__: object) -> None:
        pytest.fail("installed again")

    monkeypatch.setattr(package, "_run", never)
    execute([*layers])


def test_dependencies_come_first_and_are_not_overwritten(tmp_path: Path) -> None:
    ours = tmp_path / "ours.py"
    ours.write_text("")
    write_zip(tmp_path / "layer.zip", {"theirs.py": ours})
    write_zip(tmp_path / "all.zip", {"a.py": ours}, base=tmp_path / "layer.zip")
    assert names(tmp_path / "all.zip") == ["theirs.py", "a.py"]
    with pytest.raises(FileExistsError, match=r"theirs\.py is in the dependencies already"):
        write_zip(tmp_path / "clash.zip", {"theirs.py": ours}, base=tmp_path / "layer.zip")
    assert not (tmp_path / "clash.zip").exists()


# --- the plan ---


def test_a_plan_names_every_zip_and_both_templates() -> None:
    steps = plan(ROOT, ROOT / "build", aws_target())
    written = [step.archive.name for step in steps if isinstance(step, WriteBundle)]
    assert written == ["api.zip", "functions.zip", "ingest.zip"]
    (merge,) = (step for step in steps if isinstance(step, MergeIntoChalice))
    assert merge.runtime == "python3.13"
    assert merge.template == ROOT / "build" / "aws" / "template.json"


def test_wheels_for_aws_are_amazon_linuxs(tmp_path: Path) -> None:
    step = InstallLayer(ROOT / "requirements" / "api.txt", aws_target("3.13"), tmp_path / "a.zip")
    command = install_command(step, tmp_path)
    assert command[command.index("--python-platform") + 1] == "x86_64-manylinux_2_34"
    assert command[command.index("--python-version") + 1] == "3.13"
    assert {"--require-hashes", "--no-deps"} <= set(command)
    assert command[command.index("--only-binary") + 1] == ":all:"


def test_wheels_for_this_machine_are_its_own(tmp_path: Path) -> None:
    step = InstallLayer(ROOT / "requirements" / "api.txt", local_target(), tmp_path / "a.zip")
    command = install_command(step, tmp_path)
    assert "--python-platform" not in command
    assert "--require-hashes" in command


def test_a_python_that_lambda_has_not_is_refused() -> None:
    with pytest.raises(PackagingError, match=r"--python 2\.7: Lambda has 3\.11"):
        aws_target("2.7")


def test_a_layers_key_is_its_pins_and_its_target(tmp_path: Path) -> None:
    file = tmp_path / "api.txt"
    file.write_text("# compiled today\na==1 \\\n    --hash=sha256:0\n")
    key = layer_key(file, local_target())
    file.write_text("# compiled tomorrow\na==1 \\\n    --hash=sha256:0\n")
    assert layer_key(file, local_target()) == key
    assert layer_key(file, replace(local_target(), python="3.99")) != key
    assert layer_key(file, aws_target()) != key
    file.write_text("# compiled tomorrow\na==2 \\\n    --hash=sha256:0\n")
    assert layer_key(file, local_target()) != key


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("botocore/data/dynamodb/2012-08-10/service-2.json.gz", True),
        ("botocore/data/sesv2/2019-09-27/service-2.json.gz", True),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("botocore/data/endpoints.json", True),
        ("botocore/client.py", True),
        ("chalice/local.py", False),
        ("msgspec/__init__.py", True),
    ],
)
def test_what_nothing_uses_is_left_out(name: str, *, needed: bool) -> None:
    assert is_needed(name) is needed


@pytest.mark.parametrize(
    ("name", "noise"),
    [
        ("__pycache__/a.pyc", True),
        ("chalicelib/__pycache__/a.cpython-311.pyc", True),
        ("bin/uv", True),
        ("a-1.dist-info/RECORD", True),
        ("a-1.dist-info/METADATA", False),
        ("chalicelib/bin/a.py", False),
        ("chalicelib/RECORD", False),
    ],
)
def test_noise_is_left_out(name: str, *, noise: bool) -> None:
    assert is_noise(name) is noise


# --- fragments ---

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)
documents = st.dictionaries(st.text(max_size=3), json_values, max_size=4)


@given(documents, documents)
def test_merging_keeps_what_is_over_and_all_keys(
    base: fragments.Document, over: fragments.Document
) -> None:
    merged = fragments.merge(base, over)
    assert merged.keys() == base.keys() | over.keys()
    assert fragments.merge(merged, over) == merged
    for key, value in over.items():
        if not isinstance(value, dict):
            assert merged[key] == value


@given(documents)
def test_merging_nothing_changes_nothing(document: fragments.Document) -> None:
    assert fragments.merge(document, {}) == document
    assert fragments.merge({}, document) == document


def test_short_tags_become_intrinsics() -> None:
    text = """
    x-anchors: {name: &name !Ref Table}
    Plain: *name
    Attribute: !GetAtt Table.Stream.Arn
    Text: !Sub "${Table}/*"
    Pair: !Sub ["${A}", {A: !Ref B}]
    Either: !If [Some, !Ref A, !Ref AWS::NoValue]
    """
    assert fragments.parse(text) == {
        "Plain": {"Ref": "Table"},
        "Attribute": {"Fn::GetAtt": ["Table", "Stream.Arn"]},
        "Text": {"Fn::Sub": "${Table}/*"},
        "Pair": {"Fn::Sub": ["${A}", {"A": {"Ref": "B"}}]},
        "Either": {"Fn::If": ["Some", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]},
    }


def test_what_is_written_has_no_anchors() -> None:
    document = fragments.parse("{A: &a {B: 1}, C: *a}")
    assert fragments.parse(fragments.dump(document)) == {"A": {"B": 1}, "C": {"B": 1}}
    assert "&" not in fragments.dump(document)
