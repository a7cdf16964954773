from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sms import gsm
from chalicelib.sms.parts import (
    BrokenText,
    Encoding,
    Measure,
    Message,
    TextError,
    TooLong,
    compose,
    measure,
)

# Even of wide characters alone these take ten parts at most.
GSM_TEXTS = st.text(st.sampled_from("abc @§\n€[]\f"), max_size=760)
ALL_TEXTS = st.text(st.sampled_from("abЖ€`😀𝄞"), max_size=330)
CODE = re.compile(rb"\x1b?.", re.DOTALL)
REFERENCES = st.integers(0, 255)


def units_of(text: str, encoding: Encoding) -> int:
    return gsm.septets(text) if encoding is Encoding.GSM7 else len(text.encode("utf-16-be")) // 2


def body(message: Message, part: bytes) -> bytes:
    return part[6:] if message.udh else part


def decode(message: Message) -> list[str]:
    """Each part's text, read by itself: fails if a character is split."""
    if message.encoding is Encoding.UCS2:
        return [body(message, part).decode("utf-16-be") for part in message.parts]
    characters = {gsm.encode(char): char for char in "abc @§\n€[]\f"}
    return [
        "".join(characters[code] for code in CODE.findall(body(message, part)))
        for part in message.parts
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Measure(Encoding.GSM7, 0, 0, 1)),
        ("a" * 160, Measure(Encoding.GSM7, 160, 160, 1)),
        ("a" * 161, Measure(Encoding.GSM7, 161, 161, 2)),
        ("a" * 306, Measure(Encoding.GSM7, 306, 306, 2)),
        ("a" * 307, Measure(Encoding.GSM7, 307, 307, 3)),
        ("a" * 1530, Measure(Encoding.GSM7, 1530, 1530, 10)),
        ("€" * 80, Measure(Encoding.GSM7, 80, 160, 1)),
        ("€" * 81, Measure(Encoding.GSM7, 81, 162, 2)),
        # 76 pairs and one septet left over in each part: 153 pairs do not fit into two.
        ("€" * 152, Measure(Encoding.GSM7, 152, 304, 2)),
        ("€" * 153, Measure(Encoding.GSM7, 153, 306, 3)),
        ("a" * 152 + "€" + "a" * 152, Measure(Encoding.GSM7, 305, 306, 3)),
        ("§" * 160, Measure(Encoding.GSM7, 160, 160, 1)),
        ("\f" * 80, Measure(Encoding.GSM7, 80, 160, 1)),
        ("`" * 70, Measure(Encoding.UCS2, 70, 70, 1)),
        ("`" * 71, Measure(Encoding.UCS2, 71, 71, 2)),
        ("Ж" * 670, Measure(Encoding.UCS2, 670, 670, 10)),
        ("😀" * 35, Measure(Encoding.UCS2, 35, 70, 1)),
        ("😀" * 36, Measure(Encoding.UCS2, 36, 72, 2)),
        ("😀" * 67, Measure(Encoding.UCS2, 67, 134, 3)),
        ("\uffff" * 70, Measure(Encoding.UCS2, 70, 70, 1)),
        ("\U00010000" * 36, Measure(Encoding.UCS2, 36, 72, 2)),
    ],
)
def test_a_text_is_measured(text: str, expected: Measure) -> None:
    assert measure(text) == expected
    assert len(compose(text, reference=0).parts) == expected.parts


@given(GSM_TEXTS | ALL_TEXTS, REFERENCES)
def test_parts_hold_the_whole_text_and_split_no_character(text: str, reference: int) -> None:
    message = compose(text, reference=reference)
    assert "".join(decode(message)) == text


@given(GSM_TEXTS | ALL_TEXTS, REFERENCES)
def test_parts_are_filled_as_far_as_whole_characters_go(text: str, reference: int) -> None:
    message = compose(text, reference=reference)
    alone, each = (160, 153) if message.encoding is Encoding.GSM7 else (70, 67)
    texts = decode(message)
    sizes = [units_of(part, message.encoding) for part in texts]
    assert message.udh == (sum(sizes) > alone)
    assert all(size <= (each if message.udh else alone) for size in sizes)
    for size, following in zip(sizes, texts[1:], strict=False):
        assert size + units_of(following[0], message.encoding) > each
    assert measure(text) == Measure(message.encoding, len(text), sum(sizes), len(texts))


def test_one_part_has_no_header() -> None:
    assert compose("a€", reference=7) == Message(Encoding.GSM7, 0, (b"a\x1b\x65",), udh=False)
    assert compose("Ж", reference=7) == Message(Encoding.UCS2, 8, (b"\x04\x16",), udh=False)


def test_several_parts_have_reference_total_and_number() -> None:
    message = compose("a" * 307, reference=255)
    assert message == Message(
        Encoding.GSM7,
        0,
        (
            b"\x05\x00\x03\xff\x03\x01" + b"a" * 153,
            b"\x05\x00\x03\xff\x03\x02" + b"a" * 153,
            b"\x05\x00\x03\xff\x03\x03a",
        ),
        udh=True,
    )
    assert compose("Ж" * 71, reference=0).parts[1] == b"\x05\x00\x03\x00\x02\x02" + b"\x04\x16" * 4


@pytest.mark.parametrize("reference", [-1, 256])
def test_a_reference_takes_one_octet(reference: int) -> None:
    with pytest.raises(ValueError, match="reference"):
        compose("a", reference=reference)


@pytest.mark.parametrize(
    ("text", "units", "parts"),
    [("a" * 1531, 1531, 11), ("€" * 761, 1522, 11), ("Ж" * 671, 671, 11)],
)
def test_more_than_ten_parts_are_refused_with_counts(text: str, units: int, parts: int) -> None:
    with pytest.raises(TooLong, match=f"{parts} parts") as refusal:
        compose(text, reference=0)
    assert (refusal.value.units, refusal.value.parts, refusal.value.limit) == (units, parts, 10)
    with pytest.raises(TooLong) as refusal:
        measure(text)
    assert refusal.value.measure.characters == len(text)


@pytest.mark.parametrize("text", ["ab\ud83d", "ab\udc00c"])
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(BrokenText, match="Character 3") as refusal:
        compose(text, reference=0)
    assert refusal.value.position == 2
    assert isinstance(refusal.value, TextError)
