"""A sender's history as a table to take along: who asked for what, and who decided (SPEC 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chalicelib.domain.audit import instant
from chalicelib.sms.table import safe_cell

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chalicelib.domain.sender import NumberType, Revision

HEADING: Final = (
    "number",
    "status",
    "address",
    "source_ton_npi",
    "destination_ton_npi",
    "channel",
    "use",
    "author",
    "created_at",
    "submitted_at",
    "decided_by",
    "decided_at",
    "note",
    "archived",
)


def history_of(revisions: Iterable[Revision]) -> str:
    """CSV: what an archived revision was before stands as its status."""
    return "".join(_line(cells) for cells in (HEADING, *map(_cells, revisions)))


def _cells(revision: Revision) -> tuple[str, ...]:
    decision = revision.decision
    return (
        str(revision.number),
        (revision.archived_from or revision.status).value,
        revision.address,
        _type(revision.source),
        _type(revision.destination),
        revision.channel,
        revision.use,
        revision.author,
        _time(revision.created_at),
        _time(revision.submitted_at),
        decision.by if decision else "",
        _time(decision.at if decision else None),
        decision.note if decision else "",
        "yes" if revision.archived_from else "no",
    )


def _line(cells: Iterable[str]) -> str:
    return ",".join(map(safe_cell, cells)) + "\r\n"


def _type(source: NumberType) -> str:
    return f"{source.ton}/{source.npi}"


def _time(moment: datetime | None) -> str:
    return instant(moment) if moment else ""
