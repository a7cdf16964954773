"""The strictness that keeps one caller's request from becoming a part of another's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localstack.http_head import (
    BadMessage,
    Fields,
    Framing,
    chunk_size,
    framing,
    parse_request,
    parse_response,
    render,
)

TOKEN = st.text("abcXYZ019-_!#", min_size=1, max_size=12)
VALUE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


def test_a_request_is_read() -> None:
    head = parse_request(b"GET /v1/me?x=1 HTTP/1.1\r\nHost: here\r\nAccept:  a \r\n\r\n")
    assert (head.method, head.target, head.path) == ("GET", "/v1/me?x=1", "/v1/me")
    assert head.fields.all("accept") == ["a"]


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\n: b\r\n\r\n",
    ],
)
def test_what_breaks_the_protocol_is_refused(head: bytes) -> None:
    with pytest.raises(BadMessage):
        parse_request(head)


def test_a_response_may_have_no_reason() -> None:
    assert parse_response(b"HTTP/1.1 204\r\n\r\n").status == 204
    assert parse_response(b"HTTP/1.1 200 Very well\r\n\r\n").reason == "Very well"
    with pytest.raises(BadMessage):
        parse_response(b"HTTP/1.1 999 no\r\n\r\n")


def fields(*items: tuple[str, str]) -> Fields:
    return Fields(items)


def test_the_length_is_one_number_or_chunks() -> None:
    assert framing(fields()) is None
    assert framing(fields(("Content-Length", "7"))) == Framing(length=7)
    assert framing(fields(("Transfer-Encoding", "Chunked"))) == Framing(chunked=True)


@pytest.mark.parametrize(
    "items",
    [
        (("Content-Length", "7"), ("Transfer-Encoding", "chunked")),
        (("Content-Length", "7"), ("content-length", "7")),
        (("Content-Length", "7, 7"),),
        (("Content-Length", "+7"),),
        (("Content-Length", "-1"),),
        (("Transfer-Encoding", "gzip, chunked"),),
        (("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")),
    ],
)
def test_a_length_that_two_servers_could_read_differently_is_refused(
    items: tuple[tuple[str, str], ...],
) -> None:
    with pytest.raises(BadMessage):
        framing(Fields(items))


@pytest.mark.parametrize(
    ("line", "size"), [(b"0\r\n", 0), (b"1f;a=b\r\n", 31), (b"A \t;x\r\n", 10)]
)
def test_chunks_say_their_size(line: bytes, size: int) -> None:
    assert chunk_size(line) == size


@pytest.mark.parametrize(
    "line", [b"\r\n", b"0x1\r\n", b"-1\r\n", b"1", b"123456789\r\n", b"1 2\r\n"]
)
def test_chunks_without_a_size_are_refused(line: bytes) -> None:
    with pytest.raises(BadMessage):
        chunk_size(line)


def test_what_belongs_to_one_connection_is_not_passed_on() -> None:
    given_fields = fields(
        ("Connection", "close, X-Mine"),
        ("X-Mine", "1"),
        ("Upgrade", "h2c"),
        ("Transfer-Encoding", "chunked"),
        ("Host", "a"),
        ("Kept", "2"),
    )
    assert list(given_fields.end_to_end("host")) == [("Kept", "2")]


@pytest.mark.parametrize(
    ("line", "connection", "keeps"),
    [
        ("HTTP/1.1", "", True),
        ("HTTP/1.1", "close", False),
        ("HTTP/1.0", "", False),
        ("HTTP/1.0", "Keep-Alive", True),
    ],
)
def test_who_keeps_the_connection(line: str, connection: str, keeps: bool) -> None:  # noqa: FBT001
    head = parse_request(f"GET / {line}\r\nConnection: {connection}\r\n\r\n".encode())
    assert head.keeps_alive is keeps


@given(st.lists(st.tuples(TOKEN, VALUE), max_size=6))
def test_what_is_rendered_reads_the_same(items: list[tuple[str, str]]) -> None:
    head = parse_request(render("GET / HTTP/1.1", items))
    assert list(head.fields.items) == items
