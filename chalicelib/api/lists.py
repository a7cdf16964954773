"""Lists and their uploads (SPEC 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api.http import body, ok, page_of
from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Answer
from chalicelib.api.shapes import campaigns as shapes
from chalicelib.domain.rights import Right
from chalicelib.usecases.lists import NewList

if TYPE_CHECKING:
    from chalice.app import Response

routes = Blueprint(__name__)

ROOT = "/lists"


@member(routes, "POST", ROOT, Right.FEED)
def begin_list(call: Call) -> Response:
    new = body(call.request, shapes.NewList)
    wanted = NewList(new.name, new.size, new.default_country)
    return ok(shapes.recipient_list(call.api.lists.begin(call.who, wanted, call.key)), 201)


@member(routes, "GET", ROOT, Right.VIEW)
def show_lists(call: Call) -> Answer:
    page = call.api.lists.page(call.who, *page_of(call.request))
    return {"items": [shapes.recipient_list(item) for item in page.items], "next": page.next}


@member(routes, "GET", ROOT + "/{list_id}", Right.VIEW)
def show_list(call: Call, list_id: str) -> Answer:
    return shapes.recipient_list(call.api.lists.get(call.who, list_id))


@member(routes, "POST", ROOT + "/{list_id}/parts", Right.FEED)
def address_parts(call: Call, list_id: str) -> Answer:
    """Addresses to put the parts to, each good for exactly its part's length."""
    urls = call.api.lists.part_urls(call.who, list_id, body(call.request, shapes.PartNumbers).parts)
    return {"parts": [{"part": number, "url": url} for number, url in urls.items()]}


@member(routes, "POST", ROOT + "/{list_id}/complete", Right.FEED)
def complete_list(call: Call, list_id: str) -> Answer:
    return shapes.recipient_list(call.api.lists.complete(call.who, list_id))


@member(routes, "POST", ROOT + "/{list_id}/abort", Right.FEED)
def abort_list(call: Call, list_id: str) -> Answer:
    return shapes.recipient_list(call.api.lists.abort(call.who, list_id))
