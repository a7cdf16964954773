"""Who stands in a list (SPEC 5.5)."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.lists import ONE
from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing
from chalicelib.api.shapes import list_recipients as shapes
from chalicelib.api.shapes.campaigns import Numbers, RecipientFilter
from chalicelib.domain.errors import Conflict
from chalicelib.domain.rights import Right

routes = Blueprint(__name__)


@member(
    routes,
    "GET",
    ONE + "/recipients",
    Right.VIEW,
    query=RecipientFilter,
    gives=Listing[shapes.ListRecipientOut],
    refuses=(Conflict,),
)
def show_list_recipients(
    call: Call, query: RecipientFilter, list_id: str
) -> Listing[shapes.ListRecipientOut]:
    """Recipients of a list that is ready, each once, in an order of its own. Numbers are masked and
    values left out, unless `numbers=full` is asked for, and the right to it is there.
    """
    full = query.numbers is Numbers.FULL
    page = call.api.list_reading.page(call.who, list_id, *query.at, full=full)
    return Listing([shapes.recipient(item) for item in page.items], page.next)


@member(
    routes,
    "POST",
    ONE + "/look-up",
    Right.VIEW,
    takes=shapes.LookUp,
    gives=shapes.LookUpOut,
    refuses=(Conflict,),
)
def look_up_recipient(call: Call, asked: shapes.LookUp, list_id: str) -> shapes.LookUpOut:
    """Whether a number is in a list that is ready. A request with a body, so that numbers get into
    no address and no log. By `ctn_hash` it takes some more seconds after the list is ready.
    """
    full = asked.numbers is Numbers.FULL
    found = call.api.list_reading.look_up(call.who, list_id, shapes.wanted(asked), full=full)
    return shapes.LookUpOut(found is not None, shapes.recipient(found) if found else None)
