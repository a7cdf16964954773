# ruff: noqa: RUF001 - look-alikes are what this is about
from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from unicodedata import category, normalize

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.sms.gsm import is_gsm
from chalicelib.sms.transliterate import (
    Replacement,
    Transliteration,
    transliterate,
)
from tests.unit.sms.handset import TABLE

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
THUMB = "\U0001f44d\U0001f3fd"
UNION_JACK = "\U0001f1ec\U0001f1e7"
TRICOLORE = "\U0001f1eb\U0001f1f7"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
HEART = "\u2764\ufe0f"

HARD = st.sampled_from(
    [
        *"a5{^\r\n`§€´°©½²①éΗρΡ≠",
        *"\u0301\u0308\u0336\u20e3\ufe0f\u200d\u200b\u00ad\ufeff\x1b\t\u2028\ud83d\ude00\u0378\ue000",
        *"ЖйアｱИ中각\u1112\u1161\u11abعا\u05b8שि",
        "\U0001f3fd",
        "\U000e0067",
        "\U0001f1ec",
        FAMILY,
        THUMB,
        ENGLAND,
        HEART,
    ]
)
TEXTS = st.lists(HARD, max_size=12).map("".join) | st.text(st.characters())


def plain(text: str) -> str:
    result = transliterate(text)
    assert result.left == ()
    return result.text


# --- what stays ---


@pytest.mark.parametrize(
    "text",
    ["", "Hello", "é ñ Ç ß § ¿ ¡ £ ¥ ¤", "€ [x] {y} ~ ^ \\ |", "a\r\nb\nc\fd", "ΔΦΓΛΩΠΨΣΘΞ"],
)
def test_what_gsm_has_stays_as_it_is(text: str) -> None:
    assert transliterate(text) == Transliteration(text, ())
    assert transliterate(text).text is text
    mixed = transliterate(f"{text}Ж{text}")
    assert mixed.text == f"{text}Zh{text}"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param(f"Hi {FAMILY}!", (FAMILY,), id="a family is one"),
        pytest.param(f"{THUMB}\U0001f44d", (THUMB, "\U0001f44d"), id="with and without skin"),
        pytest.param(f"{UNION_JACK}{TRICOLORE}", (UNION_JACK, TRICOLORE), id="flags"),
        pytest.param(f"{UNION_JACK}☀★", (UNION_JACK, "☀", "★"), id="a flag before others"),
        pytest.param("\U0001f6ac\u20e0", ("\U0001f6ac\u20e0",), id="forbidden"),
        pytest.param("\U0001fae8", ("\U0001fae8",), id="newer than some Pythons"),
        pytest.param("a\U0001f3fd", ("\U0001f3fd",), id="the colour of no skin"),
        pytest.param("\U0001f1ecx", ("\U0001f1ec",), id="half a flag"),
        pytest.param(ENGLAND, (ENGLAND,), id="a flag by tags"),
        pytest.param(f"{HEART}{HEART}\u2764", (HEART, "\u2764"), id="as emoji and as text"),
        pytest.param("\u2194\ufe0f \u3030", ("\u2194\ufe0f", "\u3030"), id="emoji of other kinds"),
        pytest.param("25 °C, 5 ≠ 6", ("°", "≠"), id="symbols"),
        pytest.param("5‰ ¶", ("‰", "¶"), id="punctuation that only letters could stand for"),
        pytest.param("a\u0378b\ue000", ("\u0378", "\ue000"), id="unassigned and private"),
        pytest.param("\ud83d \ude00", ("\ud83d", "\ude00"), id="halves of surrogate pairs"),
        pytest.param("a\x1bb\x00\x7f\x9c", ("\x1b", "\x00", "\x7f", "\x9c"), id="controls"),
        pytest.param("£1\u03360\u0336", ("1\u0336", "0\u0336"), id="crossed out"),
        pytest.param("=\u0338", ("=\u0338",), id="crossed out is not the same"),
        pytest.param("\U00012000\u0301", ("\U00012000\u0301",), id="letters that nobody knows"),
        pytest.param("\u200d\U0001f44d\u200d", ("\U0001f44d",), id="joiners that join nothing"),
        pytest.param("\U0001f44d\u200da", ("\U0001f44d",), id="or not an emoji"),
        pytest.param("㈱ ㊗ ℃", ("㈱", "㊗", "℃"), id="signs made of no letters of GSM"),
    ],
)
def test_what_has_no_likeness_stays_and_is_told(text: str, left: tuple[str, ...]) -> None:
    result = transliterate(text)
    assert result.left == left
    assert all(piece in result.text for piece in left)
    if "\u200d" not in text.replace(FAMILY, ""):
        assert result == Transliteration(text, left)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u200d\U0001f44d\u200d", "\U0001f44d"),
        ("\U0001f44d\u200da", "\U0001f44da"),
        ("\U0001f44d\u200dЖ", "\U0001f44dZh"),
        ("Ж\u200d\U0001f44d", "Zh\U0001f44d"),
        ("Ж\U0001f3fd", "Zh\U0001f3fd"),
    ],
)
def test_joiners_that_join_nothing_go(text: str, expected: str) -> None:
    result = transliterate(text)
    assert result.text == expected
    assert all(len(piece) == 1 for piece in result.left)


def test_what_is_left_is_told_once_in_the_order_of_the_text() -> None:
    assert transliterate(f"{HEART}Ж°{HEART}°{THUMB}").left == (HEART, "°", THUMB)


# --- what is replaced ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Letters, as they sound or look.
        ("Привет, щука", "Privet, shchuka"),
        ("Việt Nam", "Viet Nam"),
        ("łódź ğış ÞØ", "lodz gis ThØ"),
        ("ç Ç", "c Ç"),
        ("Ｈｅｌｌｏ！ 𝗕𝗼𝗹𝗱 ﬁ", "Hello! Bold fi"),
        ("中文", "ZhongWen"),
        ("ラーメン ﾗｰﾒﾝ", "ramen ramen"),
        ("السلام", "alslam"),
        ("٢٠٢٦", "2026"),
        ("עלה ע", "'lh '"),
        # Marks: what GSM has with them is kept with them.
        ("e\u0301 n\u0303 A\u030a", "é ñ Å"),
        ("\u212b \u2126 \u037e", "Å Ω ;"),
        ("ǟ ǿ Ḉ ế x\u0302", "ä ø Ç e x"),
        ("и\u0306 й", "y y"),
        ("\u1112\u1161\u11ab 한", "han Han"),
        ("1\ufe0f\u20e3 #\ufe0f\u20e3 ©\ufe0f", "1 # (C)"),
        ("\u0301a", "a"),
        ("\u1019\u1038", "m"),
        # Greek: words in capitals keep their looks, others their sound.
        ("ΠΡΟΣΦΟΡΑ ΧΡΗΣΤΟΣ", "ΠPOΣΦOPA XPHΣTOΣ"),
        ("ΒΉΤΑ ΏΡΑ", "BHTA ΩPA"),
        ("Χρήστος, Ρώμη, Βόλος, Ήλιος", "Christos, Romi, Volos, Ilios"),
        ("Η Ρ\u0301", "H P"),
        # Punctuation.
        ("a – b — c ― d − e ‐ f", "a - b - c - d - e - f"),
        ("“a” ‘b’ „c“ ‚d‘ «e» ‹f›", "\"a\" 'b' \"c\" 'd' \"e\" 'f'"),
        ("it`s it´s it’s 5′ 6″", "it's it's it's 5' 6\""),
        ("a… b • c · d", "a... b * c . d"),
        ("¿qué؟ 「a」、b。", "¿qué? [a],b."),
        ("a\xa0b\u2009c\u202fd\u3000e\tf", "a b c d e f"),
        ("a\u2028b\x85c\vd", "a\nb\nc\nd"),
        ("a\u00ad\u200b\u200c\u2060\ufeff\u200e\U000e0067b", "ab"),
        ("c｛｛d｝｝ ❴", "c((d)) ("),
        # Signs that are made of letters, or written with them.
        ("™ © ® № ㎏ Ⓐ", "TM (C) (R) No kg A"),
        ("₹5 ₽6 ₺7", "Rs5 Rb6 TL7"),
        ("3×4÷2 → ≤ ≥ ± ← ≈ 1⁄2 ¦", "3x4/2 -> <= >= +/- <- ~ 1/2 |"),
        # Numbers that stand beside others.
        ("½ l, 5½ %, 5\ufe0f½", "1/2 l, 5 1/2 %, 5 1/2"),
        ("m² 10² 10²³ 10⁶", "m2 10^2 10^23 10^6"),
        ("①② x²½ ٥½ a①", "1 2 x2 1/2 5 1/2 a1"),
        ("25㎡", "25m2"),
    ],
)
def test_what_stands_for_what(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_replacements_are_told_with_their_counts() -> None:
    result = transliterate("“Ж” e\u0301 Ж\u200b° 5½½")
    assert result == Transliteration(
        '"Zh" é Zh° 5 1/2 1/2',
        ("°",),
        (
            Replacement("“", '"', 1),
            Replacement("Ж", "Zh", 2),
            Replacement("”", '"', 1),
            Replacement("e\u0301", "é", 1),
            Replacement("\u200b", "", 1),
            Replacement("½", " 1/2", 2),
        ),
    )


# --- what holds for every text ---


@given(TEXTS)
def test_once_is_enough(text: str) -> None:
    result = transliterate(text)
    again = transliterate(result.text)
    assert again.text == result.text
    assert again.replaced == ()


@given(TEXTS)
def test_the_result_is_gsm_but_for_what_is_left(text: str) -> None:
    result = transliterate(text)
    assert is_gsm(result.text) == (not result.left)
    rest = result.text
    for piece in sorted(result.left, key=len, reverse=True):
        assert not is_gsm(piece)
        assert piece in text
        rest = rest.replace(piece, "")
    assert is_gsm(rest)


@given(TEXTS)
def test_what_is_told_accounts_for_every_character(text: str) -> None:
    result = transliterate(text)
    growth = sum(each.count * (len(each.becomes) - len(each.was)) for each in result.replaced)
    assert len(result.text) == len(text) + growth
    for each in result.replaced:
        assert each.was != each.becomes
        assert each.was in text
        assert is_gsm(each.becomes)
        assert not set(each.becomes) & set("{}")


@given(st.text(st.characters(exclude_categories=["Cs", "Cn"])))
def test_one_text_in_two_forms_reads_alike(text: str) -> None:
    """But Hangul, whose letters have no capitals when they stand apart."""
    assume(not re.search("[\uac00-\ud7a3]", normalize("NFC", text)))
    composed, apart = (transliterate(normalize(form, text)) for form in ("NFC", "NFD"))
    assert normalize("NFC", composed.text) == normalize("NFC", apart.text)


@given(st.lists(st.sampled_from([*"abé \n{€", "Ж", "“", "½", HEART, "e\u0301"])))
def test_what_gsm_has_is_never_touched(pieces: list[str]) -> None:
    """Letters of GSM come out in their order, with nothing but replacements between them."""
    kept = [piece for piece in pieces if piece in TABLE]
    rest = iter(transliterate("".join(pieces)).text)
    assert all(char in rest for char in kept)


def test_no_character_turns_into_another_sort() -> None:
    """Emoji and symbols into no names, nothing into braces."""
    for point in range(0x80, 0x20000):
        char = chr(point)
        kind = category(char)
        if kind in {"Lo", "Cn", "Co"}:  # most of all there are, and none of what is looked for
            continue
        result = transliterate(char)
        if char in TABLE or result.left:
            assert result.text == char
            continue
        assert is_gsm(result.text)
        assert not set(result.text) & set("{}`")
        if not result.text:
            assert kind[0] in "MC" or char in "\u0640\u0787\u30fc\uff70", hex(point)
        if kind in {"So", "Sk", "Sm"} and any(map(str.isalpha, result.text)):
            assert char in "×©®" or result.text == normalize("NFKC", char), hex(point)
        if kind[0] == "P":
            assert not any(map(str.isalnum, result.text)), hex(point)
        if kind == "Nd":
            assert result.text == str(unicodedata.decimal(char))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000 + "Ж",
        "Ж" * 20_000,
        "e" + "\u0301\u0316" * 100_000,
        "\U0001f44d" + "\u0301\u0316" * 100_000,
        "\U0001f468\u200d" * 20_000,
        "\U0001f1ec" * 20_000,
        "5½" * 20_000,
    ],
    ids=["gsm", "letters", "marks", "marks on an emoji", "joiners", "flags", "numbers"],
)
def test_long_texts_take_no_square_of_their_length(text: str) -> None:
    """What does, does not end in a minute here."""
    assert transliterate(text).text


def test_gsm_texts_do_not_wait_for_the_tables() -> None:
    program = (
        "import sys; from chalicelib.sms.transliterate import transliterate as t; "
        "t('plain'); t('“”…'); sys.exit('anyascii' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
