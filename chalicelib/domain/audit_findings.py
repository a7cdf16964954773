"""What checking an exported audit log finds (SPEC 8.2): each fault with its place, and the sum."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of a log that is broken all over, the first ones are shown; all are counted.
SHOWN: Final = 100


class Subject(StrEnum):
    """In the order in which faults are told: what stands further up explains what is below."""

    EXPORT = "export"
    CHECKPOINT = "checkpoint"
    SEAL = "seal"
    RECORD = "record"


class Fault(StrEnum):
    MALFORMED = "malformed"
    INCOMPLETE = "incomplete"
    BAD_SIGNATURE = "bad signature"
    FOREIGN = "of another workspace"
    OUTSIDE = "outside of the period"
    REORDERED = "out of order"
    DUPLICATE = "twice"
    FORKED = "forked"
    ALTERED = "altered"
    DELETED = "deleted"
    INSERTED = "inserted"


_ORDER: Final = tuple(Subject)


@dataclass(frozen=True, slots=True)
class Finding:
    subject: Subject
    fault: Fault
    # A record's key, a seal's number, a line's number.
    key: str
    text: str
    # A record's id.
    id: str = ""

    @property
    def place(self) -> tuple[int, int, str]:
        number = int(self.key) if self.key.isdecimal() else 0
        return _ORDER.index(self.subject), number, self.key


@dataclass(frozen=True, slots=True)
class Findings:
    workspace: str
    # The period; None is the beginning.
    since: str | None
    until: str
    # The chain's head as signed when the export began, and when it ended.
    opened_at: str
    closed_at: str
    head: int
    # Records as their seals name them.
    intact: int
    # Named by a seal, missing, and their time was up.
    expired: int
    # In no seal, and so young that there may not be one yet.
    unsealed: int
    # Of which a broken chain can no longer tell whether they are what they were.
    unproven: int
    seals: int
    # Before the first one that is kept.
    seals_expired: int
    # In order of their places, at most SHOWN.
    findings: tuple[Finding, ...]
    faults: Mapping[Fault, int]

    @property
    def clean(self) -> bool:
        return not self.faults

    @property
    def first(self) -> Finding | None:
        return self.findings[0] if self.findings else None

    @property
    def first_record(self) -> Finding | None:
        records = (each for each in self.findings if each.subject is Subject.RECORD)
        return next(records, None)


@dataclass(slots=True)
class Report:
    """Findings as they come up."""

    faults: Counter[Fault] = field(default_factory=Counter)
    _broken: set[Subject] = field(default_factory=set)
    _found: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        self.faults[finding.fault] += 1
        self._broken.add(finding.subject)
        self._found.append(finding)
        if len(self._found) > 2 * SHOWN:
            self._found = list(self.first())

    def broken(self, subject: Subject) -> bool:
        return subject in self._broken

    def first(self) -> tuple[Finding, ...]:
        return tuple(sorted(self._found, key=lambda finding: finding.place)[:SHOWN])
