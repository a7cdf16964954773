"""The audit log and its chain, as read and as exported (SPEC 8.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.domain.audit import to_json
from chalicelib.domain.seals import checkpoint_to_json

if TYPE_CHECKING:
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.seals import SignedCheckpoint


class Head(msgspec.Struct, frozen=True):
    checkpoint: dict[str, Any]
    signature: str
    public_key: str


def record(item: AuditRecord, *, sealed: bool) -> dict[str, Any]:
    return {**to_json(item), "sealed": sealed}


def signed(item: SignedCheckpoint) -> dict[str, Any]:
    return {"checkpoint": checkpoint_to_json(item.checkpoint), "signature": item.signature}
