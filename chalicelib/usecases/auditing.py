"""How use cases word their audit records (SPEC 8.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit import AuditRecord
from chalicelib.domain.campaign import facts
from chalicelib.domain.workspace import check

if TYPE_CHECKING:
    from chalicelib.domain.audit import Actor, Facts
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.workspace import Member, Right
    from chalicelib.usecases.ports import Clock, Ids


@dataclass(frozen=True, slots=True)
class Caller:
    """A member who asks for something in a workspace, and where the request came from."""

    member: Member
    actor: Actor

    @property
    def workspace(self) -> str:
        return self.member.workspace

    @property
    def user(self) -> str:
        return self.member.user

    def must(self, right: Right, *, author: str | None = None) -> None:
        check(self.member, right, author=author)


@dataclass(frozen=True, slots=True)
class Auditor:
    clock: Clock
    ids: Ids

    def record(
        self,
        workspace: str,
        actor: Actor,
        action: str,
        target: str,
        *,
        before: Facts | None = None,
        after: Facts | None = None,
    ) -> AuditRecord:
        return AuditRecord(
            id=self.ids.new("aud"),
            workspace=workspace,
            at=self.clock.now(),
            actor=actor,
            action=action,
            object=target,
            before=before or {},
            after=after or {},
        )

    def of_campaign(
        self, actor: Actor, action: str, before: Campaign | None, after: Campaign
    ) -> AuditRecord:
        return self.record(
            after.workspace,
            actor,
            action,
            after.id,
            before=facts(before) if before else None,
            after=facts(after),
        )
