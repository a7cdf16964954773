"""The audit log, the room where its records wait, and the marks of its chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.seals import Checkpoint, Seal, SignedCheckpoint
    from chalicelib.usecases.ports.records import Page


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which records: of a period (`since` <= at < `until`), by what is not None."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    object: str | None = None
    # Only what concerns this author's own.
    author: str | None = None


class AuditLog(Protocol):
    """The audit table: records and seals, append-only. While it is away: `Unavailable`."""

    def append(self, record: AuditRecord) -> None:
        """Put if absent: the same record again is written once."""
        ...

    def page(
        self, workspace: str, query: AuditQuery, *, after: str | None, limit: int
    ) -> Page[AuditRecord]:
        """Newest first. A page looks at a bounded number of records, so it may have fewer than
        `limit`, or none, and still a next one.
        """
        ...

    def since(
        self, workspace: str, since: datetime, *, after: str | None, limit: int
    ) -> Page[AuditRecord]:
        """Oldest first, read consistently."""
        ...

    def last_seal(self, workspace: str) -> Seal | None: ...

    def seals(self, workspace: str, *, after: int, limit: int) -> list[Seal]:
        """Those numbered above `after`, in order, read consistently."""
        ...

    def seals_back_to(self, workspace: str, since: datetime) -> list[Seal]:
        """The newest ones, newest first, down to and including the first made before `since`."""
        ...

    def add_seal(self, seal: Seal) -> bool:
        """Put if absent on its number; False if there is one."""
        ...


class AuditFallback(Protocol):
    """Where audit records wait while the audit table is away (SPEC 8.2): it survives the process
    and holds 200 MB over all writers.
    """

    def keep(self, record: AuditRecord) -> bool:
        """False if there is no room left, or this store does not answer either."""
        ...

    def drain(self, take: Callable[[AuditRecord], None]) -> int:
        """Give every record that waits to `take`, oldest first, and remove what was taken; returns
        how many. If `take` raises, what it did not take stays. Records that are kept meanwhile, or
        by someone else's drain at once, are not lost; `take` may see one twice.
        """
        ...

    def size(self) -> int:
        """Bytes that wait, by what the cap counts."""
        ...


class Checkpoints(Protocol):
    """Signed marks of the chains' heads, kept apart from the table (SPEC 8.2, DESIGN 3)."""

    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint: ...

    def public_key(self) -> bytes:
        """PEM, to verify offline."""
        ...

    def store(self, signed: SignedCheckpoint) -> None:
        """Keep it for good; the same again is written over."""
        ...

    def stored(self, workspace: str, *, above: int = 0) -> list[SignedCheckpoint]:
        """Those of seals numbered above `above`, by seal number, oldest first."""
        ...

    def newest(self, workspace: str) -> SignedCheckpoint | None:
        """That of the highest seal number; reads no other."""
        ...
