"""The sweep: once a minute, over whatever is open. The trouble of one campaign, of one list, or of
the audit log of one workspace, does not keep the others waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib import bootstrap
from chalicelib.telemetry import logger
from chalicelib.usecases.sealing import Tampered

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.erasing import Eraser
    from chalicelib.usecases.list_keeping import ListSweep
    from chalicelib.usecases.sweeping import AuditSweep, Sweep
    from chalicelib.usecases.tending_uploads import UploadSweep

T = TypeVar("T")


class SweepFailed(RuntimeError):
    """Something could not be tended; the log says what. The next sweep tries again."""


def handler(_event: dict[str, Any], _context: object) -> None:
    attempts = _Attempts()
    _tend_campaigns(attempts, bootstrap.sweep())
    _tend_uploads(attempts, bootstrap.upload_sweep())
    _tend_logs(attempts, bootstrap.audit_sweep())
    _tend_lists(attempts, bootstrap.list_sweep())
    _erase(attempts, bootstrap.eraser())
    if attempts.failed:
        names = ", ".join(attempts.failed)
        raise SweepFailed(
            f"{len(attempts.failed)} campaigns or other work could not be tended: {names}"
        )


def _tend_campaigns(attempts: _Attempts, sweep: Sweep) -> None:
    for marker in attempts.made("list of campaigns", sweep.markers) or ():
        attempts.made(marker.campaign, partial(sweep.tend, marker))
    attempts.made("receipts", sweep.retry_receipts)


def _tend_uploads(attempts: _Attempts, sweep: UploadSweep) -> None:
    for marker in attempts.made("list of uploads", sweep.markers) or ():
        attempts.made(marker.list, partial(sweep.tend, marker))


def _tend_logs(attempts: _Attempts, sweep: AuditSweep) -> None:
    touched = attempts.made("fallback store", sweep.flush) or {}
    for visit in attempts.made("list of workspaces", partial(sweep.visits, touched)) or ():
        attempts.made(f"audit log of {visit.workspace}", partial(sweep.tend, visit))


def _tend_lists(attempts: _Attempts, sweep: ListSweep) -> None:
    for workspace in attempts.made("list of workspaces with lists", sweep.share) or ():
        attempts.made(f"lists of {workspace.id}", partial(sweep.look_through, workspace))
    for removal in sweep.in_time(attempts.made("list of removals", sweep.removals) or ()):
        attempts.made(f"removal of {removal.list}", partial(sweep.remove, removal))


def _erase(attempts: _Attempts, eraser: Eraser) -> None:
    for workspace in attempts.made("list of erasures", eraser.share) or ():
        attempts.made(f"erasures of {workspace}", partial(eraser.tend, workspace))


@dataclass(slots=True)
class _Attempts:
    failed: list[str] = field(default_factory=list)

    def made(self, name: str, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except Tampered as error:
            facts = {"workspace": error.workspace, "seal": error.seal}
            logger("sweep").error("[audit-tampered]", extra=facts)
        except Exception:  # noqa: BLE001 - the edge of the process, which reports
            logger("sweep").exception("sweep failed", extra={"what": name})
        self.failed.append(name)
        return None
