"""Receipts as carriers really write them (CONTRACTS 4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smpp_bridge.protocol.events import Delivered
from smpp_bridge.protocol.receipts import NetworkError, Receipt, parse_receipt

APPENDIX_B = (
    b"id:0123456789 sub:001 dlvrd:001 submit date:2401021530 done date:2401021531 "
    b"stat:DELIVRD err:000 text:Hello there"
)


def delivered(
    message: bytes = b"",
    tlvs: dict[int, bytes] | None = None,
    esm_class: int = 0x04,
    data_coding: int = 0,
) -> Delivered:
    return Delivered(
        sequence=1,
        source="38267000000",
        source_ton=1,
        source_npi=1,
        destination="SHOP",
        destination_ton=5,
        destination_npi=0,
        esm_class=esm_class,
        data_coding=data_coding,
        short_message=message,
        tlvs=tlvs or {},
    )


def receipt(
    message: bytes = b"",
    tlvs: dict[int, bytes] | None = None,
    esm_class: int = 0x04,
    data_coding: int = 0,
) -> Receipt:
    parsed = parse_receipt(delivered(message, tlvs, esm_class, data_coding))
    assert parsed is not None
    return parsed


def test_appendix_b() -> None:
    assert receipt(APPENDIX_B) == Receipt(
        message_id="0123456789",
        state=2,
        state_text="DELIVRD",
        error=0,
        network_error=None,
        submitted="2401021530",
        done="2401021531",
        intermediate=False,
    )


def test_text_in_the_payload() -> None:
    assert receipt(tlvs={0x0424: APPENDIX_B}) == receipt(APPENDIX_B)


def test_text_in_ucs2() -> None:
    wide = APPENDIX_B.decode().encode("utf-16-be")
    assert receipt(wide, data_coding=8) == receipt(APPENDIX_B)


def test_tlvs_win_over_text() -> None:
    tlvs = {0x001E: b"0A1B\0", 0x0427: b"\x05", 0x0423: b"\x03\x00\x22"}
    parsed = receipt(APPENDIX_B, tlvs)
    assert (parsed.message_id, parsed.state) == ("0A1B", 5)
    assert parsed.network_error == NetworkError(3, 0x22)


def test_tlvs_alone() -> None:
    parsed = receipt(tlvs={0x001E: b"0A1B", 0x0427: b"\x02"})
    assert (parsed.message_id, parsed.state, parsed.error) == ("0A1B", 2, None)


@pytest.mark.parametrize("value", [b"", b"\0", b" \0"])
def test_an_empty_id_tlv_gives_way_to_text(value: bytes) -> None:
    assert receipt(APPENDIX_B, {0x001E: value}).message_id == "0123456789"


@pytest.mark.parametrize(
    ("text", "message_id", "state"),
    [
        (b"ID:abc STAT:delivrd ERR:7", "abc", 2),
        (b"Id:abc Sub:001 Stat:UNDELIV", "abc", 5),
        (b"stat:EXPIRED id:abc", "abc", 3),
        (b"id:abc", "abc", 7),
        (b"stat:REJECTD", "", 8),
        (b"id: sub:001 stat:DELETED", "", 4),
        (b"id:abc,sub:001,stat:ACCEPTD,err:0", "abc", 6),
        (b"id:abc\nstat:ENROUTE", "abc", 1),
        (b"id:abc stat:FAILED", "abc", 5),
        (b"id:abc stat:SCHEDULED", "abc", 0),
        (b"id:abc stat:SKIPPED", "abc", 9),
        (b"id:abc stat:2", "abc", 2),
        (b"id:abc stat:WHOKNOWS", "abc", 7),
        (b"id:abc stat:999999999", "abc", 7),
        (b"id:abc id:def stat:DELIVRD stat:UNDELIV", "abc", 2),
        (b"delivered, thank you", "", 7),
        (b"", "", 7),
        (b"id:\x85 stat:\x85", "", 7),
    ],
)
def test_texts_of_all_kinds(text: bytes, message_id: str, state: int) -> None:
    parsed = receipt(text)
    assert (parsed.message_id, parsed.state) == (message_id, state)


def test_what_the_subscriber_wrote_is_no_field() -> None:
    parsed = receipt(b"id:abc err:1 text:stat:DELIVRD id:def")
    assert (parsed.message_id, parsed.state, parsed.error) == ("abc", 7, 1)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"err:000", 0),
        (b"err:034", 34),
        (b"err:0C1", 0xC1),
        (b"err:SYS", None),
        (b"err:", None),
        (b"err:123456789", None),
    ],
)
def test_error_of_the_network_in_text(text: bytes, error: int | None) -> None:
    assert receipt(text).error == error


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\x03\x01\x02", NetworkError(3, 0x0102)),
        (b"\x22", NetworkError(0, 0x22)),
        (b"\x00\x00\x00\x22", NetworkError(0, 0x22)),
        (b"", None),
        (b"\x01\x02\x03\x04\x05", None),
    ],
)
def test_network_error_of_any_length(value: bytes, expected: NetworkError | None) -> None:
    assert receipt(tlvs={0x0423: value}).network_error == expected


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (b"\x05", 5),
        (b"\x00\x05", 5),
        (b"\x00\x00\x00\x05", 5),
        (b"\xc8", 200),
        (b"", 2),
        (b"12345", 2),
    ],
)
def test_state_tlv_of_any_length(value: bytes, state: int) -> None:
    assert receipt(APPENDIX_B, {0x0427: value}).state == state


@pytest.mark.parametrize(
    ("esm_class", "intermediate"), [(0x04, False), (0x44, False), (0x20, True), (0x24, True)]
)
def test_esm_class_tells_a_receipt(esm_class: int, intermediate: bool) -> None:  # noqa: FBT001
    assert receipt(APPENDIX_B, esm_class=esm_class).intermediate is intermediate


def test_the_id_tlv_tells_a_receipt_without_esm_class() -> None:
    assert receipt(tlvs={0x001E: b"1"}, esm_class=0).message_id == "1"


@pytest.mark.parametrize("esm_class", [0x00, 0x08, 0x10, 0x40])
def test_a_text_alone_is_a_subscribers_message(esm_class: int) -> None:
    assert parse_receipt(delivered(APPENDIX_B, esm_class=esm_class)) is None


@given(
    st.binary(max_size=254),
    st.dictionaries(st.sampled_from([0x001E, 0x0427, 0x0423, 0x0424]), st.binary(max_size=300)),
    st.sampled_from([0, 8]),
)
def test_no_receipt_is_too_strange(message: bytes, tlvs: dict[int, bytes], coding: int) -> None:
    assert receipt(message, tlvs, data_coding=coding).state >= 0


@given(st.text(alphabet="idstater:. \t,text0129A", max_size=120))
def test_no_text_is_too_strange(text: str) -> None:
    assert receipt(text.encode()).state >= 0
