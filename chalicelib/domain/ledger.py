"""What happened to each recipient of one chunk (SPEC 6.3, 6.4; DESIGN 4.6 to 4.9).

Journal items reach the folder in any order, and one may be folded twice. So `merge` is idempotent,
commutative and associative over outcomes: each part of a message keeps two facts, and of two
candidates for the same fact a total order (`_SUBMISSIONS`, `_RECEIPTS`) decides.

submission  what the wire answered, or why nothing was sent
receipt     what the carrier reported later: it makes the state wherever there is one, yet never
            displaces the submission, which holds the message id and the time
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum
from itertools import chain
from operator import add, attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.codes import CodeSpace
from chalicelib.sms.parts import MAX_PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime


class OutcomeKind(IntEnum):
    """The numbers are stored: none is ever given another meaning."""

    SUPPRESSED = 1  # never sent: the recipient does not want it
    CANCELLED = 2  # never sent: the campaign or the message was cancelled
    LAPSED = 3  # never sent: its window or deadline passed
    IN_DOUBT = 4  # intended, no answer: it may have been sent or not
    REFUSED = 5  # submit_sm_resp with a permanent error
    ACCEPTED = 6  # submit_sm_resp without error
    UNKNOWN = 7  # receipt: the carrier does not know; or none came in time
    EXPIRED = 8  # receipt: the validity period passed
    FAILED = 9  # receipt: undeliverable, rejected, deleted
    DELIVERED = 10  # receipt: the handset has it


# Weakest first; the stronger fact stays. An acceptance proves that the message went out, whatever
# other attempts met; a refusal is an answer, and in doubt is the lack of one; what may have gone
# out outweighs any reason not to send.
_SUBMISSIONS: Final = (
    OutcomeKind.LAPSED,
    OutcomeKind.CANCELLED,
    OutcomeKind.SUPPRESSED,
    OutcomeKind.IN_DOUBT,
    OutcomeKind.REFUSED,
    OutcomeKind.ACCEPTED,
)
# Likewise. Carriers report "undelivered" and deliver on a later try, or fail one copy of a message
# that went out twice: a delivery is evidence, a failure only the lack of it. Of the others the one
# that says more about the cause stays.
_RECEIPTS: Final = (
    OutcomeKind.UNKNOWN,
    OutcomeKind.EXPIRED,
    OutcomeKind.FAILED,
    OutcomeKind.DELIVERED,
)
RECEIPTS: Final = frozenset(_RECEIPTS)
_STRENGTH: Final = {
    kind: strength for order in (_SUBMISSIONS, _RECEIPTS) for strength, kind in enumerate(order)
}


class RecipientState(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_STATE_OF_KIND: Final = {
    OutcomeKind.SUPPRESSED: RecipientState.SUPPRESSED,
    OutcomeKind.CANCELLED: RecipientState.CANCELLED,
    OutcomeKind.LAPSED: RecipientState.EXPIRED,
    OutcomeKind.IN_DOUBT: RecipientState.UNKNOWN,
    OutcomeKind.REFUSED: RecipientState.FAILED,
    OutcomeKind.ACCEPTED: RecipientState.SENT,
    OutcomeKind.UNKNOWN: RecipientState.UNKNOWN,
    OutcomeKind.EXPIRED: RecipientState.EXPIRED,
    OutcomeKind.FAILED: RecipientState.FAILED,
    OutcomeKind.DELIVERED: RecipientState.DELIVERED,
}
# A recipient is in the first of these states that any part is in: failed by one part, delivered
# only by all of them (SPEC 6.4).
_FIRST_OF: Final = (
    RecipientState.FAILED,
    RecipientState.EXPIRED,
    RecipientState.CANCELLED,
    RecipientState.SUPPRESSED,
    RecipientState.UNKNOWN,
    RecipientState.PENDING,
    RecipientState.SENT,
    RecipientState.DELIVERED,
)
_PLACE: Final = {state: place for place, state in enumerate(_FIRST_OF)}
_OPEN: Final = frozenset({RecipientState.PENDING, RecipientState.SENT})


class BadOutcome(ValueError):
    """The outcome names a part or a recipient that there is not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that happened to one part: `index` is the recipient's place in the chunk."""

    index: int
    part: int
    parts: int
    kind: OutcomeKind
    at_ms: int
    space: CodeSpace
    code: int
    message_id: str

    def __post_init__(self) -> None:
        if not 0 <= self.part < self.parts <= MAX_PARTS:
            raise BadOutcome(
                f"part {self.part} of {self.parts}: count from 0, to {MAX_PARTS} parts at most"
            )


# A chunk's ledger holds tens of thousands of the next two, made anew at every read: named tuples,
# because frozen dataclasses take three times as long to make.
class Fact(NamedTuple):
    kind: OutcomeKind
    at_ms: int
    space: CodeSpace
    code: int
    message_id: str


class PartRecord(NamedTuple):
    """`doubted` stays once the part was in doubt: a part that was sent again may be there twice."""

    submission: Fact | None = None
    receipt: Fact | None = None
    doubted: bool = False

    @property
    def message_id(self) -> str:
        """The submission's id; a receipt's where the answer never came or named none."""
        known = (fact.message_id for fact in (self.submission, self.receipt) if fact is not None)
        return next(filter(None, known), "")

    @property
    def state(self) -> RecipientState:
        fact = self.receipt or self.submission
        return RecipientState.PENDING if fact is None else _STATE_OF_KIND[fact.kind]


UNTOUCHED: Final = PartRecord()


@dataclass(frozen=True, slots=True)
class Ledger:
    """`records` has the parts of recipients of whom something is known; all others are pending."""

    recipients: int
    records: Mapping[int, tuple[PartRecord, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counters:
    """Recipients by state; `segments` are parts that a carrier accepted or reported on.

    `in_doubt` are the recipients of whom a part ever was: a subset, whatever their state is now.
    """

    total: int = 0
    pending: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    suppressed: int = 0
    expired: int = 0
    cancelled: int = 0
    segments: int = 0
    in_doubt: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(*map(add, _values(self), _values(other)))


# `astuple` copies deeply: over a campaign's thousand chunks that took a tenth of a second.
_values: Final[Callable[[Counters], tuple[int, ...]]] = attrgetter(
    *(column.name for column in fields(Counters))
)


def merge(ledger: Ledger, outcomes: Iterable[Outcome]) -> Ledger:
    records = dict(ledger.records)
    for outcome in outcomes:
        if not 0 <= outcome.index < ledger.recipients:
            raise BadOutcome(f"recipient {outcome.index}: the chunk has {ledger.recipients}")
        records[outcome.index] = _with(records.get(outcome.index, ()), outcome)
    return Ledger(ledger.recipients, records)


def suppressed(recipients: int, places: Iterable[int], at: datetime) -> Ledger:
    """Of a chunk of which nobody was tried yet: those at `places` never will be. One outcome says
    so of the whole message, however many parts it would have had.
    """
    at_ms = int(at.timestamp() * 1000)
    fact = Fact(OutcomeKind.SUPPRESSED, at_ms, CodeSpace.NONE, 0, "")
    return Ledger(recipients, dict.fromkeys(places, (PartRecord(fact),)))


def state_of(parts: Sequence[PartRecord]) -> RecipientState:
    """The state of a recipient with these parts; with none, nothing happened yet."""
    states = [part.state for part in parts] or [RecipientState.PENDING]
    return states[0] if len(states) == 1 else min(states, key=_PLACE.__getitem__)


def count(ledger: Ledger) -> Counters:
    states = Counter(map(state_of, ledger.records.values()))
    states[RecipientState.PENDING] += ledger.recipients - len(ledger.records)
    return Counters(
        total=ledger.recipients,
        segments=sum(map(_taken, chain.from_iterable(ledger.records.values()))),
        in_doubt=sum(any(map(_doubted, parts)) for parts in ledger.records.values()),
        **{state.value: states[state] for state in RecipientState},
    )


def settled(ledger: Ledger) -> bool:
    """Whether every part of every recipient has a send outcome; receipts may still be awaited.

    In doubt is one: whether such a part is sent again is the campaign's policy, not the ledger's.
    """
    return len(ledger.records) == ledger.recipients and all(
        part.submission is not None or part.receipt is not None
        for parts in ledger.records.values()
        for part in parts
    )


def final(ledger: Ledger) -> bool:
    """Whether nobody is pending or awaits a receipt."""
    return len(ledger.records) == ledger.recipients and not any(
        state_of(parts) in _OPEN for parts in ledger.records.values()
    )


def _with(parts: tuple[PartRecord, ...], outcome: Outcome) -> tuple[PartRecord, ...]:
    parts += (UNTOUCHED,) * (outcome.parts - len(parts))
    at = outcome.part
    return (*parts[:at], _joined(parts[at], outcome), *parts[at + 1 :])


def _joined(part: PartRecord, outcome: Outcome) -> PartRecord:
    kind = outcome.kind
    fact = Fact(kind, outcome.at_ms, outcome.space, outcome.code, outcome.message_id)
    if kind in RECEIPTS:
        return PartRecord(part.submission, _stronger(part.receipt, fact), part.doubted)
    doubted = part.doubted or kind is OutcomeKind.IN_DOUBT
    return PartRecord(_stronger(part.submission, fact), part.receipt, doubted)


def _stronger(one: Fact | None, other: Fact) -> Fact:
    return other if one is None else max(one, other, key=_strength)


def _strength(fact: Fact) -> tuple[int, int, int, int, str]:
    """Equally strong: the earlier one stays, for a repetition says nothing new; then any order."""
    return _STRENGTH[fact.kind], -fact.at_ms, fact.space, fact.code, fact.message_id


_doubted = attrgetter("doubted")


def _taken(part: PartRecord) -> bool:
    accepted = part.submission is not None and part.submission.kind is OutcomeKind.ACCEPTED
    return accepted or part.receipt is not None
