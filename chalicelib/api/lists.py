"""Lists and their uploads (SPEC 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api import shapes
from chalicelib.api.http import Call, body, member, ok, page_of
from chalicelib.usecases.lists import NewList

if TYPE_CHECKING:
    from chalice.app import Response

routes = Blueprint(__name__)

ROOT = "/v1/workspaces/{workspace}/lists"


@routes.route(ROOT, methods=["POST"])
@member(routes)
def begin_list(call: Call) -> Response:
    new = body(call.request, shapes.NewList)
    wanted = NewList(new.name, new.size, new.default_country)
    return ok(shapes.recipient_list(call.api.lists.begin(call.who, wanted, call.key)), 201)


@routes.route(ROOT, methods=["GET"])
@member(routes)
def show_lists(call: Call) -> shapes.Answer:
    page = call.api.lists.page(call.who, *page_of(call.request))
    return {"items": [shapes.recipient_list(item) for item in page.items], "next": page.next}


@routes.route(ROOT + "/{list_id}", methods=["GET"])
@member(routes)
def show_list(call: Call, list_id: str) -> shapes.Answer:
    return shapes.recipient_list(call.api.lists.get(call.who, list_id))


@routes.route(ROOT + "/{list_id}/parts", methods=["POST"])
@member(routes)
def address_parts(call: Call, list_id: str) -> shapes.Answer:
    """Addresses to put the parts to, each good for exactly its part's length."""
    urls = call.api.lists.part_urls(call.who, list_id, body(call.request, shapes.PartNumbers).parts)
    return {"parts": [{"part": number, "url": url} for number, url in urls.items()]}


@routes.route(ROOT + "/{list_id}/complete", methods=["POST"])
@member(routes)
def complete_list(call: Call, list_id: str) -> shapes.Answer:
    return shapes.recipient_list(call.api.lists.complete(call.who, list_id))


@routes.route(ROOT + "/{list_id}/abort", methods=["POST"])
@member(routes)
def abort_list(call: Call, list_id: str) -> shapes.Answer:
    return shapes.recipient_list(call.api.lists.abort(call.who, list_id))
