"""Counting over rows against rendering and measuring each of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain import counting
from chalicelib.domain.content import TEXT_MAX
from chalicelib.domain.counting import Counting, outcome, rendered
from chalicelib.domain.sampling import SAMPLE_MAX, shown
from chalicelib.domain.survey import NOTHING, SAMPLES
from chalicelib.domain.text_sums import UNKNOWN, Sums, counts_of
from chalicelib.sms.columns import VALUE_MAX, clean
from chalicelib.sms.merge import parse
from chalicelib.sms.parts import MAX_PARTS, Encoding, fewest_and_most, measure, split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from chalicelib.sms.merge import Template

Columns = dict[str, list[str]]

# GSM's own and its extension table's; beyond GSM, beyond the BMP; what transliteration reads with
# its neighbours: marks, fractions, powers, Greek capitals, joiners, skin tones, flags, nothing.
CHARS = (
    "aZ7 é€[^Łłю漢"
    "\u2019\u201c\u2026\u2013\u00bd\u00b2\u0392\u03a1\u03b1\u03c3\u0301\u0308\u200d\u200b"
    "\U0001f44b\U0001f3fd\U0001f469\U0001f1e9\U0001f1ea"
)
GLUE = st.text(CHARS, max_size=4)
VALUES = (GLUE | st.text("abc12", max_size=9) | st.just("")).map(lambda raw: clean(raw) or "")
# Texts of all lengths up to more than ten parts, mostly near the edge of one.
FILLERS = st.builds(
    lambda char, edge, by: char * max(0, edge + by),
    st.sampled_from("x€ł👋"),
    st.sampled_from([0, 67, 70, 134, 153, 160, 306, 459, 670, 1530]),
    st.integers(-9, 4),
)
FIELDS = st.builds(
    lambda name, default: f"{{{{{name}}}}}" if default is None else f"{{{{{name}|{default}}}}}",
    st.sampled_from("nm"),
    st.none() | st.text(CHARS, max_size=3),
)
TEMPLATES = st.lists(FIELDS | GLUE | FILLERS, max_size=6).map(lambda pieces: parse("".join(pieces)))


@st.composite
def rows(draw: st.DrawFn) -> Columns:
    pairs = draw(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=8))
    return {"n": [one for one, _ in pairs], "m": [other for _, other in pairs]}


def texts(template: Template, columns: Mapping[str, Sequence[str]], *, plain: bool) -> list[str]:
    """The slow way."""
    return [
        rendered(template, dict(zip(columns, values, strict=True)), transliterated=plain)
        for values in zip(*columns.values(), strict=True)
    ]


def counted(template: Template, *chunks: Columns, plain: bool = False) -> Counting:
    counts = Counting(template, sum(len(chunk["n"]) for chunk in chunks), transliterated=plain)
    for chunk in chunks:
        counts.add(chunk, len(chunk["n"]))
    return counts


@given(template=TEMPLATES, chunks=st.lists(rows(), min_size=1, max_size=3), plain=st.booleans())
@example(
    template=parse("{{n}}\u00b2"),
    chunks=[{"n": ["1", "21", "a", "\u00bd"], "m": [""] * 4}],
    plain=True,
)
@example(
    template=parse("{{n}}{{m}}"), chunks=[{"n": ["e", "7"], "m": ["\u0301a", "\u00bd"]}], plain=True
)
@example(template=parse("\u200b{{n}}"), chunks=[{"n": ["", "\u200b"], "m": [""] * 2}], plain=True)
@example(
    template=parse("x" * 159 + "{{n}}{{n| }}"),
    chunks=[{"n": ["", "€", "a"], "m": [""] * 3}],
    plain=False,
)
# At the edge of a part: a fraction behind a digit is read with it, and takes a space more.
@example(
    template=parse("x" * 156 + "{{n}}{{m}}"),
    chunks=[{"n": ["7", "a"], "m": ["\u00bd", "\u00bd"]}],
    plain=True,
)
@example(
    template=parse("x" * 156 + "{{n}}\u00bd"), chunks=[{"n": ["7", "a"], "m": ["", ""]}], plain=True
)
# One unit is left free before a character of two.
@example(
    template=parse("x" * 151 + "{{n}}" + "€" * 77),
    chunks=[{"n": ["x", "", "y"], "m": [""] * 3}],
    plain=False,
)
def test_it_comes_to_the_same_as_rendering_every_row(
    template: Template, chunks: list[Columns], *, plain: bool
) -> None:
    counts = counted(template, *chunks, plain=plain)

    all_texts = [text for chunk in chunks for text in texts(template, chunk, plain=plain)]
    outcomes = [outcome(text) for text in all_texts]
    short = [each for each in outcomes if (each.parts or 0) <= MAX_PARTS]
    assert counts.counted == len(all_texts)
    assert counts.by_parts == Counter(each.parts for each in short)
    assert counts.by_encoding == Counter(each.encoding for each in short)
    assert counts.too_long == len(outcomes) - len(short)
    needed = {field.name for field in template.fields if field.default is None}
    assert counts.empty == {
        name: number
        for name in needed
        if (number := sum(chunk[name].count("") for chunk in chunks))
    }
    shown_texts = list(map(shown, all_texts))
    assert set(counts.samples) <= set(shown_texts)
    assert len(counts.samples) == min(SAMPLES, len(set(counts.samples)))
    # How long exactly a text is that cannot be sent, nobody asks.
    for extreme in (max, min) if len(short) == len(outcomes) else ():
        bits = extreme(each.bits for each in outcomes)
        extremes = {
            text for text, each in zip(shown_texts, outcomes, strict=True) if each.bits == bits
        }
        assert extremes & set(counts.samples)


@given(st.sampled_from(["x", "x€", "€", "ł", "ł👋", "👋"]), st.integers(0, 500), st.randoms())
def test_the_fewest_and_the_most_parts_hold_for_every_text(
    chars: str, length: int, chance: Random
) -> None:
    text = "".join(chance.sample(chars * length, len(chars) * length))
    found = outcome(text)
    wide = bool({"€", "👋"} & set(text))
    fewest, most = fewest_and_most(found.encoding, found.units, wide=wide)
    assert fewest <= len(split(text)) <= most
    if not wide:
        assert fewest == most


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 151 + "€" * 77, 2),
        ("x" * 152 + "€" * 77, 3),
        ("x" * 1530, 10),
        ("x" * 1531, MAX_PARTS + 1),
        ("ł" * 70, 1),
        ("ł" * 71, 2),
        ("", NOTHING),
        (" \n", NOTHING),
    ],
)
def test_a_texts_outcome(text: str, parts: int) -> None:
    found = outcome(text)
    assert found.parts == parts
    fewest, most = fewest_and_most(found.encoding, found.units, wide="€" in text)
    assert fewest <= (parts or 1) <= most


def test_what_is_looked_up_is_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    template = parse("x" * 150 + "€{{n}}€{{m|y}}")
    chunks: list[Columns] = [
        {"n": [f"€{turn}-{row}" for row in range(9)], "m": ["", *"12345678"]} for turn in range(9)
    ]
    whole = counted(template, *chunks)
    monkeypatch.setattr(counting, "REMEMBERED", 4)
    bounded = counted(template, *chunks)
    assert bounded.by_parts == whole.by_parts
    assert bounded.samples == whole.samples
    assert max(map(len, bounded._sums.codes.values())) <= 4
    assert len(bounded._by_row) <= 4


def test_a_column_that_the_list_lacks_is_empty() -> None:
    counts = Counting(parse("Hi {{n}}{{m|you}}"), 2, transliterated=False)
    counts.add({"n": ["a", ""]}, 2)
    counts.add({"n": ["", "b"]}, 2)
    assert counts.empty == {"n": 2}
    assert "Hi you" in counts.samples


@pytest.mark.parametrize(
    ("char", "plain", "each"),
    [
        # Nothing grows more when it is transliterated.
        ("\ufdfa", True, (29, 0, 0)),
        ("€", False, (1, 1, 0)),
        ("👋", False, (1, 0, 1)),
    ],
)
def test_a_sum_has_room_for_the_longest_values_at_the_most_places(
    char: str, each: tuple[int, int, int], *, plain: bool
) -> None:
    places = TEXT_MAX // len("-{{n}}")
    sums = Sums(parse("-{{n}}" * places), transliterated=plain)
    total = sums.literals + sums.codes["n"][char * VALUE_MAX]
    many = places * VALUE_MAX
    foreign = places if char == "👋" else 0
    assert counts_of(total) == (many * each[0] + places, many * each[1], many * each[2], foreign)
    assert total < UNKNOWN


def test_nobody_is_shown_more_of_a_text_than_can_be_sent() -> None:
    counts = counted(parse("{{n}}" * 20), {"n": ["x" * VALUE_MAX], "m": [""]})
    (sample,) = counts.samples
    assert sample == "x" * SAMPLE_MAX + "…"
    assert measure("x" * 1530).parts == MAX_PARTS


def test_samples_show_what_chance_would_hide() -> None:
    names = [f"Nr{row:04}" for row in range(1_000)]
    names[400] = "Bartholomew the Longest"
    names[500] = "Al"
    names[600] = "Łukasz"
    names[700] = ""
    half: Columns = {"n": names[:500], "m": [""] * 500}
    rest: Columns = {"n": names[500:], "m": [""] * 500}
    template = parse("Hi {{n}}, it is done.")
    counts = counted(template, half, rest)
    # On the wire the one that is UCS-2 is the longest.
    assert counts.samples == tuple(
        f"Hi {name}, it is done."
        for name in ("Łukasz", "", "Nr0000", "Nr0200", "Bartholomew the Longest")
    )
    assert counts.by_encoding == {Encoding.GSM7: 999, Encoding.UCS2: 1}


def test_a_gap_is_shown_wherever_it_is() -> None:
    rows: Columns = {"n": ["a"] * 50, "m": ["b"] * 50}
    rows["n"][33], rows["m"][33] = "", "no name"
    rows["n"][34] = "the longest name"
    counts = counted(parse("{{n}}{{m}}"), rows)
    assert counts.samples == ("the longest nameb", "ab", "no name")


def test_samples_come_from_everywhere_in_the_list() -> None:
    template = parse("Code {{n}}")
    chunks: list[Columns] = [
        {"n": [f"{row:03}" for row in range(start, start + 20)], "m": [""] * 20}
        for start in range(0, 100, 20)
    ]
    assert counted(template, *chunks).samples == tuple(
        f"Code {row:03}" for row in (0, 20, 40, 60, 80)
    )
    # Where five are not enough to find five, more are looked at.
    codes = ["same" if row % 20 == 0 else f"{row:04}" for row in range(100)]
    assert counted(template, {"n": codes, "m": [""] * 100}).samples == tuple(
        f"Code {code}" for code in ("same", "0005", "0025", "0045", "0065")
    )
    few: Columns = {"n": ["a", "b", "b"], "m": [""] * 3}
    assert counted(template, few).samples == ("Code a", "Code b")


def test_no_recipients_give_no_samples() -> None:
    counts = Counting(parse("{{n}}"), 0, transliterated=False)
    counts.add({"n": []}, 0)
    assert (counts.samples, counts.counted, counts.by_parts) == ((), 0, {})
