"""Checks an exported audit log, offline (SPEC 8.2). An export is a file of JSON lines, in this
order; each has a `kind`:

    export      once: `format` (1), `workspace`, `since` (or null) and `until` of the records in it,
                and `public_key` (PEM)
    checkpoint  those that were stored: `checkpoint` and `signature`
    opening     once, likewise: the chain's head, signed when the export began
    seal        `seal`: all up to that head that have not expired by then
    record      `record`: those of the period that have not expired by then, in order of their keys
    closing     once, like the opening: signed when the export ended

The opening checkpoint is read first, so all that it stands for was there when the rest was read. It
vouches for the seals, and they for the records. What is missing must have expired by the time of
the closing one. What is younger than the last seal, or by no more older than it than sealers look
back, may be in none yet; whatever else no seal names was put there.

The file is read twice, as a stream. Memory holds a short note of each seal and, as a rule, the
records named by a few: seals come nearly in the order of the records that they name.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

from chalicelib.domain.audit import instant
from chalicelib.domain.audit_findings import Fault, Finding, Findings, Report, Subject
from chalicelib.domain.chain_check import (
    Chain,
    Link,
    Mark,
    check_chain,
    link_of,
    mark_of,
    moment_of,
)
from chalicelib.domain.record_check import Period, Record, RecordCheck, record_of
from chalicelib.domain.seals import SLACK, canonical

# From the beginning, at each call.
Read = Callable[[], Iterable[str]]
# Whether the signature is that of the message, by the key that one trusts.
Verify = Callable[[bytes, bytes], bool]

FORMAT: Final = 1
KINDS: Final = ("export", "checkpoint", "opening", "seal", "record", "closing")
_ONCE: Final = frozenset({"export", "opening", "closing"})
# What reading a line can come upon that nobody of ours wrote.
_WRONG: Final = (KeyError, TypeError, ValueError, RecursionError)


class NotAnExport(Exception):
    """It has no header or no opening checkpoint that one could check anything by."""


class Entry(NamedTuple):
    kind: str
    line: int
    shown: Mapping[str, Any]


def check(read: Read, verify: Verify) -> Findings:
    report = Report()
    export = _Export(read, verify, report)
    for kind, entries in groupby(_entries(read, report), key=attrgetter("kind")):
        export.take(kind, entries)
    return export.findings()


def public_key_of(read: Read) -> str:
    """The key that the export brings along: it proves nothing to those who do not know it."""
    for entry in _entries(read, Report()):
        key = entry.shown.get("public_key")
        if entry.kind == KINDS[0] and isinstance(key, str):
            return key
        break
    raise NotAnExport("It does not begin as an export of the audit log does.")


def _entries(read: Read, report: Report) -> Iterator[Entry]:
    """What stands in its place."""
    stage = -1
    for number, line in enumerate(read(), start=1):
        try:
            shown = json.loads(line)
            kind = shown["kind"]
            place = KINDS.index(kind)
        except _WRONG:
            report.add(_of_line(Fault.MALFORMED, number, "it is no line of an export"))
            continue
        if place < stage or (place == stage and kind in _ONCE):
            report.add(_of_line(Fault.REORDERED, number, f"no {kind} belongs here"))
            continue
        stage = place
        yield Entry(kind, number, shown)


class _Export:
    def __init__(self, read: Read, verify: Verify, report: Report) -> None:
        self._read = read
        self._verify = verify
        self._report = report
        self._period: Period | None = None
        self._marks: list[Mark] = []
        self._opening: Mark | None = None
        self._closing: Mark | None = None
        self._links: list[Link] = []
        self._chain = Chain()
        self._records: RecordCheck | None = None

    def take(self, kind: str, entries: Iterator[Entry]) -> None:
        match kind:
            case "export":
                self._period = _period(next(entries))
            case "checkpoint":
                self._marks += [mark for entry in entries if (mark := self._mark(entry))]
            case "opening":
                self._opening = self._mark(next(entries))
            case "seal":
                self._links = list(self._seals(entries))
            case "record":
                self._against_seals().take(self._parsed(entries))
            case _:
                self._closing = self._mark(next(entries))

    def findings(self) -> Findings:
        records, report = self._against_seals(), self._report
        opening, closed_at = records.opening, self._closed_at(records.opening)
        # What was kept no longer than this may be gone.
        passed = instant(moment_of(closed_at) + SLACK)
        self._judge_chain(opening.at, passed)
        records.end(passed)
        first = self._chain.links[0].number if self._chain.links else opening.seal + 1
        return Findings(
            workspace=records.period.workspace,
            since=records.period.since,
            until=records.period.until,
            opened_at=opening.at,
            closed_at=closed_at,
            head=opening.seal,
            intact=records.intact,
            expired=records.expired,
            unsealed=records.unsealed,
            unproven=records.unproven,
            seals=len(self._chain.links),
            seals_expired=first - 1,
            findings=report.first(),
            faults=dict(report.faults),
        )

    # --- the chain ---

    def _against_seals(self) -> RecordCheck:
        """For the records: all seals have been read by now."""
        if self._records is None:
            if self._period is None or self._opening is None:
                raise NotAnExport("It has no header, or no checkpoint that opens it.")
            self._chain = check_chain(self._links, self._opening, self._marks, self._report)
            self._records = RecordCheck(
                self._seals_again, self._period, self._opening, self._chain, self._report
            )
        return self._records

    def _seals(self, entries: Iterable[Entry]) -> Iterator[Link]:
        for place, entry in enumerate(entries):
            try:
                yield link_of(place, entry.shown["seal"])
            except _WRONG:
                self._report.add(_of_line(Fault.MALFORMED, entry.line, "it is no seal"))

    def _seals_again(self) -> Iterator[Mapping[str, Any]]:
        """With the same places as at the first time."""
        for entry in _entries(self._read, Report()):
            if entry.kind == "seal":
                yield entry.shown.get("seal", {})
            elif KINDS.index(entry.kind) > KINDS.index("seal"):
                return

    def _judge_chain(self, opened_at: str, passed: str) -> None:
        for absence in self._chain.absences:
            if absence.until > passed:
                text = f"it is missing, though it is kept until {absence.until}"
                self._tell_of_seal(Fault.DELETED, absence.last, text)
        if self._report.broken(Subject.SEAL):
            return
        for link in self._chain.loose:
            # Expired seals can go in any order while the export is being made.
            if not opened_at < link.expires_at <= passed:
                text = "nothing vouches for it: the seals between it and the chain are missing"
                self._tell_of_seal(Fault.INSERTED, link.number, text)

    def _tell_of_seal(self, fault: Fault, number: int, text: str) -> None:
        self._report.add(Finding(Subject.SEAL, fault, str(number), text))

    # --- records and checkpoints ---

    def _parsed(self, entries: Iterable[Entry]) -> Iterator[Record]:
        for entry in entries:
            try:
                yield record_of(entry.shown["record"])
            except _WRONG:
                self._report.add(_of_line(Fault.MALFORMED, entry.line, "it is no record"))

    def _mark(self, entry: Entry) -> Mark | None:
        try:
            shown = entry.shown["checkpoint"]
            mark = mark_of(shown)
            message = canonical(shown)
            signature = base64.b64decode(entry.shown["signature"], validate=True)
        except _WRONG:
            self._report.add(_of_line(Fault.MALFORMED, entry.line, "it is no checkpoint"))
            return None
        if not self._verify(message, signature):
            fault, text = Fault.BAD_SIGNATURE, "the key that is trusted did not sign it"
        elif self._period is None or shown.get("workspace") != self._period.workspace:
            fault, text = Fault.FOREIGN, "it is of another workspace"
        else:
            return mark
        self._report.add(Finding(Subject.CHECKPOINT, fault, str(mark.seal), text))
        # There is no other opening to go by: what this one leads to is told as well.
        return mark if entry.kind == "opening" else None

    def _closed_at(self, opening: Mark) -> str:
        closing = self._closing
        if closing is None:
            text = "it has no closing checkpoint that holds: perhaps it was cut off"
            self._report.add(Finding(Subject.EXPORT, Fault.INCOMPLETE, "", text))
            return opening.at
        differs = closing.seal == opening.seal and closing.hash != opening.hash
        if differs or closing.at < opening.at or closing.seal < opening.seal:
            text = "the closing checkpoint does not go on from the opening one"
            self._report.add(Finding(Subject.CHECKPOINT, Fault.FORKED, str(closing.seal), text))
            return opening.at
        return closing.at


def _period(entry: Entry) -> Period:
    shown = entry.shown
    if shown.get("format") != FORMAT:
        raise NotAnExport(f"Its format is {shown.get('format')!r}; this reads {FORMAT} alone.")
    try:
        return Period.of(shown["workspace"], shown["since"], shown["until"])
    except _WRONG as error:
        raise NotAnExport(f"Its header names no period: {error}") from error


def _of_line(fault: Fault, line: int, text: str) -> Finding:
    return Finding(Subject.EXPORT, fault, str(line), f"line {line}: {text}")
