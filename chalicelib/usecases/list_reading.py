"""Who stands in a list: its recipients page by page, and one looked up by number or by `ctn_hash`;
numbers masked, and what further columns hold kept back, unless full numbers are shown (SPEC 5.5).

A list's content never changes, so its manifest and its index are read once a process: after that a
number takes one read of an object, a hash two.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from chalicelib.domain import tokens
from chalicelib.domain.errors import Conflict, Invalid, NotFound, Problem, require
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import hash_index
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.recipient_list import ListStatus, list_prefix
from chalicelib.domain.rights import Right
from chalicelib.domain.tokens import Mixer
from chalicelib.sms.countries import COUNTRIES
from chalicelib.sms.numbering import normalise_quickly
from chalicelib.sms.phone import BadNumber, mask
from chalicelib.usecases.ports import Page
from chalicelib.usecases.recipients import position_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chalicelib.domain.formats.chunk import Chunk
    from chalicelib.domain.formats.hash_index import Index, Standing
    from chalicelib.domain.formats.manifest import ChunkEntry, Manifest
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.auditing import Auditor, Caller, Recorder
    from chalicelib.usecases.ports import Blobs, Campaigns, DataKeys, Directory

# Lists whose manifest is remembered; of the largest ones it takes some 10 MB.
REMEMBERED_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of the two. `country` is whose a number without country code is, if not the list's."""

    number: str | None = None
    ctn_hash: bytes | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class ListRecipient:
    """`values` are those of the further columns; None where numbers are masked."""

    place: str
    number: str
    ctn_hash: str
    values: Mapping[str, str] | None


@dataclass(slots=True)
class _Layout:
    """Where the recipients of one list are; the index is there some time after the manifest."""

    manifest: Manifest
    index: Index | None = None


@dataclass(frozen=True, slots=True)
class _Opened:
    """A list that is ready, and what it takes to read it."""

    list: RecipientList
    layout: _Layout
    mixer: Mixer
    hash: Callable[[str], bytes]

    @property
    def prefix(self) -> str:
        return list_prefix(self.list.workspace, self.list.id)

    @property
    def chunks(self) -> Sequence[ChunkEntry]:
        return self.layout.manifest.chunks


@dataclass(frozen=True, slots=True)
class ListReading:
    directory: Directory
    campaigns: Campaigns
    blobs: Blobs
    data_keys: DataKeys
    auditor: Auditor
    recorder: Recorder
    # The one that was not used for longest goes first. No step on it lets threads come between.
    _layouts: OrderedDict[tuple[str, str, str], _Layout] = field(
        default_factory=OrderedDict, init=False
    )

    def page(
        self, caller: Caller, list_id: str, after: str | None, limit: int, *, full: bool = False
    ) -> Page[ListRecipient]:
        """Less than `limit` where chunks end, or numbers were erased."""
        recipients = self._ready(caller, list_id, full=full)
        number, first = position_in(after)
        opened = self._open(recipients)
        if number >= len(opened.chunks):
            return Page([], None)
        if full:
            self._record(caller, recipients, {"from": f"{number}.{first}", "limit": limit})
        chunk = self._chunk(opened, number, full=full)
        end = min(first + limit, len(chunk.numbers))
        lines = [
            _shown(opened, number, chunk, place, full=full)
            for place in range(first, end)
            if not chunk_format.is_hole(chunk.numbers[place])
        ]
        if end < len(chunk.numbers):
            return Page(lines, f"{number}.{end}")
        return Page(lines, f"{number + 1}.0" if number + 1 < len(opened.chunks) else None)

    def look_up(
        self, caller: Caller, list_id: str, wanted: Wanted, *, full: bool = False
    ) -> ListRecipient | None:
        """None: the list does not have it."""
        require(
            (
                (wanted.number is None) is not (wanted.ctn_hash is None),
                "number",
                "name a number or a ctn_hash, one of the two",
            ),
            (
                wanted.country is None or wanted.country in COUNTRIES,
                "country",
                "must be a country's ISO code of two capital letters, such as GB",
            ),
        )
        recipients = self._ready(caller, list_id, full=full)
        digits = None if wanted.number is None else _digits(wanted, recipients.default_country)
        opened = self._open(recipients)
        ctn_hash = wanted.ctn_hash or opened.hash(digits or "")
        if full:
            self._record(caller, recipients, {"ctn_hash": ctn_hash.hex()})
        if digits is None:
            found = self._by_hash(opened, ctn_hash)
        else:
            found = self._by_number(opened, int(digits), full=full)
        if found is None:
            return None
        number, place, chunk = found
        if full and len(chunk.columns) < len(recipients.columns):
            chunk = self._chunk(opened, number, full=True)
        return _shown(opened, number, chunk, place, full=full)

    def _ready(self, caller: Caller, list_id: str, *, full: bool) -> RecipientList:
        caller.must(Right.VIEW)
        if full:
            caller.must(Right.FULL_NUMBERS)
        recipients = self.campaigns.recipient_list(caller.workspace, list_id)
        if recipients.status is not ListStatus.READY:
            raise Conflict(
                f"The list is {recipients.status.value}: only one that is ready shows recipients."
            )
        return recipients

    def _record(self, caller: Caller, of: RecipientList, facts: dict[str, str | int]) -> None:
        """Before anything is shown; it does not keep an admin from reading (SPEC 8.2)."""
        self.recorder.write(
            self.auditor.record(
                of.workspace, caller.actor, "numbers.read", of.id, author=of.author, after={**facts}
            )
        )

    def _open(self, recipients: RecipientList) -> _Opened:
        workspace = self.directory.workspace(recipients.workspace)
        key = self.data_keys.unwrap(workspace.id, workspace.wrapped_data_key)
        return _Opened(recipients, self._layout(recipients), Mixer.of(key), tokens.hasher(key))

    def _layout(self, recipients: RecipientList) -> _Layout:
        name = (recipients.workspace, recipients.id, recipients.digest or "")
        layout = self._layouts.pop(name, None)
        if layout is None:
            key = f"{list_prefix(recipients.workspace, recipients.id)}/manifest"
            with _still_there():
                layout = _Layout(manifest_format.decode(self.blobs.get(key)))
        self._layouts[name] = layout
        while len(self._layouts) > REMEMBERED_MAX:
            self._layouts.popitem(last=False)
        return layout

    def _chunk(self, opened: _Opened, number: int, *, full: bool = False) -> Chunk:
        """With the values of its columns if they are to be shown."""
        key, columns = opened.chunks[number].key, opened.list.columns
        with _still_there():
            if full and columns:
                return chunk_format.decode(self.blobs.get(key), columns)
            start = self.blobs.get_range(key, 0, chunk_format.NUMBERS_OCTETS)
        return chunk_format.decode_numbers(start)

    def _by_number(
        self, opened: _Opened, wanted: int, *, full: bool
    ) -> tuple[int, int, Chunk] | None:
        entry = manifest_format.find_chunk(opened.layout.manifest, opened.mixer.token(wanted))
        if entry is None:
            return None
        chunk = self._chunk(opened, entry.number, full=full)
        place = chunk_format.find(chunk, opened.mixer, wanted)
        return None if place is None else (entry.number, place, chunk)

    def _by_hash(self, opened: _Opened, ctn_hash: bytes) -> tuple[int, int, Chunk] | None:
        for standing in self._candidates(opened, ctn_hash):
            chunk = self._chunk(opened, standing.chunk)
            numbers, place = chunk.numbers, standing.place
            if place < len(numbers) and opened.hash(str(numbers[place])) == ctn_hash:
                return standing.chunk, place, chunk
        return None

    def _candidates(self, opened: _Opened, ctn_hash: bytes) -> list[Standing]:
        near = hash_index.window(self._index(opened), ctn_hash)
        key = hash_index.part_key(opened.prefix, near.part)
        while near.entries:
            with _still_there():
                data = self.blobs.get_range(key, near.offset, near.length)
            found = hash_index.candidates(data, near)
            if found is not None:
                return found
            near = hash_index.whole(near)
        return []

    def _index(self, opened: _Opened) -> Index:
        index = opened.layout.index
        if index is None:
            try:
                data = self.blobs.get(hash_index.index_key(opened.prefix))
            except NotFound:
                raise Conflict(
                    "The list is being indexed: look up by number, or try again in a minute."
                ) from None
            index = opened.layout.index = hash_index.decode(data)
        return index


@contextmanager
def _still_there() -> Iterator[None]:
    """Its record was looked at before."""
    try:
        yield
    except NotFound:
        raise Conflict("The list is being deleted: what it held is no longer there.") from None


def _shown(opened: _Opened, number: int, chunk: Chunk, place: int, *, full: bool) -> ListRecipient:
    digits = str(chunk.numbers[place])
    values = {name: chunk.columns[name][place] for name in opened.list.columns} if full else None
    return ListRecipient(
        place=f"{number}.{place}",
        number=digits if full else mask(digits),
        ctn_hash=opened.hash(digits).hex(),
        values=values,
    )


def _digits(wanted: Wanted, default_country: str | None) -> str:
    country = wanted.country or default_country
    try:
        return normalise_quickly(wanted.number or "", default_country=country)
    except BadNumber as error:
        raise Invalid(Problem("number", str(error))) from None
