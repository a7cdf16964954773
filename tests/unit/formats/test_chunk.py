from __future__ import annotations

import zlib
from array import array
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.formats import chunk
from chalicelib.domain.formats.chunk import HOLES_FROM, MAX_RECIPIENTS, MAX_VALUES, Chunk
from chalicelib.domain.formats.frame import FormatError, number, texts
from chalicelib.domain.tokens import Mixer
from chalicelib.sms.columns import COLUMNS_MAX, VALUE_MAX
from chalicelib.sms.merge import NAME_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

MIXER = Mixer.of(b"key")
U64 = st.integers(0, 2**64 - 1)
NUMBERS = st.lists(U64, max_size=30, unique=True)
NAMES = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), max_size=4, unique=True
)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), max_size=VALUE_MAX)


def make(numbers: Sequence[int], columns: dict[str, Sequence[str]] | None = None) -> Chunk:
    return Chunk(array("Q", numbers), columns or {})


def in_order(numbers: Sequence[int]) -> list[int]:
    return sorted(numbers, key=MIXER.token)


@given(NUMBERS)
def test_a_chunk_comes_back(numbers: list[int]) -> None:
    whole = make(numbers)
    data = chunk.encode(whole)
    assert chunk.decode(data) == whole
    assert chunk.encode(chunk.decode(data)) == data


@given(NUMBERS, NAMES, st.data())
def test_of_its_columns_those_come_back_that_are_asked_for(
    numbers: list[int], names: list[str], data: st.DataObject
) -> None:
    values = st.lists(VALUES, min_size=len(numbers), max_size=len(numbers))
    columns: dict[str, Sequence[str]] = {name: data.draw(values) for name in names}
    whole = make(numbers, columns)
    packed = chunk.encode(whole)
    assert chunk.decode(packed, names) == whole
    assert chunk.decode(packed) == make(numbers)
    some = data.draw(st.sets(st.sampled_from(names))) if names else set()
    assert chunk.decode(packed, {*some, "stranger"}).columns == {
        name: columns[name] for name in some
    }


@given(NUMBERS, U64)
def test_a_recipient_is_found_by_its_number(numbers: list[int], stranger: int) -> None:
    whole = make(in_order(numbers))
    for wanted in (*numbers, stranger, stranger + 2**64):
        found = chunk.find(whole, MIXER, wanted)
        assert found == (whole.numbers.index(wanted) if wanted in numbers else None)


@given(st.lists(U64, max_size=30), U64)
def test_numbers_in_a_wrong_order_are_not_looked_at_for_ever(
    numbers: list[int], wanted: int
) -> None:
    found = chunk.find(make(numbers), MIXER, wanted)
    assert found is None or numbers[found] == wanted


def test_few_of_the_recipients_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make(in_order(range(447_400_000_000, 447_400_010_000)))
    looks = 0
    token = Mixer.token

    def counted(mixer: Mixer, wanted: int) -> int:
        nonlocal looks
        looks += 1
        return token(mixer, wanted)

    monkeypatch.setattr(Mixer, "token", counted)
    for place in range(0, MAX_RECIPIENTS, 10):
        assert chunk.find(whole, MIXER, whole.numbers[place]) == place
    assert looks < 8 * MAX_RECIPIENTS / 10


def test_the_bytes_stay_what_they_are() -> None:
    data = chunk.encode(make([0x11, 0x2122]))
    assert data[:4] == b"MCC\x03"
    planes = "0000 0000 0000 0000 0000 0000 0021 1122"
    assert zlib.decompress(data[4:]) == bytes.fromhex(f"00000002 {planes} 00")


def test_the_bytes_of_columns_stay_what_they_are() -> None:
    data = chunk.encode(make([2, 4], {"ort": ["", "Zoë"], "a": ["x", "yz"]}))
    assert data[:4] == b"MCC\x03"
    names = b"\x02" + b"\x03\x01" + b"\0\0\0\x04orta"
    values = b"\0\0\0\x0a" + "\x1fx\x1fZoë\x1fyz".encode()
    assert zlib.decompress(data[4:])[4 + 2 * 8 :] == names + values


def test_a_full_chunk_fits_and_is_small() -> None:
    full = make(in_order([447_000_000_000 + place * 7919 for place in range(10_000)]))
    data = chunk.encode(full)
    assert chunk.decode(data) == full
    assert len(data) < 10_000 * 4


def test_the_fullest_chunk_with_the_longest_names_fits() -> None:
    share = MAX_VALUES // MAX_RECIPIENTS // COLUMNS_MAX - 1
    value = "ü" * (share // 2) + "x" * (share % 2)
    columns: dict[str, Sequence[str]] = {
        chr(0x10000 + place) * NAME_MAX: [value] * MAX_RECIPIENTS for place in range(COLUMNS_MAX)
    }
    full = make(range(MAX_RECIPIENTS), columns)
    assert chunk.decode(chunk.encode(full), columns) == full


def test_words_are_found_again() -> None:
    names = [f"Anna {place % 300}" for place in range(10_000)]
    numbers = [447_000_000_000 + place * 7919 for place in range(10_000)]
    bare = len(chunk.encode(make(numbers)))
    assert len(chunk.encode(make(numbers, {"name": names}))) - bare < 10_000 * 3


def test_whatever_packs_as_zlib_does_will_do() -> None:
    packed = chunk.sealed(bytes(8), ["a"], b"x", lambda data: zlib.compress(data, 9))
    assert chunk.decode(packed, ["a"]) == make([0], {"a": ["x"]})


@given(st.binary(max_size=80))
def test_any_bytes_are_a_chunk_or_refused(data: bytes) -> None:
    columns = sealed(number(0) + data)
    for candidate in (data, b"MCC\x03" + data, sealed(data), columns):
        try:
            chunk.decode(candidate, {"a"})
        except FormatError:
            continue


@given(NUMBERS, st.data())
def test_damage_is_noticed(numbers: list[int], data: st.DataObject) -> None:
    whole = chunk.encode(make(numbers))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(FormatError):
        chunk.decode(whole[:cut])
    with pytest.raises(FormatError):
        chunk.decode(whole + b"x")
    with pytest.raises(FormatError):
        chunk.decode(whole[:cut] + bytes((whole[cut] ^ 0xFF,)) + whole[cut + 1 :])


def sealed(body: bytes) -> bytes:
    return b"MCC\x03" + zlib.compress(body)


def of_one(*columns: bytes) -> bytes:
    """A chunk of one recipient: its number of columns and what follows."""
    return sealed(number(1) + bytes(8) + b"".join(columns))


def values(octets: bytes) -> bytes:
    return number(len(octets)) + octets


MANY = [f"{place:02}" for place in range(COLUMNS_MAX + 1)]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"MCC\x02" + zlib.compress(b""), "version"),
        (sealed(number(1) + bytes(7)), "missing"),
        (of_one(), "missing"),
        (of_one(b"\0", b"\0"), "left over"),
        (sealed(number(2**32 - 1)), "missing"),
        (sealed(number(10_001) + bytes(80_008) + b"\0"), "at most"),
        (sealed(bytes(10**8)), "more than"),
        (of_one(b"\1", texts(["a"])), "missing"),
        (of_one(b"\1", texts(["a"]), number(9), b"x"), "missing"),
        (of_one(b"\1", texts(["b"]), number(9), b"x"), "missing"),
        (of_one(b"\1", texts(["a"]), values(b"\xff")), "UTF-8"),
        (of_one(b"\1", texts(["a"]), values(b"x\x1fy")), "a value for each"),
        (of_one(b"\2", texts(["a", "b"]), values(b"x")), "a value for each"),
        (sealed(number(0) + b"\1" + texts(["a"]) + values(b"x")), "a value for each"),
        (of_one(b"\1", texts(["\ud800"]), values(b"x")), "UTF-8"),
        (of_one(b"\1", texts([""]), values(b"x")), "names of 1 to 64"),
        (of_one(b"\1", texts(["n" * 65]), values(b"x")), "names of 1 to 64"),
        (of_one(b"\2", texts(["a", "a"]), values(b"x\x1fy")), "each column once"),
        (of_one(b"\x15", texts(MANY), values(b"\x1f" * 20)), "20 columns at most"),
    ],
)
def test_a_chunk_that_is_none_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        chunk.decode(data, {"a"})


@pytest.mark.parametrize(
    ("numbers", "columns", "complaint"),
    [
        ([0] * 10_001, {}, "10000 recipients at most"),
        ([1], {"a": []}, "a value for each"),
        ([1], {"a": ["x", "y"]}, "a value for each"),
        ([], {name: [] for name in MANY}, "20 columns at most"),
        ([], {"": []}, "names of 1 to 64"),
        ([], {"n" * 65: []}, "names of 1 to 64"),
    ],
)
def test_a_chunk_that_could_not_be_used_is_not_made(
    numbers: list[int], columns: dict[str, list[str]], complaint: str
) -> None:
    with pytest.raises(FormatError, match=complaint):
        make(numbers, {**columns})


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"a": ["x" * 256]}, "'a' is too long"),
        ({"a": ["x\x1fy"]}, "parts values"),
        ({"a": ["\ud83d"]}, "half a character"),
        ({"\ud83d": ["x"]}, "half a character"),
    ],
)
def test_a_value_that_could_not_be_read_is_not_written(
    columns: dict[str, list[str]], complaint: str
) -> None:
    with pytest.raises(FormatError, match=complaint):
        chunk.encode(make([2], {**columns}))


def test_values_have_a_limit_together() -> None:
    columns: dict[str, Sequence[str]] = {
        str(place): ["x" * VALUE_MAX] * MAX_RECIPIENTS for place in range(4)
    }
    with pytest.raises(FormatError, match="is the limit"):
        chunk.encode(make(range(MAX_RECIPIENTS), columns))


# --- erased numbers ---

PHONES = st.lists(st.integers(10_000, HOLES_FROM - 1), min_size=1, max_size=30, unique=True)


@given(PHONES, st.data())
def test_a_hole_takes_a_place_and_nothing_else_moves(
    numbers: list[int], data: st.DataObject
) -> None:
    ordered = in_order(numbers)
    names = [f"name {phone}" for phone in ordered]
    whole = make(ordered, {"name": names, "city": ["Ulm"] * len(ordered)})
    gone: set[int] = set()
    for place in data.draw(st.lists(st.sampled_from(range(len(ordered))), unique=True)):
        whole = chunk.erased(whole, MIXER, place, (-1, 2**64))
        gone.add(place)
    assert chunk.holes(whole.numbers) == sorted(gone)
    assert in_order(whole.numbers) == list(whole.numbers)
    for place, phone in enumerate(ordered):
        if place in gone:
            assert chunk.is_hole(whole.numbers[place])
            assert chunk.find(whole, MIXER, phone) is None
            assert {values[place] for values in whole.columns.values()} == {""}
        else:
            assert chunk.find(whole, MIXER, phone) == place
            assert whole.columns["name"][place] == names[place]
            assert whole.columns["city"][place] == "Ulm"
    assert chunk.decode(chunk.encode(whole), None) == whole
    left = [place for place in range(len(ordered)) if place not in gone]
    assert chunk.without_holes(whole) == make(
        [ordered[place] for place in left],
        {"name": [names[place] for place in left], "city": ["Ulm"] * len(left)},
    )


def test_a_hole_lies_within_its_chunk_and_tells_nothing_of_the_number() -> None:
    one, two, three = in_order([447_700_900_001, 447_700_900_002, 447_700_900_003])
    low, high = MIXER.token(one), MIXER.token(three)
    holed = chunk.erased(make([two]), MIXER, 0, (low, high)).numbers[0]
    assert low < MIXER.token(holed) < high
    other = 447_700_900_999
    assert chunk.erased(make([other]), MIXER, 0, (low, high)).numbers[0] == holed


def test_where_there_is_room_for_none_but_the_number_it_is_refused() -> None:
    phone = 447_700_900_001
    token = MIXER.token(phone)
    with pytest.raises(FormatError, match="no room"):
        chunk.erased(make([phone]), MIXER, 0, (token - 1, token + 1))
    beside = chunk.erased(make([phone]), MIXER, 0, (token - 2, token + 1)).numbers[0]
    assert MIXER.token(beside) == token - 1


@pytest.mark.parametrize(("phone", "hole"), [(10**15 - 1, False), (10**15, True), (0, False)])
def test_no_phone_number_is_a_hole(phone: int, *, hole: bool) -> None:
    assert chunk.is_hole(phone) is hole
    assert chunk.holes([phone]) == ([0] if hole else [])


def test_a_chunk_without_holes_is_taken_as_it_is() -> None:
    whole = make([1, 2, 3])
    assert chunk.without_holes(whole) is whole
    assert chunk.holes([]) == []


# --- its numbers alone ---


@given(st.lists(st.integers(0, 2**64 - 1), max_size=50))
def test_numbers_are_read_without_the_rest(numbers: list[int]) -> None:
    whole = make(numbers, {"name": ["x" * 200] * len(numbers)})
    assert chunk.decode_numbers(chunk.encode(whole)) == make(numbers)


def test_the_beginning_of_a_chunk_has_its_numbers() -> None:
    """However little they, and what follows, can be packed."""
    chance = Random(1)  # noqa: S311 - the same numbers each time
    numbers = array("Q", [chance.getrandbits(64) for _ in range(chunk.MAX_RECIPIENTS)])
    words = [f"{chance.getrandbits(1_000):x}"[:200] for _ in numbers]
    bare, wordy = chunk.encode(make(numbers)), chunk.encode(make(numbers, {"name": words}))
    for data in (bare, wordy):
        assert chunk.decode_numbers(data[: chunk.NUMBERS_OCTETS]).numbers == numbers
    assert len(wordy) > 3 * chunk.NUMBERS_OCTETS


def test_a_beginning_that_is_too_short_is_refused() -> None:
    data = chunk.encode(Chunk(array("Q", range(1_000, 2_000))))
    with pytest.raises(FormatError, match="cut short"):
        chunk.decode_numbers(data[:100])


def test_a_beginning_that_is_damaged_is_refused() -> None:
    with pytest.raises(FormatError, match="damaged"):
        chunk.decode_numbers(chunk.encode(Chunk(array("Q", [1])))[:4] + b"\xff" * 9)
    with pytest.raises(FormatError, match="no chunk"):
        chunk.decode_numbers(b"MCL\x03")
