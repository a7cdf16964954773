"""One consistent view of a chunk's ledger while the folder works on it (DESIGN 4.8).

The folder writes a new object, moves the pointer, then drops what it folded and the old object. So
what stands in the journal is complete for a pointer that is the same before and after reading it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.formats import ledger as ledger_format
from chalicelib.domain.ledger import Ledger, merge

if TYPE_CHECKING:
    from chalicelib.domain.delivery import ChunkRecord
    from chalicelib.usecases.ports import Blobs, Delivery

# A fold takes longer than a read, so a second try nearly always holds.
TRIES: Final = 8


def read(delivery: Delivery, blobs: Blobs, chunk: ChunkRecord) -> Ledger:
    """What is known of every recipient by now, folded or not."""
    for _ in range(TRIES):
        view = _view(delivery, blobs, chunk)
        after = delivery.chunk(chunk.workspace, chunk.campaign, chunk.number)
        if view is not None and after.ledger == chunk.ledger:
            return view
        chunk = after
    raise Conflict("The chunk's ledger is being rewritten all the time. Read it again later.")


def _view(delivery: Delivery, blobs: Blobs, chunk: ChunkRecord) -> Ledger | None:
    """None when the object went while it was read: the pointer has moved on."""
    ledger = Ledger(chunk.recipients)
    if chunk.ledger:
        try:
            ledger = ledger_format.decode(blobs.get(chunk.ledger))
        except NotFound:
            return None
    items = delivery.journal(chunk.workspace, chunk.campaign, chunk.number)
    return merge(ledger, (outcome for item in items for outcome in item.outcomes))
