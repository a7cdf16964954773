"""The repository keeps its promises: pinned and hashed, no traces of one machine, no sockets."""

from __future__ import annotations

import re
import socket
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_socket import SocketBlockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
DEPLOYABLES = ("api", "functions", "ingest", "bridge")

# Character classes keep these patterns from finding themselves.
REGISTRY_HOST = re.compile(
    r"py[p]i\.org|python[h]osted\.org|registry\.npm[j]s|npm[j]s\.(com|org)|crates[.]io|rubyg[e]ms"
)
MACHINE_PATH = re.compile(
    r"(?<![\w.~-])/(work|root|home|Users|private)[/](?=\w)|[/]tmp[/]x\b|[A-Z]:\\Users"
)
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^ \\;]+)", re.MULTILINE)


def ignored_names() -> list[str]:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    return [".git", *(line for line in lines if line and not line.startswith("#"))]


def committed_files(folder: Path = ROOT) -> Iterator[Path]:
    """What Git would take, found without Git: an unpacked archive is tested as well."""
    ignored = ignored_names()
    for path in sorted(folder.iterdir()):
        place = path.relative_to(ROOT).as_posix()
        if any(fnmatch(path.name, name) or fnmatch(place, name) for name in ignored):
            continue
        if path.is_dir():
            yield from committed_files(path)
        else:
            yield path


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in committed_files()
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="ignore").splitlines(), start=1
        )
        if pattern.search(line)
    ]


def pins(group: str) -> dict[str, set[str]]:
    """Versions by name; more than one where they differ by Python version."""
    found: dict[str, set[str]] = {}
    for pin in PIN.finditer((ROOT / "requirements" / f"{group}.txt").read_text(encoding="utf-8")):
        found.setdefault(pin["name"], set()).add(pin["version"])
    return found


def dependency_groups() -> dict[str, list[str | dict[str, str]]]:
    groups: dict[str, list[str | dict[str, str]]]
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
        "dependency-groups"
    ]
    return groups


def make_rules() -> list[str]:
    return re.findall(
        r"^[a-z][a-z-]*:(?!=).*$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.stem)
def test_every_requirement_is_pinned_with_a_hash(path: Path) -> None:
    entries = re.split(
        r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", path.read_text(encoding="utf-8")).strip()
    )
    assert entries
    for entry in entries:
        assert PIN.match(entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.stem)
def test_requirements_name_no_index_and_no_place(path: Path) -> None:
    assert not re.search(
        r"://|--(extra-)?index|--find-links|--trusted-host| @ ", path.read_text(encoding="utf-8")
    )


def test_each_dependency_group_has_its_requirement_file() -> None:
    assert {path.stem for path in REQUIREMENTS} == set(dependency_groups())


@pytest.mark.parametrize("group", sorted(dependency_groups()))
def test_requirement_files_are_up_to_date(group: str) -> None:
    named = {
        re.split(r"[^A-Za-z0-9._-]", entry)[0].lower()
        for entry in dependency_groups()[group]
        if isinstance(entry, str)
    }
    assert named <= pins(group).keys(), "run `make lock`"


@pytest.mark.parametrize("group", [*DEPLOYABLES, "bootstrap"])
def test_a_deployable_has_the_versions_that_the_tests_ran_with(group: str) -> None:
    tested = pins("dev")
    assert {name: found for name, found in pins(group).items() if not found <= tested[name]} == {}


def test_no_file_names_a_package_registry() -> None:
    assert lines_with(REGISTRY_HOST) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert lines_with(MACHINE_PATH) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (REGISTRY_HOST, "https://py" + "pi.org/simple"),
        (REGISTRY_HOST, "files.python" + "hosted.org"),
        (MACHINE_PATH, "cd /ro" + "ot/project"),
        (MACHINE_PATH, "open('/ho" + "me/me/file')"),
        (MACHINE_PATH, "/tm" + "p/x"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


@pytest.mark.parametrize("line", ["https://example.com/work/list", "network/root/x", "./home/x"])
def test_addresses_and_relative_paths_are_no_paths_of_a_machine(line: str) -> None:
    assert not MACHINE_PATH.search(line)


def test_app_is_only_the_entrance() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 15


def test_every_make_target_says_what_it_does() -> None:
    assert make_rules()
    assert [rule for rule in make_rules() if " ## " not in rule] == []


def test_the_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make up" in readme
    assert "make test" in readme


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line.strip() and not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_a_test_has_no_sockets_unless_it_asks() -> None:
    with pytest.raises((SocketBlockedError, UserWarning), match="tried to use socket"):
        socket.create_connection(("127.0.0.1", 80), timeout=1)


@pytest.mark.enable_socket
@pytest.mark.parametrize("host", ["192.0.2.1", "example.com"])
def test_even_a_test_with_sockets_cannot_leave_this_machine(host: str) -> None:
    with pytest.raises(RuntimeError, match="tests may use"):
        socket.create_connection((host, 80), timeout=1)


@pytest.mark.enable_socket
def test_a_server_in_a_test_cannot_listen_to_the_world() -> None:
    with socket.socket() as server, pytest.raises(RuntimeError, match="tests may use"):
        server.bind(("0.0.0.0", 0))  # noqa: S104 - the point of the test


@pytest.mark.enable_socket
def test_a_test_with_sockets_reaches_its_own_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        with socket.create_connection((host, port), timeout=1) as client:
            assert client.getpeername() == (host, port)
