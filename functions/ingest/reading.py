"""One block: its records become numbers, tokens, values and rejects.

What is plain is read for all records at once; the rest by the rules, one by one (sms/table.py,
sms/numbering.py), with the same outcome. Blocks know nothing of each other, so they can be read
side by side.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from chalicelib.sms.numbering import ask, judge
from chalicelib.sms.phone import BadNumber, Reason, dialled
from chalicelib.sms.table import BLANK, RECORD_MAX, Records, field_at, too_long
from chalicelib.sms.unpacking import NOT_UNICODE, BadFile
from functions.ingest import fields, mixing
from functions.ingest.framing import BINARY
from functions.ingest.numbers import GOOD, ODD, OUTCOME_OF, OUTCOMES, Judged
from functions.ingest.rejects import reject_line
from functions.ingest.values import Values, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.domain.tokens import Mixer
    from chalicelib.sms.table import Layout
    from functions.ingest.fields import Fields
    from functions.ingest.framing import Block
    from functions.ingest.numbers import Judge, Numbers, Octets, Places
    from functions.ingest.values import Whole

PARTS: Final = 512
# More records of a part than this many times its share: most of them are the same number.
UNEVEN: Final = 4

_PART_SHIFT: Final = np.uint64(64 - 9)
_BLANK: Final = 255  # among outcomes: no record at all
# What people put between digits, as far as it is ASCII (sms/phone.py).
_SEPARATORS: Final = b" \t\r()[]-./"
_NAMES: Final = [reason.value if reason else "" for reason in OUTCOMES]
_EDGES: Final = np.arange(1, PARTS, dtype=np.uint64) << _PART_SHIFT
_FEW: Final = 64
_SOME: Final = 5_000
_ASCII_END: Final = 0x80


@dataclass(slots=True)
class Batch:
    """What a block holds. Tokens stand by their part; of a part, as in the file."""

    octets: int
    tokens: Numbers
    # How many of each part.
    parts: Places
    # The values of each record, a line each in the order of tokens; where the parts' end in it.
    text: bytes = b""
    text_ends: Places | None = None
    # Valid ones, be it several times.
    numbers: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    emptied: Counter[str] = field(default_factory=Counter)
    # Lines of the file of rejects.
    rejects: str = ""
    # Records whose number or values were read one by one, and those that phonenumbers was asked
    # about.
    odd: int = 0
    asked: int = 0


@dataclass(slots=True)
class _Rows:
    """Records on their way: `raw` and `record` answer for one of them."""

    lines: Places
    numbers: Numbers
    outcomes: Octets
    raw: Callable[[int], str]
    record: Callable[[int], str]
    asked: int = 0
    odd: int = 0


class Reader:
    def __init__(
        self, layout: Layout | None, country: str | None, judge_all: Judge, mixer: Mixer
    ) -> None:
        self._delimiter = layout.delimiter if layout else None
        self._number = layout.number if layout else 0
        self._values = Values(layout) if layout and layout.columns else None
        self._country = country
        self._judge = judge_all
        self._mixer = mixer

    def read(self, block: Block) -> Batch:
        if block.records is not None:
            return self._told(block, block.records)
        _check(block)
        if self._delimiter is None:
            return self._seen(block, fields.lines_of(block))
        return self._seen(block, fields.records_of(block, self._delimiter, self._number))

    def _seen(self, block: Block, found: Fields) -> Batch:
        octets = block.octets
        _check_lengths(block, self._delimiter, found)
        judged = self._judge.judge(found.octets, found.begins, found.stops)
        judged.outcomes[found.starts == found.ends] = _BLANK

        def record(row: int) -> str:
            return octets[found.starts[row] : found.ends[row]].decode()

        def raw(row: int) -> str:
            if block.quoted:
                return self._field(record(row))
            return octets[found.begins[row] : found.stops[row]].decode().strip()

        rows = _Rows(found.lines, judged.numbers, judged.outcomes, raw, record)
        odd = np.flatnonzero(judged.outcomes == ODD)
        if len(odd):
            spans = zip(found.begins[odd].tolist(), found.stops[odd].tolist(), strict=True)
            self._look_again(rows, odd, [octets[begin:stop] for begin, stop in spans])
        if self._values is None:
            return self._batch(block, rows)
        whole = self._values.whole(found, octets, quoted=block.quoted)
        return self._batch(block, rows, whole, quoted=block.quoted)

    def _told(self, block: Block, records: Sequence[tuple[int, str]]) -> Batch:
        """By the rules, for where quotes do not balance."""
        raws = [self._field(record) for _, record in records]
        rows = _Rows(
            lines=np.array([line for line, _ in records], np.int64),
            numbers=np.zeros(len(records), np.uint64),
            outcomes=np.full(len(records), ODD, np.uint8),
            raw=lambda row: raws[row],
            record=lambda row: records[row][1],
        )
        self._look_again(rows, np.arange(len(records)), [raw.encode() for raw in raws])
        return self._batch(block, rows)

    def _look_again(self, rows: _Rows, odd: Places, heads: list[bytes]) -> None:
        """At first fields without what people put between digits; then at each by the rules."""
        judged = self._without_separators(heads)
        rows.numbers[odd], rows.outcomes[odd] = judged.numbers, judged.outcomes
        for row in odd[judged.outcomes == ODD].tolist():
            self._by_the_rules(rows, row)

    def _without_separators(self, heads: list[bytes]) -> Judged:
        text = b"\n".join(heads).translate(None, _SEPARATORS) + b"\n"
        octets = fields.padded(text)
        ends = np.flatnonzero(octets == fields.LINE_FEED)
        if len(ends) != len(heads):
            # One of them goes over several lines.
            return Judged(np.zeros(len(heads), np.uint64), np.full(len(heads), ODD, np.uint8))
        starts = np.concatenate(([0], ends[:-1] + 1))
        return self._judge.judge(octets, starts, ends)

    def _by_the_rules(self, rows: _Rows, row: int) -> None:
        record = rows.record(row)
        blank = not record.strip() if self._delimiter is None else not record.strip(BLANK)
        if blank:
            rows.outcomes[row] = _BLANK
            return
        rows.odd += 1
        try:
            abroad, digits = dialled(self._field(record))
        except BadNumber as error:
            rows.outcomes[row] = OUTCOME_OF[error.reason]
            return
        answer = judge(digits, self._country, abroad=abroad)
        if answer is None:
            rows.asked += 1
            answer = ask(digits, self._country, abroad=abroad)
        if isinstance(answer, Reason):
            rows.outcomes[row] = OUTCOME_OF[answer]
        else:
            rows.numbers[row], rows.outcomes[row] = int(answer), GOOD

    def _field(self, record: str) -> str:
        if self._delimiter is None:
            return record.strip()
        return field_at(record, self._delimiter, self._number)

    def _batch(
        self, block: Block, rows: _Rows, whole: Whole | None = None, *, quoted: bool = False
    ) -> Batch:
        good = np.flatnonzero(rows.outcomes == GOOD)
        tokens = mixing.tokens(self._mixer, rows.numbers[good])
        emptied: Counter[str] = Counter()
        text, text_ends = b"", None
        if self._values is None:
            tokens, parts = _distinct(tokens)
        else:
            told = self._told_values(rows, good, whole, emptied, quoted=quoted)
            rows.odd += len(told)
            order, parts = _in_parts(tokens)
            tokens = tokens[order]
            text = joined(_lines(good[order], whole, told), quoted=quoted)
            text_ends = _line_ends(text, np.cumsum(parts))
        reasons, rejects = _rejects(rows)
        return Batch(
            octets=len(block.octets),
            tokens=tokens,
            parts=parts,
            text=text,
            text_ends=text_ends,
            numbers=len(good),
            reasons=reasons,
            emptied=emptied,
            rejects=rejects,
            odd=rows.odd,
            asked=rows.asked,
        )

    def _told_values(
        self,
        rows: _Rows,
        good: Places,
        whole: Whole | None,
        emptied: Counter[str],
        *,
        quoted: bool,
    ) -> dict[int, bytes]:
        """Of those records whose values are not as they stand."""
        if self._values is None:
            return {}
        odd = good if whole is None else good[~whole.good[good]]
        of = self._values.of
        return {row: of(rows.record(row), emptied, quoted=quoted) for row in odd.tolist()}


def _check(block: Block) -> None:
    try:
        if not block.octets.isascii():
            _beyond_ascii(block.octets).decode()
    except UnicodeDecodeError:
        raise BadFile(NOT_UNICODE) from None
    if b"\0" in block.octets:
        raise BadFile(BINARY)


def _beyond_ascii(octets: bytes) -> bytes:
    """What decodes if, and only if, all of it does: there is little to decode in most files.

    What follows a character stays with it, so that a cut one is not made whole by the next.
    """
    whole = np.frombuffer(octets, np.uint8)
    high = whole >= _ASCII_END
    kept = high.copy()
    kept[1:] |= high[:-1]
    return whole[kept].tobytes()


def _check_lengths(block: Block, delimiter: str | None, found: Fields) -> None:
    if int((found.ends - found.starts).max()) <= RECORD_MAX:
        return
    records = Records(delimiter or ",")
    for at, line in enumerate(block.octets.decode().split("\n"), block.line):
        if len(line) > RECORD_MAX:
            raise too_long(at)
        if block.quoted:
            records.take(at, line)


def _distinct(tokens: Numbers) -> tuple[Numbers, Places]:
    """Each once, in order, and how many of each part."""
    found = np.sort(tokens)
    if len(found):
        found = found[np.concatenate(([True], found[1:] != found[:-1]))]
    edges = np.searchsorted(found, _EDGES)
    return found, np.diff(edges, prepend=0, append=len(found))


def _in_parts(tokens: Numbers) -> tuple[Places, Places]:
    """Places in the order of parts, of a part as they come; how many of each part.

    Where most are the same number, the first of each only: else they would fill one part.
    """
    parts = (tokens >> _PART_SHIFT).astype(np.uint16)
    counts = np.bincount(parts, minlength=PARTS)
    if counts.max() <= UNEVEN * (len(tokens) // PARTS) + _FEW:
        return np.argsort(parts, kind="stable"), counts
    _, kept = np.unique(tokens, return_index=True)
    kept.sort()
    parts = parts[kept]
    return kept[np.argsort(parts, kind="stable")], np.bincount(parts, minlength=PARTS)


def _lines(rows: Places, whole: Whole | None, told: dict[int, bytes]) -> list[bytes]:
    """The values of these records."""
    if whole is None:
        return [told[row] for row in rows.tolist()]
    lines = whole.lines(rows)
    if told:
        for place in np.flatnonzero(~whole.good[rows]).tolist():
            lines[place] = told[int(rows[place])]
    return lines


def _line_ends(text: bytes, lines: Places) -> Places:
    """Where so many lines end."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == fields.LINE_FEED)
    ends += 1
    return np.concatenate(([0], ends))[lines]


def _rejects(rows: _Rows) -> tuple[Counter[str], str]:
    refused = np.flatnonzero((rows.outcomes > ODD) & (rows.outcomes != _BLANK))
    if not len(refused):
        return Counter(), ""
    counts = np.bincount(rows.outcomes[refused], minlength=len(_NAMES)).tolist()
    reasons = {name: count for name, count in zip(_NAMES, counts, strict=True) if count}
    # A block may be full of them: some at a time, since as objects they take many times the memory.
    some = np.split(refused, range(_SOME, len(refused), _SOME))
    return Counter(reasons), "".join(_reject_lines(rows, places) for places in some)


def _reject_lines(rows: _Rows, refused: Places) -> str:
    reasons = [_NAMES[outcome] for outcome in rows.outcomes[refused].tolist()]
    lines = rows.lines[refused].tolist()
    raws = map(rows.raw, refused.tolist())
    return "".join(map(reject_line, lines, reasons, raws))
