"""Audit records (SPEC 8.2): who did what to what, when and from where. Written with the change,
never alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

Facts = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. Machines act as `system:<function>` and have no address."""

    user: str
    role: str
    address: str = ""
    agent: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    id: str
    workspace: str
    at: datetime
    actor: Actor
    action: str
    object: str
    before: Facts = field(default_factory=dict)
    after: Facts = field(default_factory=dict)


def system(function: str) -> Actor:
    return Actor(user=f"system:{function}", role="system")
