"""Files of all sorts against an ingest that is slow and simple: exactly the same comes out."""

from __future__ import annotations

import csv
import gzip
import random

import pytest

from functions.ingest import chunking, framing, spill
from tests.fakes import dirt
from tests.fakes.ingesting import ingest
from tests.fakes.slow_ingest import slow_ingest


@pytest.fixture(params=["whole", "in small pieces"])
def _pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "whole":
        monkeypatch.setattr(framing, "BLOCK", 700)
        monkeypatch.setattr(spill, "HELD", 2_000)
        monkeypatch.setattr(spill, "STRETCH_TOKENS", 20)
        monkeypatch.setattr(spill, "STRETCH_TEXTS", 300)
        monkeypatch.setattr(chunking, "MAX_RECIPIENTS", 7)


@pytest.mark.usefixtures("_pieces")
@pytest.mark.parametrize("country", [None, "GB", "US", "BR", "JE"])
@pytest.mark.parametrize("quoted", [csv.QUOTE_NONE, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_tables(quoted: int, country: str | None) -> None:
    for seed, delimiter in enumerate(",;\t"):
        chance = random.Random(f"{seed}{quoted}{country}")  # noqa: S311 - examples, no secrets
        text = dirt.table(
            chance, 150, delimiter=delimiter, columns=seed * 2, quoted=quoted, country=country
        )
        encoding = chance.choice(("utf-8", "utf-8-sig", "utf-16"))
        data = text.encode(encoding)
        if seed:
            data = gzip.compress(data)
        expected = slow_ingest(text, delimiter=delimiter, country=country)
        assert ingest(data, country=country, piece=chance.choice((100, 1000))) == expected


@pytest.mark.usefixtures("_pieces")
@pytest.mark.parametrize("place", [1, 2, 4])
@pytest.mark.parametrize("quoted", [csv.QUOTE_NONE, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_numbers_in_another_column(quoted: int, place: int) -> None:
    chance = random.Random(f"{place}{quoted}")  # noqa: S311 - examples, no secrets
    text = dirt.table(
        chance, 200, delimiter=";", columns=4, quoted=quoted, country="GB", place=place
    )
    expected = slow_ingest(text, delimiter=";", country="GB", number_column="phone")
    assert ingest(text.encode(), country="GB", number_column=" Phone") == expected


@pytest.mark.usefixtures("_pieces")
@pytest.mark.parametrize("country", [None, "DE"])
def test_lists_of_one_number_a_line(country: str | None) -> None:
    chance = random.Random(country or "")  # noqa: S311 - examples, no secrets
    lines = [dirt.number(chance, country) for _ in range(400)]
    lines += chance.choices([*lines, *dirt.NONE, " ", "\u00a0"], k=400)
    text = "\r".join(["Mobile", *lines])
    expected = slow_ingest(text, delimiter=None, country=country)
    assert ingest(text.encode(), delimited=False, country=country) == expected
