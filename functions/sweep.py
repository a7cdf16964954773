"""The sweep: once a minute, over whatever is open. One campaign's trouble does not keep the others
waiting.
"""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap
from chalicelib.telemetry import logger


class SweepFailed(RuntimeError):
    """Something could not be tended; the log says what. The next sweep tries again."""


def handler(_event: dict[str, Any], _context: object) -> None:
    sweep = bootstrap.sweep()
    failed = 0
    for marker in sweep.markers():
        try:
            sweep.tend(marker)
        except Exception:  # noqa: BLE001 - the edge of the process, which reports
            failed += 1
            logger("sweep").exception("sweep failed", extra={"campaign": marker.campaign})
    sweep.retry_receipts()
    if failed:
        raise SweepFailed(f"{failed} campaigns could not be tended")
