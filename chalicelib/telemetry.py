"""Structured logs of the functions (SPEC 8.3), by Powertools; made on first use.

Events are never logged: they hold phone numbers and credentials. The bridge logs by itself.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


@cache
def logger(service: str) -> Logger:
    from aws_lambda_powertools import Logger  # noqa: PLC0415 - packaging imports us without it

    return Logger(service=service, use_rfc3339=True, utc=True)
