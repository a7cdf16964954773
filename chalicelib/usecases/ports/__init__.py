"""What the use cases need from the world, as Protocols. Adapters fulfil them, fakes stand in for
them: every fake and its real adapter pass one suite (tests/contracts).
"""

from chalicelib.usecases.ports.audit import AuditFallback, AuditLog, AuditQuery, Checkpoints
from chalicelib.usecases.ports.campaigns import Campaigns, Queue
from chalicelib.usecases.ports.delivery import Delivery
from chalicelib.usecases.ports.directory import Directory
from chalicelib.usecases.ports.records import (
    PAGE,
    Changes,
    Listing,
    Page,
    R,
    T,
    Versioned,
    every,
    next_version,
)
from chalicelib.usecases.ports.services import (
    Blobs,
    Clock,
    DataKeys,
    Downloads,
    Errands,
    Executions,
    Ids,
    Ingests,
    Mail,
    Passwords,
    Secrets,
    Surveys,
    Uploads,
)
from chalicelib.usecases.ports.suppressions import Suppressions

__all__ = [
    "PAGE",
    "AuditFallback",
    "AuditLog",
    "AuditQuery",
    "Blobs",
    "Campaigns",
    "Changes",
    "Checkpoints",
    "Clock",
    "DataKeys",
    "Delivery",
    "Directory",
    "Downloads",
    "Errands",
    "Executions",
    "Ids",
    "Ingests",
    "Listing",
    "Mail",
    "Page",
    "Passwords",
    "Queue",
    "R",
    "Secrets",
    "Suppressions",
    "Surveys",
    "T",
    "Uploads",
    "Versioned",
    "every",
    "next_version",
]
