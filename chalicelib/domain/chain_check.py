"""Whether an exported chain of seals is the one that was signed (SPEC 8.2).

It is walked from its end: the signed head vouches for the last seal, and each seal that is vouched
for vouches for the one before it. So a seal that was altered, or made anew so that it fits its
successor's place, is told from its neighbours, which are whole. Stored checkpoints vouch as well,
and contradict a chain that was written anew from some seal on.

What a broken chain no longer vouches for is *loose*: it may be used, and proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from chalicelib.domain.audit_findings import Fault, Finding, Report, Subject
from chalicelib.domain.seals import seal_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Shown = Mapping[str, Any]

T = TypeVar("T")

# Whatever reads an instant may go back from it by days.
_FIRST_YEAR: Final = 1970


@dataclass(frozen=True, slots=True)
class Mark:
    """What a checkpoint says; its signature has been looked at."""

    seal: int
    hash: str
    expires_at: str
    at: str


@dataclass(frozen=True, slots=True)
class Link:
    """A seal without its records: of a million of these, memory holds all."""

    # Of all seals in the export.
    place: int
    number: int
    at: str
    previous: str
    previous_expires_at: str
    expires_at: str
    # As it says itself, and as it is.
    stated: str
    content: str
    first_key: str | None


@dataclass(frozen=True, slots=True)
class Absence:
    """Seals are missing, this one and perhaps some before it. All is well if it was kept up to
    `until` and no longer: none before it is kept longer.
    """

    last: int
    until: str


@dataclass(slots=True)
class Chain:
    # In order of their numbers, loose ones included.
    links: list[Link] = field(default_factory=list)
    loose: list[Link] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)


def link_of(place: int, shown: Shown) -> Link:
    """Raises KeyError, TypeError or ValueError where it is no seal."""
    keys = [key for key, _, _ in named_by(shown)]
    texts = ("at", "previous", "previous_expires_at", "expires_at", "hash")
    at, previous, previous_expires_at, expires_at, stated = (_text(shown[name]) for name in texts)
    moment_of(at)
    content = seal_hash(shown)
    return Link(
        place=place,
        number=_number(shown["number"]),
        at=at,
        previous=previous,
        previous_expires_at=previous_expires_at,
        expires_at=expires_at,
        # One text for both, as there is one of each for every seal.
        stated=content if stated == content else stated,
        content=content,
        first_key=min(keys, default=None),
    )


def named_by(shown: Shown) -> list[tuple[str, str, str]]:
    """Key, hash and expiry of what the seal names; raises as `link_of`."""
    return [
        (_text(item["key"]), _text(item["hash"]), _text(item["expires_at"]))
        for item in shown["records"]
    ]


def moment_of(text: str) -> datetime:
    """Raises ValueError where it is no instant that the log can have."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or moment.year < _FIRST_YEAR:
        raise ValueError(f"{text} is no instant of the log")
    return moment


def mark_of(shown: Shown) -> Mark:
    """Raises as `link_of`."""
    hash_, expires_at, at = (_text(shown[name]) for name in ("hash", "expires_at", "at"))
    moment_of(at)
    return Mark(_number(shown["seal"]), hash_, expires_at, at)


def with_next(items: Iterable[T]) -> Iterator[tuple[T, T | None]]:
    rest = iter(items)
    item = next(rest, None)
    while item is not None:
        following = next(rest, None)
        yield item, following
        item = following


@dataclass(slots=True)
class Order:
    """Tells what stands where it belongs. Of two neighbours in the wrong order it is the first that
    does not, if the second goes on from what was before both.
    """

    _last: Any = None

    def fits(self, place: Any, following: Any) -> bool:  # noqa: ANN401 - whatever compares
        """`following` is the next one's place, or None where that says nothing."""
        fits = self._last is None or place > self._last
        if fits and following is not None:
            fits = following > place or (self._last is not None and following <= self._last)
        if fits:
            self._last = place
        return bool(fits)


def check_chain(
    links: Sequence[Link], opening: Mark, marks: Iterable[Mark], report: Report
) -> Chain:
    """`opening` is the head. What is missing may have expired: `Chain.absences` is for whoever
    knows the time.
    """
    order = Order()
    for link, following in with_next(links):
        if not order.fits(link.number, following.number if following else None):
            report.add(_finding(Fault.REORDERED, link.number, "it is out of order"))
    walk = _Walk(opening, _by_seal(opening, marks, report), report)
    number_of = attrgetter("number")
    for number, candidates in groupby(sorted(links, key=number_of, reverse=True), key=number_of):
        walk.step(number, list(candidates))
    return walk.end()


def _by_seal(opening: Mark, marks: Iterable[Mark], report: Report) -> dict[int, Mark]:
    found = {opening.seal: opening}
    for mark in marks:
        known = found.setdefault(mark.seal, mark)
        if known.hash != mark.hash:
            told = f"checkpoints of {mark.at} and {known.at} tell of two different ones"
            report.add(_finding(Fault.FORKED, mark.seal, told))
        if mark.seal > opening.seal:
            told = f"missing: a checkpoint of {mark.at} names it, but the chain ends before it"
            report.add(_finding(Fault.DELETED, mark.seal, told))
    return found


class _Walk:
    """From the head down to the oldest seal."""

    def __init__(self, opening: Mark, marks: Mapping[int, Mark], report: Report) -> None:
        self._opening = opening
        self._marks = marks
        self._report = report
        self._chain = Chain()
        # The number of the seal above, and itself unless it is broken.
        self._above = opening.seal + 1
        self._link: Link | None = None
        self._vouched = False

    def step(self, number: int, candidates: list[Link]) -> None:
        if not 1 <= number <= self._opening.seal:
            self._tell(Fault.INSERTED, number, "the chain has no such number")
            return
        if number < self._above - 1:
            self._miss()
        upper = self._link if number == self._above - 1 else None
        vouched = upper is not None and self._vouched
        mark = self._marks.get(number)
        wanted = upper.previous if upper else None
        if mark is not None and not vouched:
            wanted, vouched = mark.hash, True
        chosen = _chosen(candidates, wanted)
        if chosen is None:
            named_by = "its own hash" if wanted is None else f"seal {number + 1} or a checkpoint"
            self._tell(Fault.ALTERED, number, f"it is not the one that {named_by} names")
        else:
            self._take(chosen, vouched=vouched)
            self._compare(chosen, candidates)
        self._above, self._link, self._vouched = number, chosen, vouched

    def end(self) -> Chain:
        if self._above > 1:
            self._miss()
        for mark in self._marks.values():
            # A chain that was written anew may tell of its past what it likes.
            if mark.seal < self._above and mark is not self._opening:
                self._chain.absences.append(Absence(mark.seal, mark.expires_at))
        self._chain.links.reverse()
        return self._chain

    def _take(self, chosen: Link, *, vouched: bool) -> None:
        self._chain.links.append(chosen)
        if not vouched:
            self._chain.loose.append(chosen)
        if chosen.stated != chosen.content:
            self._tell(Fault.ALTERED, chosen.number, "its hash was changed")

    def _compare(self, chosen: Link, candidates: Iterable[Link]) -> None:
        mark = self._marks.get(chosen.number)
        if mark is not None and mark.hash != chosen.content:
            told = f"a checkpoint of {mark.at} names another one"
            self._tell(Fault.FORKED, chosen.number, told)
        for other in candidates:
            if other is not chosen:
                same = other.content == chosen.content
                fault = Fault.DUPLICATE if same else Fault.FORKED
                self._tell(fault, chosen.number, "there are several of this number")

    def _miss(self) -> None:
        """The one before the seal above. One that is broken cannot tell up to when the one before
        it was kept, and is a fault by itself.
        """
        last = self._above - 1
        if last == self._opening.seal:
            self._chain.absences.append(Absence(last, self._opening.expires_at))
        elif self._link is not None:
            self._chain.absences.append(Absence(last, self._link.previous_expires_at))

    def _tell(self, fault: Fault, number: int, text: str) -> None:
        self._report.add(_finding(fault, number, text))


def _chosen(candidates: Iterable[Link], wanted: str | None) -> Link | None:
    """The one that is wanted; where nobody knows which, one that is whole in itself."""
    for each in candidates:
        if each.content == (each.stated if wanted is None else wanted):
            return each
    return None


def _finding(fault: Fault, number: int, text: str) -> Finding:
    return Finding(Subject.SEAL, fault, str(number), text)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no whole number")
    return value
