"""Files as people upload them: numbers of all countries in many ways of writing, and none."""

from __future__ import annotations

import csv
import io
from functools import cache
from typing import TYPE_CHECKING

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

if TYPE_CHECKING:
    from random import Random

KINDS = (
    "mobile",
    "fixed_line",
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)
NONE = (
    "",
    "x",
    "12",
    "tel. 4474",
    "+",
    "00",
    "999",
    "=1+1",
    "٤٤٧٤",
    "44740012345678901234567890",
    "-",
)
VALUES = (
    "Anna",
    "Zoë",
    "two words",
    "two  spaces",
    " around ",
    "O'Neil",
    "x" * 255,
    "x" * 256,
    "é" * 255,
    "ж" * 256,
    "tab\there",
    "bell\x07",
    "no\u00a0break",
    "\u3000",
    "\u200b",
    "c1\x9b",
    "",
    "😀",
)
QUOTABLE = ('say "hi"', "one\ntwo", ";,\t")


@cache
def examples() -> list[tuple[str, str, str, str]]:
    """Code, region, a national number, and what is dialled before it at home."""
    found = []
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        for region in regions:
            metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
            if metadata is None:
                continue
            for kind in KINDS:
                known = getattr(metadata, kind)
                if known is not None and known.example_number:
                    prefix = metadata.national_prefix or ""
                    found.append((str(code), region, known.example_number, prefix))
    return found


def number(chance: Random, country: str | None = None) -> str:
    """One in some way of writing; now and then changed, so that it may be none."""
    code, _, national, prefix = chance.choice(examples())
    if country is not None and chance.random() < 0.7:
        at_home = [one for one in examples() if one[1] == country]
        code, _, national, prefix = chance.choice(at_home)
        form = chance.choice(("{p}{n}", "{p}{n}", "{n}", "{c}{n}", "+{c}{n}", "({p}) {n}"))
    else:
        form = chance.choice(
            ("{c}{n}", "{c}{n}", "+{c}{n}", "00{c}{n}", "+{c} ({p}) {n}", " +{c}-{n}", "{c}.{n}")
        )
    changed = list(national)
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        changed[chance.randrange(len(changed))] = str(chance.randrange(10))
    if chance.random() < 0.05:
        changed.append("1")
    return form.format(c=code, n="".join(changed), p=prefix)


def table(
    chance: Random,
    rows: int,
    *,
    delimiter: str,
    columns: int,
    quoted: int,
    country: str | None,
    place: int = 0,
) -> str:
    """`quoted` is one of the csv module's ways, `place` that of the numbers' column."""
    names = ["phone", "First Name", "city", "{{", "Æ", "code"][: columns + 1]
    values = [*VALUES, *QUOTABLE] if quoted != csv.QUOTE_NONE else list(VALUES)
    out = io.StringIO()
    options = {"quoting": quoted, "lineterminator": chance.choice(("\n", "\r\n"))}
    writer = csv.writer(out, delimiter=delimiter, quotechar='"', **options)  # type: ignore[arg-type]
    names.insert(place, names.pop(0))
    writer.writerow(names)
    some = [number(chance, country) for _ in range(max(1, rows // 3))]
    for _ in range(rows):
        raw = chance.choice(some) if chance.random() < 0.4 else number(chance, country)
        if chance.random() < 0.05:
            raw = chance.choice(NONE)
        width = columns if chance.random() < 0.95 else chance.randrange(columns + 2)
        row = [chance.choice(values) for _ in range(width)]
        row.insert(place, raw)
        if any(cell for cell in row):
            writer.writerow([_sayable(cell, quoted, delimiter) for cell in row])
        if chance.random() < 0.02:
            out.write(chance.choice(("\n", " \n", delimiter * 3 + "\n")))
    return out.getvalue()


def _sayable(cell: str, quoted: int, delimiter: str) -> str:
    return cell.replace(delimiter, "").replace('"', "") if quoted == csv.QUOTE_NONE else cell
