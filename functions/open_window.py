"""State machine task: open a window; the execution waits until its token is called (DESIGN 4.4)."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap


def handler(event: dict[str, Any], _context: object) -> None:
    bootstrap.driver().open(
        event["workspace"], event["campaign"], int(event["window"]), event["token"]
    )
