"""State machine task: everything was sent, receipts are awaited from here on (SPEC 4.4)."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap


def handler(event: dict[str, Any], _context: object) -> None:
    bootstrap.driver().finish(event["workspace"], event["campaign"])
