"""State machine task: open a window; the execution waits until its token is called (DESIGN 4.4)."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap


def handler(event: dict[str, Any], _context: object) -> None:
    driver = bootstrap.driver()
    try:
        driver.open(event["workspace"], event["campaign"], int(event["window"]), event["token"])
    except Exception as error:
        # ministack does not notice that a function which holds a token has failed, and would wait a
        # day for the callback; AWS notices either way.
        driver.executions.fail(event["token"], type(error).__name__)
        raise
