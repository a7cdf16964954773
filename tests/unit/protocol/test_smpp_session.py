"""The session's state table, and what a session does with a peer that keeps to nothing."""

from __future__ import annotations

from struct import Struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from smpp_bridge.protocol import encode
from smpp_bridge.protocol import session as module
from smpp_bridge.protocol.encode import MAX_SEQUENCE, BindOptions
from smpp_bridge.protocol.errors import LocalProtocolError
from smpp_bridge.protocol.events import (
    BindRefused,
    Bound,
    Delivered,
    EnquireAnswered,
    Event,
    Nacked,
    PeerBroke,
    PeerUnbound,
    StrayAnswer,
    SubmitAnswered,
    UnbindAnswered,
    Unhandled,
)
from smpp_bridge.protocol.session import TABLE, Act, Session, State
from smpp_bridge.protocol.template import SubmitOptions, SubmitTemplate

HEADER = Struct(">IIII")
TEMPLATE = SubmitTemplate(SubmitOptions("SHOP", 5, 0))
CREDENTIALS = BindOptions("esme", "secret")
NACK, SUBMIT_RESP, DELIVER, DELIVER_RESP = 0x80000000, 0x80000004, 0x05, 0x80000005
UNBIND, UNBIND_RESP, ENQUIRE, ENQUIRE_RESP = 0x06, 0x80000006, 0x15, 0x80000015
BIND_RESP = 0x80000009


def pdu(command: int, sequence: int, status: int = 0, body: bytes = b"") -> bytes:
    return HEADER.pack(16 + len(body), command, status, sequence) + body


def bound_session() -> Session:
    session = Session()
    assert session.receive(pdu(BIND_RESP, session.bind(CREDENTIALS), 0, b"smsc\0")) == [
        Bound("smsc", None)
    ]
    session.data_to_send()
    return session


def state_of(session: Session) -> State:
    """Read the state anew: the type checker believes that it stays as last seen."""
    return session.state


def submit(session: Session) -> int:
    return session.submit(TEMPLATE, "38267000000", b"Hello")


def test_every_state_ends_by_loss_and_closed_has_no_way_out() -> None:
    assert all(TABLE[state, Act.LOSS] is State.CLOSED for state in State)
    assert {TABLE[key] for key in TABLE if key[0] is State.CLOSED} == {State.CLOSED}
    reached = {State.OPEN} | set(TABLE.values())
    assert reached == set(State)


def test_bind_submit_unbind() -> None:
    session = bound_session()
    sequence = submit(session)
    assert session.data_to_send() == TEMPLATE.pdu(sequence, "38267000000", b"Hello")
    assert session.data_to_send() == b""
    assert (session.in_flight, session.outstanding) == (1, (sequence,))
    answer = pdu(SUBMIT_RESP, sequence, 0, b"id-1\0")
    assert session.receive(answer) == [SubmitAnswered(sequence, 0, "id-1")]
    assert session.in_flight == 0
    number = session.unbind()
    assert state_of(session) is State.UNBINDING
    assert session.data_to_send() == pdu(UNBIND, number)
    assert session.receive(pdu(UNBIND_RESP, number)) == [UnbindAnswered()]
    assert state_of(session) is State.CLOSED


@pytest.mark.parametrize(
    ("act", "states"),
    [
        (Act.BIND, {State.OPEN}),
        (Act.SUBMIT, {State.BOUND}),
        (Act.ACKNOWLEDGE, {State.BOUND, State.UNBINDING}),
        (Act.ENQUIRE, {State.BOUND}),
        (Act.UNBIND, {State.BOUND}),
    ],
)
@pytest.mark.parametrize("state", list(State))
def test_what_we_may_do_in_each_state(act: Act, states: set[State], state: State) -> None:
    session = session_in(state)
    if state in states:
        perform(session, act)
        assert session.state is TABLE[state, act]
        assert session.data_to_send()
        return
    with pytest.raises(LocalProtocolError, match=f"cannot {act.name.lower()} while {state.name}"):
        perform(session, act)
    assert (session.state, session.data_to_send()) == (state, b"")


def session_in(state: State) -> Session:
    if state is State.OPEN:
        return Session()
    if state is State.BINDING:
        session = Session()
        session.bind(CREDENTIALS)
    else:
        session = bound_session()
    if state is State.UNBINDING:
        session.unbind()
    if state is State.CLOSED:
        session.lose()
    session.data_to_send()
    return session


def perform(session: Session, act: Act) -> None:
    match act:
        case Act.BIND:
            session.bind(CREDENTIALS)
        case Act.SUBMIT:
            submit(session)
        case Act.ACKNOWLEDGE:
            session.acknowledge(1)
        case Act.ENQUIRE:
            session.enquire()
        case _:
            session.unbind()


@pytest.mark.parametrize(
    "answer", [pdu(BIND_RESP, 1, 0x0E), pdu(NACK, 1, 0x0E), pdu(NACK, 0, 0x0E)]
)
def test_a_refused_bind_may_be_tried_again(answer: bytes) -> None:
    session = Session()
    session.bind(CREDENTIALS)
    assert session.receive(answer) == [BindRefused(0x0E)]
    assert state_of(session) is State.OPEN
    session.bind(CREDENTIALS)
    assert state_of(session) is State.BINDING


def test_a_bind_that_does_not_fit_sends_nothing() -> None:
    session = Session()
    with pytest.raises(LocalProtocolError):
        session.bind(BindOptions("x" * 16, "p"))
    assert (session.state, session.data_to_send()) == (State.OPEN, b"")


def test_a_submit_that_does_not_fit_is_not_open() -> None:
    session = bound_session()
    with pytest.raises(LocalProtocolError):
        session.submit(TEMPLATE, "", b"")
    assert (session.in_flight, session.data_to_send()) == (0, b"")


@pytest.mark.parametrize("sequence", [0, 2])
def test_a_bind_answer_to_another_bind_is_stray(sequence: int) -> None:
    session = Session()
    session.bind(CREDENTIALS)
    assert session.receive(pdu(BIND_RESP, sequence)) == [StrayAnswer(BIND_RESP, sequence, 0)]
    assert session.state is State.BINDING


def test_a_duplicate_answer_is_stray_and_counted() -> None:
    session = bound_session()
    answer = pdu(SUBMIT_RESP, submit(session), 0, b"x\0")
    assert len(session.receive(answer)) == 1
    assert session.receive(answer) == [StrayAnswer(SUBMIT_RESP, 2, 0)]
    assert session.stray_answers == 1


def test_a_refused_submit_has_its_status() -> None:
    session = bound_session()
    sequence = submit(session)
    assert session.receive(pdu(SUBMIT_RESP, sequence, 0x401)) == [
        SubmitAnswered(sequence, 0x401, "")
    ]


def test_a_nack_settles_a_submit_once() -> None:
    session = bound_session()
    sequence = submit(session)
    nack = pdu(NACK, sequence, 3)
    assert session.receive(nack + nack) == [Nacked(sequence, 3), StrayAnswer(NACK, sequence, 3)]
    assert session.in_flight == 0


def test_an_abandoned_submit_frees_its_place_and_its_late_answer_counts() -> None:
    session = bound_session()
    sequence = submit(session)
    assert session.abandon(sequence)
    assert not session.abandon(sequence)
    assert (session.in_flight, session.outstanding) == (0, ())
    answer = pdu(SUBMIT_RESP, sequence, 0, b"late\0")
    assert session.receive(answer) == [SubmitAnswered(sequence, 0, "late")]
    assert session.receive(answer) == [StrayAnswer(SUBMIT_RESP, sequence, 0)]


def test_only_so_many_abandoned_submits_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LATE_ANSWERS", 2)
    session = bound_session()
    first, second, third = (submit(session) for _ in range(3))
    for sequence in (first, second, third):
        session.abandon(sequence)
    answers = [pdu(SUBMIT_RESP, sequence, 0, b"x") for sequence in (first, second, third)]
    assert session.receive(b"".join(answers)) == [
        StrayAnswer(SUBMIT_RESP, first, 0),
        SubmitAnswered(second, 0, "x"),
        SubmitAnswered(third, 0, "x"),
    ]


def test_sequence_numbers_wrap_and_pass_over_open_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "MAX_SEQUENCE", 4)
    session = bound_session()
    second, third, fourth = (submit(session) for _ in range(3))
    session.abandon(third)
    session.receive(pdu(SUBMIT_RESP, fourth))
    assert (second, third, fourth) == (2, 3, 4)
    assert [session.enquire() for _ in range(3)] == [1, 4, 1]
    assert MAX_SEQUENCE == 0x7FFFFFFF


def test_enquiries_both_ways() -> None:
    session = bound_session()
    sequence = session.enquire()
    assert session.data_to_send() == pdu(ENQUIRE, sequence)
    assert session.receive(pdu(ENQUIRE_RESP, sequence)) == [EnquireAnswered(sequence)]
    assert session.receive(pdu(ENQUIRE, 900)) == []
    assert session.data_to_send() == pdu(ENQUIRE_RESP, 900)


def test_a_delivery_waits_for_its_owner() -> None:
    session = bound_session()
    (event,) = session.receive(pdu(DELIVER, 5, 0, b"\0" * 17))
    assert isinstance(event, Delivered)
    assert session.data_to_send() == b""
    session.acknowledge(event.sequence, 0x64)
    assert session.data_to_send() == pdu(DELIVER_RESP, 5, 0x64, b"\0")


def test_a_delivery_before_the_bind_is_refused() -> None:
    session = Session()
    session.bind(CREDENTIALS)
    session.data_to_send()
    assert session.receive(pdu(DELIVER, 5)) == [Unhandled(DELIVER, 5)]
    assert session.data_to_send() == pdu(DELIVER_RESP, 5, 0x04, b"\0")


@pytest.mark.parametrize("state", [State.OPEN, State.BINDING, State.BOUND, State.UNBINDING])
def test_an_unbind_is_answered_and_ends_all(state: State) -> None:
    session = session_in(state)
    assert session.receive(pdu(UNBIND, 7) + pdu(ENQUIRE, 8)) == [PeerUnbound()]
    assert session.state is State.CLOSED
    assert session.data_to_send() == pdu(UNBIND_RESP, 7)
    assert session.receive(pdu(ENQUIRE, 9)) == []


def test_an_unbind_answer_out_of_place_is_stray() -> None:
    session = bound_session()
    assert session.receive(pdu(UNBIND_RESP, 1)) == [StrayAnswer(UNBIND_RESP, 1, 0)]
    assert session.state is State.BOUND


@pytest.mark.parametrize(
    ("command", "event", "answer"),
    [
        (0x103, Unhandled(0x103, 6), pdu(NACK, 6, 3)),
        (0x102, Unhandled(0x102, 6), b""),
        (0x0B, Unhandled(0x0B, 6), b""),
        (0x80000103, StrayAnswer(0x80000103, 6, 0), b""),
    ],
)
def test_commands_that_we_do_not_serve(command: int, event: Event, answer: bytes) -> None:
    session = bound_session()
    assert session.receive(pdu(command, 6)) == [event]
    assert session.data_to_send() == answer


def test_lost_framing_ends_the_session_after_what_came_before() -> None:
    session = bound_session()
    sequence, lost = submit(session), submit(session)
    session.data_to_send()
    events = session.receive(pdu(SUBMIT_RESP, sequence, 0, b"x") + b"HTTP/1.1 400")
    assert events[0] == SubmitAnswered(sequence, 0, "x")
    assert isinstance(events[1], PeerBroke)
    assert (session.state, session.outstanding) == (State.CLOSED, (lost,))
    assert session.data_to_send() == pdu(NACK, 0, 2)


STREAM = [
    pdu(SUBMIT_RESP, 2, 0, b"id\0"),
    pdu(DELIVER, 1, 0, b"\0" * 16 + b"\3abc\4\x27\0\1\2"),
    pdu(ENQUIRE, 4),
    pdu(0x103, 5),
    pdu(SUBMIT_RESP, 99),
    pdu(NACK, 3, 3),
]


@pytest.mark.parametrize("tail", [b"", pdu(UNBIND, 9), b"\0\0", b"\xff\xff\xff\xff"])
def test_whole_and_byte_by_byte_give_equal_events_and_answers(tail: bytes) -> None:
    stream = b"".join(STREAM) + tail
    whole, cut = bound_session(), bound_session()
    for session in (whole, cut):
        submit(session)
        submit(session)
    octets = [event for octet in stream for event in cut.receive(bytes([octet]))]
    assert whole.receive(stream) == octets
    assert whole.data_to_send() == cut.data_to_send()
    assert whole.state is cut.state


@given(st.binary(max_size=200))
def test_any_bytes_leave_a_session_that_is_whole(data: bytes) -> None:
    session = bound_session()
    sequence = submit(session)
    session.receive(data)
    session.lose()
    assert session.state is State.CLOSED
    assert session.outstanding in ((), (sequence,))


class SubmitsAreSettledOnce(RuleBasedStateMachine):
    """Rule 2 of the session: whatever comes, each submit is reported once or still open."""

    def __init__(self) -> None:
        super().__init__()
        self.session = bound_session()
        self.sent: set[int] = set()
        self.settled: list[int] = []
        self.abandoned: set[int] = set()

    @precondition(lambda self: self.session.state is State.BOUND)
    @rule()
    def send(self) -> None:
        self.sent.add(submit(self.session))

    @rule(sequence=st.integers(0, 12))
    def give_up(self, sequence: int) -> None:
        if self.session.abandon(sequence):
            self.abandoned.add(sequence)

    @rule(
        command=st.sampled_from([SUBMIT_RESP, NACK, ENQUIRE_RESP, BIND_RESP, UNBIND_RESP, DELIVER]),
        sequence=st.integers(0, 12),
        status=st.sampled_from([0, 0x58]),
    )
    def peer_says(self, command: int, sequence: int, status: int) -> None:
        for event in self.session.receive(pdu(command, sequence, status)):
            if isinstance(event, SubmitAnswered | Nacked):
                self.settled.append(event.sequence)

    @precondition(lambda self: self.session.state is State.BOUND)
    @rule()
    def leave(self) -> None:
        self.session.unbind()

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        settled = set(self.settled)
        assert len(settled) == len(self.settled)
        assert self.sent - settled - self.abandoned == set(self.session.outstanding)
        assert self.session.in_flight == len(self.session.outstanding)


TestSubmitsAreSettledOnce = SubmitsAreSettledOnce.TestCase
TestSubmitsAreSettledOnce.settings = settings(max_examples=60, stateful_step_count=30)
