"""Erasing one number from all that a workspace keeps (SPEC 5.6)."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing, Paging
from chalicelib.api.shapes import erasures as shapes
from chalicelib.domain.errors import KeyReused
from chalicelib.domain.rights import Right

routes = Blueprint(__name__)

ROOT = "/erasures"


@member(
    routes,
    "POST",
    ROOT,
    Right.ADMINISTER,
    takes=shapes.NewErasure,
    gives=shapes.ErasureOut,
    status=201,
    refuses=(KeyReused,),
)
def begin_erasure(call: Call, new: shapes.NewErasure) -> shapes.ErasureOut:
    """Erase a number from every list that there is, and from the suppressed unless it is to stay
    among them. It takes some minutes: `GET` tells when it is done.
    """
    return shapes.erasure(
        call.api.erasures.begin(
            call.who, new.number, keep_suppressed=new.keep_suppressed, key=call.key
        )
    )


@member(routes, "GET", ROOT, Right.ADMINISTER, query=Paging, gives=Listing[shapes.ErasureOut])
def show_erasures(call: Call, query: Paging) -> Listing[shapes.ErasureOut]:
    """Newest first."""
    page = call.api.erasures.page(call.who, *query.at)
    return Listing([shapes.erasure(item) for item in page.items], page.next)


@member(routes, "GET", ROOT + "/{erasure_id}", Right.ADMINISTER, gives=shapes.ErasureOut)
def show_erasure(call: Call, erasure_id: str) -> shapes.ErasureOut:
    """One erasure: how far it is."""
    return shapes.erasure(call.api.erasures.get(call.who, erasure_id))
