"""The bridge's process: settings, signals, logs as JSON lines; it ends in order, with status 0."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from chalicelib import bootstrap
from chalicelib.settings import SettingError
from smpp_bridge.shell import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.bootstrap import Bridge

BAD_SETTINGS: Final = 2
_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One object a line; what a caller passes as `extra` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        facts = {name: value for name, value in vars(record).items() if name not in _PLAIN}
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **facts,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def set_up_logs() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # The SDK says every retry and credential source; failures reach us as exceptions.
    for name in ("boto3", "botocore", "urllib3", "pynamodb"):
        logging.getLogger(name).setLevel(logging.WARNING)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Prefer uvloop, a third faster (REFERENCE); it runs on POSIX alone."""
    try:
        import uvloop  # noqa: PLC0415 - it may be missing
    except ImportError:
        return None
    return uvloop.new_event_loop


async def serve(parts: Bridge) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    await run(parts, stopping)


def main() -> int:
    set_up_logs()
    try:
        parts = bootstrap.bridge()
    except SettingError as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 - the message says it all
        return BAD_SETTINGS
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(parts))
    return 0
