"""The OpenAPI document: whole, valid, true in its examples, and served."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from chalicelib.api import examples, openapi, problems
from chalicelib.api.openapi import PATH_VALUES, document, operation_id
from chalicelib.api.routing import ROUTES, Audience, Route
from infra import openapi as page
from tests.fakes.described import described

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.gateway import Gateway

DOCUMENT = document()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
MEMBERS = [each for each in ROUTES if each.audience is Audience.MEMBER]


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def operation(route: Route) -> dict[str, Any]:
    shown: dict[str, Any] = DOCUMENT["paths"][route.path][route.method.lower()]
    return shown


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from nodes(item)


def test_every_route_is_in_it_and_nothing_else() -> None:
    found = {
        f"{method.upper()} {path}"
        for path, methods in DOCUMENT["paths"].items()
        for method in methods
    }
    assert found == {name(route) for route in ROUTES}


def test_operations_have_names_of_their_own() -> None:
    names = [operation(route)["operationId"] for route in ROUTES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z_]+", each) for each in names)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_a_route_is_described(route: Route) -> None:
    shown = operation(route)
    assert shown["description"], "write a docstring: it is what callers read"
    assert shown["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}
    assert (route.contract.gives is None) is (route.contract.status == 204)
    assert {"400", "415", "500"} <= shown["responses"].keys()
    assert ("x-right" in shown) is (route.right is not None)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_what_a_path_holds_is_described(route: Route) -> None:
    held = re.findall(r"\{(\w+)\}", route.path)
    assert set(held) <= PATH_VALUES.keys(), "describe it in chalicelib/api/openapi.py"
    told = [described().resolved(each)["name"] for each in operation(route).get("parameters", ())]
    assert told[: len(held)] == held


def test_every_reference_leads_somewhere() -> None:
    for node in nodes(DOCUMENT):
        if "$ref" in node:
            assert described().resolved(node)


def test_nothing_lies_about_unused() -> None:
    text = json.dumps(DOCUMENT)
    unused = [
        f"{kind}/{each}"
        for kind in ("schemas", "responses", "parameters", "headers")
        for each in DOCUMENT["components"][kind]
        if f"#/components/{kind}/{each}" + '"' not in text
    ]
    assert unused == [
        # No route raises what a narrower error says better.
        "schemas/ExistsAlreadyProblem"
    ]


def test_schemas_are_schemas_with_plain_names() -> None:
    for each, schema in SCHEMAS.items():
        assert re.fullmatch("[A-Z][A-Za-z]+", each), f"{each}: two shapes have one name"
        assert jsonschema_rs.meta.is_valid(schema)


def test_what_the_house_says_to_itself_is_not_in_it() -> None:
    assert not re.search(r"SPEC|DESIGN|CONTRACTS|Meta\(", json.dumps(DOCUMENT))


@pytest.mark.parametrize("name_of_schema", SCHEMAS)
def test_examples_are_what_they_show(name_of_schema: str) -> None:
    schema = SCHEMAS[name_of_schema]
    for example in schema.get("examples", ()):
        reference = {"$ref": f"#/components/schemas/{name_of_schema}"}
        assert described().errors(reference, example) == []
    for node in nodes({key: value for key, value in schema.items() if key != "examples"}):
        if isinstance(node.get("examples"), list) and "type" in node:
            for example in node["examples"]:
                assert described().errors(node, example) == []


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_bodies_and_answers_have_examples(route: Route) -> None:
    shown = operation(route)
    contents = [shown.get("requestBody", {}).get("content", {})]
    contents += [
        described().resolved(response).get("content", {})
        for response in shown["responses"].values()
    ]
    for content in contents:
        for kind, media in content.items():
            if kind.endswith("json") and route.path != "/v1/openapi.json":
                for each in media["schema"].get("oneOf", [media["schema"]]):
                    assert described().resolved(each)["examples"]


def test_whole_examples_are_of_what_there_is() -> None:
    assert set(examples.WHOLE) | set(examples.IDS) <= set(SCHEMAS)


def test_a_type_of_problem_is_one_schema_with_one_status() -> None:
    for kind, schema in zip(problems.KINDS, problems.schemas().values(), strict=True):
        assert schema["properties"]["type"]["const"] == kind.uri
        assert schema["examples"][0]["status"] == kind.status


def test_a_twin_says_what_its_route_says() -> None:
    twins = {operation_id(each): operation(each) for each in ROUTES}
    for route in MEMBERS:
        ours, theirs = operation(route), twins["visit_" + operation_id(route)]
        assert theirs.get("requestBody") == ours.get("requestBody")
        assert theirs.get("parameters") == ours.get("parameters")
        assert theirs["x-right"] == ours["x-right"]
        assert {"api_key": []} not in theirs["security"]


def test_a_parameter_that_may_be_left_out_is_not_null() -> None:
    for route in ROUTES:
        for each in map(described().resolved, operation(route).get("parameters", ())):
            choices = each["schema"].get("anyOf", [each["schema"]])
            assert {"type": "null"} not in choices
            assert each["schema"].get("default", "") is not None


def test_it_is_served_and_known_by_its_tag(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/v1/openapi.json")
    assert answer.status == 200
    assert answer.body == json.loads(page.text())
    assert answer.headers["Cache-Control"].startswith("public")
    tag = answer.headers["ETag"]
    again = gateway.call("GET", "/v1/openapi.json", headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, "")
    other = gateway.call("GET", "/v1/openapi.json", headers={"If-None-Match": '"x"'})
    assert other.status == 200


def test_it_fits_into_an_answer() -> None:
    assert len(json.dumps(DOCUMENT)) < 1_000_000


def test_the_committed_page_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path / "openapi.json")
    assert page.main(["--check"]) == 1
    assert page.main([]) == 0
    assert page.main(["--check"]) == 0
    content = page.PAGE.read_text(encoding="utf-8")
    page.PAGE.write_text(content.replace("show_members", "shown_members"), encoding="utf-8")
    capsys.readouterr()
    assert page.main(["--check"]) == 1
    said = capsys.readouterr().out
    assert "shown_members" in said
    assert "python -m infra.openapi" in said


def test_what_has_several_values_is_one_parameter_with_commas() -> None:
    lists = [
        each
        for route in ROUTES
        for each in map(described().resolved, operation(route).get("parameters", ()))
        if described().resolved(each["schema"]).get("type") == "array"
    ]
    assert all((each["style"], each["explode"]) == ("form", False) for each in lists)


def test_the_about_page_names_what_is_where() -> None:
    assert openapi.VISITS in {tag["name"] for tag in DOCUMENT["tags"]}
    assert DOCUMENT["servers"] == [{"url": "/"}]
