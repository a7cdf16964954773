"""The audit log: read it, and take it along so that it can be verified offline (SPEC 8.2)."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing
from chalicelib.api.shapes import audit as shapes
from chalicelib.domain.rights import Right, Scope
from chalicelib.usecases.ports import AuditQuery

routes = Blueprint(__name__)

AUDIT = "/audit"


@member(
    routes,
    "GET",
    AUDIT,
    Right.READ_AUDIT,
    query=shapes.AuditFilter,
    gives=Listing[shapes.ShownRecord],
)
def show_audit(call: Call, query: shapes.AuditFilter) -> Listing[shapes.ShownRecord]:
    """Newest first; authors see what concerns their own. A page may hold fewer records than
    `limit`, even none, and not be the last.
    """
    wanted = AuditQuery(query.since, query.until, query.actor, query.action, query.object)
    page = call.api.audit.page(call.who, wanted, *query.at)
    return Listing([shapes.shown(item, sealed=sealed) for item, sealed in page.items], page.next)


@member(
    routes,
    "GET",
    AUDIT + "/records",
    Right.READ_AUDIT,
    needs=Scope.ALL,
    query=shapes.RecordsPage,
    gives=Listing[shapes.RecordOut],
)
def export_records(call: Call, query: shapes.RecordsPage) -> Listing[shapes.RecordOut]:
    """Oldest first, as their seals hash them."""
    page = call.api.audit.records(call.who, query.since, *query.at)
    return Listing([shapes.record(item) for item in page.items], page.next)


@member(
    routes,
    "GET",
    AUDIT + "/seals",
    Right.READ_AUDIT,
    needs=Scope.ALL,
    query=shapes.SealsPage,
    gives=Listing[shapes.SealOut],
)
def export_seals(call: Call, query: shapes.SealsPage) -> Listing[shapes.SealOut]:
    """Those numbered above `after`; none where there are no more."""
    seals = call.api.audit.seals(call.who, query.after, query.limit)
    following = str(seals[-1].number) if seals else None
    return Listing([shapes.seal(item) for item in seals], following)


@member(
    routes,
    "GET",
    AUDIT + "/checkpoints",
    Right.READ_AUDIT,
    needs=Scope.ALL,
    gives=Listing[shapes.SignedOut],
)
def export_checkpoints(call: Call) -> Listing[shapes.SignedOut]:
    """Those of seals that are kept, and of the one before them; all on one page."""
    return Listing([shapes.signed(item) for item in call.api.audit.checkpoints(call.who)], None)


@member(
    routes,
    "POST",
    AUDIT + "/checkpoint",
    Right.READ_AUDIT,
    needs=Scope.ALL,
    gives=shapes.Head,
    status=201,
)
def sign_head(call: Call) -> shapes.Head:
    """The chain's head as it is now, signed: what closes an export."""
    return shapes.head(*call.api.audit.checkpoint(call.who))
