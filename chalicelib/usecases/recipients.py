"""What happened to a campaign's recipients: totals and pages, numbers masked (SPEC 5.5, 6.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain import delivery, tokens
from chalicelib.domain import ledger as ledgers
from chalicelib.domain.campaign import Campaign, Status, unsent_state
from chalicelib.domain.codes import CodeSpace, meaning
from chalicelib.domain.errors import NotFound, require
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.ledger import RecipientState
from chalicelib.domain.rights import Right
from chalicelib.sms.phone import mask
from chalicelib.usecases.ledgers import read
from chalicelib.usecases.ports import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.domain.delivery import ChunkRecord
    from chalicelib.domain.ledger import Counters, Fact, PartRecord
    from chalicelib.usecases.auditing import Auditor, Caller, Recorder
    from chalicelib.usecases.ports import Blobs, Campaigns, DataKeys, Delivery, Directory

CURSOR_MAX = 20
FAILURES = frozenset({RecipientState.FAILED, RecipientState.EXPIRED, RecipientState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """A refusal or a failed receipt, with its code space: one code means different things in
    each.
    """

    space: str
    code: int
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class PartLine:
    state: RecipientState
    message_id: str
    submitted_at_ms: int | None
    reported_at_ms: int | None
    error: ErrorLine | None


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """`number` is "erased" where it was, or the list was deleted; `ctn_hash` is empty then."""

    number: str
    ctn_hash: str
    state: RecipientState
    parts: tuple[PartLine, ...]


@dataclass(frozen=True, slots=True)
class Recipients:
    directory: Directory
    campaigns: Campaigns
    delivery: Delivery
    blobs: Blobs
    data_keys: DataKeys
    auditor: Auditor
    recorder: Recorder

    def totals(self, campaign: Campaign) -> Counters:
        return totals_of(self.delivery, campaign)

    def page(
        self,
        caller: Caller,
        campaign_id: str,
        after: str | None,
        limit: int,
        *,
        full: bool = False,
    ) -> Page[RecipientLine]:
        """Numbers are masked, or, with the right to it and in the audit log, shown in full."""
        caller.must(Right.VIEW)
        if full:
            caller.must(Right.FULL_NUMBERS)
        campaign = self.campaigns.campaign(caller.workspace, campaign_id)
        if campaign.archived_at is not None:
            caller.must(Right.VIEW_ARCHIVE)
        number, first = position_in(after)
        if number >= campaign.chunks:
            return Page([], None)
        chunk = self.delivery.chunk(caller.workspace, campaign_id, number)
        if full:
            self._record_reading(caller, campaign, f"{number}.{first}", limit)
        lines = self._lines(campaign, chunk, first, limit, str if full else mask)
        following = first + len(lines)
        if following < chunk.recipients:
            return Page(lines, f"{number}.{following}")
        return Page(lines, f"{number + 1}.0" if number + 1 < campaign.chunks else None)

    def _record_reading(self, caller: Caller, campaign: Campaign, place: str, limit: int) -> None:
        """Before anything is shown; it does not keep an admin from reading (SPEC 8.2)."""
        self.recorder.write(
            self.auditor.record(
                campaign.workspace,
                caller.actor,
                "numbers.read",
                campaign.id,
                author=campaign.author,
                after={"from": place, "limit": limit},
            )
        )

    def _lines(
        self,
        campaign: Campaign,
        chunk: ChunkRecord,
        first: int,
        limit: int,
        shown: Callable[[str], str],
    ) -> list[RecipientLine]:
        workspace = self.directory.workspace(campaign.workspace)
        key = self.data_keys.unwrap(workspace.id, workspace.wrapped_data_key)
        number_hash = tokens.hasher(key)
        numbers = self._numbers(chunk)
        records = read(self.delivery, self.blobs, chunk).records
        lines = []
        for index in range(first, min(first + limit, chunk.recipients)):
            # Of an erased number nothing is told but what became of it.
            digits = None if chunk_format.is_hole(numbers[index]) else str(numbers[index])
            parts = records.get(index, ())
            state = ledgers.state_of(parts)
            lines.append(
                RecipientLine(
                    number=chunk_format.ERASED if digits is None else shown(digits),
                    ctn_hash="" if digits is None else number_hash(digits).hex(),
                    state=unsent_state(campaign.status) or state
                    if state is RecipientState.PENDING
                    else state,
                    parts=tuple(_part(part) for part in parts),
                )
            )
        return lines

    def _numbers(self, chunk: ChunkRecord) -> Sequence[int]:
        """Ledgers outlast lists: once the list is deleted, all its numbers are gone."""
        try:
            return chunk_format.decode(self.blobs.get(chunk.source)).numbers
        except NotFound:
            return [chunk_format.HOLES_FROM] * chunk.recipients


def totals_of(records: Delivery, campaign: Campaign) -> Counters:
    """Sum of the chunks' absolute counters; before the campaign is built, all are pending."""
    if campaign.chunks == 0:
        totals = ledgers.Counters(total=campaign.recipients, pending=campaign.recipients)
    else:
        totals = delivery.totals(records.chunks(campaign.workspace, campaign.id))
    return _ended(totals, campaign.status)


def position_in(after: str | None) -> tuple[int, int]:
    """Chunk and place in it; the cursor is opaque to callers."""
    if after is None:
        return 0, 0
    chunk, _, index = after.partition(".")
    known = chunk.isdecimal() and index.isdecimal() and chunk.isascii() and index.isascii()
    require((known and len(after) <= CURSOR_MAX, "after", "is not a cursor of this listing"))
    return int(chunk), int(index)


def _part(part: PartRecord) -> PartLine:
    submission, receipt = part.submission, part.receipt
    fact = receipt or submission
    failed = fact is not None and fact.code and fact.space is not CodeSpace.NONE
    return PartLine(
        state=part.state,
        message_id=part.message_id,
        submitted_at_ms=submission.at_ms if submission else None,
        reported_at_ms=receipt.at_ms if receipt else None,
        error=_error(fact) if fact and failed and part.state in FAILURES else None,
    )


def _error(fact: Fact) -> ErrorLine:
    known = meaning(fact.space, fact.code)
    return ErrorLine(fact.space.name.lower(), fact.code, known.name, known.text)


def _ended(totals: Counters, status: Status) -> Counters:
    """The rest of a campaign that ended early is derived, not written (DESIGN 4.4)."""
    state = unsent_state(status)
    if state is None:
        return totals
    held = getattr(totals, state.value)
    return replace(totals, pending=0, **{state.value: held + totals.pending})
