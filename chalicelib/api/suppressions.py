"""Suppression: who gets no messages (SPEC 5.4). Whole files come as lists of that purpose."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing, Paging
from chalicelib.api.shapes import suppressions as shapes
from chalicelib.api.shapes.campaigns import Numbers
from chalicelib.domain.errors import IllegalMove, Stale
from chalicelib.domain.rights import Right

routes = Blueprint(__name__)

ROOT = "/suppressions"
LISTS = "/suppression-lists"


@member(
    routes,
    "GET",
    ROOT,
    Right.INTEGRATE,
    query=shapes.SuppressionFilter,
    gives=Listing[shapes.SuppressionOut],
)
def show_suppressions(
    call: Call, query: shapes.SuppressionFilter
) -> Listing[shapes.SuppressionOut]:
    """Single numbers, lifted ones among them; those of lists are not here."""
    full = query.numbers is Numbers.FULL
    page = call.api.suppressed.page(call.who, *query.at, full=full)
    return Listing([shapes.entry(item) for item in page.items], page.next)


@member(
    routes,
    "POST",
    ROOT,
    Right.INTEGRATE,
    takes=shapes.AddSuppressions,
    gives=shapes.Added,
    refuses=(Stale,),
)
def add_suppressions(call: Call, given: shapes.AddSuppressions) -> shapes.Added:
    """They get no messages from now on, not from campaigns that are being sent either.

    If one number is none, nothing is added. May be repeated: what is there already is left alone.
    """
    told = call.api.suppressing.add(call.who, given.numbers, given.note)
    return shapes.Added(told.changed, told.already)


@member(
    routes,
    "POST",
    ROOT + "/lift",
    Right.INTEGRATE,
    takes=shapes.LiftSuppressions,
    gives=shapes.Lifted,
    refuses=(Stale,),
)
def lift_suppressions(call: Call, given: shapes.LiftSuppressions) -> shapes.Lifted:
    """They may get messages again, whatever suppression lists say that are there by now."""
    told = call.api.suppressing.lift(call.who, given.numbers)
    return shapes.Lifted(told.changed, told.already)


@member(
    routes,
    "POST",
    ROOT + "/look-up",
    Right.INTEGRATE,
    takes=shapes.LookUpSuppression,
    gives=shapes.VerdictOut,
)
def look_up_suppression(call: Call, given: shapes.LookUpSuppression) -> shapes.VerdictOut:
    """Whether a number gets no messages, and why."""
    return shapes.verdict(call.api.suppressed.look_up(call.who, given.number))


@member(
    routes, "GET", LISTS, Right.INTEGRATE, query=Paging, gives=Listing[shapes.SuppressionListOut]
)
def show_suppression_lists(call: Call, query: Paging) -> Listing[shapes.SuppressionListOut]:
    """Newest first, withdrawn ones among them."""
    page = call.api.suppressed.lists(call.who, *query.at)
    return Listing([shapes.suppression_list(item) for item in page.items], page.next)


@member(
    routes,
    "POST",
    LISTS + "/{list_id}/withdraw",
    Right.INTEGRATE,
    gives=shapes.WithdrawnList,
    refuses=(IllegalMove, Stale),
)
def withdraw_suppression_list(call: Call, list_id: str) -> shapes.WithdrawnList:
    """Its numbers may get messages again, unless another list or an entry holds them."""
    done = call.api.suppressing.withdraw(call.who, list_id)
    return shapes.WithdrawnList(done.list, done.at, done.withdrawn_at)
