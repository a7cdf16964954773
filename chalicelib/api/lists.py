"""Lists and their uploads (SPEC 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing, Paging
from chalicelib.api.shapes import lists as shapes
from chalicelib.domain.errors import Conflict, KeyReused, Stale
from chalicelib.domain.rights import Right

if TYPE_CHECKING:
    from chalicelib.domain.recipient_list import RecipientList

routes = Blueprint(__name__)

ROOT = "/lists"
ONE = ROOT + "/{list_id}"


@member(
    routes,
    "POST",
    ROOT,
    Right.FEED,
    takes=shapes.NewList,
    gives=shapes.ListOut,
    status=201,
    refuses=(KeyReused,),
)
def begin_list(call: Call, new: shapes.NewList) -> shapes.ListOut:
    """Begin the upload of a file: ask for addresses of its parts, PUT them, and complete it. A list
    of whom to leave alone takes the right that manages suppression lists as well.
    """
    return _shown(call, call.api.lists.begin(call.who, shapes.new_list(new), call.key))


@member(routes, "GET", ROOT, Right.VIEW, query=Paging, gives=Listing[shapes.ListOut])
def show_lists(call: Call, query: Paging) -> Listing[shapes.ListOut]:
    """Newest first."""
    page = call.api.lists.page(call.who, *query.at)
    return Listing([_shown(call, item) for item in page.items], page.next)


@member(routes, "GET", ONE, Right.VIEW, gives=shapes.ListOut)
def show_list(call: Call, list_id: str) -> shapes.ListOut:
    """One list: how far its upload and the reading of its lines are."""
    return _shown(call, call.api.lists.get(call.who, list_id))


@member(routes, "GET", ONE + "/parts", Right.FEED, gives=shapes.PartsThere, refuses=(Conflict,))
def show_parts(call: Call, list_id: str) -> shapes.PartsThere:
    """The parts that have arrived, all of them: an upload that was cut goes on with the others."""
    there = call.api.lists.parts(call.who, list_id)
    return shapes.PartsThere([shapes.PartThere(number, size) for number, size in there.items()])


@member(routes, "DELETE", ONE, Right.FEED, status=204, refuses=(Conflict, Stale))
def delete_list(call: Call, list_id: str) -> None:
    """What is stored of it goes within minutes; its name and its counts stay. A list stays while a
    campaign needs it: until that is over, and for as long as its recipients are kept. May be
    repeated.
    """
    call.api.list_keeping.delete(call.who, list_id)


@member(
    routes,
    "POST",
    ONE + "/parts",
    Right.FEED,
    takes=shapes.PartNumbers,
    gives=shapes.PartAddresses,
    refuses=(Conflict,),
)
def address_parts(call: Call, asked: shapes.PartNumbers, list_id: str) -> shapes.PartAddresses:
    """Addresses to put the parts to, each good for exactly its part's length."""
    urls = call.api.lists.part_urls(call.who, list_id, asked.parts)
    return shapes.PartAddresses([shapes.PartAddress(number, url) for number, url in urls.items()])


@member(
    routes, "POST", ONE + "/complete", Right.FEED, gives=shapes.ListOut, refuses=(Conflict, Stale)
)
def complete_list(call: Call, list_id: str) -> shapes.ListOut:
    """All parts are there: read its lines. May be repeated."""
    return _shown(call, call.api.lists.complete(call.who, list_id))


@member(routes, "POST", ONE + "/abort", Right.FEED, gives=shapes.ListOut, refuses=(Conflict, Stale))
def abort_list(call: Call, list_id: str) -> shapes.ListOut:
    """Give the upload up; what has arrived of it is thrown away."""
    return _shown(call, call.api.lists.abort(call.who, list_id))


@member(routes, "GET", ONE + "/rejects", Right.FULL_NUMBERS, gives=shapes.Rejects)
def address_rejects(call: Call, list_id: str) -> shapes.Rejects:
    """Where to fetch the lines that were rejected, each with its reason. They may hold numbers, so
    it takes the right to full ones, and leaves an audit record.
    """
    return shapes.Rejects(call.api.lists.rejects(call.who, list_id))


def _shown(call: Call, item: RecipientList) -> shapes.ListOut:
    return shapes.recipient_list(item, call.api.lists.progress(item))
