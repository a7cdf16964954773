"""The audit log: read it, and take it along so that it can be verified offline (SPEC 8.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api.http import ok, page_of, query_of
from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing
from chalicelib.api.shapes import audit as shapes
from chalicelib.domain.audit import to_json
from chalicelib.domain.errors import Invalid, Problem, require
from chalicelib.domain.rights import Right, Scope
from chalicelib.domain.seals import checkpoint_to_json, seal_to_json
from chalicelib.usecases.ports import AuditQuery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice.app import Request, Response

routes = Blueprint(__name__)

AUDIT = "/audit"
FILTERS = ("actor", "action", "object")


@member(routes, "GET", AUDIT, Right.READ_AUDIT)
def show_audit(call: Call) -> Listing:
    page = call.api.audit.page(call.who, _query(call.request), *page_of(call.request))
    return Listing([shapes.record(item, sealed=sealed) for item, sealed in page.items], page.next)


@member(routes, "GET", AUDIT + "/records", Right.READ_AUDIT, needs=Scope.ALL)
def export_records(call: Call) -> Listing:
    since = _instant(query_of(call.request), "since")
    page = call.api.audit.records(call.who, since, *page_of(call.request))
    return Listing([to_json(item) for item in page.items], page.next)


@member(routes, "GET", AUDIT + "/seals", Right.READ_AUDIT, needs=Scope.ALL)
def export_seals(call: Call) -> Listing:
    after, limit = page_of(call.request)
    require((after is None or _is_number(after), "after", "is the number of a seal"))
    seals = call.api.audit.seals(call.who, int(after or "0"), limit)
    following = str(seals[-1].number) if seals else None
    return Listing([seal_to_json(item) for item in seals], following)


@member(routes, "GET", AUDIT + "/checkpoints", Right.READ_AUDIT, needs=Scope.ALL)
def export_checkpoints(call: Call) -> Listing:
    return Listing([shapes.signed(item) for item in call.api.audit.checkpoints(call.who)], None)


@member(routes, "POST", AUDIT + "/checkpoint", Right.READ_AUDIT, needs=Scope.ALL)
def sign_head(call: Call) -> Response:
    """The chain's head as it is now, signed: what closes an export."""
    signed, key = call.api.audit.checkpoint(call.who)
    head = shapes.Head(checkpoint_to_json(signed.checkpoint), signed.signature, key.decode())
    return ok(head, 201)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _query(request: Request) -> AuditQuery:
    given = query_of(request)
    return AuditQuery(
        since=_instant(given, "since"),
        until=_instant(given, "until"),
        **{name: given.get(name) for name in FILTERS},
    )


def _instant(given: Mapping[str, str], field: str) -> datetime | None:
    if field not in given:
        return None
    try:
        moment = datetime.fromisoformat(given[field])
    except ValueError as error:
        raise Invalid(Problem(field, "use a time such as 2026-03-01T09:00:00Z")) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
