"""Whether the records of an exported audit log are those that its seals name (SPEC 8.2).

Both come in the order of their keys, nearly: a record that turned up late is named by a later seal.
So the records named are read along with the records themselves, as far as no seal that is still to
come can name an earlier one.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.domain.audit import hash_of, key_at
from chalicelib.domain.audit_findings import Fault, Finding, Report, Subject
from chalicelib.domain.chain_check import Chain, Link, Mark, Order, moment_of, named_by, with_next
from chalicelib.domain.seals import LOOK_BACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class Record(NamedTuple):
    key: str
    id: str
    workspace: object
    expires_at: str
    hash: str


class Named(NamedTuple):
    """What a seal says of a record; sorts by key."""

    key: str
    hash: str
    expires_at: str
    seal: int
    vouched: bool


class Period(NamedTuple):
    workspace: str
    since: str | None
    until: str
    # Keys; the end is not in it.
    first: str
    end: str

    @classmethod
    def of(cls, workspace: str, since: str | None, until: str) -> Period:
        """Raises KeyError, TypeError or ValueError where it is none."""
        first = "" if since is None else key_at(moment_of(since))
        return cls(workspace, since, until, first, key_at(moment_of(until)))

    def has(self, key: str) -> bool:
        return self.first <= key < self.end


def record_of(shown: Mapping[str, Any]) -> Record:
    """Raises as `Period.of`, or RecursionError."""
    key = key_at(moment_of(shown["at"])) + shown["id"]
    expires_at: str = shown["expires_at"] + ""
    return Record(key, shown["id"], shown["workspace"], expires_at, hash_of(shown))


class RecordCheck:
    """`seals` reads them once more, with the places that the chain's links tell of."""

    def __init__(
        self,
        seals: Callable[[], Iterable[Mapping[str, Any]]],
        period: Period,
        opening: Mark,
        chain: Chain,
        report: Report,
    ) -> None:
        self.period = period
        self.opening = opening
        self.intact = self.expired = self.unsealed = self.unproven = 0
        self._report = report
        self._tail = _tail(chain, opening)
        self._named = _named(seals, chain, period)
        self._next = next(self._named, None)
        # Named by a seal, and not seen yet.
        self._awaited: dict[str, Named] = {}
        # In no seal, though older than what may be.
        self._doubtful: list[Record] = []

    def take(self, records: Iterable[Record]) -> None:
        last, order = "", Order()
        for record, following in with_next(records):
            self._await(record.key)
            fits = order.fits(record.key, self._place(record, following))
            named = self._awaited.pop(record.key, None)
            if record.key == last:
                self._tell(Fault.DUPLICATE, record, "it is there twice")
            elif record.workspace != self.period.workspace:
                self._tell(Fault.FOREIGN, record, "it is of another workspace")
            elif not self.period.has(record.key):
                self._tell(Fault.OUTSIDE, record, "it is not of the period of this export")
            else:
                if not fits:
                    self._tell(Fault.REORDERED, record, "it is out of order")
                self._compare(record, named)
            last = record.key

    def end(self, passed: str) -> None:
        """What was kept no longer than `passed` may be gone. Call it when all is told of seals."""
        self._await(None)
        for named in self._awaited.values():
            if named.expires_at <= passed:
                self.expired += 1
            else:
                text = f"seal {named.seal} names it, and it is kept until {named.expires_at}"
                self._tell(Fault.DELETED, named, text)
        broken = self._report.broken(Subject.SEAL)
        for record in self._doubtful:
            # Its seal may be among those that are broken, or expired while the export was made.
            if broken or self.opening.at < record.expires_at <= passed:
                self.unproven += 1
            else:
                text = "no seal names it: it was put there, or came very late while this was made"
                self._tell(Fault.INSERTED, record, text)

    def _place(self, record: Record, following: Record | None) -> str | None:
        """The key of the following record, unless it goes back to where no seal names it."""
        if following is None or (following.key < record.key and following.key not in self._awaited):
            return None
        return following.key

    def _await(self, key: str | None) -> None:
        """All that seals name up to this key, or all."""
        while self._next is not None and (key is None or self._next.key <= key):
            known = self._awaited.setdefault(self._next.key, self._next)
            if known.hash != self._next.hash:
                text = f"seals {known.seal} and {self._next.seal} name it differently"
                self._tell(Fault.FORKED, known, text)
            self._next = next(self._named, None)

    def _compare(self, record: Record, named: Named | None) -> None:
        if named is None and record.key >= self._tail:
            self.unsealed += 1
        elif named is None:
            self._doubtful.append(record)
        elif named.hash != record.hash:
            self._tell(Fault.ALTERED, record, f"it is not what seal {named.seal} names")
        elif named.vouched:
            self.intact += 1
        else:
            self.unproven += 1

    def _tell(self, fault: Fault, what: Record | Named, text: str) -> None:
        id_ = what.key.partition("#")[2]
        self._report.add(Finding(Subject.RECORD, fault, what.key, text, id_))


def _tail(chain: Chain, opening: Mark) -> str:
    """From this key on a record may be in no seal yet."""
    if not opening.seal:
        return ""
    newest = chain.links[-1].at if chain.links else opening.at
    return key_at(moment_of(newest) - LOOK_BACK)


def _named(
    seals: Callable[[], Iterable[Mapping[str, Any]]], chain: Chain, period: Period
) -> Iterator[Named]:
    """In order of their keys."""
    loose = {link.place for link in chain.loose}
    links = sorted(chain.links, key=attrgetter("place"))
    wanted = zip(links, _borders(links), strict=True)
    link, border = next(wanted, (None, None))
    pending: list[Named] = []
    for place, shown in enumerate(seals()):
        if link is None or place != link.place:
            continue
        pending += [
            Named(key, hash_, expires_at, link.number, place not in loose)
            for key, hash_, expires_at in named_by(shown)
            if period.has(key)
        ]
        pending.sort()
        cut = len(pending) if border is None else bisect_left(pending, border, key=itemgetter(0))
        yield from pending[:cut]
        del pending[:cut]
        link, border = next(wanted, (None, None))


def _borders(links: list[Link]) -> list[str | None]:
    """For each seal, the lowest key that those after it name."""
    found: list[str | None] = []
    lowest: str | None = None
    for link in reversed(links):
        found.append(lowest)
        if link.first_key is not None and (lowest is None or link.first_key < lowest):
            lowest = link.first_key
    found.reverse()
    return found
