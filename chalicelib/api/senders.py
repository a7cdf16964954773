"""Senders and their revisions (SPEC 3). Decisions on revisions are in `moderation.py`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chalice.app import Blueprint

from chalicelib.api.http import CSV, attachment, if_match, versioned
from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing
from chalicelib.api.shapes import senders as shapes
from chalicelib.domain.errors import Conflict, IllegalMove, KeyReused, NotFound, Outdated, Stale
from chalicelib.domain.rights import Right

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.domain.sender import Revision, Sender

routes = Blueprint(__name__)

SENDERS: Final = "/senders"
SENDER: Final = SENDERS + "/{sender_id}"
REVISIONS: Final = SENDER + "/revisions"
REVISION: Final = REVISIONS + "/{number}"
MOVED: Final = (IllegalMove, Stale, Outdated)
_NUMBER: Final = re.compile(r"[1-9]\d{0,5}", re.ASCII)


@member(
    routes,
    "GET",
    SENDERS,
    Right.VIEW,
    query=shapes.SenderFilter,
    gives=Listing[shapes.SenderOut],
)
def show_senders(call: Call, query: shapes.SenderFilter) -> Listing[shapes.SenderOut]:
    """Senders, newest first; the archived ones are for those who may view the archive."""
    page = call.api.senders.page(call.who, *query.at, archived=query.archived)
    return Listing([shapes.sender(item) for item in page.items], page.next)


@member(
    routes,
    "POST",
    SENDERS,
    Right.MANAGE_SENDER,
    takes=shapes.SenderFields,
    gives=shapes.SenderOut,
    status=201,
    refuses=(KeyReused,),
    etag=True,
)
def create_sender(call: Call, new: shapes.SenderFields) -> Response:
    """A sender without revisions; campaigns can use it once one is approved."""
    return _sender(call.api.senders.create(call.who, new.name, call.key), 201)


@member(routes, "GET", SENDER, Right.VIEW, gives=shapes.SenderOut, etag=True)
def show_sender(call: Call, sender_id: str) -> Response:
    return _sender(call.api.senders.get(call.who, sender_id))


@member(
    routes,
    "PATCH",
    SENDER,
    Right.MANAGE_SENDER,
    takes=shapes.SenderFields,
    gives=shapes.SenderOut,
    refuses=(Stale, Outdated),
    etag=True,
)
def rename_sender(call: Call, given: shapes.SenderFields, sender_id: str) -> Response:
    """Change its name, which recipients never see."""
    expected = if_match(call.request)
    return _sender(call.api.senders.rename(call.who, sender_id, given.name, expected))


@member(
    routes,
    "POST",
    SENDER + "/archive",
    Right.MANAGE_SENDER,
    gives=shapes.SenderOut,
    refuses=(*MOVED, Conflict),
    etag=True,
)
def archive_sender(call: Call, sender_id: str) -> Response:
    """Hide it from choice. Running campaigns go on; revisions that wait for a decision are drafts
    again.
    """
    return _sender(call.api.senders.archive(call.who, sender_id, if_match(call.request)))


@member(
    routes,
    "POST",
    SENDER + "/restore",
    Right.MANAGE_SENDER,
    gives=shapes.SenderOut,
    refuses=MOVED,
    etag=True,
)
def restore_sender(call: Call, sender_id: str) -> Response:
    return _sender(call.api.senders.restore(call.who, sender_id, if_match(call.request)))


@member(routes, "GET", SENDER + "/history", Right.VIEW, gives=CSV)
def export_history(call: Call, sender_id: str) -> Response:
    """Every revision with who wrote it, who decided on it, and when: a table to keep."""
    table = call.api.senders.history(call.who, sender_id)
    return attachment(table, CSV, f"{sender_id}-history.csv")


@member(routes, "GET", REVISIONS, Right.VIEW, gives=Listing[shapes.RevisionOut])
def show_revisions(call: Call, sender_id: str) -> Listing[shapes.RevisionOut]:
    """All of a sender's, oldest first."""
    found = call.api.senders.revisions(call.who, sender_id)
    return Listing([shapes.revision(item) for item in found], None)


@member(
    routes,
    "POST",
    REVISIONS,
    Right.WRITE_REVISION,
    takes=shapes.NewRevision,
    gives=shapes.RevisionOut,
    status=201,
    refuses=(KeyReused, Stale, Conflict),
    etag=True,
)
def add_revision(call: Call, new: shapes.NewRevision, sender_id: str) -> Response:
    """A draft of what the sender is to be from now on."""
    made = call.api.senders.add_revision(call.who, sender_id, shapes.new_revision_of(new), call.key)
    return _revision(made, 201)


@member(routes, "GET", REVISION, Right.VIEW, gives=shapes.RevisionOut, etag=True)
def show_revision(call: Call, sender_id: str, number: str) -> Response:
    return _revision(call.api.senders.revision(call.who, sender_id, revision_number(number)))


@member(
    routes,
    "PATCH",
    REVISION,
    Right.WRITE_REVISION,
    takes=shapes.RevisionFields,
    gives=shapes.RevisionOut,
    refuses=MOVED,
    etag=True,
)
def edit_revision(
    call: Call, given: shapes.RevisionFields, sender_id: str, number: str
) -> Response:
    """Change a draft. Whoever does is its author from then on."""
    edited = call.api.senders.edit_revision(
        call.who,
        sender_id,
        revision_number(number),
        shapes.changes_of(given),
        if_match(call.request),
    )
    return _revision(edited)


@member(
    routes,
    "POST",
    REVISION + "/submit",
    Right.WRITE_REVISION,
    gives=shapes.RevisionOut,
    refuses=(*MOVED, Conflict),
    etag=True,
)
def submit_revision(call: Call, sender_id: str, number: str) -> Response:
    """Hand in a draft; it waits for a moderator."""
    expected = if_match(call.request)
    return _revision(
        call.api.senders.submit_revision(call.who, sender_id, revision_number(number), expected)
    )


@member(
    routes,
    "POST",
    REVISION + "/withdraw",
    Right.WRITE_REVISION,
    gives=shapes.RevisionOut,
    refuses=MOVED,
    etag=True,
)
def withdraw_revision(call: Call, sender_id: str, number: str) -> Response:
    """Take back what waits for a decision: it is a draft again."""
    expected = if_match(call.request)
    return _revision(
        call.api.senders.withdraw_revision(call.who, sender_id, revision_number(number), expected)
    )


@member(
    routes,
    "POST",
    REVISION + "/archive",
    Right.MANAGE_SENDER,
    gives=shapes.RevisionOut,
    refuses=MOVED,
    etag=True,
)
def archive_revision(call: Call, sender_id: str, number: str) -> Response:
    """Hide it from choice. Campaigns that name it keep it."""
    expected = if_match(call.request)
    return _revision(
        call.api.senders.archive_revision(call.who, sender_id, revision_number(number), expected)
    )


@member(
    routes,
    "POST",
    REVISION + "/restore",
    Right.MANAGE_SENDER,
    gives=shapes.RevisionOut,
    refuses=MOVED,
    etag=True,
)
def restore_revision(call: Call, sender_id: str, number: str) -> Response:
    """It is again what it was before it was archived."""
    expected = if_match(call.request)
    return _revision(
        call.api.senders.restore_revision(call.who, sender_id, revision_number(number), expected)
    )


def _sender(item: Sender, status: int = 200) -> Response:
    return versioned(shapes.sender(item), item.version, status)


def _revision(item: Revision, status: int = 200) -> Response:
    return versioned(shapes.revision(item), item.version, status)


def revision_number(text: str) -> int:
    """What is no number is nobody's."""
    if not _NUMBER.fullmatch(text):
        raise NotFound("revision of this sender")
    return int(text)
