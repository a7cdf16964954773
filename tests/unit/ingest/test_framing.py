"""Uploaded tables, cut into blocks: every good form gives the same fields, every bad one a clear
no.
"""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.tokens import Mixer
from chalicelib.sms.numbering import plans
from chalicelib.sms.table import RECORD_MAX, cells, first
from chalicelib.sms.unpacking import BadFile, lines_of, unpack
from functions.ingest import fields, framing
from functions.ingest.framing import Framer
from functions.ingest.numbers import Judge
from functions.ingest.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from functions.ingest.framing import Block

LIMIT = 10_000_000
ROWS = [(1, "447400123456"), (2, "+33612345678"), (3, "0049 1512 3456789")]
PLAIN = "".join(f"{number},Zoë\n" for _, number in ROWS)


def column(data: bytes | Iterable[bytes], *, delimited: bool = True) -> list[tuple[int, str]]:
    return [(line, field) for line, field, _ in rows_of(data, delimited=delimited)]


def rows_of(
    data: bytes | Iterable[bytes], *, delimited: bool = True
) -> list[tuple[int, str, list[str]]]:
    """Line, first field and values of each record, as the blocks have them."""
    framer = framer_of(data, delimited=delimited)
    found = list(told(framer.begin(), framer))
    reader = Reader(framer.layout, None, judge(), Mixer.of(b"k" * 32))
    for block in framer.blocks():
        reader.read(block)
        found += told(block, framer)
    return found


@cache
def judge() -> Judge:
    return Judge(plans(), None)


def framer_of(data: bytes | Iterable[bytes], *, delimited: bool = True) -> Framer:
    blocks = [data] if isinstance(data, bytes) else data
    return Framer(lines_of(unpack(blocks, LIMIT)), delimited=delimited)


def told(block: Block, framer: Framer) -> Iterator[tuple[int, str, list[str]]]:
    layout = framer.layout
    if layout is None:
        lines = block.records or enumerate(block.octets.decode().split("\n"), block.line)
        yield from ((at, line.strip(), []) for at, line in lines if line.strip())
        return
    for line, record in block.records or seen(block, layout.delimiter):
        if record.strip(" ,;\t"):
            places = layout.places
            values = cells(record, layout.delimiter, max(places, default=0) + 1)
            yield line, first(record, layout.delimiter), [values[place] for place in places]


def seen(block: Block, delimiter: str) -> Iterator[tuple[int, str]]:
    found = fields.records_of(block, delimiter)
    for line, start, end in zip(found.lines, found.starts, found.ends, strict=True):
        yield int(line), block.octets[start:end].decode()


def columns_of(text: str, *, delimited: bool = True) -> tuple[str, ...]:
    framer = framer_of(text.encode(), delimited=delimited)
    framer.begin()
    return framer.layout.columns if framer.layout else ()


@pytest.fixture(autouse=True, params=[framing.BLOCK, 40, 1])
def _block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "BLOCK", request.param)


def bytewise(data: bytes, step: int = 1) -> list[bytes]:
    return [data[at : at + step] for at in range(0, len(data), step)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PLAIN.encode(), id="utf-8"),
        pytest.param(PLAIN.encode("utf-8-sig"), id="utf-8 with its mark"),
        pytest.param(PLAIN.encode("utf-16"), id="utf-16 with its mark"),
        pytest.param(b"\xfe\xff" + PLAIN.encode("utf-16-be"), id="utf-16, big end first"),
        pytest.param(PLAIN.encode("utf-16-le"), id="utf-16 without a mark, little end first"),
        pytest.param(PLAIN.encode("utf-16-be"), id="utf-16 without a mark, big end first"),
        pytest.param(PLAIN.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(PLAIN.replace("\n", "\r\n").encode("utf-16"), id="CRLF in utf-16"),
        pytest.param(PLAIN.replace("\n", "\r").encode(), id="CR alone"),
        pytest.param(PLAIN.removesuffix("\n").encode(), id="no final newline"),
        pytest.param(PLAIN.replace(",", ";").encode(), id="semicolon"),
        pytest.param(PLAIN.replace(",", "\t").encode(), id="tab"),
        pytest.param(PLAIN.replace(",", ";a, b,\t").encode(), id="the first delimiter counts"),
        pytest.param(PLAIN.replace("Zoë", '12" pizza').encode(), id="an inch sign inside a field"),
        pytest.param(PLAIN.replace("Zoë", ' "Z, ""oë"""').encode(), id="quotes after a space"),
        pytest.param((PLAIN + "\n \n,,,\n;;\n").encode(), id="blank rows below"),
        pytest.param(gzip.compress(PLAIN.encode()), id="gzip"),
        pytest.param(gzip.compress(PLAIN.encode("utf-16")), id="utf-16 in gzip"),
        pytest.param(
            gzip.compress(PLAIN[:20].encode()) + gzip.compress(PLAIN[20:].encode()) + b"\0\0",
            id="gzip of two members, padded",
        ),
    ],
)
def test_every_form_of_a_table_reads_alike_whole_and_bytewise(data: bytes) -> None:
    assert column(data) == ROWS
    assert column(bytewise(data)) == ROWS


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("\n\r\n  \n", []),
        ("phone\n", []),
        ("phone;name\n1;2\n", [(2, "1")]),
        ("\nMobil 2\n447400123456\n", [(3, "447400123456")]),
        ("телефон\n1\n", [(2, "1")]),
        ("phone\nphone\n", [(2, "phone")]),
        ("o447400123456\n", [(1, "o447400123456")]),
        ("#\n", [(1, "#")]),
        (",no number\n", [(1, "")]),
        ('"447400123456"\n', [(1, "447400123456")]),
        ('"4474""00";x\n', [(1, '4474"00')]),
        ('"4474"00,x\n', [(1, "447400")]),
        ('"1;2"\t3\n"4\t5"\t6', [(1, "1;2"), (2, "4\t5")]),
        ('1,"two\nlines"\n"\n3",4\n5,"",""\n6', [(1, "1"), (3, "3"), (5, "5"), (6, "6")]),
        ('1,"a"\n2,""\n3,"x ""y"" "', [(1, "1"), (2, "2"), (3, "3")]),
        ('"unclosed only here\n",x\n', []),
    ],
)
def test_records_lines_and_headings(text: str, rows: list[tuple[int, str]]) -> None:
    assert column(text.encode()) == rows
    assert column(bytewise(text.encode())) == rows


def test_without_delimiters_every_line_is_one_field() -> None:
    text = 'Numbers, all\n\n447400123456, "x\n 1\t2 \n"\n'
    rows = [(3, '447400123456, "x'), (4, "1\t2"), (5, '"')]
    assert column(text.encode(), delimited=False) == rows


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("phone,Name,City\n1,Zoë,Ghent\n", ("name", "city"), [["Zoë", "Ghent"]]),
        ("phone;a;b\n1;x,y;z\n2;;\n3\n", ("a", "b"), [["x,y", "z"], ["", ""], ["", ""]]),
        ("phone,a,a,b\n1,2,3,4,5,6\n", ("b",), [["4"]]),
        ('phone,"First\nname"\n1,"two\nlines"\n', ("first name",), [["two\nlines"]]),
        ('phone,a,b\n1,"x, ""y""", z\n', ("a", "b"), [['x, "y"', " z"]]),
        ('phone,a,b\n1, "x" y ,"z\n', ("a", "b"), None),
        ('phone,a,b\n1,5" x,z\n', ("a", "b"), [['5" x', "z"]]),
        ('phone,a,b\n1, "x"y,z\n"2",\n', ("a", "b"), [["xy", "z"], ["", ""]]),
        ('phone,,a\n\n,,\n1,"2","3"\n', ("a",), [["3"]]),
        ("phone\n1\n", (), [[]]),
        ("1,x\n2,y\n", (), [[], []]),
        ("phone,1st|2nd\n1,x\n", (), [[]]),
        ("", (), []),
        ("phone,a\n", ("a",), []),
    ],
)
def test_a_heading_names_the_cells_behind_the_number(
    text: str, columns: tuple[str, ...], rows: list[list[str]] | None
) -> None:
    assert columns_of(text) == columns
    for blocks in ([text.encode()], bytewise(text.encode())):
        if rows is None:
            with pytest.raises(BadFile, match="opens a quote"):
                rows_of(blocks)
        else:
            assert [cells for _, _, cells in rows_of(blocks)] == rows


def test_a_text_file_has_no_columns() -> None:
    assert columns_of("phone,name\n1,x\n", delimited=False) == ()
    assert rows_of(b"phone,name\n1,x\n", delimited=False) == [(2, "1,x", [])]
    assert rows_of(b"12345,x\n2\n", delimited=False) == [(1, "12345,x", []), (2, "2", [])]
    assert rows_of(b"\n", delimited=False) == []


BINARY = "The file is binary, not text. Save it as CSV or text in UTF-8."
NOT_UNICODE = "The file is neither UTF-8 nor UTF-16 text. Save it as CSV or text in UTF-8."
UNCLOSED = 'Line 3 opens a quote (") that nothing closes. Close it, or remove it.'
TOO_LONG = f"Line 2 is longer than {RECORD_MAX} characters. Put each recipient on a line."
DAMAGED = "The gzip file is damaged. Pack it again and upload that."
CUT = "The gzip file ends too early. Pack it again and upload that."
PACKED = gzip.compress(PLAIN.encode())


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        pytest.param(b"447400123456\n44\x0074\n", BINARY, id="a NUL"),
        pytest.param(b"\0", BINARY, id="one NUL and no more"),
        pytest.param("447400123456\n".encode("utf-32-le"), BINARY, id="utf-32"),
        pytest.param(b"\x89PNG\r\n\x1a\n", NOT_UNICODE, id="a picture"),
        pytest.param(b"447400123456,Zo\xeb\n", NOT_UNICODE, id="latin-1"),
        pytest.param(b"447400123456,Zo\xc3", NOT_UNICODE, id="cut within a character"),
        pytest.param(PLAIN.encode("utf-16")[:-1], NOT_UNICODE, id="utf-16 cut in half"),
        pytest.param(gzip.compress(PACKED), NOT_UNICODE, id="gzip in gzip"),
        pytest.param(b'1\n2\n3,"x\n4\n5\n', UNCLOSED, id="unclosed to the end"),
        pytest.param(b'1\n2\n"3\n' + b"4\n" * RECORD_MAX, UNCLOSED, id="unclosed for long"),
        pytest.param(b"1\n" + b"2" * (RECORD_MAX + 1), TOO_LONG, id="a long last line"),
        pytest.param(b"1\n" + b"2" * (RECORD_MAX + 1) + b"\n3\n", TOO_LONG, id="a long line"),
        pytest.param(PACKED[:-9], CUT, id="gzip cut"),
        pytest.param(PACKED[:2], CUT, id="gzip's mark alone"),
        pytest.param(PACKED[:-8] + b"\xff" * 8, DAMAGED, id="gzip with a wrong sum"),
        pytest.param(PACKED + b"rest", DAMAGED, id="gzip with a tail"),
    ],
)
def test_a_bad_file_is_refused_with_a_clear_sentence(data: bytes, failure: str) -> None:
    for blocks in ([data], bytewise(data, 1 + len(data) // 1000)):
        with pytest.raises(BadFile) as caught:
            column(blocks)
        assert str(caught.value) == failure


def test_the_limit_holds_for_the_object_and_for_what_it_unpacks_to() -> None:
    data = b"447400123456\n" * 100
    packed = gzip.compress(data)
    for form in (data, packed):
        assert b"".join(unpack([form], len(data))) == data
        with pytest.raises(BadFile, match=r"^The file is larger than 1299 bytes"):
            list(unpack([form], len(data) - 1))
    with pytest.raises(BadFile, match=f"^The file is larger than {len(packed) - 1} bytes"):
        list(unpack([packed], len(packed) - 1))


def test_a_gzip_bomb_goes_off_in_little_memory() -> None:
    bomb = gzip.compress(b"\n" * 100_000_000, compresslevel=1)
    tracemalloc.start()
    try:
        with pytest.raises(BadFile, match="larger than"):
            assert sum(map(len, unpack([bomb], LIMIT)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < LIMIT / 5


def test_an_endless_quote_is_noticed_early() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b'1,"'
        while True:
            taken += 1
            yield b"2,x\n" * 1000

    with pytest.raises(BadFile, match="Line 1 opens a quote"):
        column(endless())
    assert taken < 200


cell = st.text(st.sampled_from('1234567890 +,;"\n\tx'), max_size=8)


@given(
    table=st.lists(st.lists(cell, min_size=2, max_size=4), max_size=8),
    delimiter=st.sampled_from(",;\t"),
    quoted=st.booleans(),
)
def test_what_the_csv_module_writes_is_read_as_it_was(
    table: list[list[str]], delimiter: str, *, quoted: bool
) -> None:
    # The first row settles the delimiter; a row of blanks and delimiters alone counts as none.
    rows = [["phone", "a", "", "b"], *([*row, "x"] for row in table)]
    buffer = io.StringIO(newline="")
    dialect = csv.excel()
    dialect.delimiter = delimiter
    dialect.quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(buffer, dialect).writerows(rows)
    padded = [[*row, "", ""] for row in rows[1:]]
    assert [row[1:] for row in rows_of(buffer.getvalue().encode())] == [
        (row[0].strip(), [row[1], row[3]]) for row in padded
    ]


@given(st.text(st.sampled_from('12+,;"\n\t x'), max_size=40))
def test_any_text_is_read_alike_in_one_block_and_bytewise(text: str) -> None:
    def outcome(blocks: list[bytes]) -> list[tuple[int, str]] | str:
        try:
            return column(blocks)
        except BadFile as error:
            return str(error)

    assert outcome([text.encode()]) == outcome(bytewise(text.encode()))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "phone;name\n447400123456;x\n",
            (
                'No column has the heading "mobile" that number_column names. '
                "The headings are: phone, name."
            ),
        ),
        (
            "phone," + ",".join(f"c{at}" for at in range(20)) + "\n",
            (
                'No column has the heading "mobile" that number_column names. '
                "The headings are: phone, c0, c1, c2, c3, c4, c5, c6, c7, c8 and more."
            ),
        ),
        (
            "447400123456,x\n",
            (
                'The file has no line of headings, so that none is "mobile". '
                "Add one above the numbers, or leave number_column out."
            ),
        ),
        (
            "name,Mobile,MOBILE \n",
            (
                '2 columns have the heading "mobile" that number_column names. '
                "Give each column a heading of its own."
            ),
        ),
    ],
)
def test_a_number_column_that_is_not_there(text: str, sentence: str) -> None:
    framer = Framer(iter([text.encode()]), delimited=True, number_column=" Mobile")
    with pytest.raises(BadFile) as caught:
        framer.begin()
    assert str(caught.value) == sentence


def test_a_text_file_has_no_number_column() -> None:
    framer = Framer(iter([b"447400123456\n"]), delimited=False, number_column="mobile")
    with pytest.raises(BadFile, match=r"^A \.txt file holds one number a line"):
        framer.begin()


def test_headings_that_look_like_numbers_are_headings_where_one_is_named() -> None:
    text = "2024001,Mobile\n1,447400123456\n2\n"
    framer = Framer(iter([text.encode()]), delimited=True, number_column="mobile")
    framer.begin()
    assert framer.layout is not None
    assert (framer.layout.number, framer.layout.places) == (1, (0,))
