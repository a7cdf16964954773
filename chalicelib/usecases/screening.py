"""Counting who of a list wants no messages, for the review (domain/screening.py).

Nobody is counted at once, few are within the request, many elsewhere (functions/survey). A count
that something was said since is made anew when somebody looks, not more often than once in a while;
until then the older one is shown with its time.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.errors import Exists, NotFound, Stale, Unavailable
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.screening import Screening
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.surveying import AT_ONCE, GONE_AFTER, WRITE_EVERY, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.ports import Campaigns, Changes, Clock, Surveys
    from chalicelib.usecases.wishes import Unwanted, Wishes

# Entries of a workspace, and numbers of its suppression lists, that are read within a request.
FEW_ENTRIES: Final = 1_000
FEW_LISTED: Final = 100_000
# A count is good for so long, whatever was said since; and for so long where nothing was. Notes of
# more than that are not looked through.
GOOD_FOR: Final = timedelta(minutes=1)
GOOD_AT_MOST: Final = timedelta(hours=1)


class Screened(NamedTuple):
    """`suppressed` at `counted_at`, if it was counted; `progress` and `counted` are of the count
    that is shown, or of the first one while there is none.
    """

    progress: Progress
    recipients: int
    counted: int
    suppressed: int | None = None
    counted_at: datetime | None = None


class _Many(StrEnum):
    NOBODY = "nobody"
    FEW = "few"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class Screener:
    campaigns: Campaigns
    changes: Changes
    wishes: Wishes
    clock: Clock

    def look(self, recipients: RecipientList, surveys: Surveys) -> Screened | None:
        """What is known now; what is not is asked for. None: the list is not ready."""
        if recipients.status is not ListStatus.READY:
            return None
        many, count = self._many(recipients.workspace), recipients.counts.valid
        if many is _Many.NOBODY:
            return Screened(Progress.COMPLETE, count, count, 0, self.clock.now())
        if many is _Many.FEW and count <= AT_ONCE:
            # What is missing of a list, the other way reports.
            with suppress(NotFound):
                unwanted = self.wishes.unwanted(recipients.workspace)
                found = sum(found for _, found in self._found(recipients, unwanted))
                return Screened(Progress.COMPLETE, count, count, found, unwanted.as_of)
        return self._stored(recipients, surveys)

    def screen(self, workspace: str, list_id: str) -> Screening | None:
        """A whole count that is good still, made now unless it is there. None: none is needed, or
        somebody else is at it, or the list is gone.
        """
        recipients = self._list(workspace, list_id)
        if recipients is None:
            return None
        stored, now = self.campaigns.screening(workspace, list_id), self.clock.now()
        known = stored if stored and stored.digest == recipients.digest else None
        if known is not None and _is_under_way(known, now):
            return None
        if known is not None and not self._is_outdated(known, now):
            return known
        unwanted = self.wishes.unwanted(workspace)
        begun = Screening(
            workspace=workspace,
            list=list_id,
            digest=recipients.digest or "",
            asked_at=unwanted.as_of,
            written_at=now,
            recipients=recipients.counts.valid,
            suppressed=known.suppressed if known else None,
            as_of=known.as_of if known else None,
            version=stored.version if stored else 0,
        )
        try:
            return self._screen(recipients, self.changes.keep(begun), unwanted)
        except (Exists, Stale):
            return None
        except NotFound:
            # The list is gone. If it is not, something of it is missing.
            if self._list(workspace, list_id) is not None:
                raise
            return None

    def _stored(self, recipients: RecipientList, surveys: Surveys) -> Screened:
        stored = self.campaigns.screening(recipients.workspace, recipients.id)
        known = stored if stored and stored.digest == recipients.digest else None
        now, count = self.clock.now(), recipients.counts.valid
        under_way = known is not None and _is_under_way(known, now)
        if not under_way and (known is None or self._is_outdated(known, now)):
            # Who asks again asks for it again.
            with suppress(Unavailable):
                surveys.request_screening(recipients.workspace, recipients.id)
        if known is not None and known.suppressed is not None:
            return Screened(Progress.COMPLETE, count, count, known.suppressed, known.as_of)
        if known is not None and under_way:
            return Screened(Progress.COUNTING, count, known.counted)
        return Screened(Progress.NONE, count, 0)

    def _screen(
        self, recipients: RecipientList, screening: Screening, unwanted: Unwanted
    ) -> Screening:
        counted = total = 0
        for size, found in self._found(recipients, unwanted):
            counted, total = counted + size, total + found
            now = self.clock.now()
            if now - screening.written_at >= WRITE_EVERY and counted < screening.recipients:
                screening = self.changes.keep(
                    replace(screening, counted=counted, found=total, written_at=now)
                )
        return self.changes.keep(
            replace(
                screening,
                counted=screening.recipients,
                found=total,
                suppressed=total,
                as_of=screening.asked_at,
                written_at=self.clock.now(),
            )
        )

    def _found(self, recipients: RecipientList, unwanted: Unwanted) -> Iterator[tuple[int, int]]:
        """Recipients, and how many of them want no messages, chunk by chunk."""
        if unwanted:
            for numbers in self.wishes.listed(recipients.workspace, recipients.id):
                yield len(numbers), len(unwanted.places(numbers))

    def _many(self, workspace: str) -> _Many:
        """By one small read or two of each who may say so."""
        anybody = False
        for source in dict.fromkeys((MASTER, workspace)):
            page = self.wishes.suppressions.page(source, after=None, limit=FEW_ENTRIES)
            in_force = [
                each.list
                for each in self.wishes.suppressions.lists(source)
                if each.withdrawn_at is None
            ]
            anybody = anybody or bool(page.items) or bool(in_force)
            listed = sum(self._size(source, each) for each in in_force)
            if page.next is not None or listed > FEW_LISTED:
                return _Many.MANY
        return _Many.FEW if anybody else _Many.NOBODY

    def _size(self, workspace: str, list_id: str) -> int:
        recipients = self._list(workspace, list_id)
        return recipients.counts.valid if recipients else 0

    def _list(self, workspace: str, list_id: str) -> RecipientList | None:
        """One that is ready."""
        try:
            recipients = self.campaigns.recipient_list(workspace, list_id)
        except NotFound:
            return None
        return recipients if recipients.status is ListStatus.READY else None

    def _is_outdated(self, screening: Screening, now: datetime) -> bool:
        if not screening.complete or screening.as_of is None:
            return True
        age = now - screening.as_of
        if age < GOOD_FOR or age >= GOOD_AT_MOST:
            return age >= GOOD_AT_MOST
        return bool(self.wishes.changes([screening.workspace], screening.as_of))


def _is_under_way(screening: Screening, now: datetime) -> bool:
    return not screening.complete and now - screening.written_at < GONE_AFTER
