"""The ledger object of a chunk: columns over its parts, then over facts about them (DESIGN 4.8).

The same ledger always gives the same bytes, whatever order it was merged in. Places are written as
gaps and times as differences modulo 2^64: both are small or repeat, so they compress.
"""

from __future__ import annotations

from itertools import accumulate, chain, islice
from typing import TYPE_CHECKING, Final

from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.formats.chunk import MAX_RECIPIENTS
from chalicelib.domain.formats.frame import (
    Format,
    FormatError,
    Reader,
    column,
    look_up,
    number,
    texts,
)
from chalicelib.domain.ledger import RECEIPTS, Fact, Ledger, OutcomeKind, PartRecord
from chalicelib.sms.parts import MAX_PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NO_FACT: Final = 0
_MODULUS: Final = 2**64
_FORMAT: Final = Format(
    name="ledger",
    magic=b"MCL",
    version=1,
    limit=2**26,
)
_SPACES: Final = {space.value: space for space in CodeSpace}
_RECEIPT_KINDS: Final[Mapping[int, OutcomeKind | None]] = {
    _NO_FACT: None,
    **{kind.value: kind for kind in RECEIPTS},
}
_SUBMISSION_KINDS: Final[Mapping[int, OutcomeKind | None]] = {
    _NO_FACT: None,
    **{kind.value: kind for kind in OutcomeKind if kind not in RECEIPTS},
}
_DOUBTED: Final = {0: False, 1: True}


def encode(ledger: Ledger) -> bytes:
    if ledger.recipients > MAX_RECIPIENTS:
        raise FormatError(f"{ledger.recipients} recipients: {MAX_RECIPIENTS} is the limit.")
    places = sorted(ledger.records)
    rows = [ledger.records[place] for place in places]
    parts = list(chain.from_iterable(rows))
    body = (
        number(ledger.recipients),
        number(len(rows)),
        column("H", _gaps(places)),
        column("B", map(len, rows)),
        column("B", [part.doubted for part in parts]),
        _pack([part.submission for part in parts]),
        _pack([part.receipt for part in parts]),
    )
    return _FORMAT.seal(b"".join(body))


def decode(data: bytes) -> Ledger:
    reader = _FORMAT.unseal(data)
    recipients, known = reader.number(), reader.number()
    places = _places(reader.column("H", known))
    if recipients > MAX_RECIPIENTS or (places and places[-1] >= recipients):
        raise FormatError("There are more recipients than there can be.")
    sizes = reader.column("B", known)
    if known and not 1 <= min(sizes) <= max(sizes) <= MAX_PARTS:
        raise FormatError(f"A message has 1 to {MAX_PARTS} parts.")
    doubted = look_up(_DOUBTED, reader.column("B", sum(sizes)))
    submissions = _unpack(reader, _SUBMISSION_KINDS, len(doubted))
    receipts = _unpack(reader, _RECEIPT_KINDS, len(doubted))
    reader.finish()
    parts = map(PartRecord._make, zip(submissions, receipts, doubted, strict=True))
    return Ledger(
        recipients,
        {place: tuple(islice(parts, size)) for place, size in zip(places, sizes, strict=True)},
    )


def _gaps(places: Sequence[int]) -> list[int]:
    """How many recipients are skipped before each one."""
    return [place - before - 1 for before, place in zip((-1, *places), places, strict=False)]


def _places(gaps: Iterable[int]) -> list[int]:
    return [total - 1 for total in accumulate(gap + 1 for gap in gaps)]


def _pack(facts: Sequence[Fact | None]) -> bytes:
    known = [fact for fact in facts if fact is not None]
    times = [fact.at_ms for fact in known]
    steps = [(time - before) % _MODULUS for before, time in zip((0, *times), times, strict=False)]
    return b"".join(
        (
            column("B", [_NO_FACT if fact is None else fact.kind for fact in facts]),
            column("Q", steps),
            column("B", [fact.space for fact in known]),
            column("I", [fact.code for fact in known]),
            texts([fact.message_id for fact in known]),
        )
    )


def _unpack(
    reader: Reader, table: Mapping[int, OutcomeKind | None], count: int
) -> list[Fact | None]:
    """One entry a part: its fact, or None."""
    kinds = look_up(table, reader.column("B", count))
    known = [kind for kind in kinds if kind is not None]
    times = [time % _MODULUS for time in accumulate(reader.column("Q", len(known)))]
    spaces = look_up(_SPACES, reader.column("B", len(known)))
    codes = reader.column("I", len(known))
    ids = reader.texts(len(known))
    facts = map(Fact._make, zip(known, times, spaces, codes, ids, strict=True))
    return [None if kind is None else next(facts) for kind in kinds]
