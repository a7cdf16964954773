from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import gsm as theirs

from chalicelib.sms.parts import (
    MAX_PARTS,
    BrokenText,
    Encoding,
    Measure,
    Message,
    Part,
    TextError,
    TooLong,
    compose,
    fewest_and_most,
    measure,
    split,
)
from tests.unit.sms.handset import TABLE, receive

GSM, UCS2 = Encoding.GSM7, Encoding.UCS2
OCTETS = 140
ALONE = {GSM: 160, UCS2: 70}
EACH = {GSM: 153, UCS2: 67}

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
THUMB = "\U0001f44d\U0001f3fd"
FLAG = "\U0001f1ec\U0001f1e7"
HEBREW = "\u05e9\u05dc\u05d5\u05dd "
CYRILLIC = "\u0416"
SMILE = "\U0001f600"

ANY = st.characters(exclude_categories=["Cs"])
HARD = st.sampled_from(
    [*"a§`€^\f\r\n@\x00\x1b", CYRILLIC, SMILE, FAMILY, THUMB, FLAG, HEBREW, "e\u0301", "\u2019"]
)
SHORT = st.text(ANY) | st.text(st.sampled_from(sorted(TABLE))) | st.lists(HARD).map("".join)


@st.composite
def long_texts(draw: st.DrawFn) -> str:
    """Something, then a stretch that ends about a part's boundary, then something again."""
    stretch = draw(st.sampled_from(["a", "€", "ab€", "Ж", SMILE, "a" + SMILE, FAMILY]))
    length = draw(st.integers(0, 10)) * draw(st.sampled_from([153, 67])) + draw(st.integers(-3, 10))
    times = max(length, 0) // len(stretch)
    return draw(SHORT) + stretch * times + draw(SHORT) + draw(SHORT)


TEXTS = SHORT | long_texts()
REFERENCES = st.integers(0, 255)


def units_of(text: str, encoding: Encoding) -> int:
    """By the standard's table and by UTF-16, not by ours."""
    if encoding is UCS2:
        return len(text.encode("utf-16-be")) // 2
    return sum(len(TABLE[char]) for char in text)


def measured(text: str) -> Measure:
    try:
        return measure(text)
    except TooLong as error:
        return error.measure


def lengths(text: str) -> list[int]:
    return [len(part.text) for part in split(text)]


# --- a table of hard cases: the characters in each part ---


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        pytest.param("", GSM, [0], id="nothing"),
        pytest.param("a" * 160, GSM, [160], id="160"),
        pytest.param("a" * 161, GSM, [153, 8], id="161"),
        pytest.param("€" * 80, GSM, [80], id="80 of the extension table"),
        pytest.param("€" * 81, GSM, [76, 5], id="81 of the extension table"),
        # 76 pairs and one septet left over in each part: 153 pairs do not fit into two.
        pytest.param("€" * 152, GSM, [76, 76], id="as many as fill two parts"),
        pytest.param("€" * 153, GSM, [76, 76, 1], id="and one more"),
        pytest.param("\f" * 81, GSM, [76, 5], id="form feeds"),
        pytest.param("a" * 158 + "€", GSM, [159], id="the escape ends a message"),
        pytest.param("a" * 159 + "€", GSM, [153, 7], id="the escape would be cut off"),
        pytest.param("a" * 151 + "€" + "b" * 8, GSM, [152, 8], id="ends with a part"),
        pytest.param("a" * 152 + "€" + "b" * 8, GSM, [152, 9], id="on the boundary"),
        pytest.param("a" * 153 + "€" + "b" * 8, GSM, [153, 9], id="begins a part"),
        pytest.param("a" * 152 + "€" + "a" * 152, GSM, [152, 152, 1], id="costs a part"),
        pytest.param("a\r\n" * 54, GSM, [153, 9], id="line ends may be parted"),
        pytest.param("§" * 160, GSM, [160], id="§ is of GSM"),
        pytest.param("`" * 70, UCS2, [70], id="70"),
        pytest.param("`" * 71, UCS2, [67, 4], id="71: ` is not of GSM"),
        pytest.param("a\x1bb", UCS2, [3], id="ESC itself is no character"),
        pytest.param("\u2018a\u2019" * 24, UCS2, [67, 5], id="curly quotes"),
        pytest.param("a" * 69 + CYRILLIC, UCS2, [70], id="one letter is enough"),
        pytest.param(SMILE * 35, UCS2, [35], id="35 emoji"),
        pytest.param(SMILE * 36, UCS2, [33, 3], id="36: a pair is not parted"),
        pytest.param(SMILE * 67, UCS2, [33, 33, 1], id="pairs leave a word over"),
        pytest.param("a" * 65 + SMILE * 3, UCS2, [66, 2], id="a pair ends a part"),
        pytest.param("a" * 66 + SMILE * 3, UCS2, [66, 3], id="a pair on the boundary"),
        pytest.param("\uffff" * 70, UCS2, [70], id="last of the plane"),
        pytest.param("\U00010000" * 36, UCS2, [33, 3], id="first beyond it"),
        # Whole characters, not what a reader sees as one: phones join the parts before they show
        # them, and a family alone can be longer than a part.
        pytest.param("a" * 66 + FAMILY, UCS2, [66, 7], id="a family after the boundary"),
        pytest.param("a" * 63 + FAMILY, UCS2, [65, 5], id="a family across it"),
        pytest.param("a" * 65 + THUMB * 2, UCS2, [66, 3], id="a skin tone in the next part"),
        pytest.param("a" * 65 + FLAG * 2, UCS2, [66, 3], id="a flag across it"),
        pytest.param("e\u0301" * 36, UCS2, [67, 5], id="a mark in the next part"),
        pytest.param(HEBREW * 15, UCS2, [67, 8], id="right to left"),
    ],
)
def test_hard_cases(text: str, encoding: Encoding, parts: list[int]) -> None:
    assert measured(text) == Measure(encoding, len(text), units_of(text, encoding), len(parts))
    assert lengths(text) == parts
    assert [len(part.text) for part in receive(compose(text, reference=1))] == parts


@pytest.mark.parametrize("number", range(2, 11))
@pytest.mark.parametrize(("char", "each"), [("a", 153), (CYRILLIC, 67)])
def test_around_each_boundary(number: int, char: str, each: int) -> None:
    full = each * number
    assert measure(char * (full - 1)).parts == number
    assert lengths(char * full) == [each] * number
    assert measured(char * (full + 1)).parts == number + 1
    assert lengths(char * (full + 1)) == [each] * number + [1]


@pytest.mark.parametrize(
    ("fits", "more", "units", "parts"),
    [
        ("a" * 1530, "a" * 1531, 1531, 11),
        ("€" * 760, "€" * 761, 1522, 11),
        ("a" + "€" * 760, "aa" + "€" * 760, 1522, 11),
        (CYRILLIC * 670, CYRILLIC * 671, 671, 11),
        (SMILE * 330, SMILE * 331, 662, 11),
        ("a" * 1530, "a" * 4000, 4000, 27),
    ],
)
def test_more_than_ten_parts_are_refused_with_counts(
    fits: str, more: str, units: int, parts: int
) -> None:
    assert measure(fits).parts == len(compose(fits, reference=0).parts) == MAX_PARTS
    with pytest.raises(TooLong, match=f"{parts} parts") as refusal:
        compose(more, reference=0)
    assert (refusal.value.units, refusal.value.parts, refusal.value.limit) == (units, parts, 10)
    with pytest.raises(TooLong) as refusal:
        measure(more)
    assert refusal.value.measure.characters == len(more)
    assert len(split(more)) == parts


# --- what holds for every text ---


@given(TEXTS, REFERENCES)
def test_a_phone_reads_the_text_that_was_written(text: str, reference: int) -> None:
    if measured(text).parts > MAX_PARTS:
        for asked in (lambda: measure(text), lambda: compose(text, reference=reference)):
            with pytest.raises(TooLong):
                asked()
        return
    message = compose(text, reference=reference)
    received = receive(message)
    assert "".join(part.text for part in received) == text
    assert all(part.octets <= OCTETS for part in received)
    assert [part.number for part in received] == list(range(1, len(received) + 1))
    assert {part.total for part in received} == {len(received)}
    assert {part.reference for part in received} == {reference if message.udh else None}
    assert message.udh == (len(received) > 1)
    assert all(part.text for part in received) or received[0].text == text == ""


@given(TEXTS)
def test_measure_split_and_compose_agree(text: str) -> None:
    taken, parts = measured(text), split(text)
    assert taken.encoding is (GSM if set(text) <= TABLE.keys() else UCS2)
    assert taken.characters == len(text)
    assert taken.units == units_of(text, taken.encoding) == sum(part.units for part in parts)
    assert taken.parts == len(parts)
    if taken.parts <= MAX_PARTS:
        assert measure(text) == taken
        message = compose(text, reference=0)
        assert message.encoding is taken.encoding
        assert [part.text for part in receive(message)] == [part.text for part in parts]


@given(TEXTS)
def test_parts_are_filled_as_far_as_whole_characters_go(text: str) -> None:
    encoding, parts = measured(text).encoding, split(text)
    limit = ALONE[encoding] if len(parts) == 1 else EACH[encoding]
    assert (len(parts) > 1) == (units_of(text, encoding) > ALONE[encoding])
    for part in parts:
        assert part.units == units_of(part.text, encoding)
        assert 0 <= part.left == limit - part.units
    for part, following in pairwise(parts):
        assert part.left < units_of(following.text[0], encoding)


@given(TEXTS)
def test_units_alone_tell_the_parts_nearly(text: str) -> None:
    taken = measured(text)
    wide = taken.units > taken.characters
    fewest, most = fewest_and_most(taken.encoding, taken.units, wide=wide)
    assert fewest <= taken.parts <= most
    if not wide:
        assert fewest == most


@pytest.mark.parametrize(
    ("fewest", "most"),
    [
        ("a" * 151 + "€" + "a" * 153, "a" * 152 + "€" + "a" * 152),
        ("a" * 65 + SMILE + "a" * 67, "a" * 66 + SMILE + "a" * 66),
    ],
)
def test_as_few_and_as_many_parts_as_units_can_take(fewest: str, most: str) -> None:
    assert measure(fewest).units == measure(most).units
    taken = measure(fewest).parts, measure(most).parts
    assert taken == (2, 3)
    assert taken == fewest_and_most(measure(most).encoding, measure(most).units, wide=True)


def test_parts_tell_what_is_left_in_them() -> None:
    assert split("ab€") == (Part("ab€", 4, 156),)
    assert split(CYRILLIC) == (Part(CYRILLIC, 1, 69),)
    assert split("a" * 152 + "€bcdefgh") == (Part("a" * 152, 152, 1), Part("€bcdefgh", 9, 144))


def test_one_part_has_no_header() -> None:
    assert compose("a€", reference=7) == Message(GSM, 0, (b"a\x1b\x65",), udh=False)
    assert compose(CYRILLIC, reference=7) == Message(UCS2, 8, (b"\x04\x16",), udh=False)


def test_several_parts_have_reference_total_and_number() -> None:
    message = compose("a" * 307, reference=255)
    assert message == Message(
        GSM,
        0,
        (
            b"\x05\x00\x03\xff\x03\x01" + b"a" * 153,
            b"\x05\x00\x03\xff\x03\x02" + b"a" * 153,
            b"\x05\x00\x03\xff\x03\x03a",
        ),
        udh=True,
    )
    second = compose(CYRILLIC * 71, reference=0).parts[1]
    assert second == b"\x05\x00\x03\x00\x02\x02" + b"\x04\x16" * 4


@pytest.mark.parametrize("reference", [-1, 256])
def test_a_reference_takes_one_octet(reference: int) -> None:
    with pytest.raises(ValueError, match="reference"):
        compose("a", reference=reference)


@pytest.mark.parametrize("text", ["ab\ud83d", "ab\udc00c", "ab\ude00\ud83d"])
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(BrokenText, match="Character 3") as refusal:
        compose(text, reference=0)
    assert refusal.value.position == 2
    assert isinstance(refusal.value, TextError)
    for asked in (measure, split):
        with pytest.raises(BrokenText):
            asked(text)


# --- beside smpplib ---


def bodies(parts: list[bytes] | tuple[bytes, ...]) -> list[bytes]:
    """Without the reference, which smpplib draws by lot."""
    if len(parts) == 1:
        return list(parts)
    return [part[:3] + part[4:] for part in parts]


def by_smpplib(text: str) -> tuple[list[bytes], int]:
    parts, encoding, _ = theirs.make_parts(text)
    return bodies(parts), encoding


def by_us(text: str) -> tuple[list[bytes], int]:
    message = compose(text, reference=0)
    return bodies(message.parts), message.data_coding


# Where smpplib is right: all of GSM but what it has wrong below, and all of UCS-2's plane; beyond
# them where no part's boundary is near.
COMMON = st.sampled_from(sorted(set(TABLE) - set("§\f^{}\\[~]|€")))
NARROW = st.sampled_from([CYRILLIC, "\u2019", "a", "\u05e9", "\uffff"])


@given(
    st.text(COMMON, max_size=400)
    | st.text(st.sampled_from(sorted(set(TABLE) - set("§\f"))), max_size=80)
    | st.text(NARROW, max_size=200)
    | st.text(st.sampled_from([CYRILLIC, SMILE]), max_size=35)
    | st.builds(str.__mul__, st.sampled_from(["a", CYRILLIC]), st.integers(0, 670))
)
def test_smpplib_makes_the_same_parts(text: str) -> None:
    assert by_us(text) == by_smpplib(text)


@pytest.mark.parametrize(
    ("text", "made", "ours"),
    [
        # It knows no form feed and no §: they make it UCS-2.
        pytest.param("§", ([b"\x00\xa7"], 8), ([b"\x5f"], 0), id="§"),
        pytest.param("\f", ([b"\x00\x0c"], 8), ([b"\x1b\x0a"], 0), id="form feed"),
        # Its table has "`" in every empty place, the first of which is that of §.
        pytest.param("`", ([b"\x5f"], 0), ([b"\x00\x60"], 8), id="` arrives as §"),
        # A bare escape: the next character becomes another one, or a space.
        pytest.param("\x1be", ([b"\x1be"], 0), ([b"\x00\x1b\x00e"], 8), id="ESC e arrives as €"),
        pytest.param(
            "a" * 152 + "€" * 5,
            ([b"\x05\x00\x03\x02\x01" + b"a" * 152 + b"\x1b", b""], 0),
            ([b"\x05\x00\x03\x02\x01" + b"a" * 152, b""], 0),
            id="an escape is cut off",
        ),
        pytest.param(
            "a" * 66 + SMILE * 3,
            ([b"\x05\x00\x03\x02\x01" + b"\x00a" * 66 + b"\xd8\x3d", b""], 8),
            ([b"\x05\x00\x03\x02\x01" + b"\x00a" * 66, b""], 8),
            id="a surrogate is cut off",
        ),
    ],
)
def test_where_smpplib_is_wrong(
    text: str, made: tuple[list[bytes], int], ours: tuple[list[bytes], int]
) -> None:
    """Of several parts, the first is told."""

    def first(answer: tuple[list[bytes], int]) -> tuple[bytes, int]:
        return answer[0][0], answer[1]

    assert first(by_smpplib(text)) == first(made)
    assert first(by_us(text)) == first(ours)


def test_smpplib_goes_on_after_ten_parts() -> None:
    assert len(by_smpplib("a" * 1531)[0]) == 11
