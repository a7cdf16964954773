# ruff: noqa: RUF001 - look-alikes are what transliteration is about
"""Texts measured and transliterated, as HTTP shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.api.shapes.texts import FIELDS_MAX
from chalicelib.domain.content import TEXT_MAX
from tests.fakes.gateway import Answer, Gateway

ROOT = "/v1/workspaces/wsp_a/text"
MEASURE = f"{ROOT}/measure"
TRANSLITERATE = f"{ROOT}/transliterate"
SMILE = "\U0001f600"


Post = Callable[..., Answer]


@pytest.fixture
def post(gateway: Gateway, sign_in: Callable[[str], str]) -> Post:
    token = sign_in("author@example.com")

    def send(path: str, body: object = None, **more: Any) -> Answer:
        return gateway.call("POST", path, body, **{"token": token, **more})

    return send


def fields(answer: Answer) -> set[str]:
    assert answer.status == 400, answer.body
    return {item["field"] for item in answer.body["errors"]}


def test_a_text_is_measured(post: Post) -> None:
    answer = post(
        MEASURE, {"text": "Hi {{name|you}}, “5 €”{{x}}", "fields": {"Name": f"Zoe{SMILE}"}}
    )
    assert (answer.status, answer.body) == (
        200,
        {
            "text": f"Hi Zoe{SMILE}, “5 €”",
            "encoding": "ucs2",
            "characters": 14,
            "units": 15,
            "parts": 1,
            "parts_max": 10,
            "units_left": 55,
            "sendable": True,
            "problem": None,
            "foreign": [
                {"character": SMILE, "position": 6},
                {"character": "“", "position": 9},
                {"character": "”", "position": 13},
            ],
            "fields": [{"name": "name", "default": "you"}, {"name": "x", "default": None}],
            "split": [{"text": f"Hi Zoe{SMILE}, “5 €”", "units": 15, "left": 55}],
        },
    )


def test_a_text_is_measured_as_transliterated(post: Post) -> None:
    answer = post(MEASURE, {"text": "“5 €”" + "a" * 155, "transliterate": True})
    assert answer.body["encoding"] == "gsm7"
    assert (answer.body["units"], answer.body["parts"], answer.body["units_left"]) == (161, 2, 145)
    assert [part["units"] for part in answer.body["split"]] == [153, 8]
    assert answer.body["foreign"] == []


def test_too_long_a_text_is_no_error(post: Post) -> None:
    answer = post(MEASURE, {"text": "Ж" * TEXT_MAX})
    assert (answer.status, answer.body["parts"], answer.body["sendable"]) == (200, 60, False)
    assert "10 parts are the limit" in answer.body["problem"]


def test_a_text_is_transliterated(post: Post) -> None:
    answer = post(TRANSLITERATE, {"text": f"Привет\u200b{SMILE}, {{{{Имя|друг}}}}"})
    assert answer.status == 200
    told = answer.body
    assert told["text"] == f"Privet{SMILE}, {{{{Имя|drug}}}}"
    assert told["after"]["text"] == f"Privet{SMILE}, drug"
    assert told["before"]["text"] == f"Привет\u200b{SMILE}, друг"
    assert told["left"] == [SMILE]
    assert {"from": "р", "to": "r", "count": 2} in told["replaced"]
    assert {"from": "\u200b", "to": "", "count": 1} in told["replaced"]
    assert told.keys() == {"text", "before", "after", "replaced", "left"}
    for side in ("before", "after"):
        measured = post(MEASURE, {"text": told[side]["text"]}).body
        assert told[side] == measured | {"fields": [{"name": "имя", "default": "друг"}]}


@pytest.mark.parametrize("path", [MEASURE, TRANSLITERATE])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": None}, "text"),
        ({"text": "{{name"}, "text"),
        ({"text": "a" * (TEXT_MAX + 1)}, "text"),
        ({"text": "a", "txt": "b"}, "txt"),
    ],
)
def test_bad_texts_are_named(post: Post, path: str, body: Any, field: str) -> None:
    assert fields(post(path, body)) == {field}


@pytest.mark.parametrize("raw", ['{"text": "\\ud83d"}', '{"text": "\\ude00a"}', "{", '"text"'])
@pytest.mark.parametrize("path", [MEASURE, TRANSLITERATE])
def test_what_is_no_json_or_half_a_character_is_refused(post: Post, path: str, raw: str) -> None:
    assert fields(post(path, raw=raw))


@pytest.mark.parametrize(
    "values",
    [
        {"name": 5},
        {"name": "x" * (TEXT_MAX + 1)},
        {f"f{number}": "" for number in range(FIELDS_MAX + 1)},
        {"name": "x", "Name": "y"},
        ["name"],
    ],
)
def test_bad_values_are_named(post: Post, values: Any) -> None:
    told = fields(post(MEASURE, {"text": "{{name}}", "fields": values}))
    assert all(field.startswith("fields") for field in told)


@pytest.mark.parametrize("path", [MEASURE, TRANSLITERATE])
def test_it_is_for_members(post: Post, path: str) -> None:
    assert post(path, {"text": "a"}, token=None).status == 401
    foreign = path.replace("wsp_a", "wsp_none")
    assert post(foreign, {"text": "a"}).status == 404
