"""Looking at who wants no messages: one number, page by page, and the lists (SPEC 5.4, 5.5).

What is said for all workspaces is its own affair: others hear that it holds for the number they
asked for, and nothing of by whom, since when, or by which list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain import tokens
from chalicelib.domain.errors import Invalid, NotFound, Problem, Unavailable
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifests
from chalicelib.domain.recipient_list import list_prefix
from chalicelib.domain.rights import Right
from chalicelib.domain.tokens import Mixer
from chalicelib.domain.workspace import MASTER
from chalicelib.sms.phone import BadNumber, mask, normalise
from chalicelib.usecases.ports import Page
from chalicelib.usecases.suppressing import MANY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.suppression import Source, Suppression, SuppressionList
    from chalicelib.usecases.auditing import Auditor, Caller, Recorder
    from chalicelib.usecases.ports import Blobs, Campaigns, DataKeys, Directory, Suppressions


@dataclass(frozen=True, slots=True)
class EntryLine:
    number: str
    ctn_hash: str
    source: Source
    at: datetime
    by: str
    note: str
    lifted: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lists` are the workspace's own that hold the number and were not outweighed."""

    number: str
    ctn_hash: str
    entry: EntryLine | None
    lists: tuple[str, ...]
    for_all: bool

    @property
    def suppressed(self) -> bool:
        return (
            self.for_all or bool(self.lists) or (self.entry is not None and not self.entry.lifted)
        )


@dataclass(frozen=True, slots=True)
class ListLine:
    record: SuppressionList
    list: RecipientList


@dataclass(frozen=True, slots=True)
class Said:
    """What one workspace says of a number."""

    entry: Suppression | None
    lists: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return bool(self.lists) or (self.entry is not None and not self.entry.lifted)


@dataclass(frozen=True, slots=True)
class Suppressed:
    directory: Directory
    campaigns: Campaigns
    suppressions: Suppressions
    blobs: Blobs
    data_keys: DataKeys
    auditor: Auditor
    recorder: Recorder

    def look_up(self, caller: Caller, number: str) -> Verdict:
        caller.must(Right.INTEGRATE)
        try:
            digits = normalise(number)
        except BadNumber as error:
            raise Invalid(Problem("number", str(error))) from None
        key = self._key(caller.workspace)
        hasher = tokens.hasher(key)
        said = self._said(caller.workspace, key, int(digits))
        return Verdict(
            number=mask(digits),
            ctn_hash=hasher(digits).hex(),
            entry=_line(said.entry, hasher, mask) if said.entry else None,
            lists=said.lists,
            for_all=caller.workspace != MASTER and self._said_for_all(int(digits)),
        )

    def page(
        self, caller: Caller, after: str | None, limit: int, *, full: bool = False
    ) -> Page[EntryLine]:
        """Entries, lifted ones among them, in an order that means nothing to people."""
        caller.must(Right.INTEGRATE)
        if full:
            caller.must(Right.FULL_NUMBERS)
        hasher = tokens.hasher(self._key(caller.workspace))
        found = self.suppressions.page(caller.workspace, after=after, limit=limit)
        lines = [_line(entry, hasher, str if full else mask) for entry in found.items]
        if full:
            self._record_reading(caller, lines)
        return Page(lines, found.next)

    def lists(self, caller: Caller, after: str | None, limit: int) -> Page[ListLine]:
        """Newest first, withdrawn ones among them."""
        caller.must(Right.INTEGRATE)
        found = self.suppressions.lists(caller.workspace)
        beyond = [each for each in found if after is None or each.list < after]
        shown = [
            ListLine(each, self.campaigns.recipient_list(caller.workspace, each.list))
            for each in beyond[:limit]
        ]
        return Page(shown, shown[-1].record.list if len(beyond) > limit else None)

    def _record_reading(self, caller: Caller, lines: list[EntryLine]) -> None:
        """Before anything is shown (SPEC 8.2)."""
        after = {
            "numbers": len(lines),
            "first": lines[0].ctn_hash if lines else None,
            "last": lines[-1].ctn_hash if lines else None,
        }
        self.recorder.write(
            self.auditor.record(caller.workspace, caller.actor, "numbers.read", MANY, after=after)
        )

    def _said_for_all(self, number: int) -> bool:
        try:
            key = self._key(MASTER)
        except NotFound:  # an installation that has no super admin yet
            return False
        return self._said(MASTER, key, number).holds

    def _said(self, workspace: str, key: bytes, number: int) -> Said:
        mixer = Mixer.of(key)
        token = mixer.token(number)
        entry = self.suppressions.find(workspace, [token]).get(token)
        lifted = entry.at if entry is not None and entry.lifted else None
        lists = (
            each.list
            for each in self.suppressions.lists(workspace)
            if each.withdrawn_at is None
            and (lifted is None or lifted <= each.at)
            and self._holds(each, mixer, number)
        )
        return Said(entry, tuple(lists))

    def _holds(self, suppressed: SuppressionList, mixer: Mixer, number: int) -> bool:
        prefix = list_prefix(suppressed.workspace, suppressed.list)
        try:
            manifest = manifests.decode(self.blobs.get(f"{prefix}/manifest"))
            entry = manifests.find_chunk(manifest, mixer.token(number))
            if entry is None:
                return False
            chunk = chunk_format.decode(self.blobs.get(entry.key))
        except NotFound as error:
            # Not as what is missing: it may be the master's, whose lists are nobody else's affair.
            raise Unavailable("A suppression list") from error
        return chunk_format.find(chunk, mixer, number) is not None

    def _key(self, workspace_id: str) -> bytes:
        workspace = self.directory.workspace(workspace_id)
        return self.data_keys.unwrap(workspace.id, workspace.wrapped_data_key)


def _line(
    entry: Suppression, hasher: Callable[[str], bytes], shown: Callable[[str], str]
) -> EntryLine:
    digits = str(entry.number)
    return EntryLine(
        number=shown(digits),
        ctn_hash=hasher(digits).hex(),
        source=entry.source,
        at=entry.at,
        by=entry.by,
        note=entry.note,
        lifted=entry.lifted,
    )
