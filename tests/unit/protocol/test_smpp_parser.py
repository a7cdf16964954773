"""The parser against any bytes and any cut: it gives frames or PeerProtocolError, nothing else."""

from __future__ import annotations

import time
from itertools import pairwise
from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import smpp

from smpp_bridge.protocol import parser
from smpp_bridge.protocol.errors import PeerProtocolError
from smpp_bridge.protocol.parser import Frame, FrameBuffer

HEADER = Struct(">IIII")
FRAMES = st.lists(
    st.builds(
        Frame,
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.binary(max_size=300),
    ),
    max_size=5,
)


def encoded(frame: Frame) -> bytes:
    return HEADER.pack(16 + len(frame.body), *frame[:3]) + frame.body


def fed(pieces: list[bytes]) -> tuple[list[Frame], FrameBuffer]:
    buffer = FrameBuffer()
    return [frame for piece in pieces for frame in buffer.feed(piece)], buffer


@given(FRAMES)
def test_whole_and_byte_by_byte_give_the_same_frames(frames: list[Frame]) -> None:
    stream = b"".join(map(encoded, frames))
    assert fed([stream])[0] == frames
    assert fed([bytes([octet]) for octet in stream])[0] == frames


@given(FRAMES, st.integers(0, 20))
def test_a_tail_waits_for_the_rest(frames: list[Frame], cut: int) -> None:
    last = Frame(5, 0, 9, b"tail")
    tail = encoded(last)[:cut] if cut < 20 else encoded(last)
    got, buffer = fed([b"".join(map(encoded, frames)) + tail])
    assert got == frames + [last] * (cut == 20)
    assert len(buffer) == cut % 20


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=4))
def test_any_bytes_in_any_cut_end_the_same(stream: bytes, cuts: list[int]) -> None:
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(bounds)]
    assert outcome([stream]) == outcome(pieces)


def outcome(pieces: list[bytes]) -> tuple[list[Frame], str]:
    frames: list[Frame] = []
    buffer = FrameBuffer()
    try:
        for piece in pieces:
            frames.extend(buffer.feed(piece))
    except PeerProtocolError as error:
        return frames, str(error)
    return frames, ""


@pytest.mark.parametrize("length", [0, 15, 65_537, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_out_of_limits_is_refused_on_its_four_octets(length: int) -> None:
    buffer = FrameBuffer()
    with pytest.raises(PeerProtocolError, match=str(length)):
        list(buffer.feed(length.to_bytes(4, "big")))


def test_frames_before_the_broken_one_are_not_lost() -> None:
    frame = Frame(0x15, 0, 7, b"")
    feed = FrameBuffer().feed(encoded(frame) + b"\xff\xff\xff\xff")
    assert next(feed) == frame
    with pytest.raises(PeerProtocolError):
        next(feed)


def test_a_cleared_buffer_starts_anew() -> None:
    buffer = FrameBuffer()
    assert list(buffer.feed(b"\0\0")) == []
    buffer.clear()
    assert list(buffer.feed(encoded(Frame(0x15, 0, 1, b"")))) == [Frame(0x15, 0, 1, b"")]


def test_the_longest_pdu_in_single_octets_takes_linear_time() -> None:
    stream = encoded(Frame(5, 0, 1, bytes(65_536 - 16)))
    started = time.perf_counter()
    frames, _ = fed([bytes([octet]) for octet in stream])
    assert len(frames) == 1
    assert time.perf_counter() - started < 2  # quadratic, it is far above a minute


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"abc1\0", "abc1"), (b"abc1", "abc1"), (b"", ""), (b"\0", ""), (b"a\0b\0", "a")],
)
def test_a_message_id_keeps_its_last_character(body: bytes, expected: str) -> None:
    assert parser.message_id(body) == expected


@pytest.mark.parametrize(
    ("body", "system_id", "version"),
    [
        (b"smsc\0\x02\x10\0\x01\x34", "smsc", 0x34),
        (b"smsc\0\x02\x10\0\x02\0\x34", "smsc", 0x34),
        (b"smsc\0\x02\x10\0\0", "smsc", None),
        (b"smsc", "smsc", None),
        (b"", "", None),
    ],
)
def test_bound(body: bytes, system_id: str, version: int | None) -> None:
    bound = parser.bound(body)
    assert (bound.system_id, bound.interface_version) == (system_id, version)


@given(
    st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=40), max_size=6),
    st.binary(max_size=3),
)
def test_tlvs_of_any_tag_and_length_are_kept(tlvs: dict[int, bytes], trailing: bytes) -> None:
    data = b"".join(Struct(">HH").pack(tag, len(value)) + value for tag, value in tlvs.items())
    assert parser.split_tlvs(data + trailing) == (tlvs, len(trailing))


def test_of_two_tlvs_of_one_tag_the_first_counts() -> None:
    assert parser.split_tlvs(b"\0\1\0\1a\0\1\0\1b") == ({1: b"a"}, 0)


def test_a_tlv_longer_than_the_rest_is_trailing() -> None:
    assert parser.split_tlvs(b"\0\1\0\1a\0\2\0\7xyz") == ({1: b"a"}, 7)


TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=20)
OCTET = st.integers(0, 255)


@given(TEXT, TEXT, st.lists(OCTET, min_size=6, max_size=6), st.binary(max_size=254))
def test_a_deliver_sm_of_smpplib_is_read_back(
    source: str, destination: str, octets: list[int], message: bytes
) -> None:
    source_ton, source_npi, ton, npi, esm_class, data_coding = octets
    pdu = smpp.make_pdu(
        "deliver_sm",
        sequence=1,
        service_type="CMT",
        source_addr=source,
        source_addr_ton=source_ton,
        source_addr_npi=source_npi,
        destination_addr=destination,
        dest_addr_ton=ton,
        dest_addr_npi=npi,
        esm_class=esm_class,
        data_coding=data_coding,
        validity_period="000001000000000R",
        short_message=message,
    )
    pdu.message_state = 2
    read = parser.delivered(4, pdu.generate()[16:])
    assert (read.sequence, read.source, read.destination) == (4, source, destination)
    assert (read.source_ton, read.source_npi) == (source_ton, source_npi)
    assert (read.destination_ton, read.destination_npi) == (ton, npi)
    assert (read.esm_class, read.data_coding) == (esm_class, data_coding)
    assert (read.short_message, read.tlvs, read.faults) == (message, {0x0427: b"\2"}, ())


@given(st.binary(max_size=200))
def test_any_body_makes_a_delivery(body: bytes) -> None:
    read = parser.delivered(1, body)
    assert len(read.short_message) <= len(body)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "the body ends inside the mandatory fields"),
        (b"\0\1\1 385", "the body ends inside the mandatory fields"),
        (b"\0" * 16 + b"\5abc", "short_message lacks 2 octets"),
        (b"\0" * 16 + b"\3abcxy", "2 octets after the last TLV"),
    ],
)
def test_what_does_not_fit_is_noted_and_the_rest_is_kept(body: bytes, fault: str) -> None:
    read = parser.delivered(1, body)
    assert read.faults == (fault,)
    assert read.short_message == (b"abc" if b"abc" in body else b"")
