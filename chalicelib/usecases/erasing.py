"""Erasing one number from a workspace (SPEC 5.6): asked for by a person, done by the sweep.

Of each list that there was when it was asked for: the number's place in its chunk becomes a hole,
and the uploaded file goes. In this order, so that whoever is killed, the next one gets it done, and
whoever reads meanwhile reads what fits together:

1. the erasure notes the list, so that it counts once;
2. the manifest says that the chunk is either what it was or what it will be;
3. the chunk is replaced;
4. where the number stood at an edge, the manifest takes over the chunk's new edges. Until then the
   chunk is found by the old ones, and so this step is found to be missing.

What was taken over is given up when the turn is over, a little later than the function's end, and
goes on at the last list that was noted as looked through.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain import tokens
from chalicelib.domain.audit import system
from chalicelib.domain.erasure import (
    TURN,
    Erasure,
    ErasureTurn,
    OpenErasure,
    Suppressed,
    number_of,
)
from chalicelib.domain.errors import Exists, NotFound, Stale
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifests
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.recipient_list import ListPurpose, ListStatus, list_prefix, upload_key
from chalicelib.domain.rights import Right
from chalicelib.domain.tokens import Mixer
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.repeats import Request

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import (
        Blobs,
        Campaigns,
        Changes,
        Clock,
        DataKeys,
        Directory,
        Ids,
        Page,
        Suppressions,
        Uploads,
    )
    from chalicelib.usecases.repeats import Mark, Repeats

# Workspaces that are worked on in one minute, and how long in each: the sweep has other work.
WORKSPACES_AT_ONCE: Final = 2
BUDGET: Final = timedelta(seconds=10)
# Lists between two notes of how far it is, and two looks at the clock.
LISTS_AT_ONCE: Final = 10
_OPEN: Final = frozenset({ListStatus.UPLOADING, ListStatus.INGESTING})


class HeldUp(RuntimeError):
    """Lists that cannot be read as they must: somebody has to look. It is tried again."""

    def __init__(self, lists: Iterable[str]) -> None:
        super().__init__(f"A number could not be erased from: {', '.join(sorted(lists))}.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is remembered of a request: nothing that the number could be guessed from."""

    ctn_hash: str
    keep_suppressed: bool


@dataclass(frozen=True, slots=True)
class ErasureDesk:
    directory: Directory
    campaigns: Campaigns
    data_keys: DataKeys
    changes: Changes
    repeats: Repeats
    clock: Clock
    ids: Ids
    auditor: Auditor

    def begin(
        self, caller: Caller, number: str, *, keep_suppressed: bool = False, key: str | None = None
    ) -> Erasure:
        caller.must(Right.ADMINISTER)
        wanted = number_of(number)
        data_key = _data_key(self.directory, self.data_keys, caller.workspace)
        asked = Asked(tokens.hasher(data_key)(str(wanted)).hex(), keep_suppressed)
        token = Mixer.of(data_key).token(wanted)
        return self.repeats.once(
            Request(caller, key, asked),
            read=lambda made: self.campaigns.erasure(caller.workspace, made),
            make=lambda mark: self._begin(caller, asked, token, mark),
        )

    def get(self, caller: Caller, erasure: str) -> Erasure:
        caller.must(Right.ADMINISTER)
        return self.campaigns.erasure(caller.workspace, erasure)

    def page(self, caller: Caller, after: str | None, limit: int) -> Page[Erasure]:
        caller.must(Right.ADMINISTER)
        return self.campaigns.erasures(caller.workspace, after=after, limit=limit)

    def _begin(self, caller: Caller, asked: Asked, token: int, mark: Mark) -> Erasure:
        erasure = Erasure(
            id=self.ids.new("era"),
            workspace=caller.workspace,
            ctn_hash=asked.ctn_hash,
            asked_by=caller.user,
            created_at=self.clock.now(),
            keep_suppressed=asked.keep_suppressed,
            token=token,
        )
        audit = self.auditor.record(
            caller.workspace,
            caller.actor,
            "erasure.asked",
            erasure.id,
            after={"ctn_hash": asked.ctn_hash, "keep_suppressed": asked.keep_suppressed},
        )
        marker = OpenErasure(caller.workspace, erasure.id)
        self.changes.commit(erasure, marker, *mark(erasure.id), audit=audit)
        return next_version(erasure)


@dataclass(frozen=True, slots=True)
class Eraser:
    directory: Directory
    campaigns: Campaigns
    suppressions: Suppressions
    data_keys: DataKeys
    changes: Changes
    blobs: Blobs
    uploads: Uploads
    clock: Clock
    auditor: Auditor

    def share(self) -> list[str]:
        """This minute's workspaces, of those where something is to be erased."""
        workspaces = sorted({marker.workspace for marker in self.campaigns.open_erasures()})
        groups = max(1, -(-len(workspaces) // WORKSPACES_AT_ONCE))
        return workspaces[int(self.clock.now().timestamp()) // 60 % groups :: groups]

    def tend(self, workspace: str) -> None:
        """Go on with a workspace's erasures, oldest first, unless somebody else does."""
        turn = self._take_turn(workspace)
        if turn is None:
            return
        end, troubled = self.clock.now() + BUDGET, set[str]()
        mixer = Mixer.of(_data_key(self.directory, self.data_keys, workspace))
        for marker in self.campaigns.open_erasures():
            if marker.workspace == workspace and self.clock.now() < end:
                work = _Work(self, mixer, marker, end)
                # What stands against it may be over when it is tried again.
                with suppress(Stale):
                    work.go_on()
                troubled |= work.troubled
        with suppress(Stale):
            self.changes.keep(replace(turn, until=self.clock.now()))
        if troubled:
            raise HeldUp(troubled)

    def _take_turn(self, workspace: str) -> ErasureTurn | None:
        now = self.clock.now()
        turn = self.campaigns.erasure_turn(workspace) or ErasureTurn(workspace, now)
        if now < turn.until:
            return None
        try:
            return self.changes.keep(replace(turn, until=now + TURN))
        except (Stale, Exists):
            return None


@dataclass(slots=True)
class _Work:
    """On one erasure, within one turn."""

    eraser: Eraser
    mixer: Mixer
    marker: OpenErasure
    end: datetime
    troubled: set[str] = field(default_factory=set)
    erasure: Erasure = field(init=False)

    def __post_init__(self) -> None:
        self.erasure = self._campaigns.erasure(self.marker.workspace, self.marker.erasure)

    @property
    def _campaigns(self) -> Campaigns:
        return self.eraser.campaigns

    def go_on(self) -> None:
        token = self.erasure.token
        if token is None:
            # Somebody ended it since the marker was read.
            self.eraser.changes.forget(self.marker)
            return
        while not self.erasure.come_through:
            if self.eraser.clock.now() >= self.end:
                return
            self._next_lists(token)
        left = self._left(self._again(), token)
        if left != self.erasure.waiting:
            looked = len(self.erasure.waiting) - len(left)
            self._keep(waiting=left, lists=self.erasure.lists + looked)
        if not left:
            self._finish(token)

    def _next_lists(self, token: int) -> None:
        erasure = self.erasure
        page = self._campaigns.lists_made_before(
            erasure.workspace, erasure.created_at, after=erasure.after or None, limit=LISTS_AT_ONCE
        )
        left = self._left(page.items, token)
        self._keep(
            after=page.items[-1].id if page.items else erasure.after,
            come_through=page.next is None,
            waiting=(*erasure.waiting, *left),
            lists=erasure.lists + len(page.items) - len(left),
        )

    def _again(self) -> Iterable[RecipientList]:
        for list_id in self.erasure.waiting:
            yield self._campaigns.recipient_list(self.erasure.workspace, list_id)

    def _left(self, lists: Iterable[RecipientList], token: int) -> tuple[str, ...]:
        """Erase it from these; which of them have to be come back to."""
        return tuple(each.id for each in lists if not self._is_erased(each, token))

    def _is_erased(self, recipients: RecipientList, token: int) -> bool:
        if recipients.status in _OPEN:
            return False
        kept = self.erasure.keep_suppressed and recipients.purpose is ListPurpose.SUPPRESSION
        if recipients.status is ListStatus.DELETED or kept:
            # What is stored of a deleted one goes as a whole.
            return True
        self.eraser.uploads.discard(upload_key(recipients.workspace, recipients.id))
        prefix = list_prefix(recipients.workspace, recipients.id)
        if recipients.status is ListStatus.FAILED:
            # Nobody can use what it may have come to.
            self.eraser.blobs.delete_all(f"{prefix}/chunk-")
            return True
        try:
            self._erase(recipients.id, prefix, token)
        except (NotFound, FormatError):
            return self._is_gone(recipients)
        return True

    def _is_gone(self, recipients: RecipientList) -> bool:
        found = self._campaigns.recipient_list(recipients.workspace, recipients.id)
        if found.status is ListStatus.DELETED:
            return True
        self.troubled.add(recipients.id)
        return False

    def _erase(self, list_id: str, prefix: str, token: int) -> None:
        blobs, number = self.eraser.blobs, self.mixer.number(token)
        manifest = manifests.decode(blobs.get(f"{prefix}/manifest"))
        entry = manifests.find_chunk(manifest, token)
        if entry is None:
            return
        data = blobs.get(entry.key)
        if not entry.holds(data):
            raise FormatError(f"Chunk {entry.number} is not the one that the manifest names.")
        chunk = chunk_format.decode(data)
        place = chunk_format.find(chunk, self.mixer, number)
        if place is not None:
            self._note(list_id)
            outside = manifests.outside(manifest, entry.number)
            whole = chunk_format.decode(data, None)
            chunk = chunk_format.erased(whole, self.mixer, place, outside)
            after = chunk_format.encode(chunk)
            manifest = manifests.storing(manifest, entry.number, data, after)
            blobs.put(f"{prefix}/manifest", manifests.encode(manifest))
            blobs.put(entry.key, after)
        first, last = (self.mixer.token(chunk.numbers[at]) for at in (0, -1))
        edged = manifests.spanning(manifest, entry.number, first, last)
        if edged != manifest:
            blobs.put(f"{prefix}/manifest", manifests.encode(edged))

    def _note(self, list_id: str) -> None:
        if self.erasure.noted != list_id:
            self._keep(noted=list_id, erased=self.erasure.erased + 1)

    def _finish(self, token: int) -> None:
        erasure = self.erasure
        entry = self.eraser.suppressions.find(erasure.workspace, {token}).get(token)
        suppressed = Suppressed.KEPT if erasure.keep_suppressed else Suppressed.REMOVED
        gone = [] if entry is None or erasure.keep_suppressed else [entry]
        done = replace(
            erasure,
            token=None,
            noted="",
            suppressed=suppressed if entry is not None else Suppressed.NONE,
            finished_at=self.eraser.clock.now(),
        )
        audit = self.eraser.auditor.record(
            erasure.workspace,
            system("sweep"),
            "erasure.done",
            erasure.id,
            after={
                "ctn_hash": done.ctn_hash,
                "lists": done.lists,
                "erased": done.erased,
                "suppressed": str(done.suppressed),
            },
        )
        self.eraser.changes.commit(done, remove=[self.marker, *gone], audit=audit)

    def _keep(self, **changes: object) -> None:
        self.erasure = self.eraser.changes.keep(replace(self.erasure, **changes))  # type: ignore[arg-type]


def _data_key(directory: Directory, data_keys: DataKeys, workspace: str) -> bytes:
    return data_keys.unwrap(workspace, directory.workspace(workspace).wrapped_data_key)
