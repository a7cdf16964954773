"""The docs are complete: every route, error, command, setting and target stands in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app import app
from chalicelib.api import errors
from chalicelib.api.routing import ROUTES as DECLARED
from chalicelib.api.routing import VISIT, WORKSPACE, Audience
from chalicelib.settings import PURPOSES
from cli.__main__ import COMMANDS
from infra import rights

ROOT = Path(__file__).parents[2]
DOCS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
README = (ROOT / "README.md").read_text(encoding="utf-8")
SERVED = [f"{method} {path}" for path, methods in app.routes.items() for method in methods]
# A twin is documented by what it is the twin of.
ROUTES = [
    f"{each.method} {each.path}" for each in DECLARED if each.audience is not Audience.VISITOR
]


def test_what_is_served_is_what_was_declared() -> None:
    assert sorted(SERVED) == sorted(f"{each.method} {each.path}" for each in DECLARED)


def test_every_workspace_route_has_its_twin() -> None:
    twins = {
        (each.method, each.path.replace(VISIT, WORKSPACE), each.right)
        for each in DECLARED
        if each.audience is Audience.VISITOR
    }
    assert twins == {
        (each.method, each.path, each.right)
        for each in DECLARED
        if each.audience is Audience.MEMBER
    }


def test_the_page_of_rights_is_current() -> None:
    assert DOCS["rights.md"] == rights.page(), "run python -m infra.rights"


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_documented(route: str) -> None:
    assert f"`{route}`" in DOCS["api.md"]


def test_no_route_is_documented_that_there_is_not() -> None:
    documented = re.findall(
        r"^\| `((?:GET|POST|PUT|PATCH|DELETE) [^`]+)`", DOCS["api.md"], re.MULTILINE
    )
    assert sorted(documented) == sorted(ROUTES)


@pytest.mark.parametrize("kind", [*(row[1] for row in errors.TABLE), errors.UNEXPECTED])
def test_every_error_is_documented_with_its_status(kind: errors.Kind) -> None:
    (row,) = [line for line in DOCS["api.md"].splitlines() if f"`{kind.type}`" in line]
    assert row.endswith(f"| {kind.status} |")


@pytest.mark.parametrize("variable", PURPOSES)
def test_every_setting_is_documented(variable: str) -> None:
    assert f"`{variable}`" in DOCS["deploy.md"]


def test_commands_that_the_docs_name_exist() -> None:
    known = {command.words[0] for command in COMMANDS}
    named = set(re.findall(r"\./mc ([a-z][a-z-]*)", README + "".join(DOCS.values())))
    assert named
    assert named <= known


def test_the_readme_leads_to_every_page() -> None:
    for name in DOCS:
        assert f"(docs/{name})" in README
