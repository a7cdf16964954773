"""What we splice must be, octet for octet, what smpplib would have sent."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import smpp

from smpp_bridge.protocol import encode
from smpp_bridge.protocol.encode import MAX_SEQUENCE, BindOptions
from smpp_bridge.protocol.errors import LocalProtocolError
from smpp_bridge.protocol.template import SubmitOptions, SubmitTemplate

OCTET = st.integers(0, 255)


def ascii_text(smallest: int, largest: int) -> st.SearchStrategy[str]:
    characters = st.characters(min_codepoint=1, max_codepoint=127)
    return st.text(characters, min_size=smallest, max_size=largest)


TIMES = st.one_of(st.just(""), ascii_text(16, 16))
OPTIONS = st.builds(
    SubmitOptions,
    source=ascii_text(0, 20),
    source_ton=OCTET,
    source_npi=OCTET,
    destination_ton=OCTET,
    destination_npi=OCTET,
    data_coding=OCTET,
    esm_class=OCTET,
    registered_delivery=OCTET,
    service_type=ascii_text(0, 5),
    protocol_id=OCTET,
    priority=OCTET,
    schedule_delivery_time=TIMES,
    validity_period=TIMES,
)


def by_smpplib(options: SubmitOptions, sequence: int, destination: str, message: bytes) -> bytes:
    pdu = smpp.make_pdu(
        "submit_sm",
        sequence=1,
        service_type=options.service_type,
        source_addr_ton=options.source_ton,
        source_addr_npi=options.source_npi,
        source_addr=options.source,
        dest_addr_ton=options.destination_ton,
        dest_addr_npi=options.destination_npi,
        destination_addr=destination,
        esm_class=options.esm_class,
        protocol_id=options.protocol_id,
        priority_flag=options.priority,
        schedule_delivery_time=options.schedule_delivery_time,
        validity_period=options.validity_period,
        registered_delivery=options.registered_delivery,
        data_coding=options.data_coding,
        short_message=message,
    )
    pdu.sequence = sequence
    generated: bytes = pdu.generate()
    return generated


@given(OPTIONS, st.integers(1, MAX_SEQUENCE), ascii_text(1, 20), st.binary(max_size=254))
def test_spliced_is_what_smpplib_encodes(
    options: SubmitOptions, sequence: int, destination: str, message: bytes
) -> None:
    spliced = SubmitTemplate(options).pdu(sequence, destination, message)
    assert spliced == by_smpplib(options, sequence, destination, message)


@pytest.mark.parametrize(
    ("sequence", "destination", "message", "text"),
    [
        (1, "", b"", "destination has 0 characters"),
        (1, "123456789012345678901", b"", "destination has 21 characters"),
        (1, "38267é", b"", "destination"),
        (1, "38267\0", b"", "destination"),
        (1, "38267", bytes(255), "short_message has 255 octets"),
        (0, "38267", b"", "sequence is 0"),
        (MAX_SEQUENCE + 1, "38267", b"", "sequence is"),
    ],
)
def test_what_does_not_fit_is_refused_without_showing_the_number(
    sequence: int, destination: str, message: bytes, text: str
) -> None:
    template = SubmitTemplate(SubmitOptions("SHOP", 5, 0))
    with pytest.raises(LocalProtocolError, match=text) as caught:
        template.pdu(sequence, destination, message)
    assert "38267" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (SubmitOptions("X" * 21, 5, 0), "source_addr has 21 characters; SMPP has room for 20"),
        (SubmitOptions("Čaj", 5, 0), "source_addr must be ASCII"),
        (SubmitOptions("A\0B", 5, 0), "source_addr must be ASCII without NUL"),
        (SubmitOptions("A", 256, 0), "source_addr_ton must be 0 to 255"),
        (SubmitOptions("A", 5, -1), "source_addr_npi must be 0 to 255"),
        (SubmitOptions("A", 5, 0, service_type="TOOLONG"), "service_type has 7 characters"),
        (
            SubmitOptions("A", 5, 0, validity_period="0001"),
            "validity_period must be empty or of 16",
        ),
    ],
)
def test_options_that_smpplib_would_cut_are_refused(options: SubmitOptions, text: str) -> None:
    with pytest.raises(LocalProtocolError, match=text):
        SubmitTemplate(options)


BIND = BindOptions("esme", "secret12", "VMA", 1, 1, "^385")


def test_bind_is_that_of_smpplib_under_our_sequence() -> None:
    pdu = smpp.make_pdu(
        "bind_transceiver",
        sequence=1,
        system_id="esme",
        password="secret12",
        system_type="VMA",
        addr_ton=1,
        addr_npi=1,
        address_range="^385",
    )
    pdu.sequence = 77
    assert encode.bind_transceiver(BIND, 77) == pdu.generate()


def test_the_password_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        encode.bind_transceiver(BIND, 1)
    assert "secret12" not in repr(BIND) + caplog.text


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (BindOptions("x" * 16, "p"), "system_id has 16 characters; SMPP has room for 15"),
        (BindOptions("x", "123456789"), "password has 9 characters; SMPP has room for 8"),
        (BindOptions("x", "pässword"), "password must be ASCII"),
        (BindOptions("x", "p", "x" * 13), "system_type has 13 characters"),
        (BindOptions("x", "p", address_range="x" * 41), "address_range has 41 characters"),
    ],
)
def test_a_bind_that_smpplib_would_cut_is_refused(options: BindOptions, text: str) -> None:
    with pytest.raises(LocalProtocolError, match=text) as caught:
        encode.bind_transceiver(options, 1)
    assert options.password not in str(caught.value).split()


@pytest.mark.parametrize(
    "command",
    [
        "deliver_sm_resp",
        "enquire_link",
        "enquire_link_resp",
        "generic_nack",
        "unbind",
        "unbind_resp",
    ],
)
@given(sequence=st.integers(0, 0xFFFFFFFF), status=st.integers(0, 0xFFFFFFFF))
def test_fixed_pdus_are_those_of_smpplib(command: str, sequence: int, status: int) -> None:
    pdu = smpp.make_pdu(command, sequence=1)
    pdu.sequence = sequence
    pdu.status = status
    assert getattr(encode, command)(sequence, status) == pdu.generate()


def test_octet_strings_may_fill_their_whole_length() -> None:
    assert encode.build("submit_sm", short_message=bytes(254)).endswith(bytes(254))
    with pytest.raises(LocalProtocolError, match="short_message has 255"):
        encode.build("submit_sm", short_message=bytes(255))
