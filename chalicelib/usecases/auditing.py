"""How use cases word their audit records, and where records go that no transaction carries
(SPEC 8.2).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.audit import AGENT_MAX, AuditRecord
from chalicelib.domain.campaign_facts import facts, written_facts
from chalicelib.domain.errors import NotFound, Unavailable
from chalicelib.domain.rights import Role, Scope, check
from chalicelib.domain.sender import facts as revision_facts
from chalicelib.domain.workspace import Retention

if TYPE_CHECKING:
    from chalicelib.domain.audit import Actor, Facts
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.rights import Right, Scopes
    from chalicelib.domain.sender import Revision
    from chalicelib.usecases.ports import AuditFallback, AuditLog, Clock, Directory, Ids

# A changed retention holds for new records after so long, in every process.
RETENTION_REMEMBERED: Final = timedelta(seconds=60)
# While the audit table is away nobody waits for it again so soon.
AWAY: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for something in a workspace, what they may do there, and where from.

    `user` is whose things are that they make. For an API key that is the person who holds it; as
    actor it stands by itself.
    """

    workspace: str
    user: str
    scopes: Scopes
    actor: Actor
    # Whether this workspace lets authors decide on their own; read along with the rights.
    self_approval: bool = False

    def must(self, right: Right, *, author: str | None = None) -> None:
        check(self.scopes, self.user, right, author=author)

    def may(self, right: Right) -> bool:
        return self.scopes.get(right, Scope.NONE) is not Scope.NONE


class Retentions:
    """How long a workspace keeps its audit records; remembered, for every record needs it. While
    the database is away it stays what it was: that keeps nobody from noting what happens.
    """

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._known: dict[str, tuple[datetime, timedelta]] = {}

    def of(self, workspace: str) -> timedelta:
        now = self._clock.now()
        read_at, known = self._known.get(workspace, (None, timedelta(0)))
        if read_at is not None and now - read_at < RETENTION_REMEMBERED:
            return known
        try:
            kept = self._directory.workspace(workspace).retention.audit
        except NotFound:  # its own first record
            return Retention().audit
        except Unavailable:
            kept = Retention().audit if read_at is None else known
        self._known[workspace] = (now, kept)
        return kept


@dataclass(frozen=True, slots=True)
class Auditor:
    clock: Clock
    ids: Ids
    retentions: Retentions

    def record(
        self,
        workspace: str,
        actor: Actor,
        action: str,
        target: str,
        *,
        author: str = "",
        before: Facts | None = None,
        after: Facts | None = None,
    ) -> AuditRecord:
        now = self.clock.now()
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return AuditRecord(
            id=self.ids.new("aud"),
            workspace=workspace,
            at=at,
            expires_at=at + self.retentions.of(workspace),
            actor=replace(actor, agent=actor.agent[:AGENT_MAX]),
            action=action,
            object=target,
            author=author,
            before=before or {},
            after=after or {},
        )

    def of_campaign(
        self, actor: Actor, action: str, before: Campaign | None, after: Campaign
    ) -> AuditRecord:
        """What stands in it is kept where that changes, and where it is handed in."""
        handed_in = after.submitted_at and (before is None or before.submitted_at is None)
        written = before is None or before.content != after.content or handed_in
        told = written_facts if written else facts
        return self.record(
            after.workspace,
            actor,
            action,
            after.id,
            author=after.author,
            before=told(before) if before else None,
            after=told(after),
        )

    def of_revision(
        self, actor: Actor, action: str, before: Revision | None, after: Revision
    ) -> AuditRecord:
        return self.record(
            after.workspace,
            actor,
            action,
            after.sender,
            author=after.author,
            before=revision_facts(before) if before else None,
            after=revision_facts(after),
        )


@dataclass(slots=True)
class Recorder:
    """For records with no transaction to ride on: signing in, reads of full numbers, visits."""

    log: AuditLog
    fallback: AuditFallback
    clock: Clock
    _away_until: datetime | None = field(default=None, init=False)

    def write(self, record: AuditRecord) -> None:
        """What a super admin does is privileged, by whatever way; the rest is noted."""
        if record.actor.role == Role.SUPER_ADMIN:
            self.must(record)
        else:
            self.note(record)

    def note(self, record: AuditRecord) -> None:
        """Never fails the request: what the table does not take waits in the fallback store."""
        if not self._is_away():
            try:
                self.log.append(record)
            except Unavailable:
                self._away_until = self.clock.now() + AWAY
            else:
                return
        self.fallback.keep(record)

    def must(self, record: AuditRecord) -> None:
        """For privileged actions: what cannot be recorded does not happen (`Unavailable`)."""
        self.log.append(record)

    def _is_away(self) -> bool:
        return self._away_until is not None and self.clock.now() < self._away_until
