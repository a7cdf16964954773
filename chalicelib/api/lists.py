"""Lists and their uploads (SPEC 5.1)."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing, Paging
from chalicelib.api.shapes import lists as shapes
from chalicelib.domain.errors import Conflict, KeyReused, Stale
from chalicelib.domain.rights import Right
from chalicelib.usecases.lists import NewList

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
    """Begin the upload of a file: ask for addresses of its parts, PUT them, and complete it."""
    wanted = NewList(new.name, new.size, new.default_country)
    return shapes.recipient_list(call.api.lists.begin(call.who, wanted, call.key))


@member(routes, "GET", ROOT, Right.VIEW, query=Paging, gives=Listing[shapes.ListOut])
def show_lists(call: Call, query: Paging) -> Listing[shapes.ListOut]:
    """Newest first."""
    page = call.api.lists.page(call.who, *query.at)
    return Listing([shapes.recipient_list(item) for item in page.items], page.next)


@member(routes, "GET", ONE, Right.VIEW, gives=shapes.ListOut)
def show_list(call: Call, list_id: str) -> shapes.ListOut:
    """One list: how far its upload and the reading of its lines are."""
    return shapes.recipient_list(call.api.lists.get(call.who, list_id))


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
    return shapes.recipient_list(call.api.lists.complete(call.who, list_id))


@member(routes, "POST", ONE + "/abort", Right.FEED, gives=shapes.ListOut, refuses=(Conflict, Stale))
def abort_list(call: Call, list_id: str) -> shapes.ListOut:
    """Give the upload up; what has arrived of it is thrown away."""
    return shapes.recipient_list(call.api.lists.abort(call.who, list_id))
