"""State machine task: build campaign (DESIGN 4.4)."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap


def handler(event: dict[str, Any], _context: object) -> dict[str, str | int]:
    return bootstrap.driver().build(event["workspace"], event["campaign"]).document()
